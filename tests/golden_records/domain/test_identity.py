"""Links: state, action, state."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, strategies as st

from golden_records.domain.identity import (
    AlreadyLinked,
    LinkPolicy,
    LinkRow,
    MergeGoldens,
    accept,
    plan_links,
    reject,
)
from golden_records.domain.records import LinkOrigin, LinkState
from golden_records.domain.rulebook import Existence
from tests.golden_records.domain.link_cases import CASES
from tests.golden_records.domain.linkworld import World, lines_of, uuid


@pytest.mark.parametrize("name", CASES)
def test_links(name):
    policy, before, action, after = CASES[name]
    world = World(lines_of(before), LinkPolicy(**policy))
    world.act(action)
    assert world.lines() == sorted(lines_of(after))


@pytest.mark.parametrize("name", [n for n in CASES if "deleted" not in n])
def test_planning_again_changes_nothing(name):
    policy, before, action, _after = CASES[name]
    world = World(lines_of(before), LinkPolicy(**policy))
    world.act(action)
    lines = world.lines()
    record, _, said = action.rpartition(":")
    heard = [part.split() for part in said.split(",") if part.strip()]
    now = {world.redirects.get(golden, golden): outcome for golden, outcome in heard}
    world.act(f"{record}: " + ", ".join(f"{golden} {outcome}" for golden, outcome in now.items()))
    again = [line for line in world.lines() if not line.startswith("case")]
    assert again == [line for line in lines if not line.startswith("case")]


def test_a_merge_needs_every_pair_to_match_where_matching_looked():
    world = World(["G1, AUTO, MATCH, erp:1", "G2, AUTO, MATCH, erp:2"], LinkPolicy(auto_merge=True))
    situation = world.situation("crm:7", [("G1", "match"), ("G2", "match")])

    def merges(agreeing):
        plan = plan_links(replace(situation, agreeing=agreeing), world.policy)
        return [action for action in plan.actions if isinstance(action, MergeGoldens)]

    assert len(merges(frozenset({frozenset({uuid("G1"), uuid("G2")})}))) == 1
    assert merges(frozenset()) == []


def row(golden, state, origin="MANUAL"):
    return LinkRow(
        record_id=1, golden_id=uuid(golden), state=LinkState(state), origin=LinkOrigin(origin)
    )


def test_s13_a_second_accept_fails_with_the_first_ones_id():
    with pytest.raises(AlreadyLinked) as refusal:
        accept([row("G1", "MATCH")], uuid("G2"))
    assert refusal.value.facts == {"golden_id": str(uuid("G1"))}
    assert accept([row("G1", "MATCH")], uuid("G1"))
    assert accept([row("G1", "MATCH", "AUTO")], uuid("G2"))


def test_s13_the_other_possible_match_can_be_rejected_after_one_was_accepted():
    links = [row("G1", "MATCH"), row("G2", "POSSIBLE_MATCH", "AUTO")]
    assert reject(links, uuid("G2"))[0].state is LinkState.NO_MATCH
    with pytest.raises(AlreadyLinked):
        reject(links, uuid("G1"))


# --- whatever happens

RECORDS = [f"{system}:{number}" for system in ("erp", "crm", "pim") for number in (1, 2)]
STEPS = st.lists(
    st.one_of(
        st.tuples(
            st.just("say"),
            st.sampled_from(RECORDS),
            st.dictionaries(
                st.sampled_from(RECORDS), st.sampled_from(["match", "review", "veto"]), max_size=3
            ),
        ),
        st.tuples(st.just("delete"), st.sampled_from(RECORDS), st.just({})),
        st.tuples(st.just("publish"), st.sampled_from(RECORDS), st.just({})),
        st.tuples(st.just("apart"), st.sampled_from(RECORDS), st.just({})),
    ),
    max_size=15,
)
POLICIES = st.builds(
    LinkPolicy,
    auto_merge=st.booleans(),
    auto_unlink=st.booleans(),
    max_per_system=st.sampled_from([None, 1]),
    existence=st.sampled_from([Existence(), Existence(creators=("erp", "crm"))]),
)


def home_of(world, record):
    return next((g for (r, g), (s, _) in world.links.items() if r == record and s == "MATCH"), None)


def play(world, step):
    name, record, said = step
    home = home_of(world, record)
    if name == "publish" and home:
        world.flags[home].add("published")
    if name == "delete" and home:
        world.act(f"{record} deleted:")
    if name == "apart":
        other = RECORDS[(RECORDS.index(record) + 1) % len(RECORDS)]
        if home is None or home != home_of(world, other):
            world.decisions.append((record, other, False))
    if name == "say":
        heard = {home_of(world, other): outcome for other, outcome in said.items()}
        parts = [f"{golden} {outcome}" for golden, outcome in heard.items() if golden]
        world.act(f"{record}: {', '.join(parts)}")


@given(POLICIES, STEPS)
def test_the_invariants_hold_after_every_event(policy, steps):
    world = World(policy=policy)
    for step in steps:
        before = dict(world.redirects)
        published = {golden for golden, flags in world.flags.items() if "published" in flags}
        play(world, step)
        homes = [r for (r, _), (state, _) in world.links.items() if state == "MATCH"]
        assert len(homes) == len(set(homes))
        creates = policy.existence.may_create(step[1].partition(":")[0])
        waits = world.cases and world.cases[0][0] == "creation_held"
        assert step[0] != "say" or step[1] in homes or (waits and not creates)
        for loser in set(world.redirects) - set(before):
            assert not {loser, world.redirects[loser]} <= published
        assert_redirects_end(world)
        assert_nobody_is_with_whom_he_was_set_apart_from(world)
        assert_no_system_is_twice_where_once_is_allowed(world)


def assert_redirects_end(world):
    for loser, winner in world.redirects.items():
        assert world.members(loser) == []
        assert winner not in world.redirects


def assert_nobody_is_with_whom_he_was_set_apart_from(world):
    for a, b, _same in world.decisions:
        assert home_of(world, a) is None or home_of(world, a) != home_of(world, b)


def assert_no_system_is_twice_where_once_is_allowed(world):
    if world.policy.max_per_system is not None:
        for golden in world.goldens:
            systems = [record.partition(":")[0] for record in world.members(golden)]
            assert len(systems) == len(set(systems))
