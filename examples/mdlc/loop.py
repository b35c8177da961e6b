#!/usr/bin/env python3
"""A year of flights: models are trained, registered, judged on later data, found wanting and trained again.

    loop.py --deploy examples/mdlc/MDLC-CFn.yaml      make the stack first
    loop.py                                           the stack is there

Talks to AWS, or to what AWS_ENDPOINT_URL names, through boto3 alone. The data "arrives" as the story goes on: nothing
that lies in the future can be seen.
"""

from __future__ import annotations

import argparse
import datetime
import gzip
import json
import os
import pathlib
import sys
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from summary import Judgement, summarise  # noqa: E402
from watch import Follower, Run, Screen, explain  # noqa: E402

FLIGHTS = pathlib.Path(__file__).with_name("data") / "flights.csv.gz"
UPLOADS_AT_ONCE = 4


@dataclass(frozen=True)
class Period:
    """Days from the first until before the last, as the flows' input has them."""

    first: str
    end: str

    def input(self) -> dict[str, str]:
        return {"From": self.first, "To": self.end}


FIRST_TRAINING = Period("2013-01-01", "2013-02-21")
# What is asked of the newest model in the course of the year, and what is known beside it.
JUDGED = {
    "The last week of February": (Period("2013-02-21", "2013-03-01"), "These days are much like those it learned from."),
    "July": (Period("2013-07-01", "2013-08-01"), "The jet stream, against which flights go west, is weaker in summer."),
    "December": (Period("2013-12-01", "2014-01-01"), "The jet stream is back, and the newest model knows only summer."),
}


class Failure(Exception):
    """What went wrong, in words for the person at the terminal."""


class Loop:
    def __init__(self, stack: str, screen: Screen) -> None:
        config = Config(max_pool_connections=UPLOADS_AT_ONCE, retries={"mode": "standard"})
        self.cloudformation = boto3.client("cloudformation", config=config)
        self.s3 = boto3.client("s3", config=config)
        self.dynamodb = boto3.client("dynamodb", config=config)
        self.follower = Follower(boto3.client("stepfunctions", config=config), screen)
        self.screen = screen
        self.stack = stack
        self.outputs: dict[str, str] = {}
        self.runs: list[Run] = []
        self.judgements: list[Judgement] = []
        self.days = _days()

    def deploy(self, template: pathlib.Path, parameters: dict[str, str]) -> None:
        started = time.monotonic()
        request = {
            "StackName": self.stack,
            "TemplateBody": template.read_text(),
            "Parameters": [{"ParameterKey": k, "ParameterValue": v} for k, v in parameters.items()],
            "Capabilities": ["CAPABILITY_IAM"],
        }
        try:
            self.cloudformation.create_stack(**request)
            waiter = "stack_create_complete"
        except self.cloudformation.exceptions.AlreadyExistsException:
            waiter = "stack_update_complete"
            try:
                self.cloudformation.update_stack(**request)
            except ClientError as error:
                if "No updates are to be performed" not in str(error):
                    raise
        delay = 0.2 if os.environ.get("AWS_ENDPOINT_URL") else 5
        self.cloudformation.get_waiter(waiter).wait(
            StackName=self.stack, WaiterConfig={"Delay": delay, "MaxAttempts": int(600 / delay)}
        )
        resources = self.cloudformation.describe_stack_resources(StackName=self.stack)["StackResources"]
        took = time.monotonic() - started
        self.screen.line(f"Stack {self.stack}: {len(resources)} resources from {template.name} in {took:.2f} s.")

    def read_outputs(self) -> None:
        try:
            stack = self.cloudformation.describe_stacks(StackName=self.stack)["Stacks"][0]
        except ClientError as error:
            raise Failure(f"There is no stack {self.stack} ({error}). --deploy TEMPLATE makes it.") from error
        self.outputs = {o["OutputKey"]: o["OutputValue"] for o in stack.get("Outputs", [])}
        self.parameters = {p["ParameterKey"]: p["ParameterValue"] for p in stack.get("Parameters", [])}

    def arrive(self, end: str) -> None:
        """Uploads each day before `end` that is not there yet."""
        bucket = self.outputs["DataBucketName"]
        due = [day for day in self.days if day < end]

        def upload(day: str) -> None:
            body = self.days.pop(day).encode()
            self.s3.put_object(Bucket=bucket, Key=f"flights/{day}.csv", Body=body, ContentType="text/csv")

        started = time.monotonic()
        with ThreadPoolExecutor(UPLOADS_AT_ONCE) as pool:
            list(pool.map(upload, due))
        if due:
            took = time.monotonic() - started
            self.screen.line(f"  The flights of {len(due)} days arrive in s3://{bucket}/flights/ ({took:.2f} s).")

    def train(self, period: Period) -> None:
        run = self._run("TrainingMachineArn", "train", period)
        training = run.output["Training"]
        self.screen.line(f"  Registered {training['Name']}, generation {training['Generation']}.")

    def judge(self, name: str, period: Period) -> Judgement:
        run = self._run("EvaluationMachineArn", "judge", period)
        judgement = Judgement.of(name, run.output)
        self.judgements.append(judgement)
        self.screen.line(f"  {judgement.sentence()}")
        return judgement

    def _run(self, machine: str, verb: str, period: Period) -> Run:
        name = f"{verb}-{period.first}-{uuid.uuid4().hex[:8]}"
        run = self.follower.run(self.outputs[machine], name, period.input())
        self.runs.append(run)
        if run.status != "SUCCEEDED":
            raise Failure(
                f"{run.arn} ended as {run.status}: {run.error}\n  {explain(run.cause)}\n"
                f"  It is recorded in table {self.outputs['ModelTableName']} under MODEL_FAMILY = "
                f"{self.outputs['Family']}/failed."
            )
        return run

    def models(self) -> list[dict[str, Any]]:
        """What is registered, oldest first."""
        pages = self.dynamodb.get_paginator("query").paginate(
            TableName=self.outputs["ModelTableName"],
            KeyConditionExpression="MODEL_FAMILY = :f",
            ExpressionAttributeValues={":f": {"S": self.outputs["Family"]}},
        )
        return [item for page in pages for item in page["Items"]]

    def year(self) -> None:
        title = self.screen.bold
        self.screen.line(f"\n{title('Winter')}: a first model learns the flights of 1 January to 20 February.")
        self.arrive(FIRST_TRAINING.end)
        self.train(FIRST_TRAINING)
        for name, (period, hint) in JUDGED.items():
            self.screen.line(f"\n{title(name)}: is the newest model still good? {hint}")
            self.arrive(period.end)
            if self.judge(name, period).retrained:
                self.screen.line(f"\n{title(name + ', again')}: is the new model better on the same flights?")
                self.judge(name, period)


