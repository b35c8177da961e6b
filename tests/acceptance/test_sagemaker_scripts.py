"""Script mode through boto3: the user's own programs, as AWS's framework images run them."""

from __future__ import annotations

import gzip
import io
import json
import os
import shutil
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.server import ROOT, Server, wait_until
from tests.support.training import Lab, channel, unique

REGISTRY = "683313688378.dkr.ecr.us-east-1.amazonaws.com"
SKLEARN = f"{REGISTRY}/sagemaker-scikit-learn:1.2-1-cpu-py3"
FLIGHTS = ROOT / "examples" / "mdlc" / "data" / "flights.csv.gz"
INVOKED = "Invoking the script: "


FIRST_INSTALL_S = 900  # scikit-learn from the package index, on a machine that has other things to do


@pytest.fixture(scope="module")
def lab(server: Server) -> Iterator[Lab]:
    """With the image's packages installed, by a first job."""
    made = Lab(server)
    name = unique("first")
    run(made, name, {}, archive(train__py="pass\n"))

    def ended() -> bool:
        return made.sagemaker.describe_training_job(TrainingJobName=name)["TrainingJobStatus"] != "InProgress"

    wait_until(ended, limit_s=FIRST_INSTALL_S, every_s=1)
    assert made.await_training(name)["TrainingJobStatus"] == "Completed", made.await_training(name)["FailureReason"]
    yield made


def runtimes() -> Path:
    return Path(os.environ.get("MDLC_RUNTIMES", "/var/lib/mdlc/runtimes"))


def archive(**files: str) -> bytes:
    """A sourcedir.tar.gz; a double underscore in a name is a dot."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as tar:
        for name, text in files.items():
            entry = tarfile.TarInfo(name.replace("__", "."))
            entry.size = len(text.encode())
            entry.mode = 0o600  # as some people's files are
            tar.addfile(entry, io.BytesIO(text.encode()))
    return made.getvalue()


def run(lab: Lab, name: str, parameters: dict[str, str], code: bytes | None = None, **changes: Any) -> None:
    """Starts train.py of the archive."""
    if code is not None:
        lab.put(f"code/{name}/sourcedir.tar.gz", code)
        parameters = {"sagemaker_submit_directory": json.dumps(lab.uri(f"code/{name}/sourcedir.tar.gz"))} | parameters
    parameters = {"sagemaker_program": '"train.py"', "sagemaker_container_log_level": "20"} | parameters
    algorithm = {"TrainingImage": SKLEARN, "TrainingInputMode": "File"} | changes.pop("algorithm", {})
    lab.train(name, AlgorithmSpecification=algorithm, HyperParameters=parameters, **changes)


def lines(lab: Lab, name: str) -> list[str]:
    return lab.log("/aws/sagemaker/TrainingJobs", f"{name}/algo-1-")


SHOW = """
import json, os, sys
with open(os.path.join(os.environ["SM_OUTPUT_DATA_DIR"], "seen.json"), "w") as out:
    json.dump({"argv": sys.argv, "environment": dict(os.environ), "cwd": os.getcwd(), "uid": os.getuid()}, out)
