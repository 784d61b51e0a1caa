"""The parts of the demo that need the hub: prepare, start workers, wait, sum up."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import config
from config.catalogue import load_catalogue
from config.folder import read_folder
from golden_records.domain.errors import TransientError
from golden_records.store.rows import fetch
from hub.bootstrap.connecting import connect
from hub.bootstrap.disconnecting import disconnect
from hub.bootstrap.places import find_places, with_database

if TYPE_CHECKING:
    from collections.abc import Callable

    from config.settings import Settings
    from golden_records.domain.clock import Clock
    from hub.bootstrap.opening import Hub
    from hub.stack.model import StackInfo

SYSTEMS: Final = ("erp", "cpq", "pim", "commerce")
STOP_SECONDS: Final = 20.0

WAITING: Final = """
SELECT (SELECT count(*) FROM hub.dirty_root) AS marks,
       (SELECT count(*) FROM hub.publication WHERE state IN ('PENDING', 'SENT')) AS publications
"""

SUMMARY: Final = {
    "feed": """
        SELECT system, sum(received) AS received, sum(applied) AS applied,
               sum(duplicate) AS duplicate, sum(stale) AS stale, sum(quarantined) AS quarantined
        FROM hub.feed_count GROUP BY system ORDER BY system""",
    "golden": """
        SELECT g.entity, count(*) FILTER (WHERE g.status = 'ACTIVE') AS golden,
               (SELECT count(*) FROM hub.source_record s
                WHERE s.entity = g.entity AND NOT s.deleted) AS records,
               count(*) FILTER (WHERE g.status = 'MERGED') AS merged,
               count(*) FILTER (WHERE g.status = 'RETIRED') AS retired
        FROM hub.golden g GROUP BY g.entity ORDER BY g.entity""",
    "conflicts": """
        SELECT kind, count(*) AS seen, count(*) FILTER (WHERE closed_at IS NULL) AS open
        FROM hub.conflict GROUP BY kind ORDER BY kind""",
    "writes": """
        SELECT w.target, w.entity, w.attribute_group AS "group",
               count(*) FILTER (WHERE w.sent_at IS NOT NULL) AS written,
               count(*) FILTER (WHERE w.state IN ('ECHOED', 'OVERTAKEN')) AS echoed,
               count(*) FILTER (WHERE w.state IN ('REJECTED')) AS rejected,
               round(extract(epoch FROM percentile_cont(0.5) WITHIN GROUP (
                 ORDER BY w.sent_at - w.cause_at))::numeric, 2) AS p50_s,
               round(extract(epoch FROM percentile_cont(0.99) WITHIN GROUP (
                 ORDER BY w.sent_at - w.cause_at))::numeric, 2) AS p99_s
        FROM hub.write_ledger w GROUP BY 1, 2, 3 ORDER BY 1, 2, 3""",
}


class WorkerDied(TransientError):
    """A worker ended by itself; its log says why."""


@dataclass(slots=True)
class Workers:
    """Worker processes of this program, with their logs in the state folder."""

    settings: Settings
    clock: Clock
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self, count: int) -> list[Path]:
        logs = []
        for number in range(1, count + 1):
            log = self.settings.state_dir / "demo" / f"worker-{number}.log"
            log.parent.mkdir(parents=True, exist_ok=True)
            with log.open("wb") as stream:
                process = subprocess.Popen(
                    [sys.executable, "-m", "hub.cli", "work", "--log-level", "WARNING"],
                    stdout=stream,
                    stderr=stream,
                    start_new_session=True,
                )
            self.processes.append(process)
            logs.append(log)
        return logs

    def check(self) -> None:
        dead = [p.returncode for p in self.processes if p.poll() is not None]
        if dead:
            folder = self.settings.state_dir / "demo"
            raise WorkerDied(f"a worker ended with {dead}; see the logs in {folder}")

    def stop(self) -> None:
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
        self.processes.clear()


def catalogue_folder() -> Path:
    """Return the demo's catalogue."""
    return Path(config.__file__).parent / "examples" / "demo"


def keep_secrets(settings: Settings, info: StackInfo) -> None:
    """Keep the demo systems' URLs as secret files, where later commands find them."""
    folder = settings.state_dir / "secrets"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for system in SYSTEMS:
        server = info.mariadb_url if system == "commerce" else info.postgres_url
        file = folder / f"DEMO_{system.upper()}_URL"
        file.touch(mode=0o600)
        file.write_text(with_database(server, f"demo_{system}"), encoding="utf-8")


def reset(settings: Settings, clock: Clock) -> None:
    """Forget an earlier demo."""
    systems = load_catalogue(read_folder(catalogue_folder())).systems.values()
    disconnect(settings, clock, find_places(settings, clock), list(systems))


def connect_demo(settings: Settings, clock: Clock, report: Callable[[str], None]) -> Hub:
    """Take the demo's catalogue into use."""
    return connect(settings, clock, catalogue_folder(), report)


def waiting(hub: Hub) -> dict[str, Any]:
    """Return how many roots and publications wait."""
    with hub.work() as work:
        return fetch(work.connection, WAITING)[0]


def wait_for(
    hub: Hub, workers: Workers, what: str, timeout: float, tell: Callable[[int], None]
) -> bool:
    """Wait until nothing of this kind waits; False when the time is up."""
    deadline = hub.clock.monotonic() + timeout
    while hub.clock.monotonic() < deadline:
        workers.check()
        left = int(waiting(hub)[what])
        tell(left)
        if left == 0:
            return True
        hub.clock.sleep(0.5)
    return False


def summary(hub: Hub) -> dict[str, list[dict[str, Any]]]:
    """Return what happened, by subject."""
    with hub.work() as work:
        return {name: fetch(work.connection, sql) for name, sql in SUMMARY.items()}
