"""Every measurement, one after the other, on the local servers: `python -m benchmarks [NAME ...]`.

Those of `ALONE` are run by name only, with words of their own, on servers that they
start or are told of. The figures
compare one machine with itself; nothing is asserted.
"""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from config.settings import Settings
from hub.stack.stack import Stack

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hub.stack.model import ServiceName

NEEDS: Mapping[str, ServiceName | None] = {
    "decode": None,
    "golden": None,
    "mirror": "postgres",
    "transport": "kafka",
}
"""Each module and the server whose address it is given."""

ALONE = frozenset({"spine", "scale"})


def main(names: Sequence[str]) -> None:
    if names and names[0] in ALONE:
        name, *words = names
        command = [sys.executable, "-m", f"benchmarks.{name}", *words]
        sys.exit(subprocess.run(command, check=False).returncode)
    unknown = set(names) - set(NEEDS)
    if unknown:
        sys.exit(f"no such measurement: {', '.join(sorted(unknown))}; there are {', '.join(NEEDS)}")
    chosen = {name: NEEDS[name] for name in names or NEEDS}
    urls = _start({server for server in chosen.values() if server is not None})
    for name, server in chosen.items():
        sys.stdout.write(f"\n== {name}\n")
        sys.stdout.flush()
        address = [] if server is None else [urls[server]]
        subprocess.run([sys.executable, "-m", f"benchmarks.{name}", *address], check=True)


def _start(servers: set[ServiceName]) -> dict[ServiceName, str]:
    if not servers:
        return {}
    info = Stack(Settings()).up(frozenset(servers), lambda name, what: print(f"{name}: {what}"))
    return {one.name: one.url for one in info.services if one.url is not None}


if __name__ == "__main__":
    main(sys.argv[1:])
