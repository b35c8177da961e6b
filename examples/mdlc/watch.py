"""Follows an execution of Step Functions while it runs, and shows each state on a line of its own."""

from __future__ import annotations

import datetime
import json
import os
import sys
import time
from dataclasses import dataclass, field
from typing import Any

# Step Functions allows few calls of GetExecutionHistory a second; an endpoint of one's own has no such limit.
POLL_S = 0.1 if os.environ.get("AWS_ENDPOINT_URL") else 2.0
ENDED = {"ExecutionSucceeded", "ExecutionFailed", "ExecutionAborted", "ExecutionTimedOut"}
FAILURES = {"TaskFailed", "TaskTimedOut", "TaskStartFailed", "TaskSubmitFailed", "ExecutionFailed", "ExecutionTimedOut"}
WIDTH = 28  # of a state's name with its indentation


@dataclass
class Step:
    """A state that was entered."""

    name: str
    started: datetime.datetime
    ended: datetime.datetime | None = None
    tries: int = 0
    failed: bool = False

    @property
    def seconds(self) -> float:
        return ((self.ended or datetime.datetime.now(self.started.tzinfo)) - self.started).total_seconds()


@dataclass
class Run:
    """An execution that has ended."""

    arn: str
    status: str
    input: dict[str, Any]
    output: dict[str, Any] | None
    error: str
    cause: str
    seconds: float
    steps: list[Step] = field(default_factory=list)
    child: "Run | None" = None


class Screen:
    """Lines that stay, and on a terminal one more that shows what is running now."""

    def __init__(self) -> None:
        self.is_live = sys.stdout.isatty()
        self.frame = 0

    def line(self, text: str = "") -> None:
        print(("\r\033[K" if self.is_live else "") + text, flush=True)

    def bold(self, text: str) -> str:
        return f"\033[1m{text}\033[0m" if self.is_live else text

    def running(self, step: Step, depth: int) -> None:
        if self.is_live:
            self.frame += 1
            mark = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"[self.frame % 10]
            print("\r\033[K" + _words(mark, step, depth), end="", flush=True)

    def opened(self, step: Step, depth: int) -> None:
        self.line(f"  {'  ' * depth}▸ {step.name}")

    def ended(self, step: Step, depth: int) -> None:
        again = f"  (tried {step.tries} times)" if step.tries > 1 else ""
        self.line(_words("✗" if step.failed else "✓", step, depth) + again)


def _words(mark: str, step: Step, depth: int) -> str:
    indent = "  " * depth
    return f"  {indent}{mark} {step.name:<{WIDTH - len(indent)}}{step.seconds:7.2f} s"


def steps_of(events: list[dict[str, Any]]) -> list[Step]:
    """The states that a history tells of, in the order in which they were entered."""
    steps: list[Step] = []
    for event in events:
        kind = event["type"]
        if kind.endswith("StateEntered"):
            steps.append(Step(event["stateEnteredEventDetails"]["name"], event["timestamp"]))
        elif kind.endswith("StateExited"):
            steps[-1].ended = event["timestamp"]
        elif kind == "TaskScheduled":
            steps[-1].tries += 1
            steps[-1].failed = False
        if kind in FAILURES and steps:
            steps[-1].failed = True
        if kind in ENDED and steps and steps[-1].ended is None:
            steps[-1].ended = event["timestamp"]
    return steps


class Follower:
    def __init__(self, states: Any, screen: Screen) -> None:
        self.states = states
        self.screen = screen

    def run(self, machine: str, name: str, given: dict[str, Any]) -> Run:
        """Starts an execution and shows it until it has ended."""
        started = self.states.start_execution(stateMachineArn=machine, name=name, input=json.dumps(given))
        return self.follow(started["executionArn"])

    def follow(self, arn: str, depth: int = 0) -> Run:
        shown, child = 0, None
        while True:
            events = self._history(arn)
            steps = steps_of(events)
            if child is None and (child_arn := self._child(arn, events)):
                for step in steps[shown:-1]:
                    self.screen.ended(step, depth)
                shown = len(steps) - 1
                self.screen.opened(steps[-1], depth)
                child = self.follow(child_arn, depth + 1)
                continue
            for step in steps[shown:]:
                if step.ended:
                    self.screen.ended(step, depth)
                    shown += 1
                else:
                    self.screen.running(step, depth)
            if events[-1]["type"] in ENDED:
                return self._ended(arn, steps, child)
            time.sleep(POLL_S)

    def _history(self, arn: str, data: bool = False) -> list[dict[str, Any]]:
        pages = self.states.get_paginator("get_execution_history").paginate(
            executionArn=arn, includeExecutionData=data, PaginationConfig={"PageSize": 1000}
        )
        return [event for page in pages for event in page["events"]]

    def _child(self, arn: str, events: list[dict[str, Any]]) -> str | None:
        """The execution that this one has started and waits for."""
        for event in events:
            details = event.get("taskSubmittedEventDetails", {})
            if details.get("resourceType") == "states":
                full = self._history(arn, data=True)[event["id"] - 1]
                return json.loads(full["taskSubmittedEventDetails"]["output"])["ExecutionArn"]
        return None

    def _ended(self, arn: str, steps: list[Step], child: Run | None) -> Run:
        told = self.states.describe_execution(executionArn=arn)
        return Run(
            arn=arn,
            status=told["status"],
            input=json.loads(told["input"]),
            output=json.loads(told["output"]) if told.get("output") else None,
            error=told.get("error", ""),
            cause=told.get("cause", ""),
            seconds=(told["stopDate"] - told["startDate"]).total_seconds(),
            steps=steps,
            child=child,
        )


def explain(cause: str) -> str:
    """The sentence in a cause that a person wants to read: causes hold a job's or an execution's description as JSON."""
    try:
        told = json.loads(cause)
    except ValueError:
        return cause
    if isinstance(told, dict):
        for name in ("errorMessage", "FailureReason", "Cause"):
            if told.get(name):
                return explain(told[name])
    return cause
