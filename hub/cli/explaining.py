"""What every rule means to a reader, and the whole proof of one value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hub.cli.spelling import at, value

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hub.services.queries import Golden

    Positions = Mapping[tuple[str, str], Mapping[str, Any]]

STEPS = {
    "owner": "the owner's value stands",
    "owner_silent": "the owner holds no value, so the strategies decided",
    "fallback": "the owner holds no value, so the strategies decided",
    "accepted": "another system's change was accepted while the owner was silent",
    "kept": "the owner is silent; the earlier golden value is kept",
    "cleared": "the owner is silent, and nothing else may speak",
    "no_value": "it holds no value",
    "only": "the only system that holds a value",
    "source_rank": "the better ranked system",
    "most_recent": "the most recent change at its source",
    "most_complete": "the most complete record",
    "most_frequent": "the value that most systems hold",
    "min": "the least value",
    "max": "the greatest value",
    "most_restrictive": "the most restrictive value",
    "tie_break": "nothing decided but the fixed order of systems and keys",
    "override": "a steward set another value",
    "held": "the earlier value stays while a raise waits for approval",
    "refused": "the earlier value stays, because a raise was refused",
    "inherited": "it has no value of its own, so it has its parent's",
}
"""What each rule, and each step at which a value loses, means to a reader."""

WOULD_WIN = {
    "owner": "its system owned the attribute, or the owner held no value",
    "owner_silent": "the policy fell back on others while the owner is silent",
    "source_rank": "its system ranked better",
    "most_recent": "it changed later at its source",
    "most_complete": "its record were more complete",
    "most_frequent": "more systems held it",
    "min": "it were the least",
    "max": "it were the greatest",
    "most_restrictive": "it were the most restrictive",
    "tie_break": "a strategy told the two apart",
    "override": "the override ended",
    "accepted": "the owner said something newer",
    "held": "the raise were approved",
    "refused": "another raise were proposed and approved",
}
"""What would have to be otherwise, by the step at which a value lost."""


def would_win(step: str) -> str:
    """Say what would have to be otherwise for a loser to win."""
    return WOULD_WIN.get(step.rpartition(":")[2], "the rule were another")


def proof(found: Golden, attribute: Mapping[str, Any], positions: Positions) -> dict[str, Any]:
    """Return everything that speaks for one value: its feed, decisions, and where it is by now."""
    name = attribute["attribute"]
    losers = [
        {
            **loser,
            "would_win_if": would_win(loser["at"]),
            "feed": positions.get((loser["system"], loser["key"])),
        }
        for loser in attribute["losers"]
    ]
    return {
        **attribute,
        "losers": losers,
        "policy_version": found.policy_version,
        "golden_version": found.version,
        "feed": positions.get((attribute["system"] or "", attribute["key"] or "")),
        "override": next((o for o in found.overrides if o["attribute"] == name), None),
        "approval": next((r for r in found.raises if name in r["values"]), None),
        "published": [_at_target(target, name) for target in found.targets if _has(target, name)],
    }


def _has(target: Mapping[str, Any], name: str) -> bool:
    return name in target["desired"]


def _at_target(target: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Say what the target holds of one attribute, and how far that is from what it should."""
    seen = None if target["seen"] is None else target["seen"].get(name)
    agrees = target["seen"] is not None and seen == target["desired"][name]
    return {
        "target": target["target"],
        "key": target["target_key"],
        "holds": seen,
        "should": target["desired"][name],
        "state": "ECHOED" if agrees and target["state"] == "PENDING" else target["state"],
        "at": target["echoed_at"] or target["sent_at"],
        "due_at": target["due_at"],
    }


def words(shown: Mapping[str, Any]) -> list[str]:
    """Spell a proof, but for its rule and losers."""
    lines = [f"policy {shown['policy_version']}, golden version {shown['golden_version']}"]
    feed = shown["feed"]
    if feed:
        lines.append(f"came with {feed['topic']}@{feed['offset']}, position {feed['position']}")
    if shown["rates"]:
        lines.append(f"amounts compared at the rates {', '.join(shown['rates'])}")
    word = shown["approval"]
    if word:
        verdict = "approved" if word["approved"] else "refused"
        lines.append(
            f"raise {verdict} by {word['actor']} at {at(word['decided_at'])}: {word['reason']}"
        )
    lines += [
        f"{target['target']}:{target['key'] or '(new)'} holds {value(target['holds'], 30)}"
        f" ({target['state']})"
        for target in shown["published"]
    ]
    return lines
