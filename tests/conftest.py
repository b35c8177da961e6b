"""What all tests with real clients share."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.support.server import Server  # noqa: E402


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """One server for all tests that leave it running; its AWS_* variables stand in the environment."""
    with Server() as running:
        running.start()
        before = dict(os.environ)
        os.environ.update(running.environment)
        yield running
        os.environ.clear()
        os.environ.update(before)


@pytest.fixture
def fresh_server() -> Iterator[Server]:
    """A server of the test's own, not started, for tests that stop or kill it."""
    with Server() as made:
        yield made
