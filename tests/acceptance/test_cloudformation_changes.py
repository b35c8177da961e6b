"""Change sets, and the AWS CLI that deploys with them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import WaiterError

from tests.support.stacks import (
    Stacks,
    bucket,
    group,
    parameters,
    ref,
    refusal,
    refused,
    role,
    table,
    template,
    unique,
)

NO_CHANGES = "The submitted information didn't contain changes. Submit different information to create a change set."


def propose(stacks: Stacks, stack: str, name: str, what: dict[str, Any], **more: Any) -> dict[str, Any]:
    request = {"Capabilities": ["CAPABILITY_NAMED_IAM"], **more}
    made = stacks.api.create_change_set(StackName=stack, ChangeSetName=name, TemplateBody=json.dumps(what), **request)
    try:
        stacks.api.get_waiter("change_set_create_complete").wait(
            StackName=stack, ChangeSetName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 20})  # fmt: skip
    except WaiterError:
        pass  # it failed: the caller looks
    told = stacks.api.describe_change_set(StackName=stack, ChangeSetName=name)
    assert (told["ChangeSetId"], told["StackId"]) == (made["Id"], made["StackId"])
    return told


def changes(told: dict[str, Any]) -> dict[str, tuple[str, str | None]]:
    """Logical id → (action, whether it replaces)."""
    found = [c["ResourceChange"] for c in told["Changes"]]
    return {c["LogicalResourceId"]: (c["Action"], c.get("Replacement")) for c in found}


def test_a_stack_by_change_set(stacks):
    name = unique("reviewed")
    what = template({"A": group(), "Runner": role()}, Parameters={"P": {"Type": "String", "Default": "d"}})
    told = propose(stacks, name, "first", what, ChangeSetType="CREATE", Description="a first look", Parameters=parameters(P="p"),
                   Tags=[{"Key": "k", "Value": "v"}])  # fmt: skip
    assert (told["Status"], told["ExecutionStatus"]) == ("CREATE_COMPLETE", "AVAILABLE") and "StatusReason" not in told
    assert changes(told) == {"A": ("Add", None), "Runner": ("Add", None)}
    assert told["Description"] == "a first look" and told["Parameters"] == parameters(P="p")
    assert told["Tags"] == [{"Key": "k", "Value": "v"}] and told["Capabilities"] == ["CAPABILITY_NAMED_IAM"]
    assert stacks.describe(name)["StackStatus"] == "REVIEW_IN_PROGRESS" and stacks.resources(name) == {}
    assert stacks.events(name) == [(name, "REVIEW_IN_PROGRESS", "User Initiated")]
    assert refusal(stacks.begin_update, name=name, what=what)[0] == "ValidationError"
    stacks.api.execute_change_set(StackName=name, ChangeSetName="first")
    ended = stacks.await_end(name, "CREATE_COMPLETE")
    assert (ended["StackId"], ended["ChangeSetId"]) == (told["StackId"], told["ChangeSetId"])
    assert ended["Parameters"] == parameters(P="p") and ended["Tags"] == [{"Key": "k", "Value": "v"}]
    assert [s for s in stacks.statuses(name, name)] == ["REVIEW_IN_PROGRESS", "CREATE_IN_PROGRESS", "CREATE_COMPLETE"]
    # Executed it stays to be looked at, and cannot be executed again.
    after = stacks.api.describe_change_set(ChangeSetName=told["ChangeSetId"])
    assert (after["Status"], after["ExecutionStatus"]) == ("CREATE_COMPLETE", "EXECUTE_COMPLETE")
    assert refusal(stacks.api.execute_change_set, ChangeSetName=told["ChangeSetId"]) == (
        "InvalidChangeSetStatus",
        f"ChangeSet [{told['ChangeSetId']}] cannot be executed in its current execution status of [EXECUTE_COMPLETE]",
    )


def test_an_update_by_change_set_tells_what_it_will_do(stacks, others):
    name = unique("changes")
    stacks.create(name, template({"Log": group({"RetentionInDays": 1}), "Rows": table("id"), "Gone": bucket(), "Same": role()}))
    rows = stacks.physical(name, "Rows")
    after = template({"Log": group({"RetentionInDays": 3}), "Rows": table("key"), "New": bucket(), "Same": role()})
    told = propose(stacks, name, "second", after)
    assert changes(told) == {"Log": ("Modify", "False"), "Rows": ("Modify", "True"), "New": ("Add", None), "Gone": ("Remove", None)}
    by_id = {c["ResourceChange"]["LogicalResourceId"]: c["ResourceChange"] for c in told["Changes"]}
    assert by_id["Rows"]["PhysicalResourceId"] == rows and by_id["Rows"]["Scope"] == ["Properties"]
    assert {d["Target"]["Name"] for d in by_id["Rows"]["Details"]} == {"KeySchema", "AttributeDefinitions"}
    assert by_id["Log"]["ResourceType"] == "AWS::Logs::LogGroup"
    assert stacks.api.get_template(StackName=name, ChangeSetName="second")["TemplateBody"] == after
    assert others.tables(name) == [rows]
    listed = stacks.api.list_change_sets(StackName=name)["Summaries"]
    assert [(s["ChangeSetName"], s["Status"], s["ExecutionStatus"]) for s in listed] == [("second", "CREATE_COMPLETE", "AVAILABLE")]
    stacks.api.execute_change_set(ChangeSetName=told["ChangeSetId"])
    stacks.await_end(name, "UPDATE_COMPLETE")
    assert stacks.resources(name).keys() == {"Log", "Rows", "New", "Same"} and others.tables(name) != [rows]


def test_changed_tags_alone(stacks):
    name = unique("tagged")
    what = template({"Log": group()})
    stacks.create(name, what)
    told = propose(stacks, name, "tags", what, Tags=[{"Key": "k", "Value": "v"}])
    assert changes(told) == {"Log": ("Modify", "False")} and told["Changes"][0]["ResourceChange"]["Scope"] == ["Tags"]


def test_a_change_set_without_changes_fails(stacks):
    name = unique("empty")
    what = template({"A": group()})
    stacks.create(name, what)
    told = propose(stacks, name, "same", what)
    assert (told["Status"], told["ExecutionStatus"], told["StatusReason"]) == ("FAILED", "UNAVAILABLE", NO_CHANGES)
    assert refusal(stacks.api.execute_change_set, StackName=name, ChangeSetName="same") == (
        "InvalidChangeSetStatus", f"ChangeSet [{told['ChangeSetId']}] cannot be executed in its current status of [FAILED]")  # fmt: skip
    # Its name is free again.
    told = propose(stacks, name, "same", template({"A": group(), "B": group()}))
    assert told["Status"] == "CREATE_COMPLETE"
    code, message = refusal(stacks.api.create_change_set, StackName=name, ChangeSetName="same", TemplateBody=json.dumps(what))
    assert code == "AlreadyExistsException" and message.startswith("ChangeSet same cannot be created")
    stacks.api.delete_change_set(StackName=name, ChangeSetName="same")
    assert stacks.api.list_change_sets(StackName=name)["Summaries"] == []
    code, message = refusal(stacks.api.describe_change_set, StackName=name, ChangeSetName="same")
    assert (code, message) == ("ChangeSetNotFound", "ChangeSet [same] does not exist")
    stacks.api.delete_change_set(StackName=name, ChangeSetName="same")  # is no error


def test_a_change_set_that_another_update_overtook(stacks):
    name = unique("overtaken")
    stacks.create(name, template({"A": group()}))
    first = propose(stacks, name, "first", template({"A": group(), "B": group()}))
    stacks.update(name, template({"A": group(), "C": group()}))
    told = stacks.api.describe_change_set(StackName=name, ChangeSetName="first")
    assert told["ExecutionStatus"] == "OBSOLETE"
    assert refusal(stacks.api.execute_change_set, StackName=name, ChangeSetName="first") == (
        "InvalidChangeSetStatus",
        f"ChangeSet [{first['ChangeSetId']}] cannot be executed in its current execution status of [OBSOLETE]",
    )


def test_a_change_set_that_fails_when_it_is_executed(stacks):
    name = unique("executed")
    stacks.create(name, template({"A": group()}))
    told = propose(stacks, name, "bad", template({"A": group(), "Bad": refused()}))
    stacks.api.execute_change_set(StackName=name, ChangeSetName="bad")
    stacks.await_end(name, "UPDATE_ROLLBACK_COMPLETE")
    assert stacks.api.describe_change_set(ChangeSetName=told["ChangeSetId"])["ExecutionStatus"] == "EXECUTE_FAILED"


@pytest.mark.parametrize(("how", "ends"), [
    ({}, "ROLLBACK_COMPLETE"), ({"OnStackFailure": "DELETE"}, "DELETE_COMPLETE"), ({"OnStackFailure": "DO_NOTHING"}, "CREATE_FAILED"),
])  # fmt: skip
def test_a_creation_by_change_set_that_fails(stacks, how, ends):
    name = unique("failing")
    told = propose(stacks, name, "bad", template({"A": group(), "Bad": refused(DependsOn="A")}), ChangeSetType="CREATE", **how)
    stacks.api.execute_change_set(StackName=name, ChangeSetName="bad")
    stacks.await_end(told["StackId"], ends)


def test_change_sets_of_the_wrong_kind(stacks):
    name = unique("kind")
    request = {"StackName": name, "ChangeSetName": "c", "TemplateBody": json.dumps(template({"A": group()}))}
    assert refusal(stacks.api.create_change_set, **request) == ("ValidationError", f"Stack [{name}] does not exist")
    told = stacks.create(name, template({"A": refused()}), ends="ROLLBACK_COMPLETE")
    assert refusal(stacks.api.create_change_set, **request) == (
        "ValidationError", f"Stack:{told['StackId']} is in ROLLBACK_COMPLETE state and can not be updated.")  # fmt: skip
    assert refusal(stacks.api.create_change_set, ChangeSetType="CREATE", **request) == (
        "ValidationError", f"Stack [{name}] already exists and cannot be created again with the changeSet [c].")  # fmt: skip
    assert refusal(stacks.api.describe_change_set, StackName="nobody", ChangeSetName="c") == (
        "ValidationError", "Stack [nobody] does not exist")  # fmt: skip


def test_a_reviewed_stack_that_is_never_made(stacks):
    name = unique("review")
    told = propose(stacks, name, "one", template({"A": group()}), ChangeSetType="CREATE")
    second = propose(stacks, name, "two", template({"B": group()}), ChangeSetType="CREATE")
    assert second["StackId"] == told["StackId"]
    stacks.api.delete_change_set(StackName=name, ChangeSetName="one")
    assert stacks.describe(name)["StackStatus"] == "REVIEW_IN_PROGRESS"
    stacks.api.delete_stack(StackName=name)
    stacks.await_end(told["StackId"], "DELETE_COMPLETE")
    assert refusal(stacks.api.describe_stacks, StackName=name)[0] == "ValidationError"


# --- the AWS CLI


def aws(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("aws")), "cloudformation", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def test_the_cli_deploys(stacks, others, tmp_path):
    """One run for all: each wait of the CLI's takes as long as it likes between two looks."""
    name = unique("cli")
    file = tmp_path / "template.json"
    what = template({"Log": group({"RetentionInDays": ref("Days")}), "Runner": role()}, {"Days": ref("Days")},
                    Parameters={"Days": {"Type": "Number", "Default": 1}})  # fmt: skip
    file.write_text(json.dumps(what))
    deploy = ["deploy", "--stack-name", name, "--template-file", str(file)]
    done = aws(*deploy)
    assert done.returncode != 0 and "Requires capabilities : [CAPABILITY_IAM]" in done.stderr
    done = aws(*deploy, "--capabilities", "CAPABILITY_IAM", "--no-execute-changeset")
    assert done.returncode == 0 and "describe-change-set" in done.stdout, done.stderr
    assert stacks.describe(name)["StackStatus"] == "REVIEW_IN_PROGRESS"
    stacks.create(name + "-2", what, Capabilities=["CAPABILITY_IAM"])
    deploy[2] = name + "-2"
    done = aws(*deploy, "--capabilities", "CAPABILITY_IAM", "--no-fail-on-empty-changeset")
    assert done.returncode == 0 and "No changes to deploy" in done.stdout + done.stderr
    done = aws(*deploy, "--capabilities", "CAPABILITY_IAM", "--fail-on-empty-changeset")
    assert done.returncode != 0 and "No changes to deploy" in done.stderr
    done = aws("describe-stacks", "--stack-name", name + "-2", "--query", "Stacks[0].Outputs[0].OutputValue", "--output", "text")
    assert done.stdout.strip() == "1"
    done = aws("validate-template", "--template-body", f"file://{file}")
    assert json.loads(done.stdout)["Parameters"][0]["ParameterKey"] == "Days"


def test_the_cli_packages(stacks, others, tmp_path):
    name = unique("package")
    others.s3.create_bucket(Bucket=name)
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "index.py").write_text("def handler(event, context):\n    return 'packaged'\n")
    function = {"Type": "AWS::Lambda::Function", "Properties": {
        "Code": "code", "Runtime": "python3.12", "Handler": "index.handler", "Role": "arn:aws:iam::000000000000:role/f"}}  # fmt: skip
    (tmp_path / "template.json").write_text(json.dumps(template({"Run": function})))
    out = tmp_path / "packaged.json"
    done = aws("package", "--template-file", str(tmp_path / "template.json"), "--s3-bucket", name, "--use-json",
               "--output-template-file", str(out))  # fmt: skip
    assert done.returncode == 0, done.stderr
    stacks.create(name, out.read_text())
    answer = others.functions.invoke(FunctionName=stacks.physical(name, "Run"))
    assert json.loads(answer["Payload"].read()) == "packaged"
