"""A stack is made, fails to be updated, is updated with a replacement and is deleted by a server that kills itself again
and again at a named point, in the recovery too. Each step ends as on a server that was left alone: the same events, each
resource made once, nothing left over."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from tests.support.server import Server
from tests.support.stacks import (
    Others,
    Stacks,
    att,
    bucket,
    group,
    ref,
    refused,
    resource,
    role,
    sub,
    table,
    template,
)

NAME = "crash"
LIMIT_S = 60
# A server is armed anew at each start, until it has died so often: then it may end.
DEATHS_MAX = 9
# Which passing kills. With 1 there is no progress before the last start, with more there is a little each time.
DEATHS = [
    *(f"store.before_commit:{n}" for n in (2, 3, 5, 8)),
    *(f"store.after_commit:{n}" for n in (2, 3, 5)),
    *(f"api.before_answer:{n}" for n in (1, 2)),
    *(f"engine.before_issue:{n}" for n in (1, 2, 3, 5)),
]


def what(key: str, **more: Any) -> dict[str, Any]:
    """All kinds of resources; the table's key decides whether it is another table."""
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "dynamodb:*", "Resource": att("Rows", "Arn")}]}
    function = {
        "Role": att("Runner", "Arn"), "Runtime": "python3.12", "Handler": "index.handler",
        "Code": {"ZipFile": f"def handler(event, context):\n    return {key!r}\n"},
        "Environment": {"Variables": {"ROWS": ref("Rows")}},
    }  # fmt: skip
    machine = {
        "RoleArn": att("Runner", "Arn"),
        "Definition": {"StartAt": "Call", "States": {"Call": {"Type": "Task", "Resource": "${Run}", "End": True}}},
        "DefinitionSubstitutions": {"Run": att("Run", "Arn")},
    }
    resources = {
        "Data": bucket({"VersioningConfiguration": {"Status": "Enabled"}}),
        "Rows": table(key),
        "Runner": role({"Policies": [{"PolicyName": "rows", "PolicyDocument": policy}], "Description": sub("of ${Data}")}),
        "Run": resource("Lambda::Function", function),
        "Machine": resource("StepFunctions::StateMachine", machine),
    }
    exported = {"Value": ref("Data"), "Export": {"Name": sub("${AWS::StackName}-data")}}
    return template({**resources, **more}, {"Rows": ref("Rows"), "Machine": ref("Machine"), "Data": exported})


FIRST = what("id", Old=group())
BROKEN = what("key", New=group(), Bad=refused(DependsOn=["Rows", "Run", "Machine", "New"]))
SECOND = what("key", New=group())


