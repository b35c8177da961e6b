"""Step Functions through boto3: machines, executions, histories, tasks over our own services, activities, refusals."""

from __future__ import annotations

import json
import threading
import time
import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.support.functions import create_function
from tests.support.server import Server

ROLE = "arn:aws:iam::000000000000:role/states"
PASS = {"StartAt": "A", "States": {"A": {"Type": "Pass", "Result": {"x": 1}, "End": True}}}


@pytest.fixture
def states(server: Server) -> Any:
    return server.client("stepfunctions")


@pytest.fixture
def name() -> str:
    return f"m-{uuid.uuid4().hex[:12]}"


def one_task(resource: str, parameters: Any = None, **more: Any) -> dict[str, Any]:
    task: dict[str, Any] = {"Type": "Task", "Resource": resource, "End": True, **more}
    if parameters is not None:
        task["Parameters"] = parameters
    return {"StartAt": "T", "States": {"T": task}}


def create(states: Any, name: str, definition: dict[str, Any], **more: Any) -> str:
    return states.create_state_machine(name=name, definition=json.dumps(definition), roleArn=ROLE, **more)[
        "stateMachineArn"
    ]


def run(states: Any, name: str, definition: dict[str, Any], given: Any = None) -> dict[str, Any]:
    arn = create(states, name, definition)
    return await_end(states, states.start_execution(stateMachineArn=arn, input=json.dumps(given or {}))["executionArn"])


def await_end(states: Any, execution: str, limit_s: float = 60) -> dict[str, Any]:
    limit = time.monotonic() + limit_s
    while True:
        described = states.describe_execution(executionArn=execution)
        if described["status"] != "RUNNING":
            return described
        assert time.monotonic() < limit, f"{execution} does not end"
        time.sleep(0.02)


