"""`mdlc`'s own commands, which are clients of the public API: what they print, and what they say when something is wrong."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.support.functions import create_function
from tests.support.server import BINARY, Server

MACHINE = {
    "StartAt": "First",
    "States": {
        "First": {"Type": "Pass", "Next": "Choose"},
        "Choose": {"Type": "Choice", "Choices": [{"Variable": "$.good", "BooleanEquals": True, "Next": "Done"}],
                   "Default": "Call"},
        "Call": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "End": True,
                 "Parameters": {"FunctionName": "cli-fails", "Payload": {}}},
        "Done": {"Type": "Succeed"},
    },
}
TEMPLATE = {
    "Parameters": {"Name": {"Type": "String", "Default": "cli-machine"}},
    "Resources": {
        "Machine": {"Type": "AWS::StepFunctions::StateMachine", "Properties": {
            "StateMachineName": {"Ref": "Name"}, "RoleArn": "arn:aws:iam::000000000000:role/cli",
            "DefinitionString": json.dumps(MACHINE)}},
    },
    "Outputs": {"Arn": {"Value": {"Ref": "Machine"}}},
}


@pytest.fixture(scope="module")
def mdlc(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with Server() as server:
        server.start()
        create_function(server.client("lambda"), "cli-fails", """
            def handler(event, context):
                raise ValueError("the sky is too low")
        """)
        template = tmp_path_factory.mktemp("cli") / "template.json"
        template.write_text(json.dumps(TEMPLATE))

        def run(*arguments: str) -> subprocess.CompletedProcess[str]:
            return server.run(str(BINARY), *arguments, "--data-dir", str(server.data))

        deployed = run("deploy", str(template), "--stack-name", "cli")
        assert deployed.returncode == 0, deployed
        assert ":stateMachine:cli-machine" in deployed.stdout
        run.template = template
        yield run


def test_status_shows_what_there_is(mdlc: Any) -> None:
    told = mdlc("status")
    assert told.returncode == 0
    assert re.search(r"cli +CREATE_COMPLETE", told.stdout) and "cli-machine" in told.stdout
    for kind in ("Training jobs", "Tuning jobs", "Transform jobs", "Processing jobs"):
        assert f"{kind} under way\n  none\n" in told.stdout
    assert told.stdout.endswith("Endpoints\n  none\n")


def test_the_same_template_again_changes_nothing(mdlc: Any) -> None:
    assert mdlc("deploy", str(mdlc.template), "--stack-name", "cli").returncode == 0
    changed = mdlc("deploy", str(mdlc.template), "--stack-name", "cli", "--parameter", "Name=cli-other")
    assert changed.returncode == 0 and ":stateMachine:cli-other" in changed.stdout, changed
    assert mdlc("deploy", str(mdlc.template), "--stack-name", "cli").returncode == 0


def test_start_shows_the_states_and_the_output(mdlc: Any) -> None:
    told = mdlc("start", "cli-machine", "--input", '{"good": true}', "--follow")
    assert told.returncode == 0, told
    assert [line.split()[-1] for line in told.stdout.splitlines()[1:4]] == ["First", "Choose", "Done"]
    assert told.stdout.splitlines()[-2:] == ["SUCCEEDED", '{"good": true}']


def test_a_failure_is_told_in_the_functions_own_words(mdlc: Any) -> None:
    told = mdlc("start", "cli-machine", "--input", '{"good": false}', "--follow")
    assert told.returncode == 1
    assert told.stderr == "ValueError: the sky is too low\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("start", "nowhere"), "There is no state machine 'nowhere'. There are:\n  cli-machine"),
        (("start", "cli-machine", "--input", "{"), "--input: "),
        (("deploy", "/nowhere.yaml"), "cannot open /nowhere.yaml: No such file or directory"),
    ],
)
def test_what_is_wrong_is_said(mdlc: Any, arguments: tuple[str, ...], words: str) -> None:
    told = mdlc(*arguments)
    assert told.returncode == 1 and told.stderr.startswith(words), told


def test_without_a_server_it_says_how_to_start_one(tmp_path: Path) -> None:
    told = subprocess.run([BINARY, "status", "--data-dir", tmp_path], capture_output=True, text=True, check=False)
    assert told.returncode == 1
    assert told.stderr == f"No server runs on {tmp_path}. Start one: mdlc up --data-dir {tmp_path}\n"


def test_the_version() -> None:
    told = subprocess.run([BINARY, "--version"], capture_output=True, text=True, check=True)
    assert re.fullmatch(r"mdlc \d+\.\d+\.\d+\n", told.stdout)
