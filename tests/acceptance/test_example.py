"""The example, deployed and run as its reader would: what it promises, checked against what stands in S3 and the table.

The loop over the year runs once, as the script that `./dev demo` shows; the tests read what it left behind. A second,
small stack beside it shows what happens when there is nothing to judge, and the other direction of a threshold.
"""

from __future__ import annotations

import csv
import gzip
import itertools
import json
import math
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import numpy
import pytest
import xgboost
from boto3.dynamodb.conditions import Key

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "mdlc"
TEMPLATE = EXAMPLE / "MDLC-CFn.yaml"
POLL_S = 0.1
TRAINED = ["Initialize", "Train Model", "Create Model", "Register Model"]
JUDGED = ["Initialize", "Find Model", "Inference", "Monitor Model Performance", "Is Retraining Needed?"]


@dataclass
class Stack:
    """A deployed stack: its outputs, and the executions of its machines."""

    name: str
    template: Path = TEMPLATE

    def deploy(self, **parameters: str) -> "Stack":
        """Makes the stack, or changes those parameters and leaves the others as they are."""
        client = boto3.client("cloudformation")
        request: dict[str, Any] = {
            "StackName": self.name,
            "TemplateBody": self.template.read_text(),
            "Capabilities": ["CAPABILITY_IAM"],
            "Parameters": [{"ParameterKey": k, "ParameterValue": v} for k, v in parameters.items()],
        }
        try:
            old = client.describe_stacks(StackName=self.name)["Stacks"][0]["Parameters"]
        except client.exceptions.ClientError:
            client.create_stack(**request)
            waiter = client.get_waiter("stack_create_complete")
        else:
            kept = [p["ParameterKey"] for p in old if p["ParameterKey"] not in parameters]
            request["Parameters"] += [{"ParameterKey": k, "UsePreviousValue": True} for k in kept]
            client.update_stack(**request)
            waiter = client.get_waiter("stack_update_complete")
        waiter.wait(StackName=self.name, WaiterConfig={"Delay": POLL_S, "MaxAttempts": 1200})
        return self

    @property
    def outputs(self) -> dict[str, str]:
        stack = boto3.client("cloudformation").describe_stacks(StackName=self.name)["Stacks"][0]
        return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}

    def train(self, **given: Any) -> dict[str, Any]:
        return execute(self.outputs["TrainingMachineArn"], given)

    def judge(self, **given: Any) -> dict[str, Any]:
        return execute(self.outputs["EvaluationMachineArn"], given)

    def models(self) -> list[dict[str, Any]]:
        return self._items(self.outputs["Family"])

    def failures(self) -> dict[str, dict[str, Any]]:
        return {item["EXECUTION"]: item for item in self._items(self.outputs["Family"] + "/failed")}

    def _items(self, family: str) -> list[dict[str, Any]]:
        table = boto3.resource("dynamodb").Table(self.outputs["ModelTableName"])
        return table.query(KeyConditionExpression=Key("MODEL_FAMILY").eq(family), ConsistentRead=True)["Items"]


def execute(machine: str, given: dict[str, Any]) -> dict[str, Any]:
    """Runs an execution to its end and describes it, its output parsed."""
    states = boto3.client("stepfunctions")
    started = states.start_execution(stateMachineArn=machine, name=f"test-{uuid.uuid4().hex}", input=json.dumps(given))
    while True:
        told = states.describe_execution(executionArn=started["executionArn"])
        if told["status"] != "RUNNING":
            return told | {"output": json.loads(told.get("output") or "null")}
        time.sleep(POLL_S)


def entered(arn: str) -> list[str]:
    pages = boto3.client("stepfunctions").get_paginator("get_execution_history").paginate(executionArn=arn)
    events = (event for page in pages for event in page["events"])
    return [event["stateEnteredEventDetails"]["name"] for event in events if "stateEnteredEventDetails" in event]


def objects(uri: str) -> dict[str, bytes]:
    """Every object under an S3 URI by what follows it in its key."""
    bucket, prefix = uri.removeprefix("s3://").split("/", 1)
    pages = boto3.client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    keys = [item["Key"] for page in pages for item in page.get("Contents", [])]
    client = boto3.client("s3")
    return {key.removeprefix(prefix): client.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys}


