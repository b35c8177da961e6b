#!/usr/bin/env python3
"""`./dev bench jobs`: how soon a training job's program runs, how fast a batch transform is, and what memory it takes.

  start      from the call of CreateTrainingJob to the clock that the job's program, a confined shell script, writes
             first; one job at a time
  transform  a CSV file through the native XGBoost, from the call of CreateTransformJob to the job's end, beside a plain
             script that reads the same file with pandas, predicts with xgboost and writes: the same model, the same
             cores, in turns. Its three steps are counted, the start of Python and its imports are not.
  memory     the sum of the peaks of all processes of the server's, for a small input and a large one
"""

from __future__ import annotations

import argparse
import io
import json
import os
import statistics
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import numpy
import xgboost

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT)]

from bench.loop import spread  # noqa: E402

from tests.support.server import BINARY, Server, wait_until  # noqa: E402
from tests.support.training import ROLE, Lab, channel, unique  # noqa: E402

FEATURES = 20
TREES, DEPTH = 100, 6
TRAINING_ROWS = 20_000
BLOCK_ROWS = 50_000  # made at a time
MEBIBYTE = 1 << 20
POLL_S = 0.02
SAMPLE_S = 0.05

PROGRAM = """#!/bin/sh
date +%s%N > /opt/ml/model/begun
"""

SCRIPT = """
import json, sys, time
import pandas, xgboost
rows, model, output = sys.argv[1:]
clock = [time.monotonic()]
table = pandas.read_csv(rows, header=None)
clock.append(time.monotonic())
booster = xgboost.Booster(model_file=model)
predicted = booster.predict(xgboost.DMatrix(table.values))
clock.append(time.monotonic())
pandas.Series(predicted).to_csv(output, header=False, index=False)
clock.append(time.monotonic())
print(json.dumps([b - a for a, b in zip(clock, clock[1:])]))
"""


def block(seed: int, rows: int) -> bytes:
    """Rows of CSV: numbers of six digits behind the point."""
    values = numpy.random.default_rng(seed).integers(0, 2_000_000, (rows, FEATURES)) - 1_000_000
    return b"".join(b",".join(b"%.6f" % (v / 1e6) for v in row) + b"\n" for row in values.tolist())


def write_rows(path: Path, rows: int) -> None:
    with path.open("wb") as out:
        for done in range(0, rows, BLOCK_ROWS):
            out.write(block(done, min(BLOCK_ROWS, rows - done)))


