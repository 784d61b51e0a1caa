"""The pinned Java archives."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from hub.stack import artifacts, table
from hub.stack.artifacts import Artifact, ArtifactCache
from hub.stack.errors import ArtifactsUnavailableError, ChecksumMismatchError, StackError
from hub.stack.fetchers import pom_of

if TYPE_CHECKING:
    from pathlib import Path


def _deliver(content: bytes):
    def fetch(coordinates, folder: Path) -> None:
        for coordinate in coordinates:
            _, name, version = coordinate.split(":")
            (folder / f"{name}-{version}.jar").write_bytes(content)

    return fetch


def _refuse(_coordinates, _folder) -> None:
    raise ArtifactsUnavailableError("no network")


@pytest.fixture
def one_pinned(monkeypatch):
    one = Artifact(
        artifact_set="kafka",
        group="org.example",
        name="broker",
        version="1.0",
        sha256=hashlib.sha256(b"right").hexdigest(),
    )
    monkeypatch.setattr(artifacts, "pinned", lambda: (one,))
    return one


def test_every_set_of_the_table_is_pinned():
    assert {one.artifact_set for one in artifacts.pinned()} == set(table.ARTIFACT_ROOTS)


def test_the_roots_of_every_set_are_in_the_list():
    pinned = {(one.artifact_set, one.coordinate) for one in artifacts.pinned()}
    wanted = {(name, root) for name, roots in table.ARTIFACT_ROOTS.items() for root in roots}
    assert wanted <= pinned


def test_no_file_is_pinned_twice_in_a_set():
    names = [(one.artifact_set, one.filename) for one in artifacts.pinned()]
    assert len(names) == len(set(names))


def test_plugin_folders_hold_nothing_that_the_worker_brings():
    plugins = [one for one in artifacts.pinned() if one.artifact_set.startswith("debezium")]
    assert plugins
    assert not [one.name for one in plugins if one.name.startswith(table.NOT_IN_PLUGINS)]


def test_the_list_holds_coordinates_and_no_addresses():
    assert not [one for one in artifacts.pinned() if "//" in one.line()]


def test_a_line_survives_being_written_and_read():
    one = artifacts.pinned()[0]
    assert artifacts.parse(f"# comment\n\n{one.line()}\n") == (one,)


@pytest.mark.parametrize("line", ["kafka org.example:broker abc", "kafka", "kafka a:b:c short"])
def test_a_bad_line_is_named_by_its_number(line):
    with pytest.raises(StackError, match="line 2"):
        artifacts.parse(f"# header\n{line}\n")


def test_a_set_that_is_complete_needs_no_network(tmp_path, one_pinned):
    ArtifactCache(tmp_path, _deliver(b"right")).resolve("kafka")
    jars = ArtifactCache(tmp_path, _refuse).resolve("kafka")
    assert (jars / one_pinned.filename).read_bytes() == b"right"


def test_a_changed_file_is_deleted_and_the_set_stays_incomplete(tmp_path, one_pinned):
    cache = ArtifactCache(tmp_path, _deliver(b"wrong"))
    with pytest.raises(ChecksumMismatchError, match=r"org\.example:broker"):
        cache.resolve("kafka")
    assert not list(tmp_path.rglob(one_pinned.filename))
    assert ArtifactCache(tmp_path, _deliver(b"right")).resolve("kafka").is_dir()


def test_a_set_is_resolved_anew_when_its_pins_change(tmp_path, one_pinned, monkeypatch):
    ArtifactCache(tmp_path, _deliver(b"right")).resolve("kafka")
    changed = Artifact(
        artifact_set="kafka",
        group="org.example",
        name="broker",
        version="1.1",
        sha256=hashlib.sha256(b"newer").hexdigest(),
    )
    monkeypatch.setattr(artifacts, "pinned", lambda: (changed,))
    jars = ArtifactCache(tmp_path, _deliver(b"newer")).resolve("kafka")
    assert [path.name for path in jars.iterdir()] == ["broker-1.1.jar"]
    assert one_pinned.version == "1.0"


def test_a_file_that_was_not_delivered_is_named(tmp_path, one_pinned):
    with pytest.raises(ArtifactsUnavailableError, match=one_pinned.name):
        ArtifactCache(tmp_path, lambda *_: None).resolve("kafka")


def test_maven_is_asked_for_exactly_these_files():
    pom = pom_of(["org.example:broker:1.0"])
    assert "<groupId>org.example</groupId><artifactId>broker</artifactId>" in pom
    assert pom.count("<artifactId>*</artifactId>") == 1