open("scratch", "w").close()  # the code's folder is the script's to write in
print("loss=0.5;\\nloss=0.25;")
"""


def test_a_script_gets_its_arguments_and_variables(lab: Lab) -> None:
    name = unique("show")
    parameters = {
        "n-estimators": "100", "eta": "0.1", "verbose": "true", "note": '"two words"', "raw": "not json", "c": '"x"',
        "layers": "[1, 2]", "sagemaker_job_name": f'"{name}"', "sagemaker_region": '"us-east-1"',
        "sagemaker_parameter_server_enabled": "false",
    }  # fmt: skip
    definitions = {"MetricDefinitions": [{"Name": "loss", "Regex": "loss=([0-9.]+);"}]}
    run(lab, name, parameters, archive(train__py=SHOW), algorithm=definitions, Environment={"OWN": "mine"})
    told = lab.await_training(name)
    assert told["TrainingJobStatus"] == "Completed", told.get("FailureReason")
    assert [(m["MetricName"], m["Value"]) for m in told["FinalMetricDataList"]] == [("loss", 0.25)]
    seen = json.loads(lab.unpacked(lab.uri(f"models/{name}/output/output.tar.gz"))["seen.json"])
    arguments = ["-c", "x", "--eta", "0.1", "--layers", "[1, 2]", "--n-estimators", "100", "--note", "two words",
                 "--raw", "not json", "--verbose", "True"]  # fmt: skip
    assert seen["argv"] == ["train.py", *arguments]
    assert seen["cwd"] == "/opt/ml/code"
    assert seen["uid"] != 0
    variables = seen["environment"]
    decoded = {"n-estimators": 100, "eta": 0.1, "verbose": True, "note": "two words", "raw": "not json", "c": "x",
               "layers": [1, 2]}  # fmt: skip
    assert json.loads(variables["SM_HPS"]) == decoded
    assert json.loads(variables["SM_USER_ARGS"]) == arguments
    assert json.loads(variables["SM_CHANNELS"]) == ["train", "validation"]
    assert variables["SM_CHANNEL_TRAIN"] == "/opt/ml/input/data/train"
    assert json.loads(variables["SM_HOSTS"]) == ["algo-1"]
    assert json.loads(variables["SM_RESOURCE_CONFIG"])["current_host"] == "algo-1"
    assert json.loads(variables["SM_INPUT_DATA_CONFIG"]).keys() == {"train", "validation"}
    training = json.loads(variables["SM_TRAINING_ENV"])
    assert training["hyperparameters"] == decoded
    assert training["additional_framework_parameters"] == {"sagemaker_parameter_server_enabled": False}
    assert training["job_name"] == name
    plain = {
        "SM_CURRENT_HOST": "algo-1", "SM_MODEL_DIR": "/opt/ml/model", "SM_OUTPUT_DATA_DIR": "/opt/ml/output/data",
        "SM_OUTPUT_DIR": "/opt/ml/output", "SM_INPUT_DIR": "/opt/ml/input",
        "SM_INPUT_CONFIG_DIR": "/opt/ml/input/config", "SM_NUM_CPUS": str(os.cpu_count()), "SM_NUM_GPUS": "0",
        "SM_HP_N-ESTIMATORS": "100", "SM_HP_VERBOSE": "true", "SM_HP_NOTE": "two words", "SM_MODULE_NAME": "train",
        "SM_MODULE_DIR": lab.uri(f"code/{name}/sourcedir.tar.gz"), "SM_LOG_LEVEL": "20",
        "SM_FRAMEWORK_MODULE": "sagemaker_sklearn_container.training:main", "SM_USER_ENTRY_POINT": "train.py",
        "PYTHONUNBUFFERED": "1", "OWN": "mine", "TRAINING_JOB_NAME": name,
    }  # fmt: skip
    assert {k: variables.get(k) for k in plain} == plain
    log = lines(lab, name)
    assert log[0].startswith(f"For the image {SKLEARN} run here: scikit-learn==1.2.1 ")
    assert log[-2:] == ["loss=0.5;", "loss=0.25;"]


FLIGHT_TIMES = """
import argparse, os
import joblib, numpy, pandas, sklearn
from sklearn.ensemble import RandomForestRegressor

