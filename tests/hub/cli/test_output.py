"""Output for people and for programs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from uuid import UUID

import pytest

from golden_records.domain.catalogue import Engine
from hub.cli import output


@dataclass(frozen=True)
class Row:
    when: datetime
    amount: Decimal


@pytest.mark.parametrize(("value", "plain"), [
    (Row(datetime(2026, 1, 2, tzinfo=UTC), Decimal("1.50")),
     {"when": "2026-01-02T00:00:00+00:00", "amount": "1.50"}),
    (MappingProxyType({"a": date(2026, 1, 2)}), {"a": "2026-01-02"}),
    (frozenset({"b", "a"}), ["a", "b"]),
    (timedelta(minutes=1), 60.0),
    (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
    (Engine.MARIADB, "mariadb"),
    (Path("a/b"), "a/b"),
    ("Zürich", "Zürich"),
])  # fmt: skip
def test_json_holds_what_the_domain_holds(capsys, value, plain):
    output.emit(value)

    assert json.loads(capsys.readouterr().out) == plain


def test_what_has_no_json_form_is_a_defect():
    with pytest.raises(TypeError, match="object has no JSON form"):
        output.emit(object())


def test_a_table_takes_texts_literally(capsys):
    output.table(["name", "note"], [["[bold]x[/]", None], ["y", 3]])

    shown = capsys.readouterr().out
    assert "[bold]x[/]" in shown
    assert "None" not in shown


def test_an_empty_table_says_so(capsys):
    output.table(["name"], [], empty="no lanes")

    assert capsys.readouterr().out == "no lanes\n"


def test_rows_are_a_table_of_chosen_columns_or_json_of_all(capsys):
    rows = [{"name": "a", "size": 1, "hidden": "secret"}]

    output.show(rows, ["name", "size"], as_json=False)
    assert "secret" not in capsys.readouterr().out

    output.show(rows, ["name", "size"], as_json=True)
    assert json.loads(capsys.readouterr().out) == rows


def test_progress_leaves_stdout_alone_and_closes_with_a_count(capsys):
    with output.progress("loading", 3) as advance:
        advance(1)
        advance(2)

    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("", "loading: 3\n")
