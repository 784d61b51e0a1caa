"""What a worker looks after now and then, in a thread of its own, until told to stop."""

from __future__ import annotations

import logging
import threading
from abc import ABC, abstractmethod

from golden_records.domain.errors import HubError

log = logging.getLogger(__name__)


class LookingThread(threading.Thread, ABC):
    """Calls `look` again and again; what goes wrong in one look is logged, and the next comes."""

    def __init__(self, name: str, subject: str, seconds: float) -> None:
        """Take the subject as log lines name it, and the pause before each look."""
        super().__init__(name=name, daemon=True)
        self._subject = subject
        self._seconds = seconds
        self._stop_asked = threading.Event()

    def stop(self, timeout: float) -> None:
        self._stop_asked.set()
        self.join(timeout)

    def run(self) -> None:
        while not self._stop_asked.wait(self._seconds):
            try:
                self.look()
            except HubError as error:
                log.warning("looking after %s has to wait: %s", self._subject, error)
            except Exception:
                log.exception(
                    "looking after %s failed and begins again; report this", self._subject
                )

    @abstractmethod
    def look(self) -> None:
        """Look once."""
