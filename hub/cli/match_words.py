"""Matching in words: why two records are together or apart, how a golden record came together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from hub.cli.output import table
from hub.cli.spelling import at, value

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hub.services.match_explain import PairStory, SharedKey, Side
    from hub.services.match_golden import GoldenStory
    from matchers import Decision, Edge, PairExplanation

STANDS = {
    "together": "are in one golden record",
    "apart": "are in two golden records",
    "possible": "are in two golden records, and a case asks whether they are one",
    "gone": "are not both there any more",
}
_KEYS_SHOWN = 8


def tell_pair(found: PairStory) -> None:
    """Say why two records are together or apart."""
    click.echo(f"{found.left.name} and {found.right.name} ({found.entity}) {STANDS[found.stands]}")
    for side in (found.left, found.right):
        click.echo(f"  {side.name}: {_home(side)}")
    waterfall(found.pair)
    _keys(found)
    _decisions(found.decisions)
    _standing(found.standing)
    _list("because", found.because)
    _list("would change it", found.would_change)


def tell_golden(found: GoldenStory) -> None:
    """Say how a golden record came together, and where it is weakest."""
    click.echo(f"{found.entity} {found.golden}, {len(found.members)} records")
    rows = [
        (
            number,
            member["name"],
            at(member["since"]),
            _reasons(member["origin"], member["why"]),
            "" if joined.link is None else f"{joined.link:+.1f}",
            _edge(joined.nearest, joined.record),
        )
        for number, (member, joined) in enumerate(
            zip(found.members, found.story.order, strict=True), 1
        )
    ]
    table(("", "record", "joined", "by", "link", "nearest of those before"), rows)
    _decisions(found.decisions)
    if found.weakest is None or found.story.weakest is None:
        return
    weakest = found.story.weakest
    click.echo(
        f"weakest edge: {weakest.left} and {weakest.right}, {weakest.weight:+.1f} bits;"
        " without it the golden record falls in two"
    )
    waterfall(found.weakest)
    _list("would change it", found.weakest.counterfactual)
    _list(
        "pairs that alone nobody would take for the same",
        [f"{e.left} and {e.right} ({e.weight:+.1f} bits)" for e in found.story.contrary],
    )


def waterfall(pair: PairExplanation) -> None:
    """Show the weights one after the other."""
    rows: list[Sequence[object]] = [("prior", "", "", "", "", "", "", f"{pair.prior:+.1f}")]
    rows += [
        (
            step.field,
            value(step.left or "", 30),
            value(step.right or "", 30),
            step.comparator,
            step.level,
            step.frequency or "",
            f"{step.weight:+.1f}" + ("" if step.weight == step.alone else f" of {step.alone:+.1f}"),
            f"{step.running:+.1f}",
        )
        for step in pair.fields
    ]
    columns = ("field", pair.left, pair.right, "comparator", "level", "held by", "bits", "sum")
    table(columns, rows)
    click.echo(f"{pair.weight:+.1f} bits = chance {pair.probability:.3f}; model {pair.model}")
    if pair.bound:
        click.echo(f"not the sum: {pair.bound}")


def _home(side: Side) -> str:
    if side.golden is None:
        return "deleted" if side.deleted else "in no golden record yet"
    return f"in {side.golden}, {_reasons(side.origin, side.why)}, since {at(side.since)}"


def _reasons(origin: str | None, why: Mapping[str, Any]) -> str:
    said = [str(origin or "").lower(), *map(str, why.get("reasons", ()))]
    said += [str(why["rule"]).lower()] if not why.get("reasons") and "rule" in why else []
    said += [f"{why['actor']}: {why['reason']}"] if "actor" in why else []
    return ", ".join(word for word in said if word)


def _keys(found: PairStory) -> None:
    good = [key for key in found.keys if not key.hot]
    hot = [key for key in found.keys if key.hot]
    total = f"{found.left.keys} and {found.right.keys} keys, {len(found.keys)} shared"
    click.echo(f"brought together by: {_named(good) or 'nothing'}  ({total})")
    if hot:
        click.echo(f"too hot to count: {_named(hot)}")
    for which, place in found.proposed.items():
        told = "none" if place is None else f"number {place}"
        click.echo(f"  among the candidates {which} the other is {told}")


def _named(keys: Sequence[SharedKey]) -> str:
    shown = ", ".join(f"{key.key} ({_size(key)})" for key in keys[:_KEYS_SHOWN])
    rest = len(keys) - _KEYS_SHOWN
    return f"{shown} and {rest} more" if rest > 0 else shown


def _size(key: SharedKey) -> str:
    return f"more than {key.most} records" if key.hot else f"{key.records} records"


def _decisions(rows: Sequence[Mapping[str, Any]]) -> None:
    told = [
        f"{row['left']} and {row['right']} {row['verdict'].lower()}, by {row['actor']}"
        f" at {at(row['decided_at'])}: {row['reason']}"
        for row in rows
    ]
    _list("decisions", told or ["none"])


def _standing(standing: Decision) -> None:
    rows = [
        (item.golden_id, f"{item.weight:+.1f}", f"{item.probability:.3f}", ", ".join(item.barred))
        for item in standing.alternatives
    ]
    if rows:
        table(("golden record", "link", "chance", "barred by"), rows)


def _edge(edge: Edge | None, record: str) -> str:
    if edge is None:
        return ""
    other = edge.right if edge.left == record else edge.left
    said = ", said by a person" if edge.said else ""
    return f"{other} ({edge.weight:+.1f} bits{said})"


def _list(title: str, lines: Sequence[str]) -> None:
    if lines:
        click.echo(f"{title}:")
        for line in lines:
            click.echo(f"  {line}")
