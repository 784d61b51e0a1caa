"""Ports, passwords and places."""

from __future__ import annotations

import socket
import stat

import pytest

from config.settings import Settings
from hub.clock import SystemClock
from hub.stack.account import Account, can_enter, claim, home_for, record_home, unprivileged
from hub.stack.artifacts import ArtifactCache
from hub.stack.errors import AccountMissingError, PortInUseError, StackError
from hub.stack.site import Site, require_free

STRANGER = Account(name="stranger", uid=54321, gid=54321)


@pytest.fixture
def site(tmp_path):
    settings = Settings(state_dir=tmp_path / "state", cache_dir=tmp_path / "cache")
    return Site(
        settings=settings,
        clock=SystemClock(),
        artifacts=ArtifactCache(settings.cache_dir, lambda *_: None),
        account=None,
        home=settings.state_dir,
    )


@pytest.mark.enable_socket
def test_a_port_is_chosen_once_and_remembered(site):
    assert site.known_port("kafka") is None
    chosen = site.port("kafka")
    assert site.port("kafka") == chosen == site.known_port("kafka")


@pytest.mark.enable_socket
def test_servers_have_ports_of_their_own(site):
    assert site.port("kafka") != site.port("connect")


def test_a_password_is_made_once_in_a_file_only_we_can_read(site):
    password = site.secret("postgres")
    assert site.secret("postgres") == password
    assert site.secret("mariadb") != password
    mode = (site.state_dir / "secrets.json").stat().st_mode
    assert stat.S_IMODE(mode) == 0o600


@pytest.mark.enable_socket
def test_a_taken_port_names_the_service_and_the_way_out(tmp_path):
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        with pytest.raises(PortInUseError, match=rf"Port {port} of kafka.*ports\.json"):
            require_free("kafka", port, tmp_path / "ports.json")


def test_the_log_of_the_start_before_is_kept(site):
    site.fresh_log("kafka").write_text("first")
    site.fresh_log("kafka").write_text("second")
    assert site.log_tail("kafka") == "second"
    assert (site.state_dir / "log" / "kafka.log.1").read_text() == "first"


def test_only_root_drops_its_privileges():
    assert unprivileged("nobody", effective_uid=1000) is None


def test_an_unknown_account_is_an_error_with_the_setting_in_it():
    with pytest.raises(AccountMissingError, match="MDHUB_STACK_USER"):
        unprivileged("no-such-account", effective_uid=0)


def test_root_is_not_an_unprivileged_account():
    with pytest.raises(AccountMissingError):
        unprivileged("root", effective_uid=0)


@pytest.fixture
def closed(tmp_path):
    # pytest's own folders are closed to others, so ask about a tree with known modes
    folder = tmp_path / "closed"
    folder.mkdir(mode=0o700)
    return folder


def test_a_closed_directory_cannot_be_entered_by_another_account(closed):
    assert not can_enter(closed / "state", STRANGER)


def test_without_an_account_data_stays_in_the_state_directory(closed):
    assert home_for(None, closed) == closed


def test_data_of_an_account_that_cannot_enter_goes_to_a_short_place(closed, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    home = home_for(STRANGER, closed / "state")
    assert home.parent == tmp_path
    assert home == home_for(STRANGER, closed / "state")
    assert home != home_for(STRANGER, closed / "other")


def test_the_place_of_the_data_stays_when_a_mode_changes(closed, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    home = home_for(STRANGER, closed)
    record_home(home, closed)
    closed.chmod(0o755)
    assert home_for(STRANGER, closed) == home


def test_a_folder_that_somebody_else_made_is_refused(tmp_path):
    (tmp_path / "taken").symlink_to(tmp_path)
    with pytest.raises(StackError, match="somebody else"):
        claim(tmp_path / "taken")
