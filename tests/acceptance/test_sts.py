"""STS through boto3: who calls, and temporary credentials."""

from __future__ import annotations

import datetime
import json
import uuid
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.support.server import Server

TRUST = json.dumps({
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
})


def with_credentials(server: Server, service: str, credentials: dict[str, Any]) -> Any:
    return boto3.client(service, region_name="us-east-1", endpoint_url=server.endpoint,
                        aws_access_key_id=credentials["AccessKeyId"],
                        aws_secret_access_key=credentials["SecretAccessKey"],
                        aws_session_token=credentials["SessionToken"])


def make_role(server: Server, **more: Any) -> dict[str, Any]:
    name = f"r-{uuid.uuid4().hex[:8]}"
    role: dict[str, Any] = server.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=TRUST, **more)["Role"]
    return role


def refused(call: Any, **arguments: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as failure:
        call(**arguments)
    error = failure.value.response["Error"]
    return error["Code"], error["Message"]


def test_the_owner(server: Server) -> None:
    told = server.client("sts").get_caller_identity()
    assert told["Account"] == told["UserId"] == "000000000000"
    assert told["Arn"] == "arn:aws:iam::000000000000:root"


def test_a_role_is_assumed(server: Server) -> None:
    role = make_role(server, MaxSessionDuration=7200)
    sts = server.client("sts")
    made = sts.assume_role(RoleArn=role["Arn"], RoleSessionName="me", DurationSeconds=7200)
    assert made["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::000000000000:assumed-role/{role['RoleName']}/me"
    assert made["AssumedRoleUser"]["AssumedRoleId"] == role["RoleId"] + ":me"
    life = made["Credentials"]["Expiration"] - datetime.datetime.now(datetime.timezone.utc)
    assert datetime.timedelta(seconds=7000) < life <= datetime.timedelta(seconds=7200)
    told = with_credentials(server, "sts", made["Credentials"]).get_caller_identity()
    assert told["Arn"] == made["AssumedRoleUser"]["Arn"]
    assert told["UserId"] == made["AssumedRoleUser"]["AssumedRoleId"]


def test_a_role_that_cannot_be_assumed(server: Server) -> None:
    sts = server.client("sts")
    arn = "arn:aws:iam::000000000000:role/nobody"
    assert refused(sts.assume_role, RoleArn=arn, RoleSessionName="me") == (
        "AccessDenied",
        f"User: arn:aws:iam::000000000000:root is not authorized to perform: sts:AssumeRole on resource: {arn}",
    )
    assert refused(sts.assume_role, RoleArn="arn:aws:s3:::not-a-role-arn", RoleSessionName="me")[0] == "ValidationError"
    role = make_role(server)
    assert refused(sts.assume_role, RoleArn=role["Arn"], RoleSessionName="me", DurationSeconds=3601)[0] == "ValidationError"
    unchecked = server.client("sts", parameter_validation=False)
    for seconds in (899, 43201):
        assert refused(unchecked.assume_role, RoleArn=role["Arn"], RoleSessionName="me", DurationSeconds=seconds) == (
            "ValidationError",
            f"1 validation error detected: Value '{seconds}' at 'durationSeconds' failed to satisfy constraint: Member "
            f"must have value {'greater than or equal to 900' if seconds < 900 else 'less than or equal to 43200'}",
        )


def test_temporary_credentials_are_all_of_one_piece(server: Server) -> None:
    sts = server.client("sts")
    one, other = (sts.get_session_token()["Credentials"] for _ in range(2))
    assert with_credentials(server, "sts", one).get_caller_identity()["Arn"].endswith(":root")
    mixed = one | {"SessionToken": other["SessionToken"]}
    assert refused(with_credentials(server, "sts", mixed).get_caller_identity)[0] == "InvalidClientTokenId"
    token = one["SessionToken"]
    bent = one | {"SessionToken": token[:60] + ("A" if token[60] != "A" else "B") + token[61:]}
    assert refused(with_credentials(server, "sts", bent).get_caller_identity)[0] == "InvalidClientTokenId"


def test_temporary_credentials_outlive_a_restart(fresh_server: Server) -> None:
    fresh_server.start()
    role = make_role(fresh_server)
    made = fresh_server.client("sts").assume_role(RoleArn=role["Arn"], RoleSessionName="me")
    fresh_server.kill()
    fresh_server.start()
    told = with_credentials(fresh_server, "sts", made["Credentials"]).get_caller_identity()
    assert told["Arn"] == made["AssumedRoleUser"]["Arn"]
