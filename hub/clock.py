"""The machine's clock: the one place where the present is read."""

from __future__ import annotations

import time
from datetime import UTC, datetime


class SystemClock:
    """`golden_records.domain.clock.Clock` on the machine's own time."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)
