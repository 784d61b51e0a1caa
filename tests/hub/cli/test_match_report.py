"""What matching does is reported in figures, compared, and asked for before it changes."""

from __future__ import annotations

import pytest

from config.catalogue import load_catalogue
from golden_records.domain.policy import PolicyStepRefused
from hub.bootstrap.following import newest
from hub.bootstrap.policies import policies
from hub.services.policies import Word
from tests.hub.cli.conftest import Terminal, decide_pairs

pytestmark = pytest.mark.postgres

CUSTOMER = "entities/customer.yaml"


def report(mdhub, *words):
    found = mdhub.json("match", "report", *words)
    (customer,) = found["entities"]
    return found, customer


def figures(found):
    return {change["figure"]: change["now"] for change in found["changes"]}


def test_a_hub_is_reported_without_a_single_label(mdhub, companies):
    mdhub.json("match", "train")
    found, customer = report(mdhub)
    assert found["policy"] == found["active"] == companies.hub.catalogue.version
    assert customer["records"] == 100
    sizes = companies.query(
        "SELECT n, count(*) AS goldens FROM (SELECT count(*) AS n FROM hub.link"
        " WHERE state = 'MATCH' AND valid_to IS NULL GROUP BY golden_id) c GROUP BY n"
    )
    assert {s: n for s, n in customer["sizes"].items() if n} == {
        str(row["n"]): row["goldens"] for row in sizes
    }
    assert customer["decided"] is None
    assert customer["calibration"] == []
    assert 0.9 < customer["linked_chance"] <= 1.0
    assert 0.5 < customer["blocking_recall"] <= 1.0
    assert sum(customer["bands"].values()) == 100
    assert (customer["keys"]["without_keys"], customer["keys"]["only_hot"]) == (0, 0)
    assert found["frozen"] is None


def test_people_s_words_are_the_truth_of_precision_recall_and_calibration(mdhub, companies):
    mdhub.json("match", "train")
    decide_pairs(companies, "SAME", (("erp", 1), ("shop", 1)), (("erp", 3), ("shop", 4)))
    decide_pairs(companies, "DIFFERENT", (("erp", 2), ("shop", 2)), (("erp", 7), ("shop", 8)))
    _, customer = report(mdhub)
    assert (customer["same"], customer["different"]) == (2, 2)
    assert customer["decided"]["precision"] == 0.5, "1/1 and 2/2 match; 2/2 is said to differ"
    assert customer["decided"]["recall"] == 0.5, "3/4 have nothing in common"
    assert sum(item["pairs"] for item in customer["calibration"]) == 4
    top = customer["calibration"][-1]
    assert (top["pairs"], top["true"]) == (2, 0.5)


def test_records_that_no_key_can_bring_along_are_counted_and_named(mdhub, companies, monkeypatch):
    companies.put("erp", "customer", id=900, region="a")
    monkeypatch.setattr("hub.services.resolving.scene.LARGEST_BLOCK", 1)
    companies.settle()
    _, customer = report(mdhub)
    keys = customer["keys"]
    assert keys["without_keys"] == 1
    assert "erp:900" in keys["stranded"]
    assert keys["hot"] > 0
    assert len(keys["hottest"]) == 5
    assert customer["bands"]["NEW"] > 0
    assert mdhub.run("match", "report") == 0
    assert "found by nobody: 1 records without a key" in mdhub.out


def test_a_report_is_compared_with_the_one_that_was_frozen_last(mdhub, companies):
    mdhub.json("match", "train")
    words = ("--freeze", "--actor", "ann", "--reason", "before the new shop")
    first, _ = report(mdhub, *words)
    decide_pairs(companies, "SAME", (("erp", 1), ("shop", 1)))
    second, _ = report(mdhub)
    assert second["frozen"]["actor"] == "ann"
    before = {change["figure"]: change["before"] for change in second["changes"]}
    assert before["estimated blocking recall"] == pytest.approx(
        figures(first)["estimated blocking recall"], abs=1e-4
    )
    assert before["precision of decided pairs"] is None
    assert figures(second)["precision of decided pairs"] == 1.0
    assert mdhub.run("match", "report") == 0
    for part in ("frozen", "that ann froze at", "before the new shop", "golden records by size"):
        assert part in mdhub.out


def lowered(mdhub, tmp_path, line="match: 0.7"):
    folder = tmp_path / line.replace(" ", "")
    assert mdhub.run("policy", "export", folder) == 0
    text = (folder / CUSTOMER).read_text()
    (folder / CUSTOMER).write_text(text.replace("match: 0.9", line))
    version = mdhub.json("policy", "import", folder, "--actor", "ann")["version"]
    mdhub.json("simulate", version)
    return version


def test_a_line_changes_only_with_a_report_of_what_that_does(mdhub, companies, tmp_path):
    version = lowered(mdhub, tmp_path)
    assert mdhub.run("policy", "approve", version) == 4
    assert f"mdhub match report --policy {version[:12]} --freeze" in mdhub.err
    assert mdhub.run("match", "report", "--policy", version) == 0
    assert mdhub.run("policy", "approve", version) == 4, "it was not frozen"
    found, customer = report(mdhub, "--policy", version[:12], "--freeze")
    assert (customer["match"], found["policy"]) == (0.7, version)
    assert mdhub.run("policy", "approve", version) == 0
    assert mdhub.run("policy", "activate", version) == 0
    facts = [fact["state"] for fact in mdhub.json("policy", "show", version)["facts"]]
    assert facts == ["draft", "validated", "simulated", "approved", "active"]


def test_a_report_against_an_earlier_policy_is_not_enough(mdhub, companies, tmp_path, capsys):
    one, other = lowered(mdhub, tmp_path), lowered(mdhub, tmp_path, "match: 0.8")
    for version in (one, other):
        assert mdhub.run("match", "report", "--policy", version, "--freeze") == 0
    assert mdhub.run("policy", "approve", one) == 0
    assert mdhub.run("policy", "activate", one) == 0
    later = Terminal(newest(companies.hub), capsys)
    later.json("simulate", other)
    assert later.run("policy", "approve", other) == 4
    assert "its report is of an earlier policy" in later.err


def test_before_there_are_records_lines_change_freely(mdhub, built, tmp_path):
    version = lowered(mdhub, tmp_path)
    assert mdhub.run("policy", "approve", version) == 0


def test_a_folder_that_is_connected_needs_the_report_too(mdhub, companies):
    files = dict(companies.hub.catalogue.files)
    files[CUSTOMER] = files[CUSTOMER].replace("match: 0.9", "match: 0.7")
    with pytest.raises(PolicyStepRefused, match="match report"):
        policies(companies.hub).take_into_use(load_catalogue(files), Word(actor="ann"))
