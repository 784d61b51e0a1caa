"""Is a server really there: one cheap, honest question each, with its version as the answer."""

from __future__ import annotations

import contextlib
import socket
import struct
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from urllib.parse import unquote, urlsplit

import httpx
import psycopg
import pymysql

from hub.stack.errors import UnreachableError
from hub.stack.model import ServiceName, masked

_SECONDS = 5
_KAFKA_PORT = 9092
# Kafka's ApiVersions (key 18, version 0): length, key, version, correlation, empty client id.
_API_VERSIONS_REQUEST = struct.pack(">ihhih", 10, 18, 0, 1, 0)
_ANSWER = ">iih"
Probe = Callable[[str], str]


def probe(name: ServiceName, url: str) -> str:
    """The version of a server that answers, empty if it does not tell; raises UnreachableError."""
    return _PROBES[name](url)


@contextlib.contextmanager
def _reaching(url: str, *failures: type[Exception]) -> Iterator[None]:
    try:
        yield
    except failures as error:
        first_line = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise UnreachableError(f"{masked(url)} does not answer: {first_line}") from error


def _postgres(url: str) -> str:
    with _reaching(url, psycopg.Error), psycopg.connect(url, connect_timeout=_SECONDS) as session:
        row = session.execute("SHOW server_version").fetchone()
        return str(row[0]).split()[0] if row else ""


def _mariadb(url: str) -> str:
    parts = urlsplit(url)
    with (
        _reaching(url, pymysql.MySQLError, OSError),
        contextlib.closing(
            pymysql.connect(
                host=parts.hostname,
                port=parts.port or 3306,
                user=unquote(parts.username or "root"),
                password=unquote(parts.password or ""),
                connect_timeout=_SECONDS,
                read_timeout=_SECONDS,
            )
        ) as session,
        session.cursor() as cursor,
    ):
        cursor.execute("SELECT VERSION()")
        row = cursor.fetchone()
        return str(row[0]).split("-")[0] if row else ""


def _kafka(bootstrap: str) -> str:
    """The first broker of the list answers the one request that every version understands.

    Asked on a bare socket: a client library keeps reconnecting in the background, and a probe is
    mostly made while nobody answers. The answer holds no version of the broker.
    """
    parts = urlsplit(f"//{bootstrap.split(',', 1)[0]}")
    address = (parts.hostname or "", parts.port or _KAFKA_PORT)
    with (
        _reaching(bootstrap, OSError, ValueError, struct.error),
        socket.create_connection(address, timeout=_SECONDS) as session,
        session.makefile("rb") as answer,
    ):
        session.sendall(_API_VERSIONS_REQUEST)
        _size, _correlation, error = struct.unpack(_ANSWER, answer.read(struct.calcsize(_ANSWER)))
        if error != 0:
            raise UnreachableError(f"{bootstrap} answers with Kafka's error {error}")
        return ""


def _connect(url: str) -> str:
    """The worker is in its group: `/connectors` answers only after that."""
    with (
        _reaching(url, httpx.HTTPError, ValueError, KeyError),
        httpx.Client(base_url=url, timeout=_SECONDS, trust_env=False) as client,
    ):
        client.get("/connectors").raise_for_status()
        return str(client.get("/").raise_for_status().json()["version"])


_PROBES: Mapping[ServiceName, Probe] = MappingProxyType(
    {
        "postgres": _postgres,
        "kafka": _kafka,
        "connect": _connect,
        "mariadb": _mariadb,
    }
)
