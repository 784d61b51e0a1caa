"""All labelled sets beside the peers' figures and the last frozen report."""

from __future__ import annotations

import resource
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from hub.clock import SystemClock
from hub.services.match_evaluate import evaluate, frozen, read_spec

if TYPE_CHECKING:
    from hub.services.match_evaluate import Evaluation

HERE = Path(__file__).parent
CONFIGS = HERE.parents[1] / "examples" / "matching"
FROZEN = HERE / "frozen.json"
_GOAL_SLACK = 0.00005

# Best peer at its own threshold, and who it is; goals. Measured with Splink 5.0.0,
# recordlinkage 0.16 and dedupe 3.0.3 on two cores; final output, pairwise F1.
PEERS = {
    "febrl1": (1.000, "recordlinkage ECM", 1.000),
    "febrl4": (0.9998, "recordlinkage ECM 1-1", 0.9998),
    "historical-10k": (0.860, "Splink", 0.93),
    "fodors-zagat": (0.978, "Splink 1-1", 0.985),
    "chicago-childcare": (0.962, "dedupe, 100 labels", 0.97),
    "abt-buy": (0.824, "Splink 1-1", 0.945),
    "amazon-google": (0.503, "Splink 1-1", 0.69),
}


def megabytes() -> float:
    """The most memory held so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def run(data: Path, names: tuple[str, ...]) -> list[Evaluation]:
    """Evaluate the named sets, or all that are there."""
    found = []
    for name in names or tuple(PEERS):
        if (data / name).is_dir():
            spec = read_spec(CONFIGS / f"{name}.yaml")
            found.append(evaluate(data / name, spec, SystemClock(), megabytes))
    return found


def show(evaluations: list[Evaluation]) -> None:
    """Print the table and, below it, the calibration of every set."""
    columns = ("set", "P", "R", "F1", "goal", "best F1", "B3", "review", "reached", "est.", "s")
    table = Table(*columns, "change", "best peer at its default")
    before = frozen(FROZEN)
    found = [item.as_json() for item in evaluations]
    for item in found:
        peer, who, goal = PEERS[item["name"]]
        f1 = item["default"]["f1"]
        last = before.get(item["name"], {}).get("f1")
        table.add_row(
            item["name"],
            f"{item['default']['precision']:.4f}",
            f"{item['default']['recall']:.4f}",
            f"{f1:.4f}",
            f"{goal:.4f} {'ok' if f1 >= goal - _GOAL_SLACK else 'MISSED'}",
            f"{item['best']['f1']:.4f}",
            f"{item['b_cubed']['f1']:.4f}",
            f"{item['review_share']:.1%}",
            f"{item['blocking_recall']:.4f}",
            f"{item['estimated_blocking_recall']:.4f}",
            f"{item['seconds']:.1f}",
            "new" if last is None else f"{f1 - last:+.4f}",
            f"{peer:.4f} {who}",
        )
    console = Console(width=180)
    console.print(table)
    for item in found:
        said = ", ".join(
            f"{bin_['said']:.2f}/{bin_['true']:.2f} ({bin_['pairs']})"
            for bin_ in item["calibration"]
        )
        console.print(f"{item['name']}: probability said/true (pairs): {said}")
