"""Four systems, the hub between them, on servers of their own that may be killed."""

from __future__ import annotations

import json
import subprocess
import sys
import time

from config.settings import Settings
from demo import world
from demo.databases import Servers
from demo.population import Sizes
from hub.bootstrap import demonstrating
from hub.bootstrap.loading import phase_service, wait_for_snapshots
from hub.cli.phase import train_new
from hub.clock import SystemClock
from hub.stack.stack import Stack
from tests.faults import audit
from tests.faults.crew import ROOT, Crew, environment
from tests.faults.player import Player

SIZES = Sizes(customers=150, skus=120)
SETTLE_SECONDS = 180.0
CHECK_SECONDS = 400


class Landscape:
    """Brought up once; every test leaves it running, with one worker."""

    def __init__(self, folder, seed):
        self.seed = seed
        self.clock = SystemClock()
        given = Settings()
        self.settings = given.model_copy(
            update={
                "state_dir": folder / "state",
                "postgres_url": None,
                "kafka_bootstrap": None,
                "connect_url": None,
                "mariadb_url": None,
            }
        )
        self.stack = Stack(self.settings, self.clock)
        self.state = self.settings.state_dir / "demo"
        self.crew = None
        self.hub = None

    def up(self):
        info = self.stack.up()
        self.servers = Servers(postgres=info.postgres_url, mariadb=info.mariadb_url)
        demonstrating.keep_secrets(self.settings, info)
        now = self.clock.now()
        world.build(self.servers, seed=self.seed, sizes=SIZES, now=now).save(self.state)
        audit.install(self.servers)
        self.hub = demonstrating.connect_demo(self.settings, self.clock, lambda _: None)
        self.crew = Crew(self.settings, self.state)
        self.crew.hire()
        wait_for_snapshots(self.hub, demonstrating.SYSTEMS, SETTLE_SECONDS, lambda _: None)
        train_new(self.hub, set(self.hub.catalogue.entities), lambda _: None)
        self._go_live()

    def _go_live(self):
        phases = phase_service(self.hub)
        pairs = [(mapping.system, mapping.entity) for mapping in self.hub.catalogue.mappings]
        phases.load(pairs)
        self.wait_for("marks")
        phases.go_live(pairs)
        with self.hub.work() as work:
            for system in demonstrating.SYSTEMS:
                work.registry.switch(system, live=True)
            work.commit()
        self.wait_for("marks")
        self.wait_for("publications")

    def wait_for(self, what, timeout=SETTLE_SECONDS):
        deadline = time.monotonic() + timeout
        while left := demonstrating.waiting(self.hub)[what]:
            assert time.monotonic() < deadline, f"{left} {what} left"
            time.sleep(0.5)

    def play(self, *, seed, rate=10):
        player = Player(self.servers, self.state, seed=seed, rate=rate)
        player.start()
        return player

    def check(self):
        """Assert that everything is as the independent judge and the hub itself say it must be."""
        command = ["-m", "demo.check", "--timeout", str(CHECK_SECONDS), "--state", str(self.state)]
        command += ["--postgres", self.servers.postgres, "--mariadb", self.servers.mariadb]
        judged = self._run(command)
        assert judged.returncode == 0, judged.stdout
        verified = self.command("verify", "--json")
        assert verified.returncode == 0, verified.stdout + verified.stderr
        assert json.loads(verified.stdout)["quarantined"] == 0
        assert audit.writes(self.servers) > 0
        assert audit.stale_overwrites(self.servers, self.state) == []
        assert audit.idle_writes(self.servers) == []
        assert self.crew.unexpected() == []

    def command(self, *words):
        """Run a command of the hub as its operator would."""
        return self._run(["-m", "hub.cli", *words])

    def _run(self, words):
        return subprocess.run(
            [sys.executable, *words],
            env=environment(self.settings),
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )

    def close(self):
        if self.crew is not None:
            self.crew.close()
        if self.hub is not None:
            self.hub.engine.dispose()
        self.stack.reset()
