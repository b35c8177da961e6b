"""An API model as the writers need it: named, typed and ordered for C++."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

# Shapes that stay JSON in C++: a tagged value that is the customer's own is handled as one.
AS_JSON = {"dynamodb": {"AttributeValue"}}

# Services without a region: their credential scope's region is us-east-1 wherever the caller is.
GLOBAL = {"iam"}

PROTOCOLS = {"json": "json", "rest-json": "rest_json", "rest-xml": "rest_xml", "query": "query"}

SCALARS = {
    "string": "std::string",
    "character": "std::string",
    "blob": "std::string",
    "boolean": "bool",
    "integer": "int64_t",
    "long": "int64_t",
    "float": "double",
    "double": "double",
    "timestamp": "base::time_point",
}

# C++'s keywords, and macros of the C library that no header can be relied on not to define.
RESERVED = set(
    "alignas alignof and and_eq asm auto bitand bitor bool break case catch char char8_t char16_t char32_t class compl "
    "concept const consteval constexpr constinit const_cast continue co_await co_return co_yield decltype default "
    "delete do double dynamic_cast else enum explicit export extern false float for friend goto if inline int long "
    "mutable namespace new noexcept not not_eq nullptr operator or or_eq private protected public register "
    "reinterpret_cast requires return short signed sizeof static static_assert static_cast struct switch template "
    "this thread_local throw true try typedef typeid typename union unsigned using virtual void volatile wchar_t while "
    "xor xor_eq "
    "assert errno major makedev minor linux unix stdin stdout stderr EOF NULL DOMAIN OVERFLOW UNDERFLOW".split()
)

Json = dict[str, Any]


class Unsupported(Exception):
    """The model says something that the generated code cannot carry."""


@dataclass
class Member:
    name: str  # AWS's
    cpp_name: str
    type: str  # C++, without the optional
    required: bool
    blob: bool  # its leaves are bytes: base64 in the normal form


@dataclass
class Structure:
    name: str  # AWS's
    cpp_name: str
    members: list[Member] = field(default_factory=list)


@dataclass
class Operation:
    name: str
    input: str  # C++ type
    output: str
    source: Json


@dataclass
class Service:
    name: str
    metadata: Json
    shapes: Json
    operations: list[Operation]
    unserved: list[str]
    structures: list[Structure]  # each after those that it holds by value


def identifier(name: str, owner: str = "") -> str:
    return name + "_" if name in RESERVED or name == owner else name


class Builder:
    def __init__(self, name: str, source: Json) -> None:
        self.name = name
        self.source = source
        self.shapes: Json = source["shapes"]
        self.as_json = AS_JSON.get(name, set())
        self.boxed = self._recursive_structures()

    def build(self) -> Service:
        operations = [self._operation(name, o) for name, o in sorted(self.source["operations"].items())]
        return Service(
            name=self.name,
            metadata=self.source["metadata"],
            shapes=self.shapes,
            operations=operations,
            unserved=self.source["unserved"],
            structures=[self._structure(name) for name in self._ordered()],
        )

    def _operation(self, name: str, source: Json) -> Operation:
        """An operation without input or output gets an empty structure, so that every one has both."""
        for role, suffix in (("input", "Request"), ("output", "Response")):
            if role not in source:
                shape = name + suffix
                if shape in self.shapes:
                    raise Unsupported(f"{name} has no {role}, yet there is a shape {shape}")
                self.shapes[shape] = {"type": "structure", "members": {}}
                source[role] = {"shape": shape}
        return Operation(name, self.cpp_name(source["input"]["shape"]), self.cpp_name(source["output"]["shape"]), source)

    def cpp_name(self, shape: str) -> str:
        """Operations' tags keep their names; a shape that bears one of them gives way."""
        if shape not in self.source["operations"]:
            return identifier(shape)
        if shape + "Shape" in self.shapes:
            raise Unsupported(f"there is an operation {shape}, and both shapes {shape} and {shape}Shape")
        return shape + "Shape"

    def is_json(self, name: str) -> bool:
        return name in self.as_json or bool(self.shapes[name].get("document"))

    def is_structure(self, name: str) -> bool:
        return self.shapes[name]["type"] == "structure" and not self.is_json(name)

    def has_type(self, name: str) -> bool:
        """Errors that carry a message alone need no type: api::error has it."""
        members = {m.lower() for m in self.shapes[name]["members"]}
        return not (self.shapes[name].get("exception") and members <= {"message"})

    def cpp_type(self, name: str) -> str:
        shape = self.shapes[name]
        if self.is_json(name):
            return "json::value"
        if shape["type"] == "structure":
            return "model::" + self.cpp_name(name)  # qualified: a member may bear its type's name
        if shape["type"] == "list":
            return f"std::vector<{self.cpp_type(shape['member']['shape'])}>"
        if shape["type"] == "map":
            return f"std::map<std::string, {self.cpp_type(shape['value']['shape'])}>"
        if shape["type"] not in SCALARS:
            raise Unsupported(f"{name} is of the unknown type {shape['type']}")
        return SCALARS[shape["type"]]

    def is_blob(self, name: str) -> bool:
        shape = self.shapes[name]
        if shape["type"] in ("list", "map"):
            return self.is_blob(shape["member" if shape["type"] == "list" else "value"]["shape"])
        return shape["type"] == "blob"

    def _structure(self, name: str) -> Structure:
        shape = self.shapes[name]
        cpp_name = self.cpp_name(name)
        result = Structure(name, cpp_name)
        required = set(shape.get("required", ()))
        for member, target in shape["members"].items():
            if target.get("streaming") or self.shapes[target["shape"]].get("streaming"):
                continue  # travels beside the structure
            if target.get("jsonvalue"):
                raise Unsupported(f"{name}.{member} is JSON inside a string, which no codec reads")
            cpp_type = self.cpp_type(target["shape"])
            if (name, member) in self.boxed:
                if member in required:
                    raise Unsupported(f"{name}.{member} is required and holds itself")
                cpp_type = f"wire::box<{cpp_type}>"
            result.members.append(
                Member(member, identifier(member, cpp_name), cpp_type, member in required, self.is_blob(target["shape"]))
            )
        return result

    def _held(self, name: str) -> dict[str, str]:
        """Of a structure: its members that are structures held by value, with their shapes."""
        members = self.shapes[name]["members"].items()
        return {m: t["shape"] for m, t in members if self.is_structure(t["shape"])}

    def _mentioned(self, name: str) -> set[str]:
        """The structures that a structure's members mention, through lists and maps."""
        found = set()
        todo = [t["shape"] for t in self.shapes[name]["members"].values()]
        while todo:
            shape = todo.pop()
            if self.is_structure(shape):
                found.add(shape)
            elif self.shapes[shape]["type"] == "list":
                todo.append(self.shapes[shape]["member"]["shape"])
            elif self.shapes[shape]["type"] == "map":
                todo.append(self.shapes[shape]["value"]["shape"])
        return found

    def _recursive_structures(self) -> set[tuple[str, str]]:
        """The members through which a structure holds itself; those live on the heap."""

        def reaches(start: str, goal: str) -> bool:
            seen, todo = set(), [start]
            while todo:
                shape = todo.pop()
                if shape == goal:
                    return True
                if shape not in seen:
                    seen.add(shape)
                    todo += self._held(shape).values()
            return False

        structures = [s for s in self.shapes if self.is_structure(s)]
        return {(s, m) for s in structures for m, target in self._held(s).items() if reaches(target, s)}

    def _ordered(self) -> list[str]:
        done: dict[str, None] = {}
        entered: set[str] = set()

        def visit(name: str) -> None:
            if name in entered:  # a cycle goes through a vector, a map or a box: declared is enough
                return
            entered.add(name)
            for other in sorted(self._mentioned(name)):
                visit(other)
            done[name] = None

        for name in sorted(self.shapes):
            if self.is_structure(name) and self.has_type(name):
                visit(name)
        return list(done)


def load(path: Path) -> Service:
    source = json.loads(path.read_text())
    if source["metadata"]["protocol"] not in PROTOCOLS:
        raise Unsupported(f"the protocol {source['metadata']['protocol']} is not spoken here")
    return Builder(path.stem, source).build()
