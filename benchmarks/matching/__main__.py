"""`python -m benchmarks.matching report|speed`."""

from __future__ import annotations

from pathlib import Path

import click

from benchmarks.matching import report as labelled, speed as timing

_PLACES = (Path("data/matching"), Path("../shared/matching"))


@click.group()
def main() -> None:
    """Measure matching."""


@main.command()
@click.argument("names", nargs=-1)
@click.option("--data", type=click.Path(path_type=Path), help="Where the labelled sets lie.")
@click.option("--freeze", is_flag=True, help="Keep the figures for the next comparison.")
def report(names: tuple[str, ...], data: Path | None, *, freeze: bool) -> None:
    """Score all labelled sets, beside the peers and the frozen figures."""
    place = data or next((path for path in _PLACES if path.is_dir()), None)
    if place is None or not place.is_dir():
        raise click.ClickException(
            "no labelled sets found: put them under data/matching/<set>/ or give --data"
        )
    found = labelled.run(place, names)
    labelled.show(found)
    if freeze:
        labelled.freeze(found)


@main.command()
@click.option("--existing", default=100_000, show_default=True)
@click.option("--table", "tables", multiple=True, type=int, default=(40_000,), show_default=True)
def speed(existing: int, tables: tuple[int, ...]) -> None:
    """Time one record against many, and whole tables."""
    if existing:
        timing.incremental(existing)
    for count in tables:
        timing.batch(count)


if __name__ == "__main__":
    main()
