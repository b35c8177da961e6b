"""CloudWatch Logs through boto3's client, its paginators, and the AWS CLI."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.server import Server


@pytest.fixture
def logs(server: Server) -> Any:
    return server.client("logs")


@pytest.fixture
def group(logs: Any) -> Iterator[str]:
    name = f"/aws/test/{uuid.uuid4().hex[:12]}"
    logs.create_log_group(logGroupName=name, tags={"team": "ml"})
    yield name
    logs.delete_log_group(logGroupName=name)


def put(logs: Any, group: str, stream: str, messages: list[str]) -> int:
    """Puts one event a millisecond; the first one's time."""
    begin = int(time.time() * 1000) - 60_000
    answer = logs.put_log_events(
        logGroupName=group,
        logStreamName=stream,
        logEvents=[{"timestamp": begin + i, "message": message} for i, message in enumerate(messages)],
    )
    assert "rejectedLogEventsInfo" not in answer
    return begin


def test_groups_and_streams(logs: Any, group: str) -> None:
    logs.put_retention_policy(logGroupName=group, retentionInDays=7)
    described = logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]
    assert [(g["logGroupName"], g["retentionInDays"]) for g in described] == [(group, 7)]
    assert described[0]["arn"].endswith(f":log-group:{group}:*")
    arn = described[0]["logGroupArn"]
    assert logs.list_tags_for_resource(resourceArn=arn)["tags"] == {"team": "ml"}
    for i in range(3):
        logs.create_log_stream(logGroupName=group, logStreamName=f"job/{i}")
    pages = logs.get_paginator("describe_log_streams").paginate(
        logGroupName=group, logStreamNamePrefix="job/", PaginationConfig={"PageSize": 2}
    )
    assert [s["logStreamName"] for page in pages for s in page["logStreams"]] == ["job/0", "job/1", "job/2"]
    with pytest.raises(logs.exceptions.ResourceAlreadyExistsException):
        logs.create_log_group(logGroupName=group)
    with pytest.raises(logs.exceptions.ResourceNotFoundException, match="The specified log group does not exist"):
        logs.describe_log_streams(logGroupName=group + "x")


def test_events_are_read_page_by_page_to_the_end(logs: Any, group: str) -> None:
    logs.create_log_stream(logGroupName=group, logStreamName="s")
    put(logs, group, "s", [f"line {i}" for i in range(25)])
    where = {"logGroupName": group, "logStreamName": "s", "limit": 10}
    seen: list[str] = []
    page = logs.get_log_events(**where, startFromHead=True)
    while True:
        seen += [event["message"] for event in page["events"]]
        token = page["nextForwardToken"]
        page = logs.get_log_events(**where, nextToken=token)
        if page["nextForwardToken"] == token:
            break
    assert seen == [f"line {i}" for i in range(25)]
    newest = logs.get_log_events(**where)
    assert [event["message"] for event in newest["events"]] == [f"line {i}" for i in range(15, 25)]
    older = logs.get_log_events(**where, nextToken=newest["nextBackwardToken"])
    assert [event["message"] for event in older["events"]] == [f"line {i}" for i in range(5, 15)]


def test_events_are_filtered(logs: Any, group: str) -> None:
    for stream in ("a", "b"):
        logs.create_log_stream(logGroupName=group, logStreamName=stream)
        put(logs, group, stream, ["START", f"ERROR in {stream}: no data", "END"])
    pages = logs.get_paginator("filter_log_events").paginate(
        logGroupName=group, filterPattern='ERROR "no data"', PaginationConfig={"PageSize": 1}
    )
    found = [(event["logStreamName"], event["message"]) for page in pages for event in page["events"]]
    assert sorted(found) == [("a", "ERROR in a: no data"), ("b", "ERROR in b: no data")]


def test_the_command_line_tails(server: Server, logs: Any, group: str) -> None:
    logs.create_log_stream(logGroupName=group, logStreamName="s")
    put(logs, group, "s", ["hello from a job"])
    tailed = server.run("aws", "logs", "filter-log-events", "--log-group-name", group, "--output", "json")
    assert tailed.returncode == 0, tailed.stderr
    assert [event["message"] for event in json.loads(tailed.stdout)["events"]] == ["hello from a job"]
