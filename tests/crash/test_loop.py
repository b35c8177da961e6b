"""The example's whole loop with a server that kills itself at a named point in one state after the other, and is started
again each time: the loop ends as an undisturbed one does, no job has run twice, and no effect happened twice."""

from __future__ import annotations

import gzip
import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from tests.support.server import ROOT, Server

TEMPLATE = (ROOT / "examples" / "mdlc" / "MDLC-CFn.yaml").read_text()
FLIGHTS = ROOT / "examples" / "mdlc" / "data" / "flights.csv.gz"
# No model is that good, and none that bad: the evaluation trains again, or finds nothing to do.
STRICT, LAX = "1", "1000"
LIMIT_S = 120

# The states in the order in which the story enters them. Those of the training that Re-train runs are not named again.
TRAINING = ["Initialize", "Train Model", "Create Model", "Register Model"]
EVALUATION = ["Initialize", "Find Model", "Inference", "Monitor Model Performance", "Is Retraining Needed?"]
ERRORS = ["Handle Error", "Fail"]
FUNCTIONS = ["Initialize", "Initialize", "Find Model", "Monitor Model Performance"]
JOBS = ["Train Model", "Inference"]

# At which point the server dies, and in which states it passes that point. A choice and what it chooses are entered in
# one commit.
DEATHS = {
    "store.before_commit": [*TRAINING, *EVALUATION, "Re-train", "Finalize", *ERRORS, *ERRORS],
    "store.after_commit": [*TRAINING, *EVALUATION, "Finalize", *ERRORS, *ERRORS],
    "engine.before_issue": [*TRAINING, *EVALUATION[:-1], "Re-train", "Handle Error", "Handle Error"],
    "engine.before_outcome": FUNCTIONS,
    "api.before_answer": FUNCTIONS,
    "runner.before_start": JOBS,
    "runner.after_start": JOBS,
    "job.before_publish": JOBS,
    "job.after_publish": JOBS,
}


# And in the stack's creation, at which passing.
DEPLOYING = [
    *(f"store.before_commit:{n}" for n in (1, 3, 6, 10)),
    *(f"store.after_commit:{n}" for n in (1, 3, 6, 10)),
    *(f"engine.before_issue:{n}" for n in (1, 4, 8, 12)),
    "api.before_answer:1",
]


@dataclass
class Ending:
    """What must not depend on whether the server died."""

    resources: list[str]
    models: list[tuple[int, str, str]]
    performance: list[dict[str, float]]
    decisions: list[bool]
    training_jobs: list[str]
    transform_jobs: list[str]
    starts: int  # of training programs, by what they printed
    failures: list[tuple[str, str]]  # what was recorded of flows that failed: error and cause


