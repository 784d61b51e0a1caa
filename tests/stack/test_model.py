"""What the stack says of itself."""

from __future__ import annotations

import pytest

from hub.stack import table
from hub.stack.errors import ServiceNotRunningError
from hub.stack.model import SERVICE_NAMES, ServiceInfo, StackInfo, masked

URL = "postgresql://postgres:secret@127.0.0.1:5432/postgres"


def _info(**urls: str) -> StackInfo:
    return StackInfo(
        **{
            name: ServiceInfo(
                name=name, state="running" if name in urls else "stopped", url=urls.get(name)
            )
            for name in SERVICE_NAMES
        }
    )


def test_a_password_is_never_in_what_people_see():
    assert masked(URL) == "postgresql://postgres:***@127.0.0.1:5432/postgres"
    assert "secret" not in _info(postgres=URL).masked().model_dump_json()


def test_a_url_without_a_password_stays_as_it_is():
    assert masked("http://127.0.0.1:8083") == "http://127.0.0.1:8083"


def test_programs_get_the_password():
    assert _info(postgres=URL).postgres_url == URL


def test_asking_for_the_url_of_a_stopped_server_says_how_to_start_it():
    with pytest.raises(ServiceNotRunningError, match="mdhub stack up"):
        _ = _info(postgres=URL).kafka_bootstrap


def test_every_server_has_a_row_in_the_table():
    assert tuple(table.SERVICES) == SERVICE_NAMES


def test_servers_come_after_what_they_need_and_stop_before_it():
    for name, service in table.SERVICES.items():
        for need in service.after:
            assert SERVICE_NAMES.index(need) < SERVICE_NAMES.index(name)
            assert table.STOP_ORDER.index(name) < table.STOP_ORDER.index(need)
    assert set(table.STOP_ORDER) == set(SERVICE_NAMES)
