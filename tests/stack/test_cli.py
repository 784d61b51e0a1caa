"""The command line of the stack, as far as it needs no server."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from hub.cli.stack import NOT_ALL_RUNNING, UNREACHABLE, stack


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setenv("MDHUB_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("MDHUB_CACHE_DIR", str(tmp_path / "cache"))
    for name in ("POSTGRES_URL", "KAFKA_BOOTSTRAP", "CONNECT_URL", "MARIADB_URL"):
        monkeypatch.delenv(f"MDHUB_{name}", raising=False)
    return lambda *args: CliRunner().invoke(stack, args)


def test_status_of_nothing_says_so_by_its_exit_code(run):
    result = run("status", "--json")
    assert result.exit_code == NOT_ALL_RUNNING
    assert {one["state"] for one in json.loads(result.stdout).values()} == {"stopped"}


def test_down_of_nothing_is_fine(run):
    assert run("down").exit_code == 0


def test_reset_asks_first(run, tmp_path):
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "ports.json").write_text("{}")
    assert run("reset").exit_code == 1
    assert (tmp_path / "state" / "ports.json").exists()


def test_reset_deletes_what_is_ours_and_nothing_else(run, tmp_path):
    (tmp_path / "state" / "kafka").mkdir(parents=True)
    (tmp_path / "state" / "mine.txt").write_text("keep")
    assert run("reset", "--yes").exit_code == 0
    assert not (tmp_path / "state" / "kafka").exists()
    assert (tmp_path / "state" / "mine.txt").exists()


@pytest.mark.enable_socket
def test_an_external_server_that_does_not_answer_has_its_own_exit_code(run, monkeypatch):
    monkeypatch.setenv("MDHUB_POSTGRES_URL", "postgresql://hub:hidden@127.0.0.1:1/hub")
    result = run("up", "--only", "postgres")
    assert result.exit_code == UNREACHABLE
    assert "MDHUB_POSTGRES_URL" in result.output
    assert "hidden" not in result.output


def test_an_unknown_server_is_wrong_usage(run):
    assert run("up", "--only", "oracle").exit_code == 2


def test_help_documents_the_exit_codes(run):
    assert "Exit codes:" in run("--help").output
