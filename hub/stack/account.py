"""Who the databases run as, and where that account can reach their files.

PostgreSQL refuses to run as root. Started by root, the databases run as an unprivileged account;
that account must be able to walk to its data, so data below a closed directory (such as root's
home) goes to a folder under the system's temporary directory, named after the state directory.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

from hub.stack.errors import AccountMissingError, StackError

HOME_FILE = "home"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An unprivileged account to drop to."""

    name: str
    uid: int
    gid: int


def unprivileged(name: str, *, effective_uid: int) -> Account | None:
    """The account to drop to, or None if we have no privileges to drop."""
    if effective_uid != 0:
        return None
    try:
        entry = pwd.getpwnam(name)
    except KeyError as error:
        raise AccountMissingError(
            f"There is no account `{name}` for the databases to run as (they refuse root); "
            "set MDHUB_STACK_USER to an unprivileged one.",
            account=name,
        ) from error
    if entry.pw_uid == 0:
        raise AccountMissingError(f"MDHUB_STACK_USER is `{name}`, which is root; name another.")
    return Account(name=entry.pw_name, uid=entry.pw_uid, gid=entry.pw_gid)


def can_enter(path: Path, account: Account) -> bool:
    """Whether the account may walk down to the path and read there."""
    present = next(parent for parent in (path, *path.parents) if parent.exists())
    return all(_may(folder, account, "x") for folder in present.resolve().parents) and _may(
        present.resolve(), account, "rx"
    )


def _may(folder: Path, account: Account, wanted: str) -> bool:
    status = folder.stat()
    shift = 6 if status.st_uid == account.uid else 3 if status.st_gid == account.gid else 0
    bits = {"x": 0o1, "rx": 0o5}[wanted] << shift
    return stat.S_IMODE(status.st_mode) & bits == bits


def short_dir(state_dir: Path) -> Path:
    """The place of ours with a short path: sockets allow about a hundred characters."""
    digest = hashlib.sha256(os.fsencode(state_dir)).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"mdhub-{os.geteuid()}-{digest}"


def claim(folder: Path) -> Path:
    """Create a folder in a place where anybody may create; refuse one that somebody else made."""
    folder.mkdir(mode=0o755, exist_ok=True)
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid():
        raise StackError(f"{folder} belongs to somebody else; remove it or set TMPDIR.")
    folder.chmod(0o755)
    return folder


def home_for(account: Account | None, state_dir: Path) -> Path:
    """Where data of that account lives: the state directory if it can get there.

    What was chosen once is kept: data does not move because a mode was changed.
    """
    recorded = state_dir / HOME_FILE
    if recorded.is_file():
        return Path(recorded.read_text(encoding="utf-8"))
    if account is None or can_enter(state_dir, account):
        return state_dir
    return short_dir(state_dir)


def record_home(home: Path, state_dir: Path) -> None:
    """Remember where the data is; claims the place if it is outside the state directory."""
    if home != state_dir:
        claim(home)
    recorded = state_dir / HOME_FILE
    if not recorded.is_file():
        recorded.write_text(str(home), encoding="utf-8")


def own(folder: Path, account: Account | None) -> None:
    """Create the folder, closed to others, and give it to the account."""
    folder.mkdir(parents=True, exist_ok=True)
    if account is not None:
        shutil.chown(folder, account.uid, account.gid)
    folder.chmod(0o700)


def within_reach(binaries: Path, account: Account | None, state_dir: Path) -> Path:
    """The folder itself, or a copy of it where the account can run what is inside."""
    if account is None or can_enter(binaries, account):
        return binaries
    copy = claim(short_dir(state_dir)) / "programs" / binaries.name
    if not copy.exists():
        partial = copy.with_name(copy.name + ".partial")
        shutil.rmtree(partial, ignore_errors=True)
        shutil.copytree(binaries, partial, symlinks=True)
        partial.rename(copy)
    return copy
