"""The SageMaker Python SDK's lines, each in an environment of its own, made once and kept in the user's cache."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.server import ROOT

INSTALL_LIMIT_S = 300
RUN_LIMIT_S = 600
RESULT = "RESULT "
# Without a bucket's name the SDK asks STS for the account, at an address of its own that no variable changes; and a test
# tells nobody of itself.
CONFIGURATION = """
SchemaVersion: "1.0"
SageMaker:
  PythonSDK:
    Modules:
      TelemetryOptOut: true
      Session: {DefaultS3Bucket: sagemaker-us-east-1-000000000000}
"""


@dataclass(frozen=True)
class Line:
    """A major version of the SDK: what it is installed from, and the programs that use it."""

    requirements: Path
    programs: Path


LINE_2 = Line(ROOT / "requirements" / "sagemaker-sdk-2.txt", ROOT / "tests" / "acceptance" / "sagemaker_sdk")
LINE_3 = Line(ROOT / "requirements" / "sagemaker-sdk-3.txt", ROOT / "tests" / "acceptance" / "sagemaker_sdk3")


def cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "mdlc" / "test-environments"


def python_of_sdk(line: Line) -> Path:
    """The interpreter that has the SDK. Skips the test where it cannot be installed."""
    requirements = line.requirements
    digest = hashlib.sha256(requirements.read_bytes()).hexdigest()[:16]
    cache().mkdir(parents=True, exist_ok=True)
    with (cache() / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        folder = cache() / f"{requirements.stem}-{digest}"
        if not (folder / "installed").exists():
            for stale in cache().glob(f"{requirements.stem}-*"):
                shutil.rmtree(stale)
            _install(requirements, folder)
    return folder / "bin" / "python"


def _install(requirements: Path, folder: Path) -> None:
    subprocess.run(["/usr/bin/python3", "-m", "venv", str(folder)], check=True)
    # The list is whole, and may leave out what it says is not needed.
    pip = [str(folder / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    try:
        subprocess.run(
            [*pip, "-r", str(requirements)], check=True, timeout=INSTALL_LIMIT_S, capture_output=True, text=True
        )
    except subprocess.TimeoutExpired:
        pytest.skip(f"the SageMaker SDK was not installed within {INSTALL_LIMIT_S} s")
    except subprocess.CalledProcessError as failure:
        pytest.skip(f"the SageMaker SDK cannot be installed here: {failure.stderr[-300:]}")
    (folder / "installed").touch()


def run_program(
    line: Line, python: Path, environment: dict[str, str], name: str, *arguments: str
) -> tuple[dict[str, Any], str]:
    """Runs a program of the line's: the result that it prints, and all that it prints."""
    own = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "PYTHON"))} | environment
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as config:
        config.write(CONFIGURATION)
        config.flush()
        own["SAGEMAKER_ADMIN_CONFIG_OVERRIDE"] = own["SAGEMAKER_USER_CONFIG_OVERRIDE"] = config.name
        done = subprocess.run(
            [str(python), str(line.programs / name), *arguments],
            env=own, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=RUN_LIMIT_S,
        )
    assert done.returncode == 0, done.stdout[-4000:]
    last = next(text for text in done.stdout.splitlines() if RESULT in text)
    return json.loads(last[last.index(RESULT) + len(RESULT) :]), done.stdout
