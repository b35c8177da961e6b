"""The code inside examples/mdlc/MDLC-CFn.yaml, run here as it stands in the template, without a server.

Predictions come from Python's own XGBoost, so what is decided here is decided by real models of real flights.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import math
import sys
from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy
import pytest
import xgboost

from tests.example.fake_aws import FakeAWS
from tests.example.template import EXAMPLE, definition, inline_code, load

TEMPLATE = load(EXAMPLE / "MDLC-CFn.yaml")
ENVIRONMENT = {"FAMILY": "air", "DATA_BUCKET": "data", "MODEL_BUCKET": "made", "MODEL_TABLE": "air-models"}
Handler = Callable[[dict[str, Any]], dict[str, Any]]


def days_of_flights() -> dict[str, str]:
    """Every day of 2013 as the object that holds it."""
    header, *lines = gzip.decompress((EXAMPLE / "data" / "flights.csv.gz").read_bytes()).decode().splitlines()
    days: dict[str, list[str]] = {}
    for line in lines:
        days.setdefault(line[:10], [header]).append(line)
    return {day: "\n".join(rows) + "\n" for day, rows in days.items()}


@pytest.fixture(scope="module")
def year() -> dict[str, str]:
    return days_of_flights()


@pytest.fixture
def aws(year: dict[str, str]) -> FakeAWS:
    made = FakeAWS()
    for day, text in year.items():
        made.s3.put_object("data", f"flights/{day}.csv", text.encode())
    return made


@pytest.fixture
def function(aws: FakeAWS, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Handler]:
    """A function of the template by its logical name, loaded as Lambda would load it."""

    def loaded(name: str) -> Handler:
        for key, value in ENVIRONMENT.items():
            monkeypatch.setenv(key, value)
        monkeypatch.setitem(sys.modules, "boto3", SimpleNamespace(client=aws.client))
        module = ModuleType(name)
        exec(compile(inline_code(TEMPLATE, name), name, "exec"), module.__dict__)
        return lambda event: json.loads(json.dumps(module.handler(json.loads(json.dumps(event)), None)))

    return loaded


def request_of(machine: str, given: dict[str, Any], run: str = "1", **changed: Any) -> dict[str, Any]:
    """What the machine's Initialize sends, paths replaced by values."""
    payload = definition(TEMPLATE, machine)["States"]["Initialize"]["Parameters"]["Payload"]
    execution = {"Id": f"arn:aws:states:::execution:{machine}:{run}", "StartTime": f"2026-11-25T00:21:0{run}.123Z"}
    payload = {name: value for name, value in payload.items() if not name.endswith(".$")}
    return {**payload, "Input": given, "Execution": execution, **changed}


def rows_of(aws: FakeAWS, uri: str) -> list[list[float]]:
    prefix = uri.removeprefix("s3://made/")
    text = b"".join(body for (_, key), body in sorted(aws.s3.objects.items()) if key.startswith(prefix)).decode()
    return [[float(value) for value in row] for row in csv.reader(io.StringIO(text))]


def train(aws: FakeAWS, training: dict[str, Any]) -> xgboost.Booster:
    """What the training job does with what Initialize prepared."""

    def matrix(uri: str) -> xgboost.DMatrix:
        table = numpy.array(rows_of(aws, uri))
        return xgboost.DMatrix(table[:, 1:], table[:, 0])

    parameters = dict(training["HyperParameters"])
    parameters["nthread"] = "1"
    rounds, patience = int(parameters.pop("num_round")), int(parameters.pop("early_stopping_rounds"))
    evaluated = [(matrix(training["Train"]), "train"), (matrix(training["Validation"]), "validation")]
    best = xgboost.callback.EarlyStopping(patience, data_name="validation", save_best=True)
    return xgboost.train(
        parameters, evaluated[0][0], rounds, evals=evaluated, callbacks=[best], verbose_eval=False
    )


def transform(aws: FakeAWS, model: xgboost.Booster, evaluation: dict[str, Any]) -> None:
    """What the transform job does: an .out for each object of the input."""
    prefix = evaluation["Input"].removeprefix("s3://made/")
    for bucket, key in [name for name in aws.s3.objects if name[1].startswith(prefix)]:
        table = numpy.array([row.split(",") for row in aws.s3.objects[bucket, key].decode().split()], float)
        answer = "\n".join(str(value) for value in model.predict(xgboost.DMatrix(table))) + "\n"
        path = evaluation["Prediction"].removeprefix("s3://made/")
        aws.s3.put_object("made", f"{path}/{key.removeprefix(prefix)}.out", answer.encode())


def register(aws: FakeAWS, training: dict[str, Any], run: str, status: str = "Registered") -> None:
    aws.dynamodb.put(
        MODEL_FAMILY={"S": "air"}, RUN={"S": run}, SAGEMAKER_MODEL_NAME={"S": training["Name"]}, STATUS={"S": status},
        GENERATION={"N": str(training["Generation"])}, DATA_FROM={"S": training["From"]}, DATA_TO={"S": training["To"]},
    )  # fmt: skip


