"""What every service answers before an operation is reached: signatures, unknown operations, bounds, malformed bodies.

One service at least of each protocol family: Query, JSON 1.0 and 1.1, REST-JSON, REST-XML.
"""

from __future__ import annotations

import base64
import datetime
import hashlib
import http.client
import json
import zlib
from collections.abc import Callable
from typing import Any
from unittest import mock
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from tests.support.server import Server

# A call that needs nothing to be there, for each service.
CALLS: dict[str, Callable[[Any], Any]] = {
    "sts": lambda c: c.get_caller_identity(),
    "iam": lambda c: c.list_roles(),
    "cloudformation": lambda c: c.list_stacks(),
    "dynamodb": lambda c: c.list_tables(),
    "stepfunctions": lambda c: c.list_state_machines(),
    "sagemaker": lambda c: c.list_training_jobs(),
    "logs": lambda c: c.describe_log_groups(),
    "lambda": lambda c: c.list_functions(),
    "s3": lambda c: c.list_buckets(),
}
QUERY = ("sts", "iam", "cloudformation")
JSON = ("dynamodb", "stepfunctions", "sagemaker", "logs")


def client(server: Server, service: str, **changes: Any) -> Any:
    keys = {
        "aws_access_key_id": server.environment["AWS_ACCESS_KEY_ID"],
        "aws_secret_access_key": server.environment["AWS_SECRET_ACCESS_KEY"],
    }
    return boto3.client(service, region_name="us-east-1", endpoint_url=server.endpoint,
                        config=Config(retries={"max_attempts": 1}), **(keys | changes))


def refused(call: Callable[[], Any]) -> tuple[str, int]:
    with pytest.raises(ClientError) as failure:
        call()
    answer = failure.value.response
    return answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]


@pytest.mark.parametrize("service", CALLS)
def test_a_signed_call_is_answered_with_a_request_id(server: Server, service: str) -> None:
    answer = CALLS[service](client(server, service))
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert len(answer["ResponseMetadata"]["RequestId"]) == 36


@pytest.mark.parametrize("service", CALLS)
def test_a_wrong_secret_is_refused(server: Server, service: str) -> None:
    expected = {"s3": ("SignatureDoesNotMatch", 403), "lambda": ("InvalidSignatureException", 403)}
    expected |= dict.fromkeys(QUERY, ("SignatureDoesNotMatch", 403))
    expected |= dict.fromkeys(JSON, ("InvalidSignatureException", 400))
    wrong = client(server, service, aws_secret_access_key="guess")
    assert refused(lambda: CALLS[service](wrong)) == expected[service]


@pytest.mark.parametrize("service", CALLS)
def test_an_unknown_key_is_refused(server: Server, service: str) -> None:
    expected = {"s3": ("InvalidAccessKeyId", 403), "lambda": ("UnrecognizedClientException", 403)}
    expected |= dict.fromkeys(QUERY, ("InvalidClientTokenId", 403))
    expected |= dict.fromkeys(JSON, ("UnrecognizedClientException", 400))
    unknown = client(server, service, aws_access_key_id="AKIAUNKNOWNUNKNOWNUN")
    assert refused(lambda: CALLS[service](unknown)) == expected[service]


@pytest.mark.parametrize("service", CALLS)
def test_a_token_that_is_not_ours_is_refused(server: Server, service: str) -> None:
    expected = {"s3": ("InvalidToken", 400), "lambda": ("UnrecognizedClientException", 403)}
    expected |= dict.fromkeys(QUERY, ("InvalidClientTokenId", 403))
    expected |= dict.fromkeys(JSON, ("UnrecognizedClientException", 400))
    forged = client(server, service, aws_session_token="Zm9yZ2Vk")
    assert refused(lambda: CALLS[service](forged)) == expected[service]


@pytest.mark.parametrize("service", CALLS)
def test_a_clock_that_is_an_hour_off_is_refused(server: Server, service: str) -> None:
    late = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None) - datetime.timedelta(hours=1)
    expected = {"s3": ("RequestTimeTooSkewed", 403), "lambda": ("InvalidSignatureException", 403)}
    expected |= dict.fromkeys(QUERY, ("SignatureDoesNotMatch", 403))
    expected |= dict.fromkeys(JSON, ("InvalidSignatureException", 400))
    with mock.patch("botocore.auth.get_current_datetime", return_value=late):
        made = client(server, service)
        # boto3 would set its clock right by the answer's Date and try again.
        made.meta.events.unregister("needs-retry.*")
        assert refused(lambda: CALLS[service](made)) == expected[service]


def send(server: Server, method: str, path: str, headers: dict[str, str], body: bytes = b"") -> tuple[int, bytes]:
    """The status, and the answer's headers and body."""
    connection = http.client.HTTPConnection(urlsplit(server.endpoint).netloc, timeout=30)
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.msg.as_bytes() + answer.read()
    finally:
        connection.close()


