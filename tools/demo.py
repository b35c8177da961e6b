#!/usr/bin/env python3
"""`./dev demo`: a server in a fresh data folder, and on it the example's whole story."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MDLC = Path(os.environ.get("MDLC_BINARY", ROOT / "build" / "mdlc"))
DATA = ROOT / "build" / "demo"
EXAMPLE = ROOT / "examples" / "mdlc"
READY_LIMIT_S = 20


def start(log: Path) -> subprocess.Popen[bytes]:
    """Starts `mdlc up` on a free port of the loopback."""
    with log.open("wb") as out:
        return subprocess.Popen(
            [MDLC, "up", "--data-dir", DATA, "--listen", "127.0.0.1:0"], stdout=out, stderr=out, stdin=subprocess.DEVNULL
        )


def environment(server: subprocess.Popen[bytes], log: Path) -> dict[str, str]:
    """The server's AWS_* variables, as `mdlc env` prints them, once it answers."""
    limit = time.monotonic() + READY_LIMIT_S
    while time.monotonic() < limit:
        if server.poll() is not None:
            raise SystemExit(f"The server ended at once:\n{log.read_text()}")
        told = subprocess.run([MDLC, "env", "--data-dir", DATA], capture_output=True, text=True, check=False)
        found = dict(re.findall(r"(AWS_\w+)=['\"]?([^\s'\"]+)", told.stdout))
        if "AWS_ENDPOINT_URL" in found:
            try:
                urllib.request.urlopen(found["AWS_ENDPOINT_URL"] + "/_mdlc/health", timeout=1).close()
                return found
            except OSError:
                pass
        time.sleep(0.02)
    raise SystemExit(f"The server is not ready after {READY_LIMIT_S} s:\n{log.read_text()}")


def main() -> int:
    shutil.rmtree(DATA, ignore_errors=True)
    DATA.parent.mkdir(exist_ok=True)
    log = ROOT / "build" / "demo.log"
    started = time.monotonic()
    server = start(log)
    try:
        variables = environment(server, log)
        print(f"mdlc is up at {variables['AWS_ENDPOINT_URL']} after {time.monotonic() - started:.2f} s.")
        kept = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
        status = subprocess.run(
            [sys.executable, EXAMPLE / "loop.py", "--deploy", EXAMPLE / "MDLC-CFn.yaml", *sys.argv[1:]],
            env=kept | variables, check=False,
        ).returncode
    except KeyboardInterrupt:
        status = 130
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait()
    if status == 0:
        folder = DATA.relative_to(ROOT)
        print(
            f"\nThe server has ended; all that happened is kept. To look at it, or to go on:\n"
            f'  build/mdlc up --data-dir {folder} &\n  eval "$(build/mdlc env --data-dir {folder})"'
        )
    else:
        print(f"The server's own log is {log.relative_to(ROOT)}.", file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main())
