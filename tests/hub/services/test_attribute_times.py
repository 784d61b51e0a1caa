"""Each attribute of a source record knows when it changed itself, whatever arrived with it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from hub.bootstrap.working import resolver
from tests.hub.services.hub_builder import SHARDS

pytestmark = pytest.mark.postgres

ANN = {"id": 1, "name": "Ann Keller", "email": "ann@keller.example", "city": "Bern"}


def times(built, key="1"):
    (row,) = built.query(
        "SELECT changed_at FROM hub.source_record WHERE system = 'erp' AND key = %(key)s"
        " AND entity = 'customer'",
        key=key,
    )
    return {name: datetime.fromisoformat(at) for name, at in row["changed_at"].items()}


@pytest.mark.parametrize("together", [True, False])
def test_two_attributes_that_changed_before_the_next_look_keep_their_own_times(built, together):
    built.put("erp", "customer", **ANN)
    built.settle()
    before = times(built)
    renamed = built.change("erp", "customer", **ANN | {"name": "Ann Moser"})
    moved = built.change("erp", "customer", **ANN | {"name": "Ann Moser", "email": "ann@moser.ch"})
    for changes in [(renamed, moved)] if together else [(renamed,), (moved,)]:
        built.apply(*changes)
    built.settle()
    after = times(built)
    assert after["name"] == renamed.source_ts
    assert after["email"] == moved.source_ts
    untouched = after.keys() - {"name", "email"}
    assert {name: after[name] for name in untouched} == {name: before[name] for name in untouched}
    assert built.differences() == []


def test_they_keep_them_where_batches_are_small_and_the_queue_is_long(built):
    small = built.hub.settings.model_copy(update={"resolve_batch": 1})
    service = resolver(replace(built.hub, settings=small))
    for number in (1, 2):
        built.put("erp", "customer", **ANN | {"id": number, "email": f"ann{number}@keller.example"})
    built.settle()
    renamed = built.change("erp", "customer", **ANN | {"name": "Ann Moser"})
    moved = built.change("erp", "customer", **ANN | {"name": "Ann Moser", "email": "ann@moser.ch"})
    between = built.change("erp", "customer", **ANN | {"id": 2, "email": "ann2@moser.ch"})
    for change in (renamed, between, moved):
        built.apply(change)
    for shard in range(SHARDS):
        while service.resolve(shard).more:
            pass
    after = times(built)
    assert (after["name"], after["email"]) == (renamed.source_ts, moved.source_ts)
    assert times(built, "2")["email"] == between.source_ts
