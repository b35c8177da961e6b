"""Distributed Maps: items out of S3 in every form, batches, tolerated failures, results to S3, map runs."""

from __future__ import annotations

import gzip
import io
import json
import time
import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.support.server import Server

ROLE = "arn:aws:iam::000000000000:role/states"
PASS = {"P": {"Type": "Pass", "End": True}}


@pytest.fixture
def states(server: Server) -> Any:
    return server.client("stepfunctions")


@pytest.fixture
def bucket(server: Server) -> str:
    name = f"b-{uuid.uuid4().hex[:12]}"
    server.client("s3").create_bucket(Bucket=name)
    return name


def put(server: Server, bucket: str, key: str, body: str | bytes) -> None:
    server.client("s3").put_object(Bucket=bucket, Key=key, Body=body)


def machine(processor: dict[str, Any] | None = None, execution_type: str = "STANDARD", **fields: Any) -> dict[str, Any]:
    inside = processor or {"StartAt": "P", "States": PASS}
    config = {"Mode": "DISTRIBUTED", "ExecutionType": execution_type}
    state = {"Type": "Map", "End": True, "ItemProcessor": {"ProcessorConfig": config, **inside}, **fields}
    return {"StartAt": "M", "States": {"M": state}}


def reader(bucket: str, key: str, **config: Any) -> dict[str, Any]:
    return {
        "Resource": "arn:aws:states:::s3:getObject",
        "ReaderConfig": config,
        "Parameters": {"Bucket": bucket, "Key": key},
    }


def start(states: Any, definition: dict[str, Any], given: Any = None) -> str:
    arn = states.create_state_machine(
        name=f"m-{uuid.uuid4().hex[:12]}", definition=json.dumps(definition), roleArn=ROLE
    )["stateMachineArn"]
    return states.start_execution(stateMachineArn=arn, input=json.dumps(given if given is not None else {}))[
        "executionArn"
    ]


def await_end(states: Any, execution: str, limit_s: float = 60) -> dict[str, Any]:
    limit = time.monotonic() + limit_s
    while (described := states.describe_execution(executionArn=execution))["status"] == "RUNNING":
        assert time.monotonic() < limit, f"{execution} does not end"
        time.sleep(0.02)
    return described


def run(states: Any, definition: dict[str, Any], given: Any = None) -> dict[str, Any]:
    return await_end(states, start(states, definition, given))


def output(described: dict[str, Any]) -> Any:
    assert described["status"] == "SUCCEEDED", described
    return json.loads(described["output"])


def only_map_run(states: Any, execution: str) -> dict[str, Any]:
    (listed,) = states.list_map_runs(executionArn=execution)["mapRuns"]
    return states.describe_map_run(mapRunArn=listed["mapRunArn"])


