"""Real-time endpoints through boto3: model servers that stay up, are invoked, exchanged and taken down."""

from __future__ import annotations

import io
import json
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.support.server import Server, wait_until
from tests.support.training import ACCOUNT, ROLE, Lab, csv, rows, unique

SKLEARN = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"
FIRST_INSTALL_S = 900


class Hosting(Lab):
    """Endpoints beside a lab's models."""

    def __init__(self, server: Server) -> None:
        super().__init__(server)
        self.runtime = server.client("sagemaker-runtime")

    def variant(self, model: str, name: str = "AllTraffic", weight: float = 1.0) -> dict[str, Any]:
        return {"VariantName": name, "ModelName": model, "InitialInstanceCount": 1, "InstanceType": "ml.m5.large",
                "InitialVariantWeight": weight}

    def config(self, *variants: dict[str, Any]) -> str:
        name = unique("config")
        self.sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=list(variants))
        return name

    def endpoint(self, *variants: dict[str, Any], limit_s: float = 60) -> str:
        name = unique("endpoint")
        self.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=self.config(*variants))
        assert self.settled(name, limit_s)["EndpointStatus"] == "InService", self.describe(name)
        return name

    def describe(self, name: str) -> dict[str, Any]:
        return self.sagemaker.describe_endpoint(EndpointName=name)

    def settled(self, name: str, limit_s: float = 60) -> dict[str, Any]:
        def look() -> dict[str, Any] | None:
            told = self.describe(name)
            return told if told["EndpointStatus"] in ("InService", "Failed") else None

        return wait_until(look, limit_s=limit_s)

    def gone(self, name: str) -> None:
        self.sagemaker.delete_endpoint(EndpointName=name)

        def look() -> bool:
            try:
                self.describe(name)
            except ClientError as error:
                return error.response["Error"]["Message"].startswith("Could not find endpoint")
            return False

        wait_until(look)

    def script_model(self, script: str, **environment: str) -> str:
        """A scikit-learn model whose archive holds only code/inference.py."""
        name = unique("scripted")
        made = io.BytesIO()
        with tarfile.open(fileobj=made, mode="w:gz") as tar:
            entry = tarfile.TarInfo("code/inference.py")
            entry.size = len(script.encode())
            tar.addfile(entry, io.BytesIO(script.encode()))
        self.put(f"scripted/{name}.tar.gz", made.getvalue())
        container = {"SAGEMAKER_MODEL_SERVER_WORKERS": "1"} | environment
        self.model(name, self.uri(f"scripted/{name}.tar.gz"), Image=SKLEARN, Environment=container)
        return name

    def invoke(self, name: str, body: bytes = b"0.5,0.5,0.5", **more: Any) -> bytes:
        return self.runtime.invoke_endpoint(EndpointName=name, Body=body, **({"ContentType": "text/csv"} | more))["Body"].read()

    def refused(self, name: str, body: bytes = b"0.5,0.5,0.5", **more: Any) -> ClientError:
        with pytest.raises(ClientError) as refused:
            self.invoke(name, body, **more)
        return refused.value


def supervisors(server: Server) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "cmdline").read_bytes().decode().split("\0")
            except OSError:
                continue
            if "supervise" in words and any(w.startswith(str(server.data)) for w in words):
                found.append(int(entry.name))
    return found


@pytest.fixture(scope="module")
def lab(server: Server) -> Iterator[Hosting]:
    yield Hosting(server)


@pytest.fixture(scope="module")
def trained(lab: Hosting) -> str:
    return lab.trained_model()


def message(error: ClientError) -> str:
    return error.response["Error"]["Message"]


