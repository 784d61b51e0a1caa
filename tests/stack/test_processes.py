"""Processes are found again, and never somebody else's."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import psutil
import pytest

from hub.clock import SystemClock
from hub.stack import processes
from hub.stack.errors import StackError
from hub.stack.processes import Launch, ProcessRecord

if TYPE_CHECKING:
    from pathlib import Path

CLOCK = SystemClock()


@pytest.fixture
def spawned(tmp_path):
    records = []

    def spawn(*argv: str) -> ProcessRecord:
        record = processes.spawn(Launch(argv=argv, cwd=tmp_path), tmp_path / "log")
        records.append(record)
        return record

    yield spawn
    for record in records:
        processes.kill(record, CLOCK)


def _wait_for_text(path: Path, text: str) -> None:
    deadline = CLOCK.monotonic() + 5
    while text not in path.read_text() and CLOCK.monotonic() < deadline:
        CLOCK.sleep(0.02)
    assert text in path.read_text()


def test_a_started_process_is_found_by_its_record(spawned):
    record = spawned("sleep", "60")
    found = processes.find(record)
    assert found is not None
    assert found.pid == record.pid


def test_its_output_goes_to_the_log(spawned, tmp_path):
    spawned("sh", "-c", "echo to the log; echo and errors >&2")
    _wait_for_text(tmp_path / "log", "and errors")
    assert "to the log" in (tmp_path / "log").read_text()


def test_a_reused_process_id_is_not_ours(spawned):
    record = spawned("sleep", "60")
    earlier = record.model_copy(update={"started": record.started - 3600})
    assert processes.find(earlier) is None


def test_stopping_by_a_stale_record_leaves_the_stranger_alone(spawned):
    record = spawned("sleep", "60")
    stale = record.model_copy(update={"started": record.started - 3600})
    assert processes.stop(stale, signal.SIGTERM, 1, CLOCK)
    processes.kill(stale, CLOCK)
    assert processes.find(record) is not None


def test_nothing_recorded_is_nothing_found():
    assert processes.find(None) is None


def test_a_process_that_ends_by_itself_is_a_clean_stop(spawned):
    record = spawned("sleep", "60")
    assert processes.stop(record, signal.SIGTERM, 5, CLOCK)
    assert processes.find(record) is None


def test_a_process_that_ignores_the_signal_is_killed_after_the_grace(spawned, tmp_path):
    record = spawned("sh", "-c", "trap '' TERM; echo armed; sleep 60 & wait; wait; sleep 60")
    _wait_for_text(tmp_path / "log", "armed")
    assert not processes.stop(record, signal.SIGTERM, 0.3, CLOCK)
    assert processes.find(record) is None


def test_a_kill_takes_the_children_too(spawned, tmp_path):
    record = spawned("sh", "-c", "sleep 61 & echo $! ; wait")
    _wait_for_text(tmp_path / "log", "\n")
    child = int((tmp_path / "log").read_text())
    processes.kill(record, CLOCK)
    assert processes.find(record) is None
    assert not _alive(child)


def _alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_a_damaged_record_says_which_file(tmp_path):
    path = tmp_path / "kafka.json"
    path.write_text("{")
    with pytest.raises(StackError, match=r"kafka\.json"):
        processes.read_record(path)


def test_a_server_that_would_be_started_differently_has_another_fingerprint(tmp_path):
    launch = Launch(argv=("sleep", "60"), cwd=tmp_path, config="a=1")
    assert (
        launch.fingerprint == Launch(argv=("sleep", "60"), cwd=tmp_path, config="a=1").fingerprint
    )
    assert (
        launch.fingerprint != Launch(argv=("sleep", "61"), cwd=tmp_path, config="a=1").fingerprint
    )
    assert (
        launch.fingerprint != Launch(argv=("sleep", "60"), cwd=tmp_path, config="a=2").fingerprint
    )
