"""Executions that are begun, awaited and killed with their server."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from tests.support.server import Server

ENDS_WITHIN_S = 60


def begin(server: Server, machine: str, name: str, given: Any) -> str:
    """Starts the execution; again is the same."""
    states = server.client("stepfunctions")
    try:
        return states.start_execution(stateMachineArn=machine, name=name, input=json.dumps(given))["executionArn"]
    except ClientError as refused:
        if refused.response["Error"]["Code"] != "ExecutionAlreadyExists":  # it has ended
            raise
        return machine.replace(":stateMachine:", ":execution:") + ":" + name


def await_end(server: Server, execution: str) -> None:
    limit = time.monotonic() + ENDS_WITHIN_S
    states = server.client("stepfunctions")
    while states.describe_execution(executionArn=execution)["status"] == "RUNNING":
        assert time.monotonic() < limit, f"{execution} does not end:\n{server.log.read_text()[-3000:]}"
        time.sleep(0.02)


def dies_of(server: Server, crash_at: str, work: Callable[[], object]) -> bool:
    """Does the work on a server that kills itself at that passing; whether it did. It runs no more then."""
    server.start(crash_at=crash_at)
    if server.process and server.process.poll() is None:
        try:
            work()
            server.stop()
            return False
        except (BotoCoreError, ClientError):
            pass
    return server.wait_for_death()


def each_passing(point: str, run: Callable[[str, str], bool], stride: int = 1) -> None:
    """`run(name, crash_at)` for the first passing of the point and, `stride` on, for later ones, until it says that nothing
    was killed."""
    passing = 1
    while run(f"{point.replace('.', '-')}-{passing}", f"{point}:{passing}"):
        passing += stride
    assert passing > 1, "the point is never passed"
