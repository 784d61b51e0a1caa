"""A source that suddenly deletes much has its deletions withheld, on real PostgreSQL."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta

import pytest

from hub.bootstrap import operating
from hub.bootstrap.working import resolver
from hub.services.cases import Word
from hub.services.deletes import Chosen, NotWithheld
from tests.hub.services.hub_builder import BuiltHub, ForwardClock, make_hub, minimal_catalogue

pytestmark = pytest.mark.postgres

ANN = Word(actor="ann", reason="a botched import")
PRICES = Chosen(pair=("price", "erp"))
COUNT = 20


@pytest.fixture
def guarded_by(hub_database):
    """Make a hub with one customer and twenty prices, whose ERP is guarded so."""
    made = []

    def make(guard):
        hub = minimal_catalogue().files["hub.yaml"]
        said = hub.replace("    rank: 10\n", f"    rank: 10\n    delete_guard: {guard}\n")
        built = BuiltHub(make_hub(hub_database, minimal_catalogue(**{"hub.yaml": said})))
        made.append(built)
        built.put("erp", "customer", id=1, name="Acme", vat_number="DE136695976")
        rows = (built.change("erp", "customer_price", **price(n)) for n in range(1, COUNT + 1))
        built.apply(*rows)
        clean(built)
        return built

    yield make
    for built in made:
        built.close()


@pytest.fixture
def guarded(guarded_by):
    """The ERP may delete four of its twenty prices an hour."""
    return guarded_by("{window: 1h, rows: 6, share: 20, always: 3}")


@pytest.fixture
def built(guarded_by):
    """Every deletion in the ERP waits for a person."""
    return guarded_by("{share: 0, always: 0}")


def price(number, **said):
    row = {"id": number, "customer_id": 1, "product_code": f"P{number}", "currency": "EUR"}
    return {**row, "amount": 10, **said}


def delete(built, *numbers):
    built.apply(*(built.deletion("erp", "customer_price", id=number) for number in numbers))


def clean(built):
    built.settle()
    assert built.differences() == []


def service(built):
    return operating.deletes(built.hub)


def live(built):
    rows = built.query("SELECT key FROM hub.source_record WHERE entity = 'price' AND NOT deleted")
    return {int(row["key"]) for row in rows}


def active(built):
    rows = built.query("SELECT id FROM hub.golden WHERE entity = 'price' AND status = 'ACTIVE'")
    return len(rows)


def held(built):
    rows = built.query("SELECT key, state FROM hub.withheld_delete WHERE closed_at IS NULL")
    return {int(row["key"]): row["state"] for row in rows}


def ended(built):
    rows = built.query("SELECT key, state FROM hub.withheld_delete WHERE closed_at IS NOT NULL")
    return {int(row["key"]): row["state"] for row in rows}


def ahead(built, span):
    """Let the time go on by so much."""
    hub = replace(built.hub, clock=ForwardClock(built.hub.clock.ahead + span))
    return resolver(hub)


def test_everyday_deletions_are_applied(guarded):
    delete(guarded, 1, 2, 3)
    clean(guarded)
    assert live(guarded) == set(range(4, COUNT + 1))
    assert (held(guarded), guarded.cases()) == ({}, [])


def test_a_table_that_was_emptied_takes_no_golden_record_with_it(built):
    delete(built, *range(1, COUNT + 1))
    clean(built)
    assert (len(live(built)), active(built)) == (COUNT, COUNT)
    assert held(built) == dict.fromkeys(range(1, COUNT + 1), "HELD")
    (case,) = built.cases()
    assert (case["kind"], case["system"], case["entity"]) == ("mass_delete", "erp", "price")
    assert case["details"] == {"withheld": COUNT}


def test_deletions_that_come_one_by_one_count_together(guarded):
    for number in range(1, 7):
        delete(guarded, number)
        clean(guarded)
    assert live(guarded) == set(range(5, COUNT + 1)), "four of twenty are a fifth"
    assert set(held(guarded)) == {5, 6}
    (case,) = guarded.cases("mass_delete")
    assert case["details"] == {"withheld": 2}


def test_what_was_deleted_before_the_window_does_not_count(guarded):
    delete(guarded, 1, 2, 3)
    clean(guarded)
    delete(guarded, 4, 5, 6)
    guarded.settle(ahead(guarded, timedelta(hours=2)))
    assert held(guarded) == {}
    assert guarded.differences() == []


def test_while_something_is_withheld_every_further_deletion_waits_with_it(guarded):
    for number in range(1, 6):
        delete(guarded, number)
        clean(guarded)
    delete(guarded, 6)
    guarded.settle(ahead(guarded, timedelta(hours=2)))
    assert set(held(guarded)) == {5, 6}
    assert len(guarded.cases("mass_delete")) == 1


def test_a_guarded_system_still_changes_and_creates(built):
    delete(built, *range(1, 11))
    built.put("erp", "customer_price", **price(11, amount=99))
    built.put("erp", "customer_price", **price(21))
    clean(built)
    (row,) = built.query(
        "SELECT canonical FROM hub.source_record WHERE entity = 'price' AND key = '11'"
    )
    assert row["canonical"]["amount"] == "99"
    assert built.home("erp", 21, "price")


def test_another_system_and_another_entity_are_not_concerned(built):
    delete(built, *range(1, 11))
    built.put("shop", "account", id=9, company="Zenith Maritime", vat="DE811569869")
    clean(built)
    built.delete("shop", "account", id=9)
    clean(built)
    (row,) = built.query("SELECT why FROM hub.withheld_delete WHERE system = 'shop'")
    assert row["why"] == "owner", "the shop's own guard has let it through"


def test_a_record_that_is_back_is_withheld_no_more(built):
    delete(built, *range(1, 11))
    clean(built)
    built.put("erp", "customer_price", **price(1))
    built.put("erp", "customer_price", **price(2, amount=12))
    clean(built)
    assert set(held(built)) == set(range(3, 11))
    assert ended(built) == {1: "RETURNED", 2: "RETURNED"}
    built.apply(*(built.change("erp", "customer_price", **price(n)) for n in range(3, 11)))
    clean(built)
    assert (held(built), built.cases()) == ({}, [])
    assert active(built) == COUNT


def test_what_is_released_is_deleted(built):
    delete(built, *range(1, 11))
    clean(built)
    assert service(built).release(PRICES, ANN) == 10
    assert built.cases() == [], "nothing waits for a person any more"
    clean(built)
    assert live(built) == set(range(11, COUNT + 1))
    assert active(built) == 10
    assert ended(built) == dict.fromkeys(range(1, 11), "APPLIED")


def test_a_record_that_came_back_before_its_released_deletion_was_applied_stays(built):
    delete(built, *range(1, 11))
    clean(built)
    service(built).release(PRICES, ANN)
    built.put("erp", "customer_price", **price(1))
    clean(built)
    assert live(built) == {1, *range(11, COUNT + 1)}
    assert ended(built)[1] == "RETURNED"


def test_some_are_released_and_the_rest_goes_on_waiting(built):
    delete(built, *range(1, 11))
    clean(built)
    first = built.query("SELECT id FROM hub.withheld_delete WHERE key IN ('1', '2')")
    service(built).release(Chosen(ids=[row["id"] for row in first]), ANN)
    clean(built)
    assert set(held(built)) == set(range(3, 11))
    (case,) = built.cases("mass_delete")
    assert case["details"] == {"withheld": 8}


def test_what_is_discarded_stays_whatever_is_looked_at_again(built):
    delete(built, *range(1, 11))
    clean(built)
    assert service(built).discard(PRICES, ANN) == 10
    with built.transaction() as work:
        work.mirror.mark_all("erp", "price", cause="replay", priority=5)
        work.commit()
    clean(built)
    assert len(live(built)) == COUNT
    assert held(built) == dict.fromkeys(range(1, 11), "DISCARDED")
    assert built.cases() == []


def test_a_discarded_record_that_came_back_is_deleted_anew_like_every_other(built):
    delete(built, *range(1, 11))
    clean(built)
    service(built).discard(PRICES, ANN)
    built.put("erp", "customer_price", **price(1))
    clean(built)
    delete(built, 1)
    clean(built)
    assert held(built)[1] == "HELD"
    assert [row["details"] for row in built.cases()] == [{"withheld": 1}]


def test_a_decision_may_be_taken_back_until_it_is_applied(built):
    delete(built, *range(1, 11))
    clean(built)
    service(built).discard(PRICES, ANN)
    assert service(built).release(PRICES, ANN) == 10
    assert service(built).discard(PRICES, ANN) == 10
    clean(built)
    assert len(live(built)) == COUNT


def test_nothing_is_decided_where_nothing_is_withheld(built):
    with pytest.raises(NotWithheld):
        service(built).release(PRICES, ANN)
    with pytest.raises(NotWithheld):
        service(built).discard(Chosen(ids=[7]), ANN)


def test_withheld_deletions_come_back_after_a_rollback_and_are_withheld_once(built):
    delete(built, *range(1, 11))
    clean(built)
    delete(built, *range(1, 11))
    with built.transaction() as work:
        work.mirror.mark_all("erp", "price", cause="replay", priority=5)
        work.commit()
    clean(built)
    assert held(built) == dict.fromkeys(range(1, 11), "HELD")


def test_workers_of_several_shards_count_together(guarded):
    delete(guarded, *range(1, COUNT + 1))
    workers = [
        threading.Thread(target=resolver(guarded.hub).resolve, args=(shard,)) for shard in range(4)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    clean(guarded)
    assert len(live(guarded)) >= COUNT - 4
    assert len(held(guarded)) >= COUNT - 4


def test_a_guard_that_is_switched_off_withholds_nothing(guarded_by):
    free = guarded_by("false")
    delete(free, *range(1, COUNT + 1))
    clean(free)
    assert live(free) == set()
