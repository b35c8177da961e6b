"""TestState through boto3: single states and states of machines, inspection data, mocks and checks of them, tasks."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.support.functions import create_function
from tests.support.server import Server

ROLE = "arn:aws:iam::000000000000:role/states"
TASK = {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:sqs:sendMessage", "End": True}
DISTRIBUTED = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}
MAP: dict[str, Any] = {
    "Type": "Map",
    "ItemsPath": "$.rows",
    "ItemProcessor": {"StartAt": "Inner", "States": {"Inner": {"Type": "Pass", "End": True}}},
    "End": True,
}


@pytest.fixture
def states(server: Server) -> Any:
    return server.client("stepfunctions")


def outcome_of(states: Any, definition: Any, given: Any = None, level: str = "DEBUG", **more: Any) -> dict[str, Any]:
    if given is not None:
        more["input"] = json.dumps(given)
    answer = states.test_state(definition=json.dumps(definition), inspectionLevel=level, **more)
    del answer["ResponseMetadata"]
    return answer


def shown(answer: dict[str, Any]) -> dict[str, Any]:
    """Inspection data with its texts read."""
    return {k: json.loads(v) if isinstance(v, str) else v for k, v in answer["inspectionData"].items()}


def refused(states: Any, definition: Any, given: Any = None, **more: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        outcome_of(states, definition, given, **more)
    return caught.value.response["Error"]["Code"], caught.value.response["Error"]["Message"]


# --- What passes through a state


def test_info_shows_no_data_flow(states: Any) -> None:
    answer = outcome_of(states, {"Type": "Pass", "Next": "After"}, {"a": 1}, "INFO")
    assert answer == {"status": "SUCCEEDED", "nextState": "After", "output": '{"a": 1}'}


def test_each_phase_of_a_task_is_shown(states: Any) -> None:
    definition = {
        **TASK,
        "InputPath": "$.body",
        "Parameters": {"MessageBody.$": "$.text"},
        "ResultSelector": {"id.$": "$.MessageId"},
        "ResultPath": "$.sent",
        "OutputPath": "$.sent",
    }
    answer = outcome_of(states, definition, {"body": {"text": "hi"}}, mock={"result": '{"MessageId": "m-1"}'})
    assert json.loads(answer["output"]) == {"id": "m-1"}
    assert shown(answer) == {
        "input": {"body": {"text": "hi"}},
        "afterInputPath": {"text": "hi"},
        "afterParameters": {"MessageBody": "hi"},
        "result": {"MessageId": "m-1"},
        "afterResultSelector": {"id": "m-1"},
        "afterResultPath": {"body": {"text": "hi"}, "sent": {"id": "m-1"}},
    }


def test_variables_come_in_and_go_out(states: Any) -> None:
    definition = {"Type": "Pass", "QueryLanguage": "JSONata", "Assign": {"sum": "{% $a + 1 %}"}, "End": True}
    answer = outcome_of(states, definition, {}, variables='{"a": 1}')
    assert shown(answer)["variables"] == {"a": 1, "sum": 2}


def test_a_state_deep_in_a_machine_is_found(states: Any) -> None:
    machine = {"StartAt": "M", "States": {"M": MAP}}
    assert outcome_of(states, machine, {"x": 1}, "INFO", stateName="Inner")["output"] == '{"x": 1}'
    assert refused(states, machine, stateName="Nobody") == ("ValidationException", "State not found in definition")


def test_a_context_is_given_with_a_mock_alone(states: Any) -> None:
    definition = {**TASK, "ResultSelector": {"who.$": "$$.Execution.Name"}}
    answer = outcome_of(states, definition, mock={"result": "{}"}, context='{"Execution": {"Name": "me"}}')
    assert json.loads(answer["output"]) == {"who": "me"}
    assert refused(states, {"Type": "Pass", "End": True}, context="{}")[0] == "ValidationException"


def test_a_wait_state_really_waits(states: Any) -> None:
    assert outcome_of(states, {"Type": "Wait", "Seconds": 1, "End": True}, {"a": 1})["output"] == '{"a": 1}'


# --- Failures


def test_retries_are_counted_and_then_the_catch_takes_over(states: Any) -> None:
    definition = {
        **TASK,
        "Retry": [
            {"ErrorEquals": ["Other"]},
            {"ErrorEquals": ["Boom"], "IntervalSeconds": 3, "BackoffRate": 2, "MaxAttempts": 2},
        ],
        "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.why", "Next": "Sorry"}],
    }
    mock = {"errorOutput": {"error": "Boom", "cause": "no"}}
    for made, seconds in ((0, 3), (1, 6)):
        answer = outcome_of(states, definition, {}, mock=mock, stateConfiguration={"retrierRetryCount": made})
        assert (answer["status"], answer["error"], answer["cause"]) == ("RETRIABLE", "Boom", "no")
        assert answer["inspectionData"]["errorDetails"] == {"retryIndex": 1, "retryBackoffIntervalSeconds": seconds}
    answer = outcome_of(states, definition, {"a": 1}, mock=mock, stateConfiguration={"retrierRetryCount": 2})
    assert (answer["status"], answer["nextState"]) == ("CAUGHT_ERROR", "Sorry")
    assert json.loads(answer["output"]) == {"a": 1, "why": {"Error": "Boom", "Cause": "no"}}
    assert answer["inspectionData"]["errorDetails"] == {"catchIndex": 0}


def test_a_path_that_finds_nothing_fails_the_state(states: Any) -> None:
    answer = outcome_of(states, {"Type": "Pass", "Parameters": {"x.$": "$.none"}, "End": True}, {})
    assert (answer["status"], answer["error"]) == ("FAILED", "States.Runtime")
    assert "'$.none'" in answer["cause"]


# --- Map and Parallel


def test_a_map_shows_its_items_and_bounds(states: Any) -> None:
    definition = {
        **MAP,
        "MaxConcurrency": 3,
        "ItemSelector": {"n.$": "$$.Map.Item.Index", "v.$": "$$.Map.Item.Value", "all.$": "$.tag"},
        "ItemBatcher": {"MaxItemsPerBatch": 2},
        "ToleratedFailurePercentage": 50,
        "ItemProcessor": {**DISTRIBUTED, **MAP["ItemProcessor"]},
    }
    given = {"tag": "t", "rows": [7, 8, 9]}
    data = shown(outcome_of(states, definition, given, mock={"result": "[1]"}))
    selected = [{"n": n, "v": v, "all": "t"} for n, v in enumerate(given["rows"])]
    assert data["afterItemsPath"] == given["rows"]
    assert data["afterItemSelector"] == selected
    assert data["afterItemBatcher"] == [{"Items": selected[:2]}, {"Items": selected[2:]}]
    assert (data["maxConcurrency"], data["toleratedFailurePercentage"]) == (3, 50.0)
    for failed, status in ((1, "SUCCEEDED"), (2, "FAILED")):
        answer = outcome_of(
            states, definition, given, mock={"result": "[1]"}, stateConfiguration={"mapIterationFailureCount": failed}
        )
        assert answer["status"] == status
    assert answer["error"] == "States.ExceedToleratedFailureThreshold"


def test_what_an_item_reader_read_is_given(states: Any) -> None:
    definition = {
        "Type": "Map",
        "ItemReader": {
            "Resource": "arn:aws:states:::s3:getObject",
            "ReaderConfig": {"InputType": "JSONL"},
            "Parameters": {"Bucket": "b", "Key": "k"},
        },
        "ItemSelector": {"v.$": "$$.Map.Item.Value"},
        "ItemProcessor": {**DISTRIBUTED, **MAP["ItemProcessor"]},
        "End": True,
    }
    answer = outcome_of(
        states, definition, {}, mock={"result": "[]"}, stateConfiguration={"mapItemReaderData": '{"a": 1}\n{"a": 2}\n'}
    )
    assert shown(answer)["afterItemSelector"] == [{"v": {"a": 1}}, {"v": {"a": 2}}]


def test_map_and_parallel_need_a_mock(states: Any) -> None:
    branches = [{"StartAt": "B", "States": {"B": {"Type": "Pass", "End": True}}}]
    parallel = {"Type": "Parallel", "Branches": branches, "End": True}
    for definition in (MAP, parallel):
        code, message = refused(states, definition, {"rows": []})
        assert code == "InvalidDefinition" and "does not support Map or Parallel" in message
        assert refused(states, definition, {"rows": []}, mock={"result": "{}"})[1] == "Mocked result must be an array."
    error = {"errorOutput": {"error": "E"}}
    answer = outcome_of(states, parallel, mock=error, stateConfiguration={"errorCausedByState": "B"})
    assert answer["status"] == "FAILED"
    code, _ = refused(states, parallel, mock=error, stateConfiguration={"errorCausedByState": "Elsewhere"})
    assert code == "ValidationException"


# --- What a mocked result is checked against


@pytest.mark.parametrize(
    ("resource", "mode", "result", "problem"),
    [
        ("aws-sdk:sqs:sendMessage", "STRICT", {"MessageId": 1}, "Field 'MessageId' must be a string"),
        ("aws-sdk:sqs:sendMessage", "NONE", {"MessageId": 1}, None),
        ("aws-sdk:sqs:sendMessage", "STRICT", {"Unknown": 1}, None),
        ("aws-sdk:dynamodb:getItem", "STRICT", {"Item": {"a": {"L": "x"}}}, "Field 'L' must be an array"),
        ("dynamodb:getItem", "STRICT", {"Item": {"a": {"BOOL": "x"}}}, "Field 'BOOL' must be a boolean"),
        ("aws-sdk:sfn:startExecution", "STRICT", {}, "Required field 'ExecutionArn' is missing"),
        ("aws-sdk:sfn:startExecution", "PRESENT", {}, None),
        ("aws-sdk:sfn:startExecution", "PRESENT", {"StartDate": 5}, "Field 'StartDate' must be a string"),
        ("states:startExecution.sync:2", "PRESENT", {"Output": {}}, "Field 'Output' must be a string"),
        ("aws-sdk:ecs:runTask", "STRICT", {"Tasks": [{"LaunchType": "?"}]}, "Field 'LaunchType' is not an expected value"),
        ("aws-sdk:unheardof:doIt", "STRICT", {"x": 1}, None),
    ],
)  # fmt: skip
def test_results_are_checked_against_the_api(
    states: Any, resource: str, mode: str, result: Any, problem: str | None
) -> None:
    definition = {"Type": "Task", "Resource": f"arn:aws:states:::{resource}", "End": True}
    mock = {"result": json.dumps(result), "fieldValidationMode": mode}
    if problem is None:
        assert json.loads(outcome_of(states, definition, {}, mock=mock)["output"]) == result
    else:
        wanted = ("ValidationException", f"Mock result schema validation error: {problem}")
        assert refused(states, definition, {}, mock=mock) == wanted


# --- Without a mock the task runs


def test_a_task_needs_a_role(states: Any) -> None:
    wanted = ("ValidationException", "RoleArn must be specified when testing a Task state")
    assert refused(states, TASK, {}) == wanted


def test_a_table_is_really_written(server: Server, states: Any) -> None:
    table = f"t-{uuid.uuid4().hex[:8]}"
    dynamodb = server.client("dynamodb")
    dynamodb.create_table(
        TableName=table,
        KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    put = {
        "Type": "Task",
        "Resource": "arn:aws:states:::dynamodb:putItem",
        "Parameters": {"TableName": table, "Item": {"k": {"S.$": "$.key"}}},
        "ResultPath": None,
        "End": True,
    }
    assert outcome_of(states, put, {"key": "one"}, roleArn=ROLE)["status"] == "SUCCEEDED"
    assert dynamodb.get_item(TableName=table, Key={"k": {"S": "one"}})["Item"] == {"k": {"S": "one"}}
    put["Parameters"]["TableName"] = "none"
    answer = outcome_of(states, put, {"key": "one"}, roleArn=ROLE)
    assert (answer["status"], answer["error"]) == ("FAILED", "DynamoDB.ResourceNotFoundException")


def test_a_function_is_really_called(server: Server, states: Any) -> None:
    source = "def handler(event, context):\n    return {'twice': event['n'] * 2}\n"
    arn = create_function(server.client("lambda"), f"f-{uuid.uuid4().hex[:8]}", source)
    definition = {
        "Type": "Task",
        "QueryLanguage": "JSONata",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": {"FunctionName": arn, "Payload": {"n": "{% $states.input.n %}"}},
        "Output": "{% $states.result.Payload.twice %}",
        "End": True,
    }
    answer = outcome_of(states, definition, {"n": 21}, roleArn=ROLE)
    assert (answer["status"], answer["output"]) == ("SUCCEEDED", "42")
    assert shown(answer)["afterArguments"] == {"FunctionName": arn, "Payload": {"n": 21}}