def test_created_invoked_updated_weighted_deleted(lab: Hosting, trained: str) -> None:
    others = set(supervisors(lab.server))
    name = lab.endpoint(lab.variant(trained, "one"))
    told = lab.describe(name)
    assert told["EndpointArn"] == f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:endpoint/{name}"
    assert [(v["VariantName"], v["CurrentWeight"], v["CurrentInstanceCount"]) for v in told["ProductionVariants"]] == [("one", 1.0, 1)]
    answer = lab.runtime.invoke_endpoint(EndpointName=name, Body=b"0.5,0.5,0.5", ContentType="text/csv")
    assert answer["InvokedProductionVariant"] == "one"
    assert answer["ContentType"].startswith("text/csv")
    first = float(answer["Body"].read())
    assert 0 < first < 3
    assert lab.invoke(name, b"0.5,0.5,0.5\n0.5,0.5,0.5\n").decode().split(",") == [str(first)] * 2
    assert json.loads(lab.invoke(name, Accept="application/json")) == {"predictions": [{"score": first}]}

    two = lab.config(lab.variant(trained, "a", 1), lab.variant(trained, "b", 0))
    lab.sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=two)
    told = lab.settled(name)
    assert told["EndpointConfigName"] == two and told["EndpointStatus"] == "InService"

    def invoked(**more: Any) -> set[str]:
        return {lab.runtime.invoke_endpoint(EndpointName=name, Body=b"0,0,0", ContentType="text/csv", **more)["InvokedProductionVariant"] for _ in range(10)}

    assert invoked() == {"a"}
    assert invoked(TargetVariant="b") == {"b"}
    lab.sagemaker.update_endpoint_weights_and_capacities(EndpointName=name, DesiredWeightsAndCapacities=[
        {"VariantName": "a", "DesiredWeight": 0}, {"VariantName": "b", "DesiredWeight": 3, "DesiredInstanceCount": 2}])
    told = lab.settled(name)
    assert {v["VariantName"]: (v["CurrentWeight"], v["DesiredInstanceCount"]) for v in told["ProductionVariants"]} == {"a": (0.0, 1), "b": (3.0, 2)}
    assert invoked() == {"b"}

    lab.gone(name)
    assert message(lab.refused(name)) == f"Endpoint {name} of account {ACCOUNT} not found."
    wait_until(lambda: set(supervisors(lab.server)) <= others)


def test_refusals_in_awss_words(lab: Hosting, trained: str) -> None:
    sagemaker, name, arn = lab.sagemaker, unique("x"), f"arn:aws:sagemaker:us-east-1:{ACCOUNT}"

    def refuse(operation: str, **request: Any) -> str:
        with pytest.raises(ClientError) as refused:
            getattr(sagemaker, operation)(**request)
        assert refused.value.response["Error"]["Code"] == "ValidationException"
        return message(refused.value)

    assert refuse("describe_endpoint", EndpointName=name) == f'Could not find endpoint "{arn}:endpoint/{name}".'
    assert refuse("delete_endpoint", EndpointName=name) == f'Could not find endpoint "{arn}:endpoint/{name}".'
    no_config = f'Could not find endpoint configuration "{arn}:endpoint-config/{name}".'
    assert refuse("describe_endpoint_config", EndpointConfigName=name) == no_config
    assert refuse("delete_endpoint_config", EndpointConfigName=name) == no_config
    assert refuse("create_endpoint", EndpointName=name, EndpointConfigName=name) == no_config
    assert refuse("create_endpoint_config", EndpointConfigName=name, ProductionVariants=[lab.variant(name)]) == f'Could not find model "{arn}:model/{name}".'
    config = lab.config(lab.variant(trained))
    assert refuse("create_endpoint_config", EndpointConfigName=config, ProductionVariants=[lab.variant(trained)]) == (
        f'Cannot create already existing endpoint configuration "{arn}:endpoint-config/{config}".')
    refused = lab.refused(name)
    assert refused.response["Error"]["Code"] == "ValidationError"
    assert message(refused) == f"Endpoint {name} of account {ACCOUNT} not found."


def test_lists_and_tags(lab: Hosting, trained: str) -> None:
    names = sorted(lab.config(lab.variant(trained)) for _ in range(3))
    listed = lab.sagemaker.list_endpoint_configs(NameContains="config-", SortBy="Name", SortOrder="Ascending", MaxResults=100)
    assert [n for n in (c["EndpointConfigName"] for c in listed["EndpointConfigs"]) if n in names] == names
    arn = lab.sagemaker.describe_endpoint_config(EndpointConfigName=names[0])["EndpointConfigArn"]
    lab.sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "k", "Value": "v"}])
    assert lab.sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "k", "Value": "v"}]
    name = lab.endpoint(lab.variant(trained))
    assert [e["EndpointName"] for e in lab.sagemaker.list_endpoints(NameContains=name, StatusEquals="InService")["Endpoints"]] == [name]
    assert lab.sagemaker.list_endpoints(NameContains=name, StatusEquals="Failed")["Endpoints"] == []
    lab.gone(name)


