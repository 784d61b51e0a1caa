"""Ends the process at one named place, as `kill -9` would: the fault tests' way to be exact."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Final

from golden_records.domain.errors import TerminalError
from golden_records.domain.failpoints import Failpoint, carry_on

if TYPE_CHECKING:
    from golden_records.domain.failpoints import Reached

EXIT_KILLED: Final = 137


class FailpointUnknown(TerminalError):
    """MDHUB_FAILPOINT is PLACE or PLACE:COUNT; correct or unset it."""


class KillAt:
    """Ends the process when the place is reached for the count-th time; threads may share it."""

    def __init__(self, place: Failpoint, count: int) -> None:
        self._place = place
        self._left = count
        self._lock = threading.Lock()

    def __call__(self, place: Failpoint) -> None:
        if place is self._place:
            with self._lock:
                self._left -= 1
                if self._left == 0:
                    os._exit(EXIT_KILLED)


def failpoint(text: str | None) -> Reached:
    """Read `PLACE[:COUNT]`; without a text nothing ever happens."""
    if text is None:
        return carry_on
    place, _, count = text.partition(":")
    try:
        return KillAt(Failpoint(place), int(count or 1))
    except ValueError as error:
        places = ", ".join(Failpoint)
        message = f"there is no failpoint {text!r}; write PLACE or PLACE:COUNT with {places}"
        raise FailpointUnknown(message, text=text) from error
