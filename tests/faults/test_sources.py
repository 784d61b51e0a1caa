"""How the feeds fare, asked of real connectors and sources."""

from __future__ import annotations

import json
import time
from contextlib import closing

import psycopg
import pytest

from connectors.debezium.connect import ConnectClient

pytestmark = [pytest.mark.stack, pytest.mark.timeout(300)]

WAIT_SECONDS = 60
SETTLED_SECONDS = 3
"""A task says RUNNING before it has looked whether it can go on."""
LOG = """
CREATE TABLE public.filler AS SELECT n, repeat('x', 500) FROM generate_series(1, 40000) n;
DROP TABLE public.filler
"""
NOW = "SELECT pg_current_wal_lsn()"
# What the server would send again from; it follows what is confirmed at the next such note.
NOTE = "SELECT pg_log_standby_snapshot()"
KEPT_FROM = """
SELECT slot_name FROM pg_replication_slots
WHERE slot_name LIKE 'mdhub%%' AND restart_lsn < %s::pg_lsn
"""
BEHIND = """
SELECT slot_name FROM pg_replication_slots
WHERE slot_name LIKE 'mdhub%%' AND confirmed_flush_lsn < %s::pg_lsn
"""


def write_until_none_is(short, landscape, nudge=NOW):
    """Write much log that is of no source, and wait until no slot is short of it."""
    with psycopg.connect(landscape.hub.places.postgres, autocommit=True) as session:
        session.execute(LOG)
        (written,) = session.execute(NOW).fetchone()
        deadline = time.monotonic() + WAIT_SECONDS
        while left := session.execute(short, (written,)).fetchall():
            assert time.monotonic() < deadline, left
            session.execute(nudge)
            time.sleep(0.5)


def test_every_source_runs_and_its_log_is_whole(landscape):
    listed = landscape.command("source", "list", "--json")
    assert listed.returncode == 0, listed.stdout + listed.stderr
    found = {state["system"]: state for state in json.loads(listed.stdout)}
    assert set(found) == {"commerce", "cpq", "erp", "pim"}
    assert all(state["healthy"] and not state["problems"] for state in found.values())
    assert all(state["log"]["behind"] is not None for state in found.values())


def test_nothing_stands_in_the_way_of_the_sources(landscape):
    checked = landscape.command("source", "check", "--json")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert {row["severity"] for row in json.loads(checked.stdout)} <= {"warning", "note"}


def test_the_slot_of_a_quiet_source_moves_on_with_what_others_write(landscape):
    write_until_none_is(BEHIND, landscape)


def test_quiet_sources_are_read_on_after_connect_was_killed(landscape):
    """The log was let go up to where nothing of theirs is, far beyond their last change."""
    write_until_none_is(KEPT_FROM, landscape, nudge=NOTE)
    landscape.stack.kill("connect")
    time.sleep(1)
    landscape.stack.start("connect")
    with closing(ConnectClient(landscape.hub.places.connect, landscape.clock)) as client:
        for name in client.connectors():
            client.wait_running(name, WAIT_SECONDS)
        time.sleep(SETTLED_SECONDS)
        states = {name: client.status(name) for name in client.connectors()}
    assert states
    assert all(state.running for state in states.values()), states
