"""Scripts of the user's as processing jobs: one alone, and one with a folder of code and its requirements.txt."""

import sys
import tempfile
from pathlib import Path

from common import bucket, result, session
from sagemaker.core.processing import FrameworkProcessor, ScriptProcessor
from sagemaker.core.shapes import ProcessingInput, ProcessingOutput, ProcessingS3Input, ProcessingS3Output

COUNT = """
import sys
from pathlib import Path
import sklearn
rows = sum(len(f.read_text().splitlines()) for f in Path("/opt/ml/processing/in").iterdir())
print("counting for", sys.argv[1])
Path("/opt/ml/processing/out/count.txt").write_text(f"{sys.argv[1]} {rows}")
"""
FRAMEWORK = """
import sys
from importlib.metadata import version
from pathlib import Path
import helper
print("with six", version("six"))
Path("/opt/ml/processing/out/count.txt").write_text(f"{sys.argv[1]} {helper.WORD} {version('six')}")
"""

role, image, train = sys.argv[1:]
folder = Path(tempfile.mkdtemp())
(folder / "count.py").write_text(COUNT)
code = folder / "code"
code.mkdir()
(code / "main.py").write_text(FRAMEWORK)
(code / "helper.py").write_text("WORD = 'yes'\n")
(code / "requirements.txt").write_text("six==1.16.0\n")
source = session.upload_data(train, bucket, "sdk3/train")
machine = {"image_uri": image, "role": role, "instance_count": 1, "instance_type": "ml.m5.large"}


def output(place: str) -> list[ProcessingOutput]:
    s3 = ProcessingS3Output(
        s3_uri=f"s3://{bucket}/sdk3/{place}", local_path="/opt/ml/processing/out", s3_upload_mode="EndOfJob"
    )
    return [ProcessingOutput(output_name="out", s3_output=s3)]


script = ScriptProcessor(command=["python3"], base_job_name="sdk3", sagemaker_session=session, **machine)
given = ProcessingS3Input(
    s3_uri=source, local_path="/opt/ml/processing/in", s3_data_type="S3Prefix", s3_input_mode="File"
)
script.run(
    code=str(folder / "count.py"),
    inputs=[ProcessingInput(input_name="in", s3_input=given)],
    outputs=output("script"),
    arguments=["me"],
    wait=True,
    logs=True,
)

framework = FrameworkProcessor(command=["python3"], base_job_name="sdk3-framework", sagemaker_session=session, **machine)
framework.run(
    code="main.py",
    source_dir=str(code),
    requirements="requirements.txt",
    outputs=output("framework"),
    arguments=["you"],
    wait=True,
    logs=True,
)
result(
    script=session.read_s3_file(bucket, "sdk3/script/count.txt"),
    framework=session.read_s3_file(bucket, "sdk3/framework/count.txt"),
)
