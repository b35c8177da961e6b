"""Processing jobs through boto3: scripts over data, really run."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.support.processing import ENTRYPOINT, SCIKIT, ProcessingLab
from tests.support.server import Server, wait_until
from tests.support.training import ACCOUNT, ROLE, unique


@pytest.fixture(scope="module")
def lab(server: Server) -> Iterator[ProcessingLab]:
    yield ProcessingLab(server)


def refused(call: Any, **arguments: Any) -> dict[str, Any]:
    with pytest.raises(ClientError) as failure:
        call(**arguments)
    return failure.value.response["Error"]


COUNT = """
import pathlib, sys
root = pathlib.Path("/opt/ml/processing")
names = sorted(str(f.relative_to(root / "input/data")) for f in (root / "input/data").rglob("*") if f.is_file())
lines = sum(len((root / "input/data" / n).read_text().splitlines()) for n in names)
(root / "output/counts").mkdir()
(root / "output/counts/lines.txt").write_text(f"{lines} {' '.join(sys.argv[1:])}")
(root / "output/names.txt").write_text("\\n".join(names))
print("counted", lines)
"""


def test_a_processing_job_from_request_to_outputs(lab: ProcessingLab) -> None:
    name = unique("Count")
    lab.put(f"{name}/data/a.csv", b"1\n2\n")
    lab.put(f"{name}/data/deep/b.csv", b"3\n")
    arn = lab.process(name, COUNT, inputs={"data": f"{name}/data/"}, arguments=["--by", "lines"],
                      Tags=[{"Key": "team", "Value": "one"}], Environment={"A": "b"})
    assert arn == f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:processing-job/{name.lower()}"
    lab.sagemaker.get_waiter("processing_job_completed_or_stopped").wait(ProcessingJobName=name)
    told = lab.sagemaker.describe_processing_job(ProcessingJobName=name)
    assert told["ProcessingJobStatus"] == "Completed", told
    assert told["CreationTime"] <= told["ProcessingStartTime"] <= told["ProcessingEndTime"] <= told["LastModifiedTime"]
    assert told["RoleArn"] == ROLE and told["Environment"] == {"A": "b"}
    assert told["AppSpecification"]["ContainerArguments"] == ["--by", "lines"]
    assert told["ProcessingInputs"][0]["S3Input"]["S3DataDistributionType"] == "FullyReplicated"
    assert "FailureReason" not in told and "ExitMessage" not in told
    assert lab.keys(f"{name}/out/") == [f"{name}/out/counts/lines.txt", f"{name}/out/names.txt"]
    assert lab.get(f"{name}/out/counts/lines.txt") == b"3 --by lines"
    assert lab.get(f"{name}/out/names.txt") == b"a.csv\ndeep/b.csv"
    assert lab.printed(name) == ["counted 3"]
    assert lab.sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "team", "Value": "one"}]


def test_the_program_finds_its_configuration_and_its_role(lab: ProcessingLab) -> None:
    name = unique("config")
    script = """
import json, os, boto3
job = json.load(open("/opt/ml/config/processingjobconfig.json"))
told = {"job": job, "resources": json.load(open("/opt/ml/config/resourceconfig.json")), "own": os.environ["OWN"],
        "who": boto3.client("sts").get_caller_identity()["Arn"], "region": os.environ["AWS_REGION"]}
json.dump(told, open("/opt/ml/processing/output/told.json", "w"))
open("/opt/ml/output/message", "w").write("four rows, grüße")
"""
    lab.process(name, script, Environment={"OWN": "set"})
    done = lab.await_processing(name)
    assert done["ProcessingJobStatus"] == "Completed", done
    assert done["ExitMessage"] == "four rows, grüße"
    told = json.loads(lab.get(f"{name}/out/told.json"))
    assert told["resources"] == {"current_host": "algo-1", "hosts": ["algo-1"]}
    assert told["job"]["ProcessingJobName"] == name
    assert told["job"]["ProcessingJobArn"] == done["ProcessingJobArn"]
    assert told["job"]["AppSpecification"]["ContainerEntrypoint"] == ENTRYPOINT
    assert (told["own"], told["region"]) == ("set", "us-east-1")
    assert told["who"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/trainer/SageMaker"


def test_manifests_and_gzip_and_several_inputs(lab: ProcessingLab) -> None:
    name = unique("several")
    for key in ("one", "two"):
        lab.put(f"{name}/plain/{key}.txt", key.encode())
    lab.put(f"{name}/manifest.json", json.dumps([{"prefix": lab.uri(f"{name}/plain/")}, "two.txt"]).encode())
    lab.put(f"{name}/packed/x.txt.gz", gzip.compress(b"packed"))
    script = """
