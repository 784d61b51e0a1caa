"""Replay or skip what was set aside: nothing is lost, and nothing is applied twice.

A record goes through the apply service as if the feed had brought it again. That commits before
the row is closed, so a crash between the two leaves the row open, and a second replay finds the
change applied: a duplicate. What fails again stays open with the new error.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from golden_records.domain.errors import TerminalError
from golden_records.ports import Mark, UnitOfWork

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from golden_records.domain.clock import Clock
    from golden_records.domain.feed import Chunk
    from hub.services.apply import Apply

OPEN, REPLAYED, SKIPPED = "OPEN", "REPLAYED", "SKIPPED"
REPLAY_PRIORITY = 1


class NotSetAside(TerminalError):
    """There is no such open row in the quarantine; see `mdhub quarantine list`."""


class Aside(Protocol):
    """The quarantine's rows, seen by those who empty it."""

    def rows(self, wanted: Mapping[str, object]) -> list[dict[str, Any]]: ...

    def row(self, row_id: int) -> dict[str, Any] | None: ...

    def chunk(self, row_id: int) -> Chunk | None: ...

    def close(self, row_id: int, state: str, note: str = "") -> bool: ...

    def failed_again(self, row_id: int, error: str, message: str) -> None: ...


class QuarantineWork(UnitOfWork, Protocol):
    """A transaction that also reaches the quarantine."""

    @property
    def quarantine(self) -> Aside: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which rows; everything open by default."""

    states: Sequence[str] = (OPEN,)
    kind: str | None = None
    error: str | None = None
    limit: int = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """What became of one row: REPLAYED, or OPEN with the error that it met again."""

    id: int
    kind: str
    state: str
    error: str | None = None
    message: str | None = None


class Quarantine:
    """The quarantine service."""

    def __init__(self, work: Callable[[], QuarantineWork], apply: Apply, clock: Clock) -> None:
        self._work = work
        self._apply = apply
        self._clock = clock

    def rows(self, wanted: Wanted) -> list[dict[str, Any]]:
        with self._work() as work:
            return work.quarantine.rows(
                {
                    "states": list(wanted.states),
                    "kind": wanted.kind,
                    "error": wanted.error,
                    "limit": wanted.limit,
                }
            )

    def show(self, row_id: int) -> dict[str, Any]:
        with self._work() as work:
            row = work.quarantine.row(row_id)
        if row is None:
            raise NotSetAside(id=row_id)
        return row

    def replay(self, row_ids: Iterable[int]) -> Iterator[Replay]:
        """Replay open rows in the order of their ids, each on its own."""
        for row_id in sorted(set(row_ids)):
            row = self._open(row_id)
            yield self._record(row_id) if row["kind"] == "record" else self._root(row)

    def skip(self, row_id: int, *, actor: str, reason: str) -> None:
        """Close a row for good; its bytes stay in the table."""
        self._open(row_id)
        self._close(row_id, SKIPPED, f"\nskipped by {actor}: {reason}")

    def _open(self, row_id: int) -> dict[str, Any]:
        row = self.show(row_id)
        if row["state"] != OPEN:
            message = f"row {row_id} is {row['state']} already; only open rows are replayed"
            raise NotSetAside(message, id=row_id, state=row["state"])
        return row

    def _record(self, row_id: int) -> Replay:
        with self._work() as work:
            chunk = work.quarantine.chunk(row_id)
        if chunk is None:
            raise NotSetAside(id=row_id)
        outcome = self._apply.apply([chunk])
        if not outcome.quarantined:
            self._close(row_id, REPLAYED)
            return Replay(id=row_id, kind="record", state=REPLAYED)
        (bad,) = outcome.quarantined
        with self._work() as work:
            work.quarantine.failed_again(row_id, bad.error, bad.message)
            work.commit()
        return Replay(id=row_id, kind="record", state=OPEN, error=bad.error, message=bad.message)

    def _root(self, row: Mapping[str, Any]) -> Replay:
        """Mark the root and close the row in one transaction; it may be set aside anew later."""
        now = self._clock.now()
        mark = Mark(
            id=0,
            cause="replay",
            priority=REPLAY_PRIORITY,
            changed_at=None,
            marked_at=now,
            **row["mark"],
        )
        with self._work() as work:
            if work.quarantine.close(row["id"], REPLAYED):
                work.marks.put_back([(mark, now)])
            work.commit()
        return Replay(id=row["id"], kind="root", state=REPLAYED)

    def _close(self, row_id: int, state: str, note: str = "") -> None:
        with self._work() as work:
            work.quarantine.close(row_id, state, note)
            work.commit()
