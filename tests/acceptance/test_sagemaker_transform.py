"""Batch transform through boto3: how objects become requests, pipelines, and model servers that misbehave."""

from __future__ import annotations

import gzip
import json
import os
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.server import BINARY, Server, wait_until
from tests.support.training import ROLE, Lab, unique

GROUP = "/aws/sagemaker/TransformJobs"

# A server as people write it for a container. What it does is said by the environment variable DO, or else by the
# record "do <word>": each request's records are answered one by one.
SERVE = r"""
import http.server, json, os, signal, socketserver, sys, time
DO = os.environ.get("DO", "")
TRIES = {}
if DO == "end": sys.exit(7)
class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def answer(self, body, status=200):
        self.send_response(status)
        self.send_header("Content-Type", os.environ.get("TYPE", "text/csv"))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def do_GET(self):
        if self.path == "/ping": self.answer(b"")
        elif DO == "parameters": self.answer(b'{"MaxConcurrentTransforms": 3, "BatchStrategy": "SINGLE_RECORD", "MaxPayloadInMB": 2}')
        else: self.send_error(404)
    def body(self):
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers["Content-Length"]))
        out = b""
        while size := int(self.rfile.readline(), 16):
            out += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return out
    def do_POST(self):
        body = self.body()
        for word in (body.decode("latin-1").split() + [DO]):
            if hasattr(self, "do_" + word): return getattr(self, "do_" + word)(body)
        self.answer(b"".join(b"<" + line + b">\n" for line in body.splitlines()))
    def do_never(self, body): time.sleep(3600)
    def do_late(self, body): time.sleep(1.6); self.answer(b"late\n")
    def do_half(self, body):
        self.send_response(200); self.send_header("Content-Length", "1000"); self.end_headers()
        self.wfile.write(b"half"); self.close_connection = True
    def do_rubbish(self, body): self.wfile.write(b"\x00\x01 no HTTP at all\r\n\r\n"); self.close_connection = True
    def do_many(self, body): self.answer(body + body)
    def do_broken(self, body): self.answer(b"Traceback\n  boom\n", 500)
    def do_wrong(self, body): self.answer(b"not that", 400)
    def do_once(self, body):
        TRIES[body] = TRIES.get(body, 0) + 1
        if TRIES[body] < 3: return self.answer(b"busy", 503)
        self.answer(f"after {TRIES[body]}\n".encode())
    def do_die(self, body): os.kill(os.getpid(), signal.SIGKILL)
    def do_slow(self, body): time.sleep(0.05); self.answer(b"slow\n")
    def do_size(self, body): self.answer(f"{len(body)} {self.headers.get('Transfer-Encoding')}\n".encode())
    def do_repr(self, body): self.answer((repr(body) + "\n").encode())
    def do_echo(self, body): self.answer(body)
    def do_json(self, body):
        self.answer(b"".join(json.dumps({"n": len(line)}).encode() + b"\n" for line in body.splitlines()))
    def do_told(self, body):
        names = ("Content-Type", "Accept")
        self.answer((body.decode().strip() + " " + str([self.headers.get(n) for n in names]) + "\n").encode())
    def log_message(self, *_): pass
print("serving", flush=True)
Server(("0.0.0.0", 8080), Handler).serve_forever()
"""


class Transforms(Lab):
    """Models whose image is the server above."""

    def __init__(self, server: Server, folder: Path) -> None:
        super().__init__(server)
        self.image = unique("servers")
        folder.mkdir(exist_ok=True)
        (folder / "serve.py").write_text(SERVE)
        command = [str(BINARY), "image", "add", self.image, "--data-dir", str(server.data), "--program", str(folder)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)

    def container(self, do: str = "", **environment: str) -> dict[str, Any]:
        return {"Image": self.image, "Environment": {"DO": do, **environment}}

    def served(self, *containers: dict[str, Any]) -> str:
        name = unique("served")
        what = {"PrimaryContainer": containers[0]} if len(containers) == 1 else {"Containers": list(containers)}
        self.sagemaker.create_model(ModelName=name, ExecutionRoleArn=ROLE, **what)
        return name

    def begin(self, model: str, objects: dict[str, bytes], given: dict[str, Any] | None = None, **changes: Any) -> str:
        """A job over these objects; `given` changes its TransformInput."""
        job = unique("job")
        for key, content in objects.items():
            self.put(f"in/{job}/{key}", content)
        source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": self.uri(f"in/{job}/")}}
        what = {"DataSource": source, "ContentType": "text/csv", "SplitType": "Line"} | (given or {})
        self.transform(job, model, "", TransformInput=what, **changes)
        return job

    def run(self, model: str, objects: dict[str, bytes], given: dict[str, Any] | None = None, **changes: Any) -> Any:
        """The job as it ended, and its outputs by the names of their objects."""
        job = self.begin(model, objects, given, **changes)
        return self.await_transform(job), self.outputs(job)

    def outputs(self, job: str) -> dict[str, bytes]:
        prefix = f"out/{job}/"
        return {key.removeprefix(prefix).removesuffix(".out"): self.get(key) for key in self.keys(prefix)}

    def data_log(self, told: dict[str, Any]) -> list[str]:
        """What the platform said of the objects, without the times."""
        job = told["TransformJobName"]
        found = [s for s in self.streams(GROUP, job) if s.endswith("/data-log")]
        events = self.server.client("logs").get_log_events(logGroupName=GROUP, logStreamName=found[0], startFromHead=True)
        said = [e["message"].split(":[sagemaker logs]: ", 1)[1] for e in events["events"]]
        return [line.replace(f"{self.bucket}/in/{job}/", "") for line in said]


