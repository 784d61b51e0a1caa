"""`mdhub check` says whether a catalogue can be loaded, to people and to programs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import config
from config.catalogue import version_of
from config.folder import read_folder
from hub.cli import main, output

MINIMAL = Path(config.__file__).parent / "examples" / "minimal"


@pytest.fixture(autouse=True)
def _no_servers(monkeypatch):
    for name in ("MDHUB_POSTGRES_URL", "MDHUB_CATALOGUE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def broken(tmp_path):
    for path, text in read_folder(MINIMAL).items():
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text.replace("kind: tax_id", "kind: [taxid]"), encoding="utf-8")
    return tmp_path


def test_a_whole_catalogue_is_counted_and_its_version_shown(capsys):
    assert main.run(["check", str(MINIMAL)]) == output.OK

    shown = capsys.readouterr().out
    assert "minimal: 2 systems, 5 tables, 2 entities, 4 mappings, 4 write plans, 4 lanes" in shown
    assert version_of(read_folder(MINIMAL)) in shown


def test_the_folder_may_come_from_the_settings(monkeypatch, capsys):
    monkeypatch.setenv("MDHUB_CATALOGUE", str(MINIMAL))

    assert main.run(["check"]) == output.OK

    assert "minimal: 2 systems" in capsys.readouterr().out


def test_errors_are_shown_with_place_and_remedy_taken_literally(broken, capsys):
    assert main.run(["check", str(broken)]) == output.FINDINGS

    shown = capsys.readouterr().out
    assert "entities/customer.yaml:4:22  error  'kind' is not a single value" in shown
    assert "write one value" in shown
    assert "cannot be loaded" in shown


def test_programs_get_findings_as_json(broken, capsys):
    assert main.run(["check", str(broken), "--json"]) == output.FINDINGS

    body = json.loads(capsys.readouterr().out)
    assert body["loadable"] is False
    assert body["errors"] == len(body["findings"])
    assert {"file", "line", "column", "severity", "message", "remedy"} == set(body["findings"][0])
    assert body["findings"][0]["severity"] == "error"


def test_a_folder_that_is_not_there_is_refused_with_a_remedy(tmp_path, capsys):
    assert main.run(["check", str(tmp_path / "nowhere")]) == output.REFUSED

    assert "MDHUB_CATALOGUE" in capsys.readouterr().err