def test_a_model_that_cannot_start_fails_and_an_update_to_it_rolls_back(lab: Hosting, trained: str) -> None:
    lab.put("bad.tar.gz", lab.get(lab.keys("models/")[0])[:100])
    bad = unique("bad")
    lab.model(bad, lab.uri("bad.tar.gz"))
    name = unique("endpoint")
    lab.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=lab.config(lab.variant(bad)))
    told = lab.settled(name)
    assert told["EndpointStatus"] == "Failed" and "bad.tar.gz" in told["FailureReason"]
    assert message(lab.refused(name)) == f"Endpoint {name} of account {ACCOUNT} not found."
    lab.gone(name)

    good = lab.endpoint(lab.variant(trained))
    config = lab.describe(good)["EndpointConfigName"]
    lab.sagemaker.update_endpoint(EndpointName=good, EndpointConfigName=lab.config(lab.variant(bad)))
    told = lab.settled(good)
    assert told["EndpointStatus"] == "InService" and told["EndpointConfigName"] == config
    assert "bad.tar.gz" in told["FailureReason"]
    assert lab.invoke(good)
    lab.gone(good)


def test_two_endpoints_and_a_transform_at_once(lab: Hosting, trained: str) -> None:
    one, two, job = lab.endpoint(lab.variant(trained)), lab.endpoint(lab.variant(trained)), unique("transform")
    lab.put("in/p.csv", csv(rows(100, 1), label=False))
    lab.transform(job, trained, "in/")
    assert lab.invoke(one) == lab.invoke(two)
    assert lab.await_transform(job)["TransformJobStatus"] == "Completed"
    assert lab.get(f"out/{job}/p.csv.out").count(b"\n") == 100
    lab.gone(one)
    assert lab.invoke(two)
    lab.gone(two)


def test_what_the_model_refuses_is_told(lab: Hosting, trained: str) -> None:
    name = lab.endpoint(lab.variant(trained))
    error = lab.refused(name, b"1,2,3,4,5,6")
    assert error.response["Error"]["Code"] == "ModelError"
    assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 424
    assert error.response["OriginalStatusCode"] == 400
    assert "Feature size of csv inference data 6" in error.response["OriginalMessage"]
    assert message(error).startswith("Received client error (400) from primary with message ")
    assert error.response["LogStreamArn"].endswith(f"/aws/sagemaker/Endpoints/{name}")
    lab.gone(name)


HANDLERS = """
import os, time, json
def model_fn(model_dir):
    print("loaded")
    return {"factor": 2}
def input_fn(data, content_type):
    return json.loads(data)
def predict_fn(data, model):
    if data == "die":
        os.kill(os.getppid(), 9)
        time.sleep(5)
    if data == "late":
        time.sleep(1)
    if data == "never":
        time.sleep(100)
    if data == "raise":
        raise ValueError("no such thing")
    return data * model["factor"]
def output_fn(value, accept):
    return json.dumps(value), "application/json"
"""


@pytest.fixture(scope="module")
def scripted(lab: Hosting) -> Iterator[str]:
    name = lab.endpoint(lab.variant(lab.script_model(HANDLERS, SAGEMAKER_MODEL_SERVER_TIMEOUT="3")), limit_s=FIRST_INSTALL_S)
    yield name
    lab.gone(name)


def ask_raw(lab: Hosting, name: str, body: bytes) -> bytes:
    return lab.invoke(name, body, ContentType="application/json")


def ask(lab: Hosting, name: str, value: Any) -> Any:
    return json.loads(lab.invoke(name, json.dumps(value).encode(), ContentType="application/json"))


def test_a_script_of_the_archive_serves(lab: Hosting, scripted: str) -> None:
    assert ask(lab, scripted, 21) == 42
    assert ask(lab, scripted, "late") == "latelate"
    error = lab.refused(scripted, b'"raise"', ContentType="application/json")
    assert error.response["OriginalStatusCode"] == 500
    assert "no such thing" in error.response["OriginalMessage"]
    wait_until(lambda: "loaded" in lab.log(f"/aws/sagemaker/Endpoints/{scripted}", "AllTraffic/"))


def test_an_answer_that_never_comes_is_told_and_the_next_one_comes(lab: Hosting, scripted: str) -> None:
    error = lab.refused(scripted, b'"never"', ContentType="application/json")
    assert error.response["Error"]["Code"] == "ModelError" and error.response["OriginalStatusCode"] == 0
    assert "timed out" in message(error)
    wait_until(lambda: ask(lab, scripted, 1) == 2)


