"""The places at which a test may end the process: on either side of every lasting step.

A service is handed a function that is told when a place is reached; by default nothing happens
there, and the call is all that it costs.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum


class Failpoint(StrEnum):
    """A side of a commit. A crash between two of them must lose, repeat and overwrite nothing."""

    APPLY_BEFORE_COMMIT = "t1.before_commit"
    APPLY_AFTER_COMMIT = "t1.after_commit"
    RESOLVE_BEFORE_COMMIT = "t2.before_commit"
    RESOLVE_AFTER_COMMIT = "t2.after_commit"
    LOAD_BEFORE_COMMIT = "load.before_commit"
    LOAD_AFTER_COMMIT = "load.after_commit"
    TARGET_BEFORE_COMMIT = "target.before_commit"
    TARGET_AFTER_COMMIT = "target.after_commit"
    LEDGER_BEFORE_CLOSE = "ledger.before_close"
    LEDGER_AFTER_CLOSE = "ledger.after_close"


Reached = Callable[[Failpoint], None]


def carry_on(_place: Failpoint) -> None:
    """Nothing happens at any place."""
