from __future__ import annotations

import gc
import sys

import psutil
import pytest

from streams.memory import trimmer

VALUE = 700
MANY = 200_000


@pytest.mark.skipif(sys.platform != "linux", reason="glibc is Linux's")
def test_memory_between_what_is_still_used_is_given_back():
    """Values as the feed leaves them: most are gone, and one here and there is still in use."""
    trim = trimmer()
    if trim is None:
        pytest.skip("this C library gives back by itself")
    me = psutil.Process()
    values = [bytes(VALUE) for _ in range(MANY)]
    kept = values[:: MANY // 20]
    del values
    gc.collect()
    before = me.memory_info().rss
    trim()
    assert before - me.memory_info().rss > VALUE * MANY / 2
    assert all(len(value) == VALUE for value in kept)
