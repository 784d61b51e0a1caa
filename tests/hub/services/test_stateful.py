"""Random histories of a hub on PostgreSQL: after every step everything that must hold, holds.

The world is small so that things meet: a few customers in two systems under a few names, prices
that come before their customers, people who say same or different, set a value, merge, part, link
and take back, what is decided written to the systems and come back as their own rows, changes that
come twice, late or out of order, two workers at once, a policy that becomes active and is taken
back. After each step the invariants are asked of the database
(`mdhub verify`), the records are compared with a model that knows the sources' rows alone, every
golden record with the naive fold of `tests.golden_records.domain.reference_fold`, and the links
with what the identity events say, one after the other.
"""

from __future__ import annotations

import os
import random
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, settings, strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from golden_records.domain.errors import TerminalError
from hub.bootstrap.following import FollowingResolve, newest
from hub.bootstrap.operating import existence, golden_operations, stewardship, undoing
from hub.bootstrap.policies import activate, sweeping
from hub.bootstrap.verifying import verification
from hub.bootstrap.working import resolver
from hub.services.cases import DecisionRefused, Word
from hub.services.identity.work import Intent, Terms
from hub.services.overriding import Lifetime
from tests.golden_records.domain.reference_fold import fold
from tests.hub.services.conftest import POLICY_WORD
from tests.hub.services.model import PEOPLE, Ledger, Model, follow, golden_of, record_of
from tests.hub.services.questions import (
    EMPTY,
    EVENTS,
    GOLDENS,
    LINKS,
    LIVE,
    MARKED,
    MEMBERS,
    TOGETHER,
    WITHHELD,
)
from tests.hub.services.targets import written

pytestmark = pytest.mark.postgres

STEPS = 50
HISTORIES = 30 if os.environ.get("CI") else 6
"""As many as the whole run has time for; the slow test takes 10,000 steps."""
MANY_HISTORIES = 200

NUMBERS = st.integers(1, 4)
DICE = st.integers(0, 9999)
"""Chooses among what there is; drawn whatever there is, since two workers at once may make more."""
WORD = Word(actor="ann", reason="as the contract says")


def chance(dice):
    return random.Random(dice)  # noqa: S311 - a choice, not a secret