class Life:
    """The stack's, on a server that may die at any moment."""

    def __init__(self, server: Server, death: str | None) -> None:
        self.server = server
        self.death = death
        self.deaths = 0
        self.deaths_in_step: list[int] = []

    def start(self) -> None:
        while True:
            self.server.start(crash_at=self.death if self.deaths < DEATHS_MAX else None)
            if self.server.process and self.server.process.poll() is None and self.server.healthy():
                return
            self.mourn()

    def mourn(self) -> None:
        assert self.server.wait_for_death(10), "it answers no more and is alive"
        self.deaths += 1

    def insist(self, call: Callable[[], Any], is_done: Callable[[], bool] | None = None) -> Any:
        """Makes the call until it is answered. `is_done`: whether a call whose answer was lost has been heard."""
        limit = time.monotonic() + LIMIT_S
        while time.monotonic() < limit:
            try:
                return call()
            except BotoCoreError:
                self.mourn()
                self.start()
                if is_done and self.insist(is_done):
                    return None
        raise AssertionError(f"not answered within {LIMIT_S} s")

    def step(self, token: str, ends: str, begin: Callable[[Stacks], Any]) -> dict[str, Any]:
        """Begins an operation, once, waits for its end, and tells what is to be seen then."""
        before = self.deaths

        def is_heard() -> bool:
            try:
                return any(e.get("ClientRequestToken") == token for e in Stacks(self.server).raw_events(self.arn or NAME))
            except ClientError:
                return False  # there is no such stack yet

        made = self.insist(lambda: begin(Stacks(self.server)), is_heard)
        self.arn = self.arn or made or self.insist(lambda: Stacks(self.server).describe(NAME)["StackId"])
        limit = time.monotonic() + LIMIT_S
        while (seen := self.insist(lambda: Stacks(self.server).describe(self.arn))["StackStatus"]).endswith("_IN_PROGRESS"):
            assert time.monotonic() < limit, f"{token}: still {seen}\n{self.server.log.read_text()[-3000:]}"
            time.sleep(0.03)
        assert seen == ends, (token, self.insist(lambda: Stacks(self.server).events(self.arn)))
        self.deaths_in_step.append(self.deaths - before)
        return self.insist(self.picture)

    arn: str = ""

    def picture(self) -> dict[str, Any]:
        """The stack and its resources, with physical ids that are numbered as they come."""
        stacks, others = Stacks(self.server), Others(self.server)
        names: dict[str, str] = {self.arn: "<stack>"}
        numbers: dict[str, int] = {}
        by_resource: dict[str, list[tuple[str, str, str]]] = {}
        for event in stacks.raw_events(self.arn):
            logical, physical = event["LogicalResourceId"], event["PhysicalResourceId"]
            if physical and physical not in names:
                numbers[logical] = numbers.get(logical, 0) + 1
                names[physical] = f"<{logical} {numbers[logical]}>"
            told = (event["ResourceStatus"], event.get("ResourceStatusReason", ""), names.get(physical, ""))
            by_resource.setdefault(logical, []).append(told)
        rows = stacks.api.describe_stack_resources(StackName=self.arn)["StackResources"]
        told = stacks.describe(self.arn)
        functions = [f["FunctionName"] for f in others.functions.list_functions()["Functions"]]
        machines = self.server.client("stepfunctions").list_state_machines()["stateMachines"]
        seen = {
            "events": by_resource,
            "rows": {r["LogicalResourceId"]: (r["ResourceStatus"], r.get("PhysicalResourceId")) for r in rows},
            "outputs": told.get("Outputs"),
            "exports": [(e["Name"], e["Value"]) for e in stacks.api.list_exports()["Exports"]],
            "buckets": {b: others.s3.get_bucket_versioning(Bucket=b).get("Status") for b in others.buckets(NAME)},
            "tables": {t: others.dynamodb.describe_table(TableName=t)["Table"]["KeySchema"] for t in others.tables(NAME)},
            "roles": {r: others.iam.get_role_policy(RoleName=r, PolicyName="rows")["PolicyDocument"] for r in others.roles(NAME)},
            "groups": sorted(others.groups(NAME)),
            "functions": {f: others.functions.get_function_configuration(FunctionName=f)["Environment"] for f in functions},
            "code": [others.functions.get_function_configuration(FunctionName=f)["CodeSha256"] for f in functions],
            "machines": [m["stateMachineArn"] for m in machines],
        }
        text = json.dumps(seen)
        for physical in sorted(names, key=len, reverse=True):  # one may be a part of another
            text = text.replace(physical, names[physical])
        return json.loads(text)

    def run(self) -> list[dict[str, Any]]:
        self.start()
        capable = {"StackName": NAME, "Capabilities": ["CAPABILITY_IAM"]}

        def update(to: dict[str, Any], token: str) -> Callable[[Stacks], Any]:
            return lambda s: s.api.update_stack(TemplateBody=json.dumps(to), ClientRequestToken=token, **capable)["StackId"]

        return [
            self.step("first", "CREATE_COMPLETE",
                      lambda s: s.api.create_stack(TemplateBody=json.dumps(FIRST), ClientRequestToken="first", **capable)["StackId"]),
            self.step("broken", "UPDATE_ROLLBACK_COMPLETE", update(BROKEN, "broken")),
            self.step("second", "UPDATE_COMPLETE", update(SECOND, "second")),
            self.step("gone", "DELETE_COMPLETE", lambda s: s.api.delete_stack(StackName=self.arn, ClientRequestToken="gone")),
        ]  # fmt: skip


STEPS = ("created", "rolled back", "updated", "deleted")


@pytest.fixture(scope="module")
def undisturbed() -> list[dict[str, Any]]:
    with Server() as server:
        pictures = Life(server, None).run()
    created, rolled_back, updated, deleted = pictures
    assert len(created["rows"]) == 6 and created["exports"] == [[f"{NAME}-data", "<Data 1>"]]
    assert rolled_back["tables"] == created["tables"] and rolled_back["code"] == created["code"]
    assert list(updated["tables"]) == ["<Rows 3>"] and updated["machines"] == ["<Machine 1>"]
    for kind in ("buckets", "tables", "roles", "groups", "functions", "machines", "exports"):
        assert not deleted[kind], kind
    return pictures


@pytest.mark.parametrize("death", DEATHS)
def test_a_stack_ends_as_if_the_server_had_not_died(fresh_server: Server, undisturbed: list[dict[str, Any]], death: str) -> None:
    life = Life(fresh_server, death)
    pictures = life.run()
    assert life.deaths > 0, f"{death} was never passed: the test did not test"
    for step, seen, expected in zip(STEPS, pictures, undisturbed, strict=True):
        assert seen == expected, f"{step}, after {life.deaths_in_step} deaths"


@pytest.mark.parametrize("step", range(len(STEPS)), ids=STEPS)
def test_each_step_dies_at_some_point(fresh_server: Server, undisturbed: list[dict[str, Any]], step: int) -> None:
    """The same with a server that is armed for one step alone."""
    life = Life(fresh_server, None)
    pictures = []
    original = life.step

    def armed(token: str, ends: str, begin: Callable[[Stacks], Any]) -> dict[str, Any]:
        if len(pictures) == step:
            life.server.stop()
            life.death = "store.after_commit:4"
            life.start()
        else:
            life.death = None
        pictures.append(None)
        return original(token, ends, begin)

    life.step = armed  # type: ignore[method-assign]
    pictures_seen = life.run()
    assert life.deaths_in_step[step] > 0
    assert pictures_seen == undisturbed
