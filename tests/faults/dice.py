"""Chance that can be repeated, and what was done by it."""

from __future__ import annotations

import random
import sys
import time


def dice(seed):
    return random.Random(seed)  # noqa: S311 - a schedule, not a secret


def say(text):
    """Print with the time of day; pytest shows it with a failure, or with -s."""
    sys.stdout.write(f"{time.strftime('%H:%M:%S')} {text}\n")
    sys.stdout.flush()
