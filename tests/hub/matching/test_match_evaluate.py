"""Evaluating matching on a folder."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from hub.cli.match import match
from hub.services.match_evaluate import MatchFolderError, read_records, read_spec, read_truth

YAML = "entity: customer\ncolumns:\n  name: company_name\n  mail: email\nduplicate_free: [a, b]\n"
RECORDS = """record_id,source,name,mail
1,a,Acme Ltd,info@acme.com
2,b,ACME Limited,info@acme.com
3,a,Globex,office@globex.com
4,b,Initech,mail@initech.com
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "records.csv").write_text(RECORDS)
    (tmp_path / "truth.csv").write_text("left_id,right_id\n2,1\n")
    (tmp_path / "spec.yaml").write_text(YAML)
    return tmp_path


def test_a_folder_is_matched_and_scored(folder):
    found = CliRunner().invoke(
        match, ["evaluate", str(folder), "--config", str(folder / "spec.yaml"), "--json"]
    )
    assert found.exit_code == 0, found.output
    body = json.loads(found.output)
    assert body["default"]["f1"] == 1.0
    assert body["b_cubed"]["f1"] == 1.0
    assert body["seconds"] >= 0


def test_all_problems_of_a_configuration_are_named_at_once(folder):
    path = folder / "spec.yaml"
    path.write_text("columns:\n  name: compny\ntuning: 3\n")
    with pytest.raises(MatchFolderError) as raised:
        read_spec(path)
    for part in ("compny", "tuning", "entity"):
        assert part in str(raised.value)


def test_a_missing_column_is_named(folder):
    spec = read_spec(folder / "spec.yaml")
    (folder / "records.csv").write_text("record_id,source,name\n1,a,Acme\n")
    with pytest.raises(MatchFolderError, match="mail"):
        read_records(folder, spec)


def test_truth_is_read_in_either_direction(folder):
    assert read_truth(folder) == {("1", "2")}


def test_every_shipped_example_is_a_valid_specification():
    examples = sorted(Path("examples/matching").glob("*.yaml"))
    assert examples
    for path in examples:
        assert read_spec(path).fields


def report(folder, *words):
    found = CliRunner().invoke(
        match, ["report", str(folder / "sets"), "--configs", str(folder / "specs"), *words]
    )
    assert found.exit_code == 0, found.output
    return found


@pytest.fixture
def sets(folder):
    """One labelled set in a folder of sets, with its configuration beside it."""
    (folder / "sets" / "firms").mkdir(parents=True)
    (folder / "specs").mkdir()
    for name in ("records.csv", "truth.csv"):
        (folder / name).rename(folder / "sets" / "firms" / name)
    (folder / "spec.yaml").rename(folder / "specs" / "firms.yaml")
    return folder


def test_a_report_on_sets_tells_sizes_calibration_and_the_change_since_the_frozen_one(sets):
    first = report(sets)
    assert "new" in first.output
    assert "sizes 2 of 1, 1 of 2, largest 2" in first.output
    report(sets, "--freeze")
    (kept,) = json.loads((sets / "sets" / "frozen.json").read_text()).values()
    assert kept["f1"] == 1.0
    (sets / "sets" / "firms" / "truth.csv").write_text("left_id,right_id\n2,1\n3,4\n")
    again = report(sets)
    assert "-0.3333" in again.output
    (body,) = json.loads(report(sets, "--json").stdout)
    assert body["frozen"] == kept
    assert body["default"]["recall"] == 0.5


def test_a_report_on_sets_needs_to_know_their_columns(sets):
    found = CliRunner().invoke(match, ["report", str(sets / "sets")])
    assert found.exit_code == 2
    assert "--configs" in found.output
