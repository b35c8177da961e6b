#!/usr/bin/env python3
"""`./dev bench asl`: what the States Language's interpreter and JSONata cost, alone: no database, no server.

Processor time of one thread, measured by build/asl_bench (bench/asl.cc); a transition is a state entered. JSONata is
measured beside its reference, jsonata-js on Node: both evaluate the same compiled expressions over the same data, and
must give the same answers. Where node or npm is missing, or the package cannot be installed, that part is left out.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT)]

from bench.loop import spread  # noqa: E402

PROGRAM = ROOT / "build" / "asl_bench"
REFERENCE = ROOT / "bench" / "jsonata-js"

CHAIN = 100  # states of a chain
PAYLOAD = {"id": "o-17", "n": 42, "ok": True}
MAPS = (1_000, 10_000)

LINES = [
    {"sku": f"s{n % 7}", "text": f"thing number {n}", "price": 5 + n % 11, "quantity": 1 + n % 3} for n in range(40)
]
DATA = {"customer": {"name": "Ada", "city": "London"}, "lines": LINES}
QUERIES = {
    "path": "lines[price > 10].sku",
    "sum": "$sum(lines.(price * quantity))",
    "group": "lines{sku: $sum(price)}",
    "object": "{'to': customer.name & ', ' & customer.city, 'lines': lines.{'sku': sku, 'cost': price * quantity}}",
    "sort": "lines^(>price, sku).text",
    "strings": "$join(lines.$uppercase($substringBefore(text, ' ')), '-')",
    "functions": "$reduce($map($filter(lines, function($l) {$l.quantity = 2}), function($l) {$l.price}), "
    "function($a, $b) {$a + $b})",
}


def chain(length: int, state: dict[str, Any], **top: str) -> str:
    """The same state `length` times, one after the other."""
    states = {f"S{n}": state | ({"Next": f"S{n + 1}"} if n + 1 < length else {"End": True}) for n in range(length)}
    return json.dumps({"StartAt": "S0", "States": states, **top})


def choice_trees(trees: int, depth: int) -> str:
    """Binary trees of Choice states, each of whose leaves is the root of the tree after it."""
    states: dict[str, Any] = {"End": {"Type": "Succeed"}}

    def branch(tree: int, low: int, high: int) -> str:
        if high - low == 1:
            return f"T{tree + 1} 0 {2**depth}" if tree + 1 < trees else "End"
        name, middle = f"T{tree} {low} {high}", (low + high) // 2
        states[name] = {
            "Type": "Choice",
            "Choices": [{"Variable": "$.n", "NumericLessThan": middle, "Next": branch(tree, low, middle)}],
            "Default": branch(tree, middle, high),
        }
        return name

    for tree in range(trees):
        branch(tree, 0, 2**depth)
    return json.dumps({"StartAt": f"T0 0 {2**depth}", "States": states})


def inline_map() -> str:
    inner = {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}}
    state = {"Type": "Map", "ItemProcessor": {"ProcessorConfig": {"Mode": "INLINE"}, **inner}, "End": True}
    return json.dumps({"StartAt": "M", "States": {"M": state}})


def twenty_states() -> str:
    """As people write them: tasks with retries and catchers, a choice, a wait, a map and the state within."""
    states: dict[str, Any] = {}
    for n in range(14):
        states[f"Task{n}"] = {
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke",
            "Parameters": {"FunctionName": f"function-{n}", "Payload": {"id.$": "$.id", "run.$": "$$.Execution.Name"}},
            "ResultSelector": {"value.$": "$.Payload.value"},
            "ResultPath": f"$.results.task{n}",
            "Retry": [{"ErrorEquals": ["Lambda.TooManyRequestsException"], "IntervalSeconds": 2, "MaxAttempts": 4}],
            "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "Failed"}],
            "Next": f"Task{n + 1}" if n < 13 else "Enough",
        }
    tests = [{"Variable": "$.results.task3.value", "NumericGreaterThan": 3}, {"Variable": "$.id", "IsPresent": True}]
    states["Enough"] = {"Type": "Choice", "Choices": [{"And": tests, "Next": "Each"}], "Default": "Pause"}
    states["Pause"] = {"Type": "Wait", "Seconds": 30, "Next": "Task0"}
    inner = {"Type": "Pass", "Parameters": {"name.$": "States.Format('item-{}', $.name)"}, "End": True}
    states["Each"] = {
        "Type": "Map",
        "ItemsPath": "$.items",
        "ItemProcessor": {"StartAt": "Item", "States": {"Item": inner}},
        "Next": "Done",
    }
    states["Done"] = {"Type": "Succeed"}
    states["Failed"] = {"Type": "Fail", "Error": "Failed", "CausePath": "$.error.Cause"}
    return json.dumps({"StartAt": "Task0", "States": states}, indent=2)


def plan(turns: int, turn_ms: float) -> dict[str, Any]:
    output = {"id": "{% $states.input.id %}", "n": "{% $states.input.n + 1 %}", "ok": "{% $states.input.n > 40 %}"}
    executions = {
        "pass": (chain(CHAIN, {"Type": "Pass"}), PAYLOAD),
        "choice": (choice_trees(trees=20, depth=5), {"n": 19}),
        "jsonata": (chain(CHAIN, {"Type": "Pass", "Output": output}, QueryLanguage="JSONata"), PAYLOAD),
        **{f"map {n}": (inline_map(), list(range(n))) for n in MAPS},
    }
    return {
        "turns": turns,
        "turn_ms": turn_ms,
        "executions": [
            {"name": name, "definition": definition, "input": json.dumps(given)}
            for name, (definition, given) in executions.items()
        ],
        "definitions": [{"name": "twenty", "definition": twenty_states()}],
        "queries": [{"name": name, "text": text} for name, text in QUERIES.items()],
        "data": DATA,
    }


def told(command: list[str | Path]) -> dict[str, Any]:
    return json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)


def is_installed() -> bool:
    """Whether the reference is there in the version that its lock file names."""
    package = REFERENCE / "node_modules" / "jsonata" / "package.json"
    wanted = json.loads((REFERENCE / "package-lock.json").read_text())["packages"]["node_modules/jsonata"]
    return package.exists() and json.loads(package.read_text())["version"] == wanted["version"]


def reference(path: Path) -> dict[str, Any] | str:
    """What jsonata-js measures, or why it does not."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        return "node or npm is not there"
    install = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
    if not is_installed() and subprocess.run(install, cwd=REFERENCE, stdout=subprocess.DEVNULL).returncode:
        return "npm could not install it"
    measured = told([node, REFERENCE / "measure.js", path])
    measured["node"] = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    return measured