def table_of(body: bytes) -> numpy.ndarray:
    return numpy.array(list(csv.reader(body.decode().splitlines())), float)


@pytest.fixture(scope="module")
def flights() -> dict[str, list[str]]:
    """Each day of the data in the tree with its rows, the head first."""
    header, *lines = gzip.decompress((EXAMPLE / "data" / "flights.csv.gz").read_bytes()).decode().splitlines()
    return {day: [header, *rows] for day, rows in itertools.groupby(lines, key=lambda line: line[:10])}


@dataclass
class Story:
    """The loop over the year, as the script told it."""

    stack: Stack
    report: dict[str, Any]
    printed: str

    @property
    def runs(self) -> list[dict[str, Any]]:
        return self.report["Runs"]

    @property
    def judgements(self) -> list[dict[str, Any]]:
        return [run["output"] for run in self.runs if "Evaluation" in run["output"]]


@pytest.fixture(scope="module")
def story(server: Any, tmp_path_factory: pytest.TempPathFactory) -> Story:
    report = tmp_path_factory.mktemp("example") / "report.json"
    command = [sys.executable, str(EXAMPLE / "loop.py"), "--stack-name", "story", "--deploy", str(TEMPLATE)]
    command += ["--parameter", "NamePrefix=story", "--json", str(report)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return Story(Stack("story"), json.loads(report.read_text()), done.stdout)


# --- the story of the year


def test_a_model_is_found_good_then_wanting_and_the_next_one_good(story):
    told = [(j["name"], j["generation"], j["retrained"]) for j in story.report["Judgements"]]
    assert told == [
        ("The last week of February", 1, False),
        ("July", 1, True),
        ("July", 2, False),
        ("December", 2, True),
        ("December", 3, False),
    ]


def test_states_are_entered_in_the_order_of_the_flows(story):
    for run in story.runs:
        if "Training" in run["output"]:
            expected = TRAINED
        else:
            expected = [*JUDGED, "Re-train" if run["output"]["Decision"]["Retrained"] else "Finalize"]
        assert entered(run["arn"]) == expected
        assert [step["name"] for step in run["steps"]] == expected


def test_retraining_is_an_execution_of_the_training_flow(story):
    for judgement in story.judgements:
        if judgement["Decision"]["Retrained"]:
            assert entered(judgement["Decision"]["Execution"]) == TRAINED


def test_a_model_is_judged_only_on_days_later_than_all_it_was_trained_on(story, flights):
    models = {model["SAGEMAKER_MODEL_NAME"]: model for model in story.stack.models()}
    for judgement in story.judgements:
        model, evaluation = models[judgement["Model"]["Name"]], judgement["Evaluation"]
        judged = [day for day in flights if evaluation["From"] <= day < evaluation["To"]]
        targets = b"".join(body for _, body in sorted(objects(evaluation["Target"]).items())).decode().split()
        assert targets == [row.split(",")[-1] for day in judged for row in flights[day][1:]]
        # What the item says of its data is so: the flights of those days, all of them and no others.
        trained = [row for name in ("TRAIN", "VALIDATION") for body in objects(model["DATA"][name]).values()
                   for row in body.decode().splitlines()]  # fmt: skip
        days = [day for day in flights if model["DATA_FROM"] <= day < model["DATA_TO"]]
        times = sorted(row.split(",")[0] for row in trained)
        assert times == sorted(row.split(",")[-1] for day in days for row in flights[day][1:])
        assert max(days) < min(judged)


def test_a_new_model_is_trained_on_newer_data(story):
    periods = [(model["DATA_FROM"], model["DATA_TO"]) for model in story.stack.models()]
    assert periods == sorted(periods) and len({end for _, end in periods}) == len(periods)


def test_monitoring_output_is_what_predictions_and_targets_say(story):
    for judgement in story.judgements:
        evaluation, output = judgement["Evaluation"], judgement["MonitoringOutput"]
        targets, predictions = objects(evaluation["Target"]), objects(evaluation["Prediction"] + "/")
        assert len(targets) > 1 and set(predictions) == {f"{name}.out" for name in targets}
        y = numpy.concatenate([table_of(targets[name])[:, 0] for name in targets])
        p = numpy.concatenate([table_of(predictions[f"{name}.out"])[:, 0] for name in targets])
        assert output["RowCount"] == len(y) == len(p)
        error = p - y
        assert output["ModelPerformance"] == pytest.approx({
            "rmse": math.sqrt((error**2).mean()),
            "mse": (error**2).mean(),
            "mae": abs(error).mean(),
            "r2": 1 - (error**2).sum() / ((y - y.mean()) ** 2).sum(),
        })  # fmt: skip
        for name, values in (("Prediction", p), ("Target", y)):
            assert output[name] == pytest.approx({
                "Count": len(values), "Mean": values.mean(), "StandardDeviation": values.std(),
                "Min": values.min(), "Max": values.max(),
            })  # fmt: skip


def test_monitoring_output_stands_in_s3_and_the_newest_of_a_model_on_its_item(story):
    newest = {}
    for judgement in story.judgements:
        (body,) = objects(judgement["Evaluation"]["Output"]).values()
        assert json.loads(body) == judgement["MonitoringOutput"]
        newest[judgement["Model"]["Name"]] = judgement
    for model in story.stack.models():
        judgement = newest[model["SAGEMAKER_MODEL_NAME"]]
        kept = json.loads(json.dumps(model["MONITORING_OUTPUT"], default=float))
        for name, values in judgement["MonitoringOutput"].items():
            assert kept[name] == pytest.approx(values)
        evaluation = judgement["Evaluation"]
        assert (model["MONITORED_FROM"], model["MONITORED_TO"]) == (evaluation["From"], evaluation["To"])


def test_the_decision_is_that_of_the_threshold(story):
    for judgement in story.judgements:
        evaluation, value = judgement["Evaluation"], judgement["MonitoringOutput"]["ModelPerformance"]["rmse"]
        assert (evaluation["Metric"], evaluation["Threshold"]) == ("rmse", 16)
        assert judgement["Decision"]["Retrained"] == (value > evaluation["Threshold"])


def test_a_registered_model_is_what_its_training_job_says(story):
    sagemaker = boto3.client("sagemaker")
    models = story.stack.models()
    assert [(model["GENERATION"], model["STATUS"]) for model in models] == [(n, "Registered") for n in (1, 2, 3)]
    for model in models:
        name = model["SAGEMAKER_MODEL_NAME"]
        job = sagemaker.describe_training_job(TrainingJobName=name)
        assert (job["TrainingJobStatus"], job["TrainingJobArn"]) == ("Completed", model["TRAINING_JOB"])
        assert job["ModelArtifacts"]["S3ModelArtifacts"] == model["ARTEFACT"]
        assert job["HyperParameters"] == json.loads(model["HYPERPARAMETERS"])
        metrics = {metric["MetricName"]: metric["Value"] for metric in job["FinalMetricDataList"]}
        assert float(model["TRAINING_METRIC"]["VALUE"]) == pytest.approx(metrics["validation:rmse"], abs=1e-4)
        assert list(objects(model["ARTEFACT"])) == [""]
        told = sagemaker.describe_model(ModelName=name)
        assert told["PrimaryContainer"]["ModelDataUrl"] == model["ARTEFACT"]


def test_predictions_are_those_of_pythons_xgboost(story):
    """A model of the same data and hyperparameters, trained here, predicts the same."""
    models = {model["SAGEMAKER_MODEL_NAME"]: model for model in story.stack.models()}
    for judgement in story.judgements:
        model = models[judgement["Model"]["Name"]]
        parameters = json.loads(model["HYPERPARAMETERS"])
        rounds, patience = int(parameters.pop("num_round")), int(parameters.pop("early_stopping_rounds"))
        data = {}
        for part in ("TRAIN", "VALIDATION"):
            table = numpy.concatenate([table_of(body) for body in objects(model["DATA"][part]).values()])
            data[part] = xgboost.DMatrix(table[:, 1:], table[:, 0])
        best = xgboost.callback.EarlyStopping(patience, data_name="validation", save_best=True)
        ours = xgboost.train(
            parameters, data["TRAIN"], rounds, evals=[(data["TRAIN"], "train"), (data["VALIDATION"], "validation")],
            callbacks=[best], verbose_eval=False,
        )  # fmt: skip
        evaluation = judgement["Evaluation"]
        predictions = objects(evaluation["Prediction"] + "/")
        for name, body in objects(evaluation["Input"]).items():
            expected = ours.predict(xgboost.DMatrix(table_of(body)))
            assert table_of(predictions[f"{name}.out"])[:, 0] == pytest.approx(expected, abs=1e-3)


def test_what_was_printed_tells_the_story(story):
    assert "July: rmse" in story.printed
    for judgement in story.report["Judgements"]:
        assert f"{judgement['value']:.2f}" in story.printed
    for state in (*TRAINED, *JUDGED, "Re-train", "Finalize"):
        assert f"✓ {state}" in story.printed


# --- what goes wrong


@pytest.mark.parametrize(
    ("flow", "given", "fails_in", "error", "cause"),
    [
        ("train", {"From": "2014-02-01", "To": "2014-03-01"}, "Initialize", "MissingData",
         "there are no flights from 2014-02-01 until before 2014-03-01"),
        ("train", {"From": "yesterday", "To": "tomorrow"}, "Initialize", "ValueError",
         "Invalid isoformat string: 'yesterday'"),
        ("train", {"From": "2013-01-01", "To": "2013-01-15", "HyperParameters": {"eta": "fast"}}, "Train Model",
         "States.TaskFailed", "Hyperparameter eta"),
        ("judge", {"From": "2014-02-01", "To": "2014-03-01"}, "Initialize", "MissingData",
         "there are no flights from 2014-02-01 until before 2014-03-01"),
        ("judge", {"From": "2013-11-30", "To": "2013-12-07"}, "Find Model", "ModelKnowsThePeriod",
         "it can be judged on later ones only, not from 2013-11-30"),
    ],
)  # fmt: skip
def test_an_error_is_handled_recorded_and_told_and_nothing_is_registered(story, flow, given, fails_in, error, cause):
    before = story.stack.models()
    execution = getattr(story.stack, flow)(**given)
    assert (execution["status"], execution["error"]) == ("FAILED", error)
    assert cause in execution["cause"]
    assert entered(execution["executionArn"])[-3:] == [fails_in, "Handle Error", "Fail"]
    failure = story.stack.failures()[execution["executionArn"]]
    assert (failure["STATUS"], failure["ERROR"], failure["CAUSE"]) == ("Failed", error, execution["cause"])
    assert story.stack.models() == before


def test_a_failed_training_job_and_its_log_say_the_same_as_the_execution(story):
    execution = story.stack.train(From="2013-01-01", To="2013-01-15", HyperParameters={"max_depth": "deep"})
    told = json.loads(execution["cause"])
    job = boto3.client("sagemaker").describe_training_job(TrainingJobName=told["TrainingJobName"])
    assert (job["TrainingJobStatus"], job["FailureReason"]) == ("Failed", told["FailureReason"])
    assert "Hyperparameter max_depth" in job["FailureReason"]
    events = boto3.client("logs").filter_log_events(
        logGroupName="/aws/sagemaker/TrainingJobs", logStreamNamePrefix=told["TrainingJobName"]
    )["events"]
    assert any("max_depth" in event["message"] for event in events)


def test_what_fails_while_a_model_is_trained_again_fails_the_evaluation(story):
    """December's newest model is good; a period that it does not know and no data to train on makes it fail late."""
    stack = story.stack.deploy(Threshold="1")
    try:
        execution = stack.judge(
            From="2013-12-20", To="2014-01-01", Retrain={"From": "2014-02-01", "To": "2014-03-01"}
        )  # fmt: skip
    finally:
        stack.deploy(Threshold="16")
    assert (execution["status"], execution["error"]) == ("FAILED", "States.TaskFailed")
    assert "there are no flights from 2014-02-01" in execution["cause"]
    assert entered(execution["executionArn"])[-3:] == ["Re-train", "Handle Error", "Fail"]
    # Both flows have recorded it, each under its own execution.
    assert {execution["executionArn"], json.loads(execution["cause"])["ExecutionArn"]} <= set(stack.failures())


# --- thresholds, and a second flow


@pytest.fixture(scope="module")
def small(server: Any, flights: dict[str, list[str]]) -> Iterator[Stack]:
    """A stack beside the other, which judges by r2, with the flights of January."""
    stack = Stack("small").deploy(NamePrefix="small", Metric="r2", Threshold="0.5", TrainingDays="14")
    s3, bucket = boto3.client("s3"), stack.outputs["DataBucketName"]

    def upload(day: str) -> None:
        s3.put_object(Bucket=bucket, Key=f"flights/{day}.csv", Body="\n".join(flights[day]).encode())

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(upload, [day for day in flights if day < "2013-02-01"]))
    yield stack