def refused(call: Any, **arguments: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return caught.value.response["Error"]["Code"]


# Passes what is not 13, fails on 13.
FAILS_ON_13 = {
    "StartAt": "C",
    "States": {
        "C": {"Type": "Choice", "Choices": [{"Variable": "$", "NumericEquals": 13, "Next": "F"}], "Default": "P"},
        "F": {"Type": "Fail", "Error": "Unlucky", "Cause": "thirteen"},
        **PASS,
    },
}


# --- Items


@pytest.mark.parametrize(
    ("body", "config", "items"),
    [
        ('[1, {"a": [2]}, "x"]', {"InputType": "JSON"}, [1, {"a": [2]}, "x"]),
        ('{"a": {"b": [0, [7, 8]]}}', {"InputType": "JSON", "ItemsPointer": "/a/b/1"}, [7, 8]),
        ("[1,2,3,4]", {"InputType": "JSON", "MaxItems": 2}, [1, 2]),
        ('{"a": 1}\n\n{"a": 2}\n', {"InputType": "JSONL"}, [{"a": 1}, {"a": 2}]),
        ("[]", {"InputType": "JSON"}, []),
        (
            'a,b\r\n1,"x, ""y"""\r\n2\r\n3,z,w\r\n',
            {"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"},
            [{"a": "1", "b": 'x, "y"'}, {"a": "2", "b": ""}, {"a": "3", "b": "z"}],
        ),
        (
            "1|2\n3|4",
            {"InputType": "CSV", "CSVHeaderLocation": "GIVEN", "CSVHeaders": ["x", "y"], "CSVDelimiter": "PIPE"},
            [{"x": "1", "y": "2"}, {"x": "3", "y": "4"}],
        ),
    ],
)
def test_items_come_out_of_an_object(
    server: Server, states: Any, bucket: str, body: str, config: dict[str, Any], items: list[Any]
) -> None:
    put(server, bucket, "items", body)
    assert output(run(states, machine(ItemReader=reader(bucket, "items", **config)))) == items


def test_items_are_listed_objects_or_what_is_in_them(server: Server, states: Any, bucket: str) -> None:
    for name in ("a", "b"):
        put(server, bucket, f"in/{name}.jsonl", f'{{"of":"{name}"}}\n{{"of":"{name}2"}}\n')
    put(server, bucket, "elsewhere", "x")
    listing = {"Resource": "arn:aws:states:::s3:listObjectsV2", "Parameters": {"Bucket": bucket, "Prefix": "in/"}}
    listed = output(run(states, machine(ItemReader=listing)))
    assert [o["Key"] for o in listed] == ["in/a.jsonl", "in/b.jsonl"]
    assert set(listed[0]) == {"Etag", "Key", "LastModified", "Size", "StorageClass"}
    assert abs(listed[0]["LastModified"] - time.time()) < 600
    loading = {**listing, "ReaderConfig": {"InputType": "JSONL", "Transformation": "LOAD_AND_FLATTEN", "MaxItems": 3}}
    assert output(run(states, machine(ItemReader=loading))) == [{"of": "a"}, {"of": "a2"}, {"of": "b"}]


def test_items_are_the_objects_of_an_inventory(server: Server, states: Any, bucket: str) -> None:
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb") as file:
        file.write(b'"src","k1","5"\n"src","k2","6"\n')
    put(server, bucket, "inv/data.csv.gz", packed.getvalue())
    manifest = {
        "sourceBucket": "src",
        "destinationBucket": f"arn:aws:s3:::{bucket}",
        "fileFormat": "CSV",
        "fileSchema": "Bucket, Key, Size",
        "files": [{"key": "inv/data.csv.gz", "size": len(packed.getvalue())}],
    }
    put(server, bucket, "inv/manifest.json", json.dumps(manifest))
    assert output(run(states, machine(ItemReader=reader(bucket, "inv/manifest.json", InputType="MANIFEST")))) == [
        {"Bucket": "src", "Key": "k1", "Size": "5"},
        {"Bucket": "src", "Key": "k2", "Size": "6"},
    ]


def test_items_are_in_the_files_that_athena_unloaded(server: Server, states: Any, bucket: str) -> None:
    put(server, bucket, "part-0", "[1]\n[2]\n")
    put(server, bucket, "part-1", "[3]\n")
    put(server, bucket, "manifest.csv", f"s3://{bucket}/part-0\ns3://{bucket}/part-1\n")
    source = reader(bucket, "manifest.csv", InputType="JSONL", ManifestType="ATHENA_DATA")
    assert output(run(states, machine(ItemReader=source))) == [[1], [2], [3]]


@pytest.mark.parametrize(
    ("body", "config", "cause"),
    [
        ("{}", {"InputType": "JSON"}, "Attempting to map over non-iterable node."),
        ("a,a\n1,2\n", {"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"}, "CSV headers cannot contain duplicates."),
        ("[1, ", {"InputType": "JSON"}, "The item source is not valid JSON."),
        ("{]\n", {"InputType": "JSONL"}, "The item source is not valid JSON."),
    ],
)
def test_what_cannot_be_read_fails_the_map_run(
    server: Server, states: Any, bucket: str, body: str, config: dict[str, Any], cause: str
) -> None:
    put(server, bucket, "items", body)
    execution = start(states, machine(ItemReader=reader(bucket, "items", **config)))
    ended = await_end(states, execution)
    assert (ended["status"], ended["error"], ended["cause"]) == ("FAILED", "States.ItemReaderFailed", cause)
    events = states.get_execution_history(executionArn=execution)["events"]
    assert [e["type"] for e in events[2:]] == [
        "MapStateStarted", "MapRunStarted", "MapRunFailed", "MapStateFailed", "ExecutionFailed"
    ]
    assert only_map_run(states, execution)["status"] == "FAILED"


def test_a_missing_object_is_an_error_that_can_be_caught(states: Any, bucket: str) -> None:
    definition = machine(
        ItemReader=reader(bucket, "none", InputType="JSON"),
        Catch=[{"ErrorEquals": ["States.ItemReaderFailed"], "Next": "Caught"}],
    )
    definition["States"]["Caught"] = {"Type": "Pass", "End": True}
    caught = output(run(states, definition))
    assert caught["Error"] == "States.ItemReaderFailed"
    assert "NoSuchKey" in caught["Cause"]


# --- Children


def test_children_are_executions_of_their_own(states: Any) -> None:
    definition = machine(Label="lines", ItemSelector={"v.$": "$$.Map.Item.Value", "n.$": "$$.Map.Item.Index"})
    execution = start(states, definition, ["a", "b", "c"])
    assert output(await_end(states, execution)) == [{"v": v, "n": n} for n, v in enumerate("abc")]
    described = only_map_run(states, execution)
    parent = states.describe_execution(executionArn=execution)
    name = parent["stateMachineArn"].split(":")[-1]
    assert f":mapRun:{name}/lines:" in described["mapRunArn"]
    assert described["executionArn"] == execution
    assert described["itemCounts"] | {"total": 3, "succeeded": 3, "pending": 0, "running": 0} == described["itemCounts"]
    assert described["executionCounts"]["total"] == 3
    listed = states.list_executions(mapRunArn=described["mapRunArn"])["executions"]
    assert len(listed) == 3
    assert {x["itemCount"] for x in listed} == {1}
    child = states.describe_execution(executionArn=listed[-1]["executionArn"])
    assert child["executionArn"] == f"{execution.rsplit(':', 2)[0]}:{name}/lines:{child['name']}"
    assert child["stateMachineArn"] == parent["stateMachineArn"] + "/lines"
    assert child["mapRunArn"] == described["mapRunArn"]
    assert json.loads(child["input"]) == {"v": "a", "n": 0}
    history = states.get_execution_history(executionArn=child["executionArn"])["events"]
    assert [e["type"] for e in history] == [
        "ExecutionStarted", "PassStateEntered", "PassStateExited", "ExecutionSucceeded"
    ]
    assert [x["executionArn"] for x in states.list_executions(stateMachineArn=parent["stateMachineArn"])["executions"]] == [
        execution
    ]
    of_child = states.describe_state_machine_for_execution(executionArn=child["executionArn"])
    assert json.loads(of_child["definition"]) == definition


def test_children_are_listed_by_status_and_in_pages(states: Any) -> None:
    execution = start(states, machine(FAILS_ON_13, ToleratedFailureCount=1), [13, 1, 2, 3])
    await_end(states, execution)
    run_arn = only_map_run(states, execution)["mapRunArn"]
    failed = states.list_executions(mapRunArn=run_arn, statusFilter="FAILED")["executions"]
    assert len(failed) == 1
    first = states.list_executions(mapRunArn=run_arn, maxResults=3)
    rest = states.list_executions(mapRunArn=run_arn, maxResults=3, nextToken=first["nextToken"])
    assert (len(first["executions"]), len(rest["executions"]), "nextToken" in rest) == (3, 1, False)


def test_items_are_batched_by_count_and_by_size(states: Any) -> None:
    by_count = machine(ItemBatcher={"MaxItemsPerBatch": 2, "BatchInput": {"all.$": "$"}})
    assert output(run(states, by_count, [1, 2, 3])) == [
        {"BatchInput": {"all": [1, 2, 3]}, "Items": [1, 2]},
        {"BatchInput": {"all": [1, 2, 3]}, "Items": [3]},
    ]
    # {"Items":[…]} is twelve bytes around them.
    by_size = machine(ItemBatcher={"MaxInputBytesPerBatchPath": "$.bytes"}, ItemsPath="$.items")
    given = {"items": ["aaaa", "bbbb", "cccc"], "bytes": 25}
    execution = start(states, by_size, given)
    assert output(await_end(states, execution)) == [{"Items": ["aaaa", "bbbb"]}, {"Items": ["cccc"]}]
    described = only_map_run(states, execution)
    assert (described["itemCounts"]["total"], described["executionCounts"]["total"]) == (3, 2)
    too_small = run(states, by_size, given | {"bytes": 17})
    assert too_small["status"] == "FAILED"
    assert output(run(states, by_size, given | {"bytes": 18})) == [{"Items": [i]} for i in given["items"]]


def test_express_children(states: Any) -> None:
    execution = start(states, machine(execution_type="EXPRESS"), [1, 2])
    assert output(await_end(states, execution)) == [1, 2]
    listed = states.list_executions(mapRunArn=only_map_run(states, execution)["mapRunArn"])["executions"]
    assert all(":express:" in x["executionArn"] for x in listed)


def test_maps_inside_maps(states: Any) -> None:
    inner = machine(ItemsPath="$.inner", Label="inner")
    inner["States"]["Inner"] = inner["States"].pop("M")
    inner["StartAt"] = "Inner"
    execution = start(states, machine(inner, Label="outer"), [{"inner": [1, 2]}, {"inner": []}])
    assert output(await_end(states, execution)) == [[1, 2], []]


def test_jsonata(server: Server, states: Any, bucket: str) -> None:
    put(server, bucket, "items", "[1,2,3,4]")
    definition = machine(
        QueryLanguage="JSONata",
        ItemReader={
            "Resource": "arn:aws:states:::s3:getObject",
            "ReaderConfig": {"InputType": "JSON", "MaxItems": "{% $states.input.most %}"},
            "Arguments": {"Bucket": "{% $states.input.bucket %}", "Key": "items"},
        },
        ItemSelector={"twice": "{% $states.context.Map.Item.Value * 2 %}"},
        ItemBatcher={"MaxItemsPerBatch": "{% 1 + 1 %}"},
        ToleratedFailurePercentage="{% 10 %}",
        Output="{% $states.result.Items.twice %}",
    )
    assert output(run(states, definition, {"bucket": bucket, "most": 3})) == [2, 4, 6]


# --- Failures


@pytest.mark.parametrize(
    ("items", "fields", "status"),
    [
        ([1, 13], {}, "FAILED"),
        ([13, 13, 1], {"ToleratedFailureCount": 2}, "SUCCEEDED"),
        ([13, 13, 13], {"ToleratedFailureCount": 2}, "FAILED"),
        ([13, 1], {"ToleratedFailurePercentage": 50}, "SUCCEEDED"),
        ([13, 13, 1], {"ToleratedFailurePercentage": 50}, "FAILED"),
        ([13, 13, 1], {"ToleratedFailurePercentage": 100, "ToleratedFailureCount": 1}, "FAILED"),
    ],
)
def test_so_many_failures_are_tolerated(states: Any, items: list[int], fields: dict[str, Any], status: str) -> None:
    execution = start(states, machine(FAILS_ON_13, **fields), items)
    ended = await_end(states, execution)
    assert ended["status"] == status
    described = only_map_run(states, execution)
    assert described["status"] == status
    if status == "FAILED":
        assert ended["error"] == "States.ExceedToleratedFailureThreshold"
        assert ended["cause"] == "The specified tolerated failure threshold was exceeded"
    else:
        assert described["itemCounts"]["failed"] == items.count(13)
        shown = [r for r in output(ended) if isinstance(r, dict)]
        assert [(r["Status"], r["Error"], r["Cause"], r["Input"]) for r in shown] == [
            ("FAILED", "Unlucky", "thirteen", "13")
        ] * items.count(13)


def test_an_output_that_is_too_large(states: Any) -> None:
    wide = {
        "StartAt": "P",
        "States": {"P": {"Type": "Pass", "Parameters": {"x.$": "States.Format('{}', $)"}, "End": True}},
    }
    ended = run(states, machine(wide), ["x" * 1000] * 250)
    assert ended["status"] == "SUCCEEDED"
    wide["States"]["P"]["Parameters"]["y.$"] = "$"  # type: ignore[index]
    assert run(states, machine(wide), ["x" * 1000] * 250)["error"] == "States.DataLimitExceeded"


WAITS = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 600, "End": True}}}


