"""tools/apigen: a small model with every oddity, its output kept in expected/ and compiled.

After a deliberate change: python3 tools/apigen tests/apigen/toy.json tests/apigen/expected
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]
FILES = ("model.h", "model.cc", "shapes.cc")


def apigen(model: Path, out: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(REPOSITORY / "tools/apigen"), str(model), str(out)]
    return subprocess.run(command, capture_output=True, text=True)


@pytest.mark.parametrize("name", FILES)
def test_the_output_is_as_expected(name: str, tmp_path: Path) -> None:
    made = apigen(HERE / "toy.json", tmp_path)
    assert made.returncode == 0, made.stderr
    assert (tmp_path / name).read_text() == (HERE / "expected" / name).read_text()


def test_the_expected_output_compiles_and_values_come_back(tmp_path: Path) -> None:
    generated = tmp_path / "services/toy"
    made = apigen(HERE / "toy.json", generated)
    assert made.returncode == 0, made.stderr
    program = tmp_path / "round_trip"
    src = REPOSITORY / "src"
    sources = [src / p for p in ("wire/generated.cc", "json/value.cc", "base/bytes.cc", "base/time.cc")]
    sources += [generated / "model.cc", generated / "shapes.cc", HERE / "round_trip.cc"]
    # One file for the compiler: the libraries' headers are what takes its time.
    everything = tmp_path / "everything.cc"
    everything.write_text("".join(f'#include "{source}"\n' for source in sources))
    command = ["g++", "-std=c++20", "-O0", "-Wall", "-Wextra", "-Werror", "-include", str(src / "base/precompiled.h")]
    command += [f"-I{src}", f"-I{tmp_path}", str(everything), "-o", str(program)]
    compiled = subprocess.run([*command, "-lboost_json", "-lcrypto", "-lfmt"], capture_output=True, text=True)
    assert compiled.returncode == 0, compiled.stderr
    run = subprocess.run([str(program)], capture_output=True, text=True)
    assert run.returncode == 0, run.stdout


def changed(tmp_path: Path, change: Any) -> subprocess.CompletedProcess[str]:
    model = json.loads((HERE / "toy.json").read_text())
    change(model)
    source = tmp_path / "toy.json"
    source.write_text(json.dumps(model))
    return apigen(source, tmp_path / "out")


def unknown_protocol(model: Any) -> None:
    model["metadata"]["protocol"] = "ec2"


def unknown_type(model: Any) -> None:
    model["shapes"]["Name"]["type"] = "bigInteger"


def taken_name(model: Any) -> None:
    model["shapes"]["DeleteToyRequest"] = {"type": "structure", "members": {}}


def holds_itself_always(model: Any) -> None:
    model["shapes"]["Toy"]["required"] = ["Inside"]


def second_best_name_taken(model: Any) -> None:
    model["shapes"]["ToyShape"] = {"type": "structure", "members": {}}


def json_in_a_string(model: Any) -> None:
    model["shapes"]["Toy"]["members"]["Secret"]["jsonvalue"] = True


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (unknown_protocol, "the protocol ec2 is not spoken here"),
        (unknown_type, "Name is of the unknown type bigInteger"),
        (taken_name, "DeleteToy has no input, yet there is a shape DeleteToyRequest"),
        (second_best_name_taken, "there is an operation Toy, and both shapes Toy and ToyShape"),
        (json_in_a_string, "Toy.Secret is JSON inside a string, which no codec reads"),
        (holds_itself_always, "Toy.Inside is required and holds itself"),
    ],
)
def test_a_model_that_cannot_be_carried_is_refused(change: Any, words: str, tmp_path: Path) -> None:
    made = changed(tmp_path, change)
    assert made.returncode == 1
    assert words in made.stderr
    assert not (tmp_path / "out").exists()
