"""The mirror: what the services ask of it. A connection is passed in; nothing here commits."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from connectors.mirror.apply import apply_table, by_table, forget_offsets, prepare
from connectors.mirror.check import Check
from connectors.mirror.errors import MirrorError
from connectors.mirror.evaluate import Evaluated, Evaluation, evaluate, sample
from connectors.mirror.fold import TableCounts
from connectors.mirror.indexes import install_indexes
from connectors.mirror.load import mark_differing, stage
from connectors.mirror.mappings import install_mapping_views
from connectors.mirror.marks import Marker, bounds
from connectors.mirror.moments import Change, Moments
from connectors.mirror.names import Names
from connectors.mirror.plans import make_plan, read_functions
from connectors.mirror.prove import Miss, ProofReport, prove
from connectors.mirror.staging import Statements
from connectors.mirror.tables import install_live_views, install_mirrors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    from psycopg import Connection

    from connectors.mirror.plans import MappingPlan
    from golden_records.domain.catalogue import Catalogue
    from golden_records.domain.findings import Finding
    from golden_records.domain.rowchange import RowChange, TableContract

__all__ = [
    "Evaluated",
    "Evaluation",
    "MirrorOutcome",
    "Mirrors",
    "Miss",
    "ProofReport",
    "TableCounts",
]

Table = tuple[str, str]

INSTALL_LOCK: Final = 7300


@dataclass(frozen=True, slots=True, kw_only=True)
class MirrorOutcome:
    """Counts by (system, table), and new marks by shard."""

    counts: Mapping[Table, TableCounts] = field(default_factory=dict)
    hints: Mapping[int, int] = field(default_factory=dict)


class Mirrors:
    """The mirrors and mappings of one catalogue.

    Safe to share between threads that bring connections of their own. Every method works inside
    the caller's transaction; call `apply` once per transaction, since it takes locks in an order.
    """

    def __init__(
        self, catalogue: Catalogue, contracts: Mapping[Table, TableContract], shards: int
    ) -> None:
        self.catalogue = catalogue
        self.contracts = contracts
        self.names = Names.of(catalogue, contracts)
        self.shards = shards
        self._plans: dict[tuple[str, str], MappingPlan] | None = None
        self._marker: Marker | None = None
        self._moments: dict[tuple[str, str], Moments] = {}

    def install(self, conn: Connection[Any]) -> None:
        """Create what is missing: mirrors, live views, mapping views, derived indexes.

        Idempotent; a contract's new columns are added to its mirror, nothing is ever removed.
        """
        conn.execute("SELECT pg_advisory_xact_lock(%s)", (INSTALL_LOCK,))
        contracts = [self.contracts[key] for key in sorted(self.contracts)]
        install_mirrors(conn, contracts)
        self.install_views(conn)
        install_indexes(conn, self.plans(conn).values(), self.contracts)

    def install_views(self, conn: Connection[Any]) -> None:
        """Create the live views and mapping views of this catalogue where they are missing."""
        if not self._installed(conn):
            contracts = [self.contracts[key] for key in sorted(self.contracts)]
            install_live_views(conn, self.names, contracts)
            install_mapping_views(conn, self.names, self.catalogue.mappings)

    def _installed(self, conn: Connection[Any]) -> bool:
        row = conn.execute("SELECT to_regclass(%s) IS NOT NULL", (self.names.forms,)).fetchone()
        return bool(row and row[0])

    def plans(self, conn: Connection[Any]) -> dict[tuple[str, str], MappingPlan]:
        """The mappings as their views show them; read once, for they cannot change."""
        if self._plans is None:
            functions = read_functions(conn)
            plans = [
                make_plan(conn, self.names, mapping, self.contracts, functions)
                for mapping in self.catalogue.mappings
            ]
            statements = self._statements(plans)
            self._marker = Marker(self.names, statements, self.shards)
            self._moments = {plan.pair: _moments(plan, statements) for plan in plans}
            self._plans = {plan.pair: plan for plan in plans}
        return self._plans

    def plan(self, conn: Connection[Any], system: str, entity: str) -> MappingPlan:
        """One mapping; MirrorError when the catalogue has none for that system and entity."""
        plan = self.plans(conn).get((system, entity))
        if plan is None:
            known = ", ".join("/".join(pair) for pair in sorted(self.plans(conn)))
            raise MirrorError(
                f"no mapping from {system} to {entity}; there are {known}",
                system=system,
                entity=entity,
            )
        return plan

    def marker(self, conn: Connection[Any]) -> Marker:
        """The statements of this catalogue."""
        self.plans(conn)
        if self._marker is None:
            raise MirrorError
        return self._marker

    def _statements(self, plans: Iterable[MappingPlan]) -> dict[Table, Statements]:
        read: dict[Table, set[str]] = {key: set() for key in self.contracts}
        for plan in plans:
            for table, columns in plan.reads.items():
                read[plan.mapping.system, table].update(columns)
        return {
            key: Statements(
                contract,
                tuple(name for name in contract.column_names if name in read[key]),
                self.names.digest,
                frozenset(self.catalogue.systems[key[0]].tags),
            )
            for key, contract in self.contracts.items()
        }

    def apply(
        self,
        conn: Connection[Any],
        changes: Sequence[RowChange],
        marking: frozenset[tuple[str, str]],
    ) -> MirrorOutcome:
        """Write ordered changes of any tables, then mark the roots of the mappings in `marking`.

        A change that cannot be written raises PostgreSQL's error and the transaction is lost;
        whoever cut the chunk may cut it smaller.
        """
        plans = [plan for pair, plan in self.plans(conn).items() if pair in marking]
        marker = self.marker(conn)
        groups = list(by_table(changes))
        self._known(key for key, _ in groups)
        prepare(conn, (marker.statements[key] for key, _ in groups))
        counts: dict[Table, TableCounts] = {}
        changed: set[Table] = set()
        for key, group in groups:
            read = any(key[0] == p.mapping.system and key[1] in p.ways for p in plans)
            counts[key], images = apply_table(conn, marker.statements[key], group, keep_images=read)
            if images:
                changed.add(key)
        return MirrorOutcome(counts=counts, hints=mark_changed(conn, marker, plans, changed))

    def _known(self, keys: Iterable[Table]) -> None:
        for key in keys:
            if key not in self.contracts:
                raise MirrorError(
                    f"no contract for table {key[1]} of {key[0]}; connect the system again",
                    system=key[0],
                    table=key[1],
                )

    def mark_all(
        self, conn: Connection[Any], system: str, entity: str, *, cause: str, priority: int
    ) -> int:
        """Mark every root of a mapping, current or stored; return how many."""
        plan = self.plan(conn, system, entity)
        return self.marker(conn).mark_all(conn, plan, cause, priority)

    def stage(self, conn: Connection[Any], system: str, entity: str) -> Mapping[str, str]:
        """Evaluate all roots at once into `staged_record`; return bad keys with their errors."""
        return stage(conn, self.marker(conn), self.plan(conn, system, entity))

    def mark_differing(
        self, conn: Connection[Any], system: str, entity: str, *, cause: str, priority: int
    ) -> int:
        """Mark what yields something else now than what was staged; return how many roots."""
        plan = self.plan(conn, system, entity)
        return mark_differing(conn, self.marker(conn), plan, cause, priority)

    def evaluate(
        self, conn: Connection[Any], system: str, entity: str, keys: Sequence[str]
    ) -> Evaluation:
        """Evaluate roots; return the records that differ from the stored ones, and bad keys."""
        return evaluate(conn, self.names, self.plan(conn, system, entity), keys)

    def changed_at(
        self, conn: Connection[Any], system: str, entity: str, changes: Iterable[Change]
    ) -> dict[str, datetime]:
        """When attributes of a root last changed, from what its marks say; those that they tell."""
        self.plan(conn, system, entity)
        return self._moments[system, entity].of(changes)

    def analyze(self, conn: Connection[Any], system: str) -> None:
        """Gather statistics of a system's mirrors; needed after a snapshot, before evaluation."""
        for contract in self.contracts.values():
            if contract.system == system:
                conn.execute(f"ANALYZE {Names.mirror(system, contract.table)}")

    def check(self, conn: Connection[Any]) -> list[Finding]:
        """Every problem of tables and mappings at once; remembers the form of each evaluation.

        Run it at load, after each snapshot and every night: the growth check needs real rows.
        """
        return Check(conn, self.catalogue, self.names, self.contracts).run()

    def prove(
        self,
        conn: Connection[Any],
        *,
        trials: int,
        seed: int,
        progress: Callable[[int, int], None] | None = None,
    ) -> ProofReport:
        """Try so many changes of each mapping's rows; fail if one touches an unmarked root."""
        return prove(self, conn, trials=trials, seed=seed, progress=progress)

    def sample(
        self, conn: Connection[Any], system: str, entity: str, limit: int
    ) -> list[Mapping[str, object]]:
        """Return the attributes of some records, as the mapping yields them now."""
        return sample(conn, self.names.mapping(system, entity), limit)

    @staticmethod
    def forget_offsets(conn: Connection[Any], contract: TableContract) -> None:
        """Forget Kafka offsets of a table's rows, after its topic was made anew."""
        forget_offsets(conn, contract)


def _moments(plan: MappingPlan, statements: Mapping[Table, Statements]) -> Moments:
    own = {t: one.read for (system, t), one in statements.items() if system == plan.mapping.system}
    return Moments(plan, own)


def mark_changed(
    conn: Connection[Any],
    marker: Marker,
    plans: Iterable[MappingPlan],
    changed: set[Table],
) -> dict[int, int]:
    """Mark for each mapping that reads a changed table, in one order for all workers."""
    hints: dict[int, int] = {}
    known = bounds(conn, marker, sorted(changed))
    for plan in sorted(plans, key=lambda p: p.pair):
        tables = frozenset(
            (table, bound)
            for (system, table), bound in known.items()
            if system == plan.pair[0] and table in plan.ways
        )
        if tables:
            for shard, new in marker.mark(conn, plan, tables).items():
                hints[shard] = hints.get(shard, 0) + new
    return hints