def judged(function: Callable[[str], Handler], aws: FakeAWS, model: xgboost.Booster, given: dict[str, Any], run: str):
    """One evaluation from Initialize to Monitor Model Performance: the found model, and the monitoring output."""
    evaluation = function("InitializeFunction")(request_of("EvaluationMachine", given, run))
    found = function("FindModelFunction")({"Input": given, "Evaluation": evaluation, "Days": 61})
    transform(aws, model, evaluation)
    return evaluation, found, function("MonitorFunction")({"Evaluation": evaluation, "Model": found})


FIRST = {"From": "2013-01-01", "To": "2013-02-21"}
FEBRUARY = {"From": "2013-02-21", "To": "2013-03-01"}
JULY = {"From": "2013-07-01", "To": "2013-08-01"}


def test_the_model_of_winter_is_good_in_february_and_wanting_in_july_and_a_new_one_is_good_there(function, aws):
    threshold = float(TEMPLATE["Parameters"]["Threshold"]["Default"])
    initialize = function("InitializeFunction")
    first = initialize(request_of("TrainingMachine", FIRST, "1"))
    model = train(aws, first)
    register(aws, first, "1")
    assert first["Generation"] == 1
    _, _, february = judged(function, aws, model, FEBRUARY, "2")
    _, found, july = judged(function, aws, model, JULY, "3")
    assert found["Generation"] == 1
    second = initialize(request_of("TrainingMachine", found["Retrain"], "4"))
    assert (second["Generation"], second["From"], second["To"]) == (2, "2013-05-01", "2013-07-01")
    register(aws, second, "4")
    _, found, again = judged(function, aws, train(aws, second), JULY, "5")
    assert found["Generation"] == 2
    margin = 1.5  # minutes: the story does not hang on a rounding
    assert february["ModelPerformance"]["rmse"] < threshold - margin
    assert july["ModelPerformance"]["rmse"] > threshold + margin
    assert again["ModelPerformance"]["rmse"] < threshold - margin


def test_monitoring_output_says_what_was_predicted_and_what_came_true_and_stands_in_three_places(function, aws):
    first = function("InitializeFunction")(request_of("TrainingMachine", FIRST))
    register(aws, first, "1")
    evaluation, _, output = judged(function, aws, train(aws, first), FEBRUARY, "2")
    target = numpy.array(rows_of(aws, evaluation["Target"]))[:, 0]
    prediction = numpy.array(rows_of(aws, evaluation["Prediction"]))[:, 0]
    error = prediction - target
    assert output["RowCount"] == len(target) == evaluation["RowCount"]
    assert output["ModelPerformance"] == pytest.approx({
        "rmse": math.sqrt((error**2).mean()),
        "mse": (error**2).mean(),
        "mae": abs(error).mean(),
        "r2": 1 - (error**2).sum() / ((target - target.mean()) ** 2).sum(),
    })  # fmt: skip
    for name, values in (("Prediction", prediction), ("Target", target)):
        assert output[name] == pytest.approx({
            "Count": len(values), "Mean": values.mean(), "StandardDeviation": values.std(), "Min": values.min(),
            "Max": values.max(),
        })  # fmt: skip
    bucket, key = evaluation["Output"].removeprefix("s3://").split("/", 1)
    assert json.loads(aws.s3.objects[bucket, key]) == output
    item = aws.dynamodb.items["air", "1"]
    assert float(item["MONITORING_OUTPUT"]["M"]["ModelPerformance"]["M"]["rmse"]["N"]) == pytest.approx(
        output["ModelPerformance"]["rmse"]
    )
    assert (item["MONITORED_FROM"], item["MONITORED_TO"]) == ({"S": "2013-02-21"}, {"S": "2013-03-01"})


def test_a_training_period_is_cut_in_time_and_nothing_validated_is_older_than_what_is_trained(function, aws, year):
    made = function("InitializeFunction")(request_of("TrainingMachine", FIRST))
    flights = {day: text.count("\n") - 1 for day, text in year.items()}
    trained = sum(n for day, n in flights.items() if "2013-01-01" <= day < "2013-02-14")
    validated = sum(n for day, n in flights.items() if "2013-02-14" <= day < "2013-02-21")
    assert len(rows_of(aws, made["Train"])) == trained and len(rows_of(aws, made["Validation"])) == validated
    assert made["RowCount"] == trained + validated


def test_a_period_that_is_not_given_is_the_newest(function):
    initialize = function("InitializeFunction")
    training = initialize(request_of("TrainingMachine", {}))
    assert (training["From"], training["To"]) == ("2013-11-01", "2014-01-01")
    evaluation = initialize(request_of("EvaluationMachine", {}))
    assert (evaluation["From"], evaluation["To"]) == ("2013-12-25", "2014-01-01")


