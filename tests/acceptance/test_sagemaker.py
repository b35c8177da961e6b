"""Training jobs, models and batch transform through boto3, and XGBoost's Python package on what they leave."""

from __future__ import annotations

import io
import json
import subprocess
import tarfile
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.support.server import BINARY, Server, wait_until
from tests.support.training import ACCOUNT, IMAGE, ROLE, Lab, channel, csv, rows, unique


@pytest.fixture(scope="module")
def lab(server: Server) -> Iterator[Lab]:
    yield Lab(server)


@pytest.fixture(scope="module")
def model(lab: Lab) -> str:
    return lab.trained_model()


def refused(call: Any, **arguments: Any) -> dict[str, Any]:
    with pytest.raises(ClientError) as failure:
        call(**arguments)
    return failure.value.response["Error"]


# --- training


def test_a_training_job_from_request_to_artefact(lab: Lab) -> None:
    name = unique("Job")
    arn = lab.train(name, Tags=[{"Key": "team", "Value": "one"}])
    assert arn == f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:training-job/{name.lower()}"
    told = lab.await_training(name)
    assert (told["TrainingJobStatus"], told["SecondaryStatus"]) == ("Completed", "Completed")
    assert told["ModelArtifacts"]["S3ModelArtifacts"] == lab.uri(f"models/{name}/output/model.tar.gz")
    passed = [t["Status"] for t in told["SecondaryStatusTransitions"]]
    assert passed[0] in ("Starting", "Pending")
    assert passed[1:] == ["Downloading", "Training", "Uploading", "Completed"]
    assert all(t["EndTime"] >= t["StartTime"] for t in told["SecondaryStatusTransitions"])
    assert told["CreationTime"] <= told["TrainingStartTime"] <= told["TrainingEndTime"] <= told["LastModifiedTime"]
    assert told["TrainingTimeInSeconds"] >= 1
    assert told["HyperParameters"]["num_round"] == "10"
    assert told["RoleArn"] == ROLE
    metrics = {m["MetricName"]: m["Value"] for m in told["FinalMetricDataList"]}
    assert metrics.keys() == {"train:rmse", "validation:rmse"}
    assert list(lab.unpacked(told["ModelArtifacts"]["S3ModelArtifacts"])) == ["xgboost-model"]
    # What the log says last is what the metrics say.
    log = lab.log("/aws/sagemaker/TrainingJobs", f"{name}/algo-1-")
    assert any("XGBoost 1.7.4" in line for line in log[:3])
    assert log[-1] == f"[9]#011train-rmse:{metrics['train:rmse']:.5f}#011validation-rmse:{metrics['validation:rmse']:.5f}"
    tags = lab.sagemaker.list_tags(ResourceArn=arn)["Tags"]
    assert tags == [{"Key": "team", "Value": "one"}]


def test_the_model_and_its_predictions_equal_the_python_packages(lab: Lab, tmp_path: Path) -> None:
    np = pytest.importorskip("numpy")
    xgb = pytest.importorskip("xgboost")
    parameters = {"max_depth": "4", "eta": "0.2", "objective": "reg:squarederror", "subsample": "0.8", "seed": "7"}
    name = unique("equal")
    lab.train(name, HyperParameters=parameters | {"num_round": "25"})
    told = lab.await_training(name)
    table = np.array(rows(300, 1) + rows(200, 2))
    own = xgb.train(parameters, xgb.DMatrix(table[:, 1:], label=table[:, 0]), 25)
    (tmp_path / "xgboost-model").write_bytes(lab.unpacked(told["ModelArtifacts"]["S3ModelArtifacts"])["xgboost-model"])
    theirs = xgb.Booster(model_file=str(tmp_path / "xgboost-model"))
    unseen = rows(500, 9)
    features = xgb.DMatrix(np.array(unseen)[:, 1:])
    np.testing.assert_allclose(theirs.predict(features), own.predict(features), rtol=1e-5, atol=1e-6)
    # And the native model server says the same as the package.
    lab.model(name, told["ModelArtifacts"]["S3ModelArtifacts"])
    lab.put(f"equal/{name}/in.csv", csv(unseen, label=False))
    lab.transform(name, name, f"equal/{name}/")
    assert lab.await_transform(name)["TransformJobStatus"] == "Completed"
    answers = [float(v) for v in lab.get(f"out/{name}/in.csv.out").split()]
    np.testing.assert_allclose(answers, own.predict(features), rtol=1e-5, atol=1e-6)