class HubMachine(RuleBasedStateMachine):
    """One history; the hub is the test's, and is emptied where a history begins."""

    built = None
    hubs = None
    other = None
    """The version of the policy by which the shop owns limits."""

    def __init__(self):
        super().__init__()
        self.model, self.ledger, self.fed, self.txns = Model(), Ledger(), [], []
        self.worker = FollowingResolve(self.built.hub, resolver)

    @property
    def hub(self):
        """The hub by the policy that is active; one for each policy is made in a run."""
        (row,) = self.built.query("SELECT version FROM hub.catalogue WHERE active")
        version = row["version"]
        if version not in self.hubs:
            self.hubs[version] = newest(self.built.hub)
        return self.hubs[version]

    @property
    def people(self):
        return stewardship(self.hub)

    def settle(self):
        """Resolve the shards that have marks, until there are none or none is due."""
        while shards := [row["shard"] for row in self.built.query(MARKED)]:
            if not sum(self.worker.resolve(shard).taken for shard in shards):
                return

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
                ("shop", "account_price"),
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
            both = [FollowingResolve(hub, resolver) for _ in range(2)]
            for done in [pool.submit(self.built.settle, worker) for worker in both]:
                done.result(120)

    @rule(system=st.sampled_from(("erp", "shop")))
    def what_waits_is_written_and_comes_back(self, system):
        self.settle()
        for name, table, number, values in written(self.hub, system, self.model.rows):
            self._put(name, table, {**self.model.rows[name, table, number], **values})

    # --- what people do ---

    @rule(dice=DICE, verdict=st.sampled_from(("same", "different")))
    def a_case_is_decided(self, dice, verdict):
        self.settle()
        open_ = self.built.cases("ambiguous_match", "possible_duplicate")
        if not open_:
            return
        case = self.people.case(chance(dice).choice(sorted(row["id"] for row in open_)))
        try:
            getattr(self.people, verdict)(case.id, case.inputs, WORD)
        except DecisionRefused:
            assert case.own is None or case.candidate is None or case.own == case.candidate

    @rule(dice=DICE, verdict=st.sampled_from(("accept", "refuse")))
    def what_may_be_there_is_decided(self, dice, verdict):
        self.settle()
        kinds = ("delete_of_owned", *(("creation_held",) if verdict == "accept" else ()))
        if open_ := self.built.cases(*kinds):
            case = self.people.case(chance(dice).choice(sorted(row["id"] for row in open_)))
            getattr(existence(self.hub), verdict)(case.id, case.inputs, WORD)

    @rule(
        number=NUMBERS,
        system=st.sampled_from(("erp", "shop")),
        value=st.sampled_from(("Acme", "Zenith")),
    )
    def a_name_is_given(self, number, system, value):
        self.settle()
        if self.built.home(system, number) is not None:
            name = f"{system}:customer:{number}"
            self.people.override(name, {"name": value}, WORD, Lifetime())

    @rule(number=NUMBERS, system=st.sampled_from(("erp", "shop")))
    def a_given_name_is_taken_back(self, number, system):
        self.settle()
        home = self.built.home(system, number)
        if home is not None and home in self._overridden():
            self.people.release(f"{system}:customer:{number}", "name", WORD)

    @rule(dice=DICE, action=st.sampled_from(("merge", "unmerge", "link", "undo")))
    def golden_records_are_regrouped(self, dice, action):
        self.settle()
        homes = self._homes()
        try:
            done = getattr(self, f"_{action}")(chance(dice), homes)
        except TerminalError:
            return
        if done is not None:
            self.txns.append(done.txn)

    def _merge(self, chance, homes):
        if len(homes) > 1:
            two = chance.sample(sorted(homes), 2)
            return self._operate("merge", two, retract=chance.choice((True, False)))
        return None

    def _unmerge(self, chance, homes):
        if not homes:
            return None
        home = chance.choice(sorted(homes))
        member = chance.choice(sorted(homes[home]))
        into = chance.choice((None, "new"))
        return self._operate("unmerge", [home], member, into=into)

    def _link(self, chance, homes):
        if len(homes) > 1:
            one, two = chance.sample(sorted(homes), 2)
            system, key = chance.choice(sorted(homes[one])).split(":")
            record = f"{system}:customer:{key}"
            return self._operate("link", [record, two], record)
        return None

    def _undo(self, _chance, _homes):
        if self.txns:
            undoing(self.hub).transaction(self.txns.pop(), Terms(word=WORD))

    def _operate(self, action, goldens, *records, **more):
        intent = Intent(action=action, goldens=tuple(goldens), records=records, **more)
        return golden_operations(self.hub).run(intent, Terms(word=WORD))

    def _homes(self):
        """The customers' golden records, with the names of their members."""
        homes = defaultdict(list)
        for row in self.built.query(MEMBERS):
            if row["entity"] == "customer":
                homes[str(row["golden_id"])].append(f"{row['system']}:{row['key']}")
        return homes

    @rule()
    def another_policy_becomes_active(self):
        first = self.built.hub.catalogue.version
        now = self.hub.catalogue.version
        version = self.other if now == first else first
        back = "superseded" in self._steps(version)
        renewed, _ = activate(self.hub, version, POLICY_WORD, back=back)
        sweeping(renewed).finish(lambda _: None)

    def _steps(self, version):
        rows = self.built.query(
            "SELECT state FROM hub.policy_fact WHERE version = %(version)s", version=version
        )
        return {row["state"] for row in rows}

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
        self.links_are_what_the_events_tell()

    def the_state_is_what_a_computation_from_scratch_yields(self):
        before = self._by_hand()
        self.settle()
        live = {row["id"] for row in self.built.query(MEMBERS)}
        after = self._by_hand()
        assert {i: g for i, g in before.items() if i in live and after.get(i) != g} == {}
        hub = self.hub
        assert self.built.query("SELECT error, message, mark FROM hub.quarantine") == []
        assert verification(hub).verify(hub.clock.now(), lambda _: None).differences == []
        assert self.built.settle(self.worker) == 0

    def _by_hand(self):
        """The links that people made, which the engine never changes."""
        rows = self.built.query(f"{LINKS} AND origin = 'MANUAL'")
        return {row["record_id"]: row["golden_id"] for row in rows}

    def every_record_of_the_sources_is_there_and_no_other(self):
        """But for what the shop deleted and may not: that stays until a person agrees."""
        live, withheld = self._keys(LIVE), self._keys(WITHHELD)
        assert live - withheld == self.model.records()
        assert withheld <= live - self.model.records()
        assert {system for _, system, _ in withheld} <= {"shop"}

    def _keys(self, sql):
        return {(row["entity"], row["system"], row["key"]) for row in self.built.query(sql)}

    def golden_ids_stay_and_redirects_lead_somewhere(self):
        goldens = self.built.query(GOLDENS)
        assert self.ledger.look(goldens) == []
        assert follow(goldens) == []

    def golden_records_are_what_the_naive_fold_yields(self):
        members = defaultdict(list)
        for row in self.built.query(MEMBERS):
            members[row["golden_id"]].append(record_of(row))
        overridden = self._overridden()
        catalogue = self.hub.catalogue
        ranks = {s.name: s.rank for s in catalogue.systems.values()}
        for row in self.built.query(GOLDENS):
            entity = catalogue.entities[row["entity"]]
            if row["id"] in members and row["id"] not in overridden and not entity.references:
                attrs, _bases = fold(entity, members[row["id"]], golden_of(row), ranks)
                assert row["attrs"] == attrs

    def what_people_held_apart_is_apart(self):
        together = self.built.query(TOGETHER)
        assert together == []

    def links_are_what_the_events_tell(self):
        told = {}
        for event in self.built.query(EVENTS):
            for golden_id in event["before"]:
                told.pop(golden_id, None)
            told |= {g: set(members) for g, members in event["after"].items() if members}
        now = defaultdict(set)
        for row in self.built.query(LINKS):
            now[str(row["golden_id"])].add(row["record_id"])
        assert told == dict(now)


def play(built, other, histories):
    machine = type("Bound", (HubMachine,), {"built": built, "other": other, "hubs": {}})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=histories,
            stateful_step_count=STEPS,
            suppress_health_check=list(HealthCheck),
            report_multiple_bugs=False,
        ),
    )


@pytest.mark.no_cover
@pytest.mark.timeout(1200)
def test_whatever_happens_the_invariants_hold_after_every_step(built, other):
    play(built, other, HISTORIES)


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_whatever_happens_in_ten_thousand_steps_the_invariants_hold(built, other):
    play(built, other, MANY_HISTORIES)
