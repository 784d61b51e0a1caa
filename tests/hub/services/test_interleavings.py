"""Two transactions at once, stepped by hand: whoever comes second sees what the first committed.

A test holds a lock until the workers wait for it, does what it does, and lets go.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import UTC, datetime

import psycopg
import pytest

from golden_records.domain.errors import TransientError
from golden_records.domain.records import Override
from hub.bootstrap.working import resolver
from tests.hub.services.hub_builder import SHARDS

pytestmark = pytest.mark.postgres

NAME, VAT, EMAIL = "Acme Industrial Supplies GmbH", "DE136695976", "office@acme-industrial.de"
WAITING = """
SELECT count(*) AS n FROM pg_stat_activity
WHERE datname = current_database() AND wait_event_type = 'Lock'
"""


@pytest.fixture
def workers():
    with ThreadPoolExecutor(max_workers=4) as pool:
        yield pool


def until_waiting(built, sessions):
    for _ in range(1000):
        if built.query(WAITING)[0]["n"] >= sessions:
            return
        time.sleep(0.01)
    raise AssertionError("nobody waits")


def ids_by_shard(built, system="erp", entity="customer"):
    """Return ids of roots by shard, in pairs: enough for tests to choose from."""
    found = {shard: [] for shard in range(SHARDS)}
    for number in range(1, 60):
        sql = "SELECT hub.shard_of(%(entity)s, %(system)s, %(key)s, %(shards)s) AS shard"
        rows = built.query(sql, entity=entity, system=system, key=str(number), shards=SHARDS)
        found[rows[0]["shard"]].append(number)
    return found


def resolve_two_shards_at_once(built, workers, *, turn):
    """Let two resolvers look for candidates before either may link; each has one mark.

    Whoever comes second has missed the first one's turn alone, or that of a person before it too.
    """
    with built.transaction() as work:
        if turn:
            work.goldens.lock_identity("customer")
        else:
            work.connection.execute("SELECT pg_advisory_xact_lock(hub.identity_lock('customer'))")
        resolving = [
            workers.submit(service.resolve, shard)
            for shard, service in enumerate((resolver(built.hub), resolver(built.hub)))
        ]
        until_waiting(built, 2)
        work.commit()
    assert [task.result(30).taken for task in resolving] == [1, 1]


def clean(built):
    built.settle()
    assert built.differences() == []


@pytest.mark.parametrize("root_first", [True, False])
def test_a_value_is_not_lost_when_the_earlier_transaction_commits_last(built, workers, root_first):
    root = built.change("erp", "customer", id=1, name=NAME)
    side = built.change("erp", "address", id=7, customer_id=1, kind="billing", city="Berlin")
    first, second = (root, side) if root_first else (side, root)
    with built.transaction() as work:
        work.mirror.apply([first], work.registry.marking())
        applying = workers.submit(built.apply, second)
        wait([applying], timeout=0.5)
        built.settle()
        work.commit()
    applying.result(30)
    clean(built)
    attrs = built.golden(built.home("erp", 1))["attrs"]
    assert (attrs["name"], attrs["city"]) == (NAME, "Berlin")


def test_a_decision_between_scoring_and_locking_is_honoured(built, workers):
    built.put("erp", "customer", id=1, name=NAME)
    built.put("shop", "account", id=2, company="Zenith")
    clean(built)
    pair = (built.record_id("erp", 1), built.record_id("shop", 2))
    built.put("erp", "customer", id=1, name=NAME, vat_number=VAT, email=EMAIL)
    built.put("shop", "account", id=2, company=NAME, vat=VAT, email=EMAIL)
    with built.transaction() as work:
        work.goldens.lock_identity("customer")
        resolving = workers.submit(built.settle)
        until_waiting(built, 1)
        word = {"verdict": "DIFFERENT", "actor": "ann", "reason": "two branches"}
        work.decisions.decide_pairs("customer", [pair], word)
        work.commit()
    resolving.result(30)
    clean(built)
    assert built.home("erp", 1) != built.home("shop", 2)


def test_an_override_set_while_the_golden_record_is_locked_is_honoured(built, workers):
    built.put("erp", "customer", id=1, name=NAME)
    clean(built)
    home = built.home("erp", 1)
    built.put("erp", "customer", id=1, name="Acme Holding")
    with built.transaction() as work:
        work.goldens.lock([home])
        resolving = workers.submit(built.settle)
        until_waiting(built, 1)
        override = Override(
            attribute="name",
            value="ACME",
            mode="FOREVER",
            actor="ann",
            set_at=datetime(2026, 5, 1, tzinfo=UTC),
        )
        work.decisions.set_override(home, override, "as they write it")
        work.decisions.touch([home])
        work.commit()
    resolving.result(30)
    clean(built)
    assert built.golden(home)["attrs"]["name"] == "ACME"


@pytest.mark.parametrize("turn", [True, False])
def test_s10_twins_that_appear_at_the_same_time_become_one(built, workers, turn):
    shards = ids_by_shard(built, "shop")
    one, two = shards[0][0], shards[1][0]
    for number in (one, two):
        built.put("shop", "account", id=number, company=NAME, vat=VAT, email=EMAIL)
    resolve_two_shards_at_once(built, workers, turn=turn)
    assert built.home("shop", one) == built.home("shop", two) is not None
    clean(built)


@pytest.mark.parametrize("turn", [True, False])
def test_records_that_come_to_say_the_same_at_once_are_seen_as_they_are_now(built, workers, turn):
    shards = ids_by_shard(built, "shop")
    one, two = shards[0][0], shards[1][0]
    for number, vat in ((one, VAT), (two, "DE811569869")):
        built.put("shop", "account", id=number, company=NAME, vat=vat, email=EMAIL)
    clean(built)
    assert built.home("shop", one) != built.home("shop", two)
    for number in (one, two):
        built.put("shop", "account", id=number, company=NAME, vat="DE129273398", email=EMAIL)
    resolve_two_shards_at_once(built, workers, turn=turn)
    assert built.home("shop", one) == built.home("shop", two)
    clean(built)


def test_a_dependant_that_comes_with_its_parent_is_linked_without_another_event(built, workers):
    built.put("erp", "customer", id=1, name=NAME)
    built.put("erp", "customer_price", id=5, customer_id=1, product_code="A", currency="EUR")
    built.put(
        "erp", "customer_price", id=5, customer_id=1, product_code="A", currency="EUR", amount=3
    )
    with built.transaction() as work:
        work.sources.lock_crosswalk([("customer", "erp", "1")])
        services = [resolver(built.hub) for _ in range(2)]
        resolving = [workers.submit(_each_shard, service) for service in services]
        until_waiting(built, 2)
        work.commit()
    for task in resolving:
        task.result(30)
    clean(built)
    price = built.home("erp", 5, entity="price")
    assert built.golden(price)["attrs"]["customer"] == str(built.home("erp", 1))
    assert built.cases() == []


def _each_shard(service):
    return [service.resolve(shard).taken for shard in range(SHARDS)]


def test_a_merge_takes_a_dependant_along_that_resolves_meanwhile(built, workers):
    built.put("erp", "customer", id=1, name=NAME, vat_number=VAT)
    built.put("shop", "account", id=2, company=NAME, email=EMAIL)
    clean(built)
    assert built.home("erp", 1) != built.home("shop", 2)
    built.put("shop", "account", id=3, company=NAME, vat=VAT, email=EMAIL)
    price = {"product_code": "A", "currency": "EUR", "amount": 3}
    built.put("erp", "customer_price", id=5, customer_id=1, **price)
    built.put("shop", "account_price", id=6, account_id=2, sku="A", currency="EUR", amount=3)
    with built.transaction() as work:
        keys = [("customer", "erp", "1"), ("customer", "shop", "2"), ("customer", "shop", "3")]
        work.sources.lock_crosswalk(keys)
        services = [resolver(built.hub) for _ in range(2)]
        resolving = [workers.submit(_each_shard, service) for service in services]
        until_waiting(built, 2)
        work.commit()
    for task in resolving:
        task.result(30)
    clean(built)
    winner = built.home("erp", 1)
    assert winner == built.home("shop", 2) == built.home("shop", 3)
    one = built.home("erp", 5, entity="price")
    assert one == built.home("shop", 6, entity="price")
    assert built.golden(one)["attrs"]["customer"] == str(winner)


def test_a_deadlock_is_transient_and_nothing_is_lost(built, workers):
    first, second, *_ = next(ids for ids in ids_by_shard(built).values() if len(ids) > 1)
    built.put("erp", "customer", id=first, name=NAME, vat_number=VAT)
    built.put("erp", "customer", id=second, name="Zenith Logistics", email="hq@zenith.de")
    clean(built)
    homes = sorted((built.home("erp", first), built.home("erp", second)))
    built.put("erp", "customer", id=first, name=NAME, vat_number=VAT, region="north")
    built.put("erp", "customer", id=second, name="Zenith", email="hq@zenith.de", region="south")
    victims = []
    with built.transaction() as work:
        work.goldens.lock(homes[1:])
        resolving = workers.submit(built.settle)
        until_waiting(built, 1)
        try:
            work.goldens.lock(homes[:1])
        except psycopg.errors.DeadlockDetected:
            victims.append("test")
    try:
        resolving.result(30)
    except TransientError:
        victims.append("worker")
    assert len(victims) == 1
    clean(built)
    assert built.golden(built.home("erp", first))["attrs"]["region"] == "north"
    assert built.golden(built.home("erp", second))["attrs"]["region"] == "south"