class Loop:
    """The story, told to a server that dies at `point` in each of `states`, one after the other."""

    def __init__(self, server: Server, point: str | None = None, states: list[str | None] = []) -> None:
        self.server = server
        self.point = point
        self.still_to_die_in = list(states)
        self.executions: list[str] = []
        self.start()

    def start(self) -> None:
        if self.still_to_die_in:
            self.server.start(crash_at=self.point, crash_in=self.still_to_die_in[0])
        else:
            self.server.start()

    def insist(self, call: Callable[[], Any]) -> Any:
        """Makes the call until it is answered, starting the server again when it has died."""
        limit = time.monotonic() + LIMIT_S
        while True:
            try:
                return call()
            except ClientError as error:
                if error.response["ResponseMetadata"]["HTTPStatusCode"] < 500 or time.monotonic() > limit:
                    raise
            except BotoCoreError:
                assert time.monotonic() < limit, self.server.log.read_text()
            self.revive()

    def revive(self) -> None:
        assert self.server.process is not None
        if self.server.process.poll() is None:
            time.sleep(0.02)
            return
        self.server.process = None
        died_in = self.still_to_die_in.pop(0)  # or it died where nobody asked it to
        print(f"died in {died_in}")
        self.start()

    def deploy(self) -> dict[str, str]:
        cloudformation = self.server.client("cloudformation")

        def create() -> None:
            try:
                cloudformation.create_stack(
                    StackName="loop", TemplateBody=TEMPLATE, Capabilities=["CAPABILITY_IAM"],
                    Parameters=[{"ParameterKey": "Threshold", "ParameterValue": STRICT}],
                )
            except cloudformation.exceptions.AlreadyExistsException:
                pass  # the answer was lost, not the stack

        self.insist(create)
        stack = self.await_stack()
        assert stack["StackStatus"] == "CREATE_COMPLETE", stack
        return {o["OutputKey"]: o["OutputValue"] for o in stack["Outputs"]}

    def loosen(self) -> None:
        self.server.client("cloudformation").update_stack(
            StackName="loop", UsePreviousTemplate=True, Capabilities=["CAPABILITY_IAM"],
            Parameters=[{"ParameterKey": "Threshold", "ParameterValue": LAX}],
        )
        assert self.await_stack()["StackStatus"] == "UPDATE_COMPLETE"

    def await_stack(self) -> dict[str, Any]:
        cloudformation = self.server.client("cloudformation")
        return self.until(lambda: cloudformation.describe_stacks(StackName="loop")["Stacks"][0],
                          lambda s: "_IN_PROGRESS" not in s["StackStatus"])

    def until(self, look: Callable[[], Any], good: Callable[[Any], bool]) -> Any:
        limit = time.monotonic() + LIMIT_S
        while time.monotonic() < limit:
            seen = self.insist(look)
            if good(seen):
                return seen
            time.sleep(0.05)
        raise AssertionError(f"not within {LIMIT_S} s: {seen}\n{self.server.log.read_text()}")

    def execute(self, machine: str, name: str, given: dict[str, Any], status: str = "SUCCEEDED") -> dict[str, Any]:
        states = self.server.client("stepfunctions")

        def start() -> str:
            try:
                return states.start_execution(stateMachineArn=machine, name=name, input=json.dumps(given))["executionArn"]
            except states.exceptions.ExecutionAlreadyExists:  # the answer was lost, and it has ended
                return machine.replace(":stateMachine:", ":execution:") + ":" + name

        arn = self.insist(start)
        self.executions.append(arn)
        ended = self.until(lambda: states.describe_execution(executionArn=arn), lambda e: e["status"] != "RUNNING")
        assert ended["status"] == status, (ended, self.server.log.read_text())
        return ended

    def upload(self, bucket: str) -> None:
        header, *lines = gzip.decompress(FLIGHTS.read_bytes()).decode().splitlines()
        s3 = self.server.client("s3")
        for day in sorted({line[:10] for line in lines if line[:10] < "2013-02-01"}):
            body = "\n".join([header, *(line for line in lines if line.startswith(day))]) + "\n"
            self.insist(lambda: s3.put_object(Bucket=bucket, Key=f"flights/{day}.csv", Body=body.encode()))

    def run(self) -> Ending:
        outputs = self.deploy()
        self.upload(outputs["DataBucketName"])
        train, judge = outputs["TrainingMachineArn"], outputs["EvaluationMachineArn"]
        self.execute(train, "train", {"From": "2013-01-01", "To": "2013-01-22"})
        judged = self.execute(judge, "judge", {"From": "2013-01-22", "To": "2013-01-29",
                                               "Retrain": {"From": "2013-01-08", "To": "2013-01-29"}})
        self.loosen()
        again = self.execute(judge, "judge-again", {"From": "2013-01-29", "To": "2013-02-01"})
        # A learning rate of two, and a period that the model has seen.
        self.execute(train, "train-badly", {"From": "2013-01-01", "To": "2013-01-22", "HyperParameters": {"eta": "2"}},
                     status="FAILED")
        self.execute(judge, "judge-the-known", {"From": "2013-01-08", "To": "2013-01-15"}, status="FAILED")
        return self.ending(outputs, [json.loads(e["output"]) for e in (judged, again)])

    def lost_functions(self) -> int:
        """How often an execution's history says that a function was lost and is tried again."""
        states = self.server.client("stepfunctions")
        pages = [states.get_execution_history(executionArn=arn, maxResults=1000)["events"] for arn in self.executions]
        errors = [e["taskFailedEventDetails"]["error"] for events in pages for e in events if e["type"] == "TaskFailed"]
        return errors.count("Lambda.ServiceException")

    def ending(self, outputs: dict[str, str], judgements: list[dict[str, Any]]) -> Ending:
        client = self.server.client
        resources = client("cloudformation").describe_stack_resources(StackName="loop")
        items = client("dynamodb").scan(TableName=outputs["ModelTableName"])["Items"]
        training = client("sagemaker").list_training_jobs(SortOrder="Ascending")["TrainingJobSummaries"]
        transform = client("sagemaker").list_transform_jobs()["TransformJobSummaries"]
        # The one that fails says so before its first round.
        printed = self.until(
            lambda: client("logs").filter_log_events(logGroupName="/aws/sagemaker/TrainingJobs", filterPattern='"[0]"')["events"],
            lambda events: len(events) >= len(training) - 1)
        return Ending(
            resources=sorted(f"{r['LogicalResourceId']} {r['ResourceStatus']}" for r in resources["StackResources"]),
            models=sorted((int(i["GENERATION"]["N"]), i["DATA_FROM"]["S"], i["STATUS"]["S"]) for i in items if "GENERATION" in i),
            performance=[j["MonitoringOutput"]["ModelPerformance"] for j in judgements],
            decisions=[j["Decision"]["Retrained"] for j in judgements],
            training_jobs=[j["TrainingJobStatus"] for j in training],
            transform_jobs=[j["TransformJobStatus"] for j in transform],
            starts=len(printed),
            failures=sorted((i["ERROR"]["S"], plain(i["CAUSE"]["S"])) for i in items if "ERROR" in i),
        )


