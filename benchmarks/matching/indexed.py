"""New customers a batch at a time against PostgreSQL's key index, as a live worker takes them.

The time of a record is that of its batch's identity step over the records of the batch: keys
written, candidates found and scored, clusters read, links planned under the identity lock.
"""

from __future__ import annotations

import gc
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import psycopg

from benchmarks.scale import contracts
from benchmarks.scratch import scratch_hub
from benchmarks.spine.population import SHOP_SHARE, account, party
from config.catalogue import load_catalogue
from config.folder import read_folder
from golden_records.domain.rowchange import Op, Position, RowChange
from hub.bootstrap.loading import phase_service
from hub.bootstrap.working import new_id
from hub.cli.phase import train_new
from hub.clock import SystemClock
from hub.services.resolve import Identifiers, Resolve, ResolveContext
from hub.services.resolving.by_matching import ByMatching, Matchings
from hub.services.resolving.by_reference import ByReference
from hub.services.resolving.rules import compile_rules
from streams.worker import COLLECTOR_THRESHOLDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from uuid import UUID

    from golden_records.domain.rowchange import TableContract
    from golden_records.ports import UnitOfWork
    from hub.bootstrap.opening import Hub
    from hub.services.resolving.batch import Batch, IdentityPlan

CATALOGUE: Final = Path(__file__).parents[1] / "spine" / "catalogue"
BATCH: Final = 500
CHUNK: Final = 20_000
PAIRS: Final = (("erp", "customer"), ("shop", "customer"))
TABLES: Final = (("erp", "party", party, 1), ("shop", "account", account, SHOP_SHARE))
WANTED_MS: Final = 0.5
WANTED_P99_MS: Final = 3.0


class LaterClock(SystemClock):
    """An hour ahead: whatever has just appeared has had its time to settle."""

    def now(self) -> datetime:
        return super().now() + timedelta(hours=1)


class Timed(ByMatching):
    """Identity by matching, with the milliseconds a record of every batch."""

    def __init__(self, matching: Matchings, ids: Callable[[], UUID]) -> None:
        super().__init__(matching, ids)
        self.spent: list[float] = []

    def identify(self, work: UnitOfWork, batch: Batch) -> IdentityPlan:
        began = time.perf_counter()
        plan = super().identify(work, batch)
        if batch.records:
            self.spent.append((time.perf_counter() - began) / len(batch.records) * 1000)
        return plan


def changes(contract: TableContract, rows: Iterable[dict[str, Any]]) -> Iterator[RowChange]:
    """Rows that appear, in the order of their keys."""
    names = contract.column_names
    now = datetime(2026, 1, 1, tzinfo=UTC)
    for row in rows:
        yield RowChange(
            system=contract.system,
            table=contract.table,
            op=Op.CREATE,
            key=(row["id"],),
            values=tuple(row[name] for name in names),
            position=Position(1, row["id"] + 1),
            topic=contract.topic,
            partition=0,
            offset=row["id"],
            source_ts=now,
        )


def appear(hub: Hub, numbers: range) -> None:
    """Apply the customers' rows of both systems, with the marks that their phase asks for."""
    for system, table, row, share in TABLES:
        contract = hub.contracts[system, table]
        chosen = [n for n in numbers if n % share == 0]
        for at in range(0, len(chosen), CHUNK):
            with hub.work() as work:
                made = list(changes(contract, map(row, chosen[at : at + CHUNK])))
                work.mirror.apply(made, work.registry.marking())
                work.commit()


def loaded(hub: Hub, existing: int, tell: Callable[[str], None]) -> None:
    """Bring so many customers to LIVE, as an operator would."""
    appear(hub, range(existing))
    train_new(hub, set(hub.catalogue.entities), tell)
    phases = phase_service(hub)
    phases.load(PAIRS)
    phases.go_live(PAIRS)
    with psycopg.connect(hub.places.postgres, autocommit=True) as session:
        session.execute("VACUUM ANALYZE")


def resolve_all(hub: Hub) -> tuple[list[float], float, int]:
    """Resolve what is marked; return milliseconds a record by batch, seconds in all, records."""
    timed = Timed(Matchings(hub.catalogue), new_id)
    identifiers = Identifiers(by_matching=timed, by_reference=ByReference(new_id))
    context = ResolveContext(
        rules=compile_rules(hub.catalogue),
        policy=hub.catalogue.version,
        clock=hub.clock,
        ids=new_id,
        batch=BATCH,
    )
    service = Resolve(hub.work, identifiers, context)
    shards = range(hub.settings.shards)
    began, taken, more = time.perf_counter(), 0, True
    while more:
        outcome = service.resolve(*shards)
        taken, more = taken + outcome.taken, outcome.more
    return timed.spent, time.perf_counter() - began, taken


def run(url: str, existing: int, arriving: int, tell: Callable[[str], None]) -> dict[str, float]:
    """Measure one size, with the collector set as a worker sets it."""
    gc.freeze()
    gc.set_threshold(*COLLECTOR_THRESHOLDS)
    catalogue = load_catalogue(read_folder(CATALOGUE))
    with scratch_hub(url, catalogue, contracts(catalogue), LaterClock()) as hub:
        loaded(hub, existing, tell)
        resolve_all(hub)  # whatever going live asked for
        appear(hub, range(existing, existing + arriving))
        spent, seconds, taken = resolve_all(hub)
    ordered = sorted(spent)
    return {
        "existing": existing,
        "records": taken,
        "p50_ms": ordered[len(ordered) // 2],
        "p99_ms": ordered[int(len(ordered) * 0.99)],
        "matched_per_second": 1000 * len(spent) / sum(spent),
        "resolved_per_second": taken / seconds,
    }


def show(found: list[dict[str, float]]) -> None:
    """Print a line for each size, and how the cost grows from the first to the last."""
    for size in found:
        print(
            f"{size['existing']:>9,.0f} customers: matching p50 {size['p50_ms']:.3f} ms a record"
            f" (wanted {WANTED_MS}), p99 {size['p99_ms']:.3f} ms (wanted {WANTED_P99_MS:g}),"
            f" {size['matched_per_second']:,.0f} records/s;"
            f" with merging, history and queues {size['resolved_per_second']:,.0f}/s"
        )
    if len(found) > 1:
        print(f"cost of the last over the first: {found[-1]['p50_ms'] / found[0]['p50_ms']:.2f}")
