"""A built-in algorithm through an Estimator: trained with its log in view, then asked by a batch transform."""

import json
import sys
from pathlib import Path

from common import bucket, inputs, session, xgboost

role, train, validation, unlabelled = sys.argv[1:]
estimator = xgboost(role, num_round=10, max_depth=3)
estimator.fit(inputs(train, validation), wait=True, logs="All")
metrics = estimator.latest_training_job.describe()["FinalMetricDataList"]

transformer = estimator.transformer(1, "ml.m5.large", assemble_with="Line", accept="text/csv")
source = session.upload_data(unlabelled, bucket, "sdk/in")
transformer.transform(source, content_type="text/csv", split_type="Line", wait=True, logs=True)
answers = session.read_s3_file(bucket, transformer.output_path.removeprefix(f"s3://{bucket}/") + f"/{Path(unlabelled).name}.out")
print("RESULT " + json.dumps({"model": estimator.model_data, "metrics": metrics, "answers": answers}, default=str))