def show(name: str, values: list[float], unit: str, digits: int = 0, beside: str = "") -> None:
    print(spread(name, values, unit, digits) + (f"   {beside}" if beside else ""))


def show_executions(measured: dict[str, Any]) -> None:
    def rate(name: str) -> list[float]:
        found = measured[name]
        return [found["transitions"] / us * 1e6 for us in found["us"]]

    print("the interpreter, on one core")
    show("Pass chain", rate("pass"), "transitions/s", beside="goal: at least 1,000,000")
    show("Choice tree", rate("choice"), "transitions/s")
    show("JSONata transform", rate("jsonata"), "transitions/s")
    for n in MAPS:
        show(f"Map of {n:,}", [us / 1e3 for us in measured[f"map {n}"]["us"]], "ms", 2)
    less, more = (measured[f"map {n}"]["us"] for n in MAPS)
    show("Map of 10,000 / of 1,000", [b / a for a, b in zip(less, more)], "times", 1, "goal: at most 10")


def show_queries(ours: dict[str, Any], theirs: dict[str, Any] | str) -> None:
    print("JSONata expressions, compiled, over one document")
    for name, text in QUERIES.items():
        show(name, ours[name]["us"], "µs", 1)
        if isinstance(theirs, str):
            continue
        other = theirs["queries"][name]
        if other["answer"] != ours[name]["answer"]:
            raise SystemExit(f"{text} is {ours[name]['answer']} with us, {other['answer']} with jsonata-js")
        times = [b / a for a, b in zip(ours[name]["us"], other["us"])]
        show("  jsonata-js takes", times, "times", 1, f"{statistics.median(other['us']):.1f} µs")
    if isinstance(theirs, str):
        print(f"  beside jsonata-js: left out, {theirs}")
    else:
        print(f"  beside jsonata-js {theirs['version']} on Node {theirs['node']}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--turn-ms", type=float, default=200, help="how long each figure of a run is measured at least")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "plan.json"
        path.write_text(json.dumps(plan(given.runs, given.turn_ms)))
        print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; median of {given.runs} runs (least – most)")
        ours = told([PROGRAM, path])
        theirs = reference(path)
    show_executions(ours["executions"])
    show("definition of 20 states", ours["definitions"]["twenty"]["us"], "µs", beside="goal: under 200")
    show_queries(ours["queries"], theirs)


if __name__ == "__main__":
    main()
