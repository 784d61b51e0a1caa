"""Set a steward's value on one attribute of one golden record, with what its lifetime needs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from golden_records.domain.decisions import OverrideMode, OverrideRefused, base_of
from golden_records.domain.errors import TerminalError
from golden_records.domain.records import GoldenRecord, GoldenStatus, Override
from golden_records.domain.values import ValueRefused
from hub.services.cases import DecisionRefused, StewardWork, Word

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from golden_records.ports import StoredRecord
    from hub.services.resolving.batch import Rules


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifetime:
    """How long a steward's value holds; `until` serves UNTIL_DATE alone."""

    mode: OverrideMode = OverrideMode.FOREVER
    until: datetime | None = None


def lifetime_json(life: Lifetime) -> dict[str, object]:
    """The lifetime as JSON."""
    return {"mode": str(life.mode), "until": life.until.isoformat() if life.until else None}


def lifetime_of(body: Mapping[str, Any]) -> Lifetime:
    """Read a lifetime as it was kept."""
    until = datetime.fromisoformat(body["until"]) if body["until"] else None
    return Lifetime(mode=OverrideMode(body["mode"]), until=until)


class ValueNotAllowed(TerminalError):
    """The attribute cannot hold the value; give another one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A golden record, locked, and its members as read after the lock."""

    golden: GoldenRecord
    members: Sequence[StoredRecord]


def subject_of(work: StewardWork, golden_id: UUID) -> Subject:
    """Lock the golden record; only an ACTIVE one has values."""
    golden = work.goldens.lock([golden_id]).get(golden_id)
    if golden is None or golden.status is not GoldenStatus.ACTIVE:
        status = golden.status if golden else "not there"
        message = f"golden record {golden_id} is {status}; only an ACTIVE one has values"
        raise DecisionRefused(message, golden=golden_id)
    return Subject(golden=golden, members=work.sources.members([golden_id])[golden_id])


def overrides_of(
    rules: Rules,
    subject: Subject,
    wanted: dict[str, object],
    said: tuple[Word, Lifetime, datetime],
) -> list[Override]:
    """Return the overrides to set: canonical values, and what the sources say now as their base."""
    word, life, now = said
    known = [item.name for item in rules.entity.attributes]
    unknown = sorted(wanted.keys() - set(known))
    if unknown:
        message = f"{rules.entity.name} has no attribute {unknown[0]}; it has {', '.join(known)}"
        raise DecisionRefused(message, attribute=unknown[0])
    if (life.mode is OverrideMode.UNTIL_DATE) != (life.until is not None):
        raise OverrideRefused("UNTIL_DATE needs a date, and no other lifetime has one")
    values = _allowed(rules, subject, wanted)
    plain = [
        Override(
            attribute=attribute,
            value=value,
            mode=str(life.mode),
            actor=word.actor,
            set_at=now,
            until=life.until,
        )
        for attribute, value in values.items()
    ]
    return [replace(item, base=_base(rules, subject, item)) for item in plain]


def _allowed(rules: Rules, subject: Subject, wanted: Mapping[str, object]) -> dict[str, object]:
    """Return the values canonical; ValueNotAllowed where one is not of its type, or breaks a rule.

    A value that a source would not be believed is not believed a person either: it would be
    written to every target.
    """
    entity = rules.entity
    try:
        values = rules.canonicalise(wanted)
    except ValueRefused as refusal:
        message = f"{refusal}; give a value of the attribute's type"
        raise ValueNotAllowed(message, entity=entity.name) from refusal
    for rule, name in rules.validator.refused(subject.golden.attrs, values):
        shown = "empty" if values[name] is None else repr(values[name])
        message = (
            f"{entity.name}.{name} cannot be {shown}: {rule.message or 'it breaks a rule'}; give a"
            f" value that keeps the rule {rule.name!r}, or change the rule by a policy"
        )
        raise ValueNotAllowed(message, entity=entity.name, attribute=name, rule=rule.name)
    return values


def _base(rules: Rules, subject: Subject, override: Override) -> object:
    records = [stored.record for stored in subject.members]
    owner = None
    if override.mode == OverrideMode.UNTIL_OWNER_CHANGES:
        owner = _owner_value(rules, subject, override)
    return base_of(override.mode, override.attribute, owner_value=owner, members=records)


def _owner_value(rules: Rules, subject: Subject, override: Override) -> object:
    """Find what the owner says by asking the merge: with the right base the override holds.

    The merge alone knows the owner that conditions appoint. The value itself comes first: where
    the owner says it already, any base holds.
    """
    records = [stored.record for stored in subject.members]
    said = [record.attrs.get(override.attribute) for record in records]
    for value in (override.value, None, *said):
        tried = replace(override, base=value)
        golden = replace(subject.golden, lineage={})
        if not rules.merger.merge(records, golden, [tried], override.set_at).ended:
            return value
    return None
