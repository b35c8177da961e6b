"""Mocked service integrations by file (SFN_MOCK_CONFIG): test cases that executions are started with."""

from __future__ import annotations

import json
import os
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.support.server import BINARY, Server

ROLE = "arn:aws:iam::000000000000:role/states"
FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:none"
RETRY = [{"ErrorEquals": ["Busy"], "IntervalSeconds": 1, "BackoffRate": 1, "MaxAttempts": 3}]
MACHINE = {
    "StartAt": "Call",
    "States": {
        "Call": {"Type": "Task", "Resource": FUNCTION, "Retry": RETRY, "Next": "Send"},
        "Send": {
            "Type": "Task",
            "Resource": "arn:aws:states:::sqs:sendMessage",
            "Parameters": {"QueueUrl": "q", "MessageBody.$": "$.body"},
            "End": True,
        },
    },
}
CONFIG: dict[str, Any] = {
    "StateMachines": {
        "Flow": {
            "TestCases": {
                "Happy": {"Call": "Fine", "Send": "Sent"},
                "Retried": {"Call": "Late", "Send": "Sent"},
                "Failing": {"Call": "Broken"},
                "Short": {"Call": "Once", "Send": "Sent"},
                "Half": {"Call": "Fine"},
            }
        },
    },
    "MockedResponses": {
        "Fine": {"0": {"Return": {"body": "hello"}}},
        "Late": {
            "0": {"Throw": {"Error": "Busy", "Cause": "first"}},
            "1-2": {"Throw": {"Error": "Busy", "Cause": "again"}},
            "3": {"Return": {"body": "at last"}},
        },
        "Broken": {"0": {"Throw": {"Error": "Broken", "Cause": "for good"}}},
        "Once": {"0": {"Throw": {"Error": "Busy", "Cause": "first"}}},
        "Sent": {"0": {"Return": {"MessageId": "m-1"}}},
    },
}


@pytest.fixture
def config(fresh_server: Server) -> Path:
    return write(fresh_server.folder / "mocks.json", CONFIG)


@pytest.fixture
def server(fresh_server: Server, config: Path) -> Server:
    return fresh_server.start(SFN_MOCK_CONFIG=str(config))


@pytest.fixture
def states(server: Server) -> Any:
    return server.client("stepfunctions")


def write(file: Path, config: Any) -> Path:
    file.write_text(config if isinstance(config, str) else json.dumps(config))
    return file


def create(states: Any, name: str = "Flow", definition: Any = MACHINE, **more: Any) -> str:
    return states.create_state_machine(name=name, definition=json.dumps(definition), roleArn=ROLE, **more)[
        "stateMachineArn"
    ]


def await_end(states: Any, execution: str) -> dict[str, Any]:
    limit = time.monotonic() + 60
    while (described := states.describe_execution(executionArn=execution))["status"] == "RUNNING":
        assert time.monotonic() < limit, f"{execution} does not end"
        time.sleep(0.02)
    return described


def run(states: Any, arn: str) -> dict[str, Any]:
    return await_end(states, states.start_execution(stateMachineArn=arn)["executionArn"])


def history(states: Any, execution: str) -> list[dict[str, Any]]:
    return states.get_execution_history(executionArn=execution, maxResults=1000)["events"]


def types(states: Any, execution: str) -> list[str]:
    return [e["type"] for e in history(states, execution)]