def signed(server: Server, service: str, method: str, path: str, headers: dict[str, str], body: bytes = b"",
           **context: Any) -> tuple[int, bytes]:
    """A request that no client makes, under a right signature."""
    credentials = Credentials(server.environment["AWS_ACCESS_KEY_ID"], server.environment["AWS_SECRET_ACCESS_KEY"])
    request = AWSRequest(method, server.endpoint + path, headers=headers, data=body)
    request.context.update({"payload_signing_enabled": True} | context)
    (S3SigV4Auth if service == "s3" else SigV4Auth)(credentials, service, "us-east-1").add_auth(request)
    return send(server, method, path, dict(request.headers.items()), body)


JSON_TYPE = {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "DynamoDB_20120810.ListTables"}
FORM_TYPE = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.mark.parametrize(
    ("method", "path", "headers", "body", "status", "part"),
    [
        ("POST", "/", JSON_TYPE, b"{}", 400, b"MissingAuthenticationTokenException"),
        ("GET", "/2015-03-31/functions", {}, b"", 403, b"MissingAuthenticationTokenException"),
        ("GET", "/?Action=GetCallerIdentity&Version=2011-06-15", {}, b"", 403,
         b"<Code>MissingAuthenticationToken</Code>"),
        ("GET", "/bucket/key", {}, b"", 403, b"<Code>AccessDenied</Code>"),
        ("POST", "/", JSON_TYPE | {"Authorization": "AWS4-HMAC-SHA256 Credential=x"}, b"{}", 400,
         b"IncompleteSignatureException"),
        ("GET", "/bucket", {"Authorization": "AWS4-HMAC-SHA256 Credential=x"}, b"", 400,
         b"<Code>AuthorizationHeaderMalformed</Code>"),
    ],
)
def test_unsigned_and_half_signed_requests_are_refused(
    server: Server, method: str, path: str, headers: dict[str, str], body: bytes, status: int, part: bytes
) -> None:
    got = send(server, method, path, headers, body)
    assert got[0] == status, got
    assert part in got[1]


@pytest.mark.parametrize(
    ("service", "method", "path", "headers", "body", "status", "part"),
    [
        ("dynamodb", "POST", "/", JSON_TYPE | {"X-Amz-Target": "DynamoDB_20120810.DropDatabase"}, b"{}", 400,
         b"UnknownOperationException"),
        ("dynamodb", "POST", "/", JSON_TYPE, b"{", 400, b"SerializationException"),
        ("dynamodb", "POST", "/", JSON_TYPE, b'{"Limit":"many"}', 400, b"SerializationException"),
        ("dynamodb", "POST", "/", JSON_TYPE, b"{}" + b" " * (16 * 1024 * 1024), 413, b"RequestEntityTooLarge"),
        ("sts", "POST", "/", FORM_TYPE, b"Action=Dance&Version=2011-06-15", 400, b"<Code>InvalidAction</Code>"),
        ("sts", "POST", "/", FORM_TYPE, b"Version=2011-06-15", 400, b"<Code>MissingAction</Code>"),
        ("sts", "POST", "/", FORM_TYPE, b"Action=GetCallerIdentity&x=" + b"x" * 1024 * 1024, 413,
         b"<Code>RequestEntityTooLarge</Code>"),
        ("lambda", "GET", "/2015-03-31/dances", {}, b"", 404, b"UnknownOperationException"),
        ("lambda", "POST", "/2015-03-31/functions", {}, b"{", 400, b"InvalidRequestContentException"),
        ("s3", "GET", "/bucket?website", {}, b"", 501, b"<Code>NotImplemented</Code>"),
        ("s3", "PATCH", "/bucket/key", {}, b"", 501, b"<Code>NotImplemented</Code>"),
        ("ec2", "POST", "/", FORM_TYPE, b"Action=DescribeInstances", 400, b"The service 'ec2' is not served here."),
        ("kms", "POST", "/", {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "TrentService.ListKeys"},
         b"{}", 400, b"UnknownOperationException"),
    ],
)
def test_what_makes_no_sense_is_refused_in_the_protocols_words(
    server: Server, service: str, method: str, path: str, headers: dict[str, str], body: bytes, status: int, part: bytes
) -> None:
    got = signed(server, service, method, path, headers, body)
    assert got[0] == status, got
    assert part in got[1]
    assert server.healthy()


def test_bytes_that_are_no_http_do_no_harm(server: Server) -> None:
    for text in (b"\x16\x03\x01\x02\x00", b"GET\r\n\r\n", b"GET / HTTP/1.1\r\nA: " + b"x" * 100_000 + b"\r\n\r\n"):
        connection = http.client.HTTPConnection(urlsplit(server.endpoint).netloc, timeout=30)
        connection.connect()
        connection.sock.sendall(text + b"\r\n\r\n")
        connection.sock.recv(1)
        connection.close()
        assert server.healthy()


