"""linear-learner and k-means through boto3: trained, transformed and served, compared with what numpy and scipy find."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy
import pytest
from botocore.exceptions import ClientError
from scipy.cluster.vq import kmeans2
from scipy.optimize import minimize

from tests.acceptance.test_sagemaker_endpoints import Hosting
from tests.support import recordio
from tests.support.server import Server
from tests.support.training import IMAGE as XGBOOST
from tests.support.training import channel, unique

REGISTRY = "382416733822.dkr.ecr.us-east-1.amazonaws.com"
LINEAR, KMEANS = f"{REGISTRY}/linear-learner:1", f"{REGISTRY}/kmeans:1"
RECORDS = "application/x-recordio-protobuf"
UNLABELLED = "text/csv;label_size=0"


def table(*columns: numpy.ndarray) -> bytes:
    return "".join(",".join(repr(float(v)) for v in row) + "\n" for row in numpy.column_stack(columns)).encode()


class Learning(Hosting):
    """Jobs of built-in algorithms on data put there for each."""

    def fit(self, image: str, hyperparameters: dict[str, Any], kind: str = "text/csv", **channels: bytes) -> dict[str, Any]:
        """Trains on the content of each channel; the ended job."""
        name = unique("algo")
        for one, content in channels.items():
            self.put(f"in/{name}/{one}/part-0", content)
        self.train(
            name,
            AlgorithmSpecification={"TrainingImage": image, "TrainingInputMode": "File"},
            HyperParameters={key: str(value) for key, value in hyperparameters.items()},
            InputDataConfig=[channel(one, self.uri(f"in/{name}/{one}/"), kind) for one in channels],
        )
        return self.await_training(name)

    def fitted(self, image: str, hyperparameters: dict[str, Any], kind: str = "text/csv", **channels: bytes) -> dict[str, Any]:
        told = self.fit(image, hyperparameters, kind, **channels)
        assert told["TrainingJobStatus"] == "Completed", told.get("FailureReason")
        return told

    def content(self, told: dict[str, Any]) -> dict[str, Any]:
        files = self.unpacked(told["ModelArtifacts"]["S3ModelArtifacts"])
        assert list(files) == ["model_algo-1"]
        return json.loads(files["model_algo-1"])

    def model_of(self, told: dict[str, Any], image: str) -> str:
        name = unique("model")
        self.model(name, told["ModelArtifacts"]["S3ModelArtifacts"], Image=image)
        return name

    def transformed(self, model: str, body: bytes, **changes: Any) -> bytes:
        name = unique("transform")
        self.put(f"in/{name}/rows", body)
        self.transform(name, model, f"in/{name}/", **changes)
        told = self.await_transform(name)
        assert told["TransformJobStatus"] == "Completed", told.get("FailureReason")
        return self.get(f"out/{name}/rows.out")


@pytest.fixture(scope="module")
def lab(server: Server) -> Iterator[Learning]:
    yield Learning(server)


def metrics(told: dict[str, Any]) -> dict[str, float]:
    return {m["MetricName"]: m["Value"] for m in told["FinalMetricDataList"]}


# Three features of very different sizes.
CHANCE = numpy.random.default_rng(7)
FEATURES = CHANCE.normal(size=(400, 3)) * [1, 100, 0.01] + [5, -300, 0]
TARGET = FEATURES @ [2, -0.05, 30] + 7 + CHANCE.normal(size=400) * 0.3
LABELS = (FEATURES @ [1, -0.01, 20] + CHANCE.logistic(size=400) > 8.2).astype(float)
CLASSES = numpy.argmax(FEATURES @ [[1, -1, 0], [0.01, 0.01, -0.02], [0, 50, -50]] + CHANCE.gumbel(size=(400, 3)) + [-5, 7, -4], axis=1)


@pytest.fixture(scope="module")
def regression(lab: Learning) -> dict[str, Any]:
    return lab.fitted(LINEAR, {"predictor_type": "regressor", "feature_dim": 3}, train=table(TARGET, FEATURES), test=table(TARGET[:50], FEATURES[:50]))


@pytest.fixture(scope="module")
def endpoint(lab: Learning, regression: dict[str, Any]) -> Iterator[str]:
    name = lab.endpoint(lab.variant(lab.model_of(regression, LINEAR)))
    yield name
    lab.gone(name)


def test_regression_is_least_squares(lab: Learning, regression: dict[str, Any]) -> None:
    expected, *_ = numpy.linalg.lstsq(numpy.column_stack([FEATURES, numpy.ones(400)]), TARGET, rcond=None)
    found = lab.content(regression)
    assert found["predictor_type"] == "regressor"
    numpy.testing.assert_allclose(found["weights"][0] + found["bias"], expected, rtol=1e-4)
    residuals = FEATURES[:50] @ expected[:3] + expected[3] - TARGET[:50]
    measured = metrics(regression)
    assert measured["test:mse"] == pytest.approx(numpy.mean(residuals**2), rel=1e-3)
    assert measured["test:absolute_loss"] == pytest.approx(numpy.mean(abs(residuals)), rel=1e-3)
    assert measured.keys() >= {"train:objective_loss", "train:objective_loss:final", "test:objective_loss"}
    assert measured["train:progress"] == 100
    log = lab.log("/aws/sagemaker/TrainingJobs", regression["TrainingJobName"])
    assert any("#quality_metric: host=algo-1, epoch=0, train mse_objective <loss>=" in line for line in log)


def test_the_same_job_gives_the_same_model(lab: Learning, regression: dict[str, Any]) -> None:
    for optimizer in ("auto", "adam"):
        two = [lab.fitted(LINEAR, {"predictor_type": "regressor", "optimizer": optimizer}, train=table(TARGET, FEATURES)) for _ in range(2)]
        assert lab.content(two[0]) == lab.content(two[1])
        if optimizer == "auto":
            assert lab.content(two[0]) == lab.content(regression)


def logistic_optimum(wd: float) -> numpy.ndarray:
    scaled = (FEATURES - FEATURES.mean(0)) / FEATURES.std(0)

    def objective(w: numpy.ndarray) -> float:
        scores = scaled @ w[:3] + w[3]
        return numpy.mean(numpy.logaddexp(0, scores) - LABELS * scores) + wd / 2 * numpy.sum(w[:3] ** 2)

    w = minimize(objective, numpy.zeros(4), options={"gtol": 1e-8}).x
    return numpy.append(w[:3] / FEATURES.std(0), w[3] - w[:3] @ (FEATURES.mean(0) / FEATURES.std(0)))


@pytest.mark.parametrize("wd", [0, 0.05])
def test_a_binary_classifier_is_logistic_regression(lab: Learning, wd: float) -> None:
    expected = logistic_optimum(wd)
    told = lab.fitted(LINEAR, {"predictor_type": "binary_classifier", "wd": wd}, train=table(LABELS, FEATURES), validation=table(LABELS, FEATURES))
    found = lab.content(told)
    numpy.testing.assert_allclose(found["weights"][0] + found["bias"], expected, rtol=2e-3)
    scores = 1 / (1 + numpy.exp(-(FEATURES @ found["weights"][0] + found["bias"][0])))
    guessed = scores >= found["threshold"]
    measured = metrics(told)
    assert measured["validation:binary_classification_accuracy"] == pytest.approx(numpy.mean(guessed == LABELS))
    assert measured["validation:binary_classification_accuracy"] >= numpy.mean((scores >= 0.5) == LABELS)
    assert measured["validation:precision"] == pytest.approx(LABELS[guessed].mean())
    assert measured["validation:recall"] == pytest.approx(guessed[LABELS == 1].mean())
    pairs = scores[LABELS == 1][:, None] > scores[LABELS == 0][None, :]
    assert measured["validation:roc_auc_score"] == pytest.approx(pairs.mean())
    assert measured.keys() >= {"validation:binary_f_beta", "validation:objective_loss"}


@pytest.mark.parametrize(
    ("criteria", "target", "held", "other"),
    [("precision_at_target_recall", "target_recall", "recall", "precision"), ("recall_at_target_precision", "target_precision", "precision", "recall")],
)
def test_a_threshold_is_chosen_for_a_target(lab: Learning, criteria: str, target: str, held: str, other: str) -> None:
    settings = {"predictor_type": "binary_classifier", "binary_classifier_model_selection_criteria": criteria, target: 0.9}
    measured = metrics(lab.fitted(LINEAR, settings, train=table(LABELS, FEATURES), validation=table(LABELS, FEATURES)))
    assert measured[f"validation:{held}"] >= 0.9
    assert measured[f"validation:{other}"] < 1


def test_several_classes(lab: Learning) -> None:
    settings = {"predictor_type": "multiclass_classifier", "num_classes": 3, "accuracy_top_k": 2}
    told = lab.fitted(LINEAR, settings, train=table(CLASSES, FEATURES), test=table(CLASSES, FEATURES))
    found = lab.content(told)
    scores = FEATURES @ numpy.transpose(found["weights"]) + found["bias"]
    accuracy = numpy.mean(scores.argmax(1) == CLASSES)
    measured = metrics(told)
    assert accuracy > 0.6
    assert measured["test:multiclass_accuracy"] == pytest.approx(accuracy)
    assert measured["test:multiclass_top_k_accuracy"] > accuracy
    assert measured.keys() >= {"test:dcg", "test:macro_recall", "test:macro_precision", "test:macro_f_beta"}
    answer = lab.transformed(lab.model_of(told, LINEAR), table(FEATURES[:3]))
    predictions = json.loads(answer)["predictions"]
    assert [p["predicted_label"] for p in predictions] == scores[:3].argmax(1).tolist()
    odds = numpy.exp(scores[:3])
    numpy.testing.assert_allclose([p["score"] for p in predictions], odds / odds.sum(1, keepdims=True), rtol=1e-4)


def test_records_train_the_same_model_as_csv(lab: Learning, regression: dict[str, Any]) -> None:
    rounded = FEATURES.astype("float32")
    dense = b"".join(recordio.record(row.tolist(), label) for row, label in zip(rounded, TARGET, strict=True))
    sparse = b"".join(recordio.sparse_record(dict(enumerate(row.tolist())), 3, label) for row, label in zip(rounded, TARGET, strict=True))
    for content in (dense, sparse):
        told = lab.fitted(LINEAR, {"predictor_type": "regressor", "feature_dim": 3}, RECORDS, train=content)
        assert lab.content(told) == lab.content(regression)


def test_every_format_is_answered_alike(lab: Learning, endpoint: str, regression: dict[str, Any]) -> None:
    found = lab.content(regression)
    expected = FEATURES[:2] @ found["weights"][0] + found["bias"][0]
    first, second = FEATURES[:2].tolist()
    sparse = {"keys": [0, 2], "values": [1.5, 2], "shape": [3]}
    bodies = {
        "text/csv": table(FEATURES[:2]),
        "application/json": json.dumps({"instances": [{"features": first}, {"data": {"features": {"values": second}}}]}).encode(),
        "application/jsonlines": (json.dumps({"features": first}) + "\n" + json.dumps({"data": {"features": {"values": second}}}) + "\n").encode(),
        RECORDS: recordio.record(first) + recordio.record(second),
    }
    for kind, body in bodies.items():
        answer = json.loads(lab.invoke(endpoint, body, ContentType=kind, Accept="application/json"))
        numpy.testing.assert_allclose([p["score"] for p in answer["predictions"]], expected, rtol=1e-4)
        assert all(p.keys() == {"score"} for p in answer["predictions"])
        lines = lab.invoke(endpoint, body, ContentType=kind, Accept="application/jsonlines").splitlines()
        assert [json.loads(line) for line in lines] == answer["predictions"]
        records = recordio.labels(lab.invoke(endpoint, body, ContentType=kind, Accept=RECORDS))
        assert [r["score"][0] for r in records] == [p["score"] for p in answer["predictions"]]
    full, thin = [1.5, 0, 2], json.dumps({"instances": [{"data": {"features": sparse}}]}).encode()
    assert lab.invoke(endpoint, thin, ContentType="application/json") == lab.invoke(endpoint, table(numpy.array([full])), ContentType="text/csv")
    record = recordio.sparse_record({0: 1.5, 2: 2}, 3)
    assert lab.invoke(endpoint, record, ContentType=RECORDS) == lab.invoke(endpoint, thin, ContentType="application/json")


@pytest.mark.parametrize(
    ("body", "kind", "words"),
    [
        (b"1,2\n", "text/csv", "a row has 2 features, where the model has 3"),
        (b"1,2,x\n", "text/csv", "'x' is not a number"),
        (b"1,,3\n", "text/csv", "missing or not finite"),
        (b"{", "application/json", "unable to evaluate payload provided"),
        (b'{"instances": [{"features": ["a"]}]}', "application/json", "lists of numbers"),
        (b'{"instances": [{"data": {"features": {"keys": [3], "values": [1], "shape": [3]}}}]}', "application/json", "the key 3"),
        (b'{"features": [1, 2, 3]}', "application/json", "no list of instances"),
        (b"1,2,3\n", "image/png", "Content-type image/png not supported"),
        (b"rubbish.", RECORDS, "the protobuf record"),
        (recordio.record([1, 2, 3]) + b"rubbish.", RECORDS, "no record begins at byte 36"),
        (recordio.record([1, 2, 3])[:-4], RECORDS, "cut off"),
        (recordio.framed(b"\xff" * 12), RECORDS, "unable to evaluate payload provided"),
    ],
)
def test_requests_that_cannot_be_read_are_refused(lab: Learning, endpoint: str, body: bytes, kind: str, words: str) -> None:
    with pytest.raises(ClientError) as failure:
        lab.invoke(endpoint, body, ContentType=kind)
    assert words in failure.value.response["Error"]["Message"]
    assert lab.invoke(endpoint, b"1,2,3\n", ContentType="text/csv")  # it serves on


def test_batch_transform_takes_records_and_lines(lab: Learning, regression: dict[str, Any]) -> None:
    model = lab.model_of(regression, LINEAR)
    output = {"S3OutputPath": lab.uri("out/linear"), "Accept": "application/jsonlines", "AssembleWith": "Line"}
    rows = FEATURES[:20]

    def transformed(body: bytes, kind: str, split: str) -> list[Any]:
        name = unique("transform")
        lab.put(f"in/{name}/rows", body)
        source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": lab.uri(f"in/{name}/")}}
        changes = {"TransformInput": {"DataSource": source, "ContentType": kind, "SplitType": split}}
        lab.transform(name, model, f"in/{name}/", TransformOutput=output, BatchStrategy="SingleRecord", **changes)
        told = lab.await_transform(name)
        assert told["TransformJobStatus"] == "Completed", told.get("FailureReason")
        return [json.loads(line) for line in lab.get("out/linear/rows.out").splitlines()]

    of_lines = transformed(table(rows), "text/csv", "Line")
    assert len(of_lines) == 20
    records = b"".join(recordio.record(row.astype("float32").tolist()) for row in rows)
    assert transformed(records, RECORDS, "RecordIO") == of_lines
    assert transformed(records, RECORDS, "None") == of_lines


CENTERS = numpy.array([[0, 0], [10, 0], [0, 10], [10, 10], [5, 20]])
POINTS = numpy.concatenate([CHANCE.normal(size=(200, 2)) + center for center in CENTERS])


@pytest.fixture(scope="module")
def clustered(lab: Learning) -> dict[str, Any]:
    settings = {"k": 5, "feature_dim": 2, "eval_metrics": '["msd", "ssd"]'}
    return lab.fitted(KMEANS, settings, UNLABELLED, train=table(POINTS), test=table(POINTS[::2]))


def test_clusters_are_as_tight_as_scipys(lab: Learning, clustered: dict[str, Any]) -> None:
    best = min(
        numpy.sum((POINTS - centers[assigned]) ** 2)
        for centers, assigned in (kmeans2(POINTS, 5, minit="++", seed=seed, iter=50) for seed in range(10))
    )
    measured = metrics(clustered)
    assert measured["train:ssd"] <= best * 1.01
    found = numpy.array(lab.content(clustered)["centers"])
    distances = ((POINTS[:, None] - found[None]) ** 2).sum(2).min(1)
    assert measured["train:msd"] == pytest.approx(distances.mean(), rel=1e-4)
    assert measured["test:ssd"] == pytest.approx(distances[::2].sum(), rel=1e-4)
    assert measured["test:msd"] == pytest.approx(distances[::2].mean(), rel=1e-4)


@pytest.mark.parametrize("settings", [{"init_method": "kmeans++", "epochs": 3, "mini_batch_size": 100}, {"extra_center_factor": 4, "local_lloyd_init_method": "random"}])
def test_hyperparameters_lead_to_the_same_clusters(lab: Learning, clustered: dict[str, Any], settings: dict[str, Any]) -> None:
    told = lab.fitted(KMEANS, {"k": 5, "feature_dim": 2} | settings, UNLABELLED, train=table(POINTS))
    assert metrics(told)["train:msd"] == pytest.approx(metrics(clustered)["train:msd"], rel=0.01)


def test_clusters_are_told_in_each_format(lab: Learning, clustered: dict[str, Any]) -> None:
    model = lab.model_of(clustered, KMEANS)
    found = numpy.array(lab.content(clustered)["centers"])
    rows = POINTS[::100]
    distances = numpy.sqrt(((rows[:, None] - found[None]) ** 2).sum(2))
    name = lab.endpoint(lab.variant(model))
    as_json = json.loads(lab.invoke(name, table(rows), ContentType="text/csv", Accept="application/json"))["predictions"]
    assert [p["closest_cluster"] for p in as_json] == distances.argmin(1).tolist()
    numpy.testing.assert_allclose([p["distance_to_cluster"] for p in as_json], distances.min(1), rtol=1e-4)
    lines = lab.invoke(name, table(rows), ContentType="text/csv", Accept="text/csv")
    assert [[float(v) for v in line.split(b",")] for line in lines.splitlines()] == [[p["closest_cluster"], p["distance_to_cluster"]] for p in as_json]
    records = recordio.labels(lab.invoke(name, b"".join(recordio.record(r.tolist()) for r in rows), ContentType=RECORDS, Accept=RECORDS))
    assert [r["closest_cluster"][0] for r in records] == [p["closest_cluster"] for p in as_json]
    assert [r["distance_to_cluster"][0] for r in records] == pytest.approx([p["distance_to_cluster"] for p in as_json])
    lab.gone(name)


VALIDATION = " (caused by ValidationError)"


@pytest.mark.parametrize(
    ("image", "settings", "reason"),
    [
        (LINEAR, {}, f"No value(s) were specified for 'predictor_type' which are required hyperparameter(s){VALIDATION}"),
        (KMEANS, {}, f"No value(s) were specified for 'k', 'feature_dim' which are required hyperparameter(s){VALIDATION}"),
        (KMEANS, {"k": 2, "feature_dim": 2, "K": 3}, f"Additional hyperparameters are not allowed ('K' was unexpected){VALIDATION}"),
        (
            LINEAR,
            {"predictor_type": "tree"},
            "The value 'tree' is not valid for the 'predictor_type' hyperparameter which accepts one of the following: "
            f"'binary_classifier', 'multiclass_classifier', 'regressor'{VALIDATION}",
        ),
        (
            KMEANS,
            {"k": 0, "feature_dim": 2},
            "The value '0' is not valid for the 'k' hyperparameter which expects one of the following: a string which matches "
            f"the pattern '^([1-9][0-9]*)$'; or an integer greater than 1{VALIDATION}",
        ),
        (LINEAR, {"predictor_type": "regressor", "epochs": "1.5"}, "The value '1.5' is not valid for the 'epochs' hyperparameter"),
        (LINEAR, {"predictor_type": "regressor", "wd": "nan"}, "The value 'nan' is not valid for the 'wd' hyperparameter"),
        (LINEAR, {"predictor_type": "regressor", "target_recall": 2}, "The value '2' is not valid for the 'target_recall' hyperparameter"),
        (LINEAR, {"predictor_type": "regressor", "loss": "logistic"}, "The value 'logistic' is not valid for the 'loss' hyperparameter with"),
        (LINEAR, {"predictor_type": "multiclass_classifier"}, "No value(s) were specified for 'num_classes'"),
        (KMEANS, {"k": 2, "feature_dim": 2, "eval_metrics": "msd"}, "The value 'msd' is not valid for the 'eval_metrics' hyperparameter"),
        (LINEAR, {"predictor_type": "regressor", "feature_dim": 7}, "The data of channel 'train' has 1 features, where 7 are expected"),
        (KMEANS, {"k": 9, "feature_dim": 1}, "The data of channel 'train' has 2 rows, fewer than the 9 clusters asked for by k"),
    ],
)
def test_hyperparameters_are_checked(lab: Learning, image: str, settings: dict[str, Any], reason: str) -> None:
    told = lab.fit(image, settings, train=b"1,2\n2,3\n")
    assert told["TrainingJobStatus"] == "Failed"
    assert told["FailureReason"].startswith(f"ClientError: {reason}")


@pytest.mark.parametrize(
    ("kind", "content", "reason"),
    [
        ("csv", b"1,2\n", "No iterator has been registered for ContentType ('csv', '1.0')"),
        ("text/csv", b"", "No data in channel 'train'"),
        ("text/csv", b"label,a\n1,2\n", "Unable to parse csv: rows 1-1000, file /opt/ml/input/data/train/part-0: line 1: 'label' is not"),
        ("text/csv", b"0,1\n" * 1000 + b"0,x\n", "Unable to parse csv: rows 1001-2000, file /opt/ml/input/data/train/part-0: line 1001: 'x'"),
        ("text/csv", b"nan,2\n", "Unable to parse csv: rows 1-1000, file /opt/ml/input/data/train/part-0: line 1: the label is missing"),
        ("text/csv", b"1,inf\n", "Unable to parse csv: rows 1-1000, file /opt/ml/input/data/train/part-0: line 1: the value of a feature"),
        ("text/csv", b"3,2\n", "The data of channel 'train' has the label 3, where predictor_type binary_classifier takes 0 and 1"),
        (UNLABELLED, b"1,2\n", "The data of channel 'train' has no label"),
        (RECORDS, b"1,2\n", "Unable to read record 1 of file /opt/ml/input/data/train/part-0: RecordIO"),
        (RECORDS, recordio.record([1, 2]), "Unable to read record 1 of file /opt/ml/input/data/train/part-0: 0 labels, where one is read"),
        (RECORDS, recordio.record([1], 0) + recordio.record([1, 2], 1), "Unable to read record 2 of file"),
        (RECORDS, recordio.record([1], float("nan")), "Unable to read record 1 of file /opt/ml/input/data/train/part-0: the label is not finite"),
    ],
)
def test_data_that_cannot_be_learnt_from_is_the_customers_to_mend(lab: Learning, kind: str, content: bytes, reason: str) -> None:
    told = lab.fit(LINEAR, {"predictor_type": "binary_classifier"}, kind, train=content)
    assert told["TrainingJobStatus"] == "Failed"
    assert told["FailureReason"].startswith(f"ClientError: {reason}")
    assert told["FailureReason"].endswith(", exit code: 2")


def test_a_model_of_another_algorithm_is_not_served(lab: Learning, clustered: dict[str, Any]) -> None:
    name = unique("transform")
    lab.put(f"in/{name}/rows", b"1,2\n")
    lab.transform(name, lab.model_of(clustered, LINEAR), f"in/{name}/")
    told = lab.await_transform(name)
    assert told["TransformJobStatus"] == "Failed"
    assert any("none of linear-learner's" in line for line in lab.log("/aws/sagemaker/TransformJobs", name))


def test_a_tuning_job_follows_their_metrics(lab: Learning) -> None:
    name = unique("tune")
    lab.put(f"in/{name}/train/x", table(TARGET, FEATURES))
    definition = {
        "AlgorithmSpecification": {"TrainingImage": LINEAR, "TrainingInputMode": "File"},
        "StaticHyperParameters": {"predictor_type": "regressor"},
        "RoleArn": "arn:aws:iam::000000000000:role/trainer",
        "InputDataConfig": [channel(c, lab.uri(f"in/{name}/train/")) for c in ("train", "validation")],
        "OutputDataConfig": {"S3OutputPath": lab.uri("models")},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 5},
        "StoppingCondition": {"MaxRuntimeInSeconds": 600},
    }
    config = {
        "Strategy": "Grid",
        "HyperParameterTuningJobObjective": {"Type": "Minimize", "MetricName": "validation:objective_loss"},
        "ResourceLimits": {"MaxParallelTrainingJobs": 1},
        "ParameterRanges": {"CategoricalParameterRanges": [{"Name": "wd", "Values": ["10", "0"]}]},
    }
    lab.sagemaker.create_hyper_parameter_tuning_job(
        HyperParameterTuningJobName=name[:32], HyperParameterTuningJobConfig=config, TrainingJobDefinition=definition
    )
    describe = lambda: lab.sagemaker.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=name[:32])  # noqa: E731
    told = lab._await(describe, "HyperParameterTuningJobStatus")
    assert told["BestTrainingJob"]["TunedHyperParameters"]["wd"].strip('"') == "0"


def test_xgboost_takes_and_gives_records(lab: Learning) -> None:
    settings = {"num_round": 5, "objective": "reg:squarederror"}
    rounded = FEATURES.astype("float32")
    content = b"".join(recordio.record(row.tolist(), label) for row, label in zip(rounded, TARGET, strict=True))
    of_records = lab.fitted(XGBOOST, settings, RECORDS, train=content)
    of_csv = lab.fitted(XGBOOST, settings, train=table(TARGET, FEATURES))
    assert metrics(of_records) == metrics(of_csv)
    name = lab.endpoint(lab.variant(lab.model_of(of_records, XGBOOST)))
    expected = [float(v) for v in lab.invoke(name, table(FEATURES[:5])).split(b",")]
    asked = b"".join(recordio.record(row.tolist()) for row in rounded[:5])
    answers = recordio.labels(lab.invoke(name, asked, ContentType=RECORDS, Accept=RECORDS))
    assert [a["score"][0] for a in answers] == pytest.approx(expected)
    lab.gone(name)


def test_pipe_mode_trains_the_same_model(lab: Learning, clustered: dict[str, Any]) -> None:
    name = unique("piped")
    lab.put(f"in/{name}/train/part-0", table(POINTS))
    lab.train(
        name,
        AlgorithmSpecification={"TrainingImage": KMEANS, "TrainingInputMode": "Pipe"},
        HyperParameters={"k": "5", "feature_dim": "2"},
        InputDataConfig=[channel("train", lab.uri(f"in/{name}/train/"), UNLABELLED)],
    )
    told = lab.await_training(name)
    assert told["TrainingJobStatus"] == "Completed", told.get("FailureReason")
    assert lab.content(told) == lab.content(clustered)
