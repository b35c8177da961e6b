"""The server killed at named points of a tuning job's life: the same training jobs are tried as when it is left alone, each
once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from tests.support.server import Server, wait_until
from tests.support.training import unique
from tests.support.tuning import TuningLab

JOBS = 7  # more than a Bayesian search spreads before it looks at what it saw
POINTS = ["api.before_answer", "tuning.before_step:1", "tuning.after_step:1", "tuning.before_step:3", "tuning.after_step:7"]
POINTS += ["runner.before_start:2", "job.before_publish:2", "job.after_publish:3"]
POINTS += [f"store.{when}_commit:{n}" for when in ("before", "after") for n in (1, 2, 9, 20)]


@pytest.fixture(scope="module")
def undisturbed() -> list[dict[str, str]]:
    with Server() as server:
        server.start()
        lab = TuningLab(server)
        name = unique("tune")
        begin(lab, name)
        assert lab.await_tuning(name)["HyperParameterTuningJobStatus"] == "Completed"
        return [t["TunedHyperParameters"] for t in lab.tries(name)]


def begin(lab: TuningLab, name: str) -> None:
    lab.tune(name, lab.config(JOBS, 1, Strategy="Bayesian"))


def is_over(lab: TuningLab, name: str) -> bool:
    """The server died, or the tuning job ended without passing the point."""
    if lab.server.process is None or lab.server.process.poll() is not None:
        return True
    try:
        return lab.told(name)["HyperParameterTuningJobStatus"] != "InProgress"
    except (BotoCoreError, ClientError):
        return False


@pytest.mark.parametrize("point", POINTS)
def test_a_tuning_job_survives_the_server_at(fresh_server: Server, undisturbed: list[dict[str, str]], point: str) -> None:
    fresh_server.start()
    lab = TuningLab(fresh_server)
    name = unique("tune")
    fresh_server.stop()
    fresh_server.start(crash_at=point)
    answered = True
    try:
        begin(lab, name)
    except (BotoCoreError, ClientError):
        answered = False
    wait_until(lambda: is_over(lab, name), limit_s=120)
    assert fresh_server.wait_for_death(), "the point was not passed"
    fresh_server.start()
    if not lab.sagemaker.list_hyper_parameter_tuning_jobs(NameContains=name)["HyperParameterTuningJobSummaries"]:
        assert not answered  # died before it was durable, and nobody was told that it exists
        begin(lab, name)
    told = lab.await_tuning(name)
    assert told["HyperParameterTuningJobStatus"] == "Completed", told
    assert [t["TunedHyperParameters"] for t in lab.tries(name)] == undisturbed
    known: list[Any] = lab.sagemaker.list_training_jobs(NameContains=name, MaxResults=100)["TrainingJobSummaries"]
    assert sorted(j["TrainingJobName"] for j in known) == [t["TrainingJobName"] for t in lab.tries(name)]