def await_running(states: Any, execution: str, children: int) -> dict[str, Any]:
    limit = time.monotonic() + 60
    while True:
        runs = states.list_map_runs(executionArn=execution)["mapRuns"]
        if runs:
            described = states.describe_map_run(mapRunArn=runs[0]["mapRunArn"])
            if described["executionCounts"]["running"] == children:
                return described
        assert time.monotonic() < limit, "the children do not run"
        time.sleep(0.02)


def test_concurrency_is_bounded_and_can_be_changed(states: Any) -> None:
    execution = start(states, machine(WAITS, MaxConcurrency=2), [1, 2, 3, 4, 5])
    described = await_running(states, execution, 2)
    assert (described["maxConcurrency"], described["itemCounts"]["pending"]) == (2, 3)
    states.update_map_run(mapRunArn=described["mapRunArn"], maxConcurrency=4, toleratedFailureCount=7)
    described = await_running(states, execution, 4)
    assert (described["maxConcurrency"], described["toleratedFailureCount"]) == (4, 7)
    states.stop_execution(executionArn=execution)
    limit = time.monotonic() + 60
    while (described := only_map_run(states, execution))["status"] == "RUNNING":
        assert time.monotonic() < limit
        time.sleep(0.02)
    assert described["status"] == "ABORTED"
    assert (described["itemCounts"]["aborted"], described["itemCounts"]["pending"]) == (4, 1)


