"""A database that lasts as long as a block of code, and a hub on it that knows no other server."""

from __future__ import annotations

import uuid
from contextlib import contextmanager
from typing import TYPE_CHECKING

import psycopg

from config.settings import Settings
from golden_records.store.schema import migrate
from golden_records.store.work import make_engine
from hub.bootstrap.connecting import install
from hub.bootstrap.opening import assemble_hub
from hub.bootstrap.places import Places, with_database

if TYPE_CHECKING:
    from collections.abc import Iterator

    from golden_records.domain.catalogue import Catalogue
    from golden_records.domain.clock import Clock
    from golden_records.domain.rowchange import TableContract
    from hub.bootstrap.opening import Hub


@contextmanager
def scratch_hub(
    url: str, catalogue: Catalogue, contracts: dict[tuple[str, str], TableContract], clock: Clock
) -> Iterator[Hub]:
    """An empty hub in a database of its own on the server of the URL; both go with the block."""
    name = f"bench_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(url, autocommit=True) as session:
        session.execute(f"CREATE DATABASE {name}")
        place = with_database(url, name)
        engine = make_engine(place)
        try:
            migrate(engine)
            places = Places(postgres=place, postgres_admin=place, kafka="", connect="")
            server = (Settings(), clock, places)
            hub = assemble_hub(server, engine, catalogue, contracts, epochs={})
            install(hub)
            yield hub
        finally:
            engine.dispose()
            session.execute(f"DROP DATABASE {name} WITH (FORCE)")