def test_libsvm_equals_the_python_package(lab: Lab, tmp_path: Path) -> None:
    np = pytest.importorskip("numpy")
    xgb = pytest.importorskip("xgboost")

    def libsvm(table: list[list[float]]) -> bytes:
        """Label first; what is below a quarter is left out, and so is missing."""
        lines = [[str(label)] + [f"{i}:{v}" for i, v in enumerate(values) if v >= 0.25] for label, *values in table]
        return "".join(" ".join(line) + "\n" for line in lines).encode()

    def theirs(table: list[list[float]], name: str) -> Any:
        (tmp_path / name).write_bytes(libsvm(table))
        return xgb.DMatrix(f"{tmp_path / name}?format=libsvm")

    parameters = {"max_depth": "4", "eta": "0.2", "objective": "reg:squarederror", "subsample": "0.8", "seed": "7"}
    name = unique("libsvm")
    lab.put(f"{name}/train/a.libsvm", libsvm(rows(300, 1)))
    lab.put(f"{name}/validation/v.libsvm", libsvm(rows(100, 3)))
    train = channel("train", lab.uri(f"{name}/train/"))
    del train["ContentType"]  # libsvm is the default
    validation = channel("validation", lab.uri(f"{name}/validation/"), "text/x-libsvm")
    lab.train(name, HyperParameters=parameters | {"num_round": "25"}, InputDataConfig=[train, validation])
    told = lab.await_training(name)
    assert told["TrainingJobStatus"] == "Completed", told
    own = xgb.train(parameters, theirs(rows(300, 1), "train"), 25)
    (tmp_path / "xgboost-model").write_bytes(lab.unpacked(told["ModelArtifacts"]["S3ModelArtifacts"])["xgboost-model"])
    kept = xgb.Booster(model_file=str(tmp_path / "xgboost-model"))
    unseen = rows(500, 9)
    expected = own.predict(theirs(unseen, "unseen"))
    np.testing.assert_allclose(kept.predict(theirs(unseen, "unseen")), expected, rtol=1e-5, atol=1e-6)
    lab.model(name, told["ModelArtifacts"]["S3ModelArtifacts"])
    lab.put(f"{name}/in/rows.libsvm", libsvm(unseen))
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": lab.uri(f"{name}/in/")}}
    lab.transform(name, name, "", TransformInput={"DataSource": source, "ContentType": "text/libsvm", "SplitType": "Line"})
    assert lab.await_transform(name)["TransformJobStatus"] == "Completed"
    answers = [float(v) for v in lab.get(f"out/{name}/rows.libsvm.out").split()]
    np.testing.assert_allclose(answers, expected, rtol=1e-5, atol=1e-6)


def test_early_stopping_keeps_the_best_rounds(lab: Lab, tmp_path: Path) -> None:
    xgb = pytest.importorskip("xgboost")
    name = unique("early")
    lab.train(name, HyperParameters={"num_round": "300", "max_depth": "8", "eta": "0.9", "early_stopping_rounds": "4"})
    told = lab.await_training(name)
    log = lab.log("/aws/sagemaker/TrainingJobs", f"{name}/algo-1-")
    values = [float(line.rsplit(":", 1)[1]) for line in log if "#011validation-rmse:" in line]
    assert len(values) < 300
    (tmp_path / "xgboost-model").write_bytes(lab.unpacked(told["ModelArtifacts"]["S3ModelArtifacts"])["xgboost-model"])
    kept = xgb.Booster(model_file=str(tmp_path / "xgboost-model"))
    assert kept.num_boosted_rounds() == len(values) - 4
    assert min(values) == values[kept.num_boosted_rounds() - 1]


