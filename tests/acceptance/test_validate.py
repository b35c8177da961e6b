"""`mdlc validate`: AWS's diagnostics of a definition or of a template's definitions, with line and column. No server."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.support.server import BINARY, ROOT

GOOD = """{
  "StartAt": "A",
  "States": {
    "A": {"Type": "Pass", "Next": "B"},
    "B": {"Type": "Succeed"}
  }
}
"""


@pytest.fixture
def validate(tmp_path: Path) -> Any:
    def run(name: str, text: str, *options: str) -> subprocess.CompletedProcess[str]:
        (tmp_path / name).write_text(text)
        return subprocess.run([str(BINARY), "validate", name, *options], cwd=tmp_path, capture_output=True, text=True,
                              timeout=60)
    return run


def test_a_sound_definition(validate: Any) -> None:
    told = validate("flow.json", GOOD)
    assert (told.returncode, told.stdout, told.stderr) == (0, "flow.json: no errors\n", "")


@pytest.mark.parametrize(("old", "new", "lines"), [
    ('"Type": "Pass"', '"Type": "Pas"', [
        "4:19: ERROR SCHEMA_VALIDATION_FAILED: The field 'Type' should have one of these values: [Task, Wait, Pass, "
        "Succeed, Fail, Choice, Parallel, Map] at /States/A/Type"]),
    ('"Next": "B"', '"Next": "C"', [
        "4:35: ERROR MISSING_TRANSITION_TARGET: Missing 'Next' target: C at /States/A/Next",
        '5:10: ERROR MISSING_TRANSITION_TARGET: State "B" is not reachable. at /States/B']),
    ('"Type": "Pass", ', '"Type": "Task", "Resource": "nope", ', [
        "4:39: ERROR SCHEMA_VALIDATION_FAILED: Value is not a valid resource ARN at /States/A/Resource"]),
    ('"Type": "Pass", ', "", [
        "4:10: ERROR SCHEMA_VALIDATION_FAILED: These fields are required: [Type] at /States/A"]),
])
def test_a_faults_line_and_column(validate: Any, old: str, new: str, lines: list[str]) -> None:
    told = validate("flow.json", GOOD.replace(old, new))
    assert told.returncode == 1
    assert told.stdout.splitlines() == [f"flow.json:{line}" for line in lines]


def test_no_json(validate: Any) -> None:
    told = validate("flow.json", GOOD.replace('"Next": "B"}', '"Next" "B"}'))
    assert told.returncode == 1
    assert re.match(r"flow\.json:4:3\d: ERROR INVALID_JSON_DESCRIPTION: ", told.stdout), told.stdout
    told = validate("flow.json", "")
    assert told.returncode == 1
    assert told.stdout == "flow.json: ERROR SCHEMA_VALIDATION_FAILED: Definition must be a valid JSON object\n"


@pytest.mark.parametrize(("faults", "remark"), [(100, False), (101, True)])
def test_at_most_a_hundred_findings_are_told(validate: Any, faults: int, remark: bool) -> None:
    states = {"A": {"Type": "Succeed"}} | {f"S{i}": {"Type": "Succeed"} for i in range(faults)}
    lines = validate("flow.json", json.dumps({"StartAt": "A", "States": states})).stdout.splitlines()
    assert sum("is not reachable" in line for line in lines) == 100
    assert lines[100:] == (["flow.json: there is more to say than is told here"] if remark else [])


def test_what_only_an_express_workflow_may_not_have(validate: Any) -> None:
    waiting = GOOD.replace('"Type": "Pass"',
                           '"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken", '
                           '"Parameters": {"FunctionName": "f", "Payload": {"t.$": "$$.Task.Token"}}')
    assert validate("flow.json", waiting).returncode == 0
    assert validate("flow.json", waiting, "--type", "EXPRESS").returncode == 1


def test_a_file_that_cannot_be_read(validate: Any, tmp_path: Path) -> None:
    for path, word in ((tmp_path / "none.json", "No such file"), (tmp_path, "directory")):
        told = subprocess.run([str(BINARY), "validate", str(path)], capture_output=True, text=True, timeout=60)
        assert told.returncode == 1 and told.stdout == ""
        assert str(path) in told.stderr and word in told.stderr, told


TASK = """{
  "StartAt": "Call",
  "States": {
    "Call": {"Type": "Task", "Resource": "${Fn.Arn}", "TimeoutSeconds": ${Limit}, "Next": "Last"},
    "Last": {"Type": "Pass", "Result": "${Stage}-x", "End": true}
  }
}
"""


def yaml_template(definition: str, form: str) -> str:
    """A template with the definition as a literal block that begins in line 9 and is indented by ten columns."""
    head = {"plain": "DefinitionString: |", "sub": "DefinitionString: !Sub |"}[form]
    block = "".join(f"          {line}\n" for line in definition.splitlines())
    return ("Parameters:\n  Stage: {Type: String}\n  Limit: {Type: Number, Default: 9}\nResources:\n  Flow:\n"
            f"    Type: AWS::StepFunctions::StateMachine\n    Properties:\n      {head}\n{block}"
            "      RoleArn: arn:aws:iam::000000000000:role/r\n"
            "      DefinitionSubstitutions: {Fn.Arn: !GetAtt Fn.Arn, Stage: !Ref Stage, Limit: !Ref Limit}\n"
            "  Fn: {Type: AWS::Lambda::Function}\n")


@pytest.mark.parametrize("form", ["plain", "sub"])
def test_a_literal_block_in_yaml(validate: Any, form: str) -> None:
    told = validate("t.yaml", yaml_template(TASK, form))
    assert (told.returncode, told.stdout) == (0, "t.yaml: Flow: no errors\n"), told
    # The column is the file's, though what is filled in before it has another length.
    told = validate("t.yaml", yaml_template(TASK.replace('"Next": "Last"', '"Next": "Lost"'), form))
    assert told.returncode == 1
    column = 10 + TASK.splitlines()[3].index('"Last"') + 1
    assert told.stdout.splitlines()[0] == (
        f"t.yaml:12:{column}: Flow: ERROR MISSING_TRANSITION_TARGET: Missing 'Next' target: Lost at /States/Call/Next")


def test_the_long_form_of_sub(validate: Any) -> None:
    block = "".join(f"            {line}\n" for line in TASK.replace("Fn.Arn", "Mine").splitlines())
    text = ("Resources:\n  Flow:\n    Type: AWS::StepFunctions::StateMachine\n    Properties:\n"
            "      DefinitionString:\n        Fn::Sub:\n          - |\n" + block + "          - {Mine: %s}\n")
    assert validate("t.yaml", text % "!GetAtt Fn.Arn").returncode == 0
    told = validate("t.yaml", text % "nope")
    assert told.returncode == 1
    column = 12 + TASK.splitlines()[3].index('"$') + 1
    assert told.stdout == (f"t.yaml:11:{column}: Flow: ERROR SCHEMA_VALIDATION_FAILED: Value is not a valid resource "
                           "ARN at /States/Call/Resource\n")


def test_a_definition_that_is_an_object(validate: Any) -> None:
    text = """Resources:
  Flow:
    Type: AWS::StepFunctions::StateMachine
    Properties:
      DefinitionSubstitutions: {Seconds: 5}
      Definition:
        StartAt: a/b
        States:
          a/b:
            Type: Choice
            Choices:
              - {Variable: $.x, IsNull: true, Next: w}
            Default: t
          w: {Type: Wait, Seconds: "${Seconds}", Next: t}
          t:
            Type: Task
            Resource: !GetAtt Fn.Arn
            End: true
  Fn: {Type: AWS::Lambda::Function}
