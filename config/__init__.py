"""Settings from the environment and the catalogue from files, read once and whole."""

from __future__ import annotations