def _days() -> dict[str, str]:
    """Each day of the year as the text of its object."""
    header, *lines = gzip.decompress(FLIGHTS.read_bytes()).decode().splitlines()
    days: dict[str, list[str]] = {}
    for line in lines:
        days.setdefault(line[:10], [header]).append(line)
    return {day: "\n".join(rows) + "\n" for day, rows in days.items()}


def _plain(value: Any) -> str:
    if isinstance(value, datetime.datetime):
        return value.isoformat()
    raise TypeError(type(value).__name__)


def _write_report(path: pathlib.Path, loop: Loop, seconds: float, failure: str) -> None:
    report = {
        "Stack": loop.stack,
        "Outputs": loop.outputs,
        "Seconds": seconds,
        "Failure": failure,
        "Judgements": [asdict(judgement) for judgement in loop.judgements],
        "Runs": [asdict(run) for run in loop.runs],
    }
    path.write_text(json.dumps(report, indent=2, default=_plain) + "\n")


def _key_and_value(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"{text} is not KEY=VALUE")
    return key, value


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--stack-name", default="mdlc")
    parser.add_argument("--deploy", type=pathlib.Path, metavar="TEMPLATE", help="make the stack, or bring it up to date")
    parser.add_argument("--parameter", type=_key_and_value, action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE", help="write down everything that happened")
    return parser.parse_args()


def main() -> int:
    arguments = _arguments()
    screen = Screen()
    started = time.monotonic()
    failure, loop = "", None
    try:
        loop = Loop(arguments.stack_name, screen)
        if arguments.deploy:
            loop.deploy(arguments.deploy, dict(arguments.parameter))
        loop.read_outputs()
        loop.year()
        summarise(screen, loop.models(), loop.judgements, loop.runs, time.monotonic() - started)
        _look_further(screen, loop)
    except Failure as error:
        failure = str(error)
    except (BotoCoreError, ClientError, OSError) as error:
        failure = f"{type(error).__name__}: {error}"
    except KeyboardInterrupt:
        failure = "Interrupted; what was started runs on."
    if arguments.json and loop:
        _write_report(arguments.json, loop, time.monotonic() - started, failure)
    if failure:
        screen.line()
        print(f"The loop did not end well. {failure}", file=sys.stderr)
    return 1 if failure else 0


def _look_further(screen: Screen, loop: Loop) -> None:
    newest = loop.runs[-1]
    family = json.dumps({":f": {"S": loop.outputs["Family"]}})
    screen.line(f"""
{screen.bold("To look further")}
  aws dynamodb query --table-name {loop.outputs["ModelTableName"]} \\
      --key-condition-expression 'MODEL_FAMILY = :f' --expression-attribute-values '{family}'
  aws s3 ls --recursive s3://{loop.outputs["ModelBucketName"]}/
  aws stepfunctions get-execution-history --execution-arn {newest.arn}
  aws logs tail /aws/sagemaker/TrainingJobs""")


if __name__ == "__main__":
    sys.exit(main())