@pytest.fixture(scope="module")
def lab(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Transforms]:
    yield Transforms(server, tmp_path_factory.mktemp("servers"))


def completed(told: dict[str, Any]) -> bool:
    assert told["TransformJobStatus"] == "Completed", told.get("FailureReason")
    return True


# --- how objects become requests


def recordio(content: bytes) -> bytes:
    return struct.pack("<II", 0xCED7230A, len(content)) + content + b"\0" * (-len(content) % 4)


def tfrecord(content: bytes) -> bytes:
    return struct.pack("<QI", len(content), 0) + content + struct.pack("<I", 0)


@pytest.mark.parametrize(("split", "framed"), [("RecordIO", recordio), ("TFRecord", tfrecord)])
def test_framed_records_stay_framed_together_and_go_bare_alone(lab: Transforms, split: str, framed: Any) -> None:
    model = lab.served(lab.container("repr"))
    records = [b"one", b"", b"three\n"]
    objects = {"r": b"".join(map(framed, records))}
    given = {"SplitType": split, "ContentType": "application/octet-stream"}
    told, out = lab.run(model, objects, given, BatchStrategy="MultiRecord")
    assert completed(told) and out == {"r": repr(objects["r"]).encode() + b"\n"}
    told, out = lab.run(model, objects, given, BatchStrategy="SingleRecord", MaxConcurrentTransforms=4)
    assert completed(told) and out == {"r": b"".join(repr(r).encode() + b"\n" for r in records)}
    told, out = lab.run(model, objects | {"bad": b"no frame, but enough of it"}, given)
    assert told["FailureReason"] == "ClientError: See job logs for more information"
    assert list(out) == ["r"] and f"bad: ClientError: The input is not {split}" in lab.data_log(told)


def test_without_a_bound_an_object_is_one_request_in_chunks(lab: Transforms) -> None:
    model = lab.served(lab.container("size"))
    content = b"x,y\n" * 3_000_000  # twice the usual payload
    told, out = lab.run(model, {"a": content}, {"SplitType": "None"}, MaxPayloadInMB=0)
    assert completed(told) and out == {"a": f"{len(content)} chunked\n".encode()}
    told, out = lab.run(model, {"a": content}, MaxPayloadInMB=0)
    assert completed(told) and out == {"a": f"{len(content)} chunked\n".encode()}
    zipped = {"CompressionType": "Gzip", "SplitType": "None"}
    told, out = lab.run(model, {"a": gzip.compress(content), "b": b"no gzip"}, zipped, MaxPayloadInMB=0)
    assert told["FailureReason"] == "ClientError: See job logs for more information"
    assert out == {"a": f"{len(content)} chunked\n".encode()}
    # With a bound, it is too much.
    told, out = lab.run(model, {"a": content}, {"SplitType": "None"})
    assert told["FailureReason"] == "ClientError: See job logs for more information" and out == {}
    assert any("Too much data for max payload size" in line for line in lab.data_log(told))


def test_a_streamed_answer_comes_back_whole(lab: Transforms) -> None:
    model = lab.served(lab.container("echo"))
    content = os.urandom(5_000_000)
    plain = {"S3OutputPath": lab.uri("ignored")}
    job = unique("echo")
    lab.put(f"in/{job}/a", content)
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": lab.uri(f"in/{job}/")}}
    plain["S3OutputPath"] = lab.uri(f"out/{job}")
    lab.transform(job, model, "", TransformInput={"DataSource": source}, TransformOutput=plain, MaxPayloadInMB=0)
    assert completed(lab.await_transform(job)) and lab.get(f"out/{job}/a.out") == content


