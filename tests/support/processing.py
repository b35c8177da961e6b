"""What tests of processing jobs share."""

from __future__ import annotations

from typing import Any

from tests.support.training import ROLE, Lab

SCIKIT = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"
ENTRYPOINT = ["python3", "/opt/ml/processing/input/code/script.py"]


class ProcessingLab(Lab):
    """A bucket, and jobs that run scripts."""

    def input(self, name: str, key: str, **changes: Any) -> dict[str, Any]:
        s3 = {"S3Uri": self.uri(key), "LocalPath": f"/opt/ml/processing/input/{name}", "S3DataType": "S3Prefix", "S3InputMode": "File"}
        return {"InputName": name, "S3Input": s3 | changes}

    def request(self, name: str, script: str, *, inputs: dict[str, str] | None = None, arguments: list[str] | None = None,
                extra_inputs: list[dict[str, Any]] | None = None, mode: str = "EndOfJob", out_uri: str | None = None,
                **changes: Any) -> dict[str, Any]:
        """A job that runs that script; what it leaves in /opt/ml/processing/output comes to <name>/out/."""
        self.put(f"{name}/code/script.py", script.encode())
        given = [self.input(n, key) for n, key in (inputs or {}).items()] + [self.input("code", f"{name}/code/script.py")]
        app: dict[str, Any] = {"ImageUri": SCIKIT, "ContainerEntrypoint": ENTRYPOINT}
        if arguments:
            app["ContainerArguments"] = arguments
        output = {"S3Uri": out_uri or self.uri(f"{name}/out"), "LocalPath": "/opt/ml/processing/output", "S3UploadMode": mode}
        return {
            "ProcessingJobName": name,
            "RoleArn": ROLE,
            "AppSpecification": app,
            "ProcessingInputs": given + (extra_inputs or []),
            "ProcessingOutputConfig": {"Outputs": [{"OutputName": "out", "S3Output": output}]},
            "ProcessingResources": {"ClusterConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 5}},
        } | changes

    def process(self, name: str, script: str, **changes: Any) -> str:
        return self.sagemaker.create_processing_job(**self.request(name, script, **changes))["ProcessingJobArn"]

    def await_processing(self, name: str) -> dict[str, Any]:
        return self._await(lambda: self.sagemaker.describe_processing_job(ProcessingJobName=name), "ProcessingJobStatus")

    def printed(self, name: str) -> list[str]:
        """The program's own lines: the log's first one says what runs for the image."""
        note, *own = self.log("/aws/sagemaker/ProcessingJobs", f"{name}/algo-1-")
        assert note.startswith(f"For the image {SCIKIT} run here: scikit-learn=="), note
        return own