def test_without_a_registered_model_there_is_nothing_to_judge(small):
    execution = small.judge(From="2013-01-20", To="2013-01-27")
    assert (execution["status"], execution["error"]) == ("FAILED", "NoRegisteredModel")
    assert "table small-models has no registered model of the family small" in execution["cause"]
    assert entered(execution["executionArn"]) == ["Initialize", "Find Model", "Handle Error", "Fail"]
    assert small.failures()[execution["executionArn"]]["ERROR"] == "NoRegisteredModel"


def test_two_thresholds_on_the_same_data_lead_to_opposite_decisions(small):
    assert small.train(From="2013-01-01", To="2013-01-20")["status"] == "SUCCEEDED"
    lenient = small.judge(From="2013-01-20", To="2013-01-27")
    strict = small.deploy(Threshold="0.9999").judge(From="2013-01-20", To="2013-01-27")
    assert lenient["output"]["MonitoringOutput"] == strict["output"]["MonitoringOutput"]
    assert entered(lenient["executionArn"]) == [*JUDGED, "Finalize"]
    assert entered(strict["executionArn"]) == [*JUDGED, "Re-train"]
    # The old model knew all that came before the period, so the new one has learned the period itself.
    assert strict["output"]["Decision"]["Training"]["To"] == "2013-01-27"
    assert [model["GENERATION"] for model in small.models()] == [1, 2]


