"""Random histories of a hub on PostgreSQL: after every step everything that must hold, holds.

The world is small so that things meet: a few customers in two systems under a few names, prices
that come before their customers, people who say same, different or set a value, changes that come
twice, late or out of order, two workers at once. After each step the invariants are asked of the
database (`mdhub verify`), the records are compared with a model that knows the sources' rows alone,
and every golden record with the naive fold of `tests.golden_records.domain.reference_fold`.
"""

from __future__ import annotations

import os
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest
from hypothesis import HealthCheck, settings, strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from golden_records.domain.records import GoldenRecord, GoldenStatus, SourceRecord
from hub.bootstrap.operating import stewardship
from hub.bootstrap.working import resolver
from hub.services.cases import DecisionRefused, Word
from hub.services.overriding import Lifetime
from tests.golden_records.domain.reference_fold import fold
from tests.hub.services.model import Ledger, Model, follow

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(1500)]

STEPS = 50
HISTORIES = 200 if os.environ.get("CI") else 6
"""10,000 steps where CI runs."""

PEOPLE = (
    {"name": "Acme Industrial Supplies GmbH", "vat": "DE136695976", "email": "office@acme.de"},
    {"name": "ACME Industrial Supplies", "vat": None, "email": "office@acme.de"},
    {"name": "Zenith Maritime Logistics AG", "vat": "DE811569869", "email": "hq@zenith.de"},
    {"name": "Zenith Maritime Logistic", "vat": "DE811569869", "email": None},
    {"name": "Nordlicht Verlag KG", "vat": None, "email": "post@nordlicht.de"},
)
NUMBERS = st.integers(1, 4)
WORD = Word(actor="ann", reason="as the contract says")

EMPTY = """
DO $$ DECLARE t record; BEGIN
  FOR t IN SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables
           WHERE schemaname LIKE 'mirror\\_%' OR (schemaname = 'hub' AND tablename NOT IN
                 ('alembic_version', 'catalogue', 'contract', 'phase', 'system_state'))
  LOOP EXECUTE 'DELETE FROM ' || t.name; END LOOP;
END $$
"""
GOLDENS = "SELECT id, entity, status, version, attrs, lineage, merged_into FROM hub.golden"
MEMBERS = """
SELECT l.golden_id, s.id, s.entity, s.system, s.key, s.root_key, s.canonical, s.changed_at, s.base
FROM hub.source_record s JOIN hub.link l ON l.record_id = s.id AND l.state = 'MATCH'
 AND l.valid_to IS NULL WHERE NOT s.deleted
"""


