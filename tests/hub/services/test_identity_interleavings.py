"""People and workers at the same golden records at once, each interleaving forced.

The invariants and a recomputation from scratch are checked after each; see
`test_interleavings.py` for the manner.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from golden_records.domain.regrouping import IdentityRefused
from hub.bootstrap import operating
from hub.bootstrap.working import resolver
from hub.services.cases import StaleDecision
from hub.services.overriding import Lifetime
from tests.hub.services.identity_play import (
    ANN,
    EMAIL,
    NAME,
    OTHER,
    VAT,
    clean,
    erp,
    price,
    run,
    shop,
    together,
    two_customers,
    undo,
)
from tests.hub.services.test_interleavings import _each_shard, until_waiting

pytestmark = pytest.mark.postgres


@pytest.fixture
def workers():
    with ThreadPoolExecutor(max_workers=4) as pool:
        yield pool


def consistent(built):
    """Nothing differs from a recomputation, also before any worker has looked again."""
    assert built.differences() == []
    clean(built)


def test_a_merge_takes_a_dependant_along_that_resolves_meanwhile(built, workers):
    older, younger = two_customers(built)
    price(built, "erp", 5, 1)
    clean(built)
    price(built, "shop", 6, 2)
    with built.transaction() as work:
        work.sources.lock_crosswalk([("customer", "shop", "2")])
        resolving = workers.submit(_each_shard, resolver(built.hub))
        until_waiting(built, 1)
        merging = workers.submit(run, built, "merge", [older, younger])
        until_waiting(built, 2)
        work.commit()
    resolving.result(60)
    merging.result(60)
    clean(built)
    one = built.home("erp", 5, "price")
    assert one == built.home("shop", 6, "price")
    assert built.golden(one)["attrs"]["customer"] == str(older)


@pytest.mark.parametrize("feed_first", [True, False])
def test_a_value_that_changes_during_an_unmerge_is_in_the_right_golden_record(
    built, workers, feed_first
):
    home = together(built)
    shop(built, 2, company=NAME, vat=VAT, email=EMAIL, city="Bonn")
    with built.transaction() as work:
        work.goldens.lock([home])
        calls = [
            lambda: workers.submit(_each_shard, resolver(built.hub)),
            lambda: workers.submit(run, built, "unmerge", [home], "shop:2"),
        ]
        tasks = []
        for number, call in enumerate(calls if feed_first else reversed(calls), 1):
            tasks.append(call())
            until_waiting(built, number)
        work.commit()
    for task in tasks:
        task.result(60)
    clean(built)
    assert built.golden(built.home("shop", 2))["attrs"]["city"] == "Bonn"
    assert built.golden(home)["attrs"].get("city") is None


def test_an_unmerge_leaves_no_reference_behind_that_resolves_meanwhile(built, workers):
    older, younger = two_customers(built)
    price(built, "shop", 6, 2)
    run(built, "merge", [older, younger])
    clean(built)
    price(built, "shop", 7, 2, sku="B")
    with built.transaction() as work:
        work.sources.lock_crosswalk([("customer", "shop", "2")])
        resolving = workers.submit(_each_shard, resolver(built.hub))
        until_waiting(built, 1)
        parting = workers.submit(run, built, "unmerge", [older], "shop:2")
        until_waiting(built, 2)
        work.commit()
    resolving.result(60)
    parting.result(60)
    clean(built)
    for number in (6, 7):
        found = built.golden(built.home("shop", number, "price"))["attrs"]["customer"]
        assert found == str(younger)


def test_an_override_during_a_merge_holds_for_the_winner_or_was_refused(built, workers):
    older, younger = two_customers(built)
    steward = operating.stewardship(built.hub)
    with built.transaction() as work:
        work.goldens.lock([older])
        merging = workers.submit(run, built, "merge", [older, younger])
        until_waiting(built, 1)
        steward.override(str(younger), {"region": "north"}, ANN, Lifetime())
        work.commit()
    merging.result(60)
    consistent(built)
    assert built.golden(older)["attrs"]["region"] == "north"


def test_an_override_against_the_feed_stands_whoever_commits_last(built, workers):
    home = together(built)
    steward = operating.stewardship(built.hub)
    erp(built, 1, name="Acme Holding", vat_number=VAT, email=EMAIL)
    with built.transaction() as work:
        work.goldens.lock([home])
        tasks = [
            workers.submit(_each_shard, resolver(built.hub)),
            workers.submit(steward.override, str(home), {"name": "ACME"}, ANN, Lifetime()),
        ]
        until_waiting(built, 2)
        work.commit()
    for task in tasks:
        task.result(60)
    clean(built)
    assert built.golden(home)["attrs"]["name"] == "ACME"


def test_two_stewards_merge_the_same_and_one_is_told_so(built, workers):
    older, younger = two_customers(built)
    seen = run(built, "merge", [older, younger], dry_run=True)
    with built.transaction() as work:
        work.goldens.lock_identity("customer")
        tasks = [
            workers.submit(run, built, "merge", [older, younger], expect=seen.expect)
            for _ in range(2)
        ]
        until_waiting(built, 2)
        work.commit()
    errors = [task.exception(60) for task in tasks]
    assert sorted(error is None for error in errors) == [False, True]
    assert any(isinstance(error, IdentityRefused | StaleDecision) for error in errors)
    consistent(built)


def test_a_merge_and_an_unmerge_at_once_do_not_deadlock_and_leave_one_of_both_orders(
    built, workers
):
    home = together(built)
    shop(built, 7, company=OTHER["name"], vat=OTHER["vat"], email=OTHER["email"])
    clean(built)
    other = built.home("shop", 7)
    with built.transaction() as work:
        work.goldens.lock_identity("customer")
        tasks = [
            workers.submit(run, built, "merge", [home, other]),
            workers.submit(run, built, "unmerge", [home], "shop:2"),
        ]
        until_waiting(built, 2)
        work.commit()
    for task in tasks:
        task.result(60)
    consistent(built)
    assert built.home("erp", 1) == built.home("shop", 7) == home
    assert built.home("shop", 2) != home


def test_twins_that_a_worker_links_while_a_person_sets_them_apart_stay_apart(built, workers):
    home = together(built)
    shop(built, 3, company=NAME, vat=VAT, email=EMAIL)
    with built.transaction() as work:
        work.goldens.lock_identity("customer")
        parting = workers.submit(run, built, "unmerge", [home], "shop:2", into="new")
        until_waiting(built, 1)
        resolving = workers.submit(_each_shard, resolver(built.hub))
        until_waiting(built, 2)
        work.commit()
    parting.result(60)
    resolving.result(60)
    consistent(built)
    assert built.home("erp", 1) != built.home("shop", 2)


def test_events_are_numbered_in_the_order_of_the_commits(built, workers):
    older, younger = two_customers(built)
    shop(built, 3, company="Borealis Paper Oy", email="post@borealis.fi")
    with built.transaction() as work:
        work.goldens.lock_identity("customer")
        merging = workers.submit(run, built, "merge", [older, younger])
        until_waiting(built, 1)
        resolving = workers.submit(_each_shard, resolver(built.hub))
        until_waiting(built, 2)
        work.commit()
    done = merging.result(60)
    resolving.result(60)
    rows = built.query("SELECT seq, txn, kind FROM hub.identity_event ORDER BY seq")
    assert [row["kind"] for row in rows[-2:]] == ["MERGE", "CREATE"]
    assert rows[-2]["txn"] == done.txn
    consistent(built)


def test_an_undo_while_a_worker_resolves_brings_everything_back(built, workers):
    older, younger = two_customers(built)
    done = run(built, "merge", [older, younger])
    shop(built, 2, company=OTHER["name"], vat=OTHER["vat"], email=OTHER["email"], city="Kiel")
    with built.transaction() as work:
        work.goldens.lock([older])
        resolving = workers.submit(_each_shard, resolver(built.hub))
        until_waiting(built, 1)
        undoing = workers.submit(undo, built, done.txn)
        until_waiting(built, 2)
        work.commit()
    resolving.result(60)
    undoing.result(60)
    clean(built)
    assert built.home("shop", 2) == younger
    assert built.golden(younger)["attrs"]["city"] == "Kiel"
    assert built.golden(older)["attrs"].get("city") is None