def test_refusals(states: Any) -> None:
    arn = "arn:aws:states:us-east-1:000000000000:mapRun:m/l:0"
    assert refused(states.describe_map_run, mapRunArn=arn) == "ResourceNotFound"
    assert refused(states.update_map_run, mapRunArn=arn, maxConcurrency=1) == "ResourceNotFound"
    assert refused(states.list_executions, mapRunArn=arn) == "ResourceNotFound"
    assert refused(states.list_executions) == "ValidationException"
    assert refused(states.describe_map_run, mapRunArn="x") == "InvalidArn"


# --- Results


def get(server: Server, bucket: str, key: str) -> bytes:
    return server.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()


def writer(bucket: str, **config: Any) -> dict[str, Any]:
    made: dict[str, Any] = {
        "Resource": "arn:aws:states:::s3:putObject",
        "Parameters": {"Bucket": bucket, "Prefix": "results"},
    }
    return made | ({"WriterConfig": config} if config else {})


def test_results_are_written_to_s3(server: Server, states: Any, bucket: str) -> None:
    definition = machine(FAILS_ON_13, ToleratedFailureCount=1, ResultWriter=writer(bucket))
    execution = start(states, definition, [1, 13, 2])
    result = output(await_end(states, execution))
    described = only_map_run(states, execution)
    assert described["itemCounts"]["resultsWritten"] == 3
    folder = f"results/{described['mapRunArn'].rsplit(':', 1)[1]}"
    assert result == {
        "MapRunArn": described["mapRunArn"],
        "ResultWriterDetails": {"Bucket": bucket, "Key": f"{folder}/manifest.json"},
    }
    manifest = json.loads(get(server, bucket, f"{folder}/manifest.json"))
    assert manifest["DestinationBucket"] == bucket
    assert manifest["MapRunArn"] == described["mapRunArn"]
    files = manifest["ResultFiles"]
    assert [f["Key"] for f in files["SUCCEEDED"]] == [f"{folder}/SUCCEEDED_0.json"]
    assert [f["Key"] for f in files["FAILED"]] == [f"{folder}/FAILED_0.json"]
    assert files["PENDING"] == []
    body = get(server, bucket, files["SUCCEEDED"][0]["Key"])
    assert files["SUCCEEDED"][0]["Size"] == len(body)
    succeeded = json.loads(body)
    assert [(x["Input"], x["Output"], x["Status"]) for x in succeeded] == [
        ("1", "1", "SUCCEEDED"), ("2", "2", "SUCCEEDED")
    ]
    assert succeeded[0]["StateMachineArn"].count("/") == 1
    (failed,) = json.loads(get(server, bucket, files["FAILED"][0]["Key"]))
    assert (failed["Error"], failed["Cause"], failed["Status"]) == ("Unlucky", "thirteen", "FAILED")
    assert "Output" not in failed


