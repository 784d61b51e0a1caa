"""Record matching: pure functions from records to decisions, each with its reasons."""

from __future__ import annotations
