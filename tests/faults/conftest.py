"""The landscape of the fault tests: brought up once, on servers that nobody else uses."""

from __future__ import annotations

import pytest

from tests.faults.landscape import Landscape

SEED = 20_261_123


@pytest.fixture(scope="session")
def landscape(tmp_path_factory):
    made = Landscape(tmp_path_factory.mktemp("faults"), SEED)
    try:
        made.up()
        yield made
    finally:
        made.close()
