"""Use cases of the hub; they know ports, never adapters."""

from __future__ import annotations
