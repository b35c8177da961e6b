"""What tests of training and transform jobs share: data, requests, waiting."""

from __future__ import annotations

import io
import random
import tarfile
import uuid
from typing import Any

from tests.support.server import Server, wait_until

ACCOUNT = "000000000000"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/trainer"
IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1"
ENDED = ("Completed", "Failed", "Stopped")


def unique(word: str) -> str:
    return f"{word}-{uuid.uuid4().hex[:10]}"


def rows(count: int, seed: int) -> list[list[float]]:
    """Label first: a function of two of three features, with noise that only a model that overfits would learn."""
    chance = random.Random(seed)
    out = []
    for _ in range(count):
        a, b, c = (round(chance.random(), 4) for _ in range(3))
        out.append([round(3 * a - b * b + chance.gauss(0, 0.1), 4), a, b, c])
    return out


def csv(table: list[list[float]], label: bool = True) -> bytes:
    return "".join(",".join(str(v) for v in (row if label else row[1:])) + "\n" for row in table).encode()


def channel(name: str, uri: str, content_type: str = "text/csv") -> dict[str, Any]:
    source = {"S3DataType": "S3Prefix", "S3Uri": uri, "S3DataDistributionType": "FullyReplicated"}
    return {"ChannelName": name, "ContentType": content_type, "DataSource": {"S3DataSource": source}}


class Lab:
    """A bucket with data, and jobs on it."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.bucket = unique("lab")
        self.s3 = server.client("s3")
        self.sagemaker = server.client("sagemaker")
        self.s3.create_bucket(Bucket=self.bucket)
        self.put("data/train/part-1.csv", csv(rows(300, 1)))
        self.put("data/train/part-2.csv", csv(rows(200, 2)))
        self.put("data/validation/v.csv", csv(rows(100, 3)))

    def put(self, key: str, body: bytes) -> None:
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=body)

    def get(self, key: str) -> bytes:
        return self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()

    def keys(self, prefix: str = "") -> list[str]:
        return [o["Key"] for o in self.s3.list_objects_v2(Bucket=self.bucket, Prefix=prefix).get("Contents", [])]

    def uri(self, key: str) -> str:
        return f"s3://{self.bucket}/{key}"

    def train(self, name: str, **changes: Any) -> str:
        request = {
            "TrainingJobName": name,
            "RoleArn": ROLE,
            "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
            "HyperParameters": {"num_round": "10", "max_depth": "3", "eta": "0.3", "objective": "reg:squarederror"},
            "InputDataConfig": [
                channel("train", self.uri("data/train/")),
                channel("validation", self.uri("data/validation/v.csv")),
            ],
            "OutputDataConfig": {"S3OutputPath": self.uri("models")},
            "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 5},
            "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
        }
        return self.sagemaker.create_training_job(**(request | changes))["TrainingJobArn"]

    def await_training(self, name: str) -> dict[str, Any]:
        return self._await(lambda: self.sagemaker.describe_training_job(TrainingJobName=name), "TrainingJobStatus")

    def await_transform(self, name: str) -> dict[str, Any]:
        return self._await(lambda: self.sagemaker.describe_transform_job(TransformJobName=name), "TransformJobStatus")

    @staticmethod
    def _await(describe: Any, status: str) -> dict[str, Any]:
        def ended() -> dict[str, Any] | None:
            told = describe()
            return told if told[status] in ENDED else None

        return wait_until(ended, limit_s=120)

    def model(self, name: str, artefact: str, **changes: Any) -> None:
        container = {"Image": IMAGE, "ModelDataUrl": artefact} | changes
        self.sagemaker.create_model(ModelName=name, ExecutionRoleArn=ROLE, PrimaryContainer=container)

    def trained_model(self) -> str:
        """The name of a model, trained on the spot."""
        name = unique("model")
        self.train(name)
        told = self.await_training(name)
        assert told["TrainingJobStatus"] == "Completed", told
        self.model(name, told["ModelArtifacts"]["S3ModelArtifacts"])
        return name

    def transform(self, name: str, model: str, prefix: str, **changes: Any) -> str:
        source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": self.uri(prefix)}}
        request = {
            "TransformJobName": name,
            "ModelName": model,
            "TransformInput": {"DataSource": source, "ContentType": "text/csv", "SplitType": "Line"},
            "TransformOutput": {"S3OutputPath": self.uri(f"out/{name}"), "AssembleWith": "Line"},
            "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
        }
        return self.sagemaker.create_transform_job(**(request | changes))["TransformJobArn"]

    def unpacked(self, uri: str) -> dict[str, bytes]:
        archive = tarfile.open(fileobj=io.BytesIO(self.get(uri.removeprefix(f"s3://{self.bucket}/"))))
        return {m.name: archive.extractfile(m).read() for m in archive.getmembers() if m.isfile()}  # type: ignore[union-attr]

    def streams(self, group: str, prefix: str) -> list[str]:
        found = self.server.client("logs").describe_log_streams(logGroupName=group, logStreamNamePrefix=prefix)
        return [s["logStreamName"] for s in found["logStreams"]]

    def log(self, group: str, stream_prefix: str) -> list[str]:
        logs = self.server.client("logs")
        lines = []
        for stream in self.streams(group, stream_prefix):
            events = logs.get_log_events(logGroupName=group, logStreamName=stream, startFromHead=True)
            lines += [e["message"] for e in events["events"]]
        return lines
