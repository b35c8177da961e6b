"""The SageMaker Python SDK 3.x as its users write it, unmodified: nothing set but AWS_ENDPOINT_URL, credentials, a bucket."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.sagemaker_sdk import LINE_3, python_of_sdk, run_program
from tests.support.server import Server
from tests.support.training import ROLE, csv, rows

SKLEARN = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}


@pytest.fixture(scope="session")
def sdk() -> Path:
    return python_of_sdk(LINE_3)


@pytest.fixture(scope="module")
def role(server: Server) -> str:
    """This SDK looks whether the role exists, may do what is needed, and trusts SageMaker."""
    name = ROLE.rsplit("/", 1)[1]
    iam = server.client("iam")
    try:
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))
    except iam.exceptions.EntityAlreadyExistsException:
        pass
    return ROLE


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "train.csv").write_bytes(csv(rows(300, 1)))
    (tmp_path / "validation.csv").write_bytes(csv(rows(100, 3)))
    (tmp_path / "unlabelled.csv").write_bytes(csv(rows(50, 9), label=False))
    return tmp_path


def run(sdk: Path, server: Server, name: str, *arguments: str) -> tuple[dict[str, Any], str]:
    return run_program(LINE_3, sdk, server.environment, name, *arguments)


# The driver that the SDK sends along needs an interpreter with pip, and folders that it can write to.
@pytest.mark.parametrize("image", [SKLEARN, "python:3.11"])
def test_a_model_trainer_runs_the_users_code(sdk: Path, server: Server, role: str, data: Path, image: str) -> None:
    result, printed = run(sdk, server, "model_trainer.py", role, image, str(data / "train.csv"))
    assert result["status"] == "Completed"
    assert result["metrics"] == [["loss", 1.0]]
    assert result["checkpoint"] == "half way"
    about = {"rows": 300, "alpha": 0.5, "layers": [1, 2], "six": "1.16.0", "environment": "testing", "helped": "yes"}
    assert result["about"] == about
    assert "loss=1.0;" in printed  # logs were followed
    # Installed before the job's program began, and kept for the next one.
    assert "Requirement already satisfied: six==1.16.0" in printed
    assert "Training Container Execution Completed" in printed


def test_what_a_model_is_is_trained_transformed_and_served(sdk: Path, server: Server, role: str, data: Path) -> None:
    files = [str(data / f"{n}.csv") for n in ("train", "validation", "unlabelled")]
    result, printed = run(sdk, server, "train_and_serve.py", role, *files)
    assert result["status"] == "Completed"
    assert result["metrics"] == ["train:rmse", "validation:rmse"]
    answers = [float(v) for v in result["answers"].split()]
    assert len(answers) == 50
    assert [float(v) for v in result["told"].replace(",", " ").split()] == pytest.approx(answers)
    assert result["transform"] in result["transforms"]
    assert result["name"] in result["endpoints"]
    assert result["left"] == []
    assert "[9]#011train-rmse:" in printed


def test_a_tuner_finds_its_best_training_job(sdk: Path, server: Server, role: str, data: Path) -> None:
    result, _ = run(sdk, server, "tune.py", role, str(data / "train.csv"), str(data / "validation.csv"))
    assert result["status"] == "Completed"
    assert result["best"] == result["told"]
    assert len(result["values"]) == 3


def test_processors_run_the_users_code(sdk: Path, server: Server, role: str, data: Path) -> None:
    result, printed = run(sdk, server, "processing.py", role, SKLEARN, str(data / "train.csv"))
    assert result["script"] == "me 300"
    assert result["framework"] == "you yes 1.16.0"
    assert "counting for me" in printed
    assert "with six 1.16.0" in printed