parser = argparse.ArgumentParser()
parser.add_argument("--n-estimators", type=int)
parser.add_argument("--model-dir", default=os.environ["SM_MODEL_DIR"])
parser.add_argument("--train", default=os.environ["SM_CHANNEL_TRAIN"])
given = parser.parse_args()
table = pandas.concat(pandas.read_csv(os.path.join(given.train, f)) for f in sorted(os.listdir(given.train)))
numbers = table.select_dtypes("number").dropna()
model = RandomForestRegressor(given.n_estimators, random_state=1).fit(numbers.iloc[:, 1:], numbers.iloc[:, 0])
print(f"score: {model.score(numbers.iloc[:, 1:], numbers.iloc[:, 0]):.4f}; sklearn {sklearn.__version__}")
joblib.dump(model, os.path.join(given.model_dir, "model.joblib"))
"""


def test_a_scikit_learn_script_trains_on_real_data(lab: Lab) -> None:
    name = unique("forest")
    with gzip.open(FLIGHTS, "rt") as flights:
        sample = [next(flights) for _ in range(400)]
    lab.put(f"flights/{name}/a.csv", "".join(sample[:200]).encode())
    lab.put(f"flights/{name}/b.csv", "".join([sample[0], *sample[200:]]).encode())
    definitions = {"MetricDefinitions": [{"Name": "score", "Regex": "score: ([0-9.]+)"}]}
    run(lab, name, {"n-estimators": "5"}, archive(train__py=FLIGHT_TIMES), algorithm=definitions,
        InputDataConfig=[channel("train", lab.uri(f"flights/{name}/"))])  # fmt: skip
    told = lab.await_training(name)
    assert told["TrainingJobStatus"] == "Completed", (told.get("FailureReason"), lines(lab, name))
    assert told["FinalMetricDataList"][0]["Value"] > 0.5
    assert list(lab.unpacked(told["ModelArtifacts"]["S3ModelArtifacts"])) == ["model.joblib"]
    assert lines(lab, name)[-1].endswith("; sklearn 1.2.1")


def test_a_script_that_raises_fails_with_what_it_said(lab: Lab) -> None:
    name = unique("raises")
    code = "print('begun')\ntry:\n    {}['missing']\nexcept KeyError as e:\n    raise ValueError('no such column') from e\n"
    run(lab, name, {"depth": "3"}, archive(train__py=code))
    told = lab.await_training(name)
    assert (told["TrainingJobStatus"], told["SecondaryStatus"]) == ("Failed", "Failed")
    assert told["FailureReason"] == (
        'AlgorithmError: ExecuteUserScriptError:\nExitCode 1\nErrorMessage "ValueError: no such column\n"\n'
        'Command "/opt/mdlc/python/bin/python train.py --depth 3", exit code: 1'
    )
    assert "begun" in lines(lab, name)


def test_what_a_script_leaves_in_the_failure_file_is_the_reason(lab: Lab) -> None:
    name = unique("reason")
    code = "open('/opt/ml/output/failure', 'w').write('the label column is empty')\nraise SystemExit(3)\n"
    run(lab, name, {}, archive(train__py=code))
    assert lab.await_training(name)["FailureReason"] == "AlgorithmError: the label column is empty, exit code: 3"


def test_a_script_that_leaves_no_model_completes(lab: Lab) -> None:
    name = unique("nothing")
    run(lab, name, {}, archive(train__py="pass\n"))
    told = lab.await_training(name)
    assert told["TrainingJobStatus"] == "Completed"
    assert lab.unpacked(told["ModelArtifacts"]["S3ModelArtifacts"]) == {}


def test_a_script_that_hangs_is_stopped_and_what_it_left_is_kept(lab: Lab) -> None:
    name = unique("hangs")
    code = (
        "import os, time\nopen(os.path.join(os.environ['SM_MODEL_DIR'], 'half'), 'w').write('a half')\n"
        "print('hanging')\ntime.sleep(3600)\n"
    )
    run(lab, name, {}, archive(train__py=code))

    def hangs() -> bool:
        told = lab.sagemaker.describe_training_job(TrainingJobName=name)
        return told["SecondaryStatus"] == "Training" and "hanging" in lines(lab, name)

    wait_until(hangs, limit_s=120)
    lab.sagemaker.stop_training_job(TrainingJobName=name)
    told = lab.await_training(name)
    assert (told["TrainingJobStatus"], told["SecondaryStatus"]) == ("Stopped", "Stopped")
    assert lab.unpacked(told["ModelArtifacts"]["S3ModelArtifacts"]) == {"half": b"a half"}


def test_requirements_are_installed_once_and_reused(lab: Lab) -> None:
    """By the store's markers: what made an environment writes one, once."""
    # A comment of its own makes these requirements new to the store, whatever earlier runs left there.
    text = f"# {unique('own')}\niniconfig==2.0.0\n"
    code = archive(train__py="import iniconfig\nprint('found', iniconfig.__file__)\n", requirements__txt=text)

    def made() -> dict[Path, int]:
        """The markers of environments with these requirements, and when each was written."""
        markers = runtimes().glob("scripts-*/environment.json")
        return {m: m.stat().st_mtime_ns for m in markers if json.dumps(text) in m.read_text()}

    first, second = unique("first"), unique("second")
    try:
        for name in (first, second):
            run(lab, name, {}, code)
            told = lab.await_training(name)
            assert told["TrainingJobStatus"] == "Completed", (told.get("FailureReason"), lines(lab, name))
            assert lines(lab, name)[-1].startswith("found /opt/mdlc/python/lib/")
            installed = "Installing the script's requirements.txt; this is done once" in lines(lab, name)
            assert installed == (name == first)
            if name == first:
                before = made()
                assert len(before) == 1
        assert made() == before
    finally:
        for marker in made():
            shutil.rmtree(marker.parent)


def test_requirements_that_cannot_be_installed_fail_the_job(lab: Lab) -> None:
    name = unique("missing")
    text = "--no-index\nno-such-package-at-all==9\n"
    run(lab, name, {}, archive(train__py="print('never')\n", requirements__txt=text))
    told = lab.await_training(name)
    assert told["TrainingJobStatus"] == "Failed"
    reason = told["FailureReason"]
    assert reason.startswith("AlgorithmError: InstallRequirementsError:\nExitCode 1\nErrorMessage ")
    assert "No matching distribution found for no-such-package-at-all==9" in reason
    assert "never" not in lines(lab, name)