import pathlib
root = pathlib.Path("/opt/ml/processing/input")
found = {str(f.relative_to(root)): f.read_text() for f in root.rglob("*") if f.is_file() and "code" not in f.parts}
pathlib.Path("/opt/ml/processing/output/found.txt").write_text(repr(sorted(found.items())))
"""
    extra = [lab.input("some", f"{name}/manifest.json", S3DataType="ManifestFile"),
             lab.input("packed", f"{name}/packed/", S3CompressionType="Gzip")]
    lab.process(name, script, extra_inputs=extra)
    assert lab.await_processing(name)["ProcessingJobStatus"] == "Completed"
    assert lab.get(f"{name}/out/found.txt").decode() == "[('packed/x.txt', 'packed'), ('some/two.txt', 'two')]"


def test_a_program_cannot_change_what_it_was_given(lab: ProcessingLab) -> None:
    name = unique("change")
    lab.put(f"{name}/data/a.csv", b"kept")
    script = """
import os
for way in (lambda: open("/opt/ml/processing/input/data/a.csv", "w"), lambda: os.chmod("/opt/ml/processing/input/data/a.csv", 0o666),
            lambda: os.remove("/opt/ml/processing/input/data/a.csv")):
    try:
        way()
    except OSError as error:
        print("refused", type(error).__name__)
os.symlink("/etc/passwd", "/opt/ml/processing/output/link")
os.symlink("/opt/ml/config", "/opt/ml/processing/output/folder")
"""
    lab.process(name, script, inputs={"data": f"{name}/data/"})
    assert lab.await_processing(name)["ProcessingJobStatus"] == "Completed"
    assert lab.get(f"{name}/data/a.csv") == b"kept"
    assert [line.split()[0] for line in lab.printed(name)] == ["refused"] * 3
    assert lab.keys(f"{name}/out/") == []


def test_an_input_inside_an_output_stays_as_it_is(lab: ProcessingLab) -> None:
    name = unique("inside")
    lab.put(f"{name}/data/a.csv", b"kept")
    script = """
import os, pathlib
for way in (lambda: open("/opt/ml/processing/output/given/a.csv", "w"), lambda: os.chmod("/opt/ml/processing/output/given/a.csv", 0o666),
            lambda: os.rename("/opt/ml/processing/output/given", "/opt/ml/processing/output/moved")):
    try:
        way()
    except OSError:
        print("refused")
