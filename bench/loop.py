#!/usr/bin/env python3
"""`./dev bench loop`: where the time of one turn of the loop goes: train, evaluate, retrain, evaluate.

A turn is the example's: a model learns the winter, is judged in July, trained again, and judged once more on the same
flights. Its time is that of its executions, by their own start and stop dates, and falls into three parts:

  programs   the union of the intervals in which a program of the user's ran: jobs from the supervisor's stamps at spawn
             and exit, functions from hand-over to answer at the Runtime API
  workers    starts of functions' workers, spawn to first `next`, where no program ran
  ours       the rest
"""

from __future__ import annotations

import argparse
import json
import os
import re
import socket
import sqlite3
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3

ROOT = Path(__file__).resolve().parents[1]
EXAMPLE = ROOT / "examples" / "mdlc"
sys.path[:0] = [str(ROOT), str(EXAMPLE)]

from tests.support.server import BINARY, Server, wait_until  # noqa: E402

from examples.mdlc.loop import Loop, Screen  # noqa: E402

IDLE_S = 2.0
STATES_POLL_S = 0.05
WINTER = {"From": "2013-01-01", "To": "2013-02-21"}
JULY = {"From": "2013-07-01", "To": "2013-08-01"}

Interval = tuple[float, float]  # seconds since 1970


@dataclass(frozen=True)
class Turn:
    wall_s: float
    programs_s: float
    workers_s: float
    commits: int

    @property
    def ours_s(self) -> float:
        return self.wall_s - self.programs_s - self.workers_s


def union(intervals: list[Interval]) -> list[Interval]:
    merged: list[Interval] = []
    for start, end in sorted(intervals):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged


def within(intervals: list[Interval], windows: list[Interval]) -> float:
    """Seconds of the union of `intervals` that lie in `windows`, which do not overlap."""
    return sum(
        max(0.0, min(end, last) - max(start, first)) for start, end in union(intervals) for first, last in windows
    )


def ready_and_idle() -> tuple[float, float]:
    """Seconds from the start on an empty folder to the first healthy answer, and MiB in memory when idle."""
    with Server() as server:
        started = time.monotonic()
        server.address = "127.0.0.1:" + str(_free_port())
        server.environment = {"AWS_ENDPOINT_URL": f"http://{server.address}"}
        server.start(wait=False)
        while not server.healthy():
            time.sleep(0.001)
        ready = time.monotonic() - started
        time.sleep(IDLE_S)
        assert server.process is not None
        status = Path(f"/proc/{server.process.pid}/status").read_text()
        resident = re.search(r"VmRSS:\s+(\d+) kB", status)
        assert resident
        return ready, int(resident[1]) / 1024


def _free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def turn() -> Turn:
    with Server() as server:
        machines = prepare(server)
        # A server that has just started: its workers are cold, and its commits are those of the turn.
        server.start()
        windows = [execute(server, machines["TrainingMachineArn"], WINTER)]
        for _ in range(2):
            windows.append(execute(server, machines["EvaluationMachineArn"], JULY))
        commits = stopped_after(server)
        programs, workers = intervals(server.data / "mdlc.db")
        busy = within(programs, windows)
        return Turn(
            wall_s=sum(end - start for start, end in windows),
            programs_s=busy,
            workers_s=within(programs + workers, windows) - busy,
            commits=commits,
        )


def prepare(server: Server) -> dict[str, str]:
    """The stack and all data up to the end of July; the server is stopped again."""
    server.start()
    os.environ.update(server.environment)
    boto3.setup_default_session()  # or it keeps the key of the server before
    quiet = Screen()
    quiet.line = lambda text="": None  # type: ignore[method-assign]
    loop = Loop("bench", quiet)
    loop.deploy(EXAMPLE / "MDLC-CFn.yaml", {})
    loop.read_outputs()
    loop.arrive(JULY["To"])
    stopped_after(server)
    return loop.outputs


def execute(server: Server, machine: str, given: dict[str, str]) -> Interval:
    states = server.client("stepfunctions")
    arn = states.start_execution(stateMachineArn=machine, input=json.dumps(given))["executionArn"]

    def ended() -> Any:
        found = states.describe_execution(executionArn=arn)
        return found if found["status"] != "RUNNING" else None

    found = wait_until(ended, limit_s=300, every_s=STATES_POLL_S)
    if found["status"] != "SUCCEEDED":
        raise SystemExit(f"{arn} ended as {found['status']}: {found.get('error')}: {found.get('cause')}")
    return found["startDate"].timestamp(), found["stopDate"].timestamp()


def stopped_after(server: Server) -> int:
    """Stops the server; the number of commits that it made."""
    server.stop()
    told = re.findall(r"mdlc stopped after (\d+) commits", server.log.read_text())
    return int(told[-1])


def intervals(database: Path) -> tuple[list[Interval], list[Interval]]:
    """Of the users' programs and of workers' starts, from the stamps that the server kept."""
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as db:
        jobs = [json.loads(text) for (text,) in db.execute("SELECT progress FROM sagemaker_job")]
        stamps = db.execute("SELECT request_id IS NULL, begun_ns, ended_ns FROM lambda_stamps").fetchall()
    programs = [(job["spawned_ns"] / 1e9, job["exited_ns"] / 1e9) for job in jobs]
    programs += [(begun / 1e9, ended / 1e9) for is_worker, begun, ended in stamps if not is_worker]
    return programs, [(begun / 1e9, ended / 1e9) for is_worker, begun, ended in stamps if is_worker]


def spread(name: str, values: list[float], unit: str, digits: int = 0) -> str:
    low, mid, high = min(values), statistics.median(values), max(values)
    return f"  {name:<28}{mid:>9.{digits}f} {unit}   ({low:.{digits}f} – {high:.{digits}f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args().runs
    version = subprocess.run([BINARY, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    print(f"{version}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; median of {runs} runs (least – most)")
    starts = [ready_and_idle() for _ in range(runs)]
    print(spread("start to ready", [s * 1e3 for s, _ in starts], "ms"))
    print(spread("memory when idle", [m for _, m in starts], "MiB"))
    turns = []
    for n in range(runs):
        turns.append(turn())
        print(f"  turn {n + 1} of {runs}", file=sys.stderr)
    print("train + evaluate + retrain + evaluate, on a server that has just started")
    print(spread("wall", [t.wall_s * 1e3 for t in turns], "ms"))
    print(spread("  the user's programs", [t.programs_s * 1e3 for t in turns], "ms"))
    print(spread("  starts of workers", [t.workers_s * 1e3 for t in turns], "ms"))
    print(spread("  ours", [t.ours_s * 1e3 for t in turns], "ms"))
    print(spread("  ours, share of the wall", [100 * t.ours_s / t.wall_s for t in turns], "%", 1))
    print(spread("commits", [float(t.commits) for t in turns], ""))


if __name__ == "__main__":
    main()