class HubMachine(RuleBasedStateMachine):
    """One history; the hub is the test's, and is emptied where a history begins."""

    built = None

    def __init__(self):
        super().__init__()
        self.model, self.ledger, self.fed = Model(), Ledger(), []
        self.people = stewardship(self.built.hub)

    @initialize()
    def an_empty_hub(self):
        with self.built.work() as work:
            work.connection.execute(EMPTY)
            work.commit()

    # --- what sources do ---

    @rule(number=NUMBERS, who=st.sampled_from(PEOPLE), limit=st.sampled_from((None, 100, 250)))
    def erp_says(self, number, who, limit):
        row = {"id": number, "name": who["name"], "vat_number": who["vat"], "email": who["email"]}
        self._put("erp", "customer", row | {"credit_limit": limit, "limit_currency": "EUR"})

    @rule(number=NUMBERS, who=st.sampled_from(PEOPLE), limit=st.sampled_from((None, 100, 900)))
    def shop_says(self, number, who, limit):
        row = {"id": number, "company": who["name"], "vat": who["vat"], "email": who["email"]}
        self._put("shop", "account", row | {"credit_limit": limit, "currency": "EUR"})

    @rule(number=NUMBERS, customer=NUMBERS, city=st.sampled_from(("Berlin", "Bremen")))
    def erp_has_an_address(self, number, customer, city):
        row = {"id": number, "customer_id": customer, "kind": "billing", "city": city}
        self._put("erp", "address", row)

    @rule(number=NUMBERS, customer=NUMBERS, amount=st.sampled_from((None, 5, 7)))
    def erp_has_a_price(self, number, customer, amount):
        row = {"id": number, "customer_id": customer, "product_code": "A", "currency": "EUR"}
        self._put("erp", "customer_price", row | {"amount": amount})

    @rule(number=NUMBERS, account=NUMBERS, amount=st.integers(5, 8))
    def shop_has_a_price(self, number, account, amount):
        row = {"id": number, "account_id": account, "sku": "A", "currency": "EUR"}
        self._put("shop", "account_price", row | {"amount": amount})

    @rule(
        number=NUMBERS,
        table=st.sampled_from(
            (
                ("erp", "customer"),
                ("shop", "account"),
                ("erp", "customer_price"),
                ("erp", "address"),
            )
        ),
    )
    def a_row_is_deleted(self, number, table):
        self.model.delete(*table, number)
        self._feed(self.built.deletion(*table, id=number))

    def _put(self, system, table, row):
        self.model.put(system, table, row)
        self._feed(self.built.change(system, table, **row))

    def _feed(self, change):
        self.fed.append(change)
        self.built.apply(change)

    # --- what happens on the way ---

    @rule(data=st.data())
    def old_changes_come_again(self, data):
        if self.fed:
            again = data.draw(st.lists(st.sampled_from(self.fed), max_size=6))
            self.built.apply(*again)

    @rule(who=st.sampled_from(PEOPLE), numbers=st.permutations((1, 2, 3, 4)))
    def two_workers_resolve_at_once(self, who, numbers):
        for number in numbers[:2]:
            row = {"id": number, "company": who["name"], "vat": who["vat"], "email": who["email"]}
            self._put("shop", "account", row)
        with ThreadPoolExecutor(max_workers=2) as pool:
            hub = self.built.hub
            for done in [pool.submit(self.built.settle, resolver(hub)) for _ in range(2)]:
                done.result(120)

    # --- what people do ---

    @rule(data=st.data(), verdict=st.sampled_from(("same", "different")))
    def a_case_is_decided(self, data, verdict):
        self.built.settle()
        open_ = self.built.cases("ambiguous_match", "possible_duplicate")
        if not open_:
            return
        case = self.people.case(data.draw(st.sampled_from(sorted(row["id"] for row in open_))))
        try:
            getattr(self.people, verdict)(case.id, case.inputs, WORD)
        except DecisionRefused:
            assert case.own is None or case.candidate is None or case.own == case.candidate

    @rule(
        number=NUMBERS,
        system=st.sampled_from(("erp", "shop")),
        value=st.sampled_from(("Acme", "Zenith")),
    )
    def a_name_is_given(self, number, system, value):
        self.built.settle()
        if self.built.home(system, number) is not None:
            name = f"{system}:customer:{number}"
            self.people.override(name, {"name": value}, WORD, Lifetime())

    @rule(number=NUMBERS, system=st.sampled_from(("erp", "shop")))
    def a_given_name_is_taken_back(self, number, system):
        self.built.settle()
        home = self.built.home(system, number)
        if home is not None and home in self._overridden():
            self.people.release(f"{system}:customer:{number}", "name", WORD)

    def _overridden(self):
        rows = self.built.query("SELECT golden_id FROM hub.override WHERE closed_at IS NULL")
        return {row["golden_id"] for row in rows}

    # --- what must hold ---

    @invariant()
    def everything_holds(self):
        """One after the other, since the first settles what the others look at."""
        self.the_state_is_what_a_computation_from_scratch_yields()
        self.every_record_of_the_sources_is_there_and_no_other()
        self.golden_ids_stay_and_redirects_lead_somewhere()
        self.golden_records_are_what_the_naive_fold_yields()
        self.what_people_held_apart_is_apart()

    def the_state_is_what_a_computation_from_scratch_yields(self):
        self.built.settle()
        assert self.built.differences() == []
        assert self.built.settle() == 0

    def every_record_of_the_sources_is_there_and_no_other(self):
        rows = self.built.query(
            "SELECT entity, system, key FROM hub.source_record WHERE NOT deleted"
        )
        assert {(r["entity"], r["system"], r["key"]) for r in rows} == self.model.records()

    def golden_ids_stay_and_redirects_lead_somewhere(self):
        goldens = self.built.query(GOLDENS)
        assert self.ledger.look(goldens) == []
        assert follow(goldens) == []

    def golden_records_are_what_the_naive_fold_yields(self):
        members = defaultdict(list)
        for row in self.built.query(MEMBERS):
            members[row["golden_id"]].append(_record(row))
        overridden = self._overridden()
        ranks = {s.name: s.rank for s in self.built.hub.catalogue.systems.values()}
        for row in self.built.query(GOLDENS):
            entity = self.built.hub.catalogue.entities[row["entity"]]
            if row["id"] in members and row["id"] not in overridden and not entity.references:
                attrs, _bases = fold(entity, members[row["id"]], _golden(row), ranks)
                assert row["attrs"] == attrs

    def what_people_held_apart_is_apart(self):
        together = self.built.query(
            "SELECT d.id FROM hub.pair_decision d"
            " JOIN hub.link a ON a.record_id = d.record_a AND a.state = 'MATCH'"
            "  AND a.valid_to IS NULL"
            " JOIN hub.link b ON b.record_id = d.record_b AND b.state = 'MATCH'"
            "  AND b.valid_to IS NULL"
            " WHERE d.verdict = 'DIFFERENT' AND d.closed_at IS NULL AND a.golden_id = b.golden_id"
        )
        assert together == []


def _record(row):
    return SourceRecord(
        id=row["id"],
        entity=row["entity"],
        system=row["system"],
        key=row["key"],
        root_key=row["root_key"],
        attrs=row["canonical"],
        changed_at={n: datetime.fromisoformat(at) for n, at in row["changed_at"].items()},
        base=row["base"],
    )


def _golden(row):
    return GoldenRecord(
        id=row["id"],
        entity=row["entity"],
        status=GoldenStatus(row["status"]),
        version=row["version"],
        attrs=row["attrs"],
    )


def test_whatever_happens_the_invariants_hold_after_every_step(built):
    machine = type("Bound", (HubMachine,), {"built": built})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=HISTORIES,
            stateful_step_count=STEPS,
            suppress_health_check=list(HealthCheck),
            report_multiple_bugs=False,
        ),
    )
