"""Starting, finding again and ending server processes, and never anybody else's.

A process is ours if a file of the state directory holds its id and the moment it started: ids are
reused, ids with a start time are not.
"""

from __future__ import annotations

import contextlib
import hashlib
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psutil
from pydantic import BaseModel, ConfigDict, ValidationError

from hub.stack.errors import StackError

if TYPE_CHECKING:
    import signal
    from pathlib import Path

    from golden_records.domain.clock import Clock
    from hub.stack.account import Account

# The system's idea of when a process started moves with its clock by up to a second.
START_TOLERANCE_SECONDS = 2.0
_POLL_SECONDS = 0.1
# How long the kernel may take to bury a killed process.
_DEATH_SECONDS = 10.0

# The shell forks, says the child's id and ends, so the server outlives us as nobody's child.
_DETACH = '"$@" </dev/null >&2 & echo $!'


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """How to start one server."""

    argv: tuple[str, ...]
    cwd: Path
    account: Account | None = None
    config: str = ""
    """What its configuration file holds; part of what tells one launch from another."""

    @property
    def fingerprint(self) -> str:
        """Changes when the server would now be started differently."""
        return hashlib.sha256("\0".join((*self.argv, self.config)).encode()).hexdigest()


class ProcessRecord(BaseModel):
    """What is remembered of a started process."""

    model_config = ConfigDict(frozen=True)

    pid: int
    started: float
    fingerprint: str = ""


def spawn(launch: Launch, log: Path) -> ProcessRecord:
    """Start the server detached, its output appended to the log."""
    account = launch.account
    with log.open("ab") as output:
        done = subprocess.run(  # noqa: S603 - our own argument lists
            ["/bin/sh", "-c", _DETACH, "sh", *launch.argv],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=output,
            cwd=launch.cwd,
            start_new_session=True,
            check=True,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
        )
    pid = int(done.stdout)
    try:
        started = psutil.Process(pid).create_time()
    except psutil.NoSuchProcess:  # it ended at once; the log says why
        started = 0.0
    return ProcessRecord(pid=pid, started=started, fingerprint=launch.fingerprint)


def find(record: ProcessRecord | None) -> psutil.Process | None:
    """The recorded process if it still lives; None also for a reused id and for a zombie."""
    if record is None:
        return None
    try:
        process = psutil.Process(record.pid)
        is_ours = abs(process.create_time() - record.started) <= START_TOLERANCE_SECONDS
        alive = is_ours and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return None
    return process if alive else None


def stop(record: ProcessRecord, how: signal.Signals, grace_seconds: float, clock: Clock) -> bool:
    """Ask the process to end and wait; after the grace it is killed. True if it ended by itself."""
    process = find(record)
    if process is None:
        return True
    family = _family(process)
    process.send_signal(how)
    if wait_until_gone(record, grace_seconds, clock):
        return True
    _kill_all(family, clock)
    return False


def kill(record: ProcessRecord, clock: Clock) -> None:
    """SIGKILL the process and its children, as a crash of the machine would."""
    process = find(record)
    if process is None:
        return
    _kill_all(_family(process), clock)


def wait_until_gone(record: ProcessRecord, seconds: float, clock: Clock) -> bool:
    deadline = clock.monotonic() + seconds
    while find(record) is not None:
        if clock.monotonic() >= deadline:
            return False
        clock.sleep(_POLL_SECONDS)
    return True


def _family(process: psutil.Process) -> list[psutil.Process]:
    try:
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return [process]


def _kill_all(family: list[psutil.Process], clock: Clock) -> None:
    for process in family:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()  # psutil checks the start time, so a reused id is left alone
    for process in family:
        remembered = ProcessRecord(pid=process.pid, started=process.create_time())
        wait_until_gone(remembered, _DEATH_SECONDS, clock)


def read_record(path: Path) -> ProcessRecord | None:
    if not path.is_file():
        return None
    try:
        return ProcessRecord.model_validate_json(path.read_text(encoding="utf-8"))
    except ValidationError as error:
        raise StackError(f"{path} is damaged; delete it if no server runs", path=path) from error
