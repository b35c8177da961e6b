"""What programs over the built-in algorithm begin with."""

import sagemaker
from sagemaker.estimator import Estimator
from sagemaker.inputs import TrainingInput

session = sagemaker.Session()
bucket = session.default_bucket()


def inputs(train: str, validation: str) -> dict[str, TrainingInput]:
    def upload(path: str, place: str) -> TrainingInput:
        return TrainingInput(session.upload_data(path, bucket, f"sdk/{place}"), content_type="text/csv")

    return {"train": upload(train, "train"), "validation": upload(validation, "validation")}


def xgboost(role: str, **hyperparameters: object) -> Estimator:
    return Estimator(
        sagemaker.image_uris.retrieve("xgboost", session.boto_region_name, version="1.7-1"),
        role,
        instance_count=1,
        instance_type="ml.m5.large",
        output_path=f"s3://{bucket}/sdk/models",
        hyperparameters={"objective": "reg:squarederror", **hyperparameters},
        sagemaker_session=session,
    )
