"""The bench's arithmetic, and that it measures: its figures are read, never asserted."""

import subprocess
import sys

from bench.loop import union, within
from tests.support.server import ROOT


def test_intervals_that_touch_or_overlap_are_one():
    assert union([(5, 6), (1, 3), (2, 4), (4, 4.5)]) == [(1, 4.5), (5, 6)]
    assert union([]) == []


def test_only_what_lies_in_a_window_counts_and_once():
    assert within([(0, 3), (1, 2), (8, 20)], [(2, 9), (10, 11)]) == 1 + 1 + 1
    assert within([(0, 1)], [(2, 3)]) == 0


def test_turns_are_measured():
    told = subprocess.run(
        [sys.executable, ROOT / "bench" / "loop.py", "--runs", "2"], capture_output=True, text=True, check=True
    ).stdout
    for figure in ("start to ready", "memory when idle", "wall", "the user's programs", "starts of workers", "ours", "commits"):
        assert figure in told, told
