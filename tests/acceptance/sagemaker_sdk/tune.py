"""A HyperparameterTuner over a built-in algorithm; its best training job becomes an estimator again."""

import json
import sys

import sagemaker
from sagemaker.estimator import Estimator
from sagemaker.inputs import TrainingInput
from sagemaker.tuner import ContinuousParameter, HyperparameterTuner, IntegerParameter

role, train, validation = sys.argv[1:]
session = sagemaker.Session()
bucket = session.default_bucket()


def upload(path: str, place: str) -> TrainingInput:
    return TrainingInput(session.upload_data(path, bucket, f"sdk/{place}"), content_type="text/csv")


estimator = Estimator(
    sagemaker.image_uris.retrieve("xgboost", session.boto_region_name, version="1.7-1"),
    role,
    instance_count=1,
    instance_type="ml.m5.large",
    output_path=f"s3://{bucket}/sdk/models",
    hyperparameters={"num_round": 5, "objective": "reg:squarederror"},
    sagemaker_session=session,
)
tuner = HyperparameterTuner(
    estimator,
    "validation:rmse",
    {"eta": ContinuousParameter(0.01, 0.9), "max_depth": IntegerParameter(1, 6)},
    objective_type="Minimize",
    max_jobs=3,
    max_parallel_jobs=2,
    base_tuning_job_name="sdk",
)
tuner.fit({"train": upload(train, "train"), "validation": upload(validation, "validation")}, wait=True)
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
