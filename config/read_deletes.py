"""Reads `delete_guard`: how many records a system may delete before a person looks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from config.section import Section
from config.tree import Keys, Scalar
from golden_records.domain.rulebook import DeleteGuard

if TYPE_CHECKING:
    from datetime import timedelta

    from config.tree import Tree

PLAIN: Final = DeleteGuard()
WHOLE: Final = 100
REMEDY: Final = "write {window: 1h, rows: 1000, share: 10, always: 50}, or false for no guard"


def read_guard(section: Section, default: DeleteGuard | None = PLAIN) -> DeleteGuard | None:
    """Return the guard of `delete_guard`; what it does not say is said by the default."""
    value = section.take("delete_guard")
    if value is None:
        return default
    if isinstance(value, Keys):
        with Section(value, section.problems, "delete_guard") as guard:
            return _guard(guard, default or PLAIN)
    if not (isinstance(value, Scalar) and value.kind == "bool"):
        section.error(value, "'delete_guard' is no guard", REMEDY)
        return default
    return None if value.text.lower() == "false" else default or PLAIN


def _guard(section: Section, default: DeleteGuard) -> DeleteGuard:
    found = DeleteGuard(
        window=_window(section, default.window),
        rows=_number(section, "rows", default.rows),
        share=_share(section, default.share),
        always=_number(section, "always", default.always),
    )
    if found.always > found.rows:
        said: Tree | None = section.take("always") or section.take("rows")
        message = f"rows never counts: {found.always} are always let through, it says {found.rows}"
        section.error(said, message, "write an `always` that is not above `rows`")
    return found


def _window(section: Section, default: timedelta) -> timedelta:
    window = section.duration("window", default)
    if not window:
        message = "a window of no time counts no deletion"
        section.error(section.take("window"), message, "write a duration such as 1h")
    return window


def _number(section: Section, key: str, default: int) -> int:
    found = section.integer(key)
    return default if found is None else found


def _share(section: Section, default: int) -> int:
    share = section.integer("share")
    if share is not None and share > WHOLE:
        message = f"'share' is {share} per cent of what there is"
        section.error(section.take("share"), message, "write whole per cent from 0 to 100")
    return default if share is None else share
