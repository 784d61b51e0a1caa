"""The whole way of a change, measured beside Debezium's own sink: `python -m benchmarks spine`."""

from __future__ import annotations
