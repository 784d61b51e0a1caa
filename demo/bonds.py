"""Which records a hub must know to be the same, judged from the world's side.

A bond is REQUIRED between two records of one truth in different systems when

* they share the tax number, or the ERP's customer number, or the article code; or they share the
  e-mail address and, beside it, the name or the postal code;
* no record of another truth has an identifier or the telephone number of either of them (a family
  under one roof, a switchboard) or, for firms, the name (twins), and no two records so joined
  contradict each other in tax number, article code, EAN, or, for persons, by their given names;
* no system held that truth twice when the world was loaded, and neither is a second record that
  came later (a duplicate needs a person).

Bonds carry through a third record, and last: a later change of an identifier does not undo what
the hub knew before it. Everything else is loose: a hub may link it or leave it, and must not mix
it up with another truth.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import combinations
from typing import TYPE_CHECKING

from demo.folding import fold, lower

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from demo.records import Record, Ref

_IDENTIFIERS = {
    "customer": (
        ("tax_id", "tax_id"),
        ("email", "email"),
        ("number", "erp_no"),
        ("erp_no", "erp_no"),
        ("phone", "phone"),
    ),
    "sku": (("code", "code"), ("ean", "ean")),
}
_SUFFICIENT = frozenset({"tax_id", "erp_no", "code"})
_EXCLUSIVE = frozenset({"tax_id", "code", "ean"})


def identifiers(record: Record) -> dict[str, str]:
    """Return what may identify the record, by kind; the number counts in the ERP alone."""
    found = {}
    for attribute, kind in _IDENTIFIERS.get(record.ref.entity, ()):
        value = fold(attribute, record.values.get(attribute))
        if value is not None and (attribute != "number" or record.ref.system == "erp"):
            found[kind] = value
    if record.values.get("kind") == "O":
        found["firm"] = lower(record.values["name"] or "")
    return found


class Bonds:
    """Groups of records that must be known to be one."""

    def __init__(self, records: Iterable[Record]) -> None:
        """Judge the world as loaded."""
        self._holders: dict[tuple[str, str, str], set[str]] = defaultdict(set)
        self._groups: dict[Ref, frozenset[Ref]] = {}
        by_truth: dict[tuple[str, str], list[Record]] = defaultdict(list)
        for record in records:
            if record.ref.entity in _IDENTIFIERS:
                self.hold(record)
                by_truth[record.ref.entity, record.truth].append(record)
        for members in by_truth.values():
            if all(_alone(member, members) for member in members):
                self._join(members)

    def hold(self, record: Record) -> None:
        """Remember whose the record's identifiers are; call it whenever they change."""
        for kind, value in identifiers(record).items():
            self._holders[record.ref.entity, kind, value].add(record.truth)

    def group(self, ref: Ref) -> frozenset[Ref]:
        """Return the records that are required to be one with this, itself among them."""
        return self._groups.get(ref, frozenset({ref}))

    def admit(self, newcomer: Record, others: Sequence[Record]) -> None:
        """Judge a new record against the present ones of its truth; a second one stays loose."""
        if newcomer.ref.entity not in _IDENTIFIERS:
            return
        self.hold(newcomer)
        if _alone(newcomer, [newcomer, *others]):
            self._join([newcomer, *(each for each in others if _alone(each, others))])

    def _join(self, members: Sequence[Record]) -> None:
        edges: dict[Ref, set[Ref]] = {each.ref: {*self.group(each.ref)} for each in members}
        for one, other in combinations(members, 2):
            if self._bonded(one, other):
                merged = edges[one.ref] | edges[other.ref]
                for ref in merged & edges.keys():
                    edges[ref] = merged
        by_ref = {each.ref: each for each in members}
        for ref, group in edges.items():
            present = [by_ref[each] for each in group if each in by_ref]
            if not any(_contradict(*pair) for pair in combinations(present, 2)):
                self._groups[ref] = frozenset(group)

    def _bonded(self, one: Record, other: Record) -> bool:
        if self._shared_with_strangers(one) or self._shared_with_strangers(other):
            return False
        mine, theirs = identifiers(one), identifiers(other)
        same = {kind for kind in mine.keys() & theirs.keys() if mine[kind] == theirs[kind]}
        return bool(same & _SUFFICIENT) or ("email" in same and _corroborated(one, other))

    def _shared_with_strangers(self, record: Record) -> bool:
        return any(
            self._holders[record.ref.entity, kind, value] - {record.truth}
            for kind, value in identifiers(record).items()
        )


def _alone(record: Record, members: Sequence[Record]) -> bool:
    return Counter(member.ref.system for member in members)[record.ref.system] == 1


def _contradict(one: Record, other: Record) -> bool:
    mine, theirs = identifiers(one), identifiers(other)
    return _other_person(one, other) or any(
        mine[kind] != theirs[kind] for kind in mine.keys() & theirs.keys() & _EXCLUSIVE
    )


def _other_person(one: Record, other: Record) -> bool:
    if (one.values.get("kind"), other.values.get("kind")) != ("P", "P"):
        return False
    mine, theirs = ((each.values["name"] or "").lower().split(" ")[0] for each in (one, other))
    return mine != theirs


def _corroborated(one: Record, other: Record) -> bool:
    return any(
        one.values[name] is not None
        and lower(one.values[name] or "") == lower(other.values[name] or "")
        for name in ("name", "postal_code")
    )
