"""`python -m benchmarks.matching report|speed|batch|index`."""

from __future__ import annotations

import json
from pathlib import Path

import click

from benchmarks.matching import batch_speed, indexed, report as labelled, speed as timing
from hub.services.match_evaluate import freeze as keep

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
        keep(labelled.FROZEN, found)


@main.command()
@click.option("--existing", default=100_000, show_default=True)
@click.option("--table", "tables", multiple=True, type=int, default=(40_000,), show_default=True)
def speed(existing: int, tables: tuple[int, ...]) -> None:
    """Time one record against many, and whole tables."""
    if existing:
        timing.incremental(existing)
    for count in tables:
        timing.batch(count)


@main.command()
@click.option("--records", default=40_000, show_default=True, help="How many people.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def batch(records: int, *, as_json: bool) -> None:
    """Time the matching of a whole table, beside Splink where it is installed."""
    found = batch_speed.run(records)
    if as_json:
        click.echo(json.dumps(found, indent=2))
    else:
        batch_speed.show(found)


@main.command()
@click.argument("postgres_url")
@click.option(
    "--existing", "sizes", multiple=True, type=int, default=(10_000, 100_000), show_default=True
)
@click.option("--arriving", default=10_000, show_default=True, help="How many new customers.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def index(postgres_url: str, sizes: tuple[int, ...], arriving: int, *, as_json: bool) -> None:
    """Time new records against PostgreSQL's key index, in databases of its own."""
    tell = lambda text: click.echo(text, err=True)  # noqa: E731
    found = [indexed.run(postgres_url, size, arriving, tell) for size in sizes]
    if as_json:
        click.echo(json.dumps(found, indent=2))
    else:
        indexed.show(found)


if __name__ == "__main__":
    main()
