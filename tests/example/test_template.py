"""What the example's template promises, read from the template itself."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.example.template import EXAMPLE, definition, inline_code, load

TEMPLATE = load(EXAMPLE / "MDLC-CFn.yaml")
INLINE_CODE_AT_MOST = 4096  # characters; CloudFormation takes no more in ZipFile

STATES = {
    "TrainingMachine": ["Initialize", "Train Model", "Create Model", "Register Model", "Handle Error", "Fail"],
    "EvaluationMachine": [
        "Initialize", "Find Model", "Inference", "Monitor Model Performance", "Is Retraining Needed?", "Re-train",
        "Finalize", "Handle Error", "Fail",
    ],
}  # fmt: skip
ADVISED_RETRY = {
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.TooManyRequestsException",
}
MACHINES = pytest.mark.parametrize("machine", STATES)


@pytest.mark.parametrize("path", sorted(EXAMPLE.glob("*.yaml")), ids=lambda path: path.name)
def test_cfn_lint_finds_nothing(path: Path) -> None:
    said = subprocess.run(
        [str(Path(sys.executable).with_name("cfn-lint")), str(path)], capture_output=True, text=True, check=False
    )
    assert (said.returncode, said.stdout) == (0, "")


@pytest.mark.parametrize(
    "function", [name for name, r in TEMPLATE["Resources"].items() if r["Type"] == "AWS::Lambda::Function"]
)
def test_inline_code_compiles_and_fits(function: str) -> None:
    code = inline_code(TEMPLATE, function)
    compile(code, function, "exec")
    assert len(code) <= INLINE_CODE_AT_MOST


@MACHINES
def test_states_have_the_names_that_the_loop_is_known_by(machine: str) -> None:
    assert list(definition(TEMPLATE, machine)["States"]) == STATES[machine]


@MACHINES
def test_an_error_in_any_step_is_handled_and_the_function_of_any_step_is_tried_again(machine: str) -> None:
    for name, state in definition(TEMPLATE, machine)["States"].items():
        if state["Type"] != "Task" or name == "Handle Error":
            continue
        assert [(c["ErrorEquals"], c["Next"]) for c in state["Catch"]] == [(["States.ALL"], "Handle Error")], name
        if state["Resource"].endswith("lambda:invoke"):
            assert set(state["Retry"][0]["ErrorEquals"]) == ADVISED_RETRY, name


@MACHINES
def test_the_failure_that_was_handled_is_the_failure_of_the_execution(machine: str) -> None:
    states = definition(TEMPLATE, machine)["States"]
    assert states["Handle Error"]["Next"] == "Fail"
    assert states["Handle Error"]["Catch"][0]["Next"] == "Fail"  # a table that is gone does not hide the first error
    assert (states["Fail"]["ErrorPath"], states["Fail"]["CausePath"]) == ("$.Error.Error", "$.Error.Cause")


def test_each_metric_that_may_be_chosen_is_one_that_is_measured() -> None:
    code = inline_code(TEMPLATE, "MonitorFunction")
    for metric in TEMPLATE["Parameters"]["Metric"]["AllowedValues"]:
        assert f'"{metric}":' in code


def test_an_error_is_bad_when_high_and_r2_when_low() -> None:
    assert TEMPLATE["Conditions"]["HigherIsBetter"] == {"Fn::Equals": [{"Ref": "Metric"}, "r2"]}
    _, local = TEMPLATE["Resources"]["EvaluationMachine"]["Properties"]["DefinitionString"]["Fn::Sub"]
    assert local["IsWorse"] == {"Fn::If": ["HigherIsBetter", "NumericLessThan", "NumericGreaterThan"]}


def test_nothing_in_the_template_is_ours() -> None:
    for resource in TEMPLATE["Resources"].values():
        assert resource["Type"].startswith("AWS::")
