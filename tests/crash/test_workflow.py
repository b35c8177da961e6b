"""Killed at every named crash point, a machine that writes objects, adds to a counter and puts conditionally ends as if
undisturbed: the same rows, the same objects, each effect once, the same history."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.support.executions import await_end, begin, dies_of, each_passing
from tests.support.functions import create_function
from tests.support.server import Server

BUCKET = "crash-objects"
TABLE = "crash-rows"

# What a workflow passes; the runner's and the supervisor's points are the jobs' tests'.
POINTS = ["store.before_commit", "store.after_commit", "api.before_answer", "engine.before_issue"]


def dynamodb(operation: str, parameters: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "Type": "Task",
        "Resource": f"arn:aws:states:::dynamodb:{operation}",
        "Parameters": {"TableName": TABLE, **parameters},
        **more,
    }


def put_once(following: str) -> dict[str, Any]:
    return dynamodb(
        "putItem",
        {
            "Item": {"pk": {"S.$": "States.Format('{}-once', $.id)"}},
            "ConditionExpression": "attribute_not_exists(pk)",
        },
        ResultPath=None,
        Retry=[{"ErrorEquals": ["DynamoDB.ConditionalCheckFailedException"], "MaxAttempts": 1, "IntervalSeconds": 1}],
        Catch=[
            {
                "ErrorEquals": ["DynamoDB.ConditionalCheckFailedException"],
                "ResultPath": "$.caught",
                "Next": "Is It Enough?",
            }
        ],
        Next=following,
    )


MACHINE = {
    "StartAt": "Write",
    "States": {
        "Write": {
            "Type": "Task",
            "Resource": "arn:aws:states:::aws-sdk:s3:putObject",
            "Parameters": {"Bucket": BUCKET, "Key.$": "States.Format('{}/object', $.id)", "Body": {"fixed": True}},
            "ResultPath": None,
            "Next": "Count",
        },
        "Count": dynamodb(
            "updateItem",
            {
                "Key": {"pk": {"S.$": "$.id"}},
                "UpdateExpression": "ADD hits :one",
                "ExpressionAttributeValues": {":one": {"N": "1"}},
                "ReturnValues": "UPDATED_NEW",
            },
            ResultSelector={"hits.$": "$.Attributes.hits.N"},
            ResultPath="$.count",
            Next="Put Once",
        ),
        # The second round's is refused, tried again, refused, and caught.
        "Put Once": put_once("Pause"),
        "Pause": {"Type": "Wait", "Timestamp": "2013-01-01T00:00:00Z", "Next": "Count"},
        "Is It Enough?": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.count.hits", "StringEquals": "2", "Next": "Done"}],
            "Default": "Too Often",
        },
        "Too Often": {"Type": "Fail", "Error": "TooOften", "CausePath": "$.count.hits"},
        "Done": {"Type": "Pass", "Parameters": {"hits.$": "$.count.hits"}, "End": True},
    },
}


@pytest.fixture(scope="module")
def world() -> Any:
    with Server() as server:
        server.start()
        server.client("s3").create_bucket(Bucket=BUCKET)
        server.client("s3").put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
        server.client("dynamodb").create_table(
            TableName=TABLE,
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
        )
        server.client("dynamodb").get_waiter("table_exists").wait(TableName=TABLE)
        machine = server.client("stepfunctions").create_state_machine(
            name="crash", definition=json.dumps(MACHINE), roleArn="arn:aws:iam::000000000000:role/crash"
        )["stateMachineArn"]
        server.stop()
        yield server, machine


def outcome(server: Server, execution: str, name: str) -> dict[str, Any]:
    """All that can be seen of it, without times, request ids and its own name."""
    states, rows, objects = (server.client(s) for s in ("stepfunctions", "dynamodb", "s3"))
    described = states.describe_execution(executionArn=execution)
    events = states.get_execution_history(executionArn=execution, maxResults=1000)["events"]
    versions = objects.list_object_versions(Bucket=BUCKET, Prefix=f"{name}/").get("Versions", [])
    body = objects.get_object(Bucket=BUCKET, Key=f"{name}/object")["Body"].read().decode()
    for event in events:
        del event["timestamp"]
    seen = {
        "status": described["status"],
        "output": described.get("output"),
        "versions": len(versions),
        "body": body,
        "count": rows.get_item(TableName=TABLE, Key={"pk": {"S": name}}).get("Item"),
        "once": rows.get_item(TableName=TABLE, Key={"pk": {"S": f"{name}-once"}}).get("Item"),
        "events": events,
    }
    uuids = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
    versions_of_objects = re.compile(r'(VersionId[\\": ]+)[\w.-]+')
    text = uuids.sub("<id>", versions_of_objects.sub(r"\1<version>", json.dumps(seen)))
    return json.loads(text.replace(name, "<name>"))


@pytest.fixture(scope="module")
def undisturbed(world: Any) -> dict[str, Any]:
    server, machine = world
    server.start()
    execution = begin(server, machine, "undisturbed", {"id": "undisturbed"})
    await_end(server, execution)
    seen = outcome(server, execution, "undisturbed")
    server.stop()
    assert seen["status"] == "SUCCEEDED"
    assert seen["count"]["hits"] == {"N": "2"}
    assert seen["versions"] == 1
    return seen


@pytest.mark.parametrize("point", POINTS)
def test_ends_as_if_undisturbed(world: Any, undisturbed: dict[str, Any], point: str) -> None:
    server, machine = world

    def run(name: str, crash_at: str) -> bool:
        killed = dies_of(server, crash_at, lambda: await_end(server, begin(server, machine, name, {"id": name})))
        server.start()
        execution = begin(server, machine, name, {"id": name})
        await_end(server, execution)
        assert outcome(server, execution, name) == undisturbed, f"killed at {crash_at}"
        server.stop()
        return killed

    each_passing(point, run)


# --- What works outside of the database: a function's run that nobody knows the end of is an error that Retry sees.

FUNCTION = """
    import boto3

    def handler(event, context):
        boto3.client("dynamodb").update_item(
            TableName=event["table"],
            Key={"pk": {"S": event["id"]}},
            UpdateExpression="ADD hits :one",
            ExpressionAttributeValues={":one": {"N": "1"}},
        )
        return "done"
