"""Hyperparameter tuning through boto3, over real training jobs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.support.server import Server, wait_until
from tests.support.training import ACCOUNT, ROLE, unique
from tests.support.tuning import OBJECTIVE, TuningLab


@pytest.fixture(scope="module")
def lab(server: Server) -> Iterator[TuningLab]:
    yield TuningLab(server)


def refused(call: Any, *given: Any, **named: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as failure:
        call(*given, **named)
    error = failure.value.response["Error"]
    return error["Code"], error["Message"]


def value(summary: dict[str, Any]) -> float:
    return summary["FinalHyperParameterTuningJobObjectiveMetric"]["Value"]


def test_a_grid_tries_every_combination_once_and_names_the_best(lab: TuningLab) -> None:
    name = unique("Grid")
    grid = {"CategoricalParameterRanges": [{"Name": "eta", "Values": ["0.05", "0.5"]}, {"Name": "max_depth", "Values": ["1", "4"]}]}
    tags = [{"Key": "team", "Value": "one"}]
    arn = lab.tune(name, lab.config(None, Strategy="Grid", ParameterRanges=grid), Tags=tags)
    assert arn == f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:hyper-parameter-tuning-job/{name.lower()}"
    told = lab.await_tuning(name)
    assert told["HyperParameterTuningJobStatus"] == "Completed"
    assert told["TrainingJobStatusCounters"] == {"Completed": 4, "InProgress": 0, "RetryableError": 0, "NonRetryableError": 0, "Stopped": 0}
    assert told["ObjectiveStatusCounters"] == {"Succeeded": 4, "Pending": 0, "Failed": 0}
    assert told["CreationTime"] <= told["HyperParameterTuningEndTime"] <= told["LastModifiedTime"]
    assert told["TrainingJobDefinition"]["StaticHyperParameters"]["_tuning_objective_metric"] == OBJECTIVE
    tries = lab.tries(name)
    combinations = {(t["TunedHyperParameters"]["eta"], t["TunedHyperParameters"]["max_depth"]) for t in tries}
    assert combinations == {(e, d) for e in ("0.05", "0.5") for d in ("1", "4")}
    assert [t["TrainingJobName"][: len(name) + 5] for t in tries] == [f"{name}-{i:03}-" for i in range(1, 5)]
    assert told["BestTrainingJob"] == min(tries, key=value)
    assert told["BestTrainingJob"]["TunedHyperParameters"] == {"eta": "0.5", "max_depth": "4"}
    # The training jobs are training jobs like any other, and know whose they are.
    best = lab.sagemaker.describe_training_job(TrainingJobName=told["BestTrainingJob"]["TrainingJobName"])
    assert best["TuningJobArn"] == arn
    assert best["HyperParameters"] == {
        "num_round": "5", "objective": "reg:squarederror", "eta": "0.5", "max_depth": "4", "_tuning_objective_metric": OBJECTIVE,
    }
    metrics = {m["MetricName"]: m["Value"] for m in best["FinalMetricDataList"]}
    assert metrics[OBJECTIVE] == value(told["BestTrainingJob"])
    assert list(lab.unpacked(best["ModelArtifacts"]["S3ModelArtifacts"])) == ["xgboost-model"]
    for resource in (arn, best["TrainingJobArn"]):
        assert lab.sagemaker.list_tags(ResourceArn=resource)["Tags"] == tags


def test_the_same_seed_tries_the_same(lab: TuningLab) -> None:
    names = [unique("seed") for _ in range(3)]
    for name, seed in zip(names, (7, 7, 8)):
        lab.tune(name, lab.config(3, RandomSeed=seed))
    for name in names:
        assert lab.await_tuning(name)["HyperParameterTuningJobStatus"] == "Completed"
    first, second, other = ([t["TunedHyperParameters"] for t in lab.tries(name)] for name in names)
    assert first == second != other
    assert all(0.01 <= float(t["eta"]) <= 0.9 and 1 <= int(t["max_depth"]) <= 6 for t in first)


def test_a_bayesian_search_finds_what_is_better(lab: TuningLab) -> None:
    name = unique("bayes")
    lab.tune(name, lab.config(12, Strategy="Bayesian"))
    told = lab.await_tuning(name)
    tries = lab.tries(name)
    assert len(tries) == 12
    assert told["BestTrainingJob"] == min(tries, key=value)
    # What it tried after it had seen some is better than what it began with.
    first, later = tries[:5], tries[5:]
    assert sum(map(value, later)) / len(later) < sum(map(value, first)) / len(first)
    assert told["TuningJobCompletionDetails"]["NumberOfTrainingJobsObjectiveNotImproving"] == 11 - tries.index(told["BestTrainingJob"])


def test_a_metric_that_nobody_asked_for_is_measured(lab: TuningLab) -> None:
    name = unique("mae")
    objective = {"Type": "Minimize", "MetricName": "validation:mae"}
    lab.tune(name, lab.config(1, 1, HyperParameterTuningJobObjective=objective))
    best = lab.await_tuning(name)["BestTrainingJob"]
    assert best["FinalHyperParameterTuningJobObjectiveMetric"]["MetricName"] == "validation:mae"


def test_a_target_that_is_reached_is_enough(lab: TuningLab) -> None:
    name = unique("target")
    lab.tune(name, lab.config(20, 1, TuningJobCompletionCriteria={"TargetObjectiveMetricValue": 1e6}))
    told = lab.await_tuning(name)
    assert told["HyperParameterTuningJobStatus"] == "Completed"
    assert len(lab.tries(name)) == 1


def test_no_improvement_is_enough(lab: TuningLab) -> None:
    name = unique("same")
    # Nothing that is tuned makes a difference, so the first one stays the best.
    same = {"IntegerParameterRanges": [{"Name": "nthread", "MinValue": "1", "MaxValue": "50"}]}
    criteria = {"BestObjectiveNotImproving": {"MaxNumberOfTrainingJobsNotImproving": 3}}
    lab.tune(name, lab.config(20, 1, ParameterRanges=same, TuningJobCompletionCriteria=criteria))
    told = lab.await_tuning(name)
    assert told["HyperParameterTuningJobStatus"] == "Completed"
    assert len(lab.tries(name)) == 4
    assert told["TuningJobCompletionDetails"] == {"NumberOfTrainingJobsObjectiveNotImproving": 3}


def test_a_stop_stops_what_runs(lab: TuningLab) -> None:
    name = unique("stop")
    long = lab.definition(StaticHyperParameters={"num_round": "1000000", "objective": "reg:squarederror"})
    lab.tune(name, lab.config(10, 2), long)
    wait_until(lambda: any(t.get("TrainingStartTime") for t in lab.tries(name)))
    lab.sagemaker.stop_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)
    told = lab.await_tuning(name)
    assert told["HyperParameterTuningJobStatus"] == "Stopped"
    assert len(lab.tries(name)) == 2
    assert {t["TrainingJobStatus"] for t in lab.tries(name)} == {"Stopped"}
    code, message = refused(lab.sagemaker.stop_hyper_parameter_tuning_job, HyperParameterTuningJobName=name)
    assert code == "ValidationException" and message.endswith("is in status Stopped.")


@pytest.mark.parametrize(
    ("jobs", "count", "reason"),
    [
        (3, 3, "All training jobs failed. Please take a look at the training jobs failures to get more details."),
        (9, 5, "No training job succeeded after 5 attempts. Please take a look at the training job failures to get more details."),
    ],
)
def test_training_jobs_that_all_fail_fail_it(lab: TuningLab, jobs: int, count: int, reason: str) -> None:
    name = unique("fail")
    lab.tune(name, lab.config(jobs, 1), lab.definition(StaticHyperParameters={"num_round": "-1"}))
    told = lab.await_tuning(name)
    assert (told["HyperParameterTuningJobStatus"], told["FailureReason"]) == ("Failed", reason)
    assert told["TrainingJobStatusCounters"]["NonRetryableError"] == count
    assert told["ObjectiveStatusCounters"] == {"Succeeded": 0, "Pending": 0, "Failed": count}
    assert "BestTrainingJob" not in told
    assert all("num_round" in t["FailureReason"] for t in lab.tries(name))


def test_an_objective_that_is_never_printed_fails_it(lab: TuningLab) -> None:
    name = unique("silent")
    definition = lab.definition()
    definition["AlgorithmSpecification"]["MetricDefinitions"] = [{"Name": "own", "Regex": "own=(.*)"}]
    lab.tune(name, lab.config(2, 2, HyperParameterTuningJobObjective={"Type": "Maximize", "MetricName": "own"}), definition)
    reason = lab.await_tuning(name)["FailureReason"]
    assert reason.startswith("No objective metrics found after running 2 training jobs.")


RANGE = {"Name": "eta", "MinValue": "0.1", "MaxValue": "0.9"}
FEW = {"CategoricalParameterRanges": [{"Name": "max_depth", "Values": ["1", "2", "3"]}]}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"ParameterRanges": FEW, "ResourceLimits": {"MaxNumberOfTrainingJobs": 4, "MaxParallelTrainingJobs": 1}},
         "You don't have enough combinations of hyperparameter ranges. The total number of hyperparameter combinations for the provided "
         "ranges [3.0] must be equal or greater than the value of MaxNumberOfJobs, [4]. Provide additional ranges."),
        ({"Strategy": "Grid"}, "CategoricalParameterRanges only"),
        ({"Strategy": "Grid", "ParameterRanges": FEW}, "must be the number of combinations"),
        ({"Strategy": "Hyperband"}, "Hyperband is not supported here"),
        ({"HyperParameterTuningJobObjective": {"Type": "Minimize", "MetricName": "own"}}, "The objective metric for the hyperparameter tuning job, [own], isn't valid"),
        ({"ParameterRanges": {"ContinuousParameterRanges": [RANGE | {"MinValue": "a"}]}}, "is not a number"),
        ({"ParameterRanges": {"ContinuousParameterRanges": [RANGE | {"MinValue": "1"}]}}, "MinValue above its MaxValue"),
        ({"ParameterRanges": {"ContinuousParameterRanges": [RANGE | {"Name": "num_round"}]}}, "both static and tuned"),
        ({"ParameterRanges": {}}, "at least one range"),
        ({"ResourceLimits": {"MaxNumberOfTrainingJobs": 2, "MaxParallelTrainingJobs": 3}}, "less than or equal to"),
    ],
)
def test_what_cannot_be_tuned_is_refused(lab: TuningLab, changes: dict[str, Any], words: str) -> None:
    name = unique("bad")
    code, message = refused(lab.tune, name, lab.config(2) | changes)
    assert code == "ValidationException"
    assert words in message
    assert refused(lab.told, name) == ("ResourceNotFound", f"Amazon SageMaker can't find a tuning job called {name}. Type another name.")


def test_limits_at_their_edges(lab: TuningLab) -> None:
    name = unique("edge")
    assert refused(lab.tune, name, lab.config(751))[0] == "ResourceLimitExceeded"
    assert refused(lab.tune, name, lab.config(750, 101))[0] == "ResourceLimitExceeded"
    lab.tune(name, lab.config(750, 100), lab.definition(StaticHyperParameters={"num_round": "1000000"}))
    assert refused(lab.tune, name, lab.config(2)) == (
        "ResourceInUse", f"A hyperparameter tuning job with the name, {name}, already exists. Choose a different name.",
    )
    wait_until(lambda: len(lab.tries(name)) == 100)
    lab.sagemaker.stop_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)
    assert lab.await_tuning(name)["TrainingJobStatusCounters"]["Stopped"] == 100


def test_lists_filter_sort_and_page(lab: TuningLab) -> None:
    word = unique("list")[:15]
    names = [f"{word}-{c}" for c in "bac"]
    for name in names:
        lab.tune(name, lab.config(3, 1))
        lab.await_tuning(name)

    def listed(**ask: Any) -> list[str]:
        pages = lab.sagemaker.get_paginator("list_hyper_parameter_tuning_jobs").paginate(NameContains=word, **ask)
        return [s["HyperParameterTuningJobName"] for p in pages for s in p["HyperParameterTuningJobSummaries"]]

    assert listed(SortBy="Name", SortOrder="Ascending", MaxResults=1) == sorted(names)
    assert listed(SortBy="CreationTime", SortOrder="Descending") == names[::-1]
    assert listed(StatusEquals="Failed") == []
    summary = lab.sagemaker.list_hyper_parameter_tuning_jobs(NameContains=names[0])["HyperParameterTuningJobSummaries"][0]
    told = lab.told(names[0])
    for member in ("HyperParameterTuningJobArn", "CreationTime", "HyperParameterTuningEndTime", "TrainingJobStatusCounters"):
        assert summary[member] == told[member]
    assert (summary["Strategy"], summary["HyperParameterTuningJobStatus"]) == ("Random", "Completed")

    def tried(**ask: Any) -> list[dict[str, Any]]:
        pages = lab.sagemaker.get_paginator("list_training_jobs_for_hyper_parameter_tuning_job").paginate(HyperParameterTuningJobName=names[0], **ask)
        return [s for p in pages for s in p["TrainingJobSummaries"]]

    values = [value(t) for t in tried(SortBy="FinalObjectiveMetricValue", SortOrder="Ascending", MaxResults=1)]
    assert values == sorted(values) and len(values) == 3
    assert [value(t) for t in tried(SortBy="FinalObjectiveMetricValue", SortOrder="Descending")] == values[::-1]
    assert tried(StatusEquals="Failed") == []
    assert len(tried(StatusEquals="Completed")) == 3


def run_workflow(lab: TuningLab, name: str, **changes: Any) -> tuple[Any, str]:
    states = lab.server.client("stepfunctions")
    request = {
        "HyperParameterTuningJobName": name,
        "HyperParameterTuningJobConfig": lab.config(2),
        "TrainingJobDefinition": lab.definition(**changes),
    }
    task = {"Type": "Task", "Resource": "arn:aws:states:::sagemaker:createHyperParameterTuningJob.sync", "Parameters": request, "End": True}
    definition = json.dumps({"StartAt": "Tune", "States": {"Tune": task}})
    machine = states.create_state_machine(name=name, definition=definition, roleArn=ROLE)["stateMachineArn"]
    return states, states.start_execution(stateMachineArn=machine)["executionArn"]


def ended(states: Any, execution: str) -> dict[str, Any]:
    def over() -> dict[str, Any] | None:
        told = states.describe_execution(executionArn=execution)
        return told if told["status"] != "RUNNING" else None

    return wait_until(over, limit_s=120)


def test_a_workflow_waits_for_it(lab: TuningLab) -> None:
    name = unique("flow")
    told = ended(*run_workflow(lab, name))
    assert told["status"] == "SUCCEEDED", told
    output = json.loads(told["output"])
    assert output["HyperParameterTuningJobStatus"] == "Completed"
    assert output["BestTrainingJob"]["TrainingJobName"] == lab.told(name)["BestTrainingJob"]["TrainingJobName"]
    assert isinstance(output["CreationTime"], int)


def test_a_workflow_hears_of_its_failure(lab: TuningLab) -> None:
    told = ended(*run_workflow(lab, unique("flow"), StaticHyperParameters={"num_round": "-1"}))
    assert (told["status"], told["error"]) == ("FAILED", "States.TaskFailed")
    assert json.loads(told["cause"])["HyperParameterTuningJobStatus"] == "Failed"


def test_a_stopped_workflow_stops_it(lab: TuningLab) -> None:
    name = unique("flow")
    states, execution = run_workflow(lab, name, StaticHyperParameters={"num_round": "1000000"})

    def runs() -> bool:
        try:
            return any(t.get("TrainingStartTime") for t in lab.tries(name))
        except ClientError:
            return False

    wait_until(runs)
    states.stop_execution(executionArn=execution)
    assert lab.await_tuning(name)["HyperParameterTuningJobStatus"] == "Stopped"


def test_training_jobs_that_fall_behind_are_stopped(lab: TuningLab) -> None:
    name = unique("early")
    # The last one learns next to nothing, and takes its time for it.
    grid = {"CategoricalParameterRanges": [{"Name": "eta", "Values": ["0.5", "0.4", "0.3", "0.000001"]}]}
    long = lab.definition(StaticHyperParameters={"num_round": "8000", "max_depth": "1", "nthread": "1", "objective": "reg:squarederror"})
    lab.tune(name, lab.config(4, 1, Strategy="Grid", ParameterRanges=grid, TrainingJobEarlyStoppingType="Auto"), long)
    told = lab.await_tuning(name)
    assert told["HyperParameterTuningJobStatus"] == "Completed"
    assert told["TrainingJobStatusCounters"]["Stopped"] == 1
    *good, bad = lab.tries(name)
    assert [t["TrainingJobStatus"] for t in good] == ["Completed"] * 3
    assert bad["TrainingJobStatus"] == "Stopped"
    # What it had reached is known.
    assert bad["ObjectiveStatus"] == "Succeeded"
    assert value(bad) > max(map(value, good))


def test_a_warm_start_goes_on_from_what_was_seen(lab: TuningLab) -> None:
    parent, same, other = unique("parent"), unique("same"), unique("other")
    lab.tune(parent, lab.config(6, 2, Strategy="Bayesian"))
    best = lab.await_tuning(parent)["BestTrainingJob"]
    warm = {"ParentHyperParameterTuningJobs": [{"HyperParameterTuningJobName": parent}], "WarmStartType": "IdenticalDataAndAlgorithm"}
    # It can do no better than its parent: next to no learning.
    worse = {"ContinuousParameterRanges": [{"Name": "eta", "MinValue": "0.001", "MaxValue": "0.002"}]}
    slow = lab.definition(StaticHyperParameters={"num_round": "5", "objective": "reg:squarederror", "max_depth": "1"})
    lab.tune(same, lab.config(1, 1, ParameterRanges=worse), slow, WarmStartConfig=warm)
    told = lab.await_tuning(same)
    assert told["OverallBestTrainingJob"] == best
    assert told["BestTrainingJob"]["TuningJobName"] == same
    assert told["WarmStartConfig"] == warm
    transfer = warm | {"WarmStartType": "TransferLearning"}
    lab.tune(other, lab.config(4, 1, Strategy="Bayesian"), WarmStartConfig=transfer)
    told = lab.await_tuning(other)
    assert "OverallBestTrainingJob" not in told
    # It does not begin anew: from the first one on it does better than its parent's spread ones.
    spread = lab.tries(parent)
    assert sum(map(value, lab.tries(other))) / 4 < sum(map(value, spread)) / len(spread)


def test_a_warm_start_that_does_not_fit_is_refused(lab: TuningLab) -> None:
    parent = unique("parent")
    lab.tune(parent, lab.config(1, 1))
    lab.await_tuning(parent)

    def start(of: str, **changes: Any) -> tuple[str, str]:
        warm = {"ParentHyperParameterTuningJobs": [{"HyperParameterTuningJobName": of}], "WarmStartType": "TransferLearning"}
        return refused(lab.tune, unique("warm"), lab.config(1, 1, **changes), WarmStartConfig=warm)

    assert start("unknown") == ("ResourceNotFound", "Amazon SageMaker can't find a tuning job called unknown. Type another name.")
    fewer = {"IntegerParameterRanges": [{"Name": "max_depth", "MinValue": "1", "MaxValue": "6"}]}
    assert start(parent, ParameterRanges=fewer)[1].startswith("The set of tunable plus static HyperParameter names is not the same")
    objective = {"Type": "Minimize", "MetricName": "validation:mae"}
    assert "objective" in start(parent, HyperParameterTuningJobObjective=objective)[1]