def test_what_was_not_begun_is_pending(server: Server, states: Any, bucket: str) -> None:
    definition = machine(FAILS_ON_13, MaxConcurrency=1, ResultWriter=writer(bucket))
    execution = start(states, definition, [1, 13, 2, 3])
    assert await_end(states, execution)["error"] == "States.ExceedToleratedFailureThreshold"
    folder = f"results/{only_map_run(states, execution)['mapRunArn'].rsplit(':', 1)[1]}"
    files = json.loads(get(server, bucket, f"{folder}/manifest.json"))["ResultFiles"]
    assert [len(files[s]) for s in ("SUCCEEDED", "FAILED", "PENDING")] == [1, 1, 1]
    pending = json.loads(get(server, bucket, files["PENDING"][0]["Key"]))
    assert [(x["Input"], x["Status"]) for x in pending] == [("2", "PENDING"), ("3", "PENDING")]


@pytest.mark.parametrize(
    ("config", "body"),
    [
        ({"Transformation": "COMPACT"}, b"[[1,2],3]"),
        ({"Transformation": "FLATTEN"}, b"[1,2,3]"),
        ({"Transformation": "FLATTEN", "OutputType": "JSONL"}, b"1\n2\n3\n"),
    ],
)
def test_results_are_transformed(
    server: Server, states: Any, bucket: str, config: dict[str, Any], body: bytes
) -> None:
    result = output(run(states, machine(ResultWriter=writer(bucket, **config)), [[1, 2], 3]))
    manifest = json.loads(get(server, bucket, result["ResultWriterDetails"]["Key"]))
    (file,) = manifest["ResultFiles"]["SUCCEEDED"]
    assert get(server, bucket, file["Key"]) == body


