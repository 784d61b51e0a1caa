"""Record matching: pure functions from records to decisions, each with its reasons."""

from __future__ import annotations

from matchers.batch import BatchResult, Join, ScoredPair, match_batch, match_prepared
from matchers.blocking import block_caps, key_code, key_codes, keys, usable
from matchers.decide import (
    NO_CONSTRAINTS,
    Alternative,
    Cluster,
    Constraints,
    Decision,
    Outcome,
    decide,
)
from matchers.drift import Drift, drift, outgrown
from matchers.errors import MatcherError, ModelMismatchError, SpecError
from matchers.explain import FieldExplanation, PairExplanation, explain_pair
from matchers.incremental import IncrementalMatcher, KeyIndex, Placement
from matchers.joining import ClusterExplanation, Edge, Joined, explain_cluster
from matchers.labels import Label, usable_labels
from matchers.model import ComparisonModel, MatchModel, default_model
from matchers.plan import Prepared, prepare
from matchers.score import PairScore, score_pairs
from matchers.spec import FieldKind, FieldSpec, MatchSpec, Record
from matchers.train import recounted, train, with_terms

__all__ = [
    "NO_CONSTRAINTS",
    "Alternative",
    "BatchResult",
    "Cluster",
    "ClusterExplanation",
    "ComparisonModel",
    "Constraints",
    "Decision",
    "Drift",
    "Edge",
    "FieldExplanation",
    "FieldKind",
    "FieldSpec",
    "IncrementalMatcher",
    "Join",
    "Joined",
    "KeyIndex",
    "Label",
    "MatchModel",
    "MatchSpec",
    "MatcherError",
    "ModelMismatchError",
    "Outcome",
    "PairExplanation",
    "PairScore",
    "Placement",
    "Prepared",
    "Record",
    "ScoredPair",
    "SpecError",
    "block_caps",
    "decide",
    "default_model",
    "drift",
    "explain_cluster",
    "explain_pair",
    "key_code",
    "key_codes",
    "keys",
    "match_batch",
    "match_prepared",
    "outgrown",
    "prepare",
    "recounted",
    "score_pairs",
    "train",
    "usable",
    "usable_labels",
    "with_terms",
]
