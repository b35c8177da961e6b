"""Servers and supervisors killed at every named point of a job's life: nothing runs twice, nothing is lost, what died is
reported as died."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from tests.support.channels import Programs, piped
from tests.support.processing import ProcessingLab
from tests.support.server import Server, wait_until
from tests.support.training import Lab, csv, rows, unique

# What a server passes on its way from a request to the job's end; each commit counts.
SERVER_POINTS = ["api.before_answer", "runner.before_start", "runner.after_start", "job.before_publish", "job.after_publish"]
SERVER_POINTS += [f"store.{when}_commit:{n}" for when in ("before", "after") for n in range(1, 13, 2)]


@pytest.fixture
def lab(fresh_server: Server) -> Iterator[Lab]:
    fresh_server.start()
    made = Lab(fresh_server)
    made.s3.put_bucket_versioning(Bucket=made.bucket, VersioningConfiguration={"Status": "Enabled"})
    yield made


def again(lab: Lab, crash_at: str | None = None) -> None:
    """The server, stopped cleanly and started anew."""
    lab.server.stop()
    lab.server.start(crash_at=crash_at)


def survive(call: Any) -> bool:
    """Calls a server that may die before it answers; whether it answered."""
    try:
        call()
    except (BotoCoreError, ClientError):
        return False
    return True


def after_death(lab: Lab, describe: Any) -> None:
    """Waits until the server died or the job ended without passing the point, and has a server again."""

    def over() -> bool:
        if lab.server.process is None or lab.server.process.poll() is not None:
            return True
        try:
            return next(v for k, v in describe().items() if k.endswith("JobStatus")) != "InProgress"
        except (BotoCoreError, ClientError):
            return False

    wait_until(over, limit_s=120)
    if lab.server.process is not None and lab.server.process.poll() is None:
        lab.server.kill()
    else:
        lab.server.wait_for_death()
    lab.server.start()


def begun(lab: Lab, group: str, name: str) -> int:
    """How often the job's program began, as it says itself."""
    try:
        lines = lab.log(f"/aws/sagemaker/{group}", f"{name}/")
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
        return 0  # no program has printed anything yet
    return sum("XGBoost 1.7.4" in line for line in lines)


def versions(lab: Lab, key: str) -> int:
    return len([v for v in lab.s3.list_object_versions(Bucket=lab.bucket, Prefix=key).get("Versions", []) if v["Key"] == key])


def check_trained_once(lab: Lab, name: str) -> None:
    told = lab.await_training(name)
    assert told["TrainingJobStatus"] == "Completed", told
    assert begun(lab, "TrainingJobs", name) == 1
    assert versions(lab, f"models/{name}/output/model.tar.gz") == 1
    rounds = [line for line in lab.log("/aws/sagemaker/TrainingJobs", f"{name}/") if "#011train-rmse:" in line]
    assert [line.split("]")[0] for line in rounds] == [f"[{i}" for i in range(10)]


@pytest.mark.parametrize("point", SERVER_POINTS)
def test_a_training_job_survives_the_server_at(lab: Lab, point: str) -> None:
    name = unique("job")
    again(lab, crash_at=point)
    told = survive(lambda: lab.train(name))

    def describe_training() -> Any:
        return lab.sagemaker.describe_training_job(TrainingJobName=name)

    after_death(lab, describe_training)
    known = lab.sagemaker.list_training_jobs(NameContains=name)["TrainingJobSummaries"]
    if not known:
        # The server died before the job's row was durable (or before it listened), and nobody was told that it exists.
        assert not told
        lab.train(name)
    check_trained_once(lab, name)


def test_a_supervisor_that_dies_before_its_mark_is_replaced(lab: Lab) -> None:
    name = unique("job")
    again(lab, crash_at="supervisor.before_mark")
    lab.train(name)
    check_trained_once(lab, name)


@pytest.mark.parametrize("point", ["supervisor.before_exec", "supervisor.before_outcome"])
def test_a_supervisor_that_dies_after_its_mark_is_reported(lab: Lab, point: str) -> None:
    name = unique("job")
    again(lab, crash_at=point)
    lab.train(name)
    told = lab.await_training(name)
    assert told["TrainingJobStatus"] == "Failed"
    assert told["FailureReason"].startswith("AlgorithmError: ")
    assert "died" in told["FailureReason"]
    assert begun(lab, "TrainingJobs", name) == (1 if point.endswith("outcome") else 0)
    assert lab.keys(f"models/{name}") == []