def refusal(call: Any, **arguments: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return caught.value.response["Error"]["Code"], caught.value.response["Error"]["Message"]


# --- Machines


def test_a_machine_is_created_described_listed_and_deleted(states: Any, name: str) -> None:
    arn = create(states, name, PASS, tags=[{"key": "k", "value": "v"}])
    assert create(states, name, PASS) == arn
    described = states.describe_state_machine(stateMachineArn=arn)
    assert json.loads(described["definition"]) == PASS
    assert described["status"] == "ACTIVE" and described["type"] == "STANDARD" and "revisionId" not in described
    pages = states.get_paginator("list_state_machines").paginate(PaginationConfig={"PageSize": 1})
    assert arn in [m["stateMachineArn"] for page in pages for m in page["stateMachines"]]
    assert states.list_tags_for_resource(resourceArn=arn)["tags"] == [{"key": "k", "value": "v"}]
    states.untag_resource(resourceArn=arn, tagKeys=["k"])
    assert states.list_tags_for_resource(resourceArn=arn)["tags"] == []
    states.delete_state_machine(stateMachineArn=arn)
    assert refusal(states.describe_state_machine, stateMachineArn=arn) == (
        "StateMachineDoesNotExist",
        f"State Machine Does Not Exist: '{arn}'",
    )


def test_refusals(states: Any, name: str) -> None:
    definition = json.dumps(PASS)
    assert refusal(states.create_state_machine, name="a b", definition=definition, roleArn=ROLE)[0] == "InvalidName"
    assert refusal(states.create_state_machine, name="a" * 81, definition=definition, roleArn=ROLE)[0] in (
        "InvalidName",
        "ValidationException",
    )
    assert refusal(states.create_state_machine, name=name, definition=definition, roleArn="nonsense")[0] == "InvalidArn"
    code, words = refusal(states.create_state_machine, name=name, definition='{"StartAt": "A"}', roleArn=ROLE)
    assert code == "InvalidDefinition" and words.startswith("Invalid State Machine Definition: ")
    arn = create(states, name, PASS)
    other = json.dumps({**PASS, "Comment": "other"})
    assert refusal(states.create_state_machine, name=name, definition=other, roleArn=ROLE) == (
        "StateMachineAlreadyExists",
        f"State Machine Already Exists: '{arn}'",
    )
    assert refusal(states.describe_state_machine, stateMachineArn="nonsense")[0] == "InvalidArn"


def test_a_parameter_that_the_api_lacks(states: Any, name: str) -> None:
    definition = one_task("arn:aws:states:::dynamodb:putItem", {"TableName": "t", "Item": {}, "Nope": 1})
    code, words = refusal(states.create_state_machine, name=name, definition=json.dumps(definition), roleArn=ROLE)
    assert code == "InvalidDefinition"
    assert 'The field "Nope" is not supported by Step Functions at /States/T/Parameters' in words
    ended = run(states, name, one_task("arn:aws:states:::dynamodb:putItem", None, InputPath="$.p"), {"p": {"Nope": 1}})
    assert ended["error"] == "States.Runtime"
    assert 'The field "Nope" is not supported by Step Functions' in ended["cause"]


def test_versions_and_aliases(states: Any, name: str) -> None:
    arn = create(states, name, PASS, publish=True)
    other = {"StartAt": "A", "States": {"A": {"Type": "Pass", "Result": {"x": 2}, "End": True}}}
    updated = states.update_state_machine(stateMachineArn=arn, definition=json.dumps(other), publish=True)
    assert updated["stateMachineVersionArn"] == f"{arn}:2"
    alias = states.create_state_machine_alias(
        name="prod", routingConfiguration=[{"stateMachineVersionArn": f"{arn}:1", "weight": 100}]
    )["stateMachineAliasArn"]
    execution = states.start_execution(stateMachineArn=alias)["executionArn"]
    ended = await_end(states, execution)
    assert json.loads(ended["output"]) == {"x": 1}
    assert ended["stateMachineVersionArn"] == f"{arn}:1" and ended["stateMachineAliasArn"] == alias
    assert refusal(states.delete_state_machine_version, stateMachineVersionArn=f"{arn}:1")[0] == "ConflictException"
    assert [x["executionArn"] for x in states.list_executions(stateMachineArn=alias)["executions"]] == [execution]
    states.delete_state_machine_alias(stateMachineAliasArn=alias)
    states.delete_state_machine_version(stateMachineVersionArn=f"{arn}:1")
    assert refusal(states.start_execution, stateMachineArn=f"{arn}:1")[0] == "StateMachineDoesNotExist"


# --- Executions


def test_an_execution_its_history_and_its_pages(states: Any, name: str) -> None:
    arn = create(states, name, PASS)
    execution = states.start_execution(stateMachineArn=arn, name="one", input='{"a": 1}')["executionArn"]
    ended = await_end(states, execution)
    assert (ended["status"], ended["input"], json.loads(ended["output"])) == ("SUCCEEDED", '{"a": 1}', {"x": 1})
    events = states.get_execution_history(executionArn=execution)["events"]
    kinds = ["ExecutionStarted", "PassStateEntered", "PassStateExited", "ExecutionSucceeded"]
    assert [e["type"] for e in events] == kinds
    assert [e["id"] for e in events] == [1, 2, 3, 4]
    pages = states.get_paginator("get_execution_history").paginate(
        executionArn=execution, reverseOrder=True, PaginationConfig={"PageSize": 3}
    )
    assert [e["type"] for page in pages for e in page["events"]] == kinds[::-1]
    bare = states.get_execution_history(executionArn=execution, includeExecutionData=False)["events"]
    assert "input" not in bare[0]["executionStartedEventDetails"]


def test_a_name_is_used_once(states: Any, name: str) -> None:
    arn = create(states, name, {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 60, "End": True}}})
    first = states.start_execution(stateMachineArn=arn, name="n", input="{}")
    again = states.start_execution(stateMachineArn=arn, name="n", input="{}")
    assert (first["executionArn"], first["startDate"]) == (again["executionArn"], again["startDate"])
    exists = ("ExecutionAlreadyExists", f"Execution Already Exists: '{first['executionArn']}'")
    assert refusal(states.start_execution, stateMachineArn=arn, name="n", input='{"other": 1}') == exists
    stopped = states.stop_execution(executionArn=first["executionArn"], error="E", cause="C")
    ended = await_end(states, first["executionArn"])
    assert (ended["status"], ended["error"], ended["cause"]) == ("ABORTED", "E", "C")
    assert ended["stopDate"] == stopped["stopDate"]
    assert refusal(states.start_execution, stateMachineArn=arn, name="n", input="{}") == exists


