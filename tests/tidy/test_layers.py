"""The architecture as a test: src/CMakeLists.txt lists the libraries, and each may include only those it depends on,
which all stand above it. With it the few rules of style that clang-format cannot keep."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SRC = ROOT / "src"
LINES_AT_MOST = 600

# A third-party library shows in one module only, so that it can be exchanged there.
ONLY_IN = {
    r"boost/(asio|beast)": {"http"},
    r"sqlite3\.h": {"store"},
    r"spdlog/": {"base"},
    r"openssl/(?!ssl)": {"base"},
    r"xgboost/": {"runner/xgboost"},
    r"yaml-cpp/": {"services/cloudformation"},
    r"expat\.h": {"wire"},
    r"CLI/": {"cli", "main"},
    r"archive": {"runner"},
}


def libraries() -> dict[str, set[str]]:
    """Folder → the folders it may include: itself and what it depends on, transitively, of those above it."""
    text = (SRC / "CMakeLists.txt").read_text()
    allowed: dict[str, set[str]] = {}
    names: dict[str, str] = {}
    for kind, folder, depends in re.findall(
        r"^mdlc_(library|service)\((\S+?)(?:\s+TOGETHER)?(?:\s+DEPENDS\s+([^)]*))?\)", text, re.M
    ):
        if kind == "service":
            folder, depends = f"services/{folder}", f"api engine {depends}"
        seen = {folder}
        for target in depends.split():
            if target in names:
                seen |= allowed[names[target]]
        allowed[folder] = seen
        names[folder.replace("/", "_")] = folder
    return allowed


ALLOWED = libraries()
FILES = sorted(p for p in SRC.rglob("*") if p.suffix in {".h", ".cc"})


def folder_of(path: str) -> str:
    """The library that a path below src/ belongs to: the longest listed folder that begins it."""
    parts = path.split("/")[:-1]
    for n in range(len(parts), 0, -1):
        if "/".join(parts[:n]) in ALLOWED:
            return "/".join(parts[:n])
    return "/".join(parts)


def includes(path: Path, quotes: str) -> list[str]:
    pattern = r'^#include "([^"]+)"' if quotes == '"' else r"^#include <([^>]+)>"
    return re.findall(pattern, path.read_text(), re.M)


def name(path: Path) -> str:
    return str(path.relative_to(SRC))


def test_the_list_is_read() -> None:
    assert "base" in ALLOWED and "sys" not in ALLOWED["base"] and "base" in ALLOWED["sys"]
    assert len(FILES) > 20


@pytest.mark.parametrize("path", FILES, ids=name)
def test_includes_only_what_stands_above(path: Path) -> None:
    mine = folder_of(name(path))
    if mine == "main":
        return
    assert mine in ALLOWED, f"src/CMakeLists.txt does not list {mine}"
    for included in includes(path, '"'):
        assert folder_of(included) in ALLOWED[mine], f"{name(path)} includes {included}"


@pytest.mark.parametrize("path", FILES, ids=name)
def test_third_party_headers_stay_in_their_module(path: Path) -> None:
    mine = folder_of(name(path))
    for header in includes(path, "<"):
        for pattern, homes in ONLY_IN.items():
            if re.match(pattern, header):
                assert mine in homes, f"{name(path)} includes <{header}>, which belongs to {sorted(homes)}"


@pytest.mark.parametrize("path", FILES, ids=name)
def test_style_that_no_formatter_keeps(path: Path) -> None:
    text = path.read_text()
    assert text.count("\n") <= LINES_AT_MOST, f"over {LINES_AT_MOST} lines: this is two things"
    if path.suffix == ".h":
        assert "#pragma once" in text
    assert not re.search(r"\b(TODO|FIXME|XXX|HACK)\b", text)
    assert not re.search(r"\bco_(await|return|yield)\b", text), "no coroutines with g++ 12: see docs/decisions"
    # Tests may declare what the code under test is to find, in whatever namespace it looks.
    if not name(path).startswith("main/") and not name(path).endswith("_test.cc"):
        namespace = "mdlc::" + "::".join(folder_of(name(path)).split("/"))
        declared = re.findall(r"^namespace (mdlc[\w:]*)", text, re.M)
        assert not declared or any((n + "::").startswith(namespace + "::") for n in declared), (
            f"{name(path)} is in {declared}, not in {namespace}"
        )
