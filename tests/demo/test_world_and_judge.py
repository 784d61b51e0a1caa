"""The world on real servers: loaded, played in, and judged."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from demo.check import Judge, report, world_of
from demo.clock import WallClock
from demo.databases import SYSTEMS
from demo.folding import money
from demo.records import Ref
from demo.workload import Pace, run
from tests.demo.repair import repair

pytestmark = [pytest.mark.stack, pytest.mark.enable_socket, pytest.mark.timeout(180)]


class LaterClock(WallClock):
    """A minute ahead, when all prices of the play that begin soon have begun."""

    def now(self):
        return super().now() + timedelta(minutes=1)


def _judge(desk, state):
    return Judge(desk, world_of(state), LaterClock())


def _kept(verdict):
    return [each for each in verdict.mismatches if "->" not in each.check]


@pytest.fixture
def played(servers, state):
    run(servers, state, Pace(seconds=4.0, rate=120.0), WallClock())
    return state


@pytest.fixture
def settled(desk, played):
    """A played world whose targets were set right by hand."""
    repair(desk, _judge(desk, played).wait(timeout=0).mismatches)
    return played


def test_a_fresh_world_is_in_the_databases_as_its_record_says(desk, state):
    verdict = _judge(desk, state).wait(timeout=0)
    assert _kept(verdict) == []
    assert verdict.counts["no row that nobody made"] > 500


def test_a_fresh_world_needs_a_hub(desk, state):
    verdict = _judge(desk, state).wait(timeout=0)
    assert {"customer.name erp -> commerce", "price.amount cpq -> commerce"} <= {
        each.check for each in verdict.mismatches
    }


def test_the_journal_accounts_for_all_that_business_did(desk, played):
    assert _kept(_judge(desk, played).wait(timeout=0)) == []


def test_a_second_play_continues_the_history_of_the_first(servers, desk, played):
    run(servers, played, Pace(seconds=1.0, rate=80.0, seed=11), WallClock())
    assert _kept(_judge(desk, played).wait(timeout=0)) == []


def test_the_judge_is_content_when_every_target_holds_its_owner_s_word(desk, settled):
    verdict = _judge(desk, settled).wait(timeout=0)
    assert verdict.passed, report(verdict)


PLANTED = (
    ("commerce", "UPDATE customer SET company_name = 'Somebody Else AG' WHERE id = {customer}"),
    ("commerce", "UPDATE variant_price SET amount_minor = amount_minor + 1 WHERE id = {price}"),
    ("commerce", "UPDATE customer SET loyalty_points = loyalty_points + 1 WHERE id = {customer}"),
    ("commerce", "UPDATE customer_credit SET limit_minor = limit_minor + 100 LIMIT 1"),
    ("commerce", "DELETE FROM customer_address WHERE customer_id = {customer}"),
    (
        "commerce",
        """INSERT INTO customer (customer_number, company_name, email, updated_at)
           VALUES ('X', 'Nobody', 'nobody@nowhere.example', UTC_TIMESTAMP(6))""",
    ),
    ("erp", "UPDATE party SET ledger_balance = -1, write_date = now() WHERE id = {party}"),
    ("erp", "UPDATE party SET legal_name = 'Overwritten', write_date = now() WHERE id = {party}"),
    ("cpq", "DELETE FROM price_book_entry WHERE entry_id = {entry}"),
    ("pim", "DELETE FROM product_variant WHERE variant_id = '{variant}'"),
)


def test_every_planted_wrong_row_is_found(desk, settled):
    world = world_of(settled)
    kinds = {"party": "customer", "entry": "price_row", "variant": "sku"}
    places = {"party": "erp", "entry": "cpq", "variant": "pim"}
    spots = {
        name: next(iter(world.of_kind(places[name], kind))).ref.key for name, kind in kinds.items()
    }
    spots["customer"] = next(
        each.ref.key
        for each in world.of_kind("commerce", "customer")
        if world.partner(each.ref, "erp") and each.values["kind"] == "O"
    )
    spots["price"] = desk.read("commerce", "SELECT MIN(id) FROM variant_price")[0][0]
    for system, statement in PLANTED:
        connection = desk.connection(system)
        with connection.cursor() as cursor:
            cursor.execute(statement.format(**spots))
        judge = _judge(_Uncommitted(desk), settled)
        assert not judge.wait(timeout=0).passed, statement
        for each in SYSTEMS:
            desk.connection(each).rollback()


class _Uncommitted:
    """Reads within the open transaction, so that what was planted is gone afterwards."""

    def __init__(self, desk):
        self._desk = desk

    def transaction(self, system):
        return self._desk.connection(system).cursor()


def test_the_verdict_names_the_row_and_the_value_in_json(desk, settled):
    with desk.transaction("erp") as cursor:
        cursor.execute(
            "UPDATE party SET ledger_balance = ledger_balance + 1, write_date = now()"
            " WHERE id = (SELECT min(id) FROM party) RETURNING id, ledger_balance - 1",
        )
        key, balance = cursor.fetchone()
    verdict = json.loads(json.dumps(_judge(desk, settled).wait(timeout=0).as_json()))
    assert verdict["passed"] is False
    (wrong,) = verdict["mismatches"]
    assert Ref(wrong["system"], wrong["entity"], wrong["key"]) == ("erp", "customer", str(key))
    assert wrong["allowed"] == [money(str(balance))]


def test_an_erp_update_that_leaves_the_write_date_alone_is_refused(desk, state):
    with pytest.raises(Exception, match="write_date"), desk.transaction("erp") as cursor:
        cursor.execute("UPDATE party SET legal_name = 'x'")
