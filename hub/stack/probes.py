"""Is a server really there: one cheap, honest question each, with its version as the answer."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from urllib.parse import unquote, urlsplit

import httpx
import psycopg
import pymysql
from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from hub.stack import table
from hub.stack.errors import UnreachableError
from hub.stack.model import ServiceName, masked

_SECONDS = 5
Probe = Callable[[str], str]


def probe(name: ServiceName, url: str) -> str:
    """The version of a server that answers; raises UnreachableError for one that does not."""
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
    """A broker answers an API call, and the cluster has a controller."""
    with _reaching(bootstrap, KafkaError, OSError, ValueError):
        admin = KafkaAdminClient(
            bootstrap_servers=bootstrap,
            client_id="mdhub-probe",
            request_timeout_ms=_SECONDS * 1000,
            bootstrap_timeout_ms=_SECONDS * 1000,
        )
        with contextlib.closing(admin):
            cluster = admin.describe_cluster()
            if not cluster.get("brokers"):
                raise UnreachableError(f"{bootstrap} answers, but knows of no broker yet")
            return table.KAFKA_VERSION


def _connect(url: str) -> str:
    """The worker is in its group: `/connectors` answers only after that."""
    with _reaching(url, httpx.HTTPError, ValueError, KeyError):
        with httpx.Client(base_url=url, timeout=_SECONDS, trust_env=False) as client:
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
