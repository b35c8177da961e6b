"""Images of the user's own: programs of this machine that stand for an image's URI."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.server import BINARY, Server
from tests.support.training import ROLE, Lab, unique

TRAIN = """#!/bin/sh
set -e
echo "called with $*"
cp /opt/ml/input/config/hyperparameters.json /opt/ml/model/told.json
pwd > /opt/ml/model/folder
cat words > /opt/ml/model/words
"""

PYTHON = """
import json, sys, pathlib
import six
assert sys.argv[1:] == ["train"], sys.argv
pathlib.Path("/opt/ml/model/six").write_text(six.__version__)
"""


# A server as people write it for a container: it listens on port 8080 and knows nothing of mdlc.
SERVE = """
import http.server, pathlib, socketserver, sys
assert sys.argv[1:] == ["serve"], sys.argv
word = pathlib.Path("words").read_text().strip()
class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    pass
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def answer(self, body):
        self.send_response(200)
        self.send_header("Content-Type", "text/csv")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def do_GET(self):
        self.answer(b"") if self.path == "/ping" else self.send_error(404)
    def do_POST(self):
        rows = self.rfile.read(int(self.headers["Content-Length"])).decode().splitlines()
        self.answer("".join(f"{word} {row}\\n" for row in rows).encode())
    def log_message(self, *_):
        pass
