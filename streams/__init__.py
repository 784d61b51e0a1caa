"""The Faust application: chunk transport, agents and quarantine."""

from __future__ import annotations
