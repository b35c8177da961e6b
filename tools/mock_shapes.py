#!/usr/bin/env python3
"""Makes models/mock_shapes.txt: what AWS's operations answer, as far as a mocked result is checked against it.

    python3 tools/mock_shapes.py [--botocore PATH]

PATH is as for trim_models.py. The services are those that Step Functions integrates by name and the widely used ones.
The format, which src/services/states/mock_shapes.h reads, is lines:

    @kms                     a service, named as in `aws-sdk:kms:encrypt`
    >Encrypt 0               an operation's answer: the index of its shape among the service's `-` lines
    -S CiphertextBlob:1,!KeyId:2     a structure; ! is required
    -L 1 0 5                 a list of shape 1 with bounds of its length; `-` is none
    -M 1                     a map of strings to shape 1
    -s 1 64 A|B              text with bounds of its length and its values
    -i 0 10                  a number with its bounds
    -B 1 64                  bytes, as text
    -b, -t, -D               a boolean, a time, any JSON
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path
from typing import Any

from trim_models import REPOSITORY, installed_botocore, read_model

# botocore's folders.
SERVICES = """
acm apigateway apigatewayv2 appconfig appconfigdata application-autoscaling athena autoscaling batch bedrock
bedrock-agent-runtime bedrock-runtime cloudformation cloudwatch codebuild cognito-idp comprehend databrew
dynamodb ec2 ecr ecs efs eks elasticache emr emr-containers emr-serverless events firehose glue iam kinesis kms lambda
logs mediaconvert polly rds rds-data redshift-data rekognition resourcegroupstaggingapi route53 s3
sagemaker sagemaker-runtime scheduler secretsmanager ses sesv2 sns sqs ssm stepfunctions sts textract transcribe
translate
""".split()

Json = dict[str, Any]

# Bounds that Step Functions goes by where the API's newest model has others: service, shape → bounds.
OLDER_BOUNDS = {("lambda", "MemorySize"): {"min": 128, "max": 10240}}


def bounds(shape: Json) -> list[str]:
    return [str(shape.get("min", "-")), str(shape.get("max", "-"))]


class Table:
    """One service's answers."""

    def __init__(self, model: Json) -> None:
        self.model = model
        self.lines: list[str] = []
        self.by_line: dict[str, int] = {}
        self.by_name: dict[str, int] = {}

    def leaf(self, shape: Json) -> str:
        kind = shape["type"]
        if shape.get("document"):
            return "D"
        if kind == "string":
            words = ["s", *bounds(shape)]
            if "enum" in shape:
                words.append("|".join(shape["enum"]))
        elif kind in ("integer", "long", "float", "double"):
            words = ["i", *bounds(shape)]
        elif kind == "blob":
            words = ["B", *bounds(shape)]
        else:
            return {"boolean": "b", "timestamp": "t"}[kind]
        while words[-1] == "-":
            words.pop()
        return " ".join(words)

    def add(self, line: str) -> int:
        """Shapes that say the same are one."""
        if line not in self.by_line:
            self.by_line[line] = len(self.lines)
            self.lines.append(line)
        return self.by_line[line]

    def index(self, name: str) -> int:
        if name in self.by_name:
            return self.by_name[name]
        shape = self.model["shapes"][name]
        kind = shape["type"]
        if shape.get("eventstream"):
            return self.add("D")
        if kind == "structure" and not shape.get("document"):
            at = len(self.lines)
            self.lines.append("")
            self.by_name[name] = at  # it may contain itself
            required = set(shape.get("required", []))
            members = (
                f"{'!' if member in required else ''}{member[0].upper()}{member[1:]}:{self.index(ref['shape'])}"
                for member, ref in shape.get("members", {}).items()
            )
            self.lines[at] = "S " + ",".join(members)
            return at
        if kind in ("list", "map") and not shape.get("document"):
            at = len(self.lines)
            self.lines.append("")
            self.by_name[name] = at
            inner = self.index(shape["member" if kind == "list" else "value"]["shape"])
            words = ["L", str(inner), *bounds(shape)] if kind == "list" else ["M", str(inner)]
            while words[-1] == "-":
                words.pop()
            self.lines[at] = " ".join(words)
            return at
        at = self.add(self.leaf(shape))
        self.by_name[name] = at
        return at


def service_text(folder: str, model: Json) -> str:
    for (service, shape), known in OLDER_BOUNDS.items():
        if service == folder:
            model["shapes"][shape].update(known)
    table = Table(model)
    operations = [
        f">{name} {table.index(operation['output']['shape'])}"
        for name, operation in sorted(model["operations"].items())
        if "output" in operation and model["shapes"][operation["output"]["shape"]].get("members")
    ]
    name = re.sub(r"[^a-z0-9]", "", model["metadata"]["serviceId"].lower())
    return "\n".join([f"@{name}", *operations, *("-" + line for line in table.lines)]) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--botocore", type=Path, metavar="PATH")
    arguments = parser.parse_args()
    botocore = arguments.botocore or installed_botocore()
    text = "".join(service_text(folder, read_model(botocore, folder)) for folder in SERVICES)
    (REPOSITORY / "models/mock_shapes.txt").write_text(text)
    print(f"models/mock_shapes.txt: {len(SERVICES)} services, {len(text) // 1024} KiB", file=sys.stderr)


if __name__ == "__main__":
    main()
