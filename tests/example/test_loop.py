"""What the person at the terminal sees of the example, from histories as Step Functions tells them."""

from __future__ import annotations

import datetime
import importlib
import json
import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from tests.example.template import EXAMPLE

START = datetime.datetime(2026, 11, 25, 12, 0, 0, tzinfo=datetime.UTC)
PARENT, CHILD = "arn:aws:states:us-east-1:0:execution:evaluation:a", "arn:aws:states:us-east-1:0:execution:training:b"


@pytest.fixture(scope="module")
def modules() -> SimpleNamespace:
    sys.path.insert(0, str(EXAMPLE))
    try:
        loaded: dict[str, ModuleType] = {name: importlib.import_module(name) for name in ("watch", "summary", "loop")}
        return SimpleNamespace(**loaded)
    finally:
        sys.path.remove(str(EXAMPLE))


def history(*told: tuple[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """Events a second apart."""
    return [
        {"id": n, "type": kind, "timestamp": START + datetime.timedelta(seconds=n), **details}
        for n, (kind, details) in enumerate(told, start=1)
    ]


def entered(kind: str, name: str) -> tuple[str, dict[str, Any]]:
    return f"{kind}StateEntered", {"stateEnteredEventDetails": {"name": name}}


def event(kind: str, **details: Any) -> tuple[str, dict[str, Any]]:
    return kind, details


FAILED_TWICE = history(
    event("ExecutionStarted"),
    entered("Task", "Initialize"),
    event("TaskScheduled"),
    event("TaskFailed"),
    event("TaskScheduled"),
    event("TaskSucceeded"),
    event("TaskStateExited"),
    entered("Task", "Train Model"),
    event("TaskScheduled"),
    event("TaskFailed"),
    event("TaskStateExited"),
    entered("Fail", "Fail"),
    event("ExecutionFailed"),
)


def test_steps_tell_what_failed_and_what_was_tried_again(modules):
    steps = modules.watch.steps_of(FAILED_TWICE)
    assert [(s.name, s.tries, s.failed, s.seconds) for s in steps] == [
        ("Initialize", 2, False, 5.0),
        ("Train Model", 1, True, 3.0),
        ("Fail", 0, True, 1.0),
    ]


class FakeStates:
    """Two executions: the first starts the second and waits for it."""

    histories = {
        PARENT: history(
            event("ExecutionStarted"),
            entered("Task", "Re-train"),
            event("TaskScheduled"),
            event(
                "TaskSubmitted",
                taskSubmittedEventDetails={"resourceType": "states", "output": json.dumps({"ExecutionArn": CHILD})},
            ),
            event("TaskSucceeded"),
            event("TaskStateExited"),
            event("ExecutionSucceeded"),
        ),
        CHILD: history(
            event("ExecutionStarted"), entered("Pass", "Learn"), event("PassStateExited"), event("ExecutionSucceeded")
        ),
    }

    def start_execution(self, stateMachineArn: str, name: str, input: str) -> dict[str, Any]:
        return {"executionArn": PARENT}

    def get_paginator(self, operation: str) -> SimpleNamespace:
        assert operation == "get_execution_history"

        def paginate(executionArn: str, includeExecutionData: bool, PaginationConfig: Any) -> Any:
            events = json.loads(json.dumps(self.histories[executionArn], default=lambda t: t.timestamp()))
            for each, original in zip(events, self.histories[executionArn]):
                each["timestamp"] = original["timestamp"]
                if not includeExecutionData:
                    each.get("taskSubmittedEventDetails", {}).pop("output", None)
            yield {"events": events[:2]}
            yield {"events": events[2:]}

        return SimpleNamespace(paginate=paginate)

    def describe_execution(self, executionArn: str) -> dict[str, Any]:
        stop = START + datetime.timedelta(seconds=7)
        return {"status": "SUCCEEDED", "input": "{}", "output": '{"a": 1}', "startDate": START, "stopDate": stop}


def test_an_execution_that_starts_another_shows_both(modules, capsys):
    run = modules.watch.Follower(FakeStates(), modules.watch.Screen()).run("machine", "name", {})
    assert (run.status, run.output, run.seconds) == ("SUCCEEDED", {"a": 1}, 7.0)
    assert [step.name for step in run.child.steps] == ["Learn"]
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert lines == ["▸ Re-train", "✓ Learn 1.00 s", "✓ Re-train 4.00 s"]


@pytest.mark.parametrize(
    ("cause", "sentence"),
    [
        ("plain words", "plain words"),
        ('{"errorType": "MissingData", "errorMessage": "there are no flights"}', "there are no flights"),
        ('{"TrainingJobName": "x", "FailureReason": "ClientError: eta"}', "ClientError: eta"),
        (json.dumps({"Status": "FAILED", "Cause": json.dumps({"FailureReason": "it died"})}), "it died"),
        ('{"Unknown": 1}', '{"Unknown": 1}'),
        ("[1]", "[1]"),
    ],
)
def test_a_cause_is_explained(modules, cause, sentence):
    assert modules.watch.explain(cause) == sentence


def evaluation(generation: int, rmse: float, decision: dict[str, Any]) -> dict[str, Any]:
    return {
        "Evaluation": {"From": "2013-07-01", "To": "2013-08-01", "Metric": "rmse", "Threshold": 16},
        "Model": {"Generation": generation},
        "MonitoringOutput": {
            "ModelPerformance": {"rmse": rmse},
            "RowCount": 2741,
            "Prediction": {"Mean": 163.0},
            "Target": {"Mean": 148.5},
        },
        "Decision": decision,
    }


def test_the_summary_says_what_was_decided_and_why(modules, capsys):
    of = modules.summary.Judgement.of
    wanting = of("July", evaluation(1, 20.123, {"Retrained": True, "Training": {"Generation": 2}}))
    good = of("July", evaluation(2, 10.5, {"Retrained": False}))
    model = {
        "GENERATION": {"N": "1"}, "DATA_FROM": {"S": "2013-01-01"}, "DATA_TO": {"S": "2013-02-21"},
        "ROW_COUNT": {"N": "4321"}, "TRAINING_METRIC": {"M": {"VALUE": {"N": "11.96"}}},
        "SAGEMAKER_MODEL_NAME": {"S": "mdlc-1"},
    }  # fmt: skip
    run = modules.watch.Follower(FakeStates(), modules.watch.Screen()).run("machine", "name", {})
    capsys.readouterr()
    modules.summary.summarise(modules.watch.Screen(), [model], [wanting, good], [run], 9.0)
    text = " ".join(capsys.readouterr().out.split())
    assert "1 1 Jan – 20 Feb 4,321 11.96 mdlc-1" in text
    assert "1 1 Jul – 31 Jul 2,741 163.0 148.5 20.12 found wanting: rmse 20.12 is worse than 16 → generation 2" in text
    assert "good: rmse 10.50 is within 16" in text
    assert "July: rmse 20.12 before, 10.50 after training" in text
    assert "training Learn 1 1.00 1.00" in text