"""
    told = validate("t.yaml", text)
    assert (told.returncode, told.stdout) == (0, "t.yaml: Flow: no errors\n"), told
    told = validate("t.yaml", text.replace("Next: w}", "Next: v}"))
    assert told.stdout.splitlines() == [
        "t.yaml:12:53: Flow: ERROR MISSING_TRANSITION_TARGET: Missing 'Next' target: v at /States/a/b/Choices[0]/Next",
        't.yaml:14:14: Flow: ERROR MISSING_TRANSITION_TARGET: State "w" is not reachable. at /States/w']
    told = validate("t.yaml", text.replace("!GetAtt Fn.Arn", "nope"))
    assert told.stdout == ("t.yaml:17:23: Flow: ERROR SCHEMA_VALIDATION_FAILED: Value is not a valid resource ARN at "
                           "/States/t/Resource\n")


def test_a_template_in_json(validate: Any) -> None:
    def machine(properties: dict[str, Any]) -> dict[str, Any]:
        return {"Type": "AWS::StepFunctions::StateMachine", "Properties": properties}

    joined = TASK.replace("${Limit}", "3").split("${Fn.Arn}")
    template = {"Resources": {
        "Text": machine({"DefinitionString": {"Fn::Sub": TASK.replace('"Last"}', '"Lost"}')}}),
        "Joined": machine({"DefinitionString": {"Fn::Join": ["", [joined[0], {"Fn::GetAtt": ["Fn", "Arn"]},
                                                                 joined[1]]]}}),
        "Tree": machine({"Definition": {"StartAt": "A", "States": {"A": {"Type": "Pas", "End": True}}}}),
        "Far": machine({"DefinitionS3Location": {"Bucket": "b", "Key": "k"}}),
    }}
    text = json.dumps(template, indent=1)
    told = validate("t.json", text)
    assert told.returncode == 1

    def place(part: str) -> str:
        line, found = next((n, l) for n, l in enumerate(text.splitlines(), 1) if part in l)
        return f"t.json:{line}:{found.index(part) + part.index(': ') + 3}"

    string = place('"Fn::Sub": "')
    wrong_type = place('"Type": "Pas"')
    lines = told.stdout.splitlines()
    assert lines[0] == (f"{string}: Text: ERROR MISSING_TRANSITION_TARGET: Missing 'Next' target: Lost at "
                        f"/States/Call/Next (line 4, column {lines[0].split('column ')[1].split()[0]} of the definition)")
    assert lines[1].startswith(f'{string}: Text: ERROR MISSING_TRANSITION_TARGET: State "Last" is not reachable.')
    assert lines[2:] == [
        "t.json: Joined: no errors",
        f"{wrong_type}: Tree: ERROR SCHEMA_VALIDATION_FAILED: The field 'Type' should have one of these "
        "values: [Task, Wait, Pass, Succeed, Fail, Choice, Parallel, Map] at /States/A/Type",
        "t.json: Far: not validated: the template does not hold its definition"]


def test_templates_that_cannot_be_read(validate: Any) -> None:
    told = validate("t.yaml", "Resources:\n  A: [1\n")
    assert told.returncode == 1 and "t.yaml: Template format error: YAML not well-formed." in told.stderr
    told = validate("t.yaml", "Resources:\n  B: {Type: AWS::S3::Bucket}\n")
    assert told.returncode == 1 and "no AWS::StepFunctions::StateMachine" in told.stderr


def test_the_example_is_sound() -> None:
    file = ROOT / "examples" / "mdlc" / "MDLC-CFn.yaml"
    told = subprocess.run([str(BINARY), "validate", str(file)], capture_output=True, text=True, timeout=60)
    assert (told.returncode, told.stdout) == (0, f"{file}: TrainingMachine: no errors\n"
                                                 f"{file}: EvaluationMachine: no errors\n"), told
