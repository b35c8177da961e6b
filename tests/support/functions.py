"""Lambda functions for tests."""

from __future__ import annotations

import io
import textwrap
import time
import zipfile
from typing import Any

READY_WITHIN_S = 60


def zipped(source: str, name: str = "index.py") -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr(name, textwrap.dedent(source))
    return held.getvalue()


def create_function(client: Any, name: str, source: str, **more: Any) -> str:
    """A Python function with `handler` in it, once it is active; its ARN."""
    arn = client.create_function(
        FunctionName=name,
        Runtime="python3.12",
        Role="arn:aws:iam::000000000000:role/function",
        Handler="index.handler",
        Code={"ZipFile": zipped(source)},
        **more,
    )["FunctionArn"]
    limit = time.monotonic() + READY_WITHIN_S
    while client.get_function_configuration(FunctionName=name)["State"] != "Active":
        assert time.monotonic() < limit, f"{name} does not become active"
        time.sleep(0.05)
    return arn
