"""`mdhub demo`: four systems, a minute of business, golden records, and an independent check."""

from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click
from rich.console import Console

from config.settings import Settings
from demo import workload, world
from demo.clock import WallClock
from demo.databases import Servers
from demo.population import Sizes
from hub.bootstrap import demonstrating
from hub.bootstrap.loading import phase_service, wait_for_snapshots
from hub.cli.output import FINDINGS, OK, table
from hub.cli.phase import train_new
from hub.clock import SystemClock
from hub.stack.stack import Stack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from demo.workload import Progress
    from hub.bootstrap.opening import Hub
    from hub.stack.model import StackInfo

SEED = 20_261_123
SETTLE_SECONDS = 300.0
CHECK_SECONDS = 180


@click.command()
@click.option("--once", is_flag=True, help="Stop everything at the end; exit 0 if the check holds.")
@click.option("--seconds", default=60.0, show_default=True, help="How long business is played.")
@click.option("--rate", default=40.0, show_default=True, help="Business changes a second.")
@click.option("--workers", default=1, show_default=True)
@click.option("--seed", default=SEED, show_default=True)
def demo(*, once: bool, seconds: float, rate: float, workers: int, seed: int) -> int:
    """Show the hub at work on real servers.

    Starts the local stack, fills an ERP, a CPQ and a PIM on PostgreSQL and a shop on MariaDB,
    connects them by Debezium, builds golden records, plays business for a minute and writes what
    was decided back. At the end a program that shares no code with the hub reads all four systems
    and holds every value against the workload's own record of what it did.

    \b
    Exit codes:
      0  the check holds
      1  it does not
    """  # noqa: D301 - click wants the backspace itself
    show = Show(Settings(), seconds, rate, seed)
    crew = demonstrating.Workers(show.settings, show.clock)
    try:
        show.prepare()
        hub = show.connect(crew, workers)
        show.play()
        show.settle(hub, crew)
        held = show.check()
        show.sum_up(hub)
    finally:
        if once:
            crew.stop()
            Stack(show.settings, show.clock).down()
    if not once:
        show.farewell()
    return OK if held else FINDINGS


class Show:
    """The acts of the demo, in their order, with their progress on the screen."""

    def __init__(self, settings: Settings, seconds: float, rate: float, seed: int) -> None:
        self.settings = settings
        self.clock = SystemClock()
        self.seed = seed
        self.pace = workload.Pace(seconds=seconds, rate=rate)
        self.state = settings.state_dir / "demo"
        self.console = Console(highlight=False)
        self.servers = Servers(postgres="", mariadb="")

    def prepare(self) -> None:
        with self._act("starting PostgreSQL, Kafka, Kafka Connect and MariaDB") as tell:
            info = Stack(self.settings, self.clock).up(progress=lambda n, w: tell(f"{n}: {w}"))
            self._use(info)
        with self._act("forgetting an earlier demo"):
            demonstrating.reset(self.settings, self.clock)
        with self._act("filling an ERP, a CPQ, a PIM and a shop") as tell:
            truth = world.build(self.servers, seed=self.seed, sizes=Sizes(), now=self.clock.now())
            truth.save(self.state)
            (self.state / world.JOURNAL_FILE).unlink(missing_ok=True)
            tell(f"{len(truth.records)} records in four systems that disagree")

    def connect(self, crew: demonstrating.Workers, workers: int) -> Hub:
        with self._act("connecting them by Debezium") as tell:
            hub = demonstrating.connect_demo(self.settings, self.clock, tell)
        with self._act("reading their snapshots into the mirrors") as tell:
            logs = crew.start(workers)
            wait_for_snapshots(hub, demonstrating.SYSTEMS, SETTLE_SECONDS, tell)
            tell(f"done; logs of the workers: {logs[0].parent}")
        with self._act("learning to match, without labels") as tell:
            train_new(hub, set(hub.catalogue.entities), tell)
        with self._act("matching and merging (SHADOW: nothing is published)") as tell:
            phases = phase_service(hub)
            phases.load([(m.system, m.entity) for m in hub.catalogue.mappings])
            left = _counting(tell, "roots to resolve")
            demonstrating.wait_for(hub, crew, "marks", SETTLE_SECONDS, left)
        with self._act("going LIVE: writing decided values back") as tell:
            phases.go_live([(m.system, m.entity) for m in hub.catalogue.mappings])
            self._switch_on(hub)
            left = _counting(tell, "writes to come")
            demonstrating.wait_for(hub, crew, "marks", SETTLE_SECONDS, lambda _: None)
            demonstrating.wait_for(hub, crew, "publications", SETTLE_SECONDS, left)
        return hub

    def play(self) -> None:
        with self._act(f"playing business for {self.pace.seconds:.0f} s") as tell:

            def progress(now: Progress) -> None:
                tell(f"{now.elapsed:.0f} s, {now.changes} record changes")

            final = workload.run(self.servers, self.state, self.pace, WallClock(), progress)
        self.console.print(workload.summary(final))

    def settle(self, hub: Hub, crew: demonstrating.Workers) -> None:
        with self._act("letting the last changes arrive") as tell:
            left = _counting(tell, "writes to come")
            demonstrating.wait_for(hub, crew, "publications", SETTLE_SECONDS / 3, left)

    def check(self) -> bool:
        self.console.print("[bold]independent check[/] (plain SQL on all four systems)")
        command = [sys.executable, "-m", "demo.check", "--timeout", str(CHECK_SECONDS)]
        command += ["--postgres", self.servers.postgres, "--mariadb", self.servers.mariadb]
        command += ["--state", str(self.state)]
        return subprocess.run(command, check=False).returncode == 0  # noqa: S603 - our own words

    def sum_up(self, hub: Hub) -> None:
        for name, rows in demonstrating.summary(hub).items():
            columns = list(rows[0]) if rows else []
            table(columns, [list(row.values()) for row in rows], title=name)

    def farewell(self) -> None:
        self.console.print(
            "\nThe demo goes on running. Look at it:\n"
            "  mdhub status                         what waits, what was written\n"
            "  mdhub golden show erp:customer:5777  a golden record, with the proof of its values\n"
            "  mdhub case list                      what a person has to decide\n"
            "  mdhub verify                         recompute everything and compare\n"
            "  mdhub stack status                   the servers, for psql and the like; views\n"
            "                                       golden_customer, crosswalk, lineage ...\n"
            "Stop it:\n"
            "  mdhub stack down"
        )

    def _use(self, info: StackInfo) -> None:
        self.servers = Servers(postgres=info.postgres_url, mariadb=info.mariadb_url)
        demonstrating.keep_secrets(self.settings, info)

    def _switch_on(self, hub: Hub) -> None:
        with hub.work() as work:
            for system in demonstrating.SYSTEMS:
                work.registry.switch(system, live=True)
            work.commit()

    @contextmanager
    def _act(self, title: str) -> Iterator[Callable[[str], None]]:
        """Say what is done, how it goes, and how long it took."""
        began = self.clock.monotonic()
        last = ""
        with self.console.status(f"[bold]{title}[/]") as status:

            def tell(text: str) -> None:
                nonlocal last
                last = text
                status.update(f"[bold]{title}[/]: {text}")

            yield tell
        took = self.clock.monotonic() - began
        self.console.print(f"[green]✓[/] {title} [dim]{took:.1f} s {last}[/]")


def _counting(tell: Callable[[str], None], what: str) -> Callable[[int], None]:
    return lambda left: tell(f"{left} {what}")