def test_metric_definitions_find_their_values(lab: Lab) -> None:
    name = unique("metrics")
    algorithm = {
        "TrainingImage": IMAGE,
        "TrainingInputMode": "File",
        "MetricDefinitions": [{"Name": "rows", "Regex": "Train matrix has ([0-9]+) rows"}],
    }
    lab.train(name, AlgorithmSpecification=algorithm)
    metrics = {m["MetricName"]: m["Value"] for m in lab.await_training(name)["FinalMetricDataList"]}
    assert metrics["rows"] == 500


def test_a_manifest_names_its_objects(lab: Lab) -> None:
    name = unique("manifest")
    manifest = [{"prefix": lab.uri("data/train/")}, "part-2.csv"]
    lab.put("manifests/m.json", json.dumps(manifest).encode())
    train = channel("train", lab.uri("manifests/m.json"))
    train["DataSource"]["S3DataSource"]["S3DataType"] = "ManifestFile"
    lab.train(name, InputDataConfig=[train])
    assert lab.await_training(name)["TrainingJobStatus"] == "Completed"
    assert any("Train matrix has 200 rows" in line for line in lab.log("/aws/sagemaker/TrainingJobs", name))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"HyperParameters": {"num_round": "10", "eta": "1.5"}}, "ClientError: Hyperparameter eta: 1.5 is not in [0, 1], exit code: 2"),
        ({"HyperParameters": {"eta": "0.5"}}, "ClientError: Missing required hyperparameter: num_round, exit code: 2"),
        ({"HyperParameters": {"num_round": "1", "objective": "binary:logistic"}}, "ClientError: label must be in [0,1]"),
        ({"AlgorithmSpecification": {"TrainingImage": f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/own:1", "TrainingInputMode": "File"}},
         "ClientError: Cannot run image "),
    ],
)
def test_what_cannot_be_trained_fails_in_words(lab: Lab, changes: dict[str, Any], reason: str) -> None:
    name = unique("bad")
    lab.train(name, **changes)
    told = lab.await_training(name)
    assert (told["TrainingJobStatus"], told["SecondaryStatus"]) == ("Failed", "Failed")
    assert told["FailureReason"].startswith(reason)
    assert lab.keys(f"models/{name}") == []


@pytest.mark.parametrize("prefix", ["nothing/here/", "data/trainx"])
def test_no_data_fails_in_sagemakers_words(lab: Lab, prefix: str) -> None:
    name = unique("empty")
    lab.train(name, InputDataConfig=[channel("train", lab.uri(prefix))])
    reason = lab.await_training(name)["FailureReason"]
    assert reason.startswith(f'ClientError: No S3 objects found under S3 URL "{lab.uri(prefix)}" given in input data source.')


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"delay,carrier\n1,2\n", "Non-numeric value 'delay' found in the header line"),
        (b"1,2\n3,four\n", "File 'x.csv', line 2: 'four' is not a number"),
        (b"1,2\n\nnan,2\n", "Label contains NaN, infinity or a value too large: file 'x.csv', line 3"),
        (b"\x00\xff\xfe", r"Non-numeric value '\x00\xff\xfe' found in the header line '\x00\xff\xfe...' of file 'x.csv'"),
        (b"1,2\n3,\x00\xff\xfe\n", r"File 'x.csv', line 2: '\x00\xff\xfe' is not a number"),
    ],
)
def test_data_that_cannot_be_read_is_the_customers_to_mend(lab: Lab, content: bytes, reason: str) -> None:
    name = unique("unreadable")
    lab.put(f"bad/{name}/x.csv", content)
    lab.train(name, InputDataConfig=[channel("train", lab.uri(f"bad/{name}/"))])
    told = lab.await_training(name)
    assert told["FailureReason"].startswith(f"ClientError: {reason}")
    assert told["FailureReason"].endswith(", exit code: 2")
    assert any(reason in line for line in lab.log("/aws/sagemaker/TrainingJobs", name))


def test_a_key_with_dots_reaches_nothing(lab: Lab) -> None:
    name = unique("dots")
    lab.put(f"{name}/../../../../escaped.csv", b"1,2\n")
    lab.train(name, InputDataConfig=[channel("train", lab.uri(f"{name}/"))])
    assert "cannot be a file's name" in lab.await_training(name)["FailureReason"]
    assert not list(lab.server.folder.rglob("escaped.csv"))


