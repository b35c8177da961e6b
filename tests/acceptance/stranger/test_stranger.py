"""Another loop of the same kind, as someone writes it who knows AWS and not this program: turbines.yaml.

Nothing here is of this program: with credentials of AWS in the environment and no AWS_ENDPOINT_URL, the same tests run
there. The tests of the module share one stack and run in the order of the file.
"""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from boto3.dynamodb.conditions import Key
from botocore.exceptions import ClientError, WaiterError

from tests.acceptance.stranger.readings import TURBINES, week_of_readings

HERE = Path(__file__).resolve().parent
TEMPLATE = HERE / "turbines.yaml"
STACK = "turbines"
WEEKS = range(8)
BEFORE, AFTER, LATER = [0, 1, 2], [4, 5, 6], [7]  # of the gearboxes' replacement in week 4
WAIT_S = 1 if os.environ.get("AWS_ENDPOINT_URL") else 5


def aws_cli(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("aws")), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def deploy(*overrides: str) -> str:
    """Deploys as people do, with the AWS CLI: a change set, a waiter, and again when something has changed."""
    done = aws_cli(
        "cloudformation", "deploy", "--stack-name", STACK, "--template-file", str(TEMPLATE), "--capabilities",
        "CAPABILITY_NAMED_IAM", "--no-fail-on-empty-changeset", "--tags", "made-by=stranger",
        *(("--parameter-overrides", *overrides) if overrides else ()),
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def outputs(server: Any) -> Iterator[dict[str, str]]:
    """The stack, with its lake full of readings."""
    deploy("Project=turbines", "MinimumAuc=0.75")
    stack = boto3.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"][0]
    told = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    lake = boto3.resource("s3").Bucket(told["LakeName"])
    for week in WEEKS:
        lake.put_object(Key=f"readings/week-{week:02}.csv", Body=week_of_readings(week).encode())
    yield told


def execute(machine: str, given: dict[str, Any]) -> dict[str, Any]:
    """Runs an execution to its end and describes it, its output parsed."""
    states = boto3.client("stepfunctions")
    started = states.start_execution(stateMachineArn=machine, name=f"t-{uuid.uuid4().hex}", input=json.dumps(given))
    while True:
        told = states.describe_execution(executionArn=started["executionArn"])
        if told["status"] != "RUNNING":
            return told | {"output": json.loads(told.get("output") or "null")}
        time.sleep(WAIT_S / 10)


def history(execution: dict[str, Any]) -> list[dict[str, Any]]:
    pages = boto3.client("stepfunctions").get_paginator("get_execution_history").paginate(
        executionArn=execution["executionArn"]
    )
    return [event for page in pages for event in page["events"]]


def entered(execution: dict[str, Any]) -> list[str]:
    return [e["stateEnteredEventDetails"]["name"] for e in history(execution) if "stateEnteredEventDetails" in e]


def versions(outputs: dict[str, str]) -> list[dict[str, Any]]:
    """What is recorded, through boto3's resource API: numbers are numbers."""
    table = boto3.resource("dynamodb").Table(outputs["VersionsName"])
    condition = Key("Project").eq("turbines") & Key("Version").gt(0)
    return table.query(KeyConditionExpression=condition, ConsistentRead=True)["Items"]


def lines(bucket: str, prefix: str) -> list[list[float]]:
    found = sorted(boto3.resource("s3").Bucket(bucket).objects.filter(Prefix=prefix), key=lambda o: o.key)
    text = b"".join(o.get()["Body"].read() for o in found).decode()
    return [[float(value) for value in row] for row in csv.reader(text.splitlines())]


def area_under_curve(truth: list[float], score: list[float]) -> float:
    bad = [s for s, t in zip(score, truth) if t]
    good = [s for s, t in zip(score, truth) if not t]
    return sum((b > g) + (b == g) / 2 for b in bad for g in good) / (len(bad) * len(good))


# --- before anything is fitted


def test_there_is_nothing_to_watch_at_first(outputs):
    execution = execute(outputs["WatchArn"], {"weeks": BEFORE, "fresh": AFTER})
    assert (execution["status"], execution["error"]) == ("FAILED", "NothingToWatch")
    assert execution["cause"] == "no version of this project has been fitted"


@pytest.mark.parametrize(
    ("given", "error", "cause"),
    [
        ({"weeks": [0, 1, 40]}, "NoReadings", "there are no readings of the weeks 40"),
        ({"weeks": BEFORE, "params": {"max_depth": "deep"}}, "States.TaskFailed", "Hyperparameter max_depth"),
    ],
)
def test_a_fit_that_fails_says_why_and_records_nothing(outputs, given, error, cause):
    execution = execute(outputs["FitArn"], given)
    assert (execution["status"], execution["error"]) == ("FAILED", error)
    assert cause in execution["cause"]
    assert entered(execution)[-2:] == ["Note failure", "Give up"]
    assert versions(outputs) == []


# --- the loop


def test_a_first_version_is_fitted_and_a_function_that_is_not_ready_is_tried_again(outputs):
    execution = execute(outputs["FitArn"], {"weeks": BEFORE, "flaky": True})
    assert (execution["status"], execution["output"]) == ("SUCCEEDED", {"version": 1}), execution
    failures = [e["lambdaFunctionFailedEventDetails"] for e in history(execution) if e["type"] == "LambdaFunctionFailed"]
    assert [f["error"] for f in failures] == ["NotYet", "NotYet"]
    assert [json.loads(f["cause"])["errorMessage"] for f in failures] == ["try 1", "try 2"]
    (version,) = versions(outputs)
    assert (version["Version"], json.loads(version["Weeks"]), version["HeldOut"]) == (1, BEFORE, 2)
    assert version["Usable"] is True and version["Execution"] == execution["name"]
    job = boto3.client("sagemaker").describe_training_job(TrainingJobName=version["Model"])
    metrics = {metric["MetricName"]: metric["Value"] for metric in job["FinalMetricDataList"]}
    assert float(version["Auc"]) == pytest.approx(metrics["validation:auc"], abs=1e-6)
    assert job["HyperParameters"] == {
        "objective": "binary:logistic", "eval_metric": "auc", "num_round": "20", "max_depth": "3",
    }  # fmt: skip


def test_a_version_that_is_there_is_not_overwritten(outputs):
    before = versions(outputs)
    execution = execute(outputs["FitArn"], {"weeks": BEFORE, "version": 1})
    assert (execution["status"], execution["error"]) == ("FAILED", "VersionTaken")
    assert execution["cause"] == "version 1 of turbines is there already"
    assert entered(execution)[-3:] == ["Take it", "Record", "Taken"]
    assert versions(outputs) == before


def test_it_is_still_good_before_the_replacement(outputs):
    execution = execute(outputs["WatchArn"], {"weeks": [3], "fresh": AFTER})
    assert execution["status"] == "SUCCEEDED", f"{execution.get('error')}: {execution.get('cause')}"
    assert execution["output"]["grade"]["auc"] > 0.75 and "again" not in execution["output"]
    assert entered(execution) == [
        "Latest", "Is there any?", "Pick", "Settle", "Prepare", "Score", "Grade", "Stamp", "Has it drifted?",
        "Still good", "Done",
    ]  # fmt: skip


def test_it_has_drifted_after_the_replacement_and_is_fitted_again(outputs):
    execution = execute(outputs["WatchArn"], {"weeks": [5, 6], "fresh": AFTER})
    assert execution["status"] == "SUCCEEDED", f"{execution.get('error')}: {execution.get('cause')}"
    assert execution["output"]["grade"]["auc"] < 0.75
    assert execution["output"]["again"] == {"version": 2}
    assert entered(execution)[-3:] == ["Has it drifted?", "Fit again", "Done"]
    first, second = versions(outputs)
    # Graded twice by now, on week 3 and on weeks 5 and 6.
    assert (first["Rows"], json.loads(second["Weeks"])) == (3 * TURBINES, AFTER)


def test_the_new_version_is_good_and_its_grade_is_what_the_files_say(outputs):
    execution = execute(outputs["WatchArn"], {"weeks": LATER, "fresh": AFTER})
    grade = execution["output"]["grade"]
    scored = next(e for e in history(execution) if e["type"] == "TaskSucceeded" and "TransformJobName" in
                  e["taskSucceededEventDetails"]["output"])  # fmt: skip
    job = json.loads(scored["taskSucceededEventDetails"]["output"])
    bucket, folder = job["TransformOutput"]["S3OutputPath"].removeprefix("s3://").rsplit("/", 1)[0].split("/", 1)
    truth = [row[0] for row in lines(bucket, f"{folder}/truth/")]
    score = [row[0] for row in lines(bucket, f"{folder}/scores/")]
    assert len(truth) == len(score) == grade["rows"] == TURBINES
    assert grade["auc"] == pytest.approx(area_under_curve(truth, score)) and grade["auc"] > 0.75
    assert grade["accuracy"] == pytest.approx(sum((s > 0.5) == bool(t) for s, t in zip(score, truth)) / len(truth))


def test_what_a_function_prints_can_be_read(outputs):
    events = boto3.client("logs").filter_log_events(logGroupName="/aws/lambda/turbines-lab-prepare")["events"]
    assert any(event["message"].startswith(f"weeks {BEFORE} for fits/") for event in events)


# --- the environment is what the template says


def test_the_bucket_is_as_it_was_described(outputs):
    s3, name = boto3.client("s3"), outputs["LakeName"]
    assert name.startswith("turbines-lab-")
    assert s3.get_bucket_versioning(Bucket=name)["Status"] == "Enabled"
    (rule,) = s3.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    assert set(s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"].values()) == {True}
    rules = {rule["ID"]: rule for rule in s3.get_bucket_lifecycle_configuration(Bucket=name)["Rules"]}
    assert rules["old-versions"]["NoncurrentVersionExpiration"] == {"NoncurrentDays": 30}
    assert (rules["scores"]["Status"], rules["scores"]["Expiration"]) == ("Disabled", {"Days": 90})
    tags = {tag["Key"]: tag["Value"] for tag in s3.get_bucket_tagging(Bucket=name)["TagSet"]}
    assert (tags["project"], tags["owner"]) == ("turbines", "wind")


def test_an_object_that_is_overwritten_keeps_its_versions(outputs):
    s3, name = boto3.client("s3"), outputs["LakeName"]
    first = s3.put_object(Bucket=name, Key="notes/a.txt", Body=b"one")["VersionId"]
    second = s3.put_object(Bucket=name, Key="notes/a.txt", Body=b"two")["VersionId"]
    assert s3.get_object(Bucket=name, Key="notes/a.txt")["Body"].read() == b"two"
    assert s3.get_object(Bucket=name, Key="notes/a.txt", VersionId=first)["Body"].read() == b"one"
    kept = s3.list_object_versions(Bucket=name, Prefix="notes/a.txt")["Versions"]
    assert [(v["VersionId"], v["IsLatest"]) for v in kept] == [(second, True), (first, False)]


def test_the_table_is_as_it_was_described(outputs):
    table = boto3.client("dynamodb").describe_table(TableName=outputs["VersionsName"])["Table"]
    assert {k["AttributeName"]: k["KeyType"] for k in table["KeySchema"]} == {"Project": "HASH", "Version": "RANGE"}
    assert {a["AttributeName"]: a["AttributeType"] for a in table["AttributeDefinitions"]} == {
        "Project": "S", "Version": "N",
    }  # fmt: skip
    assert table["ProvisionedThroughput"]["ReadCapacityUnits"] == 5


def test_the_functions_are_as_they_were_described(outputs):
    function = boto3.client("lambda").get_function(FunctionName="turbines-lab-prepare")
    settings = function["Configuration"]
    assert settings["FunctionArn"] == outputs["PrepareArn"]
    assert settings["Environment"]["Variables"] == {
        "LAKE": outputs["LakeName"], "FEATURES": "temperature vibration load age",
    }  # fmt: skip
    assert (settings["TracingConfig"]["Mode"], settings["MemorySize"], settings["Timeout"]) == ("Active", 256, 30)
    assert settings["Description"] == "Cuts weeks of readings into what a job reads."
    assert function["Tags"]["project"] == "turbines"
    # A function that the template gives no name has one of the stack's and its own, and something random.
    assert outputs["GradeName"].startswith(f"{STACK}-Grade-")


def test_logs_are_kept_as_long_as_was_said(outputs):
    groups = boto3.client("logs").describe_log_groups(logGroupNamePrefix="/aws/lambda/turbines-lab-prepare")
    assert [group["retentionInDays"] for group in groups["logGroups"]] == [14]


def test_the_machines_are_as_they_were_described(outputs):
    states = boto3.client("stepfunctions")
    fit = states.describe_state_machine(stateMachineArn=outputs["FitArn"])
    assert (fit["name"], fit["tracingConfiguration"]) == ("turbines-lab-fit", {"enabled": True})
    assert outputs["FitName"] == fit["name"]
    definition = json.loads(fit["definition"])
    assert definition["States"]["Prepare"]["Resource"] == outputs["PrepareArn"]
    assert definition["States"]["Fit"]["Parameters"]["ResourceConfig"]["InstanceType"] == "ml.m5.large"
    watch = json.loads(states.describe_state_machine(stateMachineArn=outputs["WatchArn"])["definition"])
    assert watch["States"]["Grade"]["Parameters"]["FunctionName"] == outputs["GradeName"]
    tags = states.list_tags_for_resource(resourceArn=outputs["FitArn"])["tags"]
    assert {"key": "project", "value": "turbines"} in tags


def test_the_stack_tells_of_itself(outputs):
    cloudformation = boto3.client("cloudformation")
    stack = cloudformation.describe_stacks(StackName=STACK)["Stacks"][0]
    parameters = {p["ParameterKey"]: p["ParameterValue"] for p in stack["Parameters"]}
    assert (parameters["MinimumAuc"], parameters["Stage"], parameters["Owners"]) == ("0.75", "lab", "wind,sea")
    assert {"Key": "made-by", "Value": "stranger"} in stack["Tags"]
    assert outputs["Owned"] == "wind before all, of wind and sea" and "FieldOnly" not in outputs
    exports = {e["Name"]: e["Value"] for page in cloudformation.get_paginator("list_exports").paginate()
               for e in page["Exports"]}  # fmt: skip
    assert exports[f"{STACK}:Lake"] == outputs["LakeName"]
    assert exports[f"{STACK}:Versions"] == outputs["VersionsName"]
    resources = cloudformation.describe_stack_resources(StackName=STACK)["StackResources"]
    there = {r["LogicalResourceId"]: r["ResourceType"] for r in resources}
    assert there["FlowPolicy"] == "AWS::IAM::Policy" and "LakeIsEncryptedInTransit" not in there
    assert {r["ResourceStatus"] for r in resources} == {"CREATE_COMPLETE"}
    summary = cloudformation.get_template_summary(TemplateBody=TEMPLATE.read_text())
    assert {p["ParameterKey"] for p in summary["Parameters"]} == {
        "Stage", "Project", "MinimumAuc", "Rounds", "Owners",
    }  # fmt: skip
    assert summary["Capabilities"] == ["CAPABILITY_NAMED_IAM"]


# --- it changes, and it goes


def test_deploying_the_same_again_changes_nothing(outputs):
    assert "No changes to deploy" in deploy("Project=turbines", "MinimumAuc=0.75")


def test_a_stricter_threshold_changes_the_machine_alone(outputs):
    deploy("Project=turbines", "MinimumAuc=0.999")
    watch = boto3.client("stepfunctions").describe_state_machine(stateMachineArn=outputs["WatchArn"])
    selector = json.loads(watch["definition"])["States"]["Latest"]["ResultSelector"]
    assert selector["limit.$"] == "States.StringToJson('0.999')"
    changed = [
        event["LogicalResourceId"]
        for event in boto3.client("cloudformation").describe_stack_events(StackName=STACK)["StackEvents"]
        if event["ResourceStatus"] == "UPDATE_COMPLETE" and event["ResourceType"] != "AWS::CloudFormation::Stack"
    ]
    assert changed == ["Watch"]
    # On the same readings the opposite is decided now.
    execution = execute(outputs["WatchArn"], {"weeks": LATER, "fresh": AFTER})
    assert execution["output"]["again"] == {"version": 3}, execution


def delete_stack() -> None:
    cloudformation = boto3.client("cloudformation")
    cloudformation.delete_stack(StackName=STACK)
    cloudformation.get_waiter("stack_delete_complete").wait(
        StackName=STACK, WaiterConfig={"Delay": WAIT_S, "MaxAttempts": 120}
    )


def test_a_bucket_that_is_not_empty_stays_and_an_empty_one_goes_with_its_stack(outputs):
    cloudformation = boto3.client("cloudformation")
    with pytest.raises(WaiterError):
        delete_stack()
    assert cloudformation.describe_stacks(StackName=STACK)["Stacks"][0]["StackStatus"] == "DELETE_FAILED"
    boto3.resource("s3").Bucket(outputs["LakeName"]).object_versions.delete()
    delete_stack()
    with pytest.raises(ClientError, match="does not exist"):
        cloudformation.describe_stacks(StackName=STACK)
    with pytest.raises(ClientError, match="404"):
        boto3.client("s3").head_bucket(Bucket=outputs["LakeName"])
    with pytest.raises(ClientError, match="StateMachineDoesNotExist"):
        boto3.client("stepfunctions").describe_state_machine(stateMachineArn=outputs["WatchArn"])
