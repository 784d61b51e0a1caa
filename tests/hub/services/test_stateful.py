"""Random histories of a hub on PostgreSQL: after every step everything that must hold, holds.

The world is small so that things meet: a few customers in two systems under a few names, prices
that come before their customers, people who say same or different, set a value, merge, part, link
and take back (the engine's merges too), what is decided written to the systems and come back as
their own rows, changes that come twice, late or out of order, two workers at once, a policy that
becomes active and is taken back. After each step `mdhub verify` is asked, the records are compared
with a model that knows the sources' rows alone, golden records with the naive fold of
`tests.golden_records.domain.reference_fold`, and the links with what the identity events say.

Where CI runs, the gate takes 10,000 such steps and fails if it took fewer; it prints how many of
which rules. So that this has room, two processes play, a step asks everything beside verification
in one statement, and what is made of a policy is made once.
"""

from __future__ import annotations

import os
import random
import traceback
from collections import Counter, defaultdict
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from itertools import repeat
from multiprocessing import get_context

import pytest
from hypothesis import HealthCheck, seed, settings, strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    run_state_machine_as_test,
)

from golden_records.domain.errors import TerminalError
from hub.bootstrap.operating import existence, golden_operations, stewardship, undoing
from hub.bootstrap.policies import policies, sweeping
from hub.services.cases import DecisionRefused, Word
from hub.services.identity.work import Intent, Terms
from hub.services.overriding import Lifetime
from tests.golden_records.domain.reference_fold import fold
from tests.hub.services.conftest import POLICY_WORD, another_policy
from tests.hub.services.hub_builder import BuiltHub, make_hub, minimal_catalogue
from tests.hub.services.model import PEOPLE, Ledger, Model, follow, golden_of, record_of
from tests.hub.services.questions import ACTIVE, EMPTY, LOOK, MEMBERS, MERGED_BY_ENGINE, WAITING
from tests.hub.services.targets import written
from tests.hub.services.world import WORKERS, World, chance, describe, rule

pytestmark = pytest.mark.postgres

STEPS = 50
"""Of one history, at most."""
CI = bool(os.environ.get("CI"))
HISTORIES, WANTED = (118, 10_000) if CI else (3, 100)
"""Histories of each player, and the steps that all take: a few end before their last step."""
SEEDS = (1, 2) if CI else tuple(random.sample(range(10**6), 2))
"""Of each player: in CI always the same histories, but not the other's. A failure tells its own."""
MANY_HISTORIES = 600

NUMBERS = st.integers(1, 4)
DICE = st.integers(0, 9999)
"""Chooses among what there is; drawn whatever there is, since two workers at once may make more."""
WORD = Word(actor="ann", reason="as the contract says")


