"""Hand the opened hub to a command, once."""

from __future__ import annotations

from functools import update_wrapper
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar

import click

from config.settings import Settings
from hub.bootstrap.opening import Hub
from hub.bootstrap.operating import open_operating
from hub.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Callable

P = ParamSpec("P")
R = TypeVar("R")


def pass_hub(command: Callable[Concatenate[Hub, P], R]) -> Callable[P, R]:
    """Call the command with the hub: the one in the context, else the one of the settings."""

    def opened(*args: P.args, **kwargs: P.kwargs) -> R:
        return command(hub_in_use(), *args, **kwargs)

    return update_wrapper(opened, command)


def hub_in_use() -> Hub:
    """Open the hub, for a command that does not always need one."""
    known = click.get_current_context().find_object(Hub)
    return known or open_operating(Settings(), SystemClock())