def test_executions_are_listed_by_status_and_page(states: Any, name: str) -> None:
    definition = {
        "StartAt": "C",
        "States": {
            "C": {"Type": "Choice", "Choices": [{"Variable": "$.bad", "IsPresent": True, "Next": "F"}], "Default": "S"},
            "F": {"Type": "Fail", "Error": "Bad", "Cause": "told to"},
            "S": {"Type": "Succeed"},
        },
    }
    arn = create(states, name, definition)
    started = []
    for n in range(5):
        given = json.dumps({"bad": 1} if n % 2 else {})
        started.append(states.start_execution(stateMachineArn=arn, name=f"x{n}", input=given)["executionArn"])
        await_end(states, started[-1])
    listing = states.get_paginator("list_executions")
    pages = listing.paginate(stateMachineArn=arn, PaginationConfig={"PageSize": 2})
    assert [x["executionArn"] for p in pages for x in p["executions"]] == started[::-1]
    failed = listing.paginate(stateMachineArn=arn, statusFilter="FAILED", PaginationConfig={"PageSize": 1})
    assert [x["name"] for p in failed for x in p["executions"]] == ["x3", "x1"]


def test_express_machines_answer_at_once(states: Any, name: str) -> None:
    arn = create(states, name, PASS, type="EXPRESS")
    answer = states.start_sync_execution(stateMachineArn=arn, input='{"q": 1}')
    assert answer["status"] == "SUCCEEDED" and json.loads(answer["output"]) == {"x": 1}
    standard = create(states, f"{name}-s", PASS)
    assert refusal(states.start_sync_execution, stateMachineArn=standard)[0] == "StateMachineTypeNotSupported"


# --- Tasks


