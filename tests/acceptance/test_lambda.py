"""Lambda through boto3: functions run for real, confined, and call back into the server."""

from __future__ import annotations

import base64
import json
import subprocess
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Iterator

import pytest
from botocore.exceptions import ClientError

from tests.support.functions import zipped
from tests.support.server import BINARY, Server, wait_until

ROLE = "arn:aws:iam::000000000000:role/functions"


class Functions:
    """Makes functions of a client and removes them again."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.names: list[str] = []

    def create(self, source: str, **more: Any) -> str:
        name = f"f-{uuid.uuid4().hex[:12]}"
        given: dict[str, Any] = {"Runtime": "python3.11", "Handler": "index.handler", "Role": ROLE, "Timeout": 30}
        made = self.client.create_function(FunctionName=name, Code={"ZipFile": zipped(source)}, **(given | more))
        assert made["State"] == "Active"
        self.names.append(name)
        return name

    def invoke(self, name: str, event: Any = None, **more: Any) -> tuple[Any, dict[str, Any]]:
        answer = self.client.invoke(FunctionName=name, Payload=json.dumps(event), **more)
        return json.loads(answer["Payload"].read()), answer


@pytest.fixture
def functions(server: Server) -> Iterator[Functions]:
    made = Functions(server.client("lambda", read_timeout=120, max_pool_connections=64))
    yield made
    for name in made.names:
        made.client.delete_function(FunctionName=name)


def refusal(call: Any, **arguments: Any) -> dict[str, str]:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return caught.value.response["Error"]


def test_a_function_gets_its_event_context_and_variables(functions: Functions) -> None:
    name = functions.create(
        "import os\n"
        "def handler(event, context):\n"
        "    return {'event': event, 'name': context.function_name, 'memory': context.memory_limit_in_mb,\n"
        "            'own': os.environ['OWN'], 'region': os.environ['AWS_REGION'], 'left': context.get_remaining_time_in_millis()}\n",
        Environment={"Variables": {"OWN": "mine"}}, MemorySize=256,
    )
    returned, answer = functions.invoke(name, {"a": [1, "é"]})
    assert answer["StatusCode"] == 200 and "FunctionError" not in answer
    assert answer["ExecutedVersion"] == "$LATEST"
    assert 0 < returned.pop("left") <= 30_000
    assert returned == {"event": {"a": [1, "é"]}, "name": name, "memory": "256", "own": "mine", "region": "us-east-1"}


def test_boto3_inside_reaches_this_server_as_the_role(functions: Functions) -> None:
    name = functions.create(
        "import boto3\ndef handler(event, context):\n    return boto3.client('sts').get_caller_identity()['Arn']\n"
    )
    assert functions.invoke(name)[0] == f"arn:aws:sts::000000000000:assumed-role/functions/{name}"


def test_calls_one_after_the_other_have_one_worker(functions: Functions) -> None:
    name = functions.create(
        "n = 0\ndef handler(e, c):\n    global n\n    n += 1\n    return n, c.log_stream_name\n"
    )
    answers = [functions.invoke(name)[0] for _ in range(20)]
    assert [n for n, _ in answers] == list(range(1, 21))
    assert len({stream for _, stream in answers}) == 1


def test_an_error_that_is_raised_comes_out(functions: Functions) -> None:
    name = functions.create("def handler(e, c):\n    raise ValueError('no good')\n")
    returned, answer = functions.invoke(name)
    assert answer["FunctionError"] == "Unhandled"
    assert (returned["errorType"], returned["errorMessage"]) == ("ValueError", "no good")


@pytest.mark.parametrize(
    "source, handler, kind, words",
    [
        ("def handler(e, c):\n    import os\n    os._exit(3)\n", "index.handler", "Runtime.ExitError", "exit status 3"),
        ("import nothing_there\n", "index.handler", "Runtime.ImportModuleError", "nothing_there"),
        ("def handler(e, c): pass\n", "index.other", "Runtime.HandlerNotFound", "other"),
        ("def handler(e, c):\n    return 'x' * 6291557\n", "index.handler", "Function.ResponseSizeTooLarge", "6291556"),
    ],
)
def test_what_ends_badly(functions: Functions, source: str, handler: str, kind: str, words: str) -> None:
    name = functions.create(source, Handler=handler)
    for _ in range(2):
        returned, answer = functions.invoke(name)
        assert answer["FunctionError"] == "Unhandled"
        assert returned["errorType"] == kind and words in returned["errorMessage"]


def test_a_timeout_ends_it_and_the_next_call_is_served(functions: Functions) -> None:
    name = functions.create("import time\ndef handler(e, c):\n    time.sleep(e)\n    return 'ok'\n", Timeout=1)
    returned, answer = functions.invoke(name, 60)
    assert answer["FunctionError"] == "Unhandled" and returned["errorType"] == "Sandbox.Timedout"
    assert returned["errorMessage"].endswith("Task timed out after 1.00 seconds")
    assert functions.invoke(name, 0)[0] == "ok"


def test_the_log_has_a_tail_and_a_stream(server: Server, functions: Functions) -> None:
    name = functions.create("def handler(e, c):\n    print('hello log')\n")
    answer = functions.invoke(name, LogType="Tail")[1]
    tail = base64.b64decode(answer["LogResult"]).decode()
    request = answer["ResponseMetadata"]["RequestId"]
    assert tail.startswith(f"START RequestId: {request} Version: $LATEST\nhello log\nEND RequestId: {request}\nREPORT ")
    assert "Init Duration" in tail
    logs = server.client("logs")

    def lines() -> list[str]:
        try:
            found = logs.filter_log_events(logGroupName=f"/aws/lambda/{name}")["events"]
        except logs.exceptions.ResourceNotFoundException:
            return []
        return [e["message"] for e in found] if any("REPORT" in e["message"] for e in found) else []

    assert "hello log\n" in wait_until(lines)


def test_versions_stay_and_aliases_point(functions: Functions) -> None:
    client = functions.client
    name = functions.create("def handler(e, c): return 'one'\n")
    assert client.publish_version(FunctionName=name)["Version"] == "1"
    assert client.publish_version(FunctionName=name)["Version"] == "1"
    client.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    client.update_function_code(FunctionName=name, ZipFile=zipped("def handler(e, c): return 'two'\n"))
    assert functions.invoke(name)[0] == "two"
    assert functions.invoke(name, Qualifier="live")[0] == "one"
    assert client.publish_version(FunctionName=name)["Version"] == "2"
    client.update_alias(FunctionName=name, Name="live", FunctionVersion="2")
    returned, answer = functions.invoke(f"{name}:live")
    assert (returned, answer["ExecutedVersion"]) == ("two", "2")
    listed = client.list_versions_by_function(FunctionName=name)["Versions"]
    assert [v["Version"] for v in listed] == ["$LATEST", "1", "2"]


def test_an_event_is_run_later(server: Server, functions: Functions) -> None:
    bucket = f"b-{uuid.uuid4().hex[:12]}"
    s3 = server.client("s3")
    s3.create_bucket(Bucket=bucket)
    name = functions.create(
        "import boto3\ndef handler(e, c):\n    boto3.client('s3').put_object(Bucket=e, Key='done', Body=b'1')\n"
    )
    answer = functions.client.invoke(FunctionName=name, InvocationType="Event", Payload=json.dumps(bucket))
    assert answer["StatusCode"] == 202
    wait_until(lambda: s3.list_objects_v2(Bucket=bucket).get("KeyCount"))


def test_code_from_s3(server: Server, functions: Functions) -> None:
    bucket = f"b-{uuid.uuid4().hex[:12]}"
    s3 = server.client("s3")
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="code.zip", Body=zipped("def handler(e, c): return 's3'\n"))
    name = functions.create("def handler(e, c): return 'zip'\n")
    functions.client.update_function_code(FunctionName=name, S3Bucket=bucket, S3Key="code.zip")
    assert functions.invoke(name)[0] == "s3"
    missing = refusal(functions.client.update_function_code, FunctionName=name, S3Bucket=bucket, S3Key="none")
    assert missing["Code"] == "InvalidParameterValueException" and "NoSuchKey" in missing["Message"]


def test_forty_functions_call_back_at_once(functions: Functions) -> None:
    """More at once than the server has threads: no thread may wait for a function."""
    name = functions.create(
        "import boto3\nsts = boto3.client('sts')\n"
        "def handler(e, c):\n    for _ in range(3): sts.get_caller_identity()\n    return e\n"
    )
    with ThreadPoolExecutor(40) as pool:
        assert list(pool.map(lambda i: functions.invoke(name, i)[0], range(40))) == list(range(40))


def test_a_function_sees_nothing_of_the_machine(server: Server, functions: Functions) -> None:
    name = functions.create(
        "import os\n"
        "def handler(paths, c):\n"
        "    seen = []\n"
        "    for p in paths:\n"
        "        try:\n            os.listdir(p)\n            seen.append(p)\n"
        "        except OSError: pass\n"
        "    try:\n        open('/var/task/new', 'w')\n        seen.append('writes')\n"
        "    except OSError: pass\n"
        "    return {'seen': seen, 'uid': os.getuid(), 'code': os.listdir('/var/task')}\n"
    )
    returned = functions.invoke(name, ["/root", "/home", "/var/lib", str(server.data), str(server.folder)])[0]
    assert returned["seen"] == [] and returned["uid"] != 0
    assert [n for n in returned["code"] if n != "__pycache__"] == ["index.py"]


def test_refusals_in_aws_words(functions: Functions) -> None:
    client = functions.client
    name = functions.create("def handler(e, c): pass\n")
    arn = "arn:aws:lambda:us-east-1:000000000000:function:"
    ask = dict(Runtime="python3.11", Handler="index.handler", Role=ROLE, Code={"ZipFile": zipped("x = 1\n")})
    cases: list[tuple[Any, dict[str, Any], str, str]] = [
        (client.invoke, {"FunctionName": "none"}, "ResourceNotFoundException", f"Function not found: {arn}none"),
        (client.get_function, {"FunctionName": name, "Qualifier": "9"}, "ResourceNotFoundException",
         f"Function not found: {arn}{name}:9"),
        (client.create_function, {"FunctionName": name, **ask}, "ResourceConflictException",
         f"Function already exist: {name}"),
        (client.create_function, {"FunctionName": "n", **ask, "Runtime": "nodejs22.x"},
         "InvalidParameterValueException", "nodejs22.x is not served here"),
        (client.create_function, {"FunctionName": "n", **ask, "Code": {"ZipFile": b"no zip"}},
         "InvalidParameterValueException", "Could not unzip uploaded file"),
        (client.create_function, {"FunctionName": "n", **ask, "Timeout": 901}, "ValidationException", "900"),
        (client.create_function, {"FunctionName": "n", **ask, "MemorySize": 10241}, "ValidationException", "10240"),
        (client.create_function, {"FunctionName": "n", **ask, "Environment": {"Variables": {"AWS_REGION": "x"}}},
         "InvalidParameterValueException", "Reserved keys used in this request: AWS_REGION"),
        (client.invoke, {"FunctionName": name, "Payload": b"{"}, "InvalidRequestContentException",
         "Could not parse request body into json"),
    ]
    for call, arguments, code, words in cases:
        said = refusal(call, **arguments)
        assert said["Code"] == code and words in said["Message"], said


def test_no_concurrency_means_no_run(functions: Functions) -> None:
    name = functions.create("def handler(e, c): return 1\n")
    functions.client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    said = refusal(functions.client.invoke, FunctionName=name)
    assert said["Code"] == "TooManyRequestsException"
    functions.client.delete_function_concurrency(FunctionName=name)
    assert functions.invoke(name)[0] == 1


def test_functions_run_on_the_python_that_was_chosen(fresh_server: Server) -> None:
    chosen = fresh_server.folder / "python"
    chosen.symlink_to("/usr/bin/python3")
    fresh_server.start(MDLC_PYTHON=str(chosen))
    client = fresh_server.client("lambda", read_timeout=60, retries={"max_attempts": 0})
    client.create_function(
        FunctionName="f", Runtime="python3.11", Handler="index.handler", Role=ROLE,
        Code={"ZipFile": zipped("import sys\ndef handler(e, c): return sys.executable\n")},
    )
    answer = client.invoke(FunctionName="f")
    assert json.loads(answer["Payload"].read()) == str(chosen.resolve())
    fresh_server.stop()
    fresh_server.start(MDLC_PYTHON="/usr/bin/env")
    said = refusal(client.invoke, FunctionName="f")
    assert said["Code"] == "InvalidRuntimeException" and "mdlc setup" in said["Message"]
    assert "mdlc setup --python /usr/bin/env" in fresh_server.log.read_text()
    fresh_server.stop()
    command = [BINARY, "up", "--data-dir", fresh_server.data, "--listen", "127.0.0.1:0", "--python", "/no/python"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert ended.returncode != 0 and "/no/python" in ended.stdout + ended.stderr


def workers_of(marker: str) -> str:
    """Processes that have the handler's name on their command line."""
    found = subprocess.run(["pgrep", "-f", f"awslambdaric {marker}"], capture_output=True, text=True, check=False)
    return found.stdout


