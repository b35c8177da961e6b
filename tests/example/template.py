"""Reads a CloudFormation template as far as the tests here need: its inline functions and its state machines."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import yaml

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "mdlc"


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short forms: `!Ref x` is {"Ref": "x"}, `!Sub x` is {"Fn::Sub": "x"}."""


def _short_form(loader: yaml.Loader, tag: str, node: yaml.Node) -> dict[str, Any]:
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    return {tag if tag in ("Ref", "Condition") else f"Fn::{tag}": value}


_Loader.add_multi_constructor("!", _short_form)


def load(path: Path) -> dict[str, Any]:
    return yaml.load(path.read_text(), Loader=_Loader)


def inline_code(template: dict[str, Any], function: str) -> str:
    return template["Resources"][function]["Properties"]["Code"]["ZipFile"]


def definition(template: dict[str, Any], machine: str, **values: str) -> dict[str, Any]:
    """A state machine's definition; each ${name} is its value of `values`, the parameter's default, or its name."""
    text, local = template["Resources"][machine]["Properties"]["DefinitionString"]["Fn::Sub"]
    known = {name: str(p["Default"]) for name, p in template["Parameters"].items()} | values

    def value(match: re.Match[str]) -> str:
        name = match.group(1)
        if name in known:
            return known[name]
        return f"<{name}>" if name not in local else f"<local {name}>"

    return json.loads(re.sub(r"\$\{([^}]+)\}", value, text))
