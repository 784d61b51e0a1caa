"""A second, naive implementation of the merge, written from its rules and sharing none of its code.

It knows owners with and without conditions on equality, silence, all strategies and the tie-break;
validation by bounds, length, pattern, choice and presence, and checks of the form `name > number`;
not overrides, periods or accepted trespasses. It is slow, and obvious.
"""

from __future__ import annotations

import itertools
import json
import re
from datetime import UTC, datetime
from decimal import Decimal

from golden_records.domain.catalogue import OwnerSilence, Strategy, ValueType

EPOCH = datetime.min.replace(tzinfo=UTC)


def fold(entity, members, previous, ranks=None):
    """Return the golden attributes and, by record id, the bases that changed."""
    return Fold(entity, members, previous, ranks or {}).run()


class Fold:
    def __init__(self, entity, members, previous, ranks):
        self.entity = entity
        self.live = [member for member in members if not member.deleted]
        self.previous = previous
        self.ranks = ranks
        self.types = {a.name: a.type for a in entity.attributes}
        self.golden = {}
        self.winner = {}

    def run(self):
        declared = [(p, p.attributes) for p in self.entity.survivorship]
        named = set(itertools.chain.from_iterable(names for _p, names in declared))
        groups = declared + [
            (None, (a.name,)) for a in self.entity.attributes if a.name not in named
        ]
        conditional = [g for g in groups if g[0] and any(o.when for o in g[0].owners)]
        for policy, names in [g for g in groups if g not in conditional]:
            self.decide(policy, names, {})
        context = dict(self.golden)
        for policy, names in conditional:
            self.decide(policy, names, context)
        return self.golden, self.bases()

    def decide(self, policy, names, context):
        said = [r for r in self.live if any(r.attrs.get(n) is not None for n in names)]
        candidates = [r for r in said if not self.breaks(r, names)]
        if not candidates and policy and policy.keep_invalid:
            candidates = said
        owners = [o.system for o in (policy.owners if policy else ()) if holds(o.when, context)]
        pool = candidates
        for owner in owners:
            if any(r.system == owner for r in candidates):
                pool = [r for r in candidates if r.system == owner]
                break
        else:
            if owners and policy.silent is OwnerSilence.CLEAR:
                pool = []
            if owners and policy.silent is OwnerSilence.KEEP:
                for name in names:
                    self.golden[name] = self.previous.attrs.get(name) if self.previous else None
                return
        winner = self.best(policy, names, pool)
        for name in names:
            self.golden[name] = winner.attrs.get(name) if winner else None
            self.winner[name] = winner

    def breaks(self, record, names):
        """Whether any value of the group is out of the running."""
        return any(
            name in names
            for rule in self.entity.validation
            if rule.validity == "invalid" and rule.scope == "record"
            if not rule.systems or record.system in rule.systems
            for name in broken_names(rule, record.attrs, self.types)
        )

    def best(self, policy, names, pool):
        if not pool:
            return None
        strategies = policy.strategies if policy else (Strategy.SOURCE_RANK, Strategy.MOST_RECENT)
        for strategy in strategies:
            pool = self.narrow(strategy, policy, names, pool)
        newest = max(self.changed(names, r) for r in pool)
        pool = [r for r in pool if self.changed(names, r) == newest]
        return min(pool, key=lambda r: (self.place(policy, r), r.system, r.key))

    def narrow(self, strategy, policy, names, pool):
        if strategy is Strategy.SOURCE_RANK:
            return [
                r for r in pool if self.place(policy, r) == min(self.place(policy, x) for x in pool)
            ]
        if strategy is Strategy.MOST_RECENT:
            return self.recent(policy, names, pool)
        if strategy is Strategy.MOST_COMPLETE:
            counts = [self.filled(names, r) for r in pool]
            return [r for r, c in zip(pool, counts, strict=True) if c == max(counts)]
        if strategy is Strategy.MOST_FREQUENT:
            said = [json.dumps([r.attrs.get(n) for n in names], sort_keys=True) for r in pool]
            most = max(said.count(s) for s in said)
            return [r for r, s in zip(pool, said, strict=True) if said.count(s) == most]
        return self.extreme(strategy, names, pool)

    def recent(self, policy, names, pool):
        newest = max(self.changed(names, r) for r in pool)
        if newest == EPOCH:
            return pool
        kept = []
        for record in pool:
            lag = newest - self.changed(names, record)
            if not lag or (policy and policy.skew and lag <= policy.skew):
                kept.append(record)
        return kept

    def extreme(self, strategy, names, pool):
        sizes = {
            ValueType.DECIMAL: Decimal, ValueType.INTEGER: int, ValueType.BOOLEAN: int,
            ValueType.DATE: str, ValueType.TIMESTAMP: lambda text: text.rstrip("Z"),
        }  # fmt: skip
        measure = next((n for n in names if self.types[n] in sizes), None)
        said = [r for r in pool if measure and r.attrs.get(measure) is not None]
        if not said:
            return pool
        units = [a.name for a in self.entity.attributes if a.unit_of == measure and a.name in names]
        if any(len({r.attrs.get(unit) for r in said}) > 1 for unit in units):
            return pool
        size = sizes[self.types[measure]]
        flag = self.types[measure] is ValueType.BOOLEAN
        high = strategy is Strategy.MAX or (flag and strategy is Strategy.MOST_RESTRICTIVE)
        wanted = (max if high else min)(size(r.attrs[measure]) for r in said)
        return [r for r in said if size(r.attrs[measure]) == wanted]

    def filled(self, names, record):
        counted = names if len(names) > 1 else record.attrs
        return len([n for n in counted if record.attrs.get(n) is not None])

    def changed(self, names, record):
        return max(record.changed_at.get(n, EPOCH) for n in names)

    def place(self, policy, record):
        if policy and record.system in policy.ranks:
            return (0, policy.ranks.index(record.system))
        return (1, self.ranks.get(record.system, 100))

    def bases(self):
        changed = {}
        for record in self.live:
            agreed = {
                name: value
                for name, value in record.attrs.items()
                if name in self.golden and value == self.golden[name]
            }
            after = {**record.base, **agreed}
            if after != record.base:
                changed[record.id] = after
        return changed


def holds(when, context):
    """Understand `name == 'text'` alone."""
    if when is None:
        return True
    name, text = when.split(" == ")
    return context.get(name) == text.strip("'")


def broken_names(rule, attrs, types):
    if rule.when is not None and not holds(rule.when, attrs):
        return []
    wrong = [n for n in rule.attributes if n in attrs and not fits(rule, attrs[n], types[n])]
    if not wrong and rule.check is not None:
        name, bound = rule.check.split(" > ")
        if attrs.get(name) is not None and not float(attrs[name]) > float(bound):
            wrong = list(rule.attributes)
    return wrong


def fits(rule, value, kind):
    if value is None:
        return not rule.required
    if rule.choices and value not in rule.choices:
        return False
    if rule.pattern and not re.match(f"^(?:{rule.pattern})$", value):
        return False
    return inside(value, rule.least, rule.most, kind) and (
        inside(len(str(value)), rule.min_length, rule.max_length, ValueType.INTEGER)
    )


def inside(value, low, high, kind):
    size = {ValueType.DECIMAL: Decimal, ValueType.INTEGER: int}.get(kind, str)
    below = low is not None and size(value) < size(low)
    return not below and (high is None or size(value) <= size(high))