def test_functions_end_with_the_server(fresh_server: Server) -> None:
    fresh_server.start()
    client = fresh_server.client("lambda", read_timeout=60, retries={"max_attempts": 0})
    marker = f"m{uuid.uuid4().hex}"
    client.create_function(
        FunctionName=marker, Runtime="python3.11", Handler=f"{marker}.handler", Role=ROLE, Timeout=60,
        Code={"ZipFile": zipped("import time\ndef handler(e, c):\n    print('begun')\n    time.sleep(60)\n",
                                f"{marker}.py")},
    )
    caught: list[ClientError] = []

    def call() -> None:
        try:
            client.invoke(FunctionName=marker)
        except ClientError as error:
            caught.append(error)

    waiting = threading.Thread(target=call)
    waiting.start()
    logs = fresh_server.client("logs")
    wait_until(lambda: logs.describe_log_groups(logGroupNamePrefix=f"/aws/lambda/{marker}")["logGroups"])
    wait_until(lambda: "begun" in json.dumps(logs.filter_log_events(logGroupName=f"/aws/lambda/{marker}")["events"]))
    assert workers_of(marker) != ""
    assert fresh_server.stop() == 0
    waiting.join(30)
    assert caught and caught[0].response["Error"]["Code"] == "ServiceException"
    assert workers_of(marker) == ""
    fresh_server.start()
    assert client.get_function(FunctionName=marker)["Configuration"]["State"] == "Active"
