"""`mdhub stack`: the local servers."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import MappingProxyType

import click
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Column, Table

from config.settings import Settings
from golden_records.domain.errors import HubError
from hub.stack.errors import ChecksumMismatchError, UnreachableError
from hub.stack.model import SERVICE_NAMES, ServiceName, StackInfo
from hub.stack.stack import Stack

FAILED = 1
NOT_ALL_RUNNING = 3
UNREACHABLE = 4
CHECKSUM_MISMATCH = 5
_EXIT_CODES = MappingProxyType(
    {
        UnreachableError: UNREACHABLE,
        ChecksumMismatchError: CHECKSUM_MISMATCH,
    }
)
_COLOURS = MappingProxyType(
    {
        "running": "green",
        "external": "green",
        "stopped": "yellow",
        "unhealthy": "red",
    }
)
Report = Callable[[ServiceName, str], None]


@click.group()
def stack() -> None:
    r"""Run PostgreSQL, Kafka, Kafka Connect and MariaDB on this machine, without containers.

    All of them listen on 127.0.0.1 only. Data, ports and passwords are kept in MDHUB_STATE_DIR
    (.state), programs in MDHUB_CACHE_DIR (.cache). A server that runs elsewhere is used instead
    of a local one by MDHUB_POSTGRES_URL, MDHUB_KAFKA_BOOTSTRAP, MDHUB_CONNECT_URL or
    MDHUB_MARIADB_URL.

    \b
    Exit codes:
      0  as asked
      1  a server could not be started or stopped; the message says what to do
      2  wrong usage
      3  status: not every server is running
      4  an external server does not answer
      5  a resolved file is not the pinned one
    """


@stack.command()
@click.option("--only", multiple=True, type=click.Choice(SERVICE_NAMES), help="Only this server.")
@click.option("--foreground", is_flag=True, help="Stay, and stop all on Ctrl-C or SIGTERM.")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable, with credentials.")
def up(only: tuple[ServiceName, ...], *, foreground: bool, as_json: bool) -> None:
    """Start what is not running; keep what is healthy; replace what crashed."""
    with _explained():
        local = Stack(Settings())
        ended = _listen() if foreground else threading.Event()
        with _reporting() as report:
            info = local.up(frozenset(only) or None, report)
        _show(info, as_json=as_json)
        if foreground:
            ended.wait()
            with _reporting() as report:
                local.down(report)


@stack.command()
@click.option("--json", "as_json", is_flag=True, help="Machine-readable, with credentials.")
def down(*, as_json: bool) -> None:
    """Stop cleanly, in the order connect, kafka, mariadb, postgres; data stays."""
    with _explained():
        local = Stack(Settings())
        with _reporting() as report:
            local.down(report)
        _show(local.status(), as_json=as_json)


@stack.command()
@click.option("--json", "as_json", is_flag=True, help="Machine-readable, with credentials.")
@click.pass_context
def status(ctx: click.Context, *, as_json: bool) -> None:
    """Ask every server; exit code 3 if one is stopped or unhealthy."""
    with _explained():
        info = Stack(Settings()).status()
    _show(info, as_json=as_json)
    if not all(service.usable for service in info.services):
        ctx.exit(NOT_ALL_RUNNING)


@stack.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable.")
def reset(*, yes: bool, as_json: bool) -> None:
    """Stop everything and delete all data, ports and passwords of the local servers."""
    settings = Settings()
    if not yes:
        click.confirm(f"Delete the local servers' data in {settings.state_dir}?", abort=True)
    with _explained():
        local = Stack(settings)
        with _reporting() as report:
            local.reset(report)
        _show(local.status(), as_json=as_json)


@contextmanager
def _explained() -> Iterator[None]:
    """Turn the hub's errors into one message and an exit code."""
    try:
        yield
    except HubError as error:
        failure = click.ClickException(str(error))
        codes = (code for kind, code in _EXIT_CODES.items() if isinstance(error, kind))
        failure.exit_code = next(codes, FAILED)
        raise failure from error


def _listen() -> threading.Event:
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    return ended


@contextmanager
def _reporting() -> Iterator[Report]:
    """A line per server that moves on a terminal, and plain lines elsewhere; always on stderr."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda name, what: click.echo(f"{name}: {what}", err=True)
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description:<10}"),
        TextColumn("{task.fields[what]}"),
    )
    with Progress(*columns, TimeElapsedColumn(), console=console) as progress:
        yield _LiveReport(progress)


class _LiveReport:
    """Keeps one line per server."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._lines: dict[ServiceName, TaskID] = {}
        self._lock = threading.Lock()

    def __call__(self, name: ServiceName, what: str) -> None:
        with self._lock:
            if name not in self._lines:
                self._lines[name] = self._progress.add_task(name, total=1, what=what)
        done = 1 if what in {"ready", "stopped"} else 0
        self._progress.update(self._lines[name], what=what, completed=done)


def _show(info: StackInfo, *, as_json: bool) -> None:
    if as_json:
        click.echo(info.model_dump_json(indent=2))
        return
    table = Table("server", "state", "version", Column("url", overflow="fold"), "pid")
    for one in info.masked().services:
        state = f"[{_COLOURS[one.state]}]{one.state}[/]"
        pid = str(one.pid or "")
        table.add_row(one.name, state, one.version, one.url, pid)
    console = Console()
    console.print(table)
    for one in info.masked().services:
        if one.detail:
            console.print(f"{one.name}: {one.detail}")