def test_names_and_unknown_jobs_in_sagemakers_words(lab: Lab) -> None:
    name = unique("twice")
    arn = lab.train(name)
    again = refused(lab.train, name=name)
    assert again == {
        "Code": "ResourceInUse",
        "Message": "Training job names must be unique within an AWS account and region, and a training job with this name "
        f"already exists ({arn})",
    }
    assert refused(lab.train, name="-bad")["Code"] == "ValidationException"
    unknown = refused(lab.sagemaker.describe_training_job, TrainingJobName="unknown")
    assert unknown == {"Code": "ValidationException", "Message": "Requested resource not found."}
    lab.await_training(name)
    ended = refused(lab.sagemaker.stop_training_job, TrainingJobName=name)
    assert ended["Code"] == "ValidationException"


def check_times(list_all: Any, count: int, *fields: str) -> None:
    """Filters by time, whole seconds as boto3 sends them, around the present."""
    now = datetime.now(timezone.utc)
    for field in fields:
        for hours, after, before in ((-1, count, 0), (1, 0, count)):
            at = now + timedelta(hours=hours)
            assert len(list_all(**{f"{field}After": at})) == after
            assert len(list_all(**{f"{field}Before": at})) == before


def check_bounds(list_some: Any) -> None:
    for given in ({"MaxResults": 101}, {"SortBy": "Age"}, {"SortOrder": "Up"}, {"NextToken": "none"}):
        assert refused(list_some, **given)["Code"] == "ValidationException"


def test_training_jobs_are_filtered_sorted_and_paged(lab: Lab) -> None:
    word = unique("list")
    lab.train(f"{word}-b", HyperParameters={"num_round": "1"})
    lab.train(f"{word}-a")
    lab.train(f"{word}-c", HyperParameters={"num_round": "0"})
    for letter in "abc":
        lab.await_training(f"{word}-{letter}")

    def jobs(**given: Any) -> list[dict[str, Any]]:
        return lab.sagemaker.list_training_jobs(NameContains=word, **given)["TrainingJobSummaries"]

    def letters(**given: Any) -> str:
        return "".join(j["TrainingJobName"][-1] for j in jobs(**given))

    assert letters() == "cab"
    assert letters(SortOrder="Ascending") == "bac"
    assert letters(SortBy="Name", SortOrder="Ascending") == "abc"
    assert letters(SortBy="Status", SortOrder="Ascending") == "bac"
    assert letters(StatusEquals="Failed") == "c"
    assert letters(StatusEquals="Completed") == "ab"
    # So many are looked at, whatever their status.
    assert letters(StatusEquals="Completed", MaxResults=2) == "a"
    assert letters(WarmPoolStatusEquals="Available") == ""
    check_times(jobs, 3, "CreationTime", "LastModifiedTime")
    check_bounds(lab.sagemaker.list_training_jobs)
    pages = lab.sagemaker.get_paginator("list_training_jobs").paginate(
        NameContains=word, SortBy="Name", SortOrder="Ascending", PaginationConfig={"PageSize": 2}
    )
    names = [[j["TrainingJobName"][-1] for j in page["TrainingJobSummaries"]] for page in pages]
    assert names == [["a", "b"], ["c"]]
    shown, told = jobs(SortBy="Name")[1], lab.sagemaker.describe_training_job(TrainingJobName=f"{word}-b")
    fields = ("TrainingJobName", "TrainingJobArn", "CreationTime", "TrainingEndTime", "LastModifiedTime", "TrainingJobStatus")
    assert {f: shown[f] for f in fields} == {f: told[f] for f in fields}


