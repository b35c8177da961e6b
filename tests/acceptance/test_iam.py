"""IAM through boto3 and the AWS CLI: roles, policies, attachments, tags."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.support.server import Server

TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "states.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
ALLOW = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"


@pytest.fixture
def iam(server: Server) -> Any:
    return server.client("iam")


@pytest.fixture
def role(iam: Any) -> str:
    name = f"Role-{uuid.uuid4().hex[:8]}"
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))
    return name


def refused(call: Any, **arguments: Any) -> tuple[str, int]:
    with pytest.raises(ClientError) as failure:
        call(**arguments)
    answer = failure.value.response
    return answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]


def test_a_role_is_made_shown_changed_and_deleted(iam: Any) -> None:
    name = f"Role-{uuid.uuid4().hex[:8]}"
    made = iam.create_role(RoleName=name, Path="/team/", AssumeRolePolicyDocument=json.dumps(TRUST), Description="d",
                           MaxSessionDuration=7200, Tags=[{"Key": "k", "Value": "v"}])["Role"]
    assert made["Arn"] == f"arn:aws:iam::000000000000:role/team/{name}"
    assert made["RoleId"].startswith("AROA") and len(made["RoleId"]) == 21
    shown = iam.get_role(RoleName=name.lower())["Role"]
    assert {k: shown[k] for k in made} == made
    assert shown["AssumeRolePolicyDocument"] == TRUST
    assert [r["RoleName"] for r in iam.list_roles(PathPrefix="/team/")["Roles"] if r["RoleName"] == name] == [name]
    iam.update_role(RoleName=name, Description="other")
    changed = iam.get_role(RoleName=name)["Role"]
    assert (changed["Description"], changed["MaxSessionDuration"]) == ("other", 7200)
    other = TRUST | {"Version": "2008-10-17"}
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(other))
    assert iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"] == other
    iam.delete_role(RoleName=name)
    assert refused(iam.get_role, RoleName=name) == ("NoSuchEntity", 404)
    assert refused(iam.delete_role, RoleName=name) == ("NoSuchEntity", 404)


def test_a_name_is_taken_once(iam: Any, role: str) -> None:
    for name in (role, role.upper()):
        assert refused(iam.create_role, RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST)) == (
            "EntityAlreadyExists", 409)


@pytest.mark.parametrize(
    "document",
    ["text", "[]", "{}", '{"Statement": []',
     json.dumps(TRUST | {"Version": "2020-01-01"}),
     json.dumps(ALLOW),
     json.dumps(TRUST | {"Statement": [{"Effect": "Maybe", "Principal": "*", "Action": "sts:AssumeRole"}]})],
)
def test_what_is_no_trust_policy_is_refused(iam: Any, document: str) -> None:
    assert refused(iam.create_role, RoleName="Nobody", AssumeRolePolicyDocument=document) == (
        "MalformedPolicyDocument", 400)
    assert refused(iam.get_role, RoleName="Nobody")[0] == "NoSuchEntity"


def test_names_are_validated(iam: Any) -> None:
    assert refused(iam.create_role, RoleName="no/slash", AssumeRolePolicyDocument=json.dumps(TRUST))[0] == "ValidationError"
    assert refused(iam.create_role, RoleName="x" * 65, AssumeRolePolicyDocument=json.dumps(TRUST))[0] == "ValidationError"


def test_inline_policies(iam: Any, role: str) -> None:
    iam.put_role_policy(RoleName=role, PolicyName="p", PolicyDocument=json.dumps(ALLOW))
    iam.put_role_policy(RoleName=role, PolicyName="q", PolicyDocument=json.dumps(ALLOW))
    assert iam.list_role_policies(RoleName=role)["PolicyNames"] == ["p", "q"]
    first = iam.list_role_policies(RoleName=role, MaxItems=1)
    assert (first["PolicyNames"], first["IsTruncated"]) == (["p"], True)
    rest = iam.list_role_policies(RoleName=role, MaxItems=1, Marker=first["Marker"])
    assert (rest["PolicyNames"], rest["IsTruncated"]) == (["q"], False)
    assert iam.get_role_policy(RoleName=role, PolicyName="p")["PolicyDocument"] == ALLOW
    assert refused(iam.put_role_policy, RoleName=role, PolicyName="r", PolicyDocument="{") == (
        "MalformedPolicyDocument", 400)
    assert refused(iam.delete_role, RoleName=role) == ("DeleteConflict", 409)
    assert refused(iam.delete_role_policy, RoleName=role, PolicyName="r") == ("NoSuchEntity", 404)
    for name in ("p", "q"):
        iam.delete_role_policy(RoleName=role, PolicyName=name)
    iam.delete_role(RoleName=role)


def padded(characters: int) -> str:
    """A policy of that many characters, white space not counted."""
    bare = json.dumps(ALLOW | {"Id": ""}, separators=(",", ":"))
    return json.dumps(ALLOW | {"Id": "x" * (characters - len(bare))}, separators=(",", ":"), indent=None) + " " * 100


def test_policies_have_a_size(iam: Any, role: str) -> None:
    iam.put_role_policy(RoleName=role, PolicyName="p", PolicyDocument=padded(10240))
    assert refused(iam.put_role_policy, RoleName=role, PolicyName="p", PolicyDocument=padded(10241)) == (
        "LimitExceeded", 409)
    assert refused(iam.put_role_policy, RoleName=role, PolicyName="q", PolicyDocument=json.dumps(ALLOW))[0] == "LimitExceeded"
    name = f"p-{uuid.uuid4().hex[:8]}"
    assert refused(iam.create_policy, PolicyName=name, PolicyDocument=padded(6145))[0] == "LimitExceeded"
    iam.create_policy(PolicyName=name, PolicyDocument=padded(6144))


def test_managed_policies_and_attachments(iam: Any, role: str) -> None:
    name = f"Policy-{uuid.uuid4().hex[:8]}"
    arn = iam.create_policy(PolicyName=name, PolicyDocument=json.dumps(ALLOW), Description="d")["Policy"]["Arn"]
    assert arn == f"arn:aws:iam::000000000000:policy/{name}"
    assert refused(iam.create_policy, PolicyName=name, PolicyDocument=json.dumps(ALLOW)) == ("EntityAlreadyExists", 409)
    for policy in (arn, ADMINISTRATOR, arn):
        iam.attach_role_policy(RoleName=role, PolicyArn=policy)
    attached = iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
    assert sorted(p["PolicyName"] for p in attached) == sorted([name, "AdministratorAccess"])
    assert iam.get_policy(PolicyArn=arn)["Policy"]["AttachmentCount"] == 1
    assert refused(iam.delete_policy, PolicyArn=arn) == ("DeleteConflict", 409)
    assert refused(iam.delete_role, RoleName=role) == ("DeleteConflict", 409)
    assert refused(iam.attach_role_policy, RoleName=role, PolicyArn=arn + "x") == ("NoSuchEntity", 404)
    for policy in (arn, ADMINISTRATOR):
        iam.detach_role_policy(RoleName=role, PolicyArn=policy)
    assert refused(iam.detach_role_policy, RoleName=role, PolicyArn=arn) == ("NoSuchEntity", 404)
    iam.delete_policy(PolicyArn=arn)
    assert refused(iam.get_policy, PolicyArn=arn) == ("NoSuchEntity", 404)


def test_versions_of_a_policy(iam: Any) -> None:
    arn = iam.create_policy(PolicyName=f"p-{uuid.uuid4().hex[:8]}", PolicyDocument=json.dumps(ALLOW))["Policy"]["Arn"]
    other = ALLOW | {"Id": "second"}
    made = iam.create_policy_version(PolicyArn=arn, PolicyDocument=json.dumps(other), SetAsDefault=True)["PolicyVersion"]
    assert (made["VersionId"], made["IsDefaultVersion"]) == ("v2", True)
    assert iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"] == "v2"
    assert iam.get_policy_version(PolicyArn=arn, VersionId="v2")["PolicyVersion"]["Document"] == other
    assert iam.get_policy_version(PolicyArn=arn, VersionId="v1")["PolicyVersion"]["Document"] == ALLOW
    assert refused(iam.get_policy_version, PolicyArn=arn, VersionId="v3") == ("NoSuchEntity", 404)
    for _ in range(3):
        iam.create_policy_version(PolicyArn=arn, PolicyDocument=json.dumps(ALLOW))
    assert refused(iam.create_policy_version, PolicyArn=arn, PolicyDocument=json.dumps(ALLOW)) == ("LimitExceeded", 409)
    versions = iam.list_policy_versions(PolicyArn=arn)["Versions"]
    assert [v["VersionId"] for v in versions] == ["v5", "v4", "v3", "v2", "v1"]


def test_tags(iam: Any, role: str) -> None:
    iam.tag_role(RoleName=role, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    iam.tag_role(RoleName=role, Tags=[{"Key": "a", "Value": "3"}])
    assert iam.list_role_tags(RoleName=role)["Tags"] == [{"Key": "a", "Value": "3"}, {"Key": "b", "Value": "2"}]
    iam.untag_role(RoleName=role, TagKeys=["a", "c"])
    assert iam.get_role(RoleName=role)["Role"]["Tags"] == [{"Key": "b", "Value": "2"}]
    iam.tag_role(RoleName=role, Tags=[{"Key": f"t{i}", "Value": ""} for i in range(49)])
    assert refused(iam.tag_role, RoleName=role, Tags=[{"Key": "one-more", "Value": ""}]) == ("LimitExceeded", 409)


def test_lists_come_in_pages(iam: Any) -> None:
    prefix = f"/pages-{uuid.uuid4().hex[:8]}/"
    names = [f"Role-{uuid.uuid4().hex[:8]}" for _ in range(5)]
    for name in names:
        iam.create_role(RoleName=name, Path=prefix, AssumeRolePolicyDocument=json.dumps(TRUST))
    pages = iam.get_paginator("list_roles").paginate(PathPrefix=prefix, PaginationConfig={"PageSize": 2})
    found = [[role["RoleName"] for role in page["Roles"]] for page in pages]
    assert [len(page) for page in found] == [2, 2, 1]
    assert sorted(sum(found, [])) == sorted(names)


def test_roles_have_no_region(server: Server, role: str) -> None:
    told = server.run("aws", "iam", "get-role", "--role-name", role, "--region", "eu-central-1", check=True)
    assert json.loads(told.stdout)["Role"]["RoleName"] == role


def test_a_role_is_simulated_as_it_is_treated(iam: Any, role: str) -> None:
    arn = iam.get_role(RoleName=role)["Role"]["Arn"]
    asked = {"PolicySourceArn": arn, "ActionNames": ["s3:GetObject", "sagemaker:CreateModel", "logs:PutLogEvents"]}
    told = iam.simulate_principal_policy(**asked)
    assert [(r["EvalActionName"], r["EvalResourceName"], r["EvalDecision"]) for r in told["EvaluationResults"]] == [
        (action, "*", "allowed") for action in asked["ActionNames"]
    ]
    assert told["IsTruncated"] is False
    resources = ["arn:aws:s3:::a/*", "arn:aws:s3:::b/*"]
    pages = list(
        iam.get_paginator("simulate_principal_policy").paginate(
            **asked, ResourceArns=resources, PaginationConfig={"PageSize": 4}
        )
    )
    assert [len(page["EvaluationResults"]) for page in pages] == [4, 2]
    assert [(r["EvalActionName"], r["EvalResourceName"]) for page in pages for r in page["EvaluationResults"]] == [
        (action, resource) for action in asked["ActionNames"] for resource in resources
    ]
    missing = asked | {"PolicySourceArn": f"{arn}-missing"}
    assert refused(iam.simulate_principal_policy, **missing) == ("NoSuchEntity", 404)
    elsewhere = asked | {"PolicySourceArn": f"arn:aws:iam::000000000000:role/elsewhere/{role}"}
    assert refused(iam.simulate_principal_policy, **elsewhere) == ("NoSuchEntity", 404)