def test_a_server_that_dies_is_started_again(lab: Hosting, scripted: str) -> None:
    error = lab.refused(scripted, b'"die"', ContentType="application/json")
    assert "the model process exited" in message(error)

    def answers() -> bool:
        try:
            return bool(ask(lab, scripted, 3) == 6)
        except ClientError as again:  # it was let in by what was dying
            assert again.response["Error"]["Code"] == "ModelError"
            return False

    wait_until(answers)
    assert lab.describe(scripted)["EndpointStatus"] == "InService"


def test_a_transform_through_a_script(lab: Hosting, scripted: str) -> None:
    job = unique("transform")
    model = lab.sagemaker.describe_endpoint_config(EndpointConfigName=lab.describe(scripted)["EndpointConfigName"])["ProductionVariants"][0]["ModelName"]
    lab.put("numbers/n.json", b"1\n2\n3\n")
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": lab.uri("numbers/")}}
    lab.transform(job, model, "numbers/", BatchStrategy="SingleRecord",
                  TransformInput={"DataSource": source, "ContentType": "application/json", "SplitType": "Line"})
    assert lab.await_transform(job)["TransformJobStatus"] == "Completed"
    assert lab.get(f"out/{job}/n.json.out") == b"2\n4\n6\n"


def test_containers_in_turn(lab: Hosting, scripted: str) -> None:
    config = lab.sagemaker.describe_endpoint_config(EndpointConfigName=lab.describe(scripted)["EndpointConfigName"])
    container = lab.sagemaker.describe_model(ModelName=config["ProductionVariants"][0]["ModelName"])["PrimaryContainer"]
    part = {k: container[k] for k in ("Image", "ModelDataUrl", "Environment")}
    name = unique("pipeline")
    lab.sagemaker.create_model(ModelName=name, ExecutionRoleArn=ROLE, Containers=[part, part, part])
    endpoint = lab.endpoint(lab.variant(name))
    assert ask(lab, endpoint, 1) == 8
    lab.gone(endpoint)


@pytest.mark.parametrize("how", ["kill", "stop"])
def test_endpoints_outlive_the_server(fresh_server: Server, how: str) -> None:
    fresh_server.start()
    lab = Hosting(fresh_server)
    name = lab.endpoint(lab.variant(lab.trained_model()))
    said, before = lab.invoke(name), supervisors(fresh_server)
    assert len(before) == 1
    getattr(fresh_server, how)()
    # An orderly stop leaves nothing running; kill -9 cannot help it, and the next start finds it.
    assert supervisors(fresh_server) == (before if how == "kill" else [])
    fresh_server.start()
    assert lab.invoke(name) == said
    assert lab.describe(name)["EndpointStatus"] == "InService"
    assert (supervisors(fresh_server) == before) == (how == "kill")
    lab.gone(name)
    assert supervisors(fresh_server) == []


def test_many_wait_and_no_thread_does(lab: Hosting, scripted: str) -> None:
    """More slow invocations than the server has threads: others are answered before the first of them."""
    ended: list[int] = []

    def slowly() -> None:
        try:
            lab.invoke(scripted, b'"late"', ContentType="application/json")
        except ClientError:
            pass  # one worker: the last ones are too late
        ended.append(1)

    threads = [threading.Thread(target=slowly) for _ in range(24)]
    for thread in threads:
        thread.start()
    lab.sagemaker.list_models()
    assert len(ended) < len(threads)
    for thread in threads:
        thread.join()


DEFAULTS = """
class Doubling:
    def predict(self, table):
        assert table.dtype == "float32" and table.ndim == 2
        return table.sum(axis=1) * 2
def model_fn(model_dir):
    return Doubling()
"""


def test_a_script_with_nothing_but_its_model(lab: Hosting, scripted: str) -> None:
    name = lab.endpoint(lab.variant(lab.script_model(DEFAULTS)))
    assert json.loads(lab.invoke(name, b"1,2")) == [6.0]
    assert json.loads(lab.invoke(name, b"[[1, 2], [3, 4]]", ContentType="application/json")) == [6.0, 14.0]
    assert lab.invoke(name, b"1,2\n3,4\n", Accept="text/csv") == b"6.0\n14.0\n"
    error = lab.refused(name, b"1 1:2", ContentType="text/libsvm")
    assert (error.response["Error"]["Code"], error.response["OriginalStatusCode"]) == ("ModelError", 415)
    lab.gone(name)


