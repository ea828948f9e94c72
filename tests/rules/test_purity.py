"""Rules import a few harmless modules and nothing else; they have no clock and do no I/O."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("registry", "runs", "approvals")
HARMLESS = {
    "__future__", "ast", "copy", "collections", "dataclasses", "datetime", "decimal", "enum", "fractions",
    "functools", "hashlib", "hmac", "itertools", "json", "math", "operator", "re", "statistics",
    "string", "tomllib", "types", "typing", "unicodedata", "uuid", "bisect", "heapq", "random",
    "csv", "difflib", "base64", "binascii", "urllib.parse",
}  # fmt: skip
IMPURE_CALLS = {"open", "print", "input", "eval", "exec", "__import__", "breakpoint"}
CLOCKS = {"now", "today", "utcnow", "uuid1", "uuid4", "uuid7"}
FILES = sorted(path for room in ROOMS for path in (ROOT / room / "rules").rglob("*.py"))


def impurities(source: str) -> list[str]:
    """Name every import outside the list, every call that reaches outside, every clock."""
    found = []
    for node in ast.walk(ast.parse(source)):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        for name in names:
            parts = name.split(".")
            is_rules = parts[0] in ROOMS and parts[1:2] == ["rules"]
            if parts[0] not in HARMLESS and name not in HARMLESS and not is_rules:
                found.append(f"import {name}")
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in IMPURE_CALLS
        ):
            found.append(f"call {node.func.id}")
        if isinstance(node, ast.Attribute) and node.attr in CLOCKS:
            found.append(f"clock {node.attr}")
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_rules_are_pure(path):
    assert impurities(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "source",
    ["import os", "from django.db import models", "import registry.models", "from time import time",
     "open('x')", "import datetime\ndatetime.datetime.now()", "import uuid\nuuid.uuid4()"],
)  # fmt: skip
def test_the_test_sees_what_is_not_pure(source):
    assert impurities(source)
