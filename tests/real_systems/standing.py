"""A hub on two restored databases, driven by its own commands as an operator would."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from psycopg.rows import dict_row

from config.catalogue import load_catalogue
from config.folder import read_folder
from hub.bootstrap.disconnecting import disconnect
from hub.bootstrap.places import find_places, with_database
from hub.clock import SystemClock
from tests.real_systems.restoring import mariadb_session

CATALOGUE = Path(__file__).parents[2] / "config" / "examples" / "tryton-vendure"
COMMAND_SECONDS = 420
STOP_SECONDS = 20
PATIENCE = 150.0
POLL_SECONDS = 0.5

WAITING = """
SELECT (SELECT count(*) FROM hub.dirty_root) AS marks,
       (SELECT count(*) FROM hub.publication
         WHERE state IN ('PENDING', 'SENT') AND last_error IS NULL) AS publications
"""

GOLDEN = """
SELECT g.id, g.status, g.attrs
  FROM hub.source_record s
  JOIN hub.link l ON l.record_id = s.id AND l.state = 'MATCH' AND l.valid_to IS NULL
  JOIN hub.golden g ON g.id = l.golden_id
 WHERE s.entity = %(entity)s AND s.system = %(system)s AND s.root_key = %(key)s
   AND NOT s.deleted
"""

CROSSWALK = """
SELECT s.system, s.key, g.id
  FROM hub.source_record s
  JOIN hub.link l ON l.record_id = s.id AND l.state = 'MATCH' AND l.valid_to IS NULL
  JOIN hub.golden g ON g.id = l.golden_id
 WHERE s.entity = %(entity)s AND NOT s.deleted AND g.status = 'ACTIVE'
"""

WRITES = """
SELECT state, attrs FROM hub.write_ledger
 WHERE golden_id = %(golden)s AND target = %(target)s AND attribute_group = %(group)s
 ORDER BY id
"""


@dataclass(slots=True, kw_only=True)
class Standing:
    """The hub that stands: its commands, its database, and the two systems' own databases."""

    settings: object
    tryton: str
    vendure: str
    folder: Path
    log: Path
    worker: subprocess.Popen | None = None
    linked: dict = field(default_factory=dict)

    @property
    def environment(self):
        settings = self.settings
        return {
            **os.environ,
            "MDHUB_POSTGRES_URL": settings.postgres_url,
            "MDHUB_MARIADB_URL": settings.mariadb_url,
            "MDHUB_KAFKA_BOOTSTRAP": settings.kafka_bootstrap,
            "MDHUB_CONNECT_URL": settings.connect_url,
            "MDHUB_HUB_DATABASE": settings.hub_database,
            "MDHUB_TOPIC_PREFIX": settings.topic_prefix,
            "TRYTON_URL": with_database(settings.postgres_url, self.tryton),
            "VENDURE_URL": with_database(settings.mariadb_url, self.vendure),
        }

    def run(self, *words):
        """Run a command of the hub and return its exit code and output."""
        done = subprocess.run(
            [sys.executable, "-m", "hub.cli", *words],
            env=self.environment,
            cwd=CATALOGUE.parents[2],
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    def do(self, *words):
        """Run a command that must succeed."""
        code, output = self.run(*words)
        assert code == 0, f"mdhub {' '.join(words)} ended with {code}:\n{output}"

    def start_worker(self):
        with self.log.open("ab") as stream:
            self.worker = subprocess.Popen(
                [sys.executable, "-m", "hub.cli", "work", "--log-level", "WARNING"],
                env=self.environment,
                cwd=CATALOGUE.parents[2],
                stdout=stream,
                stderr=stream,
                start_new_session=True,
            )

    def stop(self):
        """Stop the worker, and take every trace of the hub away from the servers."""
        if self.worker is not None:
            self.worker.terminate()
            try:
                self.worker.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.worker.kill()
                self.worker.wait()
        clock = SystemClock()
        systems = load_catalogue(read_folder(self.folder)).systems.values()
        disconnect(self.settings, clock, find_places(self.settings, clock), list(systems))

    def hub(self, sql, **parameters):
        """Query the hub's own database."""
        url = with_database(self.settings.postgres_url, self.settings.hub_database)
        with psycopg.connect(url, row_factory=dict_row) as session:
            return session.execute(sql, parameters).fetchall()

    def golden(self, entity, system, key):
        """The golden record of a source's row; None while there is none."""
        rows = self.hub(GOLDEN, entity=entity, system=system, key=str(key))
        return rows[0] if rows else None

    def crosswalk(self, entity):
        rows = self.hub(CROSSWALK, entity=entity)
        return {(row["system"], row["key"]): row["id"] for row in rows}

    def writes(self, golden, target, group):
        return self.hub(WRITES, golden=golden, target=target, group=group)

    def in_tryton(self, *statements):
        """Run statements in one transaction there; return the last one's rows, if it has any."""
        url = with_database(self.settings.postgres_url, self.tryton)
        with psycopg.connect(url, row_factory=dict_row) as session:
            cursor = session.cursor()
            for statement in statements:
                cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def in_vendure(self, *statements):
        """The same there."""
        with mariadb_session(self.settings.mariadb_url, self.vendure) as session:
            session.begin()
            with session.cursor() as cursor:
                for statement in statements:
                    cursor.execute(statement)
                rows = cursor.fetchall()
            session.commit()
            return rows

    def wait_until(self, holds, what, patience=PATIENCE):
        """Poll until it holds; the worker must live, and time is bounded."""
        deadline = time.monotonic() + patience
        while True:
            assert self.worker.poll() is None, f"the worker ended: {self.log.read_text()[-4000:]}"
            found = holds()
            if found:
                return found
            assert time.monotonic() < deadline, f"after {patience:.0f} s still not: {what}"
            time.sleep(POLL_SECONDS)

    def wait_for(self, row, attribute, value):
        """Wait until the golden record of a row (entity, system, key) says this."""
        last = None

        def says():
            nonlocal last
            golden = self.golden(*row)
            last = golden and golden["attrs"].get(attribute)
            return golden if golden and last == value else None

        try:
            return self.wait_until(says, f"{row} says {attribute} {value!r}")
        except AssertionError as error:
            raise AssertionError(f"{error}; it says {last!r}") from error

    def wait_quiet(self, what):
        """Wait until nothing of this kind waits; what a target refused is not waited for."""
        self.wait_until(lambda: self.hub(WAITING)[0][what] == 0, f"no {what} left", COMMAND_SECONDS)

    def wait_echoed(self, golden, target, group, attribute, value):
        """Wait until a write of that value came back from the target's own feed."""
        self.wait_until(
            lambda: any(
                w["state"] == "ECHOED" and w["attrs"].get(attribute) == value
                for w in self.writes(golden, target, group)
            ),
            f"the write of {value!r} to {target} came back",
        )
