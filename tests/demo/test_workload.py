"""The play itself, without servers: what it journals, the model must be able to follow."""

from __future__ import annotations

import io

from demo.journal import Entry, Journal, read
from demo.workload import ACTIONS, Progress, summary
from tests.demo.conftest import LOADED


def _entry(number):
    return Entry(
        at=LOADED.isoformat(),
        truth="C1",
        action="rename",
        effect="set",
        system="erp",
        entity="customer",
        key=str(number),
        values={"name": "Größe & Söhne", "tax_id": None},
    )


def test_a_journal_reads_back_as_it_was_written(tmp_path):
    stream = io.StringIO()
    journal = Journal(stream)
    for number in range(3):
        journal.append(_entry(number))
    path = tmp_path / "journal.jsonl"
    path.write_text(stream.getvalue(), encoding="utf-8")
    assert list(read(path)) == [_entry(number) for number in range(3)]
    assert journal.length == 3


def test_no_journal_is_an_empty_one(tmp_path):
    assert list(read(tmp_path / "none.jsonl")) == []


def test_every_kind_of_business_has_a_weight():
    assert all(weight > 0 for _, weight in ACTIONS)
    assert len({action for action, _ in ACTIONS}) == len(ACTIONS)


def test_the_summary_names_every_kind_of_change():
    final = Progress(elapsed=60.0, seconds=60.0, changes=5, counts={"rename": 3, "posting": 2})
    assert summary(final).splitlines()[0] == "5 record changes in 60.0 s"
    assert "rename" in summary(final)
