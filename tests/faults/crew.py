"""Worker processes that are started again when they end, as a machine's own supervisor does."""

from __future__ import annotations

import contextlib
import itertools
import os
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
KILLED = -9
FAILPOINT = 137
NOT_ANSWERING = 3
START_AGAIN = 75
EXPECTED = frozenset({KILLED, FAILPOINT, NOT_ANSWERING, START_AGAIN, 0})
LOOK_SECONDS = 0.2
AGAIN_SECONDS = 1.0


def environment(settings):
    """The process's own, except that it leads to this state folder and to no server by setting."""
    servers = ("MDHUB_POSTGRES_URL", "MDHUB_KAFKA_BOOTSTRAP", "MDHUB_CONNECT_URL")
    left_out = {*servers, "MDHUB_MARIADB_URL"}
    kept = {name: value for name, value in os.environ.items() if name not in left_out}
    return kept | {
        "MDHUB_STATE_DIR": str(settings.state_dir),
        "MDHUB_CACHE_DIR": str(settings.cache_dir),
        "PYTHONPATH": str(ROOT),
    }


@dataclass
class Worker:
    """One seat in the crew; its process changes."""

    name: str
    environment: dict
    log: Path
    process: subprocess.Popen = field(init=False)

    def __post_init__(self):
        self.start()

    def start(self):
        with self.log.open("ab") as stream:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "hub.cli", "work", "--log-level", "WARNING"],
                env=self.environment | {"PGAPPNAME": self.name},
                stdout=stream,
                stderr=stream,
                start_new_session=True,
            )


class Crew:
    """Workers by name, tended by a thread."""

    def __init__(self, settings, folder):
        self._environment = environment(settings)
        self._folder = folder
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._numbers = itertools.count(1)
        self.workers = {}
        self.ends = []
        self._thread = threading.Thread(target=self._tend, daemon=True)
        self._thread.start()

    def hire(self):
        """Start one more worker, which is started again whenever it ends."""
        with self._lock:
            name = f"worker-{next(self._numbers)}"
            log = self._folder / f"{name}.log"
            self.workers[name] = Worker(name, self._environment, log)
        return name

    def kill(self, name):
        """SIGKILL; another process takes the seat a moment later."""
        self.workers[name].process.kill()

    def dismiss(self, name, *, kill=False):
        """Stop the worker for good."""
        with self._lock:
            worker = self.workers.pop(name)
        (worker.process.kill if kill else worker.process.terminate)()
        with contextlib.suppress(subprocess.TimeoutExpired):
            return worker.process.wait(30)
        worker.process.kill()
        return worker.process.wait()

    def run_into(self, failpoint, timeout):
        """Run one worker until it ends at the failpoint; return its exit code."""
        log = self._folder / "failpoints.log"
        order = self._environment | {"MDHUB_FAILPOINT": failpoint}
        worker = Worker("failpoint", order, log)
        try:
            return worker.process.wait(timeout)
        except subprocess.TimeoutExpired:
            return None
        finally:
            worker.process.kill()
            worker.process.wait()

    def close(self):
        self._ended.set()
        self._thread.join()
        for name in list(self.workers):
            self.dismiss(name, kill=True)

    def unexpected(self):
        """Exit codes that no fault of the landscape explains, with the end of the log."""
        return [
            f"{name} ended with {code}: {self.tail(name)}"
            for name, code in self.ends
            if code not in EXPECTED
        ]

    def tail(self, name):
        return (self._folder / f"{name}.log").read_text(errors="replace")[-3000:]

    def _tend(self):
        while not self._ended.wait(LOOK_SECONDS):
            with self._lock:
                gone = [one for one in self.workers.values() if one.process.poll() is not None]
            for worker in gone:
                self.ends.append((worker.name, worker.process.returncode))
                if self._ended.wait(AGAIN_SECONDS):
                    return
                with self._lock:
                    if worker.name in self.workers:
                        worker.start()
