"""SageMaker's own algorithms through the SDK's classes for them: records both ways, which the SDK writes and reads."""

import json
import sys

import numpy
from common import bucket, session
from sagemaker import KMeans, LinearLearner

(role,) = sys.argv[1:]
chance = numpy.random.default_rng(3)
features = chance.normal(size=(300, 2)).astype("float32")
labels = (features @ [2, -1] + 3).astype("float32")
common = {
    "role": role,
    "instance_count": 1,
    "instance_type": "ml.m5.large",
    "sagemaker_session": session,
    "output_path": f"s3://{bucket}/own/models",
}


def deployed(estimator, records):
    """Waited for a second at a time: the SDK's own waits are as long as AWS needs."""
    estimator.fit(records, mini_batch_size=100, wait=False)
    session.wait_for_job(estimator.latest_training_job.name, poll=1)
    predictor = estimator.deploy(1, "ml.m5.large", wait=False)
    session.wait_for_endpoint(predictor.endpoint_name, poll=1)
    return predictor


linear = LinearLearner(predictor_type="regressor", data_location=f"s3://{bucket}/own/linear", **common)
predictor = deployed(linear, linear.record_set(features, labels))
scores = [r.label["score"].float32_tensor.values[0] for r in predictor.predict(features[:5])]
predictor.delete_endpoint()

kmeans = KMeans(k=2, data_location=f"s3://{bucket}/own/kmeans", **common)
apart = numpy.concatenate([features, features + 50])
predictor = deployed(kmeans, kmeans.record_set(apart))
clusters = [r.label["closest_cluster"].float32_tensor.values[0] for r in predictor.predict(apart[[0, 1, 300, 301]])]
predictor.delete_endpoint()

print("RESULT " + json.dumps({"scores": scores, "labels": labels[:5].tolist(), "clusters": clusters}))
