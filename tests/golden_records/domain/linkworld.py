"""A tiny language for links: lines of a state, an action, the lines of the state after it.

    G1, AUTO, MATCH, erp:1          a link (also POSSIBLE_MATCH, NO_MATCH; MANUAL, IMPORTED)
    G1, AUTO, POSSIBLE_DUPLICATE, G2
    G2, AUTO, REDIRECT, G1
    G1 published                    known at a target; `touched` by a person
    erp:1 different crm:2           a steward's word; also `same`

    crm:7: G1 match, G2 review      what matching says; `crm:7 hot:`, `crm:7 deleted`

The state after it also lists `case <kind>: <goldens>`. A created golden record is N1, N2, ...
"""

from __future__ import annotations

from collections import defaultdict
from uuid import UUID

from golden_records.domain.identity import (
    Candidate,
    CloseLink,
    CreateGolden,
    GoldenFacts,
    LinkPolicy,
    LinkRow,
    MarkDuplicate,
    Member,
    MergeGoldens,
    OpenCase,
    PairDecision,
    SetLink,
    Situation,
    plan_links,
)
from golden_records.domain.records import LinkOrigin, LinkState

NEW = 1000


class World:
    """Goldens, links and decisions, and how plans change them."""

    def __init__(self, lines=(), policy=None):
        self.policy = policy or LinkPolicy()
        self.links = {}
        self.flags = defaultdict(set)
        self.decisions = []
        self.duplicates = set()
        self.redirects = {}
        self.cases = []
        self.goldens = set()
        self.created = 0
        for line in lines:
            self._read(line)

    def _read(self, line):
        parts = [part.strip() for part in line.split(",")]
        if len(parts) == 4:
            golden, origin, state, other = parts
            self.goldens.add(golden)
            if state == "POSSIBLE_DUPLICATE":
                self.duplicates.add(tuple(sorted((golden, other))))
            else:
                self.links[other, golden] = (state, origin)
        elif " same " in line or " different " in line:
            a, word, b = line.split()
            self.decisions.append((a, b, word == "same"))
        else:
            golden, flag = line.split()
            self.goldens.add(golden)
            self.flags[golden].add(flag)

    def act(self, action):
        head, _, said = action.partition(":")
        key, _, rest = said.partition(":")
        record, *words = f"{head}:{key}".split()
        candidates = [part.split() for part in rest.split(",") if part.strip()]
        situation = self.situation(record, candidates, words)
        self.cases = []
        plan = plan_links(situation, self.policy)
        for one in plan.actions:
            self._carry_out(record, one)
        return plan

    def situation(self, record, candidates, words=()):
        system = record.partition(":")[0]
        return Situation(
            record_id=number(record),
            system=system,
            key=record,
            candidates=[
                Candidate(golden_id=uuid(name), outcome=outcome, probability=0.5)
                for name, outcome in candidates
            ],
            links=[
                LinkRow(
                    record_id=number(record),
                    golden_id=uuid(golden),
                    state=LinkState(state),
                    origin=LinkOrigin(origin),
                )
                for (one, golden), (state, origin) in self.links.items()
                if one == record
            ],
            goldens={uuid(name): self.facts(name) for name in self.goldens - set(self.redirects)},
            decisions=[PairDecision(number(a), number(b), s) for a, b, s in self.decisions],
            hot="hot" in words,
            deleted="deleted" in words,
        )

    def facts(self, name):
        return GoldenFacts(
            id=uuid(name),
            members=tuple(
                Member(record_id=number(r), system=r.partition(":")[0], origin=LinkOrigin(origin))
                for (r, golden), (state, origin) in sorted(self.links.items())
                if golden == name and state == "MATCH"
            ),
            published="published" in self.flags[name],
            touched="touched" in self.flags[name],
        )

    def members(self, name):
        return [r for (r, g), (state, _) in self.links.items() if g == name and state == "MATCH"]

    def _carry_out(self, record, action):
        if isinstance(action, CreateGolden):
            self.created += 1
            self.goldens.add(f"N{self.created}")
        elif isinstance(action, SetLink):
            golden = named(action.golden_id) if action.golden_id else f"N{self.created}"
            self.links[record, golden] = (action.state.value, "AUTO")
        elif isinstance(action, CloseLink):
            assert self.links.pop((record, named(action.golden_id)))[0] == action.state
        elif isinstance(action, MergeGoldens):
            self._merge(named(action.winner), named(action.loser))
        elif isinstance(action, MarkDuplicate):
            self.duplicates.add((named(action.a), named(action.b)))
        elif isinstance(action, OpenCase):
            self.cases.append((action.kind.value, sorted(map(named, action.goldens))))

    def _merge(self, winner, loser):
        for record, golden in list(self.links):
            if golden == loser:
                state, origin = self.links.pop((record, loser))
                if state == "MATCH":
                    self.links[record, winner] = (state, origin)
        self.redirects[loser] = winner
        for old, target in self.redirects.items():
            if target == loser:
                self.redirects[old] = winner

    def lines(self):
        found = [f"{g}, {o}, {s}, {r}" for (r, g), (s, o) in self.links.items()]
        found += [f"{a}, AUTO, POSSIBLE_DUPLICATE, {b}" for a, b in self.duplicates]
        found += [f"{old}, AUTO, REDIRECT, {new}" for old, new in self.redirects.items()]
        found += [f"case {kind}: {' '.join(goldens)}".strip() for kind, goldens in self.cases]
        return sorted(found)


def uuid(name):
    return UUID(int=int(name[1:]) + (NEW if name.startswith("N") else 0))


def named(golden_id):
    number = golden_id.int
    return f"N{number - NEW}" if number > NEW else f"G{number}"


def number(record):
    return int.from_bytes(record.encode(), "big")


def lines_of(text):
    return [line.strip() for line in text.strip().splitlines() if line.strip()]
