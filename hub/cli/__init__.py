"""The command line `mdhub`."""

from __future__ import annotations
