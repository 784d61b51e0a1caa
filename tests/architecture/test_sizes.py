"""Nothing grows large unnoticed: files, functions, and what is usual."""

from __future__ import annotations

import ast
from pathlib import Path
from statistics import median, quantiles

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("hub", "streams", "connectors", "golden_records", "matchers", "config", "demo")
TEXTS = {
    path.relative_to(ROOT).as_posix(): path.read_text("utf-8")
    for package in (*PACKAGES, "benchmarks", "tests")
    for path in sorted((ROOT / package).rglob("*.py"))
    if "migrations/versions" not in path.as_posix()  # history, written once
}
FUNCTIONS = {
    f"{path}:{node.lineno} {node.name}": (node.end_lineno or node.lineno) - node.lineno + 1
    for path, text in TEXTS.items()
    for node in ast.walk(ast.parse(text))
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
}
# `def` line and docstring included; the product alone says what is usual.
LENGTHS = [
    length
    for place, length in FUNCTIONS.items()
    if place.startswith(tuple(f"{p}/" for p in PACKAGES))
]


def test_no_file_has_more_than_400_lines():
    assert {path: n for path, t in TEXTS.items() if (n := len(t.splitlines())) > 400} == {}


def test_no_function_has_more_than_50_lines():
    assert {place: length for place, length in FUNCTIONS.items() if length > 50} == {}


def test_most_functions_are_read_at_a_glance():
    assert median(LENGTHS) <= 8
    assert quantiles(LENGTHS, n=10)[-1] <= 20


@pytest.mark.parametrize("package", PACKAGES)
def test_every_package_is_measured(package):
    assert any(path.startswith(f"{package}/") for path in TEXTS)
