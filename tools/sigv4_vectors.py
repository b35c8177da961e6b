#!/usr/bin/env python3
"""Requests signed by botocore at a fixed time, as the table that src/wire/sigv4_test.cc checks itself against.

    python3 tools/sigv4_vectors.py > src/wire/sigv4_vectors.inc

botocore is AWS's own signer and shares no code with ours. Run it again only to add a case.
"""

from __future__ import annotations

import datetime
import json
from typing import Any
from unittest import mock
from urllib.parse import urlsplit

from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth, SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

NOW = datetime.datetime(2026, 1, 31, 23, 59, 58, tzinfo=datetime.timezone.utc)
KEY = "AKIDEXAMPLEAKIDEXAMP"
SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
TOKEN = "a/session+token=="

CASES: list[dict[str, Any]] = [
    {"name": "post json", "service": "dynamodb", "method": "POST", "url": "http://127.0.0.1:4566/",
     "headers": {"X-Amz-Target": "DynamoDB_20120810.ListTables", "Content-Type": "application/x-amz-json-1.0"},
     "body": "{}"},
    {"name": "session token", "service": "states", "method": "POST", "url": "http://127.0.0.1:4566/",
     "headers": {"X-Amz-Target": "AWSStepFunctions.ListStateMachines"}, "body": "{\"maxResults\":1}", "token": True},
    {"name": "query form", "service": "sts", "method": "POST", "url": "http://localhost:4566/",
     "headers": {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"},
     "body": "Action=GetCallerIdentity&Version=2011-06-15"},
    {"name": "path with an escape", "service": "lambda", "method": "GET",
     "url": "http://127.0.0.1:4566/2015-03-31/functions/arn%3Aaws%3Alambda%3Aus-east-1%3A000000000000%3Afunction%3Af",
     "headers": {}, "body": ""},
    {"name": "dots in a path", "service": "lambda", "method": "GET", "url": "http://127.0.0.1:4566/a/./b/../c//d/",
     "headers": {}, "body": ""},
    {"name": "query order", "service": "lambda", "method": "GET",
     "url": "http://127.0.0.1:4566/x?b=2&a=1&a=0&B=3&empty=&%C3%A9=%20", "headers": {}, "body": ""},
    {"name": "spaces in a header", "service": "lambda", "method": "GET", "url": "http://127.0.0.1:4566/",
     "headers": {"X-Amz-Note": "  a   b  c  "}, "body": ""},
    {"name": "s3 key with odd characters", "service": "s3", "method": "PUT",
     "url": "http://127.0.0.1:4566/bucket/a%20b/%C3%BC%2B%28c%29//d~e", "headers": {"x-amz-acl": "private"},
     "body": "hello"},
    {"name": "s3 subresource", "service": "s3", "method": "GET", "url": "http://127.0.0.1:4566/bucket?lifecycle",
     "headers": {}, "body": ""},
    {"name": "s3 unsigned payload", "service": "s3", "method": "PUT", "url": "http://127.0.0.1:4566/bucket/key",
     "headers": {"X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD"}, "body": "hello"},
    {"name": "presigned s3", "service": "s3", "method": "GET", "url": "http://127.0.0.1:4566/bucket/a%20key?x=y",
     "headers": {}, "body": "", "presign": 3600, "token": True},
    {"name": "presigned sts", "service": "sts", "method": "GET",
     "url": "http://127.0.0.1:4566/?Action=GetCallerIdentity&Version=2011-06-15", "headers": {}, "body": "",
     "presign": 60},
]


def signer(case: dict[str, Any]) -> Any:
    credentials = Credentials(KEY, SECRET, TOKEN if case.get("token") else None)
    s3 = case["service"] == "s3"
    if "presign" in case:
        kind = S3SigV4QueryAuth if s3 else SigV4QueryAuth
        return kind(credentials, case["service"], "us-east-1", expires=case["presign"])
    return (S3SigV4Auth if s3 else SigV4Auth)(credentials, case["service"], "us-east-1")


def signed(case: dict[str, Any]) -> dict[str, Any]:
    request = AWSRequest(case["method"], case["url"], headers=dict(case["headers"]), data=case["body"].encode())
    request.context["payload_signing_enabled"] = True
    with mock.patch("botocore.auth.get_current_datetime", lambda remove_tzinfo=True: NOW.replace(tzinfo=None)):
        signer(case).add_auth(request)
    url = urlsplit(request.url)
    headers = [["Host", url.netloc], *([name, value] for name, value in request.headers.items() if name != "Host")]
    target = url.path + ("?" + url.query if url.query else "")
    return {"name": case["name"], "method": case["method"], "target": target, "headers": headers,
            "body": case["body"], "token": TOKEN if case.get("token") else ""}


def main() -> None:
    print("// Made by tools/sigv4_vectors.py with botocore; do not edit.")
    print(f'R"vectors({json.dumps([signed(case) for case in CASES], indent=1)})vectors"')


if __name__ == "__main__":
    main()
