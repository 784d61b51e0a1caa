"""No dead setting: what the catalogue accepts becomes a field, and something reads every field.

Reading is recognised by the name of the field alone, so a name that other types share may hide a
dead one; a field that nothing reads under any type is found for certain.
"""

from __future__ import annotations

import ast
from dataclasses import fields, is_dataclass
from pathlib import Path

from golden_records.domain import catalogue, rulebook

ROOT = Path(__file__).parents[2]
READERS = ("connectors", "golden_records", "hub", "matchers", "streams")
WHILE_LOADING = {"WritePlan.never"}
"""What the loading of the catalogue itself checks, and nothing after it."""


def read_names():
    """Every attribute that is read anywhere but in the reading of the catalogue itself."""
    paths = (path for folder in READERS for path in (ROOT / folder).rglob("*.py"))
    return {
        node.attr
        for path in paths
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load)
    }


def settings():
    """Every field of the catalogue's types, by type and name."""
    kinds = {
        kind
        for module in (catalogue, rulebook)
        for kind in vars(module).values()
        if isinstance(kind, type) and is_dataclass(kind) and kind.__module__ == module.__name__
    }
    return {(kind.__name__, item.name) for kind in kinds for item in fields(kind)}


def test_something_reads_every_setting():
    read = read_names()
    dead = {f"{kind}.{name}" for kind, name in settings() if name not in read}
    assert dead == WHILE_LOADING