def supervisors(lab: Lab) -> list[int]:
    """The supervisors of this server's jobs."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            words = (entry / "cmdline").read_bytes().decode().split("\0")
        except OSError:
            continue
        if "supervise" in words and any(w.startswith(str(lab.server.data)) for w in words):
            found.append(int(entry.name))
    return found


def begin_long_training(lab: Lab, name: str) -> None:
    lab.train(name, HyperParameters={"num_round": "1000000", "max_depth": "6"}, InputDataConfig=[
        {"ChannelName": "train", "ContentType": "text/csv",
         "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": lab.uri("data/train/")}}}])
    wait_until(lambda: begun(lab, "TrainingJobs", name) if lab.sagemaker.describe_training_job(TrainingJobName=name)["SecondaryStatus"] == "Training" else 0)


@pytest.mark.parametrize("how", ["kill", "stop"])
def test_a_running_job_outlives_the_server(lab: Lab, how: str) -> None:
    name = unique("job")
    begin_long_training(lab, name)
    keepers = supervisors(lab)
    assert len(keepers) == 1
    getattr(lab.server, how)()
    time.sleep(0.2)
    assert supervisors(lab) == keepers
    lab.server.start()
    assert lab.sagemaker.describe_training_job(TrainingJobName=name)["TrainingJobStatus"] == "InProgress"
    assert supervisors(lab) == keepers
    lab.sagemaker.stop_training_job(TrainingJobName=name)
    assert lab.await_training(name)["TrainingJobStatus"] == "Stopped"
    assert begun(lab, "TrainingJobs", name) == 1


def test_a_stop_is_not_lost_with_the_server(lab: Lab) -> None:
    name = unique("job")
    begin_long_training(lab, name)
    lab.sagemaker.stop_training_job(TrainingJobName=name)
    lab.server.kill()
    lab.server.start()
    assert lab.await_training(name)["TrainingJobStatus"] == "Stopped"


def test_a_killed_supervisor_fails_its_job_alone(lab: Lab) -> None:
    name, other = unique("job"), unique("other")
    begin_long_training(lab, name)
    os.kill(supervisors(lab)[0], signal.SIGKILL)
    lab.train(other)
    told = lab.await_training(name)
    assert told["TrainingJobStatus"] == "Failed"
    assert "died" in told["FailureReason"]
    check_trained_once(lab, other)


TRANSFORM_POINTS = ["runner.before_start", "runner.after_start", "job.before_publish", "job.before_publish:2", "job.after_publish",
                    "job.after_publish:3", "store.before_commit:5", "store.after_commit:5", "store.after_commit:8"]


@pytest.mark.parametrize("point", TRANSFORM_POINTS)
def test_a_transform_survives_the_server_at(lab: Lab, point: str) -> None:
    model, name = lab.trained_model(), unique("transform")
    for i in range(3):
        lab.put(f"in/p{i}.csv", csv(rows(100, i), label=False))
    again(lab, crash_at=point)
    answered = survive(lambda: lab.transform(name, model, "in/"))

    def describe_transform() -> Any:
        return lab.sagemaker.describe_transform_job(TransformJobName=name)

    after_death(lab, describe_transform)
    if not lab.sagemaker.list_transform_jobs(NameContains=name)["TransformJobSummaries"]:
        assert not answered
        lab.transform(name, model, "in/")
    told = lab.await_transform(name)
    assert told["TransformJobStatus"] == "Completed", told
    assert begun(lab, "TransformJobs", name) == 1
    for i in range(3):
        assert lab.get(f"out/{name}/p{i}.csv.out").count(b"\n") == 100
        assert versions(lab, f"out/{name}/p{i}.csv.out") == 1


def test_a_model_server_that_dies_fails_its_transform(lab: Lab) -> None:
    model, name = lab.trained_model(), unique("transform")
    lab.put("in/p.csv", csv(rows(100, 1), label=False))
    again(lab, crash_at="supervisor.before_exec")
    lab.transform(name, model, "in/")
    told = lab.await_transform(name)
    assert told["TransformJobStatus"] == "Failed"
    assert "died" in told["FailureReason"]
    assert lab.keys(f"out/{name}/") == []


@pytest.fixture
def processing_lab(fresh_server: Server) -> Iterator[ProcessingLab]:
    fresh_server.start()
    made = ProcessingLab(fresh_server)
    made.s3.put_bucket_versioning(Bucket=made.bucket, VersioningConfiguration={"Status": "Enabled"})
    yield made


# It leaves three files, and would leave a fourth if it ran in a folder where it ran before.
PROGRAM = """
import pathlib
out = pathlib.Path("/opt/ml/processing/output")
for name in ("a", "b", "c", *(["again"] if (out / "a").exists() else [])):
    (out / name).write_text(name)
