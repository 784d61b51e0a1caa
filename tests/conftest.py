"""Servers, databases and rules for every test.

Servers are taken from the settings (MDHUB_POSTGRES_URL and so on); what is not named there is
started on the first use, in a state directory of the run, and stopped and deleted at its end.
"""

from __future__ import annotations

import os
import uuid
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from hypothesis import HealthCheck, settings as hypothesis
from xdist.scheduler.loadfile import LoadFileScheduling  # type: ignore[import-untyped]

from config.settings import Settings
from golden_records.store.schema import migrate
from golden_records.store.work import make_engine
from hub.bootstrap.places import with_database
from hub.stack.stack import Stack

ROOT = Path(__file__).parents[1]
DUMPS = ROOT.parent / "shared"
DUMPS_ABSENT = "the dumps are absent"
"""The one reason for which a test may be skipped where CI runs."""

# Examples are counted, not timed: how long one takes says more about the machine.
hypothesis.register_profile("dev", max_examples=50, deadline=None)
hypothesis.register_profile(
    "ci",
    max_examples=500,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
hypothesis.load_profile("ci" if os.environ.get("CI") else "dev")


# --- rules ------------------------------------------------------------------------------------


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    """Let the tests that have servers use the network, and nobody else.

    Random examples run untraced: what they happen to reach is no measure of what is covered, and
    tracing makes them take three times as long.
    """
    for item in items:
        if any(item.get_closest_marker(name) for name in ("postgres", "stack", "slow")):
            item.add_marker(pytest.mark.enable_socket)
        if item.get_closest_marker("hypothesis"):
            item.add_marker(pytest.mark.no_cover)
    items.sort(key=_servers_needed)


def _servers_needed(item):
    """Servers and workers that idle take time from the rest, so each starts as late as can be."""
    if item.path.parent.name == "faults":
        return 3
    return 2 if item.get_closest_marker("stack") else bool(item.get_closest_marker("postgres"))


class OneStack(LoadFileScheduling):  # type: ignore[misc]  # untyped
    """Shares out files of tests; all that need more than PostgreSQL go to the same process.

    The servers are started once a process, and two stacks would be in each other's way.
    """

    def _split_scope(self, nodeid):
        file = super()._split_scope(nodeid)
        return "stack" if self._needs_stack(file) else file

    @staticmethod
    @cache
    def _needs_stack(file):
        return "pytest.mark.stack" in (ROOT / file).read_text()


def pytest_xdist_make_scheduler(config, log):
    """Who shares out has collected nothing himself: he knows names, and reads the files."""
    return OneStack(config, log)


def _unexpected_skips(config):
    skipped = config.pluginmanager.getplugin("terminalreporter").stats.get("skipped", [])
    return [one for one in skipped if not str(one.longrepr[-1]).endswith(DUMPS_ABSENT)]


def pytest_sessionfinish(session):
    """Fail a run of CI that skipped what it should have run."""
    shares = hasattr(session.config, "workerinput")  # who hands out the tests judges them all
    if not os.environ.get("CI") or shares or session.exitstatus != 0:
        return
    if _unexpected_skips(session.config):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter, config):
    unexpected = _unexpected_skips(config)
    if os.environ.get("CI") and unexpected:
        terminalreporter.section("a skip counts as a failure here")
        for one in unexpected:
            terminalreporter.write_line(f"{one.nodeid}: {one.longrepr[-1]}")


# --- servers ----------------------------------------------------------------------------------


class Servers:
    """The servers of a run, each had on its first use."""

    def __init__(self, settings):
        self._stack = Stack(settings)

    def url(self, name):
        info = getattr(self._stack.status(), name)
        if not info.usable:
            info = getattr(self._stack.up(frozenset({name})), name)
        return info.url

    def close(self):
        self._stack.reset()


@pytest.fixture(scope="session")
def stack(tmp_path_factory):
    """`stack.url("kafka")` has that server running; prefer the fixtures below."""
    state = tmp_path_factory.mktemp("servers")
    servers = Servers(Settings().model_copy(update={"state_dir": state}))
    yield servers
    servers.close()


@pytest.fixture(scope="session")
def postgres_url(stack):
    """The superuser's URL of the database `postgres`; make databases, leave this one alone."""
    return stack.url("postgres")


@pytest.fixture(scope="session")
def kafka_bootstrap(stack):
    return stack.url("kafka")


@pytest.fixture(scope="session")
def connect_url(stack):
    return stack.url("connect")


@pytest.fixture(scope="session")
def mariadb_url(stack):
    return stack.url("mariadb")


@pytest.fixture(scope="session")
def servers_settings(stack):
    """Settings that name every server of this run, for what finds its servers by settings."""
    urls = {f"{name}_url": stack.url(name) for name in ("postgres", "connect", "mariadb")}
    return Settings().model_copy(update={**urls, "kafka_bootstrap": stack.url("kafka")})


# --- databases --------------------------------------------------------------------------------


class Databases:
    """Makes databases on the run's PostgreSQL, and drops them at its end."""

    def __init__(self, url):
        self._url = url
        self._made = []

    def make(self, template="template0"):
        """Return the URL of a new database, a copy of the template."""
        name = f"test_{uuid.uuid4().hex[:16]}"
        self._run(f"CREATE DATABASE {name} TEMPLATE {template}")
        self._made.append(name)
        if template != "template0":
            # A hub's: nothing reads its log, and what outlives a server has one of its own
            # (tests/faults).
            self._run(f"ALTER DATABASE {name} SET synchronous_commit = off")
        return with_database(self._url, name)

    def close(self):
        for name in self._made:
            self._run(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def _run(self, statement):
        with psycopg.connect(self._url, autocommit=True) as session:
            session.execute(statement)


@pytest.fixture(scope="session")
def databases(postgres_url):
    made = Databases(postgres_url)
    yield made
    made.close()


@pytest.fixture(scope="session")
def _migrated(databases):
    """The name of a database with the hub's schema, to be copied."""
    url = databases.make()
    engine = make_engine(url)
    migrate(engine)
    engine.dispose()
    return urlsplit(url).path[1:]


@pytest.fixture
def empty_database(databases):
    """The URL of an empty database for one test."""
    return databases.make()


@pytest.fixture
def hub_database(databases, _migrated):
    """The URL of a database with the hub's newest schema and no row, for one test."""
    return databases.make(_migrated)


# --- material ---------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def dumps():
    """The folder of dumps of real systems and feeds, which is no part of the project."""
    if not DUMPS.is_dir():
        pytest.skip(DUMPS_ABSENT)
    return DUMPS
