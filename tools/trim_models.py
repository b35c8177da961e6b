#!/usr/bin/env python3
"""Makes models/<service>.json: the part of an AWS API model that we serve, without its prose.

    python3 tools/trim_models.py [--botocore PATH] [--operations SERVICE=Op,Op…]… [SERVICE…]

PATH is a botocore wheel, or a folder that holds the package; without it, it is the package that this interpreter has
installed (requirements/ says which version). Without names, every service below is written. The operations are those of
src/services/<service>/operations.h; of a service that has no such list yet, those that --operations names, or those
that models/<service>.json already has.

A model holds the operations, the shapes that they and their errors reach, and under "unserved" the names of what AWS
has beside. Event streams are left out. The output depends on nothing but the inputs.
"""

from __future__ import annotations

import argparse
import gzip
import importlib.util
import json
import re
import sys
import zipfile
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parent.parent

# Our folder → botocore's folder.
SERVICES = {
    "cloudformation": "cloudformation",
    "dynamodb": "dynamodb",
    "iam": "iam",
    "lambda": "lambda",
    "logs": "logs",
    "s3": "s3",
    "sagemaker": "sagemaker",
    "sagemaker_runtime": "sagemaker-runtime",
    "states": "stepfunctions",
    "sts": "sts",
}

METADATA = (
    "apiVersion endpointPrefix globalEndpoint jsonVersion protocol serviceId signingName targetPrefix xmlNamespace"
).split()
OPERATION = "name http input output errors httpChecksum httpChecksumRequired".split()
REFERENCE = (
    "shape location locationName queryName flattened xmlAttribute xmlNamespace streaming idempotencyToken "
    "timestampFormat jsonvalue"
).split()
SHAPE = (
    "type required enum min max pattern error exception fault payload sensitive union document flattened "
    "timestampFormat locationName xmlNamespace streaming"
).split()

Json = dict[str, Any]


def installed_botocore() -> Path:
    found = importlib.util.find_spec("botocore")
    if found is None or found.origin is None:
        raise SystemExit("this Python has no botocore: run ./dev models, or name one with --botocore")
    return Path(found.origin).parent.parent


def read_model(botocore: Path, folder: str) -> Json:
    """The newest version of a service's model, from a wheel or an installed package."""
    prefix = f"botocore/data/{folder}/"
    pattern = re.compile(re.escape(prefix) + r"\d{4}-\d\d-\d\d/service-2\.json(\.gz)?$")
    if botocore.is_dir():
        names = [str(p.relative_to(botocore)) for p in botocore.glob(prefix + "*/service-2.json*")]
    else:
        with zipfile.ZipFile(botocore) as wheel:
            names = wheel.namelist()
    names = sorted(name for name in names if pattern.match(name))
    if not names:
        raise SystemExit(f"{botocore} has no model of {folder}")
    if botocore.is_dir():
        data = (botocore / names[-1]).read_bytes()
    else:
        with zipfile.ZipFile(botocore) as wheel:
            data = wheel.read(names[-1])
    return json.loads(gzip.decompress(data) if names[-1].endswith(".gz") else data)


def listed_operations(text: str) -> list[str]:
    """The operations of an operations.h: op(Name, function) and deferred(Name, function)."""
    code = re.sub(r"//.*", "", text).replace("\\\n", " ")
    return re.findall(r"\b(?:op|deferred)\s*\(\s*(\w+)\s*,", code)


def pick(source: Json, keys: list[str]) -> Json:
    return {key: source[key] for key in keys if key in source}


def reference(source: Json) -> Json:
    return pick(source, REFERENCE)


def children(shape: Json) -> list[str]:
    references = list(shape.get("members", {}).values())
    references += [shape[role] for role in ("member", "key", "value") if role in shape]
    return [r["shape"] for r in references]


def trim_shape(shape: Json, all_shapes: Json) -> Json:
    kept = pick(shape, SHAPE)
    if "members" in shape:
        kept["members"] = {
            name: reference(member)
            for name, member in shape["members"].items()
            if not all_shapes[member["shape"]].get("eventstream")
        }
    for role in ("member", "key", "value"):
        if role in shape:
            kept[role] = reference(shape[role])
    return kept


def trim_operation(operation: Json) -> Json:
    kept = pick(operation, OPERATION)
    for role in ("input", "output"):
        if role in kept:
            kept[role] = pick(kept[role], REFERENCE + ["resultWrapper"])
    if "errors" in kept:
        kept["errors"] = [e["shape"] for e in kept["errors"]]
    return kept


def trim(model: Json, operations: list[str]) -> Json:
    unknown = sorted(set(operations) - set(model["operations"]))
    if unknown:
        raise SystemExit(f"AWS has no operation {', '.join(unknown)} in {model['metadata']['serviceId']}")
    kept = {name: trim_operation(model["operations"][name]) for name in sorted(set(operations))}

    shapes: Json = {}
    reach = [e for o in kept.values() for e in o.get("errors", [])]
    reach += [o[role]["shape"] for o in kept.values() for role in ("input", "output") if role in o]
    while reach:
        name = reach.pop()
        if name not in shapes:
            shapes[name] = trim_shape(model["shapes"][name], model["shapes"])
            reach += children(shapes[name])

    return {
        "metadata": pick(model["metadata"], METADATA),
        "operations": kept,
        "shapes": dict(sorted(shapes.items())),
        "unserved": sorted(set(model["operations"]) - set(kept)),
    }


def pretty(value: Any, indent: int = 0, width: int = 118) -> str:
    """JSON with everything on one line that fits one: small enough to keep, and differences stay readable."""
    flat = json.dumps(value, ensure_ascii=True)
    if indent and indent + len(flat) <= width or not isinstance(value, (dict, list)) or not value:
        return flat
    pad = " " * (indent + 1)
    if isinstance(value, list):
        return "[\n" + ",\n".join(pad + pretty(v, indent + 1, width) for v in value) + "\n" + " " * indent + "]"
    rows = (f"{pad}{json.dumps(k)}: {pretty(v, indent + 1, width)}" for k, v in value.items())
    return "{\n" + ",\n".join(rows) + "\n" + " " * indent + "}"


def operations_of(service: str, given: dict[str, list[str]]) -> list[str]:
    listing = REPOSITORY / "src/services" / service / "operations.h"
    if listing.exists():
        return listed_operations(listing.read_text())
    if service in given:
        return given[service]
    model = REPOSITORY / "models" / f"{service}.json"
    return list(json.loads(model.read_text())["operations"]) if model.exists() else []


def model_text(botocore: Path, service: str, operations: list[str]) -> str:
    return pretty(trim(read_model(botocore, SERVICES[service]), operations)) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--botocore", type=Path, metavar="PATH")
    parser.add_argument("services", nargs="*", metavar="SERVICE")
    parser.add_argument("--operations", action="append", default=[], metavar="SERVICE=Op,Op")
    arguments = parser.parse_args()
    unknown = sorted(set(arguments.services) - set(SERVICES))
    if unknown:
        raise SystemExit(f"no service {', '.join(unknown)}; there are {', '.join(SERVICES)}")
    botocore = arguments.botocore or installed_botocore()
    given = {s: names.split(",") for s, _, names in (o.partition("=") for o in arguments.operations)}

    for service in arguments.services or SERVICES:
        operations = operations_of(service, given)
        if not operations:
            continue
        text = model_text(botocore, service, operations)
        (REPOSITORY / "models" / f"{service}.json").write_text(text)
        print(f"models/{service}.json: {len(operations)} operations, {len(text) // 1024} KiB", file=sys.stderr)


if __name__ == "__main__":
    main()