def test_the_server_says_how_it_wants_its_requests_and_the_job_knows_better(lab: Transforms) -> None:
    model = lab.served(lab.container("parameters"))
    told, out = lab.run(model, {"a": b"1\n2\n"})
    assert completed(told) and out == {"a": b"<1>\n<2>\n"}
    assert lab.data_log(told)[0] == "MaxConcurrentTransforms=3, MaxPayloadInMB=2, BatchStrategy=SINGLE_RECORD"
    told, _ = lab.run(model, {"a": b"1\n"}, MaxConcurrentTransforms=2, MaxPayloadInMB=5, BatchStrategy="MultiRecord")
    assert lab.data_log(told)[0] == "MaxConcurrentTransforms=2, MaxPayloadInMB=5, BatchStrategy=MULTI_RECORD"


def test_order_is_the_inputs_whatever_the_answers_take(lab: Transforms) -> None:
    model = lab.served(lab.container())
    lines = [b"slow" if i % 7 == 0 else b"%d" % i for i in range(60)]
    told, out = lab.run(model, {"a": b"\n".join(lines)}, BatchStrategy="SingleRecord", MaxConcurrentTransforms=8)
    expected = [b"slow" if line == b"slow" else b"<" + line + b">" for line in lines]
    assert completed(told) and out["a"].splitlines() == expected


# --- what is joined and filtered


def test_json_lines_are_joined_and_filtered(lab: Transforms) -> None:
    model = lab.served(lab.container("json", TYPE="application/jsonlines"))
    rows = [{"id": n, "x": "y" * n} for n in range(4)]
    objects = {"a": "".join(json.dumps(r) + "\n" for r in rows).encode()}
    given = {"ContentType": "application/jsonlines"}
    processing = {"InputFilter": "$.x", "JoinSource": "Input", "OutputFilter": "$['id','SageMakerOutput']"}
    told, out = lab.run(model, objects, given, DataProcessing=processing)
    answers = [{"id": n, "SageMakerOutput": {"n": n + 2}} for n in range(4)]
    assert completed(told) and [json.loads(line) for line in out["a"].splitlines()] == answers
    # An object that is not split has its records all the same.
    told, out = lab.run(model, objects, given | {"SplitType": "None"}, DataProcessing=processing)
    assert completed(told) and [json.loads(line) for line in out["a"].splitlines()] == answers


def test_rows_are_joined_and_filtered_split_or_not(lab: Transforms) -> None:
    model = lab.served(lab.container())
    processing = {"InputFilter": "$[1:]", "JoinSource": "Input", "OutputFilter": "$[0,2:]"}
    for split in ("Line", "None"):
        told, out = lab.run(model, {"a": b"i,1,2\nj,3,4\n"}, {"SplitType": split}, DataProcessing=processing)
        assert completed(told) and out == {"a": b"i,2,<1,2>\nj,4,<3,4>\n"}
    told, out = lab.run(model, {"a": b"i,1\n"}, DataProcessing={"OutputFilter": "$[0,9]", "JoinSource": "Input"})
    assert told["FailureReason"] == "ClientError: See job logs for more information" and out == {}


# --- pipelines


def test_containers_are_asked_in_turn(lab: Transforms) -> None:
    first = lab.container("told", TYPE="text/first")
    second = lab.container("told", TYPE="text/csv") | {"ContainerHostname": "second"}
    model = lab.served(first, second)
    plain = {"AssembleWith": "Line", "Accept": "text/csv"}
    job = unique("pipe")
    lab.put(f"in/{job}/a", b"1,2\n")
    lab.transform(job, model, f"in/{job}/", TransformOutput=plain | {"S3OutputPath": lab.uri(f"out/{job}")})
    assert completed(lab.await_transform(job))
    # The type of the answer goes on; what the client accepts is the last one's to know.
    assert lab.outputs(job) == {"a": b"1,2 ['text/csv', None] ['text/first', 'text/csv']\n"}
    names = {s.split("/")[-1] for s in lab.streams(GROUP, job)}
    assert names == {"container-1", "second", "data-log"}
    for stream in lab.streams(GROUP, job):
        if not stream.endswith("data-log"):
            assert lab.log(GROUP, stream) == ["serving"]


def test_what_a_later_container_refuses_is_told(lab: Transforms) -> None:
    model = lab.served(lab.container(), lab.container("wrong"))
    told, out = lab.run(model, {"a": b"1\n"})
    assert told["FailureReason"] == "ClientError: See job logs for more information" and out == {}
    assert lab.data_log(told)[1:] == ["a: ClientError: 400", "a: ", "a: Message:", "a: not that"]


@pytest.mark.parametrize("which", [0, 1])
def test_a_container_that_does_not_start_fails_the_job(lab: Transforms, which: int) -> None:
    containers = [lab.container(), lab.container()]
    containers[which] = lab.container("end")
    told, out = lab.run(lab.served(*containers), {"a": b"1\n"})
    reason = "AlgorithmError: The model server ended with exit code 7. See job logs for more information"
    assert (told["TransformJobStatus"], told["FailureReason"], out) == ("Failed", reason, {})
    nothing_is_left(lab, told)


