"""Killed at every named crash point, a distributed Map ends as if undisturbed: each item counted once, the same results,
the same files, each written once."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.support.executions import await_end, begin, dies_of, each_passing
from tests.support.server import Server

BUCKET = "crash-maps"
TABLE = "crash-counts"
ITEMS = 7

POINTS = [
    "store.before_commit",
    "store.after_commit",
    "engine.before_issue",
    "map_run.before_items",
    "map_run.before_begin",
    "map_run.after_begin",
    "map_run.before_result",
    "map_run.before_end",
]

COUNT = {
    "Type": "Task",
    "Resource": "arn:aws:states:::dynamodb:updateItem",
    "Parameters": {
        "TableName": TABLE,
        "Key": {"pk": {"S.$": "States.Format('{}-{}', $.run, $.item.n)"}},
        "UpdateExpression": "ADD hits :one",
        "ExpressionAttributeValues": {":one": {"N": "1"}},
    },
    "ResultPath": None,
    "Next": "Is It Bad?",
}

MACHINE = {
    "StartAt": "Map",
    "States": {
        "Map": {
            "Type": "Map",
            "Label": "map",
            "MaxConcurrency": 3,
            "ToleratedFailureCount": 1,
            "ItemReader": {
                "Resource": "arn:aws:states:::s3:getObject",
                "ReaderConfig": {"InputType": "JSONL"},
                "Parameters": {"Bucket": BUCKET, "Key": "items"},
            },
            "ItemSelector": {"item.$": "$$.Map.Item.Value", "run.$": "$.run"},
            "ResultWriter": {
                "Resource": "arn:aws:states:::s3:putObject",
                "Parameters": {"Bucket": BUCKET, "Prefix.$": "$.run"},
            },
            "ItemProcessor": {
                "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                "StartAt": "Count",
                "States": {
                    "Count": COUNT,
                    "Is It Bad?": {
                        "Type": "Choice",
                        "Choices": [{"Variable": "$.item.n", "NumericEquals": 4, "Next": "Bad"}],
                        "Default": "Good",
                    },
                    "Bad": {"Type": "Fail", "Error": "Bad"},
                    "Good": {"Type": "Pass", "Parameters": {"n.$": "$.item.n"}, "End": True},
                },
            },
            "End": True,
        }
    },
}


@pytest.fixture(scope="module")
def world() -> Any:
    with Server() as server:
        server.start()
        objects, rows, states = (server.client(s) for s in ("s3", "dynamodb", "stepfunctions"))
        objects.create_bucket(Bucket=BUCKET)
        objects.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
        objects.put_object(Bucket=BUCKET, Key="items", Body="".join(f'{{"n":{n}}}\n' for n in range(ITEMS)))
        rows.create_table(
            TableName=TABLE,
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
        )
        rows.get_waiter("table_exists").wait(TableName=TABLE)
        machine = states.create_state_machine(
            name="crash-map", definition=json.dumps(MACHINE), roleArn="arn:aws:iam::000000000000:role/crash"
        )["stateMachineArn"]
        server.stop()
        yield server, machine


def outcome(server: Server, execution: str, name: str) -> Any:
    """All that can be seen of it, without times, ids and its own name."""
    states, rows, objects = (server.client(s) for s in ("stepfunctions", "dynamodb", "s3"))
    events = states.get_execution_history(executionArn=execution, maxResults=1000)["events"]
    for event in events:
        del event["timestamp"]
    (run,) = states.list_map_runs(executionArn=execution)["mapRuns"]
    described = states.describe_map_run(mapRunArn=run["mapRunArn"])
    children = states.list_executions(mapRunArn=run["mapRunArn"])["executions"]
    versions = objects.list_object_versions(Bucket=BUCKET, Prefix=f"{name}/")["Versions"]
    files = {}
    for version in versions:
        body = json.loads(objects.get_object(Bucket=BUCKET, Key=version["Key"])["Body"].read())
        if isinstance(body, list):
            body = [(x["Input"], x.get("Output"), x.get("Error"), x["Status"]) for x in body]
        files[version["Key"].rsplit("/", 1)[1]] = body
    seen = {
        "status": states.describe_execution(executionArn=execution)["status"],
        "output": states.describe_execution(executionArn=execution).get("output"),
        "events": events,
        "run": [described["status"], described["itemCounts"], described["executionCounts"]],
        "children": [(x["status"], x["itemCount"]) for x in children],
        "hits": [
            rows.get_item(TableName=TABLE, Key={"pk": {"S": f"{name}-{n}"}}).get("Item", {}).get("hits")
            for n in range(ITEMS)
        ],
        "versions": len(versions),
        "files": files,
    }
    uuids = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
    text = uuids.sub("<id>", json.dumps(seen))
    return json.loads(re.sub(r'("Size": )\d+', r"\1<size>", text.replace(name, "<name>")).replace("<size>", "0"))


@pytest.fixture(scope="module")
def undisturbed(world: Any) -> Any:
    server, machine = world
    server.start()
    execution = begin(server, machine, "undisturbed", {"run": "undisturbed"})
    await_end(server, execution)
    seen = outcome(server, execution, "undisturbed")
    server.stop()
    assert seen["status"] == "SUCCEEDED"
    assert seen["hits"] == [{"N": "1"}] * ITEMS
    assert seen["versions"] == 3
    return seen


@pytest.mark.parametrize("point", POINTS)
def test_ends_as_if_undisturbed(world: Any, undisturbed: Any, point: str) -> None:
    server, machine = world

    def run(name: str, crash_at: str) -> bool:
        killed = dies_of(server, crash_at, lambda: await_end(server, begin(server, machine, name, {"run": name})))
        server.start()
        execution = begin(server, machine, name, {"run": name})
        await_end(server, execution)
        assert outcome(server, execution, name) == undisturbed, f"killed at {crash_at}"
        server.stop()
        return killed

    each_passing(point, run)


# --- Redrive: the fifth item fails until it is cured; the others' counts stay what they are.

CURED = json.loads(json.dumps(MACHINE).replace('"ToleratedFailureCount": 1, ', ""))
CURED["States"]["Map"]["ItemProcessor"]["States"]["Bad"] = {
    "Type": "Task",
    "Resource": "arn:aws:states:::aws-sdk:s3:headObject",
    "Parameters": {"Bucket": BUCKET, "Key.$": "States.Format('cure-{}', $.run)"},
    "ResultPath": None,
    "Next": "Good",
}


def redrive(server: Server, execution: str) -> None:
    """Redrives the execution; again is the same."""
    states = server.client("stepfunctions")
    if states.describe_execution(executionArn=execution)["redriveCount"] == 0:
        states.redrive_execution(executionArn=execution, clientToken="once")


@pytest.mark.parametrize("point", ["store.before_commit", "store.after_commit", "map_run.before_result"])
def test_a_redrive_ends_as_if_undisturbed(world: Any, point: str) -> None:
    server, machine = world
    server.start()
    cured = server.client("stepfunctions").create_state_machine(
        name=f"cured-{point.replace('.', '-')}", definition=json.dumps(CURED), roleArn="arn:aws:iam::000000000000:role/c"
    )["stateMachineArn"]
    server.stop()

    def run(name: str, crash_at: str) -> bool:
        name = f"cured-{name}"
        server.start()
        execution = begin(server, cured, name, {"run": name})
        await_end(server, execution)
        server.client("s3").put_object(Bucket=BUCKET, Key=f"cure-{name}", Body=b"")
        server.stop()

        def work() -> None:
            redrive(server, execution)
            await_end(server, execution)

        killed = dies_of(server, crash_at, work)
        server.start()
        work()
        seen = outcome(server, execution, name)
        assert seen["status"] == "SUCCEEDED", f"killed at {crash_at}"
        assert seen["hits"] == [{"N": "1"}] * ITEMS, f"killed at {crash_at}"
        assert seen["children"] == [["SUCCEEDED", 1]] * ITEMS, f"killed at {crash_at}"
        assert server.client("stepfunctions").describe_execution(executionArn=execution)["redriveCount"] == 1
        server.stop()
        return killed

    each_passing(point, run)
