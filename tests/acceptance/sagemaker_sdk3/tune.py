"""A HyperparameterTuner over a built-in algorithm."""

import sys

from common import inputs, result, session, xgboost
from sagemaker.core.parameter import ContinuousParameter, IntegerParameter
from sagemaker.core.resources import HyperParameterTuningJob
from sagemaker.train.tuner import HyperparameterTuner

role, train, validation = sys.argv[1:]
tuner = HyperparameterTuner(
    xgboost(role, num_round=5),
    "validation:rmse",
    {"eta": ContinuousParameter(0.01, 0.9), "max_depth": IntegerParameter(1, 6)},
    objective_type="Minimize",
    max_jobs=3,
    max_parallel_jobs=2,
    base_tuning_job_name="sdk3",
)
tuner.tune(inputs(train, validation), wait=True)
told = HyperParameterTuningJob.get(tuner.latest_tuning_job.hyper_parameter_tuning_job_name)
rows = tuner.analytics().dataframe()
result(
    status=told.hyper_parameter_tuning_job_status,
    best=tuner.best_training_job(),
    told=told.best_training_job.training_job_name,
    values=sorted(rows["FinalObjectiveValue"]),
)