def test_the_input_may_be_empty(small):
    execution = small.train()
    assert execution["status"] == "SUCCEEDED"
    training = execution["output"]["Training"]
    assert (training["From"], training["To"]) == ("2013-01-18", "2013-02-01")


def test_parameters_and_resources_can_be_seen(story):
    cloudformation = boto3.client("cloudformation")
    stack = cloudformation.describe_stacks(StackName="story")["Stacks"][0]
    parameters = {p["ParameterKey"]: p["ParameterValue"] for p in stack["Parameters"]}
    assert (parameters["Metric"], parameters["Threshold"], parameters["Eta"]) == ("rmse", "16", "0.15")
    summary = cloudformation.get_template_summary(StackName="story")
    assert {p["ParameterKey"] for p in summary["Parameters"]} == set(parameters)
    resources = cloudformation.describe_stack_resources(StackName="story")["StackResources"]
    there = {r["LogicalResourceId"]: r["PhysicalResourceId"] for r in resources}
    assert there["ModelTable"] == "story-models"
    assert there["TrainingMachine"] == story.stack.outputs["TrainingMachineArn"]


def test_a_second_flow_over_the_same_table_judges_by_another_metric_and_another_period(story):
    flow = Stack("story-mae", EXAMPLE / "evaluation-mae.yaml").deploy(LoopStack="story", Threshold="30")
    before = story.stack.models()
    good = flow.judge()  # no input: the last 31 days that there are
    assert good["status"] == "SUCCEEDED", good
    assert entered(good["executionArn"]) == [*JUDGED, "Finalize"]
    output = good["output"]
    assert (output["Evaluation"]["From"], output["Evaluation"]["To"]) == ("2013-12-01", "2014-01-01")
    assert (output["Evaluation"]["Metric"], output["Evaluation"]["Threshold"]) == ("mae", 30)
    assert output["Model"]["Name"] == before[-1]["SAGEMAKER_MODEL_NAME"]
    wanting = flow.deploy(Threshold="0.5").judge(From="2013-12-08", To="2013-12-15")
    assert entered(wanting["executionArn"]) == [*JUDGED, "Re-train"]
    after = story.stack.models()
    assert [model["GENERATION"] for model in after] == [1, 2, 3, 4]
    assert after[-1]["DATA_TO"] == "2013-12-08"