class HubMachine(RuleBasedStateMachine):
    """One history; the hub is the test's, and is emptied where a history begins."""

    world = None

    def __init__(self):
        super().__init__()
        self.built = self.world.built
        self.model, self.ledger, self.fed, self.txns = Model(), Ledger(), [], []
        self.worker, self.second = (self.world.worker(name) for name in WORKERS)
        self.version = self.world.ask(ACTIVE)["version"]

    @property
    def hub(self):
        """The hub by the policy that is active."""
        return self.world.hubs[self.version]

    @property
    def people(self):
        return stewardship(self.hub)

    def settle(self):
        """Resolve the shards that have marks, until there are none or none is due."""
        while shards := self.world.ask(WAITING)["shards"]:
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
            both = (self.worker, self.second)
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
        if self.built.home(system, number) in self._overridden():
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

    def _undo(self, chance, _homes):
        """Undo what people did last, or the engine's last merge."""
        if last := [*self.txns[-1:], *self.world.ask(MERGED_BY_ENGINE)["txns"]]:
            txn = chance.choice(last)
            self.txns = [known for known in self.txns if known != txn]
            undoing(self.hub).transaction(txn, Terms(word=WORD))

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
        world = self.world
        version = world.other if self.version == world.first else world.first
        back = "superseded" in self._steps(version)
        policies(self.hub).activate(version, POLICY_WORD, back=back)
        self.version = version
        sweeping(self.hub).finish(lambda _: None)

    def _steps(self, version):
        steps = "SELECT state FROM hub.policy_fact WHERE version = %(version)s"
        return {row["state"] for row in self.built.query(steps, version=version)}

    def _overridden(self):
        rows = self.built.query("SELECT golden_id FROM hub.override WHERE closed_at IS NULL")
        return {row["golden_id"] for row in rows}

    # --- what must hold ---

    @invariant()
    def everything_holds(self):
        """One after the other, since the first settles what the others look at."""
        self.the_state_is_what_a_computation_from_scratch_yields()
        look = self.world.ask(LOOK, now=self.hub.clock.now())
        assert look["version"] == self.version
        assert look["aside"] == []
        assert look["due"] == 0
        self.what_people_linked_stays(look)
        self.every_record_of_the_sources_is_there_and_no_other(look)
        self.golden_ids_stay_and_redirects_lead_somewhere(look)
        self.golden_records_are_what_the_naive_fold_yields(look)
        assert look["together"] == [], "what people held apart is apart"
        self.links_are_what_the_events_tell(look)

    def the_state_is_what_a_computation_from_scratch_yields(self):
        self.by_hand = self.world.ask(WAITING)["by_hand"]
        self.settle()
        verify = self.world.verifications[self.version]
        assert verify.verify(lambda _: None).differences == []

    def what_people_linked_stays(self, look):
        """The engine moves no link that people made; a price goes where its customer does."""
        live = {str(row["id"]) for row in look["members"] if row["entity"] == "customer"}
        after = {str(r): g for g, r, origin in look["links"] if origin == "MANUAL"}
        assert [i for i, g in self.by_hand.items() if i in live and after.get(i) != g] == []

    def every_record_of_the_sources_is_there_and_no_other(self, look):
        """But for what the shop deleted and may not: that stays until a person agrees."""
        live, withheld = (set(map(tuple, look[name])) for name in ("live", "withheld"))
        assert live - withheld == self.model.records()
        assert withheld <= live - self.model.records()
        assert {system for _, system, _ in withheld} <= {"shop"}

    def golden_ids_stay_and_redirects_lead_somewhere(self, look):
        assert self.ledger.look(look["goldens"]) == []
        assert follow(look["goldens"]) == []

    def golden_records_are_what_the_naive_fold_yields(self, look):
        members, catalogue = defaultdict(list), self.hub.catalogue
        for row in look["members"]:
            members[row["golden_id"]].append(record_of(row))
        ranks = {s.name: s.rank for s in catalogue.systems.values()}
        for row in look["goldens"]:
            entity, known = catalogue.entities[row["entity"]], members.get(row["id"])
            if known and row["id"] not in look["overridden"] and not entity.references:
                attrs, _bases = fold(entity, known, golden_of(row), ranks)
                assert row["attrs"] == attrs

    def links_are_what_the_events_tell(self, look):
        told = {}
        for before, after in look["events"]:
            for golden_id in before:
                told.pop(golden_id, None)
            told |= {g: set(members) for g, members in after.items() if members}
        now = defaultdict(set)
        for golden_id, record_id, _ in look["links"]:
            now[golden_id].add(record_id)
        assert told == dict(now)


def play(built, other, histories, number):
    """Play histories, always the same ones of a seed; return the steps taken of each rule."""
    world = World(built, other)
    machine = type("Bound", (HubMachine,), {"world": world})
    try:
        run_state_machine_as_test(
            seed(number)(machine),
            settings=settings(
                max_examples=histories,
                stateful_step_count=STEPS,
                deadline=None,
                derandomize=False,
                database=None,
                suppress_health_check=list(HealthCheck),
                report_multiple_bugs=False,
            ),
        )
    except BaseException as failure:
        failure.add_note(f"played with the seed {number}")
        raise
    finally:
        world.close()
    return world.played


def played_apart(url, histories, number):
    """Play in a process of its own; return the steps, and what failed as text."""
    built = BuiltHub(make_hub(url, minimal_catalogue(), installed=True))
    try:
        return play(built, another_policy(built), histories, number), ""
    except BaseException as failure:  # noqa: BLE001 - told by the test
        return Counter(), "".join(traceback.format_exception(failure))
    finally:
        built.close()


@pytest.mark.no_cover
@pytest.mark.timeout(2400)
def test_whatever_happens_the_invariants_hold_after_every_step(
    databases, installed_database, capsys
):
    """Two processes play, each in a database of its own: a machine of CI has two cores."""
    urls = [databases.make(installed_database) for _ in SEEDS]
    with ProcessPoolExecutor(len(urls), get_context("spawn")) as pool:
        told = list(pool.map(played_apart, urls, repeat(HISTORIES), SEEDS))
    played = sum((steps for steps, _ in told), Counter())
    with capsys.disabled():
        print(f"\n{describe(played)}")  # noqa: T201 - what the gate played
    assert [failure for _, failure in told if failure] == []
    assert played.total() >= WANTED, describe(played)


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_whatever_happens_in_many_histories_the_invariants_hold(built, other):
    play(built, other, MANY_HISTORIES, SEEDS[0])
