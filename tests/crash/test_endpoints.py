"""Servers killed at the named points of an endpoint's life: what was asked for comes true after the restart, and nothing
runs that no endpoint has."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from tests.acceptance.test_sagemaker_endpoints import Hosting, supervisors
from tests.support.server import Server, wait_until
from tests.support.training import unique

COMMITS = [f"store.{when}_commit:{n}" for when in ("before", "after") for n in (1, 2, 3)]
CREATION = ["endpoint.before_start", "endpoint.after_start", "endpoint.before_switch", "endpoint.after_switch", *COMMITS]


@pytest.fixture
def lab(fresh_server: Server) -> Iterator[Hosting]:
    fresh_server.start()
    yield Hosting(fresh_server)


def told(call: Any) -> bool:
    """Calls a server that may die before it answers; whether it answered."""
    try:
        call()
    except (BotoCoreError, ClientError):
        return False
    return True


def die(lab: Hosting, crash_at: str, call: Any, is_over: Any) -> bool:
    """A clean restart with a crash point, the call, the death, a restart without; whether the call was answered."""
    lab.server.stop()
    lab.server.start(crash_at=crash_at)
    answered = lab.server.process is not None and lab.server.process.poll() is None and told(call)

    def over() -> bool:
        if lab.server.process is None or lab.server.process.poll() is not None:
            return True
        try:
            return bool(is_over())
        except (BotoCoreError, ClientError):
            return False

    wait_until(over)
    if lab.server.process is not None and lab.server.process.poll() is None:
        lab.server.kill()
    else:
        lab.server.wait_for_death()
    lab.server.start()
    return answered


def exists(lab: Hosting, name: str) -> bool:
    return bool(lab.sagemaker.list_endpoints(NameContains=name)["Endpoints"])


def is_in_service(lab: Hosting, name: str, config: str) -> bool:
    now = lab.describe(name)
    return bool(now["EndpointStatus"] == "InService" and now["EndpointConfigName"] == config)


@pytest.mark.parametrize("point", CREATION)
def test_a_creation_survives_the_server_at(lab: Hosting, point: str) -> None:
    name, config = unique("endpoint"), lab.config(lab.variant(lab.trained_model()))

    def create() -> None:
        lab.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=config)

    answered = die(lab, point, create, lambda: is_in_service(lab, name, config))
    if not exists(lab, name):
        assert not answered
        create()
    assert lab.settled(name)["EndpointStatus"] == "InService"
    assert lab.invoke(name)
    wait_until(lambda: len(supervisors(lab.server)) == 1)


@pytest.mark.parametrize("point", ["endpoint.before_start:2", "endpoint.after_start:2", "endpoint.before_switch", "endpoint.after_switch"])
def test_an_update_survives_the_server_at(lab: Hosting, point: str) -> None:
    model = lab.trained_model()
    name = lab.endpoint(lab.variant(model, "old"))
    config = lab.config(lab.variant(model, "new"))
    answered = die(lab, point, lambda: lab.sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=config),
                   lambda: is_in_service(lab, name, config))
    assert answered
    wait_until(lambda: is_in_service(lab, name, config))
    answer = lab.runtime.invoke_endpoint(EndpointName=name, Body=b"0,0,0", ContentType="text/csv")
    assert answer["InvokedProductionVariant"] == "new"
    wait_until(lambda: len(supervisors(lab.server)) == 1)


def test_a_rollback_survives_the_server(lab: Hosting) -> None:
    name = lab.endpoint(lab.variant(lab.trained_model()))
    config, bad = lab.describe(name)["EndpointConfigName"], unique("bad")
    lab.put("bad.tar.gz", b"no archive")
    lab.model(bad, lab.uri("bad.tar.gz"))
    worse = lab.config(lab.variant(bad))
    die(lab, "endpoint.before_rollback_ends", lambda: lab.sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=worse),
        lambda: False)
    now = lab.settled(name)
    assert now["EndpointConfigName"] == config and "bad.tar.gz" in now["FailureReason"]
    assert lab.invoke(name)
    wait_until(lambda: len(supervisors(lab.server)) == 1)


def test_a_deletion_survives_the_server(lab: Hosting) -> None:
    name = lab.endpoint(lab.variant(lab.trained_model()))
    die(lab, "endpoint.before_row_goes", lambda: lab.sagemaker.delete_endpoint(EndpointName=name), lambda: not exists(lab, name))
    wait_until(lambda: not exists(lab, name))
    wait_until(lambda: not supervisors(lab.server))
    assert list((lab.server.data / "endpoints").iterdir()) == []