Server(("0.0.0.0", 8080), Handler).serve_forever()
"""


@pytest.fixture(scope="module")
def lab(server: Server) -> Iterator[Lab]:
    yield Lab(server)


def image(server: Server, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(BINARY), "image", arguments[0], "--data-dir", str(server.data), *arguments[1:]]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def add(server: Server, *arguments: str) -> str:
    done = image(server, "add", *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def program(folder: Path) -> Path:
    (folder / "train").write_text(TRAIN)
    (folder / "train").chmod(0o755)
    (folder / "words").write_text("first\n")
    return folder


def train(lab: Lab, uri: str, **changes: Any) -> dict[str, Any]:
    name = unique("own")
    lab.train(name, AlgorithmSpecification={"TrainingImage": uri, "TrainingInputMode": "File"},
              HyperParameters={"depth": "3"}, **changes)  # fmt: skip
    return lab.await_training(name)


def test_a_folder_runs_for_the_images_uri(lab: Lab, tmp_path: Path) -> None:
    uri = f"{unique('mine')}:1"
    assert add(lab.server, uri, "--program", str(program(tmp_path))) == f"{uri}: trains with train\n"
    assert uri in image(lab.server, "list").stdout
    told = train(lab, uri)
    assert told["TrainingJobStatus"] == "Completed", told.get("FailureReason")
    model = lab.unpacked(told["ModelArtifacts"]["S3ModelArtifacts"])
    assert json.loads(model["told.json"]) == {"depth": "3"}
    assert model["folder"] == b"/opt/program\n" and model["words"] == b"first\n"
    assert "called with train" in lab.log("/aws/sagemaker/TrainingJobs", told["TrainingJobName"])


def test_what_is_added_again_is_replaced_and_what_is_removed_is_unknown(lab: Lab, tmp_path: Path) -> None:
    uri = unique("again")
    add(lab.server, uri, "--program", str(program(tmp_path)))
    (tmp_path / "words").write_text("second\n")
    before = lab.unpacked(train(lab, uri)["ModelArtifacts"]["S3ModelArtifacts"])
    add(lab.server, uri, "--program", str(tmp_path))
    after = lab.unpacked(train(lab, uri + ":latest")["ModelArtifacts"]["S3ModelArtifacts"])
    assert (before["words"], after["words"]) == (b"first\n", b"second\n")
    assert image(lab.server, "remove", uri).returncode == 0
    told = train(lab, uri)
    assert told["TrainingJobStatus"] == "Failed"
    assert f"mdlc image add {uri} --program SCRIPT_OR_FOLDER" in told["FailureReason"]
    again = image(lab.server, "remove", uri)
    assert again.returncode == 1 and again.stderr == f"There is no image {uri}:latest; mdlc image list shows those there are\n"


def test_a_python_script_finds_its_packages(lab: Lab, tmp_path: Path) -> None:
    (tmp_path / "fit.py").write_text(PYTHON)
    (tmp_path / "packages.txt").write_text("six==1.16.0\n")
    uri = unique("python")
    add(lab.server, uri, "--program", str(tmp_path / "fit.py"), "--requirements", str(tmp_path / "packages.txt"))
    told = train(lab, uri)
    assert told["TrainingJobStatus"] == "Completed", told.get("FailureReason")
    assert lab.unpacked(told["ModelArtifacts"]["S3ModelArtifacts"])["six"] == b"1.16.0"


def test_an_image_that_does_not_train_says_so(lab: Lab, tmp_path: Path) -> None:
    (tmp_path / "serve.py").write_text("pass\n")
    uri = unique("server")
    assert add(lab.server, uri, "--program", str(tmp_path)).endswith("serves with serve.py\n")
    told = train(lab, uri)
    assert told["TrainingJobStatus"] == "Failed" and "trains nothing here" in told["FailureReason"]


def test_what_cannot_be_added_is_told(lab: Lab, tmp_path: Path) -> None:
    (tmp_path / "readme").write_text("nothing\n")
    done = image(lab.server, "add", "x", "--program", str(tmp_path))
    assert done.returncode == 1 and "has none of train, train.py, serve and serve.py" in done.stderr


def serving(lab: Lab, folder: Path, word: str) -> str:
    """A model whose image serves, each of its rows after the word."""
    folder.mkdir()
    (folder / "serve.py").write_text(SERVE)
    (folder / "words").write_text(word + "\n")
    uri = unique(word)
    add(lab.server, uri, "--program", str(folder))
    lab.sagemaker.create_model(ModelName=uri, PrimaryContainer={"Image": uri}, ExecutionRoleArn=ROLE)
    return uri


def test_servers_on_the_same_port_run_side_by_side(lab: Lab, tmp_path: Path) -> None:
    names = [serving(lab, tmp_path / word, word) for word in ("red", "blue")]
    for name in names:
        variant = {"VariantName": "all", "ModelName": name, "InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}
        lab.sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
        lab.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
    for name in names:
        lab.sagemaker.get_waiter("endpoint_in_service").wait(EndpointName=name, WaiterConfig={"Delay": 1})
    # What runs is not what the table says by now.
    assert image(lab.server, "remove", names[0]).returncode == 0
    lab.put(f"{names[1]}/rows.csv", b"1\n2\n3\n")
    job = unique("rows")
    plain = {"S3OutputPath": lab.uri(f"out/{job}"), "AssembleWith": "None"}
    lab.transform(job, names[1], f"{names[1]}/", TransformOutput=plain)
    runtime = lab.server.client("sagemaker-runtime")
    for name, word in zip(names, ("red", "blue"), strict=True):
        said = runtime.invoke_endpoint(EndpointName=name, ContentType="text/csv", Body=b"7\n8\n")
        assert said["Body"].read().decode() == f"{word} 7\n{word} 8\n"
    told = lab.await_transform(job)
    assert told["TransformJobStatus"] == "Completed", told.get("FailureReason")
    assert lab.get(f"out/{job}/rows.csv.out") == b"blue 1\nblue 2\nblue 3\n"
    for name in names:
        lab.sagemaker.delete_endpoint(EndpointName=name)


def test_an_image_that_does_not_serve_says_so(lab: Lab, tmp_path: Path) -> None:
    uri = unique("trainer")
    add(lab.server, uri, "--program", str(program(tmp_path)))
    lab.sagemaker.create_model(ModelName=uri, PrimaryContainer={"Image": uri}, ExecutionRoleArn=ROLE)
    lab.put(f"{uri}/rows.csv", b"1\n")
    job = unique("none")
    lab.transform(job, uri, f"{uri}/")
    told = lab.await_transform(job)
    assert told["TransformJobStatus"] == "Failed"
    assert "mdlc image add --serve names one" in told["FailureReason"]