@pytest.fixture
def table(server: Server, name: str) -> str:
    dynamodb = server.client("dynamodb")
    dynamodb.create_table(
        TableName=name,
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    dynamodb.get_waiter("table_exists").wait(TableName=name)
    return name


def test_dynamodb(states: Any, server: Server, name: str, table: str) -> None:
    put = {"TableName": table, "Item": {"pk": {"S": "a"}}, "ConditionExpression": "attribute_not_exists(pk)"}
    ended = run(states, name, one_task("arn:aws:states:::dynamodb:putItem", put))
    assert ended["status"] == "SUCCEEDED"
    assert json.loads(ended["output"])["SdkHttpMetadata"]["HttpStatusCode"] == 200
    ended = run(states, f"{name}-2", one_task("arn:aws:states:::dynamodb:putItem", put))
    assert ended["error"] == "DynamoDB.ConditionalCheckFailedException"
    assert ended["cause"].startswith("The conditional request failed (Service: AmazonDynamoDBv2; Status Code: 400; ")
    query = {
        "TableName": table,
        "KeyConditionExpression": "pk = :a",
        "ExpressionAttributeValues": {":a": {"S": "a"}},
    }
    ended = run(states, f"{name}-3", one_task("arn:aws:states:::aws-sdk:dynamodb:query", query))
    assert json.loads(ended["output"])["Items"] == [{"pk": {"S": "a"}}]
    ended = run(states, f"{name}-4", one_task("arn:aws:states:::aws-sdk:dynamodb:putItem", put))
    assert ended["error"] == "DynamoDb.ConditionalCheckFailedException"


def test_s3(states: Any, server: Server, name: str) -> None:
    server.client("s3").create_bucket(Bucket=name)
    put = {"Bucket": name, "Key": "k", "Body": {"a": [1, 2]}}
    assert run(states, name, one_task("arn:aws:states:::aws-sdk:s3:putObject", put))["status"] == "SUCCEEDED"
    assert server.client("s3").get_object(Bucket=name, Key="k")["Body"].read() == b'{"a":[1,2]}'
    get = one_task("arn:aws:states:::aws-sdk:s3:getObject", {"Bucket": name, "Key.$": "$.key"})
    arn = create(states, f"{name}-2", get)
    started = states.start_execution(stateMachineArn=arn, input='{"key": "k"}')["executionArn"]
    assert json.loads(await_end(states, started)["output"])["Body"] == '{"a":[1,2]}'
    started = states.start_execution(stateMachineArn=arn, input='{"key": "none"}')["executionArn"]
    ended = await_end(states, started)
    assert ended["error"] == "S3.NoSuchKeyException"
    assert ended["cause"].startswith("The specified key does not exist. (Service: S3, Status Code: 404, Request ID: ")


def test_functions(states: Any, server: Server, name: str) -> None:
    source = """
        def handler(event, context):
            if event.get("fail"):
                raise ValueError("told to")
            return {"got": event}
    """
    arn = create_function(server.client("lambda"), name, source)
    ended = run(states, name, one_task(arn), {"a": 1})
    assert ended["status"] == "SUCCEEDED", ended
    assert json.loads(ended["output"]) == {"got": {"a": 1}}
    types = [e["type"] for e in states.get_execution_history(executionArn=ended["executionArn"])["events"]]
    assert types[2:5] == ["LambdaFunctionScheduled", "LambdaFunctionStarted", "LambdaFunctionSucceeded"]

    invoke = one_task("arn:aws:states:::lambda:invoke", {"FunctionName": arn, "Payload.$": "$"})
    output = json.loads(run(states, f"{name}-2", invoke, {"a": 2})["output"])
    assert (output["Payload"], output["StatusCode"], output["ExecutedVersion"]) == ({"got": {"a": 2}}, 200, "$LATEST")
    ended = run(states, f"{name}-3", invoke, {"fail": True})
    assert ended["error"] == "ValueError"
    assert json.loads(ended["cause"])["errorMessage"] == "told to"
    gone = one_task("arn:aws:states:::lambda:invoke", {"FunctionName": f"{name}-none"})
    assert run(states, f"{name}-4", gone)["error"] == "Lambda.ResourceNotFoundException"


@pytest.mark.parametrize(("suffix", "shown"), [(".sync", '{"x":1}'), (".sync:2", {"x": 1})])
def test_a_child_is_awaited(states: Any, name: str, suffix: str, shown: Any) -> None:
    child = create(states, f"{name}-child", PASS)
    start = {"StateMachineArn": child, "Input": {"from": "parent"}}
    ended = run(states, name, one_task(f"arn:aws:states:::states:startExecution{suffix}", start))
    assert ended["status"] == "SUCCEEDED", ended
    assert json.loads(ended["output"])["Output"] == shown


def test_a_childs_failure_is_its_parents(states: Any, name: str) -> None:
    child = create(states, f"{name}-child", {"StartAt": "F", "States": {"F": {"Type": "Fail", "Error": "Bad"}}})
    ended = run(states, name, one_task("arn:aws:states:::states:startExecution.sync:2", {"StateMachineArn": child}))
    assert (ended["status"], ended["error"]) == ("FAILED", "States.TaskFailed")
    assert json.loads(ended["cause"])["Error"] == "Bad"


def test_stopping_a_parent_stops_its_child(states: Any, name: str) -> None:
    slow = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 60, "End": True}}}
    child = create(states, f"{name}-child", slow)
    parent = create(
        states,
        name,
        one_task("arn:aws:states:::states:startExecution.sync", {"StateMachineArn": child, "Name": "c"}),
    )
    execution = states.start_execution(stateMachineArn=parent)["executionArn"]
    child_execution = child.replace(":stateMachine:", ":execution:") + ":c"
    while True:
        types = [e["type"] for e in states.get_execution_history(executionArn=execution)["events"]]
        if "TaskSubmitted" in types:
            break
        time.sleep(0.02)
    states.stop_execution(executionArn=execution)
    assert await_end(states, child_execution)["status"] == "ABORTED"