def refused(call: Any, **arguments: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return caught.value.response["Error"]["Code"], caught.value.response["Error"]["Message"]


def alone(name: str, task: dict[str, Any], response: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """A machine of one task, and the file whose case `C` answers it."""
    definition = {"StartAt": "T", "States": {"T": {"Type": "Task", "End": True, **task}}}
    mocks = {"StateMachines": {name: {"TestCases": {"C": {"T": "R"}}}}, "MockedResponses": {"R": response}}
    return definition, mocks


def test_a_happy_path_has_the_history_of_real_calls(states: Any) -> None:
    arn = create(states)
    ended = run(states, arn + "#Happy")
    assert (ended["status"], json.loads(ended["output"])) == ("SUCCEEDED", {"MessageId": "m-1"})
    assert ended["stateMachineArn"] == arn
    assert types(states, ended["executionArn"]) == [
        "ExecutionStarted",
        "TaskStateEntered", "LambdaFunctionScheduled", "LambdaFunctionStarted", "LambdaFunctionSucceeded",
        "TaskStateExited",
        "TaskStateEntered", "TaskScheduled", "TaskStarted", "TaskSucceeded", "TaskStateExited",
        "ExecutionSucceeded",
    ]
    scheduled = next(e for e in history(states, ended["executionArn"]) if e["type"] == "TaskScheduled")
    assert json.loads(scheduled["taskScheduledEventDetails"]["parameters"])["MessageBody"] == "hello"


def test_throws_are_retried_until_a_return(states: Any) -> None:
    ended = run(states, create(states) + "#Retried")
    assert ended["status"] == "SUCCEEDED"
    events = history(states, ended["executionArn"])
    failures = [e["lambdaFunctionFailedEventDetails"] for e in events if e["type"] == "LambdaFunctionFailed"]
    assert failures == [{"error": "Busy", "cause": c} for c in ("first", "again", "again")]


def test_what_is_thrown_fails_the_execution(states: Any) -> None:
    ended = run(states, create(states) + "#Failing")
    assert (ended["status"], ended["error"], ended["cause"]) == ("FAILED", "Broken", "for good")


def test_an_invocation_without_response_fails_in_clear_words(states: Any) -> None:
    ended = run(states, create(states) + "#Short")
    assert (ended["error"], ended["cause"]) == (
        "States.Runtime", "The mock configuration has no response for invocation 1 of state 'Call'",
    )


def test_a_state_that_the_case_does_not_name_is_called(states: Any) -> None:
    ended = run(states, create(states) + "#Half")
    assert (ended["status"], ended["error"]) == ("FAILED", "States.Runtime")
    assert "sqs:sendMessage" in ended["cause"]


def test_without_a_case_nothing_is_mocked(states: Any) -> None:
    ended = run(states, create(states))
    assert (ended["status"], ended["error"]) == ("FAILED", "Lambda.ResourceNotFoundException")


def test_a_case_survives_a_kill_between_its_attempts(server: Server, states: Any, config: Path) -> None:
    started = states.start_execution(stateMachineArn=create(states) + "#Retried")["executionArn"]
    while "LambdaFunctionFailed" not in types(states, started):
        time.sleep(0.02)
    server.kill()
    # What the file says by now is of no matter to what has begun.
    write(config, {"StateMachines": {}, "MockedResponses": {}})
    server.start(SFN_MOCK_CONFIG=str(config))
    states = server.client("stepfunctions")
    assert json.loads(await_end(states, started)["output"]) == {"MessageId": "m-1"}
    causes = [
        e["lambdaFunctionFailedEventDetails"]["cause"]
        for e in history(states, started)
        if e["type"] == "LambdaFunctionFailed"
    ]
    assert causes == ["first", "again", "again"]


def test_unknown_cases_are_refused(states: Any) -> None:
    arn = create(states)
    assert refused(states.start_execution, stateMachineArn=arn + "#None") == (
        "ValidationException", "The mock configuration's state machine 'Flow' has no test case 'None'",
    )
    assert refused(states.start_execution, stateMachineArn=create(states, "Other") + "#Happy") == (
        "ValidationException", "The mock configuration has no state machine 'Other'",
    )
    assert states.list_executions(stateMachineArn=arn)["executions"] == []


def test_the_file_is_read_anew_at_each_start(states: Any, config: Path) -> None:
    arn = create(states)
    changed = json.loads(json.dumps(CONFIG))
    changed["MockedResponses"]["Sent"]["0"]["Return"]["MessageId"] = "m-2"
    write(config, changed)
    assert json.loads(run(states, arn + "#Happy")["output"]) == {"MessageId": "m-2"}
    write(config, "{")
    code, message = refused(states.start_execution, stateMachineArn=arn + "#Happy")
    assert code == "ValidationException"
    assert message.startswith("The mock configuration cannot be used: ")


def test_an_express_execution_has_cases_too(states: Any, config: Path) -> None:
    arn = create(states, type="EXPRESS")
    answered = states.start_sync_execution(stateMachineArn=arn + "#Happy")
    assert (answered["status"], json.loads(answered["output"])) == ("SUCCEEDED", {"MessageId": "m-1"})
    assert refused(states.start_sync_execution, stateMachineArn=arn + "#None")[0] == "ValidationException"


@pytest.mark.parametrize("suffix", [".sync", ".waitForTaskToken"])
def test_a_job_is_submitted_and_succeeds(states: Any, config: Path, suffix: str) -> None:
    task: dict[str, Any] = {"Resource": "arn:aws:states:::ecs:runTask" + suffix, "Parameters": {"TaskDefinition": "t"}}
    if suffix != ".sync":
        task["Parameters"]["Overrides"] = {"Token.$": "$$.Task.Token"}
    definition, mocks = alone("Job", task, {"0": {"Return": {"done": True}}})
    write(config, mocks)
    ended = run(states, create(states, "Job", definition) + "#C")
    assert json.loads(ended["output"]) == {"done": True}
    assert types(states, ended["executionArn"])[2:6] == [
        "TaskScheduled", "TaskStarted", "TaskSubmitted", "TaskSucceeded",
    ]


def test_invocations_count_over_the_iterations_of_a_map(states: Any, config: Path) -> None:
    definition, mocks = alone(
        "Rows", {"Resource": FUNCTION}, {"0": {"Return": "a"}, "1": {"Return": "b"}, "2": {"Return": "c"}}
    )
    rows = {"Type": "Map", "ItemsPath": "$.rows", "MaxConcurrency": 1, "ItemProcessor": definition, "End": True}
    first = {"Type": "Pass", "Result": {"rows": [1, 2, 3]}, "Next": "Each"}
    write(config, mocks)
    arn = create(states, "Rows", {"StartAt": "First", "States": {"First": first, "Each": rows}})
    assert json.loads(run(states, arn + "#C")["output"]) == ["a", "b", "c"]


def test_a_map_runs_children_run_the_case_each(states: Any, config: Path) -> None:
    definition, mocks = alone("Rows", {"Resource": FUNCTION}, {"0": {"Return": "a"}})
    definition["ProcessorConfig"] = {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
    rows = {"Type": "Map", "ItemsPath": "$.rows", "ItemProcessor": definition, "End": True}
    first = {"Type": "Pass", "Result": {"rows": [1, 2]}, "Next": "Each"}
    write(config, mocks)
    arn = create(states, "Rows", {"StartAt": "First", "States": {"First": first, "Each": rows}})
    assert json.loads(run(states, arn + "#C")["output"]) == ["a", "a"]


def test_an_activitys_worker_is_not_asked(states: Any, config: Path) -> None:
    activity = states.create_activity(name="work")["activityArn"]
    definition, mocks = alone("Hand", {"Resource": activity}, {"0": {"Return": 1}})
    write(config, mocks)
    ended = run(states, create(states, "Hand", definition) + "#C")
    assert ended["output"] == "1"
    assert types(states, ended["executionArn"])[2:5] == ["ActivityScheduled", "ActivityStarted", "ActivitySucceeded"]


def up(server: Server, *more: str) -> subprocess.CompletedProcess[str]:
    """A server that is not expected to start."""
    command = [str(BINARY), "up", "--data-dir", str(server.data), "--listen", "127.0.0.1:0", *more]
    return subprocess.run(command, capture_output=True, text=True, timeout=20, check=False, env=dict(os.environ))


def test_a_server_does_not_start_on_a_wrong_file(fresh_server: Server, config: Path) -> None:
    wrong = json.loads(json.dumps(CONFIG))
    wrong["StateMachines"]["Flow"]["TestCases"]["Happy"]["Call"] = "Nothing"
    write(config, wrong)
    told = up(fresh_server, "--sfn-mock-config", str(config))
    assert told.returncode == 1
    assert f"The mock configuration {config} (SFN_MOCK_CONFIG): " in told.stderr
    assert "StateMachines.Flow.TestCases.Happy.Call names 'Nothing', which is not in MockedResponses" in told.stderr
    told = up(fresh_server, "--sfn-mock-config", str(config) + ".none")
    assert told.returncode == 1
    assert "No such file" in told.stderr


def test_a_server_without_a_file_knows_no_cases(fresh_server: Server) -> None:
    states = fresh_server.start().client("stepfunctions")
    assert refused(states.start_execution, stateMachineArn=create(states) + "#Happy") == (
        "ValidationException",
        "Test case 'Happy' is not known: the server was started without a mock configuration (SFN_MOCK_CONFIG)",
    )