def plain(cause: str) -> str:
    """What a person understands of it: without the names made for this run."""
    told = json.loads(cause)
    return re.sub(r"mdlc-\d{14}-[0-9a-f]{8}", "<name>", told.get("FailureReason") or told["errorMessage"])


@pytest.fixture(scope="module")
def undisturbed() -> Ending:
    with Server() as server:
        loop = Loop(server)
        ending = loop.run()
        assert loop.lost_functions() == 0
    assert [m[0] for m in ending.models] == [1, 2] and ending.decisions == [True, False]
    assert ending.training_jobs == ["Completed", "Completed", "Failed"] and ending.starts == 2
    assert ending.transform_jobs == ["Completed", "Completed"]
    assert [error for error, _ in ending.failures] == ["ModelKnowsThePeriod", "States.TaskFailed"]
    return ending


@pytest.mark.parametrize("point", DEATHS)
def test_the_loop_ends_as_if_the_server_had_not_died(fresh_server: Server, undisturbed: Ending, point: str) -> None:
    loop = Loop(fresh_server, point, DEATHS[point])
    ending = loop.run()
    assert not loop.still_to_die_in, "it did not die there: the test did not test"
    assert ending == undisturbed
    if point == "engine.before_outcome":
        assert loop.lost_functions() == len(DEATHS[point])


def made(loop: Loop) -> dict[str, Any]:
    """What a stack's creation leaves: what it says, and what is there of each kind, wanted or not."""
    client = loop.server.client
    cloudformation = client("cloudformation")
    resources = cloudformation.describe_stack_resources(StackName="loop")["StackResources"]
    events = cloudformation.describe_stack_events(StackName="loop")["StackEvents"]
    return {
        "resources": sorted((r["LogicalResourceId"], r["ResourceStatus"]) for r in resources),
        # "Resource creation Initiated" follows only where a resource takes more than one call's time.
        "events": sorted({(e["LogicalResourceId"], e["ResourceStatus"]) for e in events}),
        "ended": [(e["LogicalResourceId"]) for e in events].count("loop"),
        "buckets": len(client("s3").list_buckets()["Buckets"]),
        "tables": client("dynamodb").list_tables()["TableNames"],
        "functions": sorted(f["FunctionName"] for f in client("lambda").list_functions()["Functions"]),
        "machines": sorted(m["name"] for m in client("stepfunctions").list_state_machines()["stateMachines"]),
        "roles": len(client("iam").list_roles()["Roles"]),
    }


@pytest.fixture(scope="module")
def undisturbed_stack() -> dict[str, Any]:
    with Server() as server:
        loop = Loop(server)
        loop.deploy()
        return made(loop)


@pytest.mark.parametrize("point", DEPLOYING)
def test_a_stack_is_made_as_if_the_server_had_not_died(
    fresh_server: Server, undisturbed_stack: dict[str, Any], point: str
) -> None:
    fresh_server.start()  # what a first start commits is not the stack's
    fresh_server.stop()
    loop = Loop(fresh_server, point, [None])
    loop.insist(fresh_server.client("sts").get_caller_identity)  # it may have died before it was ready
    loop.deploy()
    assert not loop.still_to_die_in, "it did not die there: the test did not test"
    assert made(loop) == undisturbed_stack