def test_an_unserved_resource_fails_when_it_runs(states: Any, name: str) -> None:
    send = one_task("arn:aws:states:::sqs:sendMessage", {"QueueUrl": "q", "MessageBody": "m"})
    ended = run(states, name, send)
    assert ended["status"] == "FAILED" and "sqs:sendMessage" in ended["cause"]


def test_an_activity(states: Any, name: str) -> None:
    activity = states.create_activity(name=name)["activityArn"]
    arn = create(states, name, one_task(activity))
    taken: dict[str, Any] = {}
    worker = threading.Thread(target=lambda: taken.update(states.get_activity_task(activityArn=activity, workerName="w")))
    worker.start()
    execution = states.start_execution(stateMachineArn=arn, input='{"a": 1}')["executionArn"]
    worker.join(30)
    assert json.loads(taken["input"]) == {"a": 1}
    states.send_task_heartbeat(taskToken=taken["taskToken"])
    states.send_task_success(taskToken=taken["taskToken"], output='{"done": true}')
    assert json.loads(await_end(states, execution)["output"]) == {"done": True}
    assert refusal(states.send_task_success, taskToken=taken["taskToken"], output="{}") == (
        "TaskTimedOut",
        "Task Timed Out: 'Provided task does not exist anymore'",
    )
    assert refusal(states.send_task_failure, taskToken="nonsense")[0] == "InvalidToken"
    types = [e["type"] for e in states.get_execution_history(executionArn=execution)["events"]]
    assert types[2:5] == ["ActivityScheduled", "ActivityStarted", "ActivitySucceeded"]


def test_a_token_that_goes_to_a_child(states: Any, name: str) -> None:
    child = create(states, f"{name}-child", PASS)
    start = {"StateMachineArn": child, "Input": {"token.$": "$$.Task.Token"}, "Name": "c"}
    arn = create(states, name, one_task("arn:aws:states:::states:startExecution.waitForTaskToken", start))
    execution = states.start_execution(stateMachineArn=arn)["executionArn"]
    child_execution = child.replace(":stateMachine:", ":execution:") + ":c"
    limit = time.monotonic() + 30
    while time.monotonic() < limit:
        try:
            token = json.loads(states.describe_execution(executionArn=child_execution)["input"])["token"]
            break
        except ClientError:
            time.sleep(0.02)
    states.send_task_failure(taskToken=token, error="Told", cause="so")
    ended = await_end(states, execution)
    assert (ended["status"], ended["error"], ended["cause"]) == ("FAILED", "Told", "so")


# --- Restarts


def test_what_waits_goes_on_after_a_restart(fresh_server: Server) -> None:
    server = fresh_server.start()
    states = server.client("stepfunctions")
    activity = states.create_activity(name="a")["activityArn"]
    waits = create(states, "w", {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 2, "End": True}}})
    works = create(states, "a", one_task(activity))
    parent = create(states, "p", one_task("arn:aws:states:::states:startExecution.sync:2", {"StateMachineArn": works}))
    waiting = states.start_execution(stateMachineArn=waits, input='{"kept": 1}')["executionArn"]
    above = states.start_execution(stateMachineArn=parent)["executionArn"]
    while not states.list_executions(stateMachineArn=works)["executions"]:
        time.sleep(0.02)
    server.kill()
    server.start()
    states = server.client("stepfunctions")
    assert json.loads(await_end(states, waiting)["output"]) == {"kept": 1}
    task = states.get_activity_task(activityArn=activity)
    states.send_task_success(taskToken=task["taskToken"], output='"done"')
    assert json.loads(await_end(states, above)["output"])["Output"] == "done"
