"""Normal forms by attribute type: pure functions from text to a comparable value or None."""

from __future__ import annotations
