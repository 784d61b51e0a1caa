"""Where the servers are: by setting, or the local stack that runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from golden_records.domain.errors import TerminalError, TransientError
from hub.stack.stack import Stack

if TYPE_CHECKING:
    from config.settings import Settings
    from golden_records.domain.clock import Clock


class ServersUnknown(TransientError):
    """A server is not there: run `mdhub stack up`, or name it by its setting."""


class SecretMissing(TerminalError):
    """A secret that the catalogue names is not set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Addresses, with credentials; never printed."""

    postgres: str
    """The hub's own database."""
    postgres_admin: str
    """The server's administrative database, from which the hub's own is created."""
    kafka: str
    connect: str

    def __repr__(self) -> str:
        return f"Places(kafka={self.kafka!r}, connect={self.connect!r})"


def find_places(settings: Settings, clock: Clock) -> Places:
    """Ask the settings first and the local stack's status for what they leave open."""
    info = Stack(settings, clock).status()
    states = {s.name: s.state for s in (info.postgres, info.kafka, info.connect)}
    absent = sorted(name for name, state in states.items() if state in {"stopped", "unhealthy"})
    if absent:
        message = (
            f"not running: {', '.join(absent)}. Run `mdhub stack up`, or name them by"
            " MDHUB_POSTGRES_URL, MDHUB_KAFKA_BOOTSTRAP and MDHUB_CONNECT_URL"
        )
        raise ServersUnknown(message, services=absent)
    return Places(
        postgres=with_database(info.postgres_url, settings.hub_database),
        postgres_admin=info.postgres_url,
        kafka=info.kafka_bootstrap,
        connect=info.connect_url,
    )


def with_database(url: str, database: str) -> str:
    """Return the URL of another database of the same server."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{database}"))


def find_secret(settings: Settings, name: str) -> str:
    """Read a secret: the environment, NAME_FILE, or a file of that name in the state folder."""
    found = settings.secret(name)
    if found is not None:
        return found.get_secret_value()
    file = settings.state_dir / "secrets" / name
    if file.is_file():
        return file.read_text("utf-8").strip()
    message = f"the secret {name} is not set: export {name}, or {name}_FILE with a file that has it"
    raise SecretMissing(message, secret=name)
