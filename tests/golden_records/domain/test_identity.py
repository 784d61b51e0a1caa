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
from tests.golden_records.domain.linkworld import World, lines_of, uuid

MERGING = {"auto_merge": True}
STRICT = {"auto_unlink": False}
ONE_EACH = {"max_per_system": 1}

CASES = {
    "nothing matches: a golden record of its own": (
        {}, "", "crm:7:", "N1, AUTO, MATCH, crm:7",
    ),
    "all matches in one golden record": (
        {}, "G1, AUTO, MATCH, erp:1", "crm:7: G1 match",
        "G1, AUTO, MATCH, erp:1\nG1, AUTO, MATCH, crm:7",
    ),
    "a match outranks possible matches": (
        {}, "G1, AUTO, MATCH, erp:1\nG2, AUTO, MATCH, erp:2", "crm:7: G1 match, G2 review",
        "G1, AUTO, MATCH, erp:1\nG2, AUTO, MATCH, erp:2\nG1, AUTO, MATCH, crm:7",
    ),
    "only possible: a provisional golden record and a case": (
        {}, "G1, AUTO, MATCH, erp:1", "crm:7: G1 review",
        """G1, AUTO, MATCH, erp:1
        N1, AUTO, MATCH, crm:7
        G1, AUTO, POSSIBLE_MATCH, crm:7
        case ambiguous_match: G1""",
    ),
    "matches in several known outside: no silent merge": (
        {}, "G1, AUTO, MATCH, erp:1\nG1 published\nG2, AUTO, MATCH, erp:2\nG2 published",
        "crm:7: G1 match, G2 match",
        """G1, AUTO, MATCH, erp:1
        G2, AUTO, MATCH, erp:2
        N1, AUTO, MATCH, crm:7
        G1, AUTO, POSSIBLE_MATCH, crm:7
        G2, AUTO, POSSIBLE_MATCH, crm:7
        G1, AUTO, POSSIBLE_DUPLICATE, G2
        case ambiguous_match: G1 G2""",
    ),
    "not even where merging is allowed": (
        MERGING, "G1, AUTO, MATCH, erp:1\nG1 published\nG2, AUTO, MATCH, erp:2\nG2 touched",
        "crm:7: G1 match, G2 match",
        """G1, AUTO, MATCH, erp:1
        G2, AUTO, MATCH, erp:2
        N1, AUTO, MATCH, crm:7
        G1, AUTO, POSSIBLE_MATCH, crm:7
        G2, AUTO, POSSIBLE_MATCH, crm:7
        G1, AUTO, POSSIBLE_DUPLICATE, G2
        case ambiguous_match: G1 G2""",
    ),
    "a free golden record joins the other": (
        {}, "G1, AUTO, MATCH, erp:1\nG2, AUTO, MATCH, erp:2\nG2 published",
        "crm:7: G1 match, G2 match",
        """G1, AUTO, REDIRECT, G2
        G2, AUTO, MATCH, erp:1
        G2, AUTO, MATCH, erp:2
        G2, AUTO, MATCH, crm:7""",
    ),
    "two with several members are merged only where merging is allowed": (
        {}, """G1, AUTO, MATCH, erp:1\nG1, AUTO, MATCH, crm:1
        G2, AUTO, MATCH, erp:2\nG2, AUTO, MATCH, crm:2""",
        "pim:7: G1 match, G2 match",
        """G1, AUTO, MATCH, erp:1\nG1, AUTO, MATCH, crm:1
        G2, AUTO, MATCH, erp:2\nG2, AUTO, MATCH, crm:2
        N1, AUTO, MATCH, pim:7
        G1, AUTO, POSSIBLE_MATCH, pim:7
        G2, AUTO, POSSIBLE_MATCH, pim:7
        G1, AUTO, POSSIBLE_DUPLICATE, G2
        case ambiguous_match: G1 G2""",
    ),
    "S1: while loading, a bridge merges and the loser redirects": (
        {"loading": True}, """G1, AUTO, MATCH, erp:1\nG1, AUTO, MATCH, crm:1
        G2, AUTO, MATCH, erp:2\nG2, AUTO, MATCH, crm:2""",
        "pim:7: G1 match, G2 match",
        """G1, AUTO, MATCH, erp:1\nG1, AUTO, MATCH, crm:1
        G1, AUTO, MATCH, erp:2\nG1, AUTO, MATCH, crm:2
        G1, AUTO, MATCH, pim:7
        G2, AUTO, REDIRECT, G1""",
    ),
    "S2: the larger and younger cluster survives if it is known outside": (
        MERGING, """G1, AUTO, MATCH, erp:1
        G2, AUTO, MATCH, erp:2\nG2, AUTO, MATCH, crm:2\nG2 published""",
        "pim:7: G2 match, G1 match",
        """G1, AUTO, REDIRECT, G2
        G2, AUTO, MATCH, erp:1
        G2, AUTO, MATCH, erp:2\nG2, AUTO, MATCH, crm:2
        G2, AUTO, MATCH, pim:7""",
    ),
    "S3: what was set apart does not meet again through a third record": (
        MERGING, "G1, AUTO, MATCH, erp:1\nG2, AUTO, MATCH, crm:1\nerp:1 different crm:1",
        "pim:7: G1 match, G2 match",
        """G1, AUTO, MATCH, erp:1
        G2, AUTO, MATCH, crm:1
        N1, AUTO, MATCH, pim:7
        G1, AUTO, POSSIBLE_MATCH, pim:7
        G2, AUTO, POSSIBLE_MATCH, pim:7
        G1, AUTO, POSSIBLE_DUPLICATE, G2
        case ambiguous_match: G1 G2""",
    ),
    "different from one member is different from its cluster": (
        {}, "G1, AUTO, MATCH, erp:1\nG1, AUTO, MATCH, pim:1\ncrm:7 different pim:1",
        "crm:7: G1 match",
        """G1, AUTO, MATCH, erp:1\nG1, AUTO, MATCH, pim:1
        G1, AUTO, NO_MATCH, crm:7
        N1, AUTO, MATCH, crm:7""",
    ),
    "different from what it is the same as": (
        {}, "G1, AUTO, MATCH, erp:1\ncrm:7 same crm:8\ncrm:8 different erp:1", "crm:7: G1 match",
        "G1, AUTO, MATCH, erp:1\nG1, AUTO, NO_MATCH, crm:7\nN1, AUTO, MATCH, crm:7",
    ),
    "same outranks every score": (
        {}, "G1, AUTO, MATCH, erp:1\nG2, AUTO, MATCH, erp:2\ncrm:7 same erp:1",
        "crm:7: G2 match, G1 veto",
        "G1, AUTO, MATCH, erp:1\nG2, AUTO, MATCH, erp:2\nG1, AUTO, MATCH, crm:7",
    ),
    "different outranks same": (
        {}, """G1, AUTO, MATCH, erp:1\nG1, AUTO, MATCH, pim:1
        crm:7 same erp:1\ncrm:7 different pim:1""",
        "crm:7: G1 match",
        """G1, AUTO, MATCH, erp:1\nG1, AUTO, MATCH, pim:1
        G1, AUTO, NO_MATCH, crm:7\nN1, AUTO, MATCH, crm:7""",
    ),
    "a veto is a visible no": (
        {}, "G1, AUTO, MATCH, erp:1", "crm:7: G1 veto",
        "G1, AUTO, MATCH, erp:1\nG1, AUTO, NO_MATCH, crm:7\nN1, AUTO, MATCH, crm:7",
    ),
    "S7: a review is never a link": (
        MERGING, "G1, AUTO, MATCH, erp:1\nG2, AUTO, MATCH, erp:2", "crm:7: G1 review, G2 review",
        """G1, AUTO, MATCH, erp:1\nG2, AUTO, MATCH, erp:2
        N1, AUTO, MATCH, crm:7
        G1, AUTO, POSSIBLE_MATCH, crm:7\nG2, AUTO, POSSIBLE_MATCH, crm:7
        case ambiguous_match: G1 G2""",
    ),
    "S5: a hot block is said, not cut": (
        {}, "G1, AUTO, MATCH, erp:1", "crm:7 hot:",
        "G1, AUTO, MATCH, erp:1\nN1, AUTO, MATCH, crm:7\ncase ambiguous_match:",
    ),
    "a hot block does not move what is linked": (
        {}, "G1, AUTO, MATCH, erp:1\nG1, AUTO, MATCH, crm:7", "crm:7 hot:",
        "G1, AUTO, MATCH, erp:1\nG1, AUTO, MATCH, crm:7\ncase ambiguous_match:",
    ),
    "a hot block does not hide a steward's word": (
        {}, "G1, AUTO, MATCH, erp:1\ncrm:7 same erp:1", "crm:7 hot:",
        "G1, AUTO, MATCH, erp:1\nG1, AUTO, MATCH, crm:7",
    ),
    "a second record of a system is a case": (
        ONE_EACH, "G1, AUTO, MATCH, erp:1", "erp:2: G1 match",
        """G1, AUTO, MATCH, erp:1
        N1, AUTO, MATCH, erp:2
        G1, AUTO, POSSIBLE_MATCH, erp:2
        case ambiguous_match: G1""",
    ),
    "a system that holds no duplicates": (
        {"duplicate_free": frozenset({"erp"})}, "G1, AUTO, MATCH, erp:1\nG1, AUTO, MATCH, crm:1",
        "crm:2: G1 match",
        "G1, AUTO, MATCH, erp:1\nG1, AUTO, MATCH, crm:1\nG1, AUTO, MATCH, crm:2",
    ),
    "a merge that would hold two of a system is a case": (
        {"max_per_system": 1, "auto_merge": True}, "G1, AUTO, MATCH, erp:1\nG2, AUTO, MATCH, erp:2",
        "crm:7: G1 match, G2 match",
        """G1, AUTO, MATCH, erp:1\nG2, AUTO, MATCH, erp:2
        N1, AUTO, MATCH, crm:7
        G1, AUTO, POSSIBLE_MATCH, crm:7\nG2, AUTO, POSSIBLE_MATCH, crm:7
        G1, AUTO, POSSIBLE_DUPLICATE, G2
        case ambiguous_match: G1 G2""",
    ),
    "a merge that would be too large is a case": (
        {"auto_merge": True, "largest": 2}, "G1, AUTO, MATCH, erp:1\nG2, AUTO, MATCH, erp:2",
        "crm:7: G1 match, G2 match",
        """G1, AUTO, MATCH, erp:1\nG2, AUTO, MATCH, erp:2
        N1, AUTO, MATCH, crm:7
        G1, AUTO, POSSIBLE_MATCH, crm:7\nG2, AUTO, POSSIBLE_MATCH, crm:7
        G1, AUTO, POSSIBLE_DUPLICATE, G2
        case ambiguous_match: G1 G2""",
    ),
    "a record alone where nobody looked moves freely": (
        {}, "G1, AUTO, MATCH, erp:1\nG1 published\nG2, AUTO, MATCH, crm:7", "crm:7: G1 match",
        "G1, AUTO, MATCH, erp:1\nG1, AUTO, MATCH, crm:7\nG2, AUTO, REDIRECT, G1",
    ),
    "a record alone where nobody looked stays if nothing matches": (
        {}, "G2, AUTO, MATCH, crm:7", "crm:7:", "G2, AUTO, MATCH, crm:7",
    ),
    "a provisional golden record is kept while the case is open": (
        {}, """G1, AUTO, MATCH, erp:1\nG2, AUTO, MATCH, crm:7
        G1, AUTO, POSSIBLE_MATCH, crm:7""",
        "crm:7: G1 review",
        """G1, AUTO, MATCH, erp:1\nG2, AUTO, MATCH, crm:7
        G1, AUTO, POSSIBLE_MATCH, crm:7\ncase ambiguous_match: G1""",
    ),
    "a possible match that became a match": (
        {}, """G1, AUTO, MATCH, erp:1\nG2, AUTO, MATCH, crm:7
        G1, AUTO, POSSIBLE_MATCH, crm:7""",
        "crm:7: G1 match",
        "G1, AUTO, MATCH, erp:1\nG1, AUTO, MATCH, crm:7\nG2, AUTO, REDIRECT, G1",
    ),
    "a possible match that faded": (
        {}, """G1, AUTO, MATCH, erp:1\nG2, AUTO, MATCH, crm:7
        G1, AUTO, POSSIBLE_MATCH, crm:7""",
        "crm:7:", "G1, AUTO, MATCH, erp:1\nG2, AUTO, MATCH, crm:7",
    ),
    "alone but published: a match elsewhere is a possible duplicate": (
        {}, "G1, AUTO, MATCH, erp:1\nG1 published\nG2, AUTO, MATCH, crm:7\nG2 published",
        "crm:7: G1 match",
        """G1, AUTO, MATCH, erp:1\nG2, AUTO, MATCH, crm:7
        G1, AUTO, POSSIBLE_DUPLICATE, G2
        case possible_duplicate: G1 G2""",
    ),
    "alone but published: it takes in one that nobody knows": (
        {}, "G1, AUTO, MATCH, erp:1\nG2, AUTO, MATCH, crm:7\nG2 published", "crm:7: G1 match",
        "G1, AUTO, REDIRECT, G2\nG2, AUTO, MATCH, erp:1\nG2, AUTO, MATCH, crm:7",
    ),
    "alone but touched: a review elsewhere is a possible duplicate": (
        {}, "G1, AUTO, MATCH, erp:1\nG2, AUTO, MATCH, crm:7\nG2 touched", "crm:7: G1 review",
        """G1, AUTO, MATCH, erp:1\nG2, AUTO, MATCH, crm:7
        G1, AUTO, POSSIBLE_DUPLICATE, G2
        case possible_duplicate: G1 G2""",
    ),
    "a record that still matches stays": (
        {}, "G1, AUTO, MATCH, erp:1\nG1, AUTO, MATCH, crm:7", "crm:7: G1 match",
        "G1, AUTO, MATCH, erp:1\nG1, AUTO, MATCH, crm:7",
    ),
    "a record that may still match stays": (
        {}, "G1, AUTO, MATCH, erp:1\nG1, AUTO, MATCH, crm:7", "crm:7: G1 review",
        "G1, AUTO, MATCH, erp:1\nG1, AUTO, MATCH, crm:7",
    ),
    "it stays although its system is over the bound by now": (
        ONE_EACH, "G1, AUTO, MATCH, erp:1\nG1, AUTO, MATCH, erp:2", "erp:2: G1 match",
        "G1, AUTO, MATCH, erp:1\nG1, AUTO, MATCH, erp:2",
    ),
    "it may match at home and matches elsewhere: a case": (
        {}, "G1, AUTO, MATCH, erp:1\nG1, AUTO, MATCH, crm:7\nG2, AUTO, MATCH, erp:2",
        "crm:7: G1 review, G2 match",
        """G1, AUTO, MATCH, erp:1\nG1, AUTO, MATCH, crm:7\nG2, AUTO, MATCH, erp:2
        G2, AUTO, POSSIBLE_MATCH, crm:7\ncase ambiguous_match: G2""",
    ),
    "it matches at home and elsewhere: duplicates": (
        {}, """G1, AUTO, MATCH, erp:1\nG1, AUTO, MATCH, crm:7
        G2, AUTO, MATCH, erp:2\nG2, AUTO, MATCH, pim:2""",
        "crm:7: G1 match, G2 match",
        """G1, AUTO, MATCH, erp:1\nG1, AUTO, MATCH, crm:7
        G2, AUTO, MATCH, erp:2\nG2, AUTO, MATCH, pim:2
        G1, AUTO, POSSIBLE_DUPLICATE, G2\ncase possible_duplicate: G1 G2""",
    ),
    "it matches at home and in one that nobody knows: joined": (
        {}, "G1, AUTO, MATCH, erp:1\nG1, AUTO, MATCH, crm:7\nG2, AUTO, MATCH, erp:2",
        "crm:7: G1 match, G2 match",
        """G1, AUTO, MATCH, erp:1\nG1, AUTO, MATCH, crm:7\nG1, AUTO, MATCH, erp:2
        G2, AUTO, REDIRECT, G1""",
    ),
    "S6: a record that no longer matches leaves": (
        {}, "G1, AUTO, MATCH, erp:1\nG1, AUTO, MATCH, crm:7\nG1 published", "crm:7:",
        "G1, AUTO, MATCH, erp:1\nN1, AUTO, MATCH, crm:7",
    ),
    "S6: or is a case where policy says so": (
        STRICT, "G1, AUTO, MATCH, erp:1\nG1, AUTO, MATCH, crm:7", "crm:7:",
        "G1, AUTO, MATCH, erp:1\nG1, AUTO, MATCH, crm:7\ncase ambiguous_match:",
    ),
    "S6: or where a person touched the golden record": (
        {}, "G1, AUTO, MATCH, erp:1\nG1, AUTO, MATCH, crm:7\nG1 touched", "crm:7:",
        "G1, AUTO, MATCH, erp:1\nG1, AUTO, MATCH, crm:7\ncase ambiguous_match:",
    ),
    "a record that no longer matches goes where it does": (
        {}, "G1, AUTO, MATCH, erp:1\nG1, AUTO, MATCH, crm:7\nG2, AUTO, MATCH, erp:2",
        "crm:7: G2 match",
        "G1, AUTO, MATCH, erp:1\nG2, AUTO, MATCH, erp:2\nG2, AUTO, MATCH, crm:7",
    ),
    "a veto at home makes it leave": (
        {}, "G1, AUTO, MATCH, erp:1\nG1, AUTO, MATCH, crm:7", "crm:7: G1 veto",
        "G1, AUTO, MATCH, erp:1\nG1, AUTO, NO_MATCH, crm:7\nN1, AUTO, MATCH, crm:7",
    ),
    "different at home makes it leave, whatever policy says": (
        STRICT, """G1, AUTO, MATCH, erp:1\nG1, AUTO, MATCH, crm:7\nG1 touched
        erp:1 different crm:7""",
        "crm:7: G1 match",
        "G1, AUTO, MATCH, erp:1\nG1, AUTO, NO_MATCH, crm:7\nN1, AUTO, MATCH, crm:7",
    ),
    "a manual link stays": (
        {}, "G1, AUTO, MATCH, erp:1\nG1, MANUAL, MATCH, crm:7", "crm:7: G1 review",
        "G1, AUTO, MATCH, erp:1\nG1, MANUAL, MATCH, crm:7",
    ),
    "a manual link that the data contradict stays and is a case": (
        {}, "G1, AUTO, MATCH, erp:1\nG1, MANUAL, MATCH, crm:7", "crm:7: G1 veto",
        """G1, AUTO, MATCH, erp:1\nG1, MANUAL, MATCH, crm:7
        case manual_link_contradicted: G1""",
    ),
    "an imported link is contradicted by a match elsewhere": (
        {}, "G1, AUTO, MATCH, erp:1\nG1, IMPORTED, MATCH, crm:7\nG2, AUTO, MATCH, erp:2",
        "crm:7: G2 match",
        """G1, AUTO, MATCH, erp:1\nG1, IMPORTED, MATCH, crm:7\nG2, AUTO, MATCH, erp:2
        case manual_link_contradicted: G1 G2""",
    ),
    "a golden record with a manual member is not merged away": (
        {}, "G1, AUTO, MATCH, erp:1\nG2, MANUAL, MATCH, erp:2", "crm:7: G1 match, G2 match",
        """G1, AUTO, REDIRECT, G2
        G2, AUTO, MATCH, erp:1\nG2, MANUAL, MATCH, erp:2\nG2, AUTO, MATCH, crm:7""",
    ),
    "a manual no is never asked again": (
        {}, "G1, AUTO, MATCH, erp:1\nG1, MANUAL, NO_MATCH, crm:7", "crm:7: G1 match",
        "G1, AUTO, MATCH, erp:1\nG1, MANUAL, NO_MATCH, crm:7\nN1, AUTO, MATCH, crm:7",
    ),
    "S12: a deleted record leaves no link": (
        {}, "G1, AUTO, MATCH, erp:1\nG1, MANUAL, MATCH, crm:7\nG2, AUTO, POSSIBLE_MATCH, crm:7",
        "crm:7 deleted:", "G1, AUTO, MATCH, erp:1",
    ),
}  # fmt: skip


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
        assert step[0] != "say" or step[1] in homes
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
