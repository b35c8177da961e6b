"""The SageMaker Python SDK 2.x as its users write it, unmodified, with nothing set but AWS_ENDPOINT_URL and credentials."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.sagemaker_sdk import LINE_2, python_of_sdk, run_program
from tests.support.server import Server
from tests.support.training import ROLE, csv, rows


@pytest.fixture(scope="session")
def sdk() -> Path:
    return python_of_sdk(LINE_2)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "train.csv").write_bytes(csv(rows(300, 1)))
    (tmp_path / "validation.csv").write_bytes(csv(rows(100, 3)))
    (tmp_path / "unlabelled.csv").write_bytes(csv(rows(50, 9), label=False))
    return tmp_path


def run(sdk: Path, server: Server, name: str, *arguments: str) -> tuple[dict[str, Any], str]:
    return run_program(LINE_2, sdk, server.environment, name, ROLE, *arguments)


def test_an_estimator_is_fitted_and_transforms(sdk: Path, server: Server, data: Path) -> None:
    files = [str(data / f"{n}.csv") for n in ("train", "validation", "unlabelled")]
    result, printed = run(sdk, server, "train_and_transform.py", *files)
    assert result["model"].endswith("/output/model.tar.gz")
    assert {m["MetricName"] for m in result["metrics"]} == {"train:rmse", "validation:rmse"}
    assert len([float(v) for v in result["answers"].split()]) == 50
    # Logs were followed to their end.
    assert "[9]#011train-rmse:" in printed
    assert "Training job completed" in printed


def test_a_script_is_fitted_and_processes(sdk: Path, server: Server, data: Path) -> None:
    result, printed = run(sdk, server, "script_mode.py", str(data / "train.csv"))
    assert [(m["MetricName"], m["Value"]) for m in result["metrics"]] == [("loss", 1.0)]
    assert result["counted"] == "me 300"
    assert "loss=1.0;" in printed
    assert "counting for me" in printed


def test_a_tuner_finds_its_best_training_job(sdk: Path, server: Server, data: Path) -> None:
    result, _ = run(sdk, server, "tune.py", str(data / "train.csv"), str(data / "validation.csv"))
    assert result["status"] == "Completed"
    assert result["best"] == result["told"] == result["attached"]
    assert len(result["values"]) == 3
    assert result["best"] in result["model"]


def test_its_classes_for_sagemakers_own_algorithms(sdk: Path, server: Server) -> None:
    result, _ = run(sdk, server, "own_algorithms.py")
    assert result["scores"] == pytest.approx(result["labels"], abs=0.01)
    one, two, three, four = result["clusters"]
    assert one == two != three == four
