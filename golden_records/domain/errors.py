"""The root of the hub's errors.

The docstring of a class is its default message, so every error has a sentence. Each error is
transient (the same call may succeed later) or terminal (somebody must change something first).
"""

from __future__ import annotations


class HubError(Exception):
    """The hub could not do what was asked."""

    def __init__(self, message: str | None = None, /, **facts: object) -> None:
        """Keep the facts (system, key, position, ...) beside the sentence for logs and JSON."""
        self.facts = facts
        super().__init__(message or self._sentence())

    @classmethod
    def _sentence(cls) -> str:
        return (cls.__doc__ or cls.__name__).strip().splitlines()[0]


class TransientError(HubError):
    """The outside did not answer as it should; the same call may succeed later."""


class TerminalError(HubError):
    """The call cannot succeed until somebody changes its input or the configuration."""
