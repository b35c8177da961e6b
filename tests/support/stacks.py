"""Stacks for tests: templates as dictionaries, operations that are waited for."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.support.server import Server, wait_until

ENDS_WITHIN_S = 30
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


def unique(word: str) -> str:
    return f"{word}-{uuid.uuid4().hex[:8]}"


def refusal(call: Any, **request: Any) -> tuple[str, str]:
    """The code and the words with which the call is refused."""
    with pytest.raises(ClientError) as caught:
        call(**request)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def ref(name: str) -> dict[str, str]:
    return {"Ref": name}


def att(resource: str, attribute: str) -> dict[str, list[str]]:
    return {"Fn::GetAtt": [resource, attribute]}


def sub(text: str) -> dict[str, str]:
    return {"Fn::Sub": text}


def resource(kind: str, properties: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    return {"Type": f"AWS::{kind}", "Properties": properties or {}, **more}


def bucket(properties: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    return resource("S3::Bucket", properties, **more)


def table(key: str = "id", properties: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """Its key decides whether it is another table."""
    return resource("DynamoDB::Table", {
        "AttributeDefinitions": [{"AttributeName": key, "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": key, "KeyType": "HASH"}],
        "BillingMode": "PAY_PER_REQUEST",
        **(properties or {}),
    }, **more)  # fmt: skip


def role(properties: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    return resource("IAM::Role", {"AssumeRolePolicyDocument": TRUST, **(properties or {})}, **more)


def half_made_role(properties: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """The role itself can be made, what is to be attached to it is not there."""
    return role({"ManagedPolicyArns": ["arn:aws:iam::000000000000:policy/none"], **(properties or {})}, **more)


def group(properties: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    return resource("Logs::LogGroup", properties, **more)


def refused(**more: Any) -> dict[str, Any]:
    """Nobody gives a bucket such a name."""
    return bucket({"BucketName": "Not_A_Bucket"}, **more)


def chain(length: int, after: str = "", word: str = "Link") -> dict[str, Any]:
    """Log groups one after the other, to pass the time; the last is <word><length - 1>."""
    out = {}
    for number in range(length):
        before = f"{word}{number - 1}" if number else after
        out[f"{word}{number}"] = group(**({"DependsOn": before} if before else {}))
    return out


def template(resources: dict[str, Any], outputs: dict[str, Any] | None = None, **sections: Any) -> dict[str, Any]:
    """`outputs`: name → value, or → the whole declaration where that has a Value."""
    out: dict[str, Any] = {"AWSTemplateFormatVersion": "2010-09-09", **sections, "Resources": resources}
    if outputs:
        out["Outputs"] = {
            name: value if isinstance(value, dict) and "Value" in value else {"Value": value}
            for name, value in outputs.items()
        }
    return out


def parameters(**values: str) -> list[dict[str, str]]:
    return [{"ParameterKey": name, "ParameterValue": value} for name, value in values.items()]


def body(what: dict[str, Any] | str) -> str:
    return what if isinstance(what, str) else json.dumps(what)


class Stacks:
    """A user of CloudFormation."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.api = server.client("cloudformation")

    def create(self, name: str, what: dict[str, Any] | str, ends: str = "CREATE_COMPLETE", **more: Any) -> dict[str, Any]:
        self.begin(name, what, **more)
        return self.await_end(name, ends)

    def begin(self, name: str, what: dict[str, Any] | str, **more: Any) -> str:
        request = {"Capabilities": ["CAPABILITY_NAMED_IAM"], **more}
        return self.api.create_stack(StackName=name, TemplateBody=body(what), **request)["StackId"]

    def update(self, name: str, what: dict[str, Any] | str, ends: str = "UPDATE_COMPLETE", **more: Any) -> dict[str, Any]:
        self.begin_update(name, what, **more)
        return self.await_end(name, ends)

    def begin_update(self, name: str, what: dict[str, Any] | str, **more: Any) -> None:
        request = {"Capabilities": ["CAPABILITY_NAMED_IAM"], **more}
        self.api.update_stack(StackName=name, TemplateBody=body(what), **request)

    def delete(self, name: str, ends: str = "DELETE_COMPLETE", **more: Any) -> dict[str, Any]:
        arn = self.describe(name)["StackId"]
        self.api.delete_stack(StackName=name, **more)
        return self.await_end(arn, ends)

    def describe(self, name: str) -> dict[str, Any]:
        return self.api.describe_stacks(StackName=name)["Stacks"][0]

    def await_end(self, name: str, ends: str) -> dict[str, Any]:
        def ended() -> dict[str, Any] | None:
            seen = self.describe(name)
            return None if seen["StackStatus"].endswith("_IN_PROGRESS") else seen

        seen = wait_until(ended, limit_s=ENDS_WITHIN_S, every_s=0.02)
        assert seen["StackStatus"] == ends, (seen["StackStatus"], self.events(name))
        return seen

    def outputs(self, name: str) -> dict[str, str]:
        return {o["OutputKey"]: o["OutputValue"] for o in self.describe(name).get("Outputs", [])}

    def resources(self, name: str) -> dict[str, str]:
        """Logical id → status."""
        told = self.api.describe_stack_resources(StackName=name)["StackResources"]
        return {r["LogicalResourceId"]: r["ResourceStatus"] for r in told}

    def physical(self, name: str, logical: str) -> str:
        told = self.api.describe_stack_resource(StackName=name, LogicalResourceId=logical)
        return told["StackResourceDetail"]["PhysicalResourceId"]

    def raw_events(self, name: str) -> list[dict[str, Any]]:
        """Oldest first."""
        pages = self.api.get_paginator("describe_stack_events").paginate(StackName=name)
        return [event for page in pages for event in page["StackEvents"]][::-1]

    def events(self, name: str, of: str | None = None) -> list[tuple[str, str, str]]:
        """(logical id, status, reason), oldest first; of one logical id alone if that is given."""
        told = [
            (e["LogicalResourceId"], e["ResourceStatus"], e.get("ResourceStatusReason", ""))
            for e in self.raw_events(name)
        ]
        return [event for event in told if of is None or event[0] == of]

    def statuses(self, name: str, of: str) -> list[str]:
        return [status for _, status, _ in self.events(name, of)]

    def reason(self, name: str, of: str, status: str) -> str:
        """Why the newest event of that status was."""
        return next(why for _, what, why in reversed(self.events(name, of)) if what == status)


class Others:
    """What the stacks' resources are to their own services."""

    def __init__(self, server: Server) -> None:
        self.s3, self.iam, self.logs = (server.client(name) for name in ("s3", "iam", "logs"))
        self.dynamodb, self.functions = server.client("dynamodb"), server.client("lambda")

    def tables(self, prefix: str) -> list[str]:
        return [t for t in self.dynamodb.list_tables()["TableNames"] if t.startswith(prefix)]

    def buckets(self, prefix: str) -> list[str]:
        return [b["Name"] for b in self.s3.list_buckets()["Buckets"] if b["Name"].startswith(prefix)]

    def roles(self, prefix: str) -> list[str]:
        return [r["RoleName"] for r in self.iam.list_roles()["Roles"] if r["RoleName"].startswith(prefix)]

    def groups(self, prefix: str) -> list[str]:
        return [g["logGroupName"] for g in self.logs.describe_log_groups(logGroupNamePrefix=prefix)["logGroups"]]
