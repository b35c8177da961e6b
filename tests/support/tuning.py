"""What tests of hyperparameter tuning jobs share."""

from __future__ import annotations

from typing import Any

from tests.support.training import IMAGE, ROLE, Lab, channel

OBJECTIVE = "validation:rmse"


class TuningLab(Lab):
    def definition(self, **changes: Any) -> dict[str, Any]:
        return {
            "StaticHyperParameters": {"num_round": "5", "objective": "reg:squarederror"},
            "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
            "RoleArn": ROLE,
            "InputDataConfig": [
                channel("train", self.uri("data/train/")),
                channel("validation", self.uri("data/validation/v.csv")),
            ],
            "OutputDataConfig": {"S3OutputPath": self.uri("models")},
            "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 5},
            "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
        } | changes

    def config(self, jobs: int | None, parallel: int = 2, **changes: Any) -> dict[str, Any]:
        limits = {"MaxParallelTrainingJobs": parallel} | ({"MaxNumberOfTrainingJobs": jobs} if jobs else {})
        return {
            "Strategy": "Random",
            "HyperParameterTuningJobObjective": {"Type": "Minimize", "MetricName": OBJECTIVE},
            "ResourceLimits": limits,
            "RandomSeed": 7,
            "ParameterRanges": {
                "ContinuousParameterRanges": [{"Name": "eta", "MinValue": "0.01", "MaxValue": "0.9"}],
                "IntegerParameterRanges": [{"Name": "max_depth", "MinValue": "1", "MaxValue": "6"}],
            },
        } | changes

    def tune(self, name: str, config: dict[str, Any], definition: dict[str, Any] | None = None, **more: Any) -> str:
        return self.sagemaker.create_hyper_parameter_tuning_job(
            HyperParameterTuningJobName=name,
            HyperParameterTuningJobConfig=config,
            TrainingJobDefinition=definition or self.definition(),
            **more,
        )["HyperParameterTuningJobArn"]

    def told(self, name: str) -> dict[str, Any]:
        return self.sagemaker.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)

    def await_tuning(self, name: str) -> dict[str, Any]:
        return self._await(lambda: self.told(name), "HyperParameterTuningJobStatus")

    def tries(self, name: str, **more: Any) -> list[dict[str, Any]]:
        """All of the tuning job's training jobs, by name."""
        ask = {"HyperParameterTuningJobName": name, "MaxResults": 100} | more
        return self.sagemaker.list_training_jobs_for_hyper_parameter_tuning_job(**ask)["TrainingJobSummaries"]
