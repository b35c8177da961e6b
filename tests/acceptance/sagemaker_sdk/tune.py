"""A HyperparameterTuner over a built-in algorithm; its best training job becomes an estimator again."""

import json
import sys

from common import inputs, session, xgboost
from sagemaker.tuner import ContinuousParameter, HyperparameterTuner, IntegerParameter

role, train, validation = sys.argv[1:]
estimator = xgboost(role, num_round=5)
tuner = HyperparameterTuner(
    estimator,
    "validation:rmse",
    {"eta": ContinuousParameter(0.01, 0.9), "max_depth": IntegerParameter(1, 6)},
    objective_type="Minimize",
    max_jobs=3,
    max_parallel_jobs=2,
    base_tuning_job_name="sdk",
)
tuner.fit(inputs(train, validation), wait=True)
told = tuner.describe()
attached = HyperparameterTuner.attach(tuner.latest_tuning_job.name, sagemaker_session=session)
rows = tuner.analytics().dataframe()
best = tuner.best_estimator()
print(
    "RESULT "
    + json.dumps(
        {
            "status": told["HyperParameterTuningJobStatus"],
            "best": tuner.best_training_job(),
            "told": told["BestTrainingJob"]["TrainingJobName"],
            "attached": attached.best_training_job(),
            "values": sorted(rows["FinalObjectiveValue"]),
            "model": best.model_data,
        }
    )
)