def test_transform_jobs_are_filtered_sorted_and_paged(lab: Lab, model: str) -> None:
    word = unique("list")
    lab.put("few/in.csv", b"1,2,3\n")
    for letter, prefix in (("b", "few/"), ("a", "few/"), ("c", "nothing/")):
        lab.transform(f"{word}-{letter}", model, prefix)
    for letter in "abc":
        lab.await_transform(f"{word}-{letter}")

    def jobs(**given: Any) -> list[dict[str, Any]]:
        return lab.sagemaker.list_transform_jobs(NameContains=word, **given)["TransformJobSummaries"]

    def letters(**given: Any) -> str:
        return "".join(j["TransformJobName"][-1] for j in jobs(**given))

    assert letters() == "cab"
    assert letters(SortBy="Name") == "cba"
    assert letters(SortBy="Status", SortOrder="Ascending") == "bac"
    assert letters(StatusEquals="Completed", MaxResults=1) == "a"
    failed = jobs(StatusEquals="Failed")
    assert [j["FailureReason"][:12] for j in failed] == ["ClientError:"]
    check_times(jobs, 3, "CreationTime", "LastModifiedTime")
    check_bounds(lab.sagemaker.list_transform_jobs)
    first = lab.sagemaker.list_transform_jobs(NameContains=word, MaxResults=2)
    assert len(first["TransformJobSummaries"]) == 2
    rest = lab.sagemaker.list_transform_jobs(NameContains=word, MaxResults=2, NextToken=first["NextToken"])
    assert [j["TransformJobName"] for j in rest["TransformJobSummaries"]] == [f"{word}-b"]
    assert "NextToken" not in rest


def long_training(lab: Lab, name: str, **changes: Any) -> None:
    lab.train(name, HyperParameters={"num_round": "1000000", "max_depth": "6"}, **changes)


def test_a_training_job_can_be_stopped(lab: Lab) -> None:
    name = unique("stop")
    long_training(lab, name)
    describe = lab.sagemaker.describe_training_job
    wait_until(lambda: describe(TrainingJobName=name)["SecondaryStatus"] == "Training")
    lab.sagemaker.stop_training_job(TrainingJobName=name)
    told = lab.await_training(name)
    assert (told["TrainingJobStatus"], told["SecondaryStatus"]) == ("Stopped", "Stopped")


def test_a_training_job_ends_at_its_maximal_runtime(lab: Lab) -> None:
    name = unique("runtime")
    long_training(lab, name, StoppingCondition={"MaxRuntimeInSeconds": 1})
    told = lab.await_training(name)
    assert (told["TrainingJobStatus"], told["SecondaryStatus"]) == ("Stopped", "MaxRuntimeExceeded")


def test_jobs_wait_their_turn(lab: Lab) -> None:
    names = [unique("turn") for _ in range(8)]
    for name in names:
        lab.train(name)
    ended = [lab.await_training(name) for name in names]
    assert {t["TrainingJobStatus"] for t in ended} == {"Completed"}
    assert [t["TrainingStartTime"] for t in ended] == sorted(t["TrainingStartTime"] for t in ended)


# --- models


def test_models_are_kept_listed_and_deleted(lab: Lab) -> None:
    name = unique("kept")
    lab.put("m/model.tar.gz", b"not looked at yet")
    lab.model(name, lab.uri("m/model.tar.gz"), Environment={"A": "b"})
    told = lab.sagemaker.describe_model(ModelName=name)
    assert told["ModelArn"] == f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:model/{name}"
    assert told["PrimaryContainer"]["Environment"] == {"A": "b"}
    assert refused(lab.model, name=name, artefact=lab.uri("m/model.tar.gz"))["Message"] == (
        f'Cannot create already existing model "{told["ModelArn"]}".'
    )
    assert [m["ModelName"] for m in lab.sagemaker.list_models(NameContains=name)["Models"]] == [name]
    lab.sagemaker.delete_model(ModelName=name)
    gone = refused(lab.sagemaker.describe_model, ModelName=name)
    assert gone == {"Code": "ValidationException", "Message": f'Could not find model "{told["ModelArn"]}".'}


def test_models_are_filtered_sorted_and_paged(lab: Lab) -> None:
    word = unique("list")
    lab.put("m/model.tar.gz", b"not looked at yet")
    for letter in "bac":
        lab.model(f"{word}-{letter}", lab.uri("m/model.tar.gz"))

    def models(**given: Any) -> list[dict[str, Any]]:
        return lab.sagemaker.list_models(NameContains=word, **given)["Models"]

    def letters(**given: Any) -> str:
        return "".join(m["ModelName"][-1] for m in models(**given))

    assert letters() == "cab"
    assert letters(SortOrder="Ascending") == "bac"
    assert letters(SortBy="Name", SortOrder="Ascending") == "abc"
    check_times(models, 3, "CreationTime")
    check_bounds(lab.sagemaker.list_models)
    pages = lab.sagemaker.get_paginator("list_models").paginate(NameContains=word, PaginationConfig={"PageSize": 2})
    assert [len(page["Models"]) for page in pages] == [2, 1]


