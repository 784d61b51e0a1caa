"""Everything about the whole way in one run on one machine.

python -m benchmarks spine [--json] [--events N] [--goldens N] [--small N] [--keep DIR]
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.spine import latency, sink
from benchmarks.spine.population import SHOP_SHARE, Feed
from benchmarks.spine.site import DATABASES, TOPICS, Rate, Site, Worker, watch
from hub.bootstrap.loading import phase_service, wait_for_snapshots
from hub.bootstrap.verifying import verification
from hub.cli.phase import train_new

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from benchmarks.spine.population import Event
    from hub.bootstrap.opening import Hub

LIVE = 2_000
PROBE_EVENTS = 10_000
PROBES = 3
LATENCY_RATE = 200
WITH_SCHEMAS = 100_000
"""So many messages are written once more, with their schemas."""
TARGETS = {
    "mirror_over_sink": (">=", 3.0),
    "whole_over_sink": (">=", 0.5),
    "whole_events_per_second": (">=", 2_500.0),
    "commit_to_golden_p99_seconds": ("<=", 1.0),
    "commit_to_target_p99_seconds": ("<=", 2.0),
    "cost_ratio_large_over_small": ("<=", 1.3),
    "worker_megabytes": ("<=", 500.0),
    "verify_differences": ("<=", 0.0),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How much."""

    events: int
    goldens: int
    small: int
    latency_seconds: float


