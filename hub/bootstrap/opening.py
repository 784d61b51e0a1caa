"""Open the hub as it stands: its database, the active catalogue, contracts and mirrors."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, cast

import psycopg

from config.catalogue import load_catalogue
from connectors.debezium.decode import Decoder as ChunkDecoder
from connectors.mirror.mirrors import Mirrors
from golden_records.domain.errors import TerminalError
from golden_records.domain.rowchange import ColumnContract, TableContract
from golden_records.ports import BadRecord, Decoded
from golden_records.store.work import Followed, make_engine, work_factory
from hub.bootstrap.places import find_places

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Engine

    from config.settings import Settings
    from golden_records.domain.catalogue import Catalogue
    from golden_records.domain.clock import Clock
    from golden_records.domain.feed import Chunk
    from golden_records.domain.rowchange import RowChange
    from golden_records.ports import Evaluation, Mark, MirrorOutcome
    from golden_records.store.rows import Psycopg
    from golden_records.store.work import PostgresWork
    from hub.bootstrap.places import Places


class NotConnected(TerminalError):
    """The hub has no catalogue yet: run `mdhub connect FOLDER`."""


class BoundMirror:
    """`golden_records.ports.Mirror`: the mirrors on the connection of one transaction."""

    def __init__(self, mirrors: Mirrors, connection: Psycopg) -> None:
        self._mirrors = mirrors
        self._connection = connection

    def apply(
        self, changes: Sequence[RowChange], marking: frozenset[tuple[str, str]]
    ) -> MirrorOutcome:
        return cast("MirrorOutcome", self._mirrors.apply(self._connection, changes, marking))

    def evaluate(self, system: str, entity: str, keys: Sequence[str]) -> Evaluation:
        return cast("Evaluation", self._mirrors.evaluate(self._connection, system, entity, keys))

    def changed_at(self, system: str, entity: str, marks: Sequence[Mark]) -> Mapping[str, datetime]:
        changes = [(mark.tag, mark.bits, mark.changed_at) for mark in marks]
        return self._mirrors.changed_at(self._connection, system, entity, changes)

    def stage(self, system: str, entity: str) -> Mapping[str, str]:
        return self._mirrors.stage(self._connection, system, entity)

    def mark_differing(self, system: str, entity: str, *, cause: str, priority: int) -> int:
        return self._mirrors.mark_differing(
            self._connection, system, entity, cause=cause, priority=priority
        )

    def mark_all(self, system: str, entity: str, *, cause: str, priority: int) -> int:
        return self._mirrors.mark_all(
            self._connection, system, entity, cause=cause, priority=priority
        )

    def readers(self, system: str, table: str) -> list[str]:
        plans = self._mirrors.plans(self._connection)
        return sorted(
            entity
            for (name, entity), plan in plans.items()
            if name == system and table in plan.reads
        )

    def analyze(self, system: str) -> None:
        self._mirrors.analyze(self._connection, system)

    def sample(self, system: str, entity: str, limit: int) -> list[Mapping[str, object]]:
        return self._mirrors.sample(self._connection, system, entity, limit)


class FeedDecoder:
    """`golden_records.ports.Decoder` over Debezium's decoder."""

    def __init__(self, contracts: Mapping[str, TableContract], epochs: Mapping[str, int]) -> None:
        self._decoder = ChunkDecoder(contracts, epochs)
        self._contracts = contracts

    def decode(self, chunk: Chunk) -> Decoded:
        found = self._decoder.decode_chunk(chunk)
        contract = self._contracts.get(chunk.topic)
        system, table = (contract.system, contract.table) if contract else ("", chunk.topic)
        return Decoded(
            changes=found.changes,
            bad=[
                BadRecord(
                    topic=chunk.topic,
                    partition=chunk.partition,
                    record=bad.record,
                    error=bad.error,
                    message=bad.message,
                    system=system,
                    table=table,
                )
                for bad in found.bad
            ],
            ignored={(system, table): sum(found.ignored.values())} if found.ignored else {},
            misfits=found.misfits,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Hub:
    """The hub, opened: what every command and worker is made from."""

    settings: Settings
    clock: Clock
    places: Places
    engine: Engine
    catalogue: Catalogue
    contracts: Mapping[tuple[str, str], TableContract]
    epochs: Mapping[str, int]
    mirrors: Mirrors
    work: Callable[[], PostgresWork]
    held_work: Callable[[], PostgresWork]
    """Transactions that begin by holding the policy; PolicyChanged where another is active."""

    def decoder(self) -> FeedDecoder:
        return FeedDecoder({c.topic: c for c in self.contracts.values()}, self.epochs)


def open_hub(settings: Settings, clock: Clock) -> Hub:
    """Read the active catalogue out of PostgreSQL; NotConnected before the first `connect`."""
    places = find_places(settings, clock)
    engine = make_engine(places.postgres)
    files, rows = _active(engine)
    catalogue = load_catalogue(files)
    contracts = {(row["system"], row["table_name"]): contract_of(row["body"]) for row in rows}
    return assemble_hub(
        (settings, clock, places),
        engine,
        catalogue,
        contracts,
        epochs={row["system"]: row["epoch"] for row in rows},
    )


def assemble_hub(
    place: tuple[Settings, Clock, Places],
    engine: Engine,
    catalogue: Catalogue,
    contracts: Mapping[tuple[str, str], TableContract],
    *,
    epochs: Mapping[str, int],
) -> Hub:
    """Put the parts together; nothing is written."""
    settings, clock, places = place
    mirrors = Mirrors(catalogue, contracts, settings.shards)

    def bind(connection: Psycopg) -> BoundMirror:
        return BoundMirror(mirrors, connection)

    return Hub(
        settings=settings,
        clock=clock,
        places=places,
        engine=engine,
        catalogue=catalogue,
        contracts=contracts,
        epochs=epochs,
        mirrors=mirrors,
        work=work_factory(engine, bind, settings.shards, Followed(catalogue.version)),
        held_work=work_factory(
            engine, bind, settings.shards, Followed(catalogue.version, held=True)
        ),
    )


def _active(engine: Engine) -> tuple[Mapping[str, str], list[dict[str, Any]]]:
    with work_factory(engine, no_mirror, 1)() as work:
        try:
            files = work.registry.active()
        except psycopg.errors.UndefinedTable as error:
            raise NotConnected from error
        if files is None:
            raise NotConnected
        return files, work.registry.contracts()


def no_mirror(_connection: Psycopg) -> Any:  # noqa: ANN401 - stands for no mirror at all
    """Serve transactions that touch no mirror."""
    return None


def contract_of(body: Mapping[str, Any]) -> TableContract:
    """Read a contract as it was stored."""
    columns = tuple(ColumnContract(**column) for column in body["columns"])
    known = tuple(body.get("known", ()))
    return TableContract(**{**body, "columns": columns, "key": tuple(body["key"]), "known": known})


def contract_body(contract: TableContract) -> dict[str, object]:
    """Return a contract as it is stored."""
    return asdict(contract)
