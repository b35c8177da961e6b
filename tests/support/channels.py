"""Training jobs whose program is a piece of Python that a test writes down."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from tests.support.server import BINARY
from tests.support.training import Lab, channel, unique

# What it has to tell goes into the model's archive.
PROGRAM = """#!/usr/bin/python3
import json, os, pathlib, sys, time
data, model = pathlib.Path("/opt/ml/input/data"), pathlib.Path("/opt/ml/model")
exec(json.loads(json.load(open("/opt/ml/input/config/hyperparameters.json"))["code"]))
"""


def piped(name: str, uri: str, kind: str = "S3Prefix", **more: Any) -> dict[str, Any]:
    """A channel in Pipe mode; `attributes` are those of an augmented manifest."""
    source: dict[str, Any] = {"S3DataType": kind, "S3Uri": uri}
    if "attributes" in more:
        source["AttributeNames"] = more.pop("attributes")
    return {"ChannelName": name, "InputMode": "Pipe", "DataSource": {"S3DataSource": source}} | more


class Programs:
    def __init__(self, lab: Lab, folder: Path) -> None:
        self.lab = lab
        self.image = unique("reads")
        (folder / "train").write_text(PROGRAM)
        (folder / "train").chmod(0o755)
        subprocess.run([str(BINARY), "image", "add", "--data-dir", str(lab.server.data), self.image, "--program", str(folder)],
                       check=True, capture_output=True)  # fmt: skip

    def begin(self, code: str, channels: list[dict[str, Any]], mode: str = "File", **more: Any) -> str:
        """The job's name."""
        name = unique("channels")
        channels = channels or [channel("unread", self.lab.uri("data/train/"))]  # a job has one at least
        self.lab.train(name, AlgorithmSpecification={"TrainingImage": self.image, "TrainingInputMode": mode},
                       HyperParameters={"code": json.dumps(code)}, InputDataConfig=channels, **more)  # fmt: skip
        return name

    def run(self, code: str, channels: list[dict[str, Any]], mode: str = "File", **more: Any) -> dict[str, bytes]:
        """What it left in its model's folder."""
        told = self.lab.await_training(self.begin(code, channels, mode, **more))
        assert told["TrainingJobStatus"] == "Completed", told["FailureReason"]
        return self.lab.unpacked(told["ModelArtifacts"]["S3ModelArtifacts"])

    def fail(self, code: str, channels: list[dict[str, Any]], **more: Any) -> str:
        told = self.lab.await_training(self.begin(code, channels, **more))
        assert told["TrainingJobStatus"] == "Failed", told
        return str(told["FailureReason"])