@dataclass(slots=True)
class Run:
    """The acts, in their order; each adds to the report."""

    site: Site
    plan: Plan
    report: dict[str, Any] = field(default_factory=dict)
    produced: int = 0
    seed: int = 0
    feed: Feed = field(default_factory=lambda: Feed(DATABASES))

    def play(self) -> None:
        hub = self.site.up(LIVE)
        self.site.twin(hub, "mirror")
        worker = self.site.work()
        self._load(hub, worker)
        self.report["cost_small"] = self._probe(hub, worker, self.plan.small)
        self._grow(worker)
        worker.stop()
        self._write()
        self.site.tell("Debezium's JDBC sink, one task")
        self._rate("sink", sink.measure(self.site))
        self.report["sink"]["rows"] = sink.rows(self.site)
        self._rate("sink_tuned", sink.measure(self.site, sink.TUNED))
        self._schemas()
        self._rate("bare", self._bare())
        self._rate("mirror", self._mirror())
        worker = self.site.work()
        self._rate("whole", self._whole(worker))
        self.report["cost_large"] = self._probe(hub, worker, self.plan.goldens)
        self._latency(hub, worker)
        self.report["worker_bytes"] = worker.peak_bytes
        worker.stop()
        self._verify(hub)

    def _load(self, hub: Hub, worker: Worker) -> None:
        """The small population, through the phases as an operator would lead it."""
        self.site.tell(f"loading {self.plan.small} customers")
        self._produce(self.feed.inserts(0, self.plan.small))
        wait_for_snapshots(hub, list(DATABASES), 600, self.site.tell)
        self._drain(hub, worker)
        train_new(hub, set(hub.catalogue.entities), self.site.tell)
        phases = phase_service(hub)
        pairs = [(mapping.system, mapping.entity) for mapping in hub.catalogue.mappings]
        phases.load(pairs)
        self._drain(hub, worker)
        phases.go_live(pairs)
        self._drain(hub, worker)

    def _grow(self, worker: Worker) -> None:
        """Every customer is new, is compared with all others, and gets a golden record."""
        self.site.tell(f"growing to {self.plan.goldens} customers")
        before = self._received("mdhub")
        self._produce(self.feed.inserts(self.plan.small, self.plan.goldens))
        expected = self.site.ends(TOPICS.values())
        self._rate("new_customers", self._until_drained("mdhub", worker, expected, before))

    def _write(self) -> None:
        """Bring the feed to be measured into the topics; nobody reads meanwhile."""
        self.site.tell(f"writing {self.plan.events} events")
        self._produce(self.feed.mixed(self.plan.events, self.plan.goldens, self._next_seed()))
        self.report["events"] = self.produced

    def _schemas(self) -> None:
        """The sink on messages that carry their schemas, as Connect writes them by default."""
        feed = Feed(DATABASES).updates(
            min(self.plan.events, WITH_SCHEMAS), self.plan.goldens, self._next_seed()
        )
        self.site.produce(map(sink.with_schema, feed), sink.SCHEMAS_TOPIC)
        self._rate("sink_schemas", sink.measure(self.site, sink.SCHEMAS))

    def _bare(self) -> Rate:
        self.site.tell("bare Faust with the hub's transport")
        reader = self.site.bare("bare")
        topics = list(TOPICS.values())
        rate = watch(
            lambda: self.site.committed("bare.hub", topics),
            self.site.ends(topics),
            idle=lambda: True,
            worker=reader,
        )
        reader.stop()
        return rate

    def _mirror(self) -> Rate:
        self.site.tell("the mirror alone")
        worker = self.site.work("mirror")
        rate = self._until_drained("mirror", worker, self.site.ends(TOPICS.values()))
        self.report["mirror_bytes"] = worker.peak_bytes
        worker.stop()
        return rate

    def _whole(self, worker: Worker) -> Rate:
        self.site.tell("the whole way, matching and merging on")
        before = self._received("mdhub")
        cost = worker.cost()
        rate = self._until_drained("mdhub", worker, self.site.ends(TOPICS.values()), before)
        spent = worker.cost().since(cost)
        self.report["whole_cpu"] = {"worker": spent.worker, "postgres": spent.postgres}
        self.report["goldens"] = self._count("mdhub", "SELECT count(*) FROM hub.golden")
        return rate

    def _probe(self, hub: Hub, worker: Worker, customers: int) -> dict[str, float]:
        """The median cost of the same number of changes, one customer at most once in each.

        What the acts before left for the server to tidy up is tidied first: it is their cost.
        """
        self._tidy()
        self.site.tell(f"the cost of {PROBE_EVENTS} events at {customers} golden records")
        spent, spans = [], []
        count = min(PROBE_EVENTS, customers)
        for _ in range(PROBES):
            before, began = worker.cost(), time.perf_counter()
            self._produce(self.feed.updates(count, customers, self._next_seed()))
            self._drain(hub, worker)
            spent.append(worker.cost().since(before).total / count)
            spans.append((time.perf_counter() - began) / count)
        middle = PROBES // 2
        return {
            "cpu_microseconds": sorted(spent)[middle] * 1e6,
            "wall_microseconds": sorted(spans)[middle] * 1e6,
        }

    def _latency(self, hub: Hub, worker: Worker) -> None:
        self.site.tell(f"latency at {LATENCY_RATE} changes a second")
        with hub.work() as work:
            work.registry.switch("shop", live=True)
            work.commit()
        self.report["latency"] = latency.measure(
            self.site, live=LIVE, rate=LATENCY_RATE, seconds=self.plan.latency_seconds
        )
        self._drain(hub, worker)

    def _verify(self, hub: Hub) -> None:
        self.site.tell("verifying")
        found = verification(hub).verify(lambda _: None)
        self.report["verify"] = {
            "differences": len(found.differences),
            **found.totals,
            "first": found.differences[:5],
        }

    # --- counting ---

    def _produce(self, events: Iterable[Event]) -> None:
        self.produced += self.site.produce(events)

    def _next_seed(self) -> int:
        self.seed += 1
        return self.seed

    def _drain(self, hub: Hub, worker: Worker) -> None:
        """Wait until everything that was sent is applied and resolved."""
        del hub
        self._until_drained("mdhub", worker, self.site.ends(TOPICS.values()))

    def _until_drained(self, name: str, worker: Worker, expected: int, before: int = 0) -> Rate:
        marks = "SELECT count(*) FROM (SELECT FROM hub.dirty_root LIMIT 1) AS one"
        return watch(
            lambda: self._received(name) - before,
            expected - before,
            idle=lambda: not self._count(name, marks),
            worker=worker,
        )

    def _received(self, name: str) -> int:
        return self._count(name, "SELECT coalesce(sum(received), 0) FROM hub.feed_count")

    def _count(self, name: str, query: str) -> int:
        with self.site.session(name) as session:
            return int(session.execute(query).fetchone()[0])  # type: ignore[index]

    def _tidy(self) -> None:
        with self.site.session("mdhub") as session:
            session.execute("VACUUM (ANALYZE)")

    def _rate(self, name: str, rate: Rate) -> None:
        self.report[name] = {
            "events": rate.events,
            "seconds": round(rate.seconds, 1),
            "events_per_second": round(rate.per_second),
        }
        self.site.tell(f"{name}: {rate.per_second:,.0f} events/s in {rate.seconds:.1f} s")


