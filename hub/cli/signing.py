"""Who does it, and why: what every step that is remembered is signed with."""

from __future__ import annotations

from functools import update_wrapper
from typing import TYPE_CHECKING, Any

import click

from hub.cli.spelling import account
from hub.services.policies import Word

if TYPE_CHECKING:
    from collections.abc import Callable


def signed(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --actor and --reason; the command is given `word`."""

    def with_word(*args: Any, actor: str, reason: str, **options: Any) -> Any:  # noqa: ANN401
        return command(*args, word=Word(actor=actor, reason=reason), **options)

    wrapped = update_wrapper(with_word, command)
    wrapped = click.option("--reason", default="", help="Why.")(wrapped)
    who = click.option("--actor", default=account, show_default="the account", help="Who does it.")
    return who(wrapped)