ISOLATED = """
import os, socket
def model_fn(model_dir):
    return [n for _, n in socket.if_nameindex()] + [k for k in os.environ if k.startswith("AWS_SECRET")]
def transform_fn(model, data, content_type, accept):
    return ",".join(model), "text/plain"
"""


def test_network_isolation_is_kept(lab: Hosting, scripted: str) -> None:
    def said(isolated: bool) -> list[str]:
        plain, name = lab.script_model(ISOLATED), unique("isolated")
        container = lab.sagemaker.describe_model(ModelName=plain)["PrimaryContainer"]
        lab.sagemaker.create_model(ModelName=name, ExecutionRoleArn=ROLE, EnableNetworkIsolation=isolated, PrimaryContainer={
            k: container[k] for k in ("Image", "ModelDataUrl", "Environment")})
        endpoint = lab.endpoint(lab.variant(name))
        told = lab.invoke(endpoint, b"x", ContentType="text/plain").decode().split(",")
        lab.gone(endpoint)
        return told

    assert said(True) == ["lo"]
    assert "AWS_SECRET_ACCESS_KEY" in said(False)


def test_a_body_has_its_bound(lab: Hosting, scripted: str) -> None:
    name = lab.endpoint(lab.variant(lab.script_model(HANDLERS)))  # which has AWS's minute to answer
    bound = 6 * 1024 * 1024
    assert ask_raw(lab, name, b" " * (bound - 1) + b"1") == b"2"
    error = lab.refused(name, b" " * bound + b"1", ContentType="application/json")
    assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 413
    assert message(error) == f"HTTP content length exceeded {bound} bytes."
    # What comes back is twice as long, and has the same bound.
    assert len(ask(lab, name, "x" * (bound // 2 - 1))) == bound - 2
    error = lab.refused(name, json.dumps("x" * (bound // 2)).encode(), ContentType="application/json")
    assert error.response["OriginalMessage"] == f"The response is larger than {bound} bytes."
    lab.gone(name)


def test_a_workflow_makes_and_changes_an_endpoint(lab: Hosting, trained: str) -> None:
    states, name, first, second = lab.server.client("stepfunctions"), unique("flow"), unique("config"), unique("config")

    def task(resource: str, parameters: dict[str, Any], then: str | None) -> dict[str, Any]:
        return {"Type": "Task", "Resource": f"arn:aws:states:::{resource}", "Parameters": parameters, "ResultPath": None,
                **({"Next": then} if then else {"End": True})}

    def config(config_name: str, variant: str) -> dict[str, Any]:
        return {"EndpointConfigName": config_name, "ProductionVariants": [lab.variant(trained, variant)]}

    taken = {"EndpointName": name, "EndpointConfigName": first}
    steps = {
        "First": task("sagemaker:createEndpointConfig", config(first, "one"), "Second"),
        "Second": task("sagemaker:createEndpointConfig", config(second, "two"), "Create"),
        "Create": task("sagemaker:createEndpoint", taken, "Update"),
        "Update": task("sagemaker:updateEndpoint", taken | {"EndpointConfigName": second}, None),
    }
    # Until it is in service an update is refused, in the integration's words.
    steps["Update"]["Retry"] = [{"ErrorEquals": ["SageMaker.AmazonSageMakerException"], "IntervalSeconds": 1, "MaxAttempts": 20, "BackoffRate": 1}]
    machine = states.create_state_machine(name=name, definition=json.dumps({"StartAt": "First", "States": steps}), roleArn=ROLE)["stateMachineArn"]
    arn = states.start_execution(stateMachineArn=machine)["executionArn"]
    wait_until(lambda: states.describe_execution(executionArn=arn)["status"] != "RUNNING")
    told = states.describe_execution(executionArn=arn)
    assert told["status"] == "SUCCEEDED", told
    assert lab.settled(name)["EndpointConfigName"] == second
    assert lab.runtime.invoke_endpoint(EndpointName=name, Body=b"0,0,0", ContentType="text/csv")["InvokedProductionVariant"] == "two"
    lab.gone(name)