def figures(report: dict[str, Any]) -> dict[str, float]:
    """Return what the targets are about."""
    sunk = report["sink"]["events_per_second"] or 1
    tuned = report["sink_tuned"]["events_per_second"] or 1
    schemas = report["sink_schemas"]["events_per_second"] or 1
    return {
        "mirror_over_sink": report["mirror"]["events_per_second"] / sunk,
        "mirror_over_tuned_sink": report["mirror"]["events_per_second"] / tuned,
        "mirror_over_sink_with_schemas": report["mirror"]["events_per_second"] / schemas,
        "whole_over_sink": report["whole"]["events_per_second"] / sunk,
        "whole_over_tuned_sink": report["whole"]["events_per_second"] / tuned,
        "whole_over_sink_with_schemas": report["whole"]["events_per_second"] / schemas,
        "whole_events_per_second": report["whole"]["events_per_second"],
        "commit_to_golden_p99_seconds": report["latency"]["commit_to_golden"]["p99"],
        "commit_to_target_p99_seconds": report["latency"]["commit_to_target"]["p99"],
        "cost_ratio_large_over_small": report["cost_large"]["cpu_microseconds"]
        / report["cost_small"]["cpu_microseconds"],
        "worker_megabytes": report["worker_bytes"] / 2**20,
        "verify_differences": report["verify"]["differences"],
    }


COMPARED: dict[str, Callable[[float, float], bool]] = {
    ">=": lambda found, wanted: found >= wanted,
    "<=": lambda found, wanted: found <= wanted,
}


def judged(report: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return every target with what was found."""
    return {
        name: {
            "found": round(found, 3),
            "wanted": f"{TARGETS[name][0]} {TARGETS[name][1]:g}",
            "reached": COMPARED[TARGETS[name][0]](found, TARGETS[name][1]),
        }
        for name, found in figures(report).items()
        if name in TARGETS
    }


def _say(text: str) -> None:
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {text}\n")
    sys.stderr.flush()


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks spine", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON alone")
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--goldens", type=int, default=0, help="default: 0.3 x events")
    parser.add_argument("--small", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=60.0, help="of the latency measurement")
    chosen = parser.parse_args(argv)
    plan = Plan(
        events=chosen.events,
        goldens=chosen.goldens or max(chosen.small, int(chosen.events * 0.3)),
        small=chosen.small,
        latency_seconds=chosen.seconds,
    )
    with tempfile.TemporaryDirectory(prefix="mdhub-spine-", ignore_cleanup_errors=True) as folder:
        site = Site(Path(folder), _say)
        run = Run(site, plan)
        try:
            run.play()
        finally:
            site.down()
    result = {
        "targets": judged(run.report),
        "figures": figures(run.report),
        "shop_share": 1 / SHOP_SHARE,
        **run.report,
    }
    if chosen.json:
        sys.stdout.write(json.dumps(result, indent=2, default=str) + "\n")
        return 0
    for name, target in result["targets"].items():
        mark = "reached" if target["reached"] else "MISSED"
        sys.stdout.write(f"{name:34}{target['found']:>14,.3f}  {target['wanted']:>9}  {mark}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
