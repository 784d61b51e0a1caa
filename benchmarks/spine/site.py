"""The servers, databases, hubs and processes of one run; nobody else's are touched.

The source systems have a PostgreSQL of their own: on the hub's, each replication slot would read
all that the hub writes as well.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import psycopg

from benchmarks.spine.population import Event, account, party
from config.settings import Settings
from connectors.kafka.admin import KafkaAdmin
from connectors.kafka.producer import Producer
from golden_records.store.schema import migrate
from golden_records.store.work import make_engine
from hub.bootstrap.connecting import connect, create_database, install
from hub.bootstrap.opening import assemble_hub
from hub.bootstrap.places import find_places, with_database
from hub.clock import SystemClock
from hub.stack.stack import Stack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from hub.bootstrap.opening import Hub

CATALOGUE = Path(__file__).parent / "catalogue"
SERVERS = frozenset({"postgres", "kafka", "connect"})
DATABASES = {"erp": "bench_erp", "shop": "bench_shop"}
SINK_DATABASE = "bench_sink"
TOPICS = {"party": "mdhub.erp.public.party", "account": "mdhub.shop.public.account"}
LIVE_FIRST = 3_000_000
"""The customers of the latency measurement live in real tables, with keys of their own."""
STOP_SECONDS = 30
LOOK_SECONDS = 0.2

TABLES = {
    "erp": """CREATE TABLE party (id bigint PRIMARY KEY, name text, tax_id text, email text,
        phone text, street text, postcode text, city text, credit_limit numeric(14,2),
        segment text, note text, updated_at timestamptz)""",
    "shop": """CREATE TABLE account (id bigint PRIMARY KEY, company text, vat text, email text,
        street text, zip text, city text, credit_limit numeric(14,2))""",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Seconds of processor time so far, of the worker and of PostgreSQL."""

    worker: float
    postgres: float

    def since(self, before: Cost) -> Cost:
        return Cost(worker=self.worker - before.worker, postgres=self.postgres - before.postgres)

    @property
    def total(self) -> float:
        return self.worker + self.postgres


class Worker:
    """A worker process, or another program that reads the feed."""

    def __init__(self, site: Site, words: list[str], env: dict[str, str], log: str) -> None:
        self.site = site
        with (site.settings.state_dir / f"{log}.log").open("ab") as stream:
            self.process = subprocess.Popen(
                [sys.executable, "-m", *words], env=env, stdout=stream, stderr=stream
            )
        self._seen = psutil.Process(self.process.pid)
        self.peak_bytes = 0

    def sample(self) -> None:
        """Note the memory; a process that has ended is an error."""
        if self.process.poll() is not None:
            folder = self.site.settings.state_dir
            raise SystemExit(f"a process ended with {self.process.returncode}; see {folder}/*.log")
        self.peak_bytes = max(self.peak_bytes, self._seen.memory_info().rss)

    def cost(self) -> Cost:
        times = self._seen.cpu_times()
        return Cost(worker=times.user + times.system, postgres=self.site.postgres_seconds())

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()


