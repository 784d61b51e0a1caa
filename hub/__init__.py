"""The hub: services, command line, local servers and the composition root."""

from __future__ import annotations
