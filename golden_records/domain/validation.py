"""Validation: which values of a record are out of the running, and which only raise doubt.

A record that breaks an `invalid` rule takes no part in the groups of the rule's attributes: one bad
attribute takes the record out for its whole group, and for no other. A `suspect` value counts. A
null breaks no rule but `required`, an attribute that a system does not say breaks none at all. A
check in CEL is asked where everything that it reads has a value, or where it asks for null itself.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from golden_records.domain.conditions import Condition, as_double, decimal_names
from golden_records.domain.records import Conflict, ConflictKind
from golden_records.domain.rulebook import Scope, Validity
from golden_records.domain.values import ORDER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from golden_records.domain.catalogue import Entity, ValueType
    from golden_records.domain.groups import Decision, Group
    from golden_records.domain.records import SourceRecord
    from golden_records.domain.rulebook import ValidationRule
    from golden_records.domain.survival import Records

    Attrs = Mapping[str, object]
    Test = Callable[[object], bool]

VALIDATION: Final = "validation:"
KEPT_INVALID: Final = ":invalid"
SUSPECTED: Final = ":suspect"
_NULL = re.compile(r"\bnull\b")


@dataclass(frozen=True, slots=True)
class Breach:
    """A rule that a record breaks, with the attributes that break it and their values."""

    rule: ValidationRule
    record: SourceRecord
    said: Mapping[str, object]


class Breaches:
    """What the members of one golden record break."""

    __slots__ = ("found",)

    def __init__(self, found: Iterable[Breach] = ()) -> None:
        self.found = tuple(found)

    def barred(self, names: tuple[str, ...]) -> dict[int, str]:
        """Return the records that take no part in a group of these attributes, with the rule."""
        return self._broken(names, Validity.INVALID)

    def suspected(self, names: tuple[str, ...]) -> dict[int, str]:
        return self._broken(names, Validity.SUSPECT)

    def _broken(self, names: tuple[str, ...], validity: Validity) -> dict[int, str]:
        broken: dict[int, str] = {}
        for breach in self.found:
            if breach.rule.validity is validity and not breach.said.keys().isdisjoint(names):
                broken.setdefault(breach.record.id, breach.rule.name)
        return broken

    def decide(
        self, group: Group, members: Records, decided: Callable[[Records], Decision]
    ) -> Decision:
        """Decide among the records that are in the running; say where the others lost.

        A group that keeps invalid values takes one where no valid record holds any.
        """
        barred = self.barred(group.names)
        running = [record for record in members if record.id not in barred]
        if barred and group.policy.keep_invalid and not group.candidates(running):
            decision = decided(members)
            if decision.winner is not None:
                decision.rule += KEPT_INVALID
            return decision
        decision = decided(running)
        decision.lost += [(r, VALIDATION + barred[r.id]) for r in members if r.id in barred]
        if decision.winner is not None and decision.winner.id in self.suspected(group.names):
            decision.rule += SUSPECTED
        return decision


NO_BREACHES: Final = Breaches()


class Validator:
    """The compiled rules of one entity."""

    __slots__ = ("_golden", "_records")

    def __init__(self, entity: Entity) -> None:
        types = {attribute.name: attribute.type for attribute in entity.attributes}
        decimals = decimal_names(entity)
        rules = [_Compiled(rule, types, decimals) for rule in entity.validation]
        self._records = tuple(r for r in rules if r.rule.scope is Scope.RECORD)
        self._golden = tuple(r for r in rules if r.rule.scope is Scope.GOLDEN)

    def judge(self, members: Records) -> Breaches:
        """Find what the records break, in the order of records and rules."""
        if not self._records:
            return NO_BREACHES
        return Breaches(
            Breach(compiled.rule, record, said)
            for record in members
            for compiled in self._records
            if compiled.concerns(record.system)
            and (said := compiled.broken(record.attrs)) is not None
        )

    def refused(self, before: Attrs, given: Attrs) -> Iterator[tuple[ValidationRule, str]]:
        """Rules that values given by a person break, each with the attribute that breaks it.

        They are judged as values of the golden record, so rules for records of certain systems do
        not concern them; nor does a `check` that was broken before, for one value may be the first
        step of its cure. What is only suspect may be given.
        """
        after = {**before, **given}
        for compiled in (*self._records, *self._golden):
            rule = compiled.rule
            if rule.systems or rule.validity is not Validity.INVALID:
                continue
            said = compiled.broken(after) or {}
            alone = [n for n in said if n in given and compiled.forbids(n, given[n])]
            together = [n for n in said if n in given and compiled.broken(before) is None]
            for name in (alone or together)[:1]:
                yield rule, name

    def conflicts(self, breaches: Breaches, golden: Attrs) -> Iterator[Conflict]:
        """One conflict a record and rule, and one a rule that the golden record itself breaks."""
        for breach in breaches.found:
            record = breach.record
            cause = f"{_KIND.value}/{breach.rule.name}/{record.system}/{record.key}"
            yield _conflict(breach.rule, cause, breach.said, golden, record)
        for compiled in self._golden:
            said = compiled.broken(golden)
            if said is not None:
                cause = f"{_KIND.value}/{compiled.rule.name}"
                yield _conflict(compiled.rule, cause, said, golden, None)


class _Compiled:
    """One rule with its tests."""

    __slots__ = ("_check", "_decimals", "_null", "_tests", "_when", "rule")

    def __init__(
        self, rule: ValidationRule, types: Mapping[str, ValueType], decimals: frozenset[str]
    ) -> None:
        self.rule = rule
        self._tests = {name: tuple(_tests(rule, types.get(name))) for name in rule.attributes}
        self._check = Condition(rule.check) if rule.check else None
        self._when = Condition(rule.when) if rule.when else None
        self._null = bool(rule.check and _NULL.search(rule.check))
        self._decimals = decimals

    def concerns(self, system: str) -> bool:
        return not self.rule.systems or system in self.rule.systems

    def broken(self, attrs: Attrs) -> dict[str, object] | None:
        """Return the attributes that break the rule; None where it is kept or not asked."""
        if self._when is not None and not self._when.holds(self._context(self._when, attrs)):
            return None
        named = [name for name in self.rule.attributes if name in attrs]
        said = {name: attrs[name] for name in named if self.forbids(name, attrs[name])}
        if not said and self._check is not None and not self._holds(self._check, attrs):
            said = {name: attrs.get(name) for name in self.rule.attributes}
        return said or None

    def forbids(self, name: str, value: object) -> bool:
        """Whether the value breaks the rule whatever else the record says."""
        if value is None:
            return self.rule.required
        return not all(test(value) for test in self._tests[name])

    def _holds(self, check: Condition, attrs: Attrs) -> bool:
        if not self._null and any(attrs.get(name) is None for name in check.variables):
            return True
        return check.holds(self._context(check, attrs))

    def _context(self, condition: Condition, attrs: Attrs) -> dict[str, object]:
        return {
            name: as_double(attrs.get(name)) if name in self._decimals else attrs.get(name)
            for name in condition.variables
        }


_KIND = ConflictKind.CONTRACT_VIOLATION


def _tests(rule: ValidationRule, value_type: ValueType | None) -> Iterator[Test]:
    order = ORDER.get(value_type) if value_type is not None else None
    if order is not None and rule.least is not None:
        least = order(rule.least)
        yield lambda value: bool(order(value) >= least)
    if order is not None and rule.most is not None:
        most = order(rule.most)
        yield lambda value: bool(order(value) <= most)
    if rule.min_length is not None or rule.max_length is not None:
        shortest, longest = rule.min_length or 0, rule.max_length
        yield (
            lambda value: (
                len(str(value)) >= shortest and (longest is None or len(str(value)) <= longest)
            )
        )
    if rule.pattern is not None:
        pattern = re.compile(rule.pattern)
        yield lambda value: pattern.fullmatch(str(value)) is not None
    if rule.choices:
        yield lambda value: value in rule.choices


def _conflict(
    rule: ValidationRule, cause: str, said: Attrs, golden: Attrs, record: SourceRecord | None
) -> Conflict:
    name, value = next(iter(said.items()))
    return Conflict(
        kind=_KIND,
        cause=cause,
        attribute=name,
        system=record.system if record else None,
        key=record.key if record else None,
        details={
            "rule": rule.name,
            "message": rule.message or f"{', '.join(said)}: {rule.name}",
            "theirs": value,
            "golden": golden.get(name),
            "values": dict(said),
        },
        outcome=rule.validity.value if record else "reported",
    )
