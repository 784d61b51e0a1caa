"""The mutation proof: no root changes outside the keys that the derivation marks.

Each trial changes one row or a few rows of a mapping's tables through the normal path, compares
all records before and after, and is rolled back to a savepoint.
"""

# ruff: noqa: S608 - the SQL is made of the catalogue's names, quoted
from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Any, Final, cast

from psycopg import errors

from connectors.mirror.apply import prepare
from connectors.mirror.evaluate import DATA_ERRORS
from connectors.mirror.mutations import Mutation, Mutator

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from psycopg import Connection

    from connectors.mirror.mirrors import Mirrors
    from connectors.mirror.plans import MappingPlan

BATCH_SIZES: Final = (1, 1, 1, 2, 3, 5)
ENOUGH: Final = 3
"""Changes of a column without any effect before it is listed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Miss:
    """Roots that changed and were not marked, and the changes that did it."""

    system: str
    entity: str
    roots: tuple[str, ...]
    changes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofReport:
    """What the trials showed. `skipped` trials made the mapping itself raise.

    `silent` lists (system, entity, table, column) whose changes never had an effect: often a
    wrong filter in the mapping. `marked` and `changed` count roots over all trials.
    """

    trials: int
    skipped: int
    marked: int
    changed: int
    missed: tuple[Miss, ...]
    silent: tuple[tuple[str, str, str, str], ...]

    @property
    def passed(self) -> bool:
        return not self.missed


@dataclass(slots=True)
class Tally:
    """What has been seen so far."""

    trials: int = 0
    skipped: int = 0
    marked: int = 0
    changed: int = 0
    missed: list[Miss] = field(default_factory=list)
    tried: dict[tuple[str, str, str, str], int] = field(default_factory=dict)
    effective: set[tuple[str, str, str, str]] = field(default_factory=set)

    def report(self) -> ProofReport:
        silent = sorted(
            column
            for column, times in self.tried.items()
            if times >= ENOUGH and column not in self.effective and not column[3].startswith("(")
        )
        return ProofReport(
            trials=self.trials,
            skipped=self.skipped,
            marked=self.marked,
            changed=self.changed,
            missed=tuple(self.missed),
            silent=tuple(silent),
        )


def prove(
    mirrors: Mirrors,
    conn: Connection[Any],
    *,
    trials: int,
    seed: int,
    progress: Callable[[int, int], None] | None = None,
) -> ProofReport:
    """Run so many trials for each mapping; the caller's transaction is left as it was."""
    plans = list(mirrors.plans(conn).values())
    tally = Tally()
    (now,) = conn.execute("SELECT now()").fetchone() or (None,)
    random = Random(seed)  # noqa: S311 - a repeatable choice of test data
    for plan in plans:
        mutator = Mutator(conn, mirrors.names, random, cast("datetime", now))
        trial = Trials(mirrors, conn, plan, mutator, tally)
        for _ in range(trials):
            trial.run()
            if progress is not None:
                progress(tally.trials, trials * len(plans))
    return tally.report()


class Trials:
    """The trials of one mapping."""

    def __init__(
        self,
        mirrors: Mirrors,
        conn: Connection[Any],
        plan: MappingPlan,
        mutator: Mutator,
        tally: Tally,
    ) -> None:
        self.mirrors = mirrors
        self.conn = conn
        self.plan = plan
        self.mutator = mutator
        self.tally = tally
        self.tables = [
            mirrors.contracts[plan.mapping.system, table] for table in sorted(plan.reads)
        ]
        marker = mirrors.marker(conn)
        prepare(conn, (marker.statements[c.system, c.table] for c in self.tables))
        self.before = self._records()

    def run(self) -> None:
        """Change, compare, roll back."""
        size = self.mutator.random.choice(BATCH_SIZES)
        drawn = [self._draw() for _ in range(size)]
        mutations = [one for one in drawn if one is not None]
        self.tally.trials += 1
        if not mutations:
            self.tally.skipped += 1
            return
        self.conn.execute("SAVEPOINT mirror_proof")
        try:
            marked, after = self._tried(mutations)
        except (*DATA_ERRORS, errors.IntegrityError):
            self.tally.skipped += 1
        else:
            self._judge(mutations, marked, after)
        finally:
            self.conn.execute("ROLLBACK TO SAVEPOINT mirror_proof")
            self.conn.execute("RELEASE SAVEPOINT mirror_proof")

    def _draw(self) -> Mutation | None:
        contract = self.mutator.random.choice(self.tables)
        return self.mutator.draw(self.plan, contract, list(self.before))

    def _tried(self, mutations: Sequence[Mutation]) -> tuple[set[str], dict[str, str]]:
        row = self.conn.execute("SELECT coalesce(max(id), 0) FROM hub.dirty_root").fetchone()
        changes = [mutation.change for mutation in mutations]
        self.mirrors.apply(self.conn, changes, frozenset({self.plan.pair}))
        marks = self.conn.execute(
            "SELECT root_key FROM hub.dirty_root WHERE id > %s AND system = %s AND entity = %s",
            (row[0] if row else 0, *self.plan.pair),
        )
        return {mark[0] for mark in marks}, self._records()

    def _judge(
        self, mutations: Sequence[Mutation], marked: set[str], after: dict[str, str]
    ) -> None:
        changed = {
            root
            for root in self.before.keys() | after.keys()
            if self.before.get(root) != after.get(root)
        }
        self.tally.marked += len(marked)
        self.tally.changed += len(changed)
        if len(mutations) == 1:
            column = (*self.plan.pair, mutations[0].change.table, mutations[0].column)
            self.tally.tried[column] = self.tally.tried.get(column, 0) + 1
            if changed:
                self.tally.effective.add(column)
        lost = changed - marked
        if lost:
            system, entity = self.plan.pair
            said = tuple(
                f"{m.change.op.value} {m.change.table} {m.change.key} {m.column}" for m in mutations
            )
            miss = Miss(system=system, entity=entity, roots=tuple(sorted(lost)), changes=said)
            self.tally.missed.append(miss)

    def _records(self) -> dict[str, str]:
        """A fingerprint of each root's records."""
        view = self.mirrors.names.mapping(*self.plan.pair)
        rows = self.conn.execute(
            "SELECT key::text, md5(string_agg(record, ',' ORDER BY record))"
            f" FROM (SELECT key, to_jsonb(v)::text AS record FROM {view} v) r"
            " WHERE key IS NOT NULL GROUP BY 1"
        ).fetchall()
        return dict(rows)
