"""Users of services that several files of tests share."""

import pytest

from tests.support.server import Server
from tests.support.stacks import Others, Stacks


@pytest.fixture(scope="module")
def stacks(server: Server) -> Stacks:
    return Stacks(server)


@pytest.fixture(scope="module")
def others(server: Server) -> Others:
    return Others(server)
