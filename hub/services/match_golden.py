"""How a golden record came together, and where it is weakest."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from hub.services.resolving.by_matching import match_record
from matchers import explain_cluster, explain_pair, prepare

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from golden_records.ports import StoredRecord
    from hub.services.queries import ReadingWork
    from hub.services.resolving.by_matching import Matching
    from matchers import ClusterExplanation, PairExplanation, Prepared

    Rows = list[dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class GoldenStory:
    """How a golden record came together; ids are SYSTEM:KEY."""

    entity: str
    golden: UUID
    story: ClusterExplanation
    members: Rows
    """In the order of the story: name, since, origin, rule, reasons and actor."""
    weakest: PairExplanation | None
    decisions: Rows


def named(matching: Matching, stored: StoredRecord) -> Prepared:
    """The record as the matchers take it, under the name that people know it by."""
    record = stored.record
    values = match_record(matching.spec, record.id, record.system, record.attrs)
    return replace(prepare(matching.spec, values), id=f"{record.system}:{record.key}")


def golden_story(
    work: ReadingWork, matching: Matching, golden_id: UUID, entity: str
) -> GoldenStory:
    """Tell how its members joined, by their links' times and the model in force."""
    rows = work.queries.members([golden_id])
    stored = work.sources.by_id([row["id"] for row in rows])
    prepared = {row["id"]: named(matching, stored[row["id"]]) for row in rows}
    said = work.matching.said(sorted(prepared))
    together = {
        frozenset((prepared[s["a"]].id, prepared[s["b"]].id))
        for s in said
        if s["verdict"] == "SAME" and s["a"] in prepared and s["b"] in prepared
    }
    row_of = {prepared[row["id"]].id: row for row in rows}
    came = {name: row["linked_at"] for name, row in row_of.items()}
    story = explain_cluster(matching.spec, matching.model, list(prepared.values()), came, together)
    by_name = {item.id: item for item in prepared.values()}
    edge = story.weakest
    return GoldenStory(
        entity=entity,
        golden=golden_id,
        story=story,
        members=[_member(item.record, row_of[item.record]) for item in story.order],
        weakest=None
        if edge is None
        else explain_pair(matching.spec, matching.model, by_name[edge.left], by_name[edge.right]),
        decisions=said,
    )


def _member(name: str, row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": name,
        "since": row["linked_at"],
        "origin": row["origin"],
        "probability": row["probability"],
        "why": row["reasons"] or {},
    }
