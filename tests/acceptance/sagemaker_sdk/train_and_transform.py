"""A built-in algorithm through an Estimator: trained with its log in view, then asked by a batch transform."""

import json
import sys
from pathlib import Path

import sagemaker
from sagemaker.estimator import Estimator
from sagemaker.inputs import TrainingInput

role, train, validation, unlabelled = sys.argv[1:]
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
    hyperparameters={"num_round": 10, "max_depth": 3, "objective": "reg:squarederror"},
    sagemaker_session=session,
)
estimator.fit({"train": upload(train, "train"), "validation": upload(validation, "validation")}, wait=True, logs="All")
metrics = estimator.latest_training_job.describe()["FinalMetricDataList"]

transformer = estimator.transformer(1, "ml.m5.large", assemble_with="Line", accept="text/csv")
source = session.upload_data(unlabelled, bucket, "sdk/in")
transformer.transform(source, content_type="text/csv", split_type="Line", wait=True, logs=True)
answers = session.read_s3_file(bucket, transformer.output_path.removeprefix(f"s3://{bucket}/") + f"/{Path(unlabelled).name}.out")
print("RESULT " + json.dumps({"model": estimator.model_data, "metrics": metrics, "answers": answers}, default=str))
