"""Whole tables in batch: seconds, memory and pairs, beside Splink where it is installed.

Both get the same people in one run, each in a process of its own, so that peak memory is its own.
CPU seconds are told beside the wall clock: they say more on a machine that does other work.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from benchmarks.matching.population import PERSON, People
from matchers import match_prepared, train
from matchers.coded import prepare_all

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from matchers import BatchResult, Record

_SAMPLE = 20_000
SEED = 1
FACTS = ("engine", "records", "seconds", "cpu_seconds", "megabytes", "pairs", "clusters")


def measured(work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Run once; what it found with the time, of children too, and the most memory held."""
    wall, cpu = time.perf_counter(), _cpu()
    found = work()
    return {
        **found,
        "seconds": round(time.perf_counter() - wall, 1),
        "cpu_seconds": round(_cpu() - cpu, 1),
        "megabytes": round(
            max(
                resource.getrusage(who).ru_maxrss
                for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
            )
            / 1024
        ),
    }


def _cpu() -> float:
    usages = [resource.getrusage(w) for w in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def ours(records: Sequence[Record]) -> dict[str, Any]:
    """Normal forms, training on a sample as the hub trains, matching, clusters."""
    prepared = list(prepare_all(PERSON, records))
    step = max(len(prepared) // _SAMPLE, 1)
    result: BatchResult = match_prepared(PERSON, prepared, train(PERSON, prepared[::step]))
    return {
        "engine": "mdhub",
        "records": len(records),
        "pairs": int(result.stats["candidates"]),
        "clusters": len(result.clusters),
        "estimated_recall": round(result.stats["estimated_recall"], 4),
    }


def splink(records: Sequence[Record]) -> dict[str, Any]:
    """Splink with its recommended comparisons and tight blocking rules, on DuckDB."""
    arrow, lib, cl = map(import_module, ("pyarrow", "splink", "splink.comparison_library"))
    block_on = lib.block_on
    frame = arrow.Table.from_pylist([dict(r.values, unique_id=r.id) for r in records])
    rules = [
        block_on("given", "surname"),
        block_on("surname", "born"),
        block_on("phone"),
        block_on("born", "postcode"),
        block_on("given", "born"),
    ]
    settings = lib.SettingsCreator(
        link_type="dedupe_only",
        comparisons=[
            cl.JaroWinklerAtThresholds("given"),
            cl.JaroWinklerAtThresholds("surname"),
            cl.DamerauLevenshteinAtThresholds("born"),
            cl.ExactMatch("city"),
            cl.DamerauLevenshteinAtThresholds("postcode"),
            cl.DamerauLevenshteinAtThresholds("phone"),
        ],
        blocking_rules_to_generate_predictions=rules,
    )
    api = lib.DuckDBAPI()
    known = api.register(frame)
    linker = lib.Linker(known, settings)
    linker.training.estimate_probability_two_random_records_match(rules[:3], recall=0.8)
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6)
    linker.training.estimate_parameters_using_expectation_maximisation(block_on("given", "surname"))
    linker.training.estimate_parameters_using_expectation_maximisation(block_on("born"))
    found = linker.inference.predict(threshold_match_probability=0.5)
    groups = linker.clustering.cluster_pairwise_predictions_at_threshold(found, 0.5)
    clusters = len(set(groups.as_pyarrow_table()["cluster_id"].to_pylist()))
    return {
        "engine": "splink",
        "records": len(records),
        "pairs": found.as_pyarrow_table().num_rows,
        "clusters": clusters,
    }


ENGINES: dict[str, Callable[[Sequence[Record]], dict[str, Any]]] = {"mdhub": ours, "splink": splink}


def run(count: int) -> list[dict[str, Any]]:
    """Measure every engine that is installed, one after the other."""
    names = ["mdhub", *(["splink"] if find_spec("splink") else [])]
    return [_apart(name, count) for name in names]


def _apart(name: str, count: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.matching.batch_speed", name, str(count)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def show(rows: Sequence[dict[str, Any]]) -> None:
    """A line an engine, and the ratio of the CPU seconds."""
    for row in rows:
        print("  ".join(f"{fact} {row.get(fact)}" for fact in FACTS))
    if len(rows) > 1:
        ratio = rows[0]["cpu_seconds"] / max(rows[1]["cpu_seconds"], 0.1)
        print(f"mdhub takes {ratio:.2f} x the CPU seconds of {rows[1]['engine']}")
    else:
        print("Splink is not installed here (extra `bench`), so there is nothing to compare with")


def main(name: str, count: int) -> None:
    """Measure one engine in this process, and print what it took as JSON."""
    records = list(People(SEED).records(count))
    print(json.dumps(measured(lambda: ENGINES[name](records))))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
