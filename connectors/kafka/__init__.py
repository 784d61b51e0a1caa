"""What is not a stream, by kafka-python: replay, inspection, dead letters, topics."""

from __future__ import annotations