def test_results_are_transformed_without_being_written(states: Any) -> None:
    preview = {"WriterConfig": {"Transformation": "FLATTEN", "OutputType": "JSON"}}
    assert output(run(states, machine(ResultWriter=preview), [[1, 2], 3])) == [1, 2, 3]


def test_results_that_cannot_be_written(states: Any) -> None:
    ended = run(states, machine(ResultWriter=writer(f"none-{uuid.uuid4().hex[:8]}")), [1])
    assert ended["error"] == "States.ResultWriterFailed"
    assert "NoSuchBucket" in ended["cause"]


# --- Redrive


def needs_object(bucket: str) -> dict[str, Any]:
    """Succeeds for those items whose object is there."""
    return {
        "StartAt": "G",
        "States": {
            "G": {
                "Type": "Task",
                "Resource": "arn:aws:states:::aws-sdk:s3:headObject",
                "Parameters": {"Bucket": bucket, "Key.$": "$"},
                "ResultPath": None,
                "End": True,
            }
        },
    }


def test_a_redriven_map_run_goes_on_with_what_did_not_succeed(server: Server, states: Any, bucket: str) -> None:
    put(server, bucket, "a", "x")
    definition = machine(needs_object(bucket), MaxConcurrency=1)
    execution = start(states, definition, ["a", "b", "c"])
    assert await_end(states, execution)["error"] == "States.ExceedToleratedFailureThreshold"
    before = only_map_run(states, execution)
    described = states.describe_execution(executionArn=execution)
    assert (described["redriveCount"], described["redriveStatus"]) == (0, "REDRIVABLE")
    put(server, bucket, "b", "x")
    put(server, bucket, "c", "x")
    redriven = states.redrive_execution(executionArn=execution, clientToken="once")
    assert output(await_end(states, execution)) == ["a", "b", "c"]
    after = only_map_run(states, execution)
    assert after["mapRunArn"] == before["mapRunArn"]
    assert (after["status"], after["redriveCount"], after["itemCounts"]["succeeded"]) == ("SUCCEEDED", 1, 3)
    described = states.describe_execution(executionArn=execution)
    assert (described["redriveCount"], described["redriveDate"]) == (1, redriven["redriveDate"])
    assert described["redriveStatus"] == "NOT_REDRIVABLE"
    assert described["redriveStatusReason"] == "Execution is SUCCEEDED and cannot be redriven"
    # The one that had failed is the same execution still, redriven; the others ran once.
    children = states.list_executions(mapRunArn=after["mapRunArn"])["executions"]
    assert [x["redriveCount"] for x in reversed(children)] == [0, 1, 0]
    (again,) = states.list_executions(mapRunArn=after["mapRunArn"], redriveFilter="REDRIVEN")["executions"]
    assert "ExecutionRedriven" in [
        e["type"] for e in states.get_execution_history(executionArn=again["executionArn"])["events"]
    ]
    events = states.get_execution_history(executionArn=execution)["events"]
    assert [e["id"] for e in events] == list(range(1, len(events) + 1))
    assert [e["type"] for e in events[4:]] == [
        "MapRunFailed", "MapStateFailed", "ExecutionFailed", "ExecutionRedriven", "MapRunRedriven", "MapRunSucceeded",
        "MapStateSucceeded", "MapStateExited", "ExecutionSucceeded",
    ]
    assert events[8]["mapRunRedrivenEventDetails"] == {"mapRunArn": after["mapRunArn"], "redriveCount": 1}
    # Said again with its token it is the same redrive.
    again_told = states.redrive_execution(executionArn=execution, clientToken="once")
    assert again_told["redriveDate"] == redriven["redriveDate"]


