"""What the programs begin with: a session, its bucket, and the SDK's own messages in view."""

import json
import logging

from sagemaker.core import image_uris
from sagemaker.core.helper.session_helper import Session
from sagemaker.core.shapes import OutputDataConfig
from sagemaker.train import ModelTrainer
from sagemaker.train.configs import Compute, InputData

logging.basicConfig(level=logging.INFO, format="%(message)s")
session = Session()
bucket = session.default_bucket()


def xgboost_image() -> str:
    return image_uris.retrieve("xgboost", session.boto_region_name, version="1.7-1")


def xgboost(role: str, **hyperparameters: object) -> ModelTrainer:
    return ModelTrainer(
        training_image=xgboost_image(),
        compute=Compute(instance_type="ml.m5.large", instance_count=1),
        hyperparameters={"objective": "reg:squarederror", **hyperparameters},
        output_data_config=OutputDataConfig(s3_output_path=f"s3://{bucket}/sdk3/models"),
        base_job_name="sdk3-xgboost",
        role=role,
        sagemaker_session=session,
    )


def inputs(train: str, validation: str) -> list[InputData]:
    return [
        InputData(
            channel_name=name, data_source=session.upload_data(path, bucket, f"sdk3/{name}"), content_type="text/csv"
        )
        for name, path in (("train", train), ("validation", validation))
    ]


def result(**values: object) -> None:
    print("RESULT " + json.dumps(values, default=str))
