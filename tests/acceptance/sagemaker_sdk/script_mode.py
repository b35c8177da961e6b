"""A script of the user's in the scikit-learn image: trained, then run as a processing job, both with their logs in view."""

import json
import sys
import tempfile
from pathlib import Path

import sagemaker
from sagemaker.processing import ProcessingInput, ProcessingOutput
from sagemaker.sklearn.estimator import SKLearn
from sagemaker.sklearn.processing import SKLearnProcessor

TRAIN = """
import argparse, json, os
from pathlib import Path
parser = argparse.ArgumentParser()
parser.add_argument("--alpha", type=float)
given = parser.parse_args()
rows = [line for f in Path(os.environ["SM_CHANNEL_TRAIN"]).iterdir() for line in f.read_text().splitlines()]
print(f"loss={given.alpha * 2};")
(Path(os.environ["SM_MODEL_DIR"]) / "model.json").write_text(json.dumps({"rows": len(rows), "alpha": given.alpha}))
"""
COUNT = """
import sys
from pathlib import Path
rows = sum(len(f.read_text().splitlines()) for f in Path("/opt/ml/processing/in").iterdir())
print("counting for", sys.argv[1])
Path("/opt/ml/processing/out/count.txt").write_text(f"{sys.argv[1]} {rows}")
"""

role, train = sys.argv[1:]
session = sagemaker.Session()
bucket = session.default_bucket()
folder = Path(tempfile.mkdtemp())
(folder / "train.py").write_text(TRAIN)
(folder / "count.py").write_text(COUNT)
source = session.upload_data(train, bucket, "sdk/train")

estimator = SKLearn(
    entry_point="train.py",
    source_dir=str(folder),
    role=role,
    instance_type="ml.m5.large",
    framework_version="1.2-1",
    hyperparameters={"alpha": 0.5},
    metric_definitions=[{"Name": "loss", "Regex": "loss=(.*?);"}],
    output_path=f"s3://{bucket}/sdk/models",
    sagemaker_session=session,
)
estimator.fit({"train": source}, wait=True, logs="All")
metrics = estimator.latest_training_job.describe()["FinalMetricDataList"]

processor = SKLearnProcessor(
    framework_version="1.2-1", role=role, instance_type="ml.m5.large", instance_count=1, sagemaker_session=session
)
processor.run(
    code=str(folder / "count.py"),
    inputs=[ProcessingInput(source=source, destination="/opt/ml/processing/in")],
    outputs=[ProcessingOutput(output_name="out", source="/opt/ml/processing/out")],
    arguments=["me"],
    wait=True,
    logs=True,
)
result = processor.latest_job.outputs[0].destination.removeprefix(f"s3://{bucket}/")
counted = session.read_s3_file(bucket, f"{result}/count.txt")
print("RESULT " + json.dumps({"model": estimator.model_data, "metrics": metrics, "counted": counted}, default=str))