"""


def calling(function: str) -> dict[str, Any]:
    return {
        "StartAt": "Call",
        "States": {
            "Call": {
                "Type": "Task",
                "Resource": "arn:aws:states:::lambda:invoke",
                "Parameters": {"FunctionName": function, "Payload": {"table": TABLE, "id.$": "$.id"}},
                "ResultSelector": {"said.$": "$.Payload"},
                "Retry": [{"ErrorEquals": ["Lambda.ServiceException"], "MaxAttempts": 2, "IntervalSeconds": 1}],
                "End": True,
            }
        },
    }


@pytest.mark.parametrize(
    ("point", "stride"), [("engine.before_issue", 1), ("engine.before_outcome", 1), ("store.before_commit", 4)]
)
def test_a_function_is_tried_again_visibly(world: Any, point: str, stride: int) -> None:
    server, _ = world
    server.start()
    function = create_function(server.client("lambda"), f"f-{point.replace('.', '-')}", FUNCTION, Timeout=60)
    states = server.client("stepfunctions")
    machine = states.create_state_machine(
        name=f"calls-{point.replace('.', '-')}",
        definition=json.dumps(calling(function)),
        roleArn="arn:aws:iam::000000000000:role/crash",
    )["stateMachineArn"]
    server.stop()

    def run(name: str, crash_at: str) -> bool:
        name = f"call-{name}"
        killed = dies_of(server, crash_at, lambda: await_end(server, begin(server, machine, name, {"id": name})))
        server.start()
        execution = begin(server, machine, name, {"id": name})
        await_end(server, execution)
        described = server.client("stepfunctions").describe_execution(executionArn=execution)
        assert described.get("output") == '{"said":"done"}', f"{crash_at}: {described}"
        events = server.client("stepfunctions").get_execution_history(executionArn=execution)["events"]
        failed = [e["taskFailedEventDetails"]["error"] for e in events if e["type"] == "TaskFailed"]
        assert failed in ([], ["Lambda.ServiceException"])
        # Each further run of the function stands in the history.
        hits = server.client("dynamodb").get_item(TableName=TABLE, Key={"pk": {"S": name}})["Item"]["hits"]["N"]
        assert 1 <= int(hits) <= 1 + len(failed), crash_at
        server.stop()
        return killed

    each_passing(point, run, stride)