print("begun")
"""

PROCESSING_POINTS = ["api.before_answer", "runner.before_start", "runner.after_start", "job.before_publish", "job.before_publish:3",
                     "job.after_publish", "job.after_publish:3", *(f"store.{when}_commit:{n}" for when in ("before", "after") for n in range(1, 11, 3))]


@pytest.mark.parametrize("point", PROCESSING_POINTS)
def test_a_processing_job_survives_the_server_at(processing_lab: ProcessingLab, point: str) -> None:
    lab, name = processing_lab, unique("process")
    request = lab.request(name, PROGRAM)
    again(lab, crash_at=point)
    answered = survive(lambda: lab.sagemaker.create_processing_job(**request))

    def describe_processing() -> Any:
        return lab.sagemaker.describe_processing_job(ProcessingJobName=name)

    after_death(lab, describe_processing)
    if not lab.sagemaker.list_processing_jobs(NameContains=name)["ProcessingJobSummaries"]:
        assert not answered
        lab.sagemaker.create_processing_job(**request)
    told = lab.await_processing(name)
    assert told["ProcessingJobStatus"] == "Completed", told
    assert lab.printed(name) == ["begun"]
    assert lab.keys(f"{name}/out/") == [f"{name}/out/{key}" for key in "abc"]
    assert [versions(lab, f"{name}/out/{key}") for key in "abc"] == [1, 1, 1]


@pytest.mark.parametrize("point", ["supervisor.before_exec", "supervisor.before_outcome"])
def test_a_processing_program_that_dies_with_its_supervisor_is_reported(processing_lab: ProcessingLab, point: str) -> None:
    lab, name = processing_lab, unique("process")
    request = lab.request(name, PROGRAM)
    again(lab, crash_at=point)
    lab.sagemaker.create_processing_job(**request)
    told = lab.await_processing(name)
    assert told["ProcessingJobStatus"] == "Failed"
    assert "died" in told["FailureReason"]
    assert lab.keys(f"{name}/out/") == []


# It dawdles in its first epoch, in which server or supervisor are killed, and opens another channel only after it.
PIPED = """
with open(data / "train_0", "rb", buffering=0) as pipe:
    first = pipe.read(1)
    print("reading", flush=True)
    time.sleep(2)
    rest = pipe.readall()
(model / "epochs").write_text(f"{len(first + rest)} {len((data / 'train_1').read_bytes())} {len((data / 'other_0').read_bytes())}")
"""


def begin_piped(lab: Lab, folder: Path) -> str:
    programs = Programs(lab, folder)
    for i in range(4):
        lab.put(f"piped/{i}", bytes(2 << 20))
    name = programs.begin(PIPED, [piped(channel, lab.uri("piped/")) for channel in ("train", "other")])

    def reads() -> bool:
        try:
            return "reading" in lab.log("/aws/sagemaker/TrainingJobs", f"{name}/")
        except ClientError:
            return False

    wait_until(reads)
    return name


def test_a_pipe_outlives_the_server(lab: Lab, tmp_path: Path) -> None:
    name = begin_piped(lab, tmp_path)
    keepers = supervisors(lab)
    lab.server.kill()
    assert supervisors(lab) == keepers and len(keepers) == 1
    lab.server.start()
    told = lab.await_training(name)
    assert told["TrainingJobStatus"] == "Completed", told["FailureReason"]
    size = 4 * (2 << 20)
    assert lab.unpacked(told["ModelArtifacts"]["S3ModelArtifacts"])["epochs"] == f"{size} {size} {size}".encode()


def test_a_supervisor_that_dies_takes_its_pipes_along(lab: Lab, tmp_path: Path) -> None:
    name = begin_piped(lab, tmp_path)
    os.kill(supervisors(lab)[0], signal.SIGKILL)
    told = lab.await_training(name)
    assert told["TrainingJobStatus"] == "Failed" and "died" in told["FailureReason"]
    assert supervisors(lab) == []
    wait_until(lambda: not list((lab.server.data / "jobs").glob("*/*")))


def test_channels_are_placed_again_after_the_server_died(lab: Lab, tmp_path: Path) -> None:
    """Killed before each commit on the way: nothing of an earlier try's pipes is in the way of the next."""
    programs = Programs(lab, tmp_path)
    lab.put("piped/a", b"once")
    code = '(model / "read").write_bytes((data / "train_0").read_bytes() + (data / "train_1").read_bytes())'
    for point in ("store.before_commit:3", "store.before_commit:5", "runner.before_start", "runner.after_start"):
        again(lab, crash_at=point)
        began: list[str] = []
        if not survive(lambda: began.append(programs.begin(code, [piped("train", lab.uri("piped/"))]))):
            lab.server.wait_for_death()
            lab.server.start()
            continue  # nobody was told of a job
        after_death(lab, lambda: lab.sagemaker.describe_training_job(TrainingJobName=began[0]))
        told = lab.await_training(began[0])
        assert told["TrainingJobStatus"] == "Completed", (point, told["FailureReason"])
        assert lab.unpacked(told["ModelArtifacts"]["S3ModelArtifacts"])["read"] == b"onceonce"


@pytest.mark.parametrize("point", ["job.before_publish", "job.after_publish", "job.after_publish:2"])
def test_checkpoints_are_stored_once_although_the_server_died(lab: Lab, tmp_path: Path, point: str) -> None:
    programs = Programs(lab, tmp_path)
    lab.put("kept/old", b"old")
    again(lab, crash_at=point)
    code = """
for n in range(3):
    pathlib.Path(f"/opt/ml/checkpoints/{n}").write_text(str(n))
time.sleep(600)
"""
    name = programs.begin(code, [], CheckpointConfig={"S3Uri": lab.uri("kept")})
    lab.server.wait_for_death()
    lab.server.start()
    wait_until(lambda: len(lab.keys("kept/")) == 4)
    lab.sagemaker.stop_training_job(TrainingJobName=name)
    assert lab.await_training(name)["TrainingJobStatus"] == "Stopped"
    assert {key: versions(lab, key) for key in lab.keys("kept/")} == {f"kept/{n}": 1 for n in (0, 1, 2, "old")}
