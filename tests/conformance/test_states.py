"""Recorded conversations with AWS Step Functions, replayed against our server: what is answered otherwise is known, one by
one, with a reason of principle (known.tsv).

The recordings stand in shared/conformance beside the checkout, or where MDLC_CONFORMANCE says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.server import ROOT, Server

FOLDER = Path(os.environ.get("MDLC_CONFORMANCE", ROOT.parent / "shared" / "conformance"))
KNOWN = Path(__file__).with_name("known.tsv")
LIMIT_S = 900  # one conversation awaits a timestamp for 40 s


def known() -> dict[str, str]:
    """id → why it cannot be met."""
    lines = (line for line in KNOWN.read_text().splitlines() if line and not line.startswith("#"))
    return dict(line.split("\t") for line in lines)


def test_every_known_difference_has_a_reason() -> None:
    assert all(reason.strip() for reason in known().values())


@pytest.mark.skipif(not FOLDER.is_dir(), reason=f"the recordings are not at hand: {FOLDER}")
def test_conversations_are_answered_as_aws_did(fresh_server: Server) -> None:
    fresh_server.start()
    environment = os.environ | fresh_server.environment | {"AWS_DISABLE_HOST_PREFIX_INJECTION": "true"}
    done = subprocess.run(
        [sys.executable, str(FOLDER / "check.py"), str(FOLDER / "states.json"), "-v"],
        capture_output=True, text=True, timeout=LIMIT_S, env=environment,
    )  # fmt: skip
    ending = re.search(r"(\d+) passed, (\d+) failed", done.stdout)
    assert ending, done.stdout[-2000:] + done.stderr[-2000:]
    # An indented line tells of the difference whose id stands above it.
    lines = done.stdout.splitlines()
    differing = {a: b.strip() for a, b in zip(lines, lines[1:], strict=False) if not a.startswith(" ") and b.startswith("    ")}
    print(f"{ending[1]} of {int(ending[1]) + int(ending[2])} conversations are answered as AWS did")
    assert len(differing) == int(ending[2])
    new = {i: why for i, why in differing.items() if i not in known()}
    assert not new, "\n".join(f"{i}\n    {why}" for i, why in new.items())
    assert not known().keys() - differing.keys(), "these are met by now: take them out of known.tsv"
