"""Which pairs become candidates in tables that are unlike the usual ones."""

from __future__ import annotations

import pytest

from matchers import FieldKind, FieldSpec, MatchSpec, Record, match_batch, prepare
from matchers.candidates import candidates
from matchers.coded import Table
from matchers.model import default_model
from matchers.train import with_terms

PAPER = MatchSpec(
    entity="paper",
    fields=(
        FieldSpec(name="title", kind=FieldKind.TITLE),
        FieldSpec(name="author", kind=FieldKind.TEXT),
    ),
)
NOTE = MatchSpec(entity="note", fields=(FieldSpec(name="note", kind=FieldKind.TEXT),))


def found(spec, records):
    table = Table(prepare(spec, record) for record in records)
    return candidates(spec, with_terms(spec, default_model(spec), table), table)


def cited(times):
    """Seven papers, each cited so many times in the same words."""
    for paper in range(7):
        letter = "abcdefg"[paper]
        words = " ".join(f"{stem}{letter}" for stem in ("lo", "mi", "nu", "pa", "qe"))
        for citation in range(times):
            yield Record(f"{paper}:{citation}", "library", {"title": words, "author": None})


def test_many_records_of_one_entity_all_meet_each_other():
    times = 100
    assert len(found(PAPER, list(cited(times))).left) == 7 * times * (times - 1) // 2


@pytest.mark.parametrize("spec", [PAPER, NOTE])
@pytest.mark.parametrize("size", [0, 1, 700])
def test_a_table_that_says_nothing_comes_out_as_it_went_in(spec, size):
    empty = {field.name: None for field in spec.fields}
    records = [Record(str(number), "crm", empty) for number in range(size)]
    assert len(match_batch(spec, records).clusters) == size


def test_records_that_have_nothing_but_texts_find_each_other_by_them():
    words = "abcdefghijklmnopqrstuvwxyz"
    names = [f"{one * 3}{two * 3} meets {two * 4}{one * 4}" for one in words for two in words[:15]]
    notes = [
        Record(f"{side}{spot}", side, {"note": name})
        for side in ("left", "right")
        for spot, name in enumerate(names)
    ]
    reached = found(NOTE, notes)
    pairs = set(zip(reached.left.tolist(), reached.right.tolist(), strict=True))
    assert {(spot, spot + len(names)) for spot in range(len(names))} <= pairs