class Site:
    """Servers of this run in a folder of its own."""

    def __init__(self, folder: Path, tell: Callable[[str], None]) -> None:
        self.tell = tell
        self.clock = SystemClock()
        given = Settings()
        self.settings = given.model_copy(update={"state_dir": folder / "state", "jdbc_sink": True})
        self.stack = Stack(self.settings, self.clock)
        apart = self.settings.model_copy(update={"state_dir": folder / "sources"})
        self.sources = Stack(apart, self.clock)

    def up(self, live: int) -> Hub:
        """Start the servers, make the sources with their live customers, connect them."""
        self.tell("starting the servers")
        info = self.stack.up(SERVERS)
        self.postgres = info.postgres_url
        self.source_postgres = self.sources.up(frozenset({"postgres"})).postgres_url
        self.kafka = info.kafka_bootstrap
        self.connect_url = info.connect_url
        self._admin = KafkaAdmin(self.kafka)
        for system, database in DATABASES.items():
            create_database(self.source_postgres, database)
            self._secret(f"BENCH_{system.upper()}_URL", self.url(database))
            with self.session(database) as session:
                session.execute(TABLES[system])
        create_database(self.postgres, SINK_DATABASE)
        self._fill(live)
        return connect(self.settings, self.clock, CATALOGUE, self.tell)

    def url(self, database: str) -> str:
        of_a_source = database in DATABASES.values()
        return with_database(self.source_postgres if of_a_source else self.postgres, database)

    @contextmanager
    def session(self, database: str) -> Iterator[psycopg.Connection[Any]]:
        with psycopg.connect(self.url(database), autocommit=True) as session:
            yield session

    def twin(self, hub: Hub, name: str) -> None:
        """Install the same catalogue in a hub database of its own, all in LOADING."""
        settings = self.settings.model_copy(update={"hub_database": name})
        create_database(self.postgres, name)
        places = find_places(settings, self.clock)
        engine = make_engine(places.postgres)
        migrate(engine)
        place = (settings, self.clock, places)
        install(assemble_hub(place, engine, hub.catalogue, hub.contracts, epochs={}))
        engine.dispose()

    def work(self, name: str = "mdhub") -> Worker:
        """Start a worker of the hub with this database and consumer group."""
        env = self._environment() | {"MDHUB_HUB_DATABASE": name, "MDHUB_TOPIC_PREFIX": name}
        return Worker(self, ["hub.cli", "work", "--log-level", "WARNING"], env, name)

    def bare(self, group: str) -> Worker:
        """Start Faust with our transport and nothing behind it."""
        words = ["benchmarks.spine.bare", self.kafka, group, *TOPICS.values()]
        return Worker(self, words, self._environment(), group)

    def produce(self, events: Iterable[Event], topic: str | None = None) -> int:
        """Write events to their topics, or all to another, and return how many."""
        count = 0
        with Producer(self.kafka) as producer:
            for event in events:
                producer.send(topic or TOPICS[event.table], event.key, event.value)
                count += 1
        return count

    def committed(self, group: str, topics: Iterable[str]) -> int:
        found = self._admin.committed(group)
        wanted = set(topics)
        return sum(offset for (topic, _), offset in found.items() if topic in wanted)

    def ends(self, topics: Iterable[str]) -> int:
        return sum(self._admin.end_offsets(topics).values())

    def postgres_seconds(self) -> float:
        server = psutil.Process(self.stack.status().postgres.pid)
        total = 0.0
        for process in [server, *server.children()]:
            try:
                times = process.cpu_times()
            except psutil.NoSuchProcess:
                continue
            total += times.user + times.system + times.children_user + times.children_system
        return total

    def down(self) -> None:
        self.stack.reset()
        self.sources.reset()

    def _fill(self, live: int) -> None:
        numbers = range(LIVE_FIRST, LIVE_FIRST + live)
        for system, row in (("erp", party), ("shop", account)):
            rows = [row(number) for number in numbers]
            table = "party" if system == "erp" else "account"
            marks = ", ".join(["%s"] * len(rows[0]))
            with self.session(DATABASES[system]) as session, session.cursor() as cursor:
                cursor.executemany(
                    f"INSERT INTO {table} VALUES ({marks})", [tuple(r.values()) for r in rows]
                )

    def _secret(self, name: str, value: str) -> None:
        folder = self.settings.state_dir / "secrets"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = folder / name
        file.touch(mode=0o600)
        file.write_text(value, encoding="utf-8")

    def _environment(self) -> dict[str, str]:
        return os.environ | {
            "MDHUB_STATE_DIR": str(self.settings.state_dir),
            "MDHUB_CACHE_DIR": str(self.settings.cache_dir),
            "MDHUB_JDBC_SINK": "true",
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """How many in how many seconds, from the last look that saw none to the first that saw all."""

    events: int
    seconds: float

    @property
    def per_second(self) -> float:
        return self.events / self.seconds if self.seconds else 0.0


def watch(
    count: Callable[[], int], expected: int, *, idle: Callable[[], bool], worker: Worker | None
) -> Rate:
    """Look until `expected` were counted and nothing else is due.

    The last look that saw nothing is the start, so joining the group is not in the time.
    """
    start = time.perf_counter()
    while True:
        seen = count()
        now = time.perf_counter()
        if worker is not None:
            worker.sample()
        if seen >= expected and idle():
            return Rate(events=seen, seconds=now - start)
        if not seen:
            start = now
        time.sleep(LOOK_SECONDS)