pathlib.Path("/opt/ml/processing/output/own").write_text("own")
"""
    lab.process(name, script, extra_inputs=[lab.input("given", f"{name}/data/", LocalPath="/opt/ml/processing/output/given")])
    told = lab.await_processing(name)
    assert told["ProcessingJobStatus"] == "Completed", told
    assert lab.printed(name) == ["refused"] * 3
    assert lab.get(f"{name}/data/a.csv") == b"kept"
    assert lab.get(f"{name}/out/own") == b"own"


@pytest.mark.parametrize(
    ("script", "reason", "message"),
    [
        ("import sys; sys.exit(3)", "AlgorithmError: , exit code: 3", None),
        ("open('/opt/ml/output/message', 'w').write('no labels'); raise SystemExit(1)", "AlgorithmError: no labels, exit code: 1", "no labels"),
        ("import os; os.kill(os.getpid(), 9)", "AlgorithmError: killed by signal 9", None),
        ("open('/opt/ml/output/message', 'wb').write(bytes([255]))",
         "AlgorithmError: The exit message in /opt/ml/output/message is not valid UTF-8", None),
    ],
)
def test_a_program_that_fails_fails_its_job(lab: ProcessingLab, script: str, reason: str, message: str | None) -> None:
    name = unique("fail")
    lab.process(name, "open('/opt/ml/processing/output/half', 'w').write('x')\n" + script)
    told = lab.await_processing(name)
    assert (told["ProcessingJobStatus"], told["FailureReason"], told.get("ExitMessage")) == ("Failed", reason, message)
    assert lab.keys(f"{name}/out/") == []


@pytest.mark.parametrize(("written", "told"), [(1024, "x" * 1024), (1025, "x" * 1024)])
def test_the_exit_messages_bound(lab: ProcessingLab, written: int, told: str) -> None:
    name = unique("bound")
    lab.process(name, f"open('/opt/ml/output/message', 'w').write('x' * {written})")
    assert lab.await_processing(name)["ExitMessage"] == told


def test_a_character_that_the_bound_cuts_is_left_out(lab: ProcessingLab) -> None:
    name = unique("cut")
    lab.process(name, "open('/opt/ml/output/message', 'w', encoding='utf-8').write('x' * 1023 + 'ü')")
    told = lab.await_processing(name)
    assert (told["ProcessingJobStatus"], told["ExitMessage"]) == ("Completed", "x" * 1023)


LONG = """
import pathlib, time
pathlib.Path("/opt/ml/processing/output/begun").write_text("x")
print("begun", flush=True)
time.sleep(600)
"""


def running(lab: ProcessingLab, name: str) -> bool:
    try:
        return "begun" in lab.log("/aws/sagemaker/ProcessingJobs", f"{name}/")
    except ClientError:
        return False


@pytest.mark.parametrize(("mode", "kept"), [("EndOfJob", []), ("Continuous", ["begun"])])
def test_a_job_is_stopped(lab: ProcessingLab, mode: str, kept: list[str]) -> None:
    name = unique("stop")
    lab.process(name, LONG, mode=mode)
    wait_until(lambda: running(lab, name), limit_s=60)
    lab.sagemaker.stop_processing_job(ProcessingJobName=name)
    assert lab.await_processing(name)["ProcessingJobStatus"] == "Stopped"
    assert lab.keys(f"{name}/out/") == [f"{name}/out/{k}" for k in kept]
    error = refused(lab.sagemaker.stop_processing_job, ProcessingJobName=name)
    assert error["Message"] == "The request was rejected because the processing job is in status Stopped."


def test_a_job_that_runs_too_long_is_stopped(lab: ProcessingLab) -> None:
    name = unique("long")
    lab.process(name, LONG, StoppingCondition={"MaxRuntimeInSeconds": 1})
    assert lab.await_processing(name)["ProcessingJobStatus"] == "Stopped"


def test_an_isolated_program_has_no_network(lab: ProcessingLab) -> None:
    name = unique("alone")
    script = """
import os, socket
assert "AWS_ACCESS_KEY_ID" not in os.environ
try:
    socket.create_connection(("127.0.0.1", PORT), 2)
except OSError:
    raise SystemExit(0)
