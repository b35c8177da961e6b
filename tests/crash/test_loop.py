"""The example's whole loop, deploying included, with a server that kills itself at a named point and is started again:
it ends as an undisturbed one does, and no job has run twice."""

from __future__ import annotations

import gzip
import json
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
# No model is that good, so the evaluation trains again and goes through every state but Finalize.
THRESHOLD = "1"
LIMIT_S = 120

# Where a server dies in the course of the loop, and at which passing: early ones fall into the stack's creation.
DEATHS = [
    *(f"store.before_commit:{n}" for n in (5, 40, 90)),
    *(f"store.after_commit:{n}" for n in (5, 40, 90)),
    *(f"api.before_answer:{n}" for n in (2, 20)),
    *(f"engine.before_issue:{n}" for n in (1, 8, 20, 30, 40)),
    *(f"engine.before_outcome:{n}" for n in (1, 2, 4)),
    *(f"runner.before_start:{n}" for n in (1, 2)),
    *(f"runner.after_start:{n}" for n in (1, 2)),
    *(f"job.before_publish:{n}" for n in (1, 2)),
    *(f"job.after_publish:{n}" for n in (1, 2)),
]


@dataclass
class Ending:
    """What must not depend on whether the server died."""

    resources: list[str]
    models: list[tuple[int, str, str]]
    performance: dict[str, float]
    decision: bool
    training_jobs: list[str]
    transform_jobs: list[str]
    starts: int  # of training programs, by what they printed


class Loop:
    def __init__(self, server: Server) -> None:
        self.server = server
        self.deaths = 0

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
        if self.server.process is not None and self.server.process.poll() is None:
            time.sleep(0.02)
            return
        if self.server.process is not None:
            self.server.process = None
            self.deaths += 1
        self.server.start()

    def deploy(self) -> dict[str, str]:
        cloudformation = self.server.client("cloudformation")

        def create() -> None:
            try:
                cloudformation.create_stack(
                    StackName="loop", TemplateBody=TEMPLATE, Capabilities=["CAPABILITY_IAM"],
                    Parameters=[{"ParameterKey": "Threshold", "ParameterValue": THRESHOLD}],
                )
            except cloudformation.exceptions.AlreadyExistsException:
                pass  # the answer was lost, not the stack

        self.insist(create)
        stack = self.until(lambda: cloudformation.describe_stacks(StackName="loop")["Stacks"][0],
                           lambda s: not s["StackStatus"].endswith("_IN_PROGRESS"))
        assert stack["StackStatus"] == "CREATE_COMPLETE", stack
        return {o["OutputKey"]: o["OutputValue"] for o in stack["Outputs"]}

    def until(self, look: Callable[[], Any], good: Callable[[Any], bool]) -> Any:
        limit = time.monotonic() + LIMIT_S
        while time.monotonic() < limit:
            seen = self.insist(look)
            if good(seen):
                return seen
            time.sleep(0.05)
        raise AssertionError(f"not within {LIMIT_S} s: {seen}\n{self.server.log.read_text()}")

    def execute(self, machine: str, name: str, period: dict[str, str]) -> dict[str, Any]:
        states = self.server.client("stepfunctions")
        arn = self.insist(lambda: states.start_execution(
            stateMachineArn=machine, name=name, input=json.dumps(period)))["executionArn"]
        ended = self.until(lambda: states.describe_execution(executionArn=arn), lambda e: e["status"] != "RUNNING")
        assert ended["status"] == "SUCCEEDED", (ended, self.server.log.read_text())
        return json.loads(ended["output"])

    def upload(self, bucket: str) -> None:
        header, *lines = gzip.decompress(FLIGHTS.read_bytes()).decode().splitlines()
        s3 = self.server.client("s3")
        for day in sorted({line[:10] for line in lines if line[:10] < "2013-02-01"}):
            body = "\n".join([header, *(line for line in lines if line.startswith(day))]) + "\n"
            self.insist(lambda: s3.put_object(Bucket=bucket, Key=f"flights/{day}.csv", Body=body.encode()))

    def run(self) -> Ending:
        outputs = self.deploy()
        self.upload(outputs["DataBucketName"])
        self.execute(outputs["TrainingMachineArn"], "train", {"From": "2013-01-01", "To": "2013-01-22"})
        judged = self.execute(outputs["EvaluationMachineArn"], "judge", {"From": "2013-01-22", "To": "2013-01-29",
                                                                         "Retrain": {"From": "2013-01-08", "To": "2013-01-29"}})
        return self.ending(outputs, judged)

    def ending(self, outputs: dict[str, str], judged: dict[str, Any]) -> Ending:
        client = self.server.client
        resources = self.insist(lambda: client("cloudformation").describe_stack_resources(StackName="loop"))
        items = self.insist(lambda: client("dynamodb").scan(TableName=outputs["ModelTableName"]))["Items"]
        training = self.insist(lambda: client("sagemaker").list_training_jobs())["TrainingJobSummaries"]
        transform = self.insist(lambda: client("sagemaker").list_transform_jobs())["TransformJobSummaries"]
        printed = self.until(
            lambda: client("logs").filter_log_events(logGroupName="/aws/sagemaker/TrainingJobs", filterPattern='"[0]"')["events"],
            lambda events: len(events) >= len(training))
        return Ending(
            resources=sorted(f"{r['LogicalResourceId']} {r['ResourceStatus']}" for r in resources["StackResources"]),
            models=sorted((int(i["GENERATION"]["N"]), i["DATA_FROM"]["S"], i["STATUS"]["S"]) for i in items),
            performance=judged["MonitoringOutput"]["ModelPerformance"],
            decision=judged["Decision"]["Retrained"],
            training_jobs=[j["TrainingJobStatus"] for j in training],
            transform_jobs=[j["TransformJobStatus"] for j in transform],
            starts=len(printed),
        )


@pytest.fixture(scope="module")
def undisturbed() -> Ending:
    with Server() as server:
        server.start()
        ending = Loop(server).run()
    assert [m[0] for m in ending.models] == [1, 2] and ending.decision
    assert ending.starts == len(ending.training_jobs) == 2 and ending.transform_jobs == ["Completed"]
    return ending


@pytest.mark.parametrize("death", DEATHS)
def test_the_loop_ends_as_if_the_server_had_not_died(fresh_server: Server, undisturbed: Ending, death: str) -> None:
    fresh_server.start(crash_at=death)
    loop = Loop(fresh_server)
    loop.revive()  # it may have died before it was ready
    ending = loop.run()
    assert loop.deaths == 1, f"{death} was never passed: the test did not test"
    assert ending == undisturbed
