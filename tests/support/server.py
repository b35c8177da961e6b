"""A real `mdlc up` in a folder of its own, on a free port of the loopback, that a test can stop, kill and start again."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

ROOT = Path(__file__).resolve().parents[2]
BINARY = Path(os.environ.get("MDLC_BINARY", ROOT / "build" / "mdlc"))
START_LIMIT_S = 20


class Server:
    """One data folder and, while it runs, one server on it."""

    def __init__(self, folder: Path | None = None) -> None:
        # Not below a private folder (pytest's tmp_path): confined jobs run under another user and must reach their own.
        self.folder = folder or Path(tempfile.mkdtemp(prefix="mdlc-test-"))
        self.folder.chmod(0o755)
        self.data = self.folder / "data"
        self.log = self.folder / "server.log"
        self.process: subprocess.Popen[bytes] | None = None
        self.environment: dict[str, str] = {}
        self.address = "127.0.0.1:0"

    def start(
        self, crash_at: str | None = None, crash_in: str | None = None, wait: bool = True, **extra: str
    ) -> "Server":
        """Starts the server; with `crash_at` it kills itself at that crash point, maybe before it is ready, with
        `crash_in` not before that state was entered."""
        assert self.process is None
        environment = os.environ | extra
        environment.pop("MDLC_CRASH_AT", None)
        environment.pop("MDLC_CRASH_IN", None)
        if crash_at:
            environment["MDLC_CRASH_AT"] = crash_at
        if crash_in:
            environment["MDLC_CRASH_IN"] = crash_in
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [str(BINARY), "up", "--data-dir", str(self.data), "--listen", self.address],
                stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=environment,
            )
        if wait:
            self._wait_until_ready(crash_at is not None)
        return self

    def _wait_until_ready(self, may_die: bool) -> None:
        limit = time.monotonic() + START_LIMIT_S
        while time.monotonic() < limit:
            assert self.process is not None
            if self.process.poll() is not None:
                if may_die:
                    return
                raise AssertionError(f"the server ended with {self.process.returncode}:\n{self.log.read_text()}")
            if self._read_environment() and self.healthy():
                # A restart keeps the port, so that clients made before it go on.
                self.address = self.environment["AWS_ENDPOINT_URL"].removeprefix("http://")
                return
            time.sleep(0.02)
        raise AssertionError(f"not ready within {START_LIMIT_S} s:\n{self.log.read_text()}")

    def _read_environment(self) -> bool:
        told = subprocess.run(
            [str(BINARY), "env", "--data-dir", str(self.data)], capture_output=True, text=True, check=False
        )
        if told.returncode != 0:
            return False
        self.environment = dict(re.findall(r"(AWS_\w+)=([^\s'\"]+)", told.stdout.replace("'", "").replace('"', "")))
        return "AWS_ENDPOINT_URL" in self.environment

    def healthy(self) -> bool:
        try:
            with urllib.request.urlopen(self.environment["AWS_ENDPOINT_URL"] + "/_mdlc/health", timeout=2) as answer:
                return answer.status == 200
        except OSError:
            return False

    @property
    def endpoint(self) -> str:
        return self.environment["AWS_ENDPOINT_URL"]

    def client(self, service: str, **config: Any) -> Any:
        """A boto3 client of this server."""
        return self._session().client(service, config=self._config(config), endpoint_url=self.endpoint)

    def resource(self, service: str, **config: Any) -> Any:
        return self._session().resource(service, config=self._config(config), endpoint_url=self.endpoint)

    def _session(self) -> boto3.Session:
        return boto3.Session(
            aws_access_key_id=self.environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self.environment["AWS_SECRET_ACCESS_KEY"],
            region_name=self.environment["AWS_DEFAULT_REGION"],
        )

    @staticmethod
    def _config(overrides: dict[str, Any]) -> Config:
        return Config(**{"inject_host_prefix": False, "retries": {"max_attempts": 1}, **overrides})

    def run(self, *command: str, **options: Any) -> subprocess.CompletedProcess[str]:
        """A client program (aws, mdlc, …) with this server's environment."""
        environment = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")} | self.environment
        return subprocess.run(list(command), env=environment, capture_output=True, text=True, **options)

    def kill(self) -> None:
        """kill -9."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.process = None

    def wait_for_death(self, limit_s: float = 60) -> bool:
        """Waits until a crash point has killed the server; False if it lives on."""
        assert self.process is not None
        try:
            self.process.wait(limit_s)
        except subprocess.TimeoutExpired:
            return False
        self.process = None
        return True

    def stop(self) -> int:
        """SIGTERM; the exit status."""
        assert self.process is not None
        self.process.terminate()
        status = self.process.wait(30)
        self.process = None
        return status

    def close(self) -> None:
        """Ends the server and its jobs, and removes the folder."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None
        # Jobs outlive the server; a test's must not outlive the test.
        subprocess.run(["pkill", "-KILL", "-f", str(self.data)], check=False)
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def wait_until(check: Any, limit_s: float = 60, every_s: float = 0.05) -> Any:
    """The first true value of `check()`; fails after `limit_s`."""
    end = time.monotonic() + limit_s
    while time.monotonic() < end:
        value = check()
        if value:
            return value
        time.sleep(every_s)
    raise AssertionError(f"not within {limit_s} s")