def write_bytes(path: Path, size: int) -> None:
    """As many rows as make that size, the same ones over and over."""
    one = block(0, BLOCK_ROWS)
    with path.open("wb") as out:
        while size > len(one):
            out.write(one)
            size -= len(one)
        out.write(one[: one.rfind(b"\n", 0, max(size, len(one) // BLOCK_ROWS + 1)) + 1])


def train(path: Path) -> None:
    chance = numpy.random.default_rng(7)
    features = chance.uniform(-1, 1, (TRAINING_ROWS, FEATURES))
    labels = features[:, 0] * 3 + numpy.sin(features[:, 1] * 5) + features[:, 2] * features[:, 3]
    labels += chance.normal(0, 0.1, TRAINING_ROWS)
    matrix = xgboost.DMatrix(features, label=labels)
    xgboost.train({"max_depth": DEPTH, "eta": 0.1, "seed": 1}, matrix, TREES).save_model(path)


class Bench(Lab):
    """The jobs that are measured."""

    def add_model(self, path: Path) -> str:
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w:gz") as tar:
            tar.add(path, arcname="xgboost-model")
        name = unique("model")
        self.put(f"{name}/model.tar.gz", archive.getvalue())
        self.model(name, self.uri(f"{name}/model.tar.gz"))
        return name

    def ended(self, name: str, limit_s: float) -> dict[str, Any]:
        def told() -> dict[str, Any] | None:
            found = self.sagemaker.describe_transform_job(TransformJobName=name)
            return found if found["TransformJobStatus"] not in ("InProgress", "Stopping") else None

        found = wait_until(told, limit_s, POLL_S)
        if found["TransformJobStatus"] != "Completed":
            raise SystemExit(f"{name} ended as {found['TransformJobStatus']}: {found.get('FailureReason')}")
        return found

    def transformed(self, model: str, prefix: str, limit_s: float = 3600) -> tuple[str, float]:
        """The job's name, and seconds from the call to its end."""
        name = unique("transform")
        begun = time.time()
        self.transform(name, model, prefix)
        return name, self.ended(name, limit_s)["TransformEndTime"].timestamp() - begun

    def start_ms(self, image: str) -> float:
        name = unique("start")
        begun_ns = time.time_ns()
        self.train(
            name,
            AlgorithmSpecification={"TrainingImage": image, "TrainingInputMode": "File"},
            HyperParameters={},
            InputDataConfig=[channel("train", self.uri("data/train/"))],
        )
        told = self.await_training(name)
        if told["TrainingJobStatus"] != "Completed":
            raise SystemExit(f"{name} ended as {told['TrainingJobStatus']}: {told.get('FailureReason')}")
        first_ns = int(self.unpacked(told["ModelArtifacts"]["S3ModelArtifacts"])["begun"])
        return (first_ns - begun_ns) / 1e6


def starts(folder: Path, jobs: int) -> list[float]:
    program = folder / "train"
    program.write_text(PROGRAM)
    program.chmod(0o755)
    with Server() as server:
        server.start()
        image = "bench/start:1"
        command = [BINARY, "image", "add", image, "--data-dir", server.data, "--program", program]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        lab = Bench(server)
        return [lab.start_ms(image) for _ in range(jobs)]


def plain_script(folder: Path, rows: Path, model: Path) -> tuple[list[float], list[float]]:
    """Its steps' seconds, and its predictions."""
    script, output = folder / "script.py", folder / "script.out"
    script.write_text(SCRIPT)
    done = subprocess.run([sys.executable, script, rows, model, output], stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout), [float(line) for line in output.read_text().split()]


def transforms(folder: Path, rows: int, runs: int) -> tuple[list[float], list[list[float]]]:
    """Seconds of each of our jobs, and of each step of the script beside it."""
    data, model = folder / "rows.csv", folder / "xgboost-model"
    write_rows(data, rows)
    ours, theirs = [], []
    with Server() as server:
        server.start()
        lab = Bench(server)
        lab.s3.upload_file(str(data), lab.bucket, "rows/rows.csv")
        name = lab.add_model(model)
        for n in range(runs):
            job, seconds = lab.transformed(name, "rows/")
            ours.append(seconds)
            steps, expected = plain_script(folder, data, model)
            theirs.append(steps)
            answers = [float(line) for line in lab.get(f"out/{job}/rows.csv.out").split()]
            if len(answers) != rows or not numpy.allclose(answers, expected, rtol=1e-5, atol=1e-6):
                raise SystemExit("the job's predictions are not the script's")
            print(f"  transform {n + 1} of {runs}", file=sys.stderr)
    return ours, theirs


class Peaks:
    """Of all processes that run the server's program: server, supervisors, model servers."""

    def __init__(self) -> None:
        self.bytes: dict[int, int] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    @staticmethod
    def _processes() -> list[Path]:
        binary, found = BINARY.stat(), []
        for one in Path("/proc").glob("[0-9]*"):
            try:
                about = (one / "exe").stat()
            except OSError:
                continue
            if (about.st_dev, about.st_ino) == (binary.st_dev, binary.st_ino):
                found.append(one)
        return found

    def _sample(self) -> None:
        for one in self._processes():
            try:
                status = (one / "status").read_text()
            except OSError:
                continue
            peak = [line for line in status.splitlines() if line.startswith("VmHWM:")]
            if peak:
                pid = int(one.name)
                self.bytes[pid] = max(self.bytes.get(pid, 0), int(peak[0].split()[1]) * 1024)

    def _watch(self) -> None:
        while not self._over.wait(SAMPLE_S):
            self._sample()

    def __enter__(self) -> "Peaks":
        for one in self._processes():
            (one / "clear_refs").write_text("5")  # what was before does not count
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def mebibytes(self) -> float:
        return sum(self.bytes.values()) / MEBIBYTE


def peak(folder: Path, size_mb: float) -> float:
    data, model = folder / "sized.csv", folder / "xgboost-model"
    write_bytes(data, int(size_mb * MEBIBYTE))
    with Server() as server:
        server.start()
        lab = Bench(server)
        lab.s3.upload_file(str(data), lab.bucket, "sized/sized.csv")
        data.unlink()
        name = lab.add_model(model)
        with Peaks() as peaks:
            lab.transformed(name, "sized/")
        return peaks.mebibytes()


def show_transforms(rows: int, ours: list[float], theirs: list[list[float]]) -> None:
    whole = [sum(steps) for steps in theirs]
    print(f"batch transform of {rows:,} rows of {FEATURES} features, {TREES} trees of depth {DEPTH}")
    print(spread("transform job", ours, "s", 2))
    print(spread("transform job", [rows / s for s in ours], "rows/s"))
    print(spread("plain script", whole, "s", 2))
    for step, word in enumerate(("reads", "predicts", "writes")):
        print(spread(f"  {word}", [steps[step] for steps in theirs], "s", 2))
    print(spread("script / job", [b / a for a, b in zip(ours, whole)], "times", 2) + "   goal: at least 1, better 2")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", type=int, default=30, help="training jobs whose start is measured")
    parser.add_argument("--rows", type=int, default=1_000_000, help="of the transform")
    parser.add_argument("--runs", type=int, default=3, help="transforms, and peaks of memory for each size")
    parser.add_argument("--small-mb", type=float, default=10, help="input whose peak of memory is measured")
    parser.add_argument("--large-mb", type=float, default=1000, help="the same; 10000 for 10 GB")
    given = parser.parse_args()
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; median (least – most)")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        train(folder / "xgboost-model")
        print(f"training jobs, {given.jobs} one after the other")
        print(spread("call to first instruction", starts(folder, given.jobs), "ms", 1) + "   goal: under 50")
        show_transforms(given.rows, *transforms(folder, given.rows, given.runs))
        small, large = (
            [peak(folder, size) for _ in range(given.runs)] for size in (given.small_mb, given.large_mb)
        )
        print("memory of all processes of the server's, at the peak of a transform")
        print(spread(f"{given.small_mb:g} MB of input", small, "MiB"))
        print(spread(f"{given.large_mb:g} MB of input", large, "MiB"))
        growth = statistics.median(large) / statistics.median(small)
        print(f"  large / small               {growth:>9.2f} times   goal: flat")


if __name__ == "__main__":
    main()
