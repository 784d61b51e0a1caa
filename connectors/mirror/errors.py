"""What the mirror refuses, in words that say what to do next."""

from __future__ import annotations

from golden_records.domain.errors import TerminalError


class MirrorError(TerminalError):
    """A mirror table or mapping cannot be used as it is."""


class MappingRefusedError(MirrorError):
    """A mapping does not load; run the check of the catalogue, it lists every problem."""
