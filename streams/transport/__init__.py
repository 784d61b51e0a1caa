"""A Faust transport whose unit is a fetched chunk of one partition."""

from __future__ import annotations
