"""A whole hub on PostgreSQL without Kafka: rows go to the mirrors, shards are resolved here.

`built.put("erp", "customer", id=1, name="Acme")` applies one change in a transaction of its own;
`built.change(...)` only makes it, for tests that hold several transactions open. `built.settle()`
resolves until nothing is marked, and `built.differences()` must then be empty.
"""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from config.catalogue import load_catalogue
from config.folder import read_folder
from config.settings import Settings
from golden_records.domain.catalogue import Phase
from golden_records.domain.rowchange import ColumnContract, Op, Position, RowChange, TableContract
from golden_records.store.rows import fetch
from golden_records.store.work import make_engine
from hub.bootstrap.connecting import install
from hub.bootstrap.opening import assemble_hub
from hub.bootstrap.places import Places
from hub.bootstrap.verifying import verification
from hub.bootstrap.working import resolver
from hub.clock import SystemClock

MINIMAL = Path(__file__).parents[3] / "config" / "examples" / "minimal"
START = datetime(2026, 1, 1, tzinfo=UTC)
SHARDS = 4
KINDS = {"id": "bigint", "customer_id": "bigint", "account_id": "bigint"}
AMOUNTS = {"credit_limit": "numeric", "amount": "numeric", "valid_from": "date", "valid_to": "date"}


class ForwardClock:
    """The machine's clock, put forward: what must settle has settled."""

    def __init__(self, ahead=timedelta(minutes=1)):
        self.ahead = ahead
        self._clock = SystemClock()

    def now(self):
        return self._clock.now() + self.ahead

    def monotonic(self):
        return self._clock.monotonic()

    def sleep(self, seconds):
        self._clock.sleep(seconds)


def contracts_for(catalogue):
    """Contracts as the sources' catalogues would give them, by the names of the columns."""
    found = {}
    for table in catalogue.tables:
        names = (*table.key, *(c for c in table.columns if c not in table.key))
        columns = [(n, KINDS.get(n) or AMOUNTS.get(n) or "text") for n in names]
        found[table.system, table.name] = TableContract(
            system=table.system,
            schema=table.schema,
            table=table.name,
            topic=f"test.{table.system}.{table.name}",
            columns=tuple(ColumnContract(name=n, type=t, source_type=t) for n, t in columns),
            key=table.key,
        )
    return found


def make_hub(url, catalogue, clock=None, *, installed=False):
    """Put a hub together on a migrated database."""
    settings = Settings().model_copy(update={"shards": SHARDS})
    places = Places(postgres=url, postgres_admin=url, kafka="", connect="")
    hub = assemble_hub(
        (settings, clock or ForwardClock(), places),
        make_engine(url, pool=6),
        catalogue,
        contracts_for(catalogue),
        epochs={},
    )
    if not installed:
        install(hub)
    return hub


def minimal_catalogue(**replaced):
    """Return the smallest example's catalogue; `replaced` gives other texts of its files."""
    files = {**read_folder(MINIMAL)}
    return load_catalogue(files | replaced)


class BuiltHub:
    """A hub with a feed of its own."""

    def __init__(self, hub, phase=Phase.SHADOW):
        self.hub = hub
        self.resolve = resolver(hub)
        self.moment = 0
        for mapping in hub.catalogue.mappings:
            self.set_phase(mapping.system, mapping.entity, phase)

    @property
    def work(self):
        return self.hub.work

    def close(self):
        self.hub.engine.dispose()

    def set_phase(self, system, entity, phase):
        with self.work() as work:
            work.registry.set_phase(system, entity, phase)
            work.commit()

    def go_live(self):
        for mapping in self.hub.catalogue.mappings:
            self.set_phase(mapping.system, mapping.entity, Phase.LIVE)

    # --- the feed ---

    def change(self, system, table, **row):
        """Make the change that leaves the row as given; what is not named is null."""
        contract = self.hub.contracts[system, table]
        values = tuple(row.get(name) for name in contract.column_names)
        key = tuple(row[name] for name in contract.key)
        return self._change(contract, Op.UPDATE, key, values)

    def deletion(self, system, table, **key):
        contract = self.hub.contracts[system, table]
        return self._change(contract, Op.DELETE, tuple(key[name] for name in contract.key), None)

    def _change(self, contract, op, key, values):
        self.moment += 1
        return RowChange(
            system=contract.system,
            table=contract.table,
            op=op,
            key=key,
            values=values,
            position=Position(1, self.moment),
            topic=contract.topic,
            partition=0,
            offset=self.moment,
            source_ts=START + timedelta(seconds=self.moment),
        )

    def apply(self, *changes):
        """Apply changes in one transaction."""
        with self.work() as work:
            work.mirror.apply(changes, work.registry.marking())
            work.commit()

    def put(self, system, table, **row):
        self.apply(self.change(system, table, **row))

    def delete(self, system, table, **key):
        self.apply(self.deletion(system, table, **key))

    # --- resolving ---

    def settle(self, resolve=None, most=200):
        """Resolve every shard until nothing is marked; return how many roots were taken."""
        taken = 0
        for _ in range(most):
            found = sum((resolve or self.resolve).resolve(shard).taken for shard in range(SHARDS))
            taken += found
            if not found:
                return taken
        raise AssertionError(f"still marked after {most} rounds")

    @contextmanager
    def transaction(self):
        with self.work() as work:
            yield work

    # --- what came of it ---

    def query(self, sql, **parameters):
        with self.work() as work:
            return fetch(work.connection, sql, parameters)

    def home(self, system, key, entity="customer"):
        """Return the golden id of a record, None where it has none."""
        rows = self.query(
            "SELECT l.golden_id FROM hub.source_record s JOIN hub.link l ON l.record_id = s.id"
            " AND l.state = 'MATCH' AND l.valid_to IS NULL"
            " WHERE (s.entity, s.system, s.key) = (%(entity)s, %(system)s, %(key)s)",
            entity=entity,
            system=system,
            key=str(key),
        )
        return rows[0]["golden_id"] if rows else None

    def golden(self, golden_id):
        return self.query("SELECT * FROM hub.golden WHERE id = %(id)s", id=golden_id)[0]

    def links(self, system, key, entity="customer"):
        """Return the live links of a record as {golden id: (state, origin)}."""
        rows = self.query(
            "SELECT l.golden_id, l.state, l.origin FROM hub.source_record s"
            " JOIN hub.link l ON l.record_id = s.id AND l.valid_to IS NULL"
            " WHERE (s.entity, s.system, s.key) = (%(entity)s, %(system)s, %(key)s)",
            entity=entity,
            system=system,
            key=str(key),
        )
        return {row["golden_id"]: (row["state"], row["origin"]) for row in rows}

    def cases(self, *kinds):
        """Return the open conflicts, of these kinds if any are named."""
        rows = self.query("SELECT * FROM hub.conflict WHERE closed_at IS NULL ORDER BY id")
        return [row for row in rows if not kinds or row["kind"] in kinds]

    def record_id(self, system, key, entity="customer"):
        rows = self.query(
            "SELECT id FROM hub.source_record"
            " WHERE (entity, system, key) = (%(entity)s, %(system)s, %(key)s)",
            entity=entity,
            system=system,
            key=str(key),
        )
        return rows[0]["id"]

    def differences(self):
        """Recompute everything from scratch and return where the hub's state differs.

        What was set aside is left out by verification, so it counts as a difference here.
        """
        aside = self.query("SELECT error, message, mark FROM hub.quarantine WHERE state = 'OPEN'")
        report = verification(self.hub).verify(lambda _: None)
        return report.differences + aside