# --- model servers that misbehave


def nothing_is_left(lab: Transforms, told: dict[str, Any]) -> None:
    """No program of an ended job, and no folder."""
    assert told["TransformJobStatus"] in ("Completed", "Failed", "Stopped")
    jobs = lab.server.data / "jobs" / "transform"
    wait_until(lambda: not any(jobs.iterdir()) if jobs.exists() else True)
    running = subprocess.run(["pgrep", "-f", f"supervise .*{jobs}"], capture_output=True, text=True).stdout
    assert running == ""


@pytest.mark.parametrize(
    ("do", "said"),
    [
        ("never", ["Unable to get response from algorithm", "", "Message:", "the server did not answer in time"]),
        ("late", ["Unable to get response from algorithm", "", "Message:", "the server did not answer in time"]),
        ("half", ["Unable to get response from algorithm"]),
        ("rubbish", ["Unable to get response from algorithm"]),
        ("broken", ["Bad HTTP status received from algorithm: 500", "", "Message:", "Traceback", "  boom"]),
    ],
)
def test_a_bad_answer_fails_its_object_and_spares_the_others(lab: Transforms, do: str, said: list[str]) -> None:
    client = {"InvocationsTimeoutInSeconds": 1, "InvocationsMaxRetries": 1}
    objects = {"1": b"1\n", "2": f"{do}\n".encode(), "3": b"3\n"}
    told, out = lab.run(lab.served(lab.container()), objects, ModelClientConfig=client)
    assert told["TransformJobStatus"] == "Failed"
    assert told["FailureReason"] == "AlgorithmError: See job logs for more information"
    assert out == {"1": b"<1>\n", "3": b"<3>\n"}
    assert lab.data_log(told)[1 : 1 + len(said)] == [f"2: {line}" for line in said]
    nothing_is_left(lab, told)


def test_answers_that_do_not_fit_their_records_cannot_be_joined(lab: Transforms) -> None:
    joined = {"DataProcessing": {"JoinSource": "Input"}}
    told, out = lab.run(lab.served(lab.container()), {"1": b"1\n", "2": b"many\n2\n"}, **joined)
    assert told["FailureReason"] == "ClientError: See job logs for more information"
    assert out == {"1": b"1,<1>\n"}
    words = "2: ClientError: Fail to join data: mismatched line count between the input and the output"
    assert lab.data_log(told)[1:] == [words]


@pytest.mark.parametrize(("retries", "ends"), [(1, "Failed"), (2, "Completed")])
def test_a_request_is_repeated_as_often_as_is_said(lab: Transforms, retries: int, ends: str) -> None:
    client = {"InvocationsTimeoutInSeconds": 60, "InvocationsMaxRetries": retries}
    told, out = lab.run(lab.served(lab.container()), {"a": b"once\n"}, ModelClientConfig=client)
    assert told["TransformJobStatus"] == ends
    assert out == ({"a": b"after 3\n"} if ends == "Completed" else {})


def test_what_the_model_calls_wrong_is_not_repeated(lab: Transforms) -> None:
    told, out = lab.run(lab.served(lab.container()), {"a": b"wrong\n", "b": b"1\n"})
    assert told["FailureReason"] == "ClientError: See job logs for more information" and out == {"b": b"<1>\n"}


@pytest.mark.parametrize("of_two", [False, True])
def test_a_server_that_dies_ends_the_job_and_what_is_done_stays(lab: Transforms, of_two: bool) -> None:
    containers = [lab.container("echo"), lab.container()] if of_two else [lab.container()]
    told, out = lab.run(lab.served(*containers), {"1": b"1\n", "2": b"die\n", "3": b"3\n"})
    reason = "AlgorithmError: The model server was killed by signal 9. See job logs for more information"
    assert (told["TransformJobStatus"], told["FailureReason"]) == ("Failed", reason)
    assert out["1"] == b"<1>\n" and "2" not in out
    nothing_is_left(lab, told)


def test_a_stopped_job_keeps_what_it_has_finished(lab: Transforms) -> None:
    objects = {"1": b"1\n", "2": b"slow\n" * 5000}
    job = lab.begin(lab.served(lab.container()), objects, BatchStrategy="SingleRecord")
    wait_until(lambda: lab.outputs(job))
    lab.sagemaker.stop_transform_job(TransformJobName=job)
    told = lab.await_transform(job)
    assert told["TransformJobStatus"] == "Stopped" and "FailureReason" not in told
    assert lab.outputs(job) == {"1": b"<1>\n"}
    nothing_is_left(lab, told)
