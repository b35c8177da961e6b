"""That the interpreter is measured, with and without jsonata-js: figures are read, never asserted."""

import json
import os
import subprocess
import sys

from bench.asl import MAPS, QUERIES, choice_trees, twenty_states
from tests.support.server import ROOT

EXECUTIONS = ("Pass chain", "Choice tree", "JSONata transform", "Map of 10,000 / of 1,000", "definition of 20 states")


def measured(**environment: str) -> str:
    return subprocess.run(
        [sys.executable, ROOT / "bench" / "asl.py", "--runs", "2", "--turn-ms", "1"],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | environment,
    ).stdout


def lines(told: str) -> list[str]:
    return [line.strip() for line in told.splitlines()]


def test_every_figure_is_printed():
    told = measured()
    for figure in EXECUTIONS + tuple(f"Map of {n:,} " for n in MAPS) + tuple(QUERIES):
        assert [line for line in lines(told) if line.startswith(figure)], (figure, told)
    # Where npm cannot install it, the run says so rather than fails.
    assert "beside jsonata-js" in told


def test_without_node_that_part_is_left_out(tmp_path):
    told = measured(PATH=str(tmp_path))
    assert "beside jsonata-js: left out, node or npm is not there" in told
    assert "jsonata-js takes" not in told
    for figure in EXECUTIONS + tuple(QUERIES):
        assert [line for line in lines(told) if line.startswith(figure)], (figure, told)


def test_definitions_are_what_the_table_calls_them():
    states = json.loads(twenty_states())["States"]
    assert len(states) + len(states["Each"]["ItemProcessor"]["States"]) == 20
    states = json.loads(choice_trees(trees=2, depth=3))["States"]
    assert len(states) == 2 * (2**3 - 1) + 1
