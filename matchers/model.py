"""What training learns: chances per agreement level, term frequencies, prior; versioned."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from matchers.errors import ModelMismatchError
from matchers.plan import plan
from matchers.terms import TermTable

if TYPE_CHECKING:
    from matchers.spec import MatchSpec

# One match among this many pairs is what an untrained model expects.
UNTRAINED_PRIOR = -12.0


@dataclass(frozen=True, slots=True)
class ComparisonModel:
    """m and u per level of one comparison, and the frequencies of its terms."""

    name: str
    m: tuple[float, ...]
    u: tuple[float, ...]
    terms: TermTable = field(default_factory=TermTable)


@dataclass(frozen=True)
class MatchModel:
    """A frozen, JSON-able model; `version` is the hash of its content.

    `prior` is in bits: log2 of the odds that a random pair matches. `calibration` maps weights in
    bits to probabilities by straight lines between its points; empty means the plain logistic.
    `presumed` are the systems that were taken to hold each entity once without being declared so.
    """

    entity: str
    comparisons: tuple[ComparisonModel, ...]
    prior: float = UNTRAINED_PRIOR
    records: int = 0
    calibration: tuple[tuple[float, float], ...] = ()
    presumed: tuple[str, ...] = ()

    @cached_property
    def version(self) -> str:
        """Sixteen hexadecimal digits of the content's SHA-256."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()[:16]

    def to_json(self) -> str:
        """Canonical JSON: the same model gives the same text."""
        return json.dumps(_as_dict(self), sort_keys=True, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> MatchModel:
        """The inverse of `to_json`."""
        return _from_dict(json.loads(text))

    def presuming(self, spec: MatchSpec) -> MatchSpec:
        """The specification as it was understood in training."""
        if not self.presumed:
            return spec
        return replace(spec, duplicate_free=spec.duplicate_free.union(self.presumed))

    def fits(self, spec: MatchSpec) -> None:
        """Raise ModelMismatchError unless the model was made for these fields."""
        expected = [(item.name, len(item.comparator.levels)) for item in plan(spec)]
        if [(item.name, len(item.m)) for item in self.comparisons] != expected:
            raise ModelMismatchError(entity=spec.entity, version=self.version)


def _as_dict(model: MatchModel) -> dict[str, Any]:
    return ({"presumed": list(model.presumed)} if model.presumed else {}) | {
        "entity": model.entity,
        "prior": model.prior,
        "records": model.records,
        "calibration": [list(point) for point in model.calibration],
        "comparisons": [
            {
                "name": item.name,
                "m": list(item.m),
                "u": list(item.u),
                "terms": {
                    "total": item.terms.total,
                    "counts": dict(item.terms.counts),
                    "collisions": dict(item.terms.collisions),
                },
            }
            for item in model.comparisons
        ],
    }


def _from_dict(data: dict[str, Any]) -> MatchModel:
    return MatchModel(
        entity=data["entity"],
        prior=data["prior"],
        records=data["records"],
        presumed=tuple(data.get("presumed", ())),
        calibration=tuple((bits, chance) for bits, chance in data["calibration"]),
        comparisons=tuple(
            ComparisonModel(
                item["name"], tuple(item["m"]), tuple(item["u"]), TermTable(**item["terms"])
            )
            for item in data["comparisons"]
        ),
    )


def default_model(spec: MatchSpec) -> MatchModel:
    """The informative priors of every attribute type, with no data seen."""
    return MatchModel(
        entity=spec.entity,
        comparisons=tuple(
            ComparisonModel(
                item.name,
                normalised([level.m for level in item.comparator.levels]),
                normalised([level.u for level in item.comparator.levels]),
            )
            for item in plan(spec)
        ),
    )


def normalised(chances: list[float]) -> tuple[float, ...]:
    """Scaled to add up to one."""
    total = sum(chances)
    return tuple(chance / total for chance in chances)