def test_code_may_come_from_a_channel(lab: Lab) -> None:
    name = unique("channel")
    lab.put(f"own/{name}/train.py", b"import helper\nprint(helper.word)\n")
    lab.put(f"own/{name}/helper.py", b"word = 'helped'\n")
    run(lab, name, {"sagemaker_submit_directory": '"/opt/ml/input/data/code"'},
        InputDataConfig=[channel("code", lab.uri(f"own/{name}/"))])  # fmt: skip
    told = lab.await_training(name)
    assert told["TrainingJobStatus"] == "Completed", told.get("FailureReason")
    assert lines(lab, name)[-1] == "helped"


@pytest.mark.parametrize("program", ["../train.py", "/etc/passwd", "-c", "a;b.py", ""])
def test_a_program_that_is_no_file_of_the_code_is_refused(lab: Lab, program: str) -> None:
    name = unique("program")
    run(lab, name, {"sagemaker_program": json.dumps(program)}, archive(train__py="pass\n"))
    assert lab.await_training(name)["FailureReason"].startswith("ClientError: The hyperparameter sagemaker_program ")


def test_an_archive_that_leads_outside_is_refused(lab: Lab) -> None:
    name = unique("outside")
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as tar:
        tar.addfile(tarfile.TarInfo("../../outside.py"))
    run(lab, name, {}, made.getvalue())
    reason = lab.await_training(name)["FailureReason"]
    assert reason.startswith("ClientError: Failed to extract s3://"), reason


@pytest.mark.parametrize("directory", ['"/etc"', '"/opt/ml/../../etc"', '"/opt/ml/input/data/none"', '""'])
def test_code_from_elsewhere_is_refused(lab: Lab, directory: str) -> None:
    name = unique("elsewhere")
    run(lab, name, {"sagemaker_submit_directory": directory})
    assert lab.await_training(name)["FailureReason"].startswith("ClientError: The hyperparameter sagemaker_submit_directory")


CHANGED = """
set -e
cd /opt/ml/input/data/code
test "$(cat given.txt)" = given
echo mine > given.txt            # its own copy
chmod +x given.txt
echo 1 > /opt/ml/input/own.txt
test "$(command -v python3)" = /opt/mdlc/own/bin/python3
python3 -c 'import sklearn, sys; print("sees", sklearn.__version__, sys.prefix)'
mkdir -p /tmp/six-package && cd /tmp/six-package
printf 'from setuptools import setup\nsetup(name="trifle", version="1", py_modules=["trifle"])\n' > setup.py
echo 'word = "installed"' > trifle.py
pip3 install --no-index --no-build-isolation --quiet .
python3 -c 'import trifle; print(trifle.word)'
if (echo x > /opt/ml/input/data/train/part-1.csv) 2>/dev/null; then echo changed; fi
if [ -n "$1" ]; then exit 7; fi
"""


def entry(lab: Lab, name: str, *arguments: str) -> dict[str, Any]:
    lab.put(f"{name}/code/run.sh", CHANGED.encode())
    lab.put(f"{name}/code/given.txt", b"given")
    channels = [channel("train", lab.uri("data/train/")), channel("code", lab.uri(f"{name}/code/"))]
    command = ["/bin/sh", "/opt/ml/input/data/code/run.sh"]
    algorithm = {"TrainingImage": SKLEARN, "TrainingInputMode": "File", "ContainerEntrypoint": command}
    if arguments:
        algorithm |= {"ContainerArguments": list(arguments)}
    lab.train(name, AlgorithmSpecification=algorithm, HyperParameters={}, InputDataConfig=channels)
    return lab.await_training(name)


def test_a_command_of_the_requests_own_runs_in_the_images_environment(lab: Lab) -> None:
    name = unique("entry")
    told = entry(lab, name)
    assert told["TrainingJobStatus"] == "Completed", (told["FailureReason"], lines(lab, name))
    printed = lines(lab, name)
    assert "sees 1.2.1 /opt/mdlc/own" in printed
    assert "installed" in printed
    assert "changed" not in printed
    # What it wrote is its own: neither S3's bytes nor the image's packages are other than before.
    assert lab.get(f"{name}/code/given.txt") == b"given"
    assert entry(lab, unique("entry"))["TrainingJobStatus"] == "Completed"


def test_a_command_of_the_requests_own_fails_as_a_containers_does(lab: Lab) -> None:
    told = entry(lab, unique("entry"), "fail")
    assert told["TrainingJobStatus"] == "Failed"
    assert told["FailureReason"] == "AlgorithmError: , exit code: 7"
