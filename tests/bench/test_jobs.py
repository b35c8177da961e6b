"""That jobs are measured: figures are read, never asserted."""

import subprocess
import sys

from bench.jobs import FEATURES, block, write_bytes, write_rows
from tests.support.server import ROOT


def test_rows_are_as_many_as_asked_for(tmp_path):
    path = tmp_path / "rows.csv"
    write_rows(path, 70_001)
    lines = path.read_text().splitlines()
    assert len(lines) == 70_001 and len(set(lines)) == len(lines)
    assert all(len(line.split(",")) == FEATURES for line in lines[::997])
    assert all(abs(float(field)) <= 1 for line in lines[::997] for field in line.split(","))


def test_a_size_is_kept_and_rows_are_whole(tmp_path):
    path = tmp_path / "sized.csv"
    for size in (1, 100_000, len(block(0, 50_000)) + 5_000):
        write_bytes(path, size)
        content = path.read_bytes()
        assert content.endswith(b"\n") and size - 400 < len(content) <= max(size, 400), (size, len(content))


def test_every_figure_is_printed():
    small = ["--jobs", "2", "--rows", "3000", "--runs", "2", "--small-mb", "0.1", "--large-mb", "0.3"]
    told = subprocess.run(
        [sys.executable, ROOT / "bench" / "jobs.py", *small], capture_output=True, text=True, check=True
    ).stdout
    figures = ("call to first instruction", "transform job", "plain script", "reads", "predicts", "writes")
    figures += ("script / job", "0.1 MB of input", "0.3 MB of input", "large / small")
    for figure in figures:
        assert [line for line in told.splitlines() if line.strip().startswith(figure)], (figure, told)
