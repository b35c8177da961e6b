"""tools/trim_models.py, and that models/ is what it makes of the pinned botocore and the services' lists."""

from __future__ import annotations

import gzip
import importlib.metadata
import json
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY / "tools"))

import trim_models  # noqa: E402

MODEL: dict[str, Any] = {
    "version": "2.0",
    "metadata": {"apiVersion": "2013-01-01", "protocol": "json", "serviceId": "Toy", "uid": "toy-2013-01-01"},
    "documentation": "<p>prose</p>",
    "operations": {
        "Get": {
            "name": "Get",
            "http": {"method": "POST", "requestUri": "/"},
            "input": {"shape": "GetInput", "documentation": "prose"},
            "output": {"shape": "GetOutput", "resultWrapper": "GetResult"},
            "errors": [{"shape": "Missing", "documentation": "prose"}],
            "documentation": "prose",
            "staticContextParams": {"a": {"value": True}},
        },
        "Put": {"name": "Put", "http": {"method": "POST", "requestUri": "/"}, "input": {"shape": "Unreached"}},
    },
    "shapes": {
        "GetInput": {
            "type": "structure",
            "required": ["Name"],
            "members": {
                "Name": {"shape": "Name", "documentation": "prose", "locationName": "name"},
                "Names": {"shape": "Names"},
                "Stream": {"shape": "Stream"},
            },
            "documentation": "prose",
        },
        "GetOutput": {"type": "structure", "members": {"ByName": {"shape": "ByName", "deprecated": True}}},
        "ByName": {"type": "map", "key": {"shape": "Name"}, "value": {"shape": "GetOutput"}},
        "Name": {"type": "string", "min": 1, "pattern": "[a-z]+", "documentation": "prose"},
        "Names": {"type": "list", "member": {"shape": "Name"}, "flattened": True},
        "Missing": {"type": "structure", "members": {"message": {"shape": "Name"}}, "exception": True},
        "Stream": {"type": "structure", "members": {"Event": {"shape": "Unreached"}}, "eventstream": True},
        "Unreached": {"type": "structure", "members": {}},
    },
}

TRIMMED = {
    "metadata": {"apiVersion": "2013-01-01", "protocol": "json", "serviceId": "Toy"},
    "operations": {
        "Get": {
            "name": "Get",
            "http": {"method": "POST", "requestUri": "/"},
            "input": {"shape": "GetInput"},
            "output": {"shape": "GetOutput", "resultWrapper": "GetResult"},
            "errors": ["Missing"],
        }
    },
    "shapes": {
        "ByName": {"type": "map", "key": {"shape": "Name"}, "value": {"shape": "GetOutput"}},
        "GetInput": {
            "type": "structure",
            "required": ["Name"],
            "members": {"Name": {"shape": "Name", "locationName": "name"}, "Names": {"shape": "Names"}},
        },
        "GetOutput": {"type": "structure", "members": {"ByName": {"shape": "ByName"}}},
        "Missing": {"type": "structure", "exception": True, "members": {"message": {"shape": "Name"}}},
        "Name": {"type": "string", "min": 1, "pattern": "[a-z]+"},
        "Names": {"type": "list", "flattened": True, "member": {"shape": "Name"}},
    },
    "unserved": ["Put"],
}


def test_what_the_operations_reach_is_kept_without_prose() -> None:
    assert trim_models.trim(MODEL, ["Get"]) == TRIMMED


def test_an_operation_that_aws_does_not_have_is_refused() -> None:
    with pytest.raises(SystemExit, match="AWS has no operation Gte in Toy"):
        trim_models.trim(MODEL, ["Get", "Gte"])


def test_operations_are_read_from_the_list() -> None:
    text = """
    // op(Name, function) in a comment counts as little as anything without a comma: op(x)
    #define MDLC_TOY_OPERATIONS(op, deferred)   \\
      op(PutItem, put_item) deferred(           \\
          Invoke , invoke)                      \\
      op(GetItem, get_item)
    """
    assert trim_models.listed_operations(text) == ["PutItem", "Invoke", "GetItem"]


def write_versions(folder: Path) -> None:
    for version, name in (("2012-12-31", "Old"), ("2013-01-01", "New")):
        path = folder / f"botocore/data/toy/{version}/service-2.json.gz"
        path.parent.mkdir(parents=True)
        path.write_bytes(gzip.compress(json.dumps({"name": name}).encode()))


def test_the_newest_version_is_read_from_a_folder_and_from_a_wheel(tmp_path: Path) -> None:
    write_versions(tmp_path)
    wheel = tmp_path / "botocore.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path in tmp_path.glob("botocore/**/*.gz"):
            archive.write(path, path.relative_to(tmp_path))
    assert trim_models.read_model(tmp_path, "toy") == {"name": "New"}
    assert trim_models.read_model(wheel, "toy") == {"name": "New"}
    with pytest.raises(SystemExit, match="has no model of joy"):
        trim_models.read_model(wheel, "joy")


def test_the_text_is_the_value() -> None:
    assert json.loads(trim_models.pretty(TRIMMED)) == TRIMMED
    assert max(map(len, trim_models.pretty(TRIMMED).splitlines())) <= 120


def has_pinned_botocore() -> bool:
    try:
        installed = importlib.metadata.version("botocore")
    except importlib.metadata.PackageNotFoundError:
        return False
    return f"botocore=={installed}" in (REPOSITORY / "requirements/dev.txt").read_text().splitlines()


@pytest.mark.skipif(not has_pinned_botocore(), reason="not the botocore of requirements/dev.txt")
@pytest.mark.parametrize("service", trim_models.SERVICES)
def test_the_models_are_those_of_the_lists(service: str) -> None:
    operations = trim_models.operations_of(service, {})
    kept = (REPOSITORY / "models" / f"{service}.json").read_text()
    made = trim_models.model_text(trim_models.installed_botocore(), service, operations)
    assert kept == made, "run ./dev models"


@pytest.mark.parametrize("service", trim_models.SERVICES)
def test_each_model_serves_what_its_service_lists(service: str) -> None:
    model = json.loads((REPOSITORY / "models" / f"{service}.json").read_text())
    assert sorted(model["operations"]) == sorted(trim_models.operations_of(service, {})), "run ./dev models"
    assert not set(model["operations"]) & set(model["unserved"])
    named = {n for shape in model["shapes"].values() for n in trim_models.children(shape)}
    assert named <= set(model["shapes"])
