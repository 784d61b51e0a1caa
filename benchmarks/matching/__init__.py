"""Matching measured: labelled sets beside the peers' figures, and speed on made-up people."""

from __future__ import annotations