def test_xml_that_would_grow_is_refused(server: Server) -> None:
    bucket = "xml-bombs"
    client(server, "s3").create_bucket(Bucket=bucket)
    bomb = b"""<!DOCTYPE a [<!ENTITY x "xxxxxxxx"><!ENTITY y "&x;&x;&x;&x;">]><Tagging>&y;</Tagging>"""
    digest = base64.b64encode(hashlib.md5(bomb).digest()).decode()
    status, text = signed(server, "s3", "PUT", f"/{bucket}?tagging", {"Content-MD5": digest}, bomb)
    assert (status, b"<Code>MalformedXML</Code>" in text) == (400, True)


def chunked(content: bytes, trailer: str, step: int = 7) -> bytes:
    pieces = [content[i : i + step] for i in range(0, len(content), step)]
    framed = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
    return framed + b"0\r\n" + trailer.encode() + b"\r\n\r\n"


def test_aws_chunked_bodies_with_a_trailing_checksum(server: Server) -> None:
    """As SDKs send them over HTTPS; boto3 does not over plain HTTP."""
    bucket = "trailers"
    s3 = client(server, "s3")
    s3.create_bucket(Bucket=bucket)
    content = b"some bytes that come in pieces" * 100
    right = base64.b64encode(zlib.crc32(content).to_bytes(4, "big")).decode()

    def put(checksum: str) -> tuple[int, bytes]:
        headers = {"X-Amz-Decoded-Content-Length": str(len(content)), "X-Amz-Trailer": "x-amz-checksum-crc32",
                   "Content-Encoding": "aws-chunked"}
        body = chunked(content, f"x-amz-checksum-crc32:{checksum}")
        return signed(server, "s3", "PUT", f"/{bucket}/key", headers, body,
                      checksum={"request_algorithm": {"in": "trailer", "algorithm": "crc32"}})

    status, text = put("AAAAAA==")
    assert (status, b"<Code>BadDigest</Code>" in text) == (400, True), text
    assert refused(lambda: s3.head_object(Bucket=bucket, Key="key")) == ("404", 404)
    assert put(right)[0] == 200
    got = s3.get_object(Bucket=bucket, Key="key", ChecksumMode="ENABLED")
    assert got["Body"].read() == content
    assert got["ChecksumCRC32"] == right
    assert "aws-chunked" not in got.get("ContentEncoding", "")


def test_buckets_may_stand_in_the_host(server: Server) -> None:
    bucket = "in-the-host"
    s3 = client(server, "s3")
    s3.create_bucket(Bucket=bucket)
    port = urlsplit(server.endpoint).port
    credentials = Credentials(server.environment["AWS_ACCESS_KEY_ID"], server.environment["AWS_SECRET_ACCESS_KEY"])
    request = AWSRequest("PUT", f"http://{bucket}.localhost:{port}/a%20key", data=b"text")
    request.context["payload_signing_enabled"] = True
    S3SigV4Auth(credentials, "s3", "us-east-1").add_auth(request)
    headers = dict(request.headers.items()) | {"Host": f"{bucket}.localhost:{port}"}
    assert send(server, "PUT", "/a%20key", headers, b"text")[0] == 200
    assert s3.get_object(Bucket=bucket, Key="a key")["Body"].read() == b"text"


def test_the_cli_speaks_to_it(server: Server) -> None:
    told = server.run("aws", "sts", "get-caller-identity", check=True)
    assert json.loads(told.stdout)["Arn"] == "arn:aws:iam::000000000000:root"
    told = server.run("aws", "sts", "get-caller-identity", "--endpoint-url", server.endpoint, "--region", "eu-north-1")
    assert told.returncode == 0


def test_a_waiter_is_answered_when_there_is_something_to_say(server: Server) -> None:
    cloudformation = server.client("cloudformation")
    template = {"Resources": {"Table": {"Type": "AWS::DynamoDB::Table", "Properties": {
        "AttributeDefinitions": [{"AttributeName": "k", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "k", "KeyType": "HASH"}], "BillingMode": "PAY_PER_REQUEST"}}}}
    asked: list[str] = []
    cloudformation.meta.events.register("before-send.cloudformation.*", lambda request, **_: asked.append(request.url))
    cloudformation.create_stack(StackName="awaited", TemplateBody=json.dumps(template))
    cloudformation.get_waiter("stack_create_complete").wait(StackName="awaited")
    assert len(asked) == 2, "the waiter asked more than once, half a minute apart"
    cloudformation.get_waiter("stack_create_complete").wait(StackName="awaited")  # it has come to rest: not held
    assert len(asked) == 3
