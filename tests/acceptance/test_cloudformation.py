"""The life of stacks: creation, update, replacement, rollback, deletion, as boto3 sees them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.support.server import Server, wait_until
from tests.support.stacks import (
    Others,
    Stacks,
    att,
    bucket,
    chain,
    group,
    half_made_role,
    parameters,
    ref,
    refusal,
    refused,
    resource,
    role,
    sub,
    table,
    template,
    unique,
)

FUNCTION = {
    "Role": "arn:aws:iam::000000000000:role/function",
    "Runtime": "python3.12",
    "Handler": "index.handler",
    "Code": {"ZipFile": "def handler(event, context):\n    return 1\n"},
}


# --- creation


def test_a_creation_with_a_waiter_shows_what_was_made(stacks, others):
    name = unique("made")
    made = template(
        {"Data": bucket(), "Rows": table(), "Runner": role()},
        {
            "DataName": ref("Data"),
            "RowsArn": {"Value": att("Rows", "Arn"), "Description": "of the rows"},
            "RunnerArn": att("Runner", "Arn"),
        },
        Description="three things",
    )
    arn = stacks.begin(name, made, Tags=[{"Key": "team", "Value": "turbines"}])
    stacks.api.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 30})
    told = stacks.describe(name)
    assert told["StackId"] == arn and arn.startswith(f"arn:aws:cloudformation:us-east-1:000000000000:stack/{name}/")
    assert told["Description"] == "three things" and told["Capabilities"] == ["CAPABILITY_NAMED_IAM"]
    assert told["Tags"] == [{"Key": "team", "Value": "turbines"}]
    assert "LastUpdatedTime" not in told and not told["DisableRollback"]
    (data,) = others.buckets(f"{name}-data-")
    (rows,) = others.tables(f"{name}-Rows-")
    (runner,) = others.roles(f"{name}-Runner-")
    assert told["Outputs"] == [
        {"OutputKey": "DataName", "OutputValue": data},
        {
            "OutputKey": "RowsArn",
            "OutputValue": f"arn:aws:dynamodb:us-east-1:000000000000:table/{rows}",
            "Description": "of the rows",
        },
        {"OutputKey": "RunnerArn", "OutputValue": f"arn:aws:iam::000000000000:role/{runner}"},
    ]
    listed = stacks.api.list_stack_resources(StackName=name)["StackResourceSummaries"]
    assert [(r["LogicalResourceId"], r["PhysicalResourceId"], r["ResourceType"], r["ResourceStatus"]) for r in listed] == [
        ("Data", data, "AWS::S3::Bucket", "CREATE_COMPLETE"),
        ("Rows", rows, "AWS::DynamoDB::Table", "CREATE_COMPLETE"),
        ("Runner", runner, "AWS::IAM::Role", "CREATE_COMPLETE"),
    ]
    found = stacks.api.describe_stack_resources(PhysicalResourceId=rows)["StackResources"]
    assert {r["StackName"] for r in found} == {name}


def test_events_tell_a_creation_in_order(stacks):
    name = unique("events")
    arn = stacks.begin(name, template({"A": group(), "B": group(DependsOn="A")}), ClientRequestToken="token-1")
    stacks.await_end(name, "CREATE_COMPLETE")
    assert stacks.events(name) == [
        (name, "CREATE_IN_PROGRESS", "User Initiated"),
        ("A", "CREATE_IN_PROGRESS", ""),
        ("A", "CREATE_IN_PROGRESS", "Resource creation Initiated"),
        ("A", "CREATE_COMPLETE", ""),
        ("B", "CREATE_IN_PROGRESS", ""),
        ("B", "CREATE_IN_PROGRESS", "Resource creation Initiated"),
        ("B", "CREATE_COMPLETE", ""),
        (name, "CREATE_COMPLETE", ""),
    ]
    events = stacks.raw_events(name)
    assert {(e["StackId"], e["StackName"], e["ClientRequestToken"]) for e in events} == {(arn, name, "token-1")}
    assert len({e["EventId"] for e in events}) == len(events)
    assert [e["PhysicalResourceId"] for e in events if e["LogicalResourceId"] == "A"] == ["", *[stacks.physical(name, "A")] * 2]
    assert events[0]["PhysicalResourceId"] == events[-1]["PhysicalResourceId"] == arn
    times = [e["Timestamp"] for e in events]
    assert times == sorted(times)


def test_events_come_in_pages(stacks):
    name = unique("pages")
    stacks.create(name, template(chain(40)))
    first = stacks.api.describe_stack_events(StackName=name)
    assert len(first["StackEvents"]) == 100 and first["StackEvents"][0]["ResourceStatus"] == "CREATE_COMPLETE"
    events = stacks.raw_events(name)
    assert len(events) == 2 + 3 * 40 and len({e["EventId"] for e in events}) == len(events)
    assert refusal(stacks.api.describe_stack_events, StackName=name, NextToken="nonsense")[0] == "ValidationError"


def test_a_name_that_is_taken(stacks):
    name = unique("taken")
    stacks.create(name, template({"A": group()}))
    assert refusal(stacks.begin, name=name, what=template({"A": group()})) == (
        "AlreadyExistsException", f"Stack [{name}] already exists")  # fmt: skip


@pytest.mark.parametrize("name", ["under_score", "1digit", "a" * 129, "with space"])
def test_a_name_that_is_none(stacks, name):
    code, message = refusal(stacks.begin, name=name, what=template({"A": group()}))
    assert code == "ValidationError" and "at 'stackName' failed to satisfy constraint" in message
    assert ("length less than or equal to 128" if len(name) > 128 else "[a-zA-Z][-a-zA-Z0-9]*") in message


def test_the_longest_name_still_names_resources(stacks, others):
    name = unique("n") + "a" * 118
    assert len(name) == 128
    stacks.create(name, template({"ABucketWithANameOfItsOwn": bucket(), "ARole": role(), "Rows": table()}))
    assert len(stacks.physical(name, "ABucketWithANameOfItsOwn")) <= 63
    assert len(stacks.physical(name, "ARole")) <= 64
    assert stacks.physical(name, "Rows") in others.tables(name[:20])
    stacks.delete(name)


def test_stacks_that_are_not_there(stacks):
    nobody = unique("nobody")
    assert refusal(stacks.api.describe_stacks, StackName=nobody) == (
        "ValidationError", f"Stack with id {nobody} does not exist")  # fmt: skip
    assert refusal(stacks.begin_update, name=nobody, what=template({"A": group()})) == (
        "ValidationError", f"Stack [{nobody}] does not exist")  # fmt: skip
    assert refusal(stacks.api.describe_stack_events, StackName=nobody) == (
        "ValidationError", f"Stack [{nobody}] does not exist")  # fmt: skip
    assert refusal(stacks.api.list_stack_resources, StackName=nobody)[0] == "ValidationError"
    assert refusal(stacks.api.get_template, StackName=nobody) == (
        "ValidationError", f"Stack with id {nobody} does not exist")  # fmt: skip
    stacks.api.delete_stack(StackName=nobody)  # is no error


# --- a creation that fails


def test_a_creation_that_fails_is_rolled_back(stacks, others):
    name = unique("fails")
    bad = template({"Rows": table(), "Half": half_made_role(), "Last": group(DependsOn=["Half", "Rows"])})
    told = stacks.create(name, bad, ends="ROLLBACK_COMPLETE")
    assert "Outputs" not in told
    assert others.tables(name) == others.roles(name) == others.groups(name) == []
    events = stacks.events(name)
    assert (name, "ROLLBACK_IN_PROGRESS", "The following resource(s) failed to create: [Half]. Rollback requested by user.") in events
    assert events[-1][:2] == (name, "ROLLBACK_COMPLETE")
    assert "not found" in stacks.reason(name, "Half", "CREATE_FAILED") or "does not exist" in stacks.reason(
        name, "Half", "CREATE_FAILED")  # fmt: skip
    assert stacks.statuses(name, "Half")[-3:] == ["CREATE_FAILED", "DELETE_IN_PROGRESS", "DELETE_COMPLETE"]
    assert stacks.statuses(name, "Last") == []
    assert stacks.resources(name) == {"Rows": "DELETE_COMPLETE", "Half": "DELETE_COMPLETE"}


def test_what_was_rolled_back_can_only_be_deleted(stacks):
    name = unique("rolled")
    told = stacks.create(name, template({"A": refused()}), ends="ROLLBACK_COMPLETE")
    assert refusal(stacks.begin_update, name=name, what=template({"A": group()})) == (
        "ValidationError", f"Stack:{told['StackId']} is in ROLLBACK_COMPLETE state and can not be updated.")  # fmt: skip
    assert refusal(stacks.begin, name=name, what=template({"A": group()}))[0] == "AlreadyExistsException"
    stacks.delete(name)
    stacks.create(name, template({"A": group()}))


def test_on_failure_delete(stacks, others):
    name = unique("gone")
    arn = stacks.begin(name, template({"A": group(), "Bad": refused(DependsOn="A")}), OnFailure="DELETE")
    stacks.await_end(arn, "DELETE_COMPLETE")
    assert others.groups(name) == []
    assert refusal(stacks.api.describe_stacks, StackName=name)[0] == "ValidationError"
    assert stacks.statuses(arn, name) == ["CREATE_IN_PROGRESS", "DELETE_IN_PROGRESS", "DELETE_COMPLETE"]


@pytest.mark.parametrize("how", [{"OnFailure": "DO_NOTHING"}, {"DisableRollback": True}])
def test_left_as_it_failed_and_mended_by_an_update(stacks, others, how):
    name = unique("left")
    bad = template({"A": group(), "Half": half_made_role({"RoleName": name}, DependsOn="A"), "Bad": refused(DependsOn="A")})
    told = stacks.create(name, bad, ends="CREATE_FAILED", **how)
    assert told["DisableRollback"] is True
    failed = ", ".join(e[0] for e in stacks.events(name) if e[1] == "CREATE_FAILED" and e[0] != name)
    assert told["StackStatusReason"] == f"The following resource(s) failed to create: [{failed}]. "
    assert stacks.resources(name) == {"A": "CREATE_COMPLETE", "Half": "CREATE_FAILED", "Bad": "CREATE_FAILED"}
    assert others.roles(name) == [name] and len(others.groups(name)) == 1
    kept = stacks.physical(name, "A")
    # The role is made again, though it has a name of its own; what never was is made.
    good = template({"A": group(), "Half": role({"RoleName": name}, DependsOn="A"), "Bad": bucket(DependsOn="A")})
    stacks.update(name, good)
    assert stacks.resources(name) == {"A": "CREATE_COMPLETE", "Half": "CREATE_COMPLETE", "Bad": "CREATE_COMPLETE"}
    assert stacks.physical(name, "A") == kept and others.roles(name) == [name]
    assert stacks.statuses(name, "Half")[-4:] == [
        "DELETE_IN_PROGRESS", "DELETE_COMPLETE", "CREATE_IN_PROGRESS", "CREATE_COMPLETE"] or stacks.statuses(
        name, "Half")[-5:] == ["DELETE_IN_PROGRESS", "DELETE_COMPLETE", *["CREATE_IN_PROGRESS"] * 2, "CREATE_COMPLETE"]  # fmt: skip
    stacks.delete(name)
    assert others.roles(name) == others.groups(name) == []


def test_left_as_it_failed_and_tried_again_with_the_same_template(stacks, others):
    name = unique("again")
    policy = f"arn:aws:iam::000000000000:policy/{name}"
    made = template({"Runner": role({"ManagedPolicyArns": [policy]})})
    stacks.create(name, made, ends="CREATE_FAILED", DisableRollback=True)
    document = json.dumps({"Version": "2012-10-17", "Statement": []})
    others.iam.create_policy(PolicyName=name, PolicyDocument=document)
    stacks.update(name, made)
    (runner,) = others.roles(name)
    attached = others.iam.list_attached_role_policies(RoleName=runner)["AttachedPolicies"]
    assert [p["PolicyArn"] for p in attached] == [policy]
    stacks.delete(name)


def test_both_ways_of_saying_what_a_failure_does(stacks):
    code, message = refusal(
        stacks.begin, name=unique("both"), what=template({"A": group()}), OnFailure="DELETE", DisableRollback=True)  # fmt: skip
    assert (code, message) == ("ValidationError", "You can specify either DisableRollback or OnFailure, but not both.")


def test_a_creation_that_was_left_as_it_failed_is_rolled_back_on_demand(stacks, others):
    name = unique("demand")
    stacks.create(name, template({"A": group(), "Bad": refused(DependsOn="A")}), ends="CREATE_FAILED", DisableRollback=True)
    assert len(others.groups(name)) == 1
    stacks.api.rollback_stack(StackName=name)
    stacks.await_end(name, "ROLLBACK_COMPLETE")
    assert others.groups(name) == []
    assert refusal(stacks.api.rollback_stack, StackName=name)[0] == "ValidationError"


# --- update


def test_an_update_in_place(stacks, others):
    name = unique("place")
    before = template({"Log": group({"RetentionInDays": 1}), "Data": bucket()}, {"Days": "1"})
    stacks.create(name, before)
    log, data = stacks.physical(name, "Log"), stacks.physical(name, "Data")
    told = stacks.update(name, template({"Log": group({"RetentionInDays": 3}), "Data": bucket()}, {"Days": "3"}))
    assert stacks.outputs(name) == {"Days": "3"} and told["LastUpdatedTime"] > told["CreationTime"]
    assert (stacks.physical(name, "Log"), stacks.physical(name, "Data")) == (log, data)
    assert others.logs.describe_log_groups(logGroupNamePrefix=log)["logGroups"][0]["retentionInDays"] == 3
    assert stacks.events(name)[-5:] == [
        (name, "UPDATE_IN_PROGRESS", "User Initiated"),
        ("Log", "UPDATE_IN_PROGRESS", ""),
        ("Log", "UPDATE_COMPLETE", ""),
        (name, "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", ""),
        (name, "UPDATE_COMPLETE", ""),
    ]
    assert stacks.resources(name) == {"Log": "UPDATE_COMPLETE", "Data": "CREATE_COMPLETE"}


def test_an_update_that_adds_and_removes(stacks, others):
    name = unique("addremove")
    stacks.create(name, template({"Old": group(), "Stays": group()}))
    stacks.update(name, template({"New": group(), "Stays": group()}))
    assert stacks.resources(name) == {"New": "CREATE_COMPLETE", "Stays": "CREATE_COMPLETE"}
    assert sorted(others.groups(name)) == sorted([stacks.physical(name, "New"), stacks.physical(name, "Stays")])
    events = [event[:2] for event in stacks.events(name)]
    assert events.index(("New", "CREATE_COMPLETE")) < events.index((name, "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"))
    assert events.index((name, "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")) < events.index(("Old", "DELETE_IN_PROGRESS"))


def test_a_replacement_makes_the_new_one_first(stacks, others):
    name = unique("replaced")
    uses = {"Uses": role({"Description": sub("reads ${Rows}")})}
    stacks.create(name, template({"Rows": table("id"), **uses}, {"Name": ref("Rows")}))
    old = stacks.physical(name, "Rows")
    stacks.update(name, template({"Rows": table("key"), **uses}, {"Name": ref("Rows")}))
    new = stacks.physical(name, "Rows")
    assert new != old and others.tables(name) == [new] and stacks.outputs(name) == {"Name": new}
    assert others.iam.get_role(RoleName=stacks.physical(name, "Uses"))["Role"]["Description"] == f"reads {new}"
    assert stacks.resources(name) == {"Rows": "UPDATE_COMPLETE", "Uses": "UPDATE_COMPLETE"}
    events = stacks.raw_events(name)
    of_update = [e for e in events if e["LogicalResourceId"] == "Rows"][3:]
    assert [(e["ResourceStatus"], e.get("ResourceStatusReason"), e["PhysicalResourceId"]) for e in of_update] == [
        ("UPDATE_IN_PROGRESS", "Requested update requires the creation of a new physical resource; hence creating one.", old),
        ("UPDATE_IN_PROGRESS", "Resource creation Initiated", new),
        ("UPDATE_COMPLETE", None, new),
        ("DELETE_IN_PROGRESS", None, old),
        ("DELETE_COMPLETE", None, old),
    ]
    cleanup = [e["ResourceStatus"] for e in events].index("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
    assert events.index(of_update[2]) < cleanup < events.index(of_update[3])
    # It is the new one that the next operations know.
    assert refusal(stacks.begin_update, name=name, what=template({"Rows": table("key"), **uses}, {"Name": ref("Rows")})) == (
        "ValidationError", "No updates are to be performed.")  # fmt: skip
    stacks.update(name, template({"Rows": table("key", {"DeletionProtectionEnabled": False}), **uses}))
    assert others.tables(name) == [new]
    stacks.delete(name)
    assert others.tables(name) == []


def test_another_type_under_the_same_name_replaces(stacks, others):
    name = unique("type")
    stacks.create(name, template({"Thing": group()}))
    stacks.update(name, template({"Thing": role()}))
    assert others.groups(name) == [] and others.roles(name) == [stacks.physical(name, "Thing")]


def test_a_resource_with_a_name_of_its_own_is_not_replaced(stacks, others):
    name = unique("custom")
    stacks.create(name, template({"Rows": table("id", {"TableName": name})}))
    stacks.update(name, template({"Rows": table("key", {"TableName": name})}), ends="UPDATE_ROLLBACK_COMPLETE")
    assert stacks.reason(name, "Rows", "UPDATE_FAILED") == (
        "CloudFormation cannot update a stack when a custom-named resource requires replacing. "
        f"Rename {name} and update the stack again."
    )
    assert others.tables(name) == [name]
    stacks.update(name, template({"Rows": table("key", {"TableName": f"{name}-2"})}))
    assert others.tables(name) == [f"{name}-2"]


def test_nothing_to_update(stacks):
    name = unique("nothing")
    what = template({"A": group()}, Parameters={"P": {"Type": "String", "Default": "x"}})
    stacks.create(name, what)
    expected = ("ValidationError", "No updates are to be performed.")
    assert refusal(stacks.begin_update, name=name, what=what) == expected
    assert refusal(stacks.begin_update, name=name, what=json.dumps(what, indent=4)) == expected
    assert refusal(stacks.begin_update, name=name, what=what | {"Description": "another"}) == expected
    assert refusal(stacks.api.update_stack, StackName=name, UsePreviousTemplate=True,
                   Parameters=parameters(P="x")) == expected  # fmt: skip


def test_previous_template_and_values(stacks):
    name = unique("previous")
    what = template(
        {"A": group({"RetentionInDays": ref("Days")})},
        {"Told": sub("${Days} ${Word}")},
        Parameters={"Days": {"Type": "Number"}, "Word": {"Type": "String", "Default": "none"}},
    )
    stacks.create(name, what, Parameters=parameters(Days="1", Word="first"))
    stacks.api.update_stack(
        StackName=name,
        UsePreviousTemplate=True,
        Parameters=[{"ParameterKey": "Word", "UsePreviousValue": True}, *parameters(Days="3")],
    )
    stacks.await_end(name, "UPDATE_COMPLETE")
    assert stacks.outputs(name) == {"Told": "3 first"}
    # A parameter that is not given takes its default again.
    stacks.update(name, what, Parameters=parameters(Days="3"))
    assert stacks.outputs(name) == {"Told": "3 none"}
    assert refusal(stacks.begin_update, name=name, what=what) == (
        "ValidationError", "Parameters: [Days] must have values")  # fmt: skip


def test_outputs_alone_can_be_changed(stacks):
    name = unique("outputs")
    stacks.create(name, template({"A": group()}))
    stacks.update(name, template({"A": group()}, {"Name": ref("A")}))
    assert stacks.outputs(name) == {"Name": stacks.physical(name, "A")}


def test_a_condition_takes_away_and_brings_back(stacks, others):
    name = unique("condition")
    what = template(
        {"Always": group(), "Sometimes": group(Condition="Wanted")},
        {"There": {"Value": ref("Sometimes"), "Condition": "Wanted"}},
        Parameters={"Want": {"Type": "String"}},
        Conditions={"Wanted": {"Fn::Equals": [ref("Want"), "yes"]}},
    )
    stacks.create(name, what, Parameters=parameters(Want="no"))
    assert stacks.resources(name) == {"Always": "CREATE_COMPLETE"} and stacks.outputs(name) == {}
    stacks.update(name, what, Parameters=parameters(Want="yes"))
    assert stacks.outputs(name) == {"There": stacks.physical(name, "Sometimes")}
    stacks.update(name, what, Parameters=parameters(Want="no"))
    assert stacks.resources(name) == {"Always": "CREATE_COMPLETE"} and len(others.groups(name)) == 1


# --- an update that fails


def test_a_failed_update_restores_everything(stacks, others):
    name = unique("restore")

    def what(days: int, key: str, word: str, **more: Any) -> dict[str, Any]:
        return template(
            {
                "Log": group({"RetentionInDays": days}),
                "Rows": table(key),
                "Run": resource("Lambda::Function", {**FUNCTION, "Environment": {"Variables": {"ROWS": ref("Rows"), "WORD": word}}}),
                **more,
            },
            {"Rows": ref("Rows"), "Word": word},
            Parameters={"P": {"Type": "String"}},
        )

    stacks.create(name, what(1, "id", "old"), Parameters=parameters(P="old"), Tags=[{"Key": "k", "Value": "old"}])
    log, rows, run = (stacks.physical(name, logical) for logical in ("Log", "Rows", "Run"))
    outputs = stacks.outputs(name)
    bad = what(3, "key", "new", More=group(), Bad=refused(DependsOn=["Log", "Rows", "Run", "More"]))
    told = stacks.update(
        name, bad, ends="UPDATE_ROLLBACK_COMPLETE", Parameters=parameters(P="new"), Tags=[{"Key": "k", "Value": "new"}])  # fmt: skip
    assert (name, "UPDATE_ROLLBACK_IN_PROGRESS", "The following resource(s) failed to create: [Bad]. ") in stacks.events(name)
    assert [s for s in stacks.statuses(name, name) if s.startswith("UPDATE")] == [
        "UPDATE_IN_PROGRESS", "UPDATE_ROLLBACK_IN_PROGRESS", "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
        "UPDATE_ROLLBACK_COMPLETE",
    ]  # fmt: skip
    # The table of before was never gone; the one that was to replace it is.
    assert others.tables(name) == [rows] and others.groups(name) == [log]
    assert [stacks.physical(name, logical) for logical in ("Log", "Rows", "Run")] == [log, rows, run]
    assert stacks.resources(name) == dict.fromkeys(("Log", "Rows", "Run"), "UPDATE_COMPLETE")
    assert others.logs.describe_log_groups(logGroupNamePrefix=log)["logGroups"][0]["retentionInDays"] == 1
    variables = others.functions.get_function_configuration(FunctionName=run)["Environment"]["Variables"]
    assert variables == {"ROWS": rows, "WORD": "old"}
    assert told["Parameters"] == parameters(P="old") and told["Tags"] == [{"Key": "k", "Value": "old"}]
    assert stacks.outputs(name) == outputs
    assert stacks.api.get_template(StackName=name)["TemplateBody"]["Outputs"]["Word"]["Value"] == "old"
    # And it can be updated again, and goes without a trace.
    stacks.update(name, what(3, "key", "new"), Parameters=parameters(P="new"))
    stacks.delete(name)
    assert others.tables(name) == others.groups(name) == []


def test_a_replacement_that_fails_half_way(stacks, others):
    name = unique("halfway")
    stacks.create(name, template({"Runner": role({"Path": "/one/"})}))
    old = stacks.physical(name, "Runner")
    stacks.update(name, template({"Runner": half_made_role({"Path": "/two/"})}), ends="UPDATE_ROLLBACK_COMPLETE")
    assert others.roles(name) == [old] == [stacks.physical(name, "Runner")]
    assert others.iam.get_role(RoleName=old)["Role"]["Path"] == "/one/"
    assert stacks.resources(name) == {"Runner": "UPDATE_COMPLETE"}
    stacks.delete(name)
    assert others.roles(name) == []


def test_a_failed_update_is_left_as_it_failed_and_rolled_back_on_demand(stacks, others):
    name = unique("ondemand")
    before = template({"Rows": table("id"), "Log": group({"RetentionInDays": 1})})
    stacks.create(name, before)
    rows = stacks.physical(name, "Rows")
    bad = template({"Rows": table("key"), "Log": group({"RetentionInDays": 3}), "Bad": refused(DependsOn=["Rows", "Log"])})
    stacks.update(name, bad, ends="UPDATE_FAILED", DisableRollback=True)
    assert len(others.tables(name)) == 2
    stacks.api.rollback_stack(StackName=name)
    stacks.await_end(name, "UPDATE_ROLLBACK_COMPLETE")
    assert others.tables(name) == [rows] == [stacks.physical(name, "Rows")]
    assert others.logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"][0]["retentionInDays"] == 1
    assert stacks.resources(name).keys() == {"Rows", "Log"}


def test_a_failed_update_is_left_as_it_failed_and_mended(stacks, others):
    name = unique("mended")
    stacks.create(name, template({"Rows": table("id")}))
    stacks.update(name, template({"Rows": table("key"), "Bad": refused(DependsOn="Rows")}), ends="UPDATE_FAILED", DisableRollback=True)
    new = stacks.physical(name, "Rows")
    stacks.update(name, template({"Rows": table("key"), "Bad": bucket(DependsOn="Rows")}))
    assert others.tables(name) == [new] == [stacks.physical(name, "Rows")]
    stacks.delete(name)
    assert others.tables(name) == []


def test_a_failed_update_that_was_left_is_deleted_whole(stacks, others):
    name = unique("whole")
    stacks.create(name, template({"Rows": table("id")}))
    stacks.update(name, template({"Rows": table("key"), "Bad": refused(DependsOn="Rows")}), ends="UPDATE_FAILED", DisableRollback=True)
    assert len(others.tables(name)) == 2
    stacks.delete(name)
    assert others.tables(name) == []


def test_a_rollback_that_fails_is_continued(stacks, others):
    name = unique("continued")
    what = {"Runner": role({"Description": "old", "RoleName": name}), "Log": group({"RetentionInDays": 1})}
    stacks.create(name, template(what))
    changed = {"Runner": role({"Description": "new", "RoleName": name}), "Log": group({"RetentionInDays": 3})}
    links = chain(60, after="Runner")
    stacks.begin_update(name, template({**changed, **links, "Bad": refused(DependsOn="Link59")}))
    wait_until(lambda: "UPDATE_COMPLETE" in stacks.statuses(name, "Runner"), every_s=0.01)
    others.iam.delete_role(RoleName=name)
    told = stacks.await_end(name, "UPDATE_ROLLBACK_FAILED")
    assert told["StackStatusReason"] == "The following resource(s) failed to update: [Runner]. "
    assert refusal(stacks.begin_update, name=name, what=template(what))[1].endswith(
        "is in UPDATE_ROLLBACK_FAILED state and can not be updated.")  # fmt: skip
    stacks.api.continue_update_rollback(StackName=name)
    stacks.await_end(name, "UPDATE_ROLLBACK_FAILED")
    stacks.api.continue_update_rollback(StackName=name, ResourcesToSkip=["Runner"])
    stacks.await_end(name, "UPDATE_ROLLBACK_COMPLETE")
    assert stacks.resources(name) == {"Runner": "UPDATE_COMPLETE", "Log": "UPDATE_COMPLETE"}
    assert others.logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"][0]["retentionInDays"] == 1
    assert len(others.groups(name)) == 1
    assert refusal(stacks.api.continue_update_rollback, StackName=name)[0] == "ValidationError"


def test_an_update_is_cancelled(stacks, others):
    name = unique("cancelled")
    stacks.create(name, template({"First": group({"RetentionInDays": 1})}))
    stacks.begin_update(name, template({"First": group({"RetentionInDays": 3}), **chain(150, after="First")}))
    stacks.api.cancel_update_stack(StackName=name)
    stacks.await_end(name, "UPDATE_ROLLBACK_COMPLETE")
    assert (name, "UPDATE_ROLLBACK_IN_PROGRESS", "User Initiated") in stacks.events(name)
    assert others.groups(name) == [stacks.physical(name, "First")]
    assert "Link149" not in {event[0] for event in stacks.events(name)}
    assert refusal(stacks.api.cancel_update_stack, StackName=name) == (
        "ValidationError", "CancelUpdateStack cannot be called from current stack status")  # fmt: skip


# --- under way


def test_a_stack_under_way_takes_no_update(stacks, others):
    name = unique("busy")
    arn = stacks.begin(name, template(chain(150)))
    assert refusal(stacks.begin_update, name=name, what=template({"A": group()})) == (
        "ValidationError", f"Stack:{arn} is in CREATE_IN_PROGRESS state and can not be updated.")  # fmt: skip
    code, message = refusal(
        stacks.api.create_change_set, StackName=name, ChangeSetName="c", TemplateBody=json.dumps(template({"A": group()})))  # fmt: skip
    assert (code, message) == ("ValidationError", f"Stack:{arn} is in CREATE_IN_PROGRESS state and can not be updated.")
    # Deleted while it is made: what was made goes, the rest never comes.
    stacks.api.delete_stack(StackName=name)
    stacks.await_end(arn, "DELETE_COMPLETE")
    assert others.groups(name) == []
    assert stacks.statuses(arn, name) == ["CREATE_IN_PROGRESS", "DELETE_IN_PROGRESS", "DELETE_COMPLETE"]
    assert "Link149" not in {event[0] for event in stacks.events(arn)}


def test_a_stack_that_is_updated_is_not_deleted(stacks):
    name = unique("updating")
    arn = stacks.create(name, template({"First": group()}))["StackId"]
    stacks.begin_update(name, template({"First": group(), **chain(150)}))
    assert refusal(stacks.api.delete_stack, StackName=name) == (
        "ValidationError", f"Stack [{arn}] cannot be deleted while in status UPDATE_IN_PROGRESS")  # fmt: skip
    stacks.await_end(name, "UPDATE_COMPLETE")
    stacks.delete(name)


# --- deletion


def test_deletion_goes_backwards_and_the_stack_stays_known_by_its_arn(stacks, others):
    name = unique("deleted")
    stacks.create(name, template({"A": group(), "B": group(DependsOn="A"), "C": role({"Description": ref("B")})}))
    told = stacks.delete(name)
    gone = [e[0] for e in stacks.events(told["StackId"]) if e[1] == "DELETE_COMPLETE"]
    assert gone == ["C", "B", "A", name] and others.groups(name) == others.roles(name) == []
    assert told["DeletionTime"] >= told["CreationTime"]
    assert refusal(stacks.api.describe_stacks, StackName=name)[0] == "ValidationError"
    assert set(stacks.resources(told["StackId"]).values()) == {"DELETE_COMPLETE"}
    listed = stacks.api.list_stacks(StackStatusFilter=["DELETE_COMPLETE"])["StackSummaries"]
    assert [s["StackId"] for s in listed if s["StackName"] == name] == [told["StackId"]]
    assert name not in {s["StackName"] for s in stacks.api.list_stacks(StackStatusFilter=["CREATE_COMPLETE"])["StackSummaries"]}
    assert name not in {s["StackName"] for s in stacks.api.describe_stacks()["Stacks"]}
    assert refusal(stacks.begin_update, name=told["StackId"], what=template({"A": group()}))[0] == "ValidationError"
    stacks.api.get_waiter("stack_delete_complete").wait(StackName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 3})
    stacks.create(name, template({"A": group()}))
    assert stacks.describe(name)["StackId"] != told["StackId"]


def test_what_cannot_be_deleted_is_retained(stacks, others):
    name = unique("full")
    stacks.create(name, template({"Data": bucket(), "Log": group(), "Before": group(), "Policy": role(DependsOn="Data")}))
    data = stacks.physical(name, "Data")
    others.s3.put_object(Bucket=data, Key="k", Body=b"here")
    assert refusal(stacks.api.delete_stack, StackName=name, RetainResources=["Data"]) == (
        "ValidationError",
        f"Invalid operation on stack [{stacks.describe(name)['StackId']}]. When you delete a stack, specify which "
        "resources to retain only when the stack is in the DELETE_FAILED state.",
    )
    told = stacks.delete(name, ends="DELETE_FAILED")
    assert told["StackStatusReason"] == "The following resource(s) failed to delete: [Data]. "
    assert "The bucket you tried to delete is not empty" in stacks.reason(name, "Data", "DELETE_FAILED")
    assert stacks.resources(name)["Data"] == "DELETE_FAILED" and others.groups(name) == []
    code, message = refusal(stacks.api.delete_stack, StackName=name, RetainResources=["Data", "Log"])
    assert (code, message) == (
        "ValidationError",
        "The specified resources to retain must be in a valid state. Do not specify resources that are in the "
        "DELETE_COMPLETE state.",
    )
    stacks.delete(name, ends="DELETE_FAILED")  # once more, for nothing
    arn = stacks.delete(name, RetainResources=["Data"])["StackId"]
    assert stacks.statuses(arn, "Data")[-1] == "DELETE_SKIPPED"
    assert others.s3.get_object(Bucket=data, Key="k")["Body"].read() == b"here"
    others.s3.delete_object(Bucket=data, Key="k")
    others.s3.delete_bucket(Bucket=data)


def test_what_a_resource_needs_stays_as_long_as_it(stacks, others):
    name = unique("needs")
    stacks.create(name, template({"Log": group(), "Data": bucket({"Tags": [{"Key": "log", "Value": ref("Log")}]})}))
    data = stacks.physical(name, "Data")
    others.s3.put_object(Bucket=data, Key="k", Body=b"here")
    stacks.delete(name, ends="DELETE_FAILED")
    assert stacks.resources(name) == {"Log": "CREATE_COMPLETE", "Data": "DELETE_FAILED"} and len(others.groups(name)) == 1
    others.s3.delete_object(Bucket=data, Key="k")
    stacks.delete(name)
    assert others.groups(name) == []


def test_a_forced_deletion(stacks, others):
    name = unique("forced")
    stacks.create(name, template({"Data": bucket(), "Log": group()}))
    data = stacks.physical(name, "Data")
    others.s3.put_object(Bucket=data, Key="k", Body=b"here")
    stacks.delete(name, ends="DELETE_FAILED")
    arn = stacks.delete(name, DeletionMode="FORCE_DELETE_STACK")["StackId"]
    assert stacks.resources(arn)["Data"] == "DELETE_SKIPPED" and others.buckets(name) == [data]


def test_what_is_gone_already_does_not_hinder(stacks, others):
    name = unique("already")
    stacks.create(name, template({"Data": bucket(), "Rows": table(), "Runner": role(), "Log": group()}))
    others.s3.delete_bucket(Bucket=stacks.physical(name, "Data"))
    others.dynamodb.delete_table(TableName=stacks.physical(name, "Rows"))
    others.iam.delete_role(RoleName=stacks.physical(name, "Runner"))
    others.logs.delete_log_group(logGroupName=stacks.physical(name, "Log"))
    stacks.delete(name)


def test_deletion_policies(stacks, others):
    name = unique("policy")

    def what(policy: str) -> dict[str, Any]:
        return template({"Kept": group(DeletionPolicy=policy), "Goes": group(), "Removed": group(DeletionPolicy="Retain")})

    stacks.create(name, what("Delete"))
    kept, removed = stacks.physical(name, "Kept"), stacks.physical(name, "Removed")
    # A change of the policy alone counts.
    stacks.update(name, template({k: v for k, v in what("Retain")["Resources"].items() if k != "Removed"}))
    assert stacks.statuses(name, "Removed")[-1] == "DELETE_SKIPPED" and removed in others.groups(name)
    arn = stacks.delete(name)["StackId"]
    assert stacks.statuses(arn, "Kept")[-1] == "DELETE_SKIPPED"
    assert sorted(others.groups(name)) == sorted([kept, removed])


@pytest.mark.parametrize(("policy", "stays"), [("Retain", True), ("RetainExceptOnCreate", False), ("Delete", False)])
def test_deletion_policies_of_what_was_only_just_made(stacks, others, policy, stays):
    name = unique("fresh")
    bad = template({"Kept": group(DeletionPolicy=policy), "Bad": refused(DependsOn="Kept")})
    stacks.create(name, bad, ends="ROLLBACK_COMPLETE")
    assert len(others.groups(name)) == stays
    name = unique("added")
    stacks.create(name, template({"Old": role()}))
    stacks.update(name, template({"Old": role(), **bad["Resources"]}), ends="UPDATE_ROLLBACK_COMPLETE")
    assert len(others.groups(name)) == stays


@pytest.mark.parametrize("policy", ["Retain", "Delete"])
def test_what_was_replaced_stays_where_its_policy_says_so(stacks, others, policy):
    name = unique("replace")
    # The deletion policy is about something else.
    other = {"Retain": "Delete", "Delete": "Retain"}[policy]
    more = {"UpdateReplacePolicy": policy, "DeletionPolicy": other}
    stacks.create(name, template({"Rows": table("id", **more)}))
    old = stacks.physical(name, "Rows")
    stacks.update(name, template({"Rows": table("key", **more)}))
    assert (old in others.tables(name)) == (policy == "Retain")
    assert stacks.physical(name, "Rows") in others.tables(name)


def test_what_an_update_cannot_clean_up_is_let_go(stacks, others):
    name = unique("letgo")
    stacks.create(name, template({"Data": bucket(), "Log": group()}))
    data = stacks.physical(name, "Data")
    others.s3.put_object(Bucket=data, Key="k", Body=b"here")
    told = stacks.update(name, template({"Log": group()}))
    assert told["StackStatusReason"] == "Update successful. One or more resources could not be deleted."
    assert stacks.statuses(name, "Data")[-1] == "DELETE_FAILED"
    assert stacks.resources(name) == {"Log": "CREATE_COMPLETE"}
    stacks.delete(name)
    assert others.buckets(name) == [data]


def test_termination_protection(stacks):
    name = unique("protected")
    stacks.create(name, template({"A": group()}), EnableTerminationProtection=True)
    assert stacks.describe(name)["EnableTerminationProtection"] is True
    code, message = refusal(stacks.api.delete_stack, StackName=name)
    assert code == "ValidationError" and message.startswith(f"Stack [{name}] cannot be deleted while TerminationProtection is enabled")
    arn = stacks.api.update_termination_protection(StackName=name, EnableTerminationProtection=False)["StackId"]
    assert arn == stacks.describe(name)["StackId"]
    stacks.delete(name)


# --- exports and imports


def exporting(name: str, value: Any = "v1", **more: Any) -> dict[str, Any]:
    return template({"Log": group(), **more}, {"Out": {"Value": value, "Export": {"Name": name}}})


def importing(name: Any) -> dict[str, Any]:
    return template({"User": role({"Description": {"Fn::ImportValue": name}})})


def test_exports_are_protected_as_long_as_they_are_used(stacks, others):
    name, user = unique("exports"), unique("imports")
    told = stacks.create(name, exporting(name, ref("Log")))
    (exported,) = [e for e in stacks.api.list_exports()["Exports"] if e["Name"] == name]
    log = stacks.physical(name, "Log")
    assert exported == {"ExportingStackId": told["StackId"], "Name": name, "Value": log}
    assert told["Outputs"][0]["ExportName"] == name
    assert refusal(stacks.api.list_imports, ExportName=name) == (
        "ValidationError", f"Export '{name}' is not imported by any stack.")  # fmt: skip
    what = importing(sub("${Exporter}")) | {"Parameters": {"Exporter": {"Type": "String"}}}
    stacks.create(user, what, Parameters=parameters(Exporter=name))
    assert others.iam.get_role(RoleName=stacks.physical(user, "User"))["Role"]["Description"] == log
    assert stacks.api.list_imports(ExportName=name)["Imports"] == [user]

    assert refusal(stacks.api.delete_stack, StackName=name) == (
        "ValidationError", f"Export {name} cannot be deleted as it is in use by {user}")  # fmt: skip
    stacks.update(name, exporting(name, "another"), ends="UPDATE_ROLLBACK_COMPLETE")
    assert stacks.reason(name, name, "UPDATE_ROLLBACK_IN_PROGRESS") == f"Export {name} cannot be updated as it is in use by {user}"
    stacks.update(name, template({"Log": group()}), ends="UPDATE_ROLLBACK_COMPLETE")
    assert stacks.reason(name, name, "UPDATE_ROLLBACK_IN_PROGRESS") == f"Export {name} cannot be deleted as it is in use by {user}"
    (exported,) = [e for e in stacks.api.list_exports()["Exports"] if e["Name"] == name]
    assert exported["Value"] == log == stacks.outputs(name)["Out"]

    # It does not matter who is gone first, once nobody uses it: not the importing stack, its import.
    stacks.update(user, template({"User": role({"Description": "mine"})}))
    assert refusal(stacks.api.list_imports, ExportName=name)[0] == "ValidationError"
    stacks.update(name, exporting(name, "another"))
    assert stacks.outputs(name)["Out"] == "another"
    stacks.delete(name)
    assert name not in {e["Name"] for e in stacks.api.list_exports()["Exports"]}


def test_an_import_that_is_not_there(stacks, others):
    name = unique("noimport")
    stacks.create(name, importing("nobody-exports-this"), ends="ROLLBACK_COMPLETE")
    assert stacks.reason(name, name, "ROLLBACK_IN_PROGRESS") == (
        "No export named nobody-exports-this found. Rollback requested by user.")  # fmt: skip
    assert others.roles(name) == []


def test_an_export_that_another_stack_has(stacks, others):
    name, second = unique("mine"), unique("second")
    stacks.create(name, exporting(name))
    stacks.create(second, exporting(name, "v2"), ends="ROLLBACK_COMPLETE")
    assert stacks.reason(second, second, "ROLLBACK_IN_PROGRESS") == (
        f"Export with name {name} is already exported by stack {name}. Rollback requested by user.")  # fmt: skip
    assert others.groups(second) == []
    (exported,) = [e for e in stacks.api.list_exports()["Exports"] if e["Name"] == name]
    assert exported["Value"] == "v1"


def test_a_rolled_back_update_still_has_its_imports(stacks):
    name, user = unique("keeps"), unique("keeper")
    stacks.create(name, exporting(name))
    stacks.create(user, importing(name))
    stacks.update(
        user, template({"User": role({"Description": "mine"}), "Bad": refused(DependsOn="User")}), ends="UPDATE_ROLLBACK_COMPLETE")  # fmt: skip
    assert stacks.api.list_imports(ExportName=name)["Imports"] == [user]
    stacks.delete(user)
    stacks.delete(name)


# --- properties and tags


def test_properties_that_change_nothing_here_are_kept_and_shown(stacks, others):
    name = unique("props")
    full = {
        "BucketEncryption": {"ServerSideEncryptionConfiguration": [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]},
        "PublicAccessBlockConfiguration": {"BlockPublicAcls": True, "BlockPublicPolicy": "true"},
        "LifecycleConfiguration": {"Rules": [{"Id": "old", "Status": "Enabled", "Prefix": "tmp/", "ExpirationInDays": "7"}]},
        "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
        "VersioningConfiguration": {"Status": "Enabled"},
        "CorsConfiguration": {"CorsRules": [{"AllowedMethods": ["GET"], "AllowedOrigins": ["*"]}]},
        "Tags": [{"Key": "own", "Value": "yes"}],
        "MetricsConfigurations": [{"Id": "whole"}],
        "AccelerateConfiguration": {"AccelerationStatus": "Enabled"},
    }
    function = {**FUNCTION, "TracingConfig": {"Mode": "Active"}, "Timeout": "30", "MemorySize": 256, "Description": "d",
                "Environment": {"Variables": {"KEY": "v"}}, "ReservedConcurrentExecutions": 2}  # fmt: skip
    rows = {"PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True}, "SSESpecification": {"SSEEnabled": True},
            "TimeToLiveSpecification": {"AttributeName": "until", "Enabled": True}}  # fmt: skip
    machine = {
        "RoleArn": "arn:aws:iam::000000000000:role/machine",
        "DefinitionString": json.dumps({"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}}),
        "TracingConfiguration": {"Enabled": True},
    }
    stacks.create(name, template({
        "Data": bucket(full), "Run": resource("Lambda::Function", function), "Rows": table("id", rows),
        "Machine": resource("StepFunctions::StateMachine", machine),
    }))  # fmt: skip
    data, run, kept = (stacks.physical(name, logical) for logical in ("Data", "Run", "Rows"))
    shown = [e["ResourceProperties"] for e in stacks.raw_events(name) if e["LogicalResourceId"] == "Data"]
    assert json.loads(shown[0]) == {**full, "BucketName": data}
    assert others.s3.get_bucket_encryption(Bucket=data)["ServerSideEncryptionConfiguration"]["Rules"]
    assert others.s3.get_public_access_block(Bucket=data)["PublicAccessBlockConfiguration"]["BlockPublicPolicy"] is True
    assert others.s3.get_bucket_lifecycle_configuration(Bucket=data)["Rules"][0]["Expiration"] == {"Days": 7}
    assert others.s3.get_bucket_versioning(Bucket=data)["Status"] == "Enabled"
    assert others.functions.get_function_configuration(FunctionName=run)["TracingConfig"] == {"Mode": "Active"}
    # Taken out of the template, each is as if it had never been asked for.
    stacks.update(name, template({
        "Data": bucket(), "Run": resource("Lambda::Function", FUNCTION), "Rows": table("id"),
        "Machine": resource("StepFunctions::StateMachine", {k: v for k, v in machine.items() if k != "TracingConfiguration"}),
    }))  # fmt: skip
    assert [stacks.physical(name, logical) for logical in ("Data", "Run", "Rows")] == [data, run, kept]
    assert refusal(others.s3.get_public_access_block, Bucket=data)[0] == "NoSuchPublicAccessBlockConfiguration"
    assert refusal(others.s3.get_bucket_lifecycle_configuration, Bucket=data)[0] == "NoSuchLifecycleConfiguration"
    assert refusal(others.s3.get_bucket_cors, Bucket=data)[0] == "NoSuchCORSConfiguration"
    assert refusal(others.s3.get_bucket_tagging, Bucket=data)[0] == "NoSuchTagSet"
    assert others.s3.get_bucket_versioning(Bucket=data)["Status"] == "Suspended"
    told = others.functions.get_function(FunctionName=run)
    configuration = told["Configuration"]
    assert (configuration["Timeout"], configuration["MemorySize"], configuration["Description"]) == (3, 128, "")
    assert configuration["TracingConfig"] == {"Mode": "PassThrough"} and "Concurrency" not in told
    assert configuration.get("Environment", {}).get("Variables", {}) == {}
    assert others.dynamodb.describe_time_to_live(TableName=kept)["TimeToLiveDescription"]["TimeToLiveStatus"] == "DISABLED"
    backups = others.dynamodb.describe_continuous_backups(TableName=kept)["ContinuousBackupsDescription"]
    assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "DISABLED"


TAGGED = {
    "Data": bucket(), "Rows": table(), "Runner": role(), "Log": group(),
    "Run": resource("Lambda::Function", FUNCTION),
    "Machine": resource("StepFunctions::StateMachine", {
        "RoleArn": "arn:aws:iam::000000000000:role/machine",
        "Definition": {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}},
    }),
}  # fmt: skip


def tags_seen(server: Server, stacks: Stacks, others: Others, name: str) -> dict[str, dict[str, str]]:
    def named(tags: list[dict[str, str]], key: str = "Key", value: str = "Value") -> dict[str, str]:
        return {tag[key]: tag[value] for tag in tags if not tag[key].startswith("aws:")}

    at = {logical: stacks.physical(name, logical) for logical in TAGGED}
    region = "us-east-1:000000000000"
    machine = server.client("stepfunctions").list_tags_for_resource(resourceArn=at["Machine"])["tags"]
    try:
        data = others.s3.get_bucket_tagging(Bucket=at["Data"])["TagSet"]
    except ClientError:
        data = []
    return {
        "Data": named(data),
        "Rows": named(others.dynamodb.list_tags_of_resource(ResourceArn=f"arn:aws:dynamodb:{region}:table/{at['Rows']}")["Tags"]),
        "Runner": named(others.iam.list_role_tags(RoleName=at["Runner"])["Tags"]),
        "Log": others.logs.list_tags_for_resource(resourceArn=f"arn:aws:logs:{region}:log-group:{at['Log']}")["tags"],
        "Run": others.functions.list_tags(Resource=f"arn:aws:lambda:{region}:function:{at['Run']}")["Tags"],
        "Machine": named(machine, "key", "value"),
    }


def test_a_stacks_tags_are_its_resources_tags(server, stacks, others):
    name = unique("tags")
    stacks.create(name, template(TAGGED), Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "1"}])
    assert tags_seen(server, stacks, others, name) == dict.fromkeys(TAGGED, {"a": "1", "b": "1"})
    physical = {logical: stacks.physical(name, logical) for logical in TAGGED}
    # Changed tags are an update by themselves: one is changed, one goes, one comes.
    changed = [{"Key": "a", "Value": "2"}, {"Key": "c", "Value": "3"}]
    told = stacks.update(name, template(TAGGED), Tags=changed)
    assert told["Tags"] == changed
    assert tags_seen(server, stacks, others, name) == dict.fromkeys(TAGGED, {"a": "2", "c": "3"})
    assert {logical: stacks.physical(name, logical) for logical in TAGGED} == physical
    # A failed update restores them.
    stacks.update(name, template({**TAGGED, "Bad": refused(DependsOn=list(TAGGED))}), ends="UPDATE_ROLLBACK_COMPLETE",
                  Tags=[{"Key": "z", "Value": "26"}])  # fmt: skip
    assert stacks.describe(name)["Tags"] == changed
    assert tags_seen(server, stacks, others, name) == dict.fromkeys(TAGGED, {"a": "2", "c": "3"})
    stacks.update(name, template(TAGGED), Tags=[])
    assert tags_seen(server, stacks, others, name) == dict.fromkeys(TAGGED, {})


def test_a_managed_policys_document_changes_in_place(stacks, others):
    name = unique("document")

    def what(action: str, users: list[str]) -> dict[str, Any]:
        document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]}
        policy = {"ManagedPolicyName": name, "PolicyDocument": document, "Roles": [ref(u) for u in users]}
        return template({"Policy": resource("IAM::ManagedPolicy", policy), "One": role(), "Two": role()})

    stacks.create(name, what("s3:GetObject", ["One"]))
    arn = stacks.physical(name, "Policy")
    for action in ("s3:PutObject", "s3:ListBucket", "s3:A", "s3:B", "s3:C", "s3:D"):  # a policy holds five versions
        stacks.update(name, what(action, ["Two"]))
    assert stacks.physical(name, "Policy") == arn
    version = others.iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    document = others.iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]
    assert document["Statement"][0]["Action"] == "s3:D"
    attached = {
        logical: others.iam.list_attached_role_policies(RoleName=stacks.physical(name, logical))["AttachedPolicies"]
        for logical in ("One", "Two")
    }
    assert attached["One"] == [] and [p["PolicyArn"] for p in attached["Two"]] == [arn]
    stacks.delete(name)


def test_a_creation_has_a_time_limit(stacks, others):
    name = unique("limit")
    # A minute is the least that can be asked for: it is enough for this one.
    stacks.create(name, template({"A": group()}), TimeoutInMinutes=1)
    assert stacks.describe(name)["TimeoutInMinutes"] == 1