def test_what_is_said_of_the_data_is_what_there_was_of_it(function):
    made = function("InitializeFunction")(request_of("TrainingMachine", {"From": "2012-06-01", "To": "2013-02-01"}))
    assert (made["From"], made["To"]) == ("2013-01-01", "2013-02-01")


def test_names_hang_on_the_execution_alone(function):
    initialize = function("InitializeFunction")
    names = [initialize(request_of("EvaluationMachine", FEBRUARY, run))["Name"] for run in ("1", "1", "2")]
    assert names[0] == names[1] != names[2]
    assert names[0].startswith("air-20261125002101-")


def test_hyperparameters_come_from_the_template_and_are_overridden_by_the_input(function):
    given = {**FIRST, "HyperParameters": {"max_depth": 3, "gamma": 1}}
    made = function("InitializeFunction")(request_of("TrainingMachine", given))["HyperParameters"]
    assert (made["max_depth"], made["gamma"], made["num_round"], made["eta"]) == ("3", "1", "100", "0.15")


@pytest.mark.parametrize(
    ("machine", "given", "error"),
    [
        ("TrainingMachine", {"From": "2014-01-01", "To": "2014-02-01"}, "MissingData"),
        ("TrainingMachine", {"From": "2013-02-01", "To": "2013-02-01"}, "MissingData"),
        ("TrainingMachine", {"From": "2013-02-01", "To": "2013-02-05"}, "MissingData"),
        ("EvaluationMachine", {"From": "2014-01-01", "To": "2014-02-01"}, "MissingData"),
        ("EvaluationMachine", {"From": "yesterday"}, "ValueError"),
    ],
)
def test_what_cannot_be_prepared_is_refused(function, machine, given, error):
    with pytest.raises(Exception) as raised:
        function("InitializeFunction")(request_of(machine, given))
    assert type(raised.value).__name__ == error


def model_item(aws: FakeAWS, generation: int, status: str, data_to: str = "2013-02-21") -> None:
    name = f"air-{generation}"
    made = {"Name": name, "Generation": generation, "From": "2013-01-01", "To": data_to}
    register(aws, made, run=str(generation), status=status)


def test_the_newest_registered_model_is_found_behind_many_that_are_not(function, aws):
    model_item(aws, 1, "Registered")
    model_item(aws, 2, "Registered")
    for generation in range(3, 9):
        model_item(aws, generation, "Withdrawn")
    found = function("FindModelFunction")({"Input": {}, "Evaluation": JULY, "Days": 61})
    assert found["Generation"] == 2


def test_no_registered_model_is_an_error_that_says_so(function, aws):
    model_item(aws, 1, "Withdrawn")
    with pytest.raises(Exception, match="no registered model of the family air") as raised:
        function("FindModelFunction")({"Input": {}, "Evaluation": JULY, "Days": 61})
    assert type(raised.value).__name__ == "NoRegisteredModel"


@pytest.mark.parametrize(("data_to", "is_refused"), [("2013-06-30", False), ("2013-07-01", False), ("2013-07-02", True)])
def test_a_model_is_not_judged_on_a_day_it_was_trained_on(function, aws, data_to, is_refused):
    model_item(aws, 1, "Registered", data_to)
    find = function("FindModelFunction")
    if not is_refused:
        assert find({"Input": {}, "Evaluation": JULY, "Days": 61})["To"] == data_to
        return
    with pytest.raises(Exception) as raised:
        find({"Input": {}, "Evaluation": JULY, "Days": 61})
    assert type(raised.value).__name__ == "ModelKnowsThePeriod"


@pytest.mark.parametrize(
    ("data_to", "given", "retrain"),
    [
        ("2013-02-21", {}, {"From": "2013-05-01", "To": "2013-07-01"}),
        ("2013-07-01", {}, {"From": "2013-06-01", "To": "2013-08-01"}),
        ("2013-02-21", {"Retrain": {"From": "2013-04-15", "To": "2013-06-16"}}, {"From": "2013-04-15", "To": "2013-06-16"}),
    ],
)
def test_a_new_model_is_trained_on_data_that_the_old_one_has_not_seen(function, aws, data_to, given, retrain):
    model_item(aws, 1, "Registered", data_to)
    assert function("FindModelFunction")({"Input": given, "Evaluation": JULY, "Days": 61})["Retrain"] == retrain


@pytest.mark.parametrize("answer", [None, b"", b"1.0\n2.0\n"])
def test_predictions_that_are_missing_are_an_error(function, aws, answer):
    run = {"Target": "s3://made/e/target/", "Prediction": "s3://made/e/prediction", "Output": "s3://made/e/o.json", **JULY}
    aws.s3.put_object("made", "e/target/2013-07-01.csv", b"1\n2\n3\n")
    if answer is not None:
        aws.s3.put_object("made", "e/prediction/2013-07-01.csv.out", answer)
    with pytest.raises(Exception) as raised:
        function("MonitorFunction")({"Evaluation": run, "Model": {"Key": {}}})
    assert type(raised.value).__name__ == "PredictionsIncomplete"