raise SystemExit("there is a network")
""".replace("PORT", lab.server.endpoint.rsplit(":", 1)[1])
    lab.process(name, script, NetworkConfig={"EnableNetworkIsolation": True})
    told = lab.await_processing(name)
    assert told["ProcessingJobStatus"] == "Completed", told


def test_an_image_without_an_entry_point_fails_and_says_what_to_do(lab: ProcessingLab) -> None:
    name = unique("image")
    lab.process(name, "", AppSpecification={"ImageUri": SCIKIT})
    told = lab.await_processing(name)
    assert told["ProcessingJobStatus"] == "Failed"
    assert told["FailureReason"].startswith(f"ClientError: Cannot run image {SCIKIT}: ")
    assert "ContainerEntrypoint" in told["FailureReason"]


def test_no_input_fails_the_job(lab: ProcessingLab) -> None:
    name = unique("noinput")
    lab.process(name, "", inputs={"data": f"{name}/nothing/"})
    assert lab.await_processing(name)["FailureReason"].startswith("ClientError: No S3 objects found under S3 URL ")


def test_an_output_that_cannot_be_written_fails_the_job(lab: ProcessingLab) -> None:
    name = unique("nobucket")
    lab.process(name, "open('/opt/ml/processing/output/a', 'w').write('x')", out_uri=f"s3://{unique('no-bucket')}/out")
    told = lab.await_processing(name)
    assert told["ProcessingJobStatus"] == "Failed"
    assert told["FailureReason"].startswith("ClientError: Failed to upload s3://no-bucket-")


def test_requests_are_checked_in_sagemakers_words(lab: ProcessingLab) -> None:
    name = unique("taken")
    arn = lab.process(name, "")
    lab.await_processing(name)
    assert refused(lab.process, name=name, script="") == {
        "Code": "ResourceInUse",
        "Message": f"Job name must be unique within an AWS account and region, and a job with this name already exists ({arn})",
    }
    for call in (lab.sagemaker.describe_processing_job, lab.sagemaker.stop_processing_job):
        assert refused(call, ProcessingJobName="not-there") == {
            "Code": "ValidationException", "Message": "Could not find requested job with name: not-there"}
    inside = lab.input("x", "data/")
    for changes in ({"LocalPath": "/opt/ml/model"}, {"LocalPath": "/opt/ml/processing/../model"}, {"LocalPath": "/opt/ml/processing"},
                    {"LocalPath": "/opt/ml/processing/output"}, {"LocalPath": "/opt/ml/processing/input/code/"}):
        bad = inside | {"S3Input": inside["S3Input"] | changes}
        error = refused(lab.process, name=unique("bad"), script="", extra_inputs=[bad])
        assert error["Code"] == "ValidationException" and changes["LocalPath"].rstrip("/") in error["Message"], error
    twice = refused(lab.process, name=unique("bad"), script="", extra_inputs=[inside, inside])
    assert twice["Message"] == "ProcessingInput names must be unique, and x is given more than once."
    many = [lab.input(f"i{i}", "data/") for i in range(10)]
    assert "less than or equal to 10" in refused(lab.process, name=unique("many"), script="", extra_inputs=many)["Message"]


def test_jobs_are_listed_filtered_and_paged(lab: ProcessingLab) -> None:
    word = unique("list")
    names = [f"{word}-{i}" for i in range(3)]
    for name in names:
        lab.process(name, "raise SystemExit(name)" if name == names[1] else "")
        lab.await_processing(name)
    listed = lab.sagemaker.list_processing_jobs(NameContains=word)["ProcessingJobSummaries"]
    assert [j["ProcessingJobName"] for j in listed] == names[::-1]
    failed = lab.sagemaker.list_processing_jobs(NameContains=word, StatusEquals="Failed")["ProcessingJobSummaries"]
    assert [j["ProcessingJobName"] for j in failed] == [names[1]]
    assert failed[0]["FailureReason"].startswith("AlgorithmError: ") and failed[0]["ProcessingEndTime"]
    pages = lab.sagemaker.get_paginator("list_processing_jobs").paginate(
        NameContains=word, SortBy="Name", SortOrder="Ascending", PaginationConfig={"PageSize": 2})
    assert [[j["ProcessingJobName"] for j in p["ProcessingJobSummaries"]] for p in pages] == [names[:2], names[2:]]


def test_a_workflow_waits_for_a_processing_job(lab: ProcessingLab) -> None:
    states = lab.server.client("stepfunctions")
    good, bad = unique("good"), unique("bad")
    for name, script in ((good, "open('/opt/ml/output/message', 'w').write('well')"), (bad, "raise SystemExit(7)")):
        task = {"Type": "Task", "Resource": "arn:aws:states:::sagemaker:createProcessingJob.sync",
                "Parameters": lab.request(name, script), "End": True}
        definition = json.dumps({"StartAt": "Process", "States": {"Process": task}})
        machine = states.create_state_machine(name=name, definition=definition, roleArn=ROLE)["stateMachineArn"]
        arn = states.start_execution(stateMachineArn=machine)["executionArn"]

        def ended(arn: str = arn) -> Any:
            told = states.describe_execution(executionArn=arn)
            return told if told["status"] != "RUNNING" else None

        told = wait_until(ended, limit_s=60)
        if name == good:
            assert told["status"] == "SUCCEEDED", told
            output = json.loads(told["output"])
            assert (output["ProcessingJobStatus"], output["ExitMessage"]) == ("Completed", "well")
            assert output["ProcessingEndTime"] > 1e12  # milliseconds
        else:
            assert (told["status"], told["error"]) == ("FAILED", "States.TaskFailed")
            assert json.loads(told["cause"])["FailureReason"] == "AlgorithmError: , exit code: 7"


def test_a_stopped_execution_stops_its_processing_job(lab: ProcessingLab) -> None:
    states = lab.server.client("stepfunctions")
    name = unique("halt")
    task = {"Type": "Task", "Resource": "arn:aws:states:::sagemaker:createProcessingJob.sync",
            "Parameters": lab.request(name, LONG), "End": True}
    definition = json.dumps({"StartAt": "Process", "States": {"Process": task}})
    machine = states.create_state_machine(name=name, definition=definition, roleArn=ROLE)["stateMachineArn"]
    arn = states.start_execution(stateMachineArn=machine)["executionArn"]
    wait_until(lambda: running(lab, name), limit_s=60)
    states.stop_execution(executionArn=arn)
    assert lab.await_processing(name)["ProcessingJobStatus"] == "Stopped"


def test_nothing_is_left_of_ended_processing_jobs(lab: ProcessingLab) -> None:
    wait_until(lambda: not list((lab.server.data / "jobs" / "processing").glob("*")), limit_s=30)