def test_a_redriven_execution_goes_on_from_its_failed_state(server: Server, states: Any, bucket: str) -> None:
    definition = needs_object(bucket)
    definition["States"]["First"] = {"Type": "Pass", "Result": "k", "Next": "G"}
    definition["StartAt"] = "First"
    execution = start(states, definition)
    assert await_end(states, execution)["status"] == "FAILED"
    states.redrive_execution(executionArn=execution)
    assert await_end(states, execution)["redriveCount"] == 1
    put(server, bucket, "k", "x")
    states.redrive_execution(executionArn=execution)
    assert output(await_end(states, execution)) == "k"
    types = [e["type"] for e in states.get_execution_history(executionArn=execution)["events"]]
    assert types.count("PassStateEntered") == 1
    assert types.count("ExecutionRedriven") == 2
    assert refused(states.redrive_execution, executionArn=execution) == "ExecutionNotRedrivable"


def test_a_redriven_execution_outlives_a_restart(fresh_server: Server) -> None:
    fresh_server.start()
    states, name = fresh_server.client("stepfunctions"), f"b-{uuid.uuid4().hex[:12]}"
    fresh_server.client("s3").create_bucket(Bucket=name)
    execution = start(states, machine({"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 3, "End": True}}}), [1])
    await_running(states, execution, 1)
    states.stop_execution(executionArn=execution)
    limit = time.monotonic() + 60
    while only_map_run(states, execution)["status"] == "RUNNING":
        assert time.monotonic() < limit
        time.sleep(0.02)
    states.redrive_execution(executionArn=execution)
    fresh_server.kill()
    fresh_server.start()
    assert output(await_end(states, execution)) == [1]
    fresh_server.kill()
    fresh_server.start()
    assert states.describe_execution(executionArn=execution)["redriveCount"] == 1
