"""The judge: reads all four systems by plain SQL and holds them against the world's own record.

    python -m demo.check --postgres URL --mariadb URL --state DIR [--timeout 120] [--json]

Shares no code and no table with the hub. Waits for what has not arrived yet, then reads everything
once more, and exits with 0 only if every value of every system is as the record says it must be.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from demo import journal
from demo.clock import WallClock
from demo.databases import Desk, Servers
from demo.expectations import Expectation, derive, strangers
from demo.model import World
from demo.readings import READINGS, read
from demo.world import JOURNAL_FILE, Truth, arguments

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from demo.clock import Clock
    from demo.records import Ref, Values

Kind: TypeAlias = tuple[str, str]
_SHOWN = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Mismatch:
    """One value that is not what it must be."""

    check: str
    ref: Ref
    attribute: str
    found: str | None
    allowed: tuple[str | None, ...]

    def as_json(self) -> dict[str, Any]:
        return {
            "check": self.check,
            "system": self.ref.system,
            "entity": self.ref.entity,
            "key": self.ref.key,
            "attribute": self.attribute,
            "found": self.found,
            "allowed": list(self.allowed),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What was checked and what failed, in one reading of everything."""

    counts: Counter[str]
    mismatches: Sequence[Mismatch]
    seconds: float

    @property
    def passed(self) -> bool:
        return not self.mismatches

    def as_json(self) -> dict[str, Any]:
        failed = Counter(each.check for each in self.mismatches)
        return {
            "passed": self.passed,
            "seconds": round(self.seconds, 1),
            "checks": {
                name: {"values": count, "mismatches": failed[name]}
                for name, count in sorted(self.counts.items())
            },
            "mismatches": [each.as_json() for each in self.mismatches],
        }


def world_of(state: Path, journal_file: Path | None = None) -> World:
    """Rebuild the model from the world as loaded and the journal since."""
    world = World(Truth.load(state).records)
    for entry in journal.read(journal_file or state / JOURNAL_FILE):
        world.apply(entry)
    return world


@dataclass(slots=True)
class Judge:
    """Compares the databases with the model until they agree or the time is up."""

    desk: Desk
    world: World
    clock: Clock

    def wait(self, *, timeout: float, every: float = 2.0) -> Verdict:
        """Look again only where something failed; a pass counts only in a reading of everything."""
        began = self.clock.now()
        deadline = began + timedelta(seconds=timeout)
        verdict = self.look(READINGS)
        while not verdict.passed and self.clock.now() < deadline:
            failing = {(each.ref.system, each.ref.entity) for each in verdict.mismatches}
            while not self.look(failing).passed and self.clock.now() < deadline:
                self.clock.sleep(every)
            verdict = self.look(READINGS)
        return replace(verdict, seconds=(self.clock.now() - began).total_seconds())

    def look(self, kinds: Iterable[Kind]) -> Verdict:
        """Read these kinds of record once and compare."""
        wanted = set(kinds)
        found: dict[Ref, Values] = {}
        for system, entity in wanted:
            found |= read(self.desk, system, entity)
        expectations = [
            each
            for each in derive(self.world, self.clock.now())
            if (each.ref.system, each.ref.entity) in wanted
        ]
        counts = Counter(each.check for each in expectations)
        mismatches = [
            _mismatch(each, found.get(each.ref))
            for each in expectations
            if not each.holds(found.get(each.ref))
        ]
        expected = {each.ref for each in expectations}
        mismatches += [_stranger(ref) for ref in strangers(self.world, expected, found)]
        counts["no row that nobody made"] = len(found)
        return Verdict(counts=counts, mismatches=mismatches, seconds=0.0)


def _mismatch(expectation: Expectation, found: Values | None) -> Mismatch:
    return Mismatch(
        check=expectation.check,
        ref=expectation.ref,
        attribute=expectation.attribute,
        found=None if found is None else found.get(expectation.attribute),
        allowed=tuple(sorted(expectation.allowed, key=lambda value: value or "")),
    )


def _stranger(ref: Ref) -> Mismatch:
    return Mismatch(
        check="no row that nobody made",
        ref=ref,
        attribute="(row)",
        found="present",
        allowed=(None,),
    )


def report(verdict: Verdict) -> str:
    """Lay the verdict out for people."""
    failed = Counter(each.check for each in verdict.mismatches)
    lines = [f"{'check':58} {'values':>8} {'wrong':>6}"]
    lines += [
        f"{name:58} {verdict.counts[name]:8} {failed[name]:6}" for name in sorted(verdict.counts)
    ]
    lines += [
        f"  {each.ref.system}.{each.ref.entity} {each.ref.key}: {each.attribute} is"
        f" {each.found!r}, must be {' or '.join(repr(value) for value in each.allowed)}"
        for each in verdict.mismatches[:_SHOWN]
    ]
    if len(verdict.mismatches) > _SHOWN:
        lines.append(f"  ... and {len(verdict.mismatches) - _SHOWN} more")
    total = sum(verdict.counts.values())
    outcome = "all hold" if verdict.passed else f"{len(verdict.mismatches)} DO NOT HOLD"
    lines.append(f"{total} values checked, {outcome}, after {verdict.seconds:.1f} s")
    return "\n".join(lines)


def main(argv: Sequence[str] | None = None) -> int:
    """Judge, print, and say by the exit code whether all holds."""
    parser = arguments("Check every system of the demo against the world's own record.")
    parser.add_argument("--journal", type=Path, help="journal file; default: the one in --state")
    parser.add_argument("--timeout", type=float, default=120.0, help="seconds to wait")
    parser.add_argument("--json", action="store_true", help="print JSON")
    chosen = parser.parse_args(argv)
    desk = Desk(Servers(postgres=chosen.postgres, mariadb=chosen.mariadb))
    try:
        judge = Judge(desk, world_of(chosen.state, chosen.journal), WallClock())
        verdict = judge.wait(timeout=chosen.timeout)
    finally:
        desk.close()
    text = json.dumps(verdict.as_json(), indent=2) if chosen.json else report(verdict)
    sys.stdout.write(f"{text}\n")
    return 0 if verdict.passed else 1


if __name__ == "__main__":
    sys.exit(main())
