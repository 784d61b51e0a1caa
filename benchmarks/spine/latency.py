"""From a commit at a source to the golden record and to the target, seen from outside.

Real commits in the ERP's database, through Debezium; two observers look at the golden records and
at the shop's table every few milliseconds. Each change of a row carries a number that rises, so a
change that a later one of the same row overtook counts as arrived with it. What an observer adds
is at most the time between two of its looks. They look at one row in ten: looking at all of them
took a whole processor. What never arrived counts as the whole time that was waited for it.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Any

from benchmarks.spine.site import DATABASES, LIVE_FIRST

if TYPE_CHECKING:
    from collections.abc import Mapping

    from benchmarks.spine.site import Site

LOOK_SECONDS = 0.03
ARRIVE_SECONDS = 60.0
WARM_SHARE = 0.1
SESSIONS = 4
WATCHED_EVERY = 10

GOLDEN = """
SELECT s.key::bigint, (g.attrs ->> 'credit_limit')::numeric
FROM hub.source_record s
JOIN hub.link l ON l.record_id = s.id AND l.state = 'MATCH' AND l.valid_to IS NULL
JOIN hub.golden g ON g.id = l.golden_id
WHERE s.entity = 'customer' AND s.system = 'erp' AND s.key = ANY(%(keys)s)
"""
SHOP = "SELECT id - 5000000, credit_limit FROM account WHERE id = ANY(%(ids)s)"


@dataclass(slots=True)
class Observer:
    """Looks at one place again and again, and notes when it first saw each number of each row."""

    site: Site
    database: str
    query: str
    parameters: Mapping[str, Any]
    seen: dict[int, list[tuple[float, float]]] = field(default_factory=lambda: defaultdict(list))
    _stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        last: dict[int, float] = {}
        with self.site.session(self.database) as session:
            while not self._stop.wait(LOOK_SECONDS):
                for row, value in session.execute(self.query, self.parameters).fetchall():
                    if last.get(row) != value:
                        last[row] = value
                        self.seen[row].append((float(value), time.perf_counter()))

    def stop(self) -> None:
        self._stop.set()

    def arrival(self, row: int, number: float) -> float | None:
        """When this number, or a later one, was first seen there."""
        return next((at for value, at in self.seen[row] if value >= number), None)


def measure(site: Site, *, live: int, rate: int, seconds: float) -> dict[str, dict[str, float]]:
    """Change `rate` rows a second; return p50 and p99 in seconds for both places."""
    rows = [LIVE_FIRST + number for number in range(live) if _watched(number)]
    golden = Observer(site, "mdhub", GOLDEN, {"keys": [str(row) for row in rows]})
    shop = Observer(site, DATABASES["shop"], SHOP, {"ids": [row + 5_000_000 for row in rows]})
    threads = [threading.Thread(target=one.run, daemon=True) for one in (golden, shop)]
    for thread in threads:
        thread.start()
    sent = _commit(site, live, rate, seconds)
    seen = [change for change in sent if _watched(change[0] - LIVE_FIRST)]
    _wait(seen, (golden, shop))
    for observer, thread in zip((golden, shop), threads, strict=True):
        observer.stop()
        thread.join()
    measured = seen[int(len(seen) * WARM_SHARE) :]
    return {
        "commit_to_golden": _spread(measured, golden),
        "commit_to_target": _spread(measured, shop),
        "sent": {"changes": len(sent), "per_second": len(sent) / (sent[-1][2] - sent[0][2])},
    }


def _watched(number: int) -> bool:
    """Every tenth of each session's rows: `number` is shared out among the sessions in turn."""
    return number // SESSIONS % WATCHED_EVERY == 0


def _commit(site: Site, live: int, rate: int, seconds: float) -> list[tuple[int, float, float]]:
    """One transaction a change; (row, number, when its commit had returned)."""
    share = (rate / SESSIONS, int(rate * seconds / SESSIONS))
    with ThreadPoolExecutor(SESSIONS) as pool:
        parts = [pool.submit(_session, site, live, share, at) for at in range(SESSIONS)]
        sent = [change for part in parts for change in part.result()]
    return sorted(sent, key=lambda change: change[2])


def _session(
    site: Site, live: int, share: tuple[float, int], at: int
) -> list[tuple[int, float, float]]:
    """The changes of one session: of rows that no other session changes, so that numbers rise."""
    rate, count = share
    rng = Random(at)  # noqa: S311 - made-up changes
    sent = []
    with site.session(DATABASES["erp"]) as session:
        began = time.perf_counter()
        for number in range(count):
            time.sleep(max(0.0, began + number / rate - time.perf_counter()))
            row = LIVE_FIRST + rng.randrange(live // SESSIONS) * SESSIONS + at
            value = 1_000_000 + number
            session.execute("UPDATE party SET credit_limit = %s WHERE id = %s", (value, row))
            sent.append((row, float(value), time.perf_counter()))
    return sent


def _wait(sent: list[tuple[int, float, float]], observers: tuple[Observer, ...]) -> None:
    newest = {row: number for row, number, _ in sent}
    deadline = time.perf_counter() + ARRIVE_SECONDS
    while time.perf_counter() < deadline:
        if all(o.arrival(*one) is not None for one in newest.items() for o in observers):
            return
        time.sleep(0.5)


def _spread(sent: list[tuple[int, float, float]], observer: Observer) -> dict[str, float]:
    times = [(observer.arrival(row, number), at) for row, number, at in sent]
    spans = sorted(ARRIVE_SECONDS if seen is None else seen - at for seen, at in times)
    return {
        "p50": spans[len(spans) // 2],
        "p99": spans[int(len(spans) * 0.99)],
        "never": sum(seen is None for seen, _ in times),
    }
