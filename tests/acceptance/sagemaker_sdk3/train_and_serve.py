"""A built-in algorithm through ModelTrainer; its model in a batch transform and an endpoint, through resource classes."""

import sys
from pathlib import Path

from common import bucket, inputs, result, session, xgboost, xgboost_image
from sagemaker.core.resources import Endpoint, EndpointConfig, Model, TrainingJob, TransformJob
from sagemaker.core.shapes import ContainerDefinition, ProductionVariant
from sagemaker.core.transformer import Transformer

role, train, validation, unlabelled = sys.argv[1:]
trainer = xgboost(role, num_round=10, max_depth=3)
trainer.train(input_data_config=inputs(train, validation), wait=True, logs=True)
job = TrainingJob.get(training_job_name=trainer._latest_training_job.training_job_name)

name = job.training_job_name
container = ContainerDefinition(image=xgboost_image(), model_data_url=job.model_artifacts.s3_model_artifacts)
model = Model.create(model_name=name, primary_container=container, execution_role_arn=role)

transformer = Transformer(
    model_name=name,
    instance_count=1,
    instance_type="ml.m5.large",
    assemble_with="Line",
    accept="text/csv",
    base_transform_job_name="sdk3",
    sagemaker_session=session,
)
source = session.upload_data(unlabelled, bucket, "sdk3/in")
transformer.transform(source, content_type="text/csv", split_type="Line", wait=True, logs=True)
answers = session.read_s3_file(
    bucket, transformer.output_path.removeprefix(f"s3://{bucket}/") + f"/{Path(unlabelled).name}.out"
)
transforms = [t.transform_job_name for t in TransformJob.get_all()]

variant = ProductionVariant(
    variant_name="AllTraffic", model_name=name, initial_instance_count=1, instance_type="ml.m5.large"
)
configuration = EndpointConfig.create(endpoint_config_name=name, production_variants=[variant])
endpoint = Endpoint.create(endpoint_name=name, endpoint_config_name=name)
endpoint.wait_for_status("InService")
invoked = endpoint.invoke(body=Path(unlabelled).read_bytes(), content_type="text/csv", accept="text/csv")
told = invoked.body.read().decode()
listed = [e.endpoint_name for e in Endpoint.get_all()]
endpoint.delete()
endpoint.wait_for_delete()
configuration.delete()
model.delete()

result(
    status=job.training_job_status,
    metrics=sorted(m.metric_name for m in job.final_metric_data_list),
    answers=answers,
    transform=transformer.latest_transform_job.transform_job_name,
    transforms=transforms,
    told=told,
    name=name,
    endpoints=listed,
    left=[m.model_name for m in Model.get_all() if m.model_name == name],
)
