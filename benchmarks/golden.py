"""Merges per second in one process: `python -m benchmarks.golden`."""

from __future__ import annotations

import gc
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from golden_records.domain.catalogue import (
    Attribute,
    Entity,
    Identity,
    IdentityMode,
    OwnerRule,
    Survivorship,
    ValueType,
)
from golden_records.domain.conditions import Condition
from golden_records.domain.merge import merger
from golden_records.domain.records import SourceRecord
from golden_records.domain.values import canonicaliser

if TYPE_CHECKING:
    from collections.abc import Callable

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SYSTEMS = ("erp", "crm", "commerce", "billing", "cpq")
TEXTS = ("name", "tax_id", "email", "phone", "segment", "status", "language")
ADDRESS = ("street", "postcode", "city", "country")
ENTITY = Entity(
    name="customer",
    attributes=(
        *(Attribute(name=name) for name in (*TEXTS, *ADDRESS)),
        Attribute(name="credit_limit", type=ValueType.DECIMAL),
    ),
    references=(),
    identity=Identity(mode=IdentityMode.MATCHING),
    survivorship=(
        Survivorship(group="address", attributes=ADDRESS, owners=(OwnerRule(system="erp"),)),
        Survivorship(
            group="credit_limit", attributes=("credit_limit",), owners=(OwnerRule(system="erp"),)
        ),
        Survivorship(
            group="email", attributes=("email",), ranks=("crm", "commerce"), skew=timedelta(hours=1)
        ),
    ),
    settle=timedelta(seconds=2),
    settle_limit=timedelta(seconds=10),
)
MEASURED = 20_000


def members(*, different: bool) -> list[SourceRecord]:
    """Five systems that agree, or of which the last two differ in seven attributes each."""
    names = [attribute.name for attribute in ENTITY.attributes]
    made = []
    for at, system in enumerate(SYSTEMS):
        said = {name: f"value of {name}" for name in names} | {"credit_limit": "50000"}
        base = dict(said)
        if different and at >= len(SYSTEMS) - 2:
            said |= {name: f"{system} says {name}" for name in TEXTS}
            base = {}
        changed = dict.fromkeys(names, NOW - timedelta(days=at))
        made.append(
            SourceRecord(
                id=at,
                entity="customer",
                system=system,
                key=f"{system}-1",
                root_key=f"{system}-1",
                attrs=said,
                changed_at=changed,
                base=base,
            )
        )
    return made


def measure(name: str, action: Callable[[], object]) -> None:
    """Print the microseconds of processor time of the best of five rounds."""
    rounds = []
    for _ in range(5):
        gc.collect()
        begin = time.process_time()
        for _ in range(MEASURED // 5):
            action()
        rounds.append((time.process_time() - begin) / (MEASURED // 5))
    best = min(rounds)
    print(f"{name:<48}{best * 1e6:8.1f} us{1 / best:12,.0f} /s")


def main() -> None:
    """Measure the merge, the canonical form and a condition."""
    compiled = merger(ENTITY)
    agreeing, differing = members(different=False), members(different=True)
    measure("merge, 5 members x 12, agreeing", lambda: compiled.merge(agreeing, None, (), NOW))
    measure("merge, 5 members x 12, two differ", lambda: compiled.merge(differing, None, (), NOW))
    canonicalise = canonicaliser(ENTITY)
    raw = dict(agreeing[0].attrs)
    measure("canonical form, 12 attributes", lambda: canonicalise(raw))
    condition = Condition("segment == 'B2B' && credit_limit > 1000.0")
    context = {**raw, "segment": "B2B", "credit_limit": 50000.0}
    measure("condition, two terms", lambda: condition.holds(context))


if __name__ == "__main__":
    main()
