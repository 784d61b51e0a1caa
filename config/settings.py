"""What the environment decides: the one place where it is read.

Every name has the prefix `MDHUB_`; `MDHUB_STATE_DIR=/srv/hub` sets `state_dir`. The secrets that a
catalogue names have no prefix: for `ERP_URL` it is ERP_URL, or ERP_URL_FILE with a file's path.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from golden_records.domain.errors import TerminalError


class SecretUnreadableError(TerminalError):
    """A secret cannot be read; set NAME, or NAME_FILE to the path of a readable file."""


ArtifactResolver = Literal["auto", "jgo", "mvn"]


def _absolute(path: Path) -> Path:
    return path.expanduser().absolute()


FolderPath = Annotated[Path, AfterValidator(_absolute)]


class Settings(BaseSettings):
    """Read once, at the edge (CLI, web, worker), and handed on from there."""

    model_config = SettingsConfigDict(
        env_prefix="MDHUB_",
        frozen=True,
        extra="ignore",
        validate_default=True,
        hide_input_in_errors=True,
    )

    # --- the hub ----------------------------------------------------------------------------------
    catalogue: FolderPath = Path("catalogue")
    hub_database: str = Field(default="mdhub", pattern=r"^[a-z_][a-z0-9_]{0,62}$")
    """The hub's own database on the PostgreSQL server of `postgres_url`."""
    topic_prefix: str = Field(default="mdhub", pattern=r"^[A-Za-z0-9_.-]{1,100}$")
    shards: int = Field(default=16, ge=1, le=1024)
    """Partitions of the topic of hints, and so the most resolvers; fixed once the hub has data."""

    # --- workers ----------------------------------------------------------------------------------
    chunk_records: int = Field(default=5000, ge=1)
    """Most changes in a chunk, the unit that is acked."""
    transaction_records: int = Field(default=10_000, ge=1)
    """Most changes that share one transaction of the hub's database."""
    apply_threads: int = Field(default=1, ge=1, le=64)
    resolve_threads: int = Field(default=2, ge=1, le=64)
    resolve_batch: int = Field(default=500, ge=1, le=10_000)
    """Most dirty roots that a resolver takes at a time."""
    publish_threads: int = Field(default=2, ge=1, le=64)
    """Threads that write to each target."""
    quarantine_limit: int = Field(default=1000, ge=1)
    """Open quarantined records at which the feed stops: setting everything aside is an outage."""

    failpoint: str | None = None
    """PLACE[:COUNT] at which the process ends at once; only the fault tests set it."""

    # --- web --------------------------------------------------------------------------------------
    web_host: str = "127.0.0.1"
    web_port: int = Field(default=8080, ge=0, le=65535)

    # --- local stack: where it lives -----------------------------------------------------------
    state_dir: FolderPath = Path(".state")
    cache_dir: FolderPath = Path(".cache")

    # --- local stack: what is somebody else's (set = never started here, only health-checked) ---
    # URLs may hold passwords, so they are in no representation.
    postgres_url: str | None = Field(default=None, repr=False)
    kafka_bootstrap: str | None = None
    connect_url: str | None = Field(default=None, repr=False)
    mariadb_url: str | None = Field(default=None, repr=False)

    # --- local stack: what it is made of ---------------------------------------------------------
    java: FolderPath | None = None
    mariadbd: FolderPath | None = None
    stack_user: str = "nobody"
    """Whom the databases run as when the hub is started by root; both refuse to run as root."""
    jdbc_sink: bool = False
    """Also offer the JDBC sink connector in Kafka Connect; only the benchmarks need it."""
    artifact_resolver: ArtifactResolver = "auto"
    maven_repository: str | None = Field(default=None, repr=False)
    """A mirror of Maven Central, for machines that cannot reach it."""
    start_timeout: float = 120.0
    stop_timeout: float = 30.0

    @staticmethod
    def secret(name: str) -> SecretStr | None:
        """Look up a secret that the catalogue names; None where it is not set, or empty.

        Raises SecretUnreadableError where it is set twice or its file cannot be read.
        """
        value, path = os.environ.get(name, ""), os.environ.get(f"{name}_FILE", "")
        if value and path:
            message = f"{name} and {name}_FILE are both set; unset one of them"
            raise SecretUnreadableError(message, name=name)
        if path:
            value = _file_text(name, Path(path))
        return SecretStr(value) if value else None


def _file_text(name: str, path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        message = f"{name}_FILE names {path}, which cannot be read as text; correct path or rights"
        raise SecretUnreadableError(message, name=name, path=str(path)) from error
