"""The echo of our own writes, attribute by attribute.

A write is in the ledger before it is sent. When the target's feed shows the row, each attribute
that equals an open entry is that entry's acknowledgement; what equals none is a genuine change by
the target (a trigger that rounded, a person). One row's feed is in order, so for an attribute the
earliest entry with that value is consumed, and the entries before it are closed for that attribute:
their values were overwritten before anybody could see them. Attributes of one entry may lie in
different tables, whose feeds have no mutual order; hence by attribute, never by entry.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntry:
    """One write: canonical values by attribute, the golden version that they are from.

    `waiting` names the attributes without an echo yet; None = all. `overtaken` names those that
    were closed unseen, by the echo of a later write. `tagged`: the write carries our mark, so a
    change without it is not its echo.
    """

    id: int
    version: int
    attrs: Mapping[str, object]
    sent_at: datetime
    waiting: frozenset[str] | None = None
    overtaken: frozenset[str] = frozenset()
    tagged: bool = False

    @property
    def open(self) -> frozenset[str]:
        """The attributes that still wait."""
        return frozenset(self.attrs) if self.waiting is None else self.waiting


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledgement:
    """What one observed image means.

    `echoed` gives the consumed entry's id per attribute; `closed` are the entries that no longer
    wait; `touched` those that changed and still do; `remainder` is what the target itself said.
    """

    echoed: Mapping[str, int]
    closed: tuple[LedgerEntry, ...]
    touched: tuple[LedgerEntry, ...]
    remainder: Mapping[str, object]


def acknowledge(
    open_entries: Sequence[LedgerEntry], observed: Mapping[str, object]
) -> Acknowledgement:
    """Match an observed image, in canonical form, with the open entries of its target and key.

    `observed` holds the attributes that the image shows; give those that changed if they are
    known, else all, and compare the remainder with what is stored.
    """
    entries = sorted(open_entries, key=lambda entry: (entry.sent_at, entry.id))
    echoed: dict[str, int] = {}
    remainder: dict[str, object] = {}
    waiting = [set(entry.open) for entry in entries]
    overtaken = [set(entry.overtaken) for entry in entries]
    for name, value in observed.items():
        at = _consumed(entries, waiting, name, value)
        if at is None:
            remainder[name] = value
            continue
        echoed[name] = entries[at].id
        waiting[at].discard(name)
        for earlier in range(at):
            if name in waiting[earlier]:
                waiting[earlier].discard(name)
                overtaken[earlier].add(name)
    after = [
        replace(entry, waiting=frozenset(left), overtaken=frozenset(missed))
        for entry, left, missed in zip(entries, waiting, overtaken, strict=True)
    ]
    changed = [new for old, new in zip(entries, after, strict=True) if new.open != old.open]
    return Acknowledgement(
        echoed=echoed,
        closed=tuple(entry for entry in changed if not entry.open),
        touched=tuple(entry for entry in changed if entry.open),
        remainder=remainder,
    )


def shared(
    base: Mapping[str, object], observed: Mapping[str, object], found: Acknowledgement
) -> dict[str, object]:
    """Return the record's base after an echo: what was written and seen there is shared.

    Without it a golden value that moved on before the echo came back would make the hub's own
    earlier value look like a change by the target, a trespass.
    """
    return {**base, **{name: observed[name] for name in found.echoed}}


def expired(
    open_entries: Sequence[LedgerEntry], now: datetime, patience: timedelta
) -> tuple[LedgerEntry, ...]:
    """The entries that no echo can be expected for any more: their target has drifted.

    They must be closed, or a person who sets the same value by hand later would pass for an echo.
    """
    return tuple(entry for entry in open_entries if entry.sent_at + patience <= now)


def _consumed(
    entries: Sequence[LedgerEntry], waiting: Sequence[set[str]], name: str, value: object
) -> int | None:
    for at, entry in enumerate(entries):
        if name in waiting[at] and entry.attrs[name] == value:
            return at
    return None
