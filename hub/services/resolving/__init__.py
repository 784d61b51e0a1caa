"""The steps of T2, in their order: assemble, identify, merge, enqueue."""

from __future__ import annotations