def test_tags_of_each_kind_of_resource(lab: Lab, model: str) -> None:
    name = unique("Tagged")
    lab.put("few/in.csv", b"1,2,3\n")
    arns = [
        lab.train(name, HyperParameters={"num_round": "1"}, Tags=[{"Key": "a", "Value": "0"}]),
        lab.transform(name, model, "few/", Tags=[{"Key": "a", "Value": "0"}]),
        lab.sagemaker.describe_model(ModelName=model)["ModelArn"],
    ]
    client = lab.sagemaker

    def tags(arn: str) -> dict[str, str]:
        return {t["Key"]: t["Value"] for t in client.list_tags(ResourceArn=arn, MaxResults=50)["Tags"]}

    for arn in arns:
        given = [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": ""}]
        assert [t for t in client.add_tags(ResourceArn=arn, Tags=given)["Tags"]] == given
        assert tags(arn) == {"a": "1", "b": ""}
        # The name is in lower case there, however it is written.
        assert tags(arn.replace("tagged", "Tagged")) == {"a": "1", "b": ""}
        client.delete_tags(ResourceArn=arn, TagKeys=["b", "never"])
        assert tags(arn) == {"a": "1"}
        more = [{"Key": f"k{i}", "Value": "v"} for i in range(49)]
        client.add_tags(ResourceArn=arn, Tags=more)
        assert len(tags(arn)) == 50
        assert refused(client.add_tags, ResourceArn=arn, Tags=[{"Key": "one-more", "Value": ""}])["Code"] == "ValidationException"
        assert len(tags(arn)) == 50
        unknown = arn[: arn.rindex("/")] + "/unknown"
        for call, rest in ((client.list_tags, {}), (client.add_tags, {"Tags": given}), (client.delete_tags, {"TagKeys": ["a"]})):
            assert refused(call, ResourceArn=unknown, **rest)["Code"] == "ValidationException"
    lab.await_training(name)
    lab.await_transform(name)


def test_a_model_without_its_archive_is_refused(lab: Lab) -> None:
    error = refused(lab.model, name=unique("no"), artefact=lab.uri("not/there.tar.gz"))
    assert error["Message"].startswith(f"Could not access model data at {lab.uri('not/there.tar.gz')}.")


# --- batch transform


def test_a_transform_gives_one_output_an_object_in_order(lab: Lab, model: str) -> None:
    name = unique("transform")
    parts = {f"a/p{i}.csv": rows(50 * i + 1, 20 + i) for i in range(4)}
    for key, table in parts.items():
        lab.put(f"in/{name}/{key}", csv(table, label=False))
    arn = lab.transform(name, model, f"in/{name}")
    assert arn == f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:transform-job/{name}"
    told = lab.await_transform(name)
    assert told["TransformJobStatus"] == "Completed", told
    assert told["TransformStartTime"] <= told["TransformEndTime"]
    assert sorted(lab.keys(f"out/{name}/")) == sorted(f"out/{name}/{key}.out" for key in parts)
    for key, table in parts.items():
        assert len(lab.get(f"out/{name}/{key}.out").splitlines()) == len(table)
    log = lab.log("/aws/sagemaker/TransformJobs", name)
    assert any("XGBoost 1.7.4" in line for line in log)


def test_small_requests_side_by_side_give_the_same_answers(lab: Lab, model: str) -> None:
    lab.put("many/in.csv", csv(rows(3000, 5), label=False))
    outputs = []
    for changes in (
        {},
        {"BatchStrategy": "SingleRecord", "MaxConcurrentTransforms": 8},
        {"MaxPayloadInMB": 1, "MaxConcurrentTransforms": 1},
    ):
        name = unique("strategy")
        lab.transform(name, model, "many/", **changes)
        assert lab.await_transform(name)["TransformJobStatus"] == "Completed"
        outputs.append(lab.get(f"out/{name}/in.csv.out"))
    assert outputs[0].count(b"\n") == 3000
    assert outputs[1] == outputs[0] and outputs[2] == outputs[0]


def test_input_is_joined_and_filtered(lab: Lab, model: str) -> None:
    table = rows(20, 6)
    lab.put("ids/in.csv", "".join(f"id{i}," + ",".join(map(str, r[1:])) + "\n" for i, r in enumerate(table)).encode())
    name = unique("join")
    processing = {"InputFilter": "$[1:]", "JoinSource": "Input", "OutputFilter": "$[0,-1]"}
    lab.transform(name, model, "ids/", DataProcessing=processing)
    assert lab.await_transform(name)["TransformJobStatus"] == "Completed"
    lines = lab.get(f"out/{name}/in.csv.out").decode().splitlines()
    assert [line.split(",")[0] for line in lines] == [f"id{i}" for i in range(20)]
    plain = unique("plain")
    lab.put("plain/in.csv", csv(table, label=False))
    lab.transform(plain, model, "plain/")
    lab.await_transform(plain)
    assert [line.split(",")[1] for line in lines] == lab.get(f"out/{plain}/in.csv.out").decode().splitlines()


def test_gzipped_input_is_unpacked(lab: Lab, model: str) -> None:
    import gzip

    name = unique("gzip")
    lab.put(f"gz/{name}/in.csv.gz", gzip.compress(csv(rows(30, 7), label=False)))
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": lab.uri(f"gz/{name}/")}}
    given = {"DataSource": source, "ContentType": "text/csv", "SplitType": "Line", "CompressionType": "Gzip"}
    lab.transform(name, model, "", TransformInput=given)
    assert lab.await_transform(name)["TransformJobStatus"] == "Completed"
    assert lab.get(f"out/{name}/in.csv.gz.out").count(b"\n") == 30


def test_a_bad_object_fails_the_job_and_spares_the_others(lab: Lab, model: str) -> None:
    name = unique("partly")
    lab.put(f"in/{name}/1.csv", csv(rows(10, 1), label=False))
    lab.put(f"in/{name}/2.csv", b"1,2,3\nno,numbers,here\n")
    lab.put(f"in/{name}/3.csv", csv(rows(10, 2), label=False))
    lab.transform(name, model, f"in/{name}/")
    told = lab.await_transform(name)
    assert told["TransformJobStatus"] == "Failed"
    assert told["FailureReason"] == "ClientError: See job logs for more information"
    assert lab.keys(f"out/{name}/") == [f"out/{name}/1.csv.out", f"out/{name}/3.csv.out"]
    assert any("2.csv: ClientError: 415" in line for line in lab.log("/aws/sagemaker/TransformJobs", name))


def archive_of(entries: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name, content in entries.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return out.getvalue()


@pytest.mark.parametrize(
    ("archive", "reason"),
    [
        (b"no archive", "ClientError: Failed to extract model data archive"),
        (archive_of({"../../escaped": b"x"}), "ClientError: Failed to extract model data archive"),
        (archive_of({}), "AlgorithmError: The model server ended with exit code 2."),
        (archive_of({"xgboost-model": b"\x80\x04rubbish"}), "AlgorithmError: The model server ended with exit code 2."),
    ],
)
def test_a_model_that_cannot_be_served_fails_the_job(lab: Lab, archive: bytes, reason: str) -> None:
    name = unique("unserved")
    lab.put(f"m/{name}.tar.gz", archive)
    lab.model(name, lab.uri(f"m/{name}.tar.gz"))
    lab.put("one/in.csv", b"1,2,3\n")
    lab.transform(name, name, "one/")
    told = lab.await_transform(name)
    assert told["TransformJobStatus"] == "Failed"
    assert told["FailureReason"].startswith(reason)
    assert not list(lab.server.folder.rglob("escaped"))


def test_transform_requests_are_checked(lab: Lab, model: str) -> None:
    unknown = refused(lab.transform, name=unique("t"), model="unknown-model", prefix="one/")
    assert unknown["Message"] == f'Could not find model "arn:aws:sagemaker:us-east-1:{ACCOUNT}:model/unknown-model".'
    much = refused(lab.transform, name=unique("t"), model=model, prefix="one/", MaxConcurrentTransforms=26, MaxPayloadInMB=4)
    assert much["Code"] == "ValidationException"
    bad = refused(lab.transform, name=unique("t"), model=model, prefix="one/", DataProcessing={"InputFilter": "$["})
    assert bad["Code"] == "ValidationException"


def test_no_input_fails_the_transform(lab: Lab, model: str) -> None:
    name = unique("noinput")
    lab.transform(name, model, "nothing/")
    assert "No S3 objects found" in lab.await_transform(name)["FailureReason"]


def test_a_transform_job_can_be_stopped(lab: Lab, model: str) -> None:
    name = unique("stop")
    lab.put("endless/in.csv", csv(rows(50_000, 8), label=False))
    lab.transform(name, model, "endless/", BatchStrategy="SingleRecord", MaxConcurrentTransforms=1)
    wait_until(lambda: any("data-log" in s for s in lab.streams("/aws/sagemaker/TransformJobs", name)))
    lab.sagemaker.stop_transform_job(TransformJobName=name)
    assert lab.sagemaker.describe_transform_job(TransformJobName=name)["TransformJobStatus"] in ("Stopping", "Stopped")
    told = lab.await_transform(name)
    assert told["TransformJobStatus"] == "Stopped" and "FailureReason" not in told
    assert told["TransformStartTime"] <= told["TransformEndTime"]
    assert lab.keys(f"out/{name}/") == []
    ended = refused(lab.sagemaker.stop_transform_job, TransformJobName=name)
    assert ended == {
        "Code": "ValidationException",
        "Message": "The request was rejected because the transform job is in status Stopped.",
    }
    assert refused(lab.sagemaker.stop_transform_job, TransformJobName="unknown")["Code"] == "ValidationException"


def test_nothing_is_left_of_ended_jobs(lab: Lab) -> None:
    wait_until(lambda: not list((lab.server.data / "jobs").glob("*/*")), limit_s=30)


CHECKPOINTS = """#!/bin/sh
cd "$CHECKPOINTS"
ls | sort | tr '\\n' ' '
echo more >> old/state
echo new > fresh
test "$1" != train || exit ${CODE:-0}
"""


@pytest.mark.parametrize(("place", "code", "ends"), [("/opt/ml/checkpoints", "0", "Completed"), ("/work/kept", "3", "Failed")])
def test_checkpoints_are_there_and_are_kept_whatever_the_end(lab: Lab, tmp_path: Path, place: str, code: str, ends: str) -> None:
    (tmp_path / "train").write_text(CHECKPOINTS)
    (tmp_path / "train").chmod(0o755)
    uri, prefix = unique("keeper"), unique("kept")
    command = [str(BINARY), "image", "add", "--data-dir", str(lab.server.data), uri, "--program", str(tmp_path)]
    subprocess.run(command, check=True, capture_output=True)
    lab.put(f"{prefix}/old/state", b"some\n")
    lab.train(uri, AlgorithmSpecification={"TrainingImage": uri, "TrainingInputMode": "FastFile"}, HyperParameters={},
              CheckpointConfig={"S3Uri": lab.uri(prefix), "LocalPath": place},
              Environment={"CHECKPOINTS": place, "CODE": code})  # fmt: skip
    told = lab.await_training(uri)
    assert told["TrainingJobStatus"] == ends, told.get("FailureReason")
    assert lab.get(f"{prefix}/old/state") == b"some\nmore\n"
    assert lab.get(f"{prefix}/fresh") == b"new\n"
    assert "old " in lab.log("/aws/sagemaker/TrainingJobs", uri)


@pytest.mark.parametrize("place", ["relative", "/a/../b", "/"])
def test_a_checkpoint_place_that_is_none_fails_the_job(lab: Lab, place: str) -> None:
    name = unique("nowhere")
    lab.train(name, CheckpointConfig={"S3Uri": lab.uri("kept"), "LocalPath": place})
    told = lab.await_training(name)
    assert told["FailureReason"] == f"ClientError: CheckpointConfig.LocalPath is {place}, which is no folder's path"
