"""`mdhub work`: one worker."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING

import click

from config.settings import Settings
from hub.bootstrap.announcing import Announcer
from hub.bootstrap.drifting import ShapesThread
from hub.bootstrap.opening import open_hub
from hub.bootstrap.publishing import Publishers
from hub.bootstrap.renewing import FrequenciesThread
from hub.bootstrap.supervising import ConnectorsThread
from hub.bootstrap.sweeping import PolicyThread
from hub.bootstrap.working import stream_services, stream_settings
from hub.clock import SystemClock
from streams.worker import run_worker

if TYPE_CHECKING:
    from hub.bootstrap.looking import LookingThread

STOP_SECONDS = 10.0
SWITCH_SECONDS = 0.001
"""A thread that computes lets others go on after so long. With Python's five milliseconds, one that
talks to a database waits so long after each answer."""


@click.command()
@click.option("--publish/--no-publish", default=True, help="Also write to the targets.")
@click.option("--log-level", default="INFO", show_default=True)
def work(*, publish: bool, log_level: str) -> int:
    """Apply the feed, resolve golden records and publish, until SIGTERM or Ctrl-C.

    Start as many as there is work for, on as many machines; they share the feed's partitions and
    the shards. Connectors that failed are restarted.

    \b
    Exit codes:
      0   stopped as asked
      1   something failed that a person must look at; the log says what
      75  the feed's topics have changed: start again
    """  # noqa: D301 - click wants the backspace itself
    logging.basicConfig(
        level=log_level.upper(),
        stream=sys.stderr,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    sys.setswitchinterval(SWITCH_SECONDS)
    hub = open_hub(Settings(), SystemClock())
    threads: list[LookingThread | Announcer | Publishers] = [
        ConnectorsThread(hub),
        PolicyThread(hub),
        Announcer(hub),
        FrequenciesThread(hub),
        ShapesThread(hub),
    ]
    if publish:
        threads.append(Publishers(hub))
    for thread in threads:
        thread.start()
    try:
        return run_worker(stream_settings(hub), stream_services(hub))
    finally:
        for thread in threads:
            thread.stop(STOP_SECONDS)
