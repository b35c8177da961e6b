"""A script of the user's through ModelTrainer: its log in view, its packages installed, its checkpoints kept."""

import io
import json
import sys
import tarfile
import tempfile
from pathlib import Path

from common import bucket, result, session
from sagemaker.core.shapes import CheckpointConfig, MetricDefinition, OutputDataConfig
from sagemaker.train import ModelTrainer
from sagemaker.train.configs import Compute, InputData, SourceCode

TRAIN = """
import argparse, json, os
from importlib.metadata import version
from pathlib import Path
import helper
parser = argparse.ArgumentParser()
parser.add_argument("--alpha", type=float)
parser.add_argument("--layers", type=json.loads)
given = parser.parse_args()
rows = [line for f in Path(os.environ["SM_CHANNEL_TRAIN"]).iterdir() for line in f.read_text().splitlines()]
Path("/opt/ml/checkpoints/last.txt").write_text("half way")
print(f"loss={given.alpha * 2};")
about = {"rows": len(rows), "alpha": given.alpha, "layers": given.layers, "six": version("six"),
         "environment": os.environ["PURPOSE"], "helped": helper.WORD}
(Path(os.environ["SM_MODEL_DIR"]) / "model.json").write_text(json.dumps(about))
"""

role, image, train = sys.argv[1:]
folder = Path(tempfile.mkdtemp())
(folder / "train.py").write_text(TRAIN)
(folder / "helper.py").write_text("WORD = 'yes'\n")
(folder / "requirements.txt").write_text("six==1.16.0\n")

trainer = ModelTrainer(
    training_image=image,
    source_code=SourceCode(source_dir=str(folder), entry_script="train.py", requirements="requirements.txt"),
    compute=Compute(instance_type="ml.m5.large", instance_count=1),
    hyperparameters={"alpha": 0.5, "layers": [1, 2]},
    environment={"PURPOSE": "testing"},
    output_data_config=OutputDataConfig(s3_output_path=f"s3://{bucket}/sdk3/models"),
    checkpoint_config=CheckpointConfig(s3_uri=f"s3://{bucket}/sdk3/checkpoints"),
    base_job_name="sdk3",
    role=role,
    sagemaker_session=session,
).with_metric_definitions([MetricDefinition(name="loss", regex="loss=(.*?);")])
trainer.train(input_data_config=[InputData(channel_name="train", data_source=train)], wait=True, logs=True)

job = trainer._latest_training_job
uri = job.model_artifacts.s3_model_artifacts
archive = session.boto_session.client("s3").get_object(Bucket=bucket, Key=uri.removeprefix(f"s3://{bucket}/"))
with tarfile.open(fileobj=io.BytesIO(archive["Body"].read())) as model:
    about = json.load(model.extractfile("model.json"))
result(
    status=job.training_job_status,
    about=about,
    metrics=[[m.metric_name, m.value] for m in job.final_metric_data_list],
    checkpoint=session.read_s3_file(bucket, "sdk3/checkpoints/last.txt"),
)
