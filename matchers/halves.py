"""Work on two cores: half of it in a child process that shares the parent's memory as it is."""

from __future__ import annotations

import multiprocessing
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.connection import Connection

Found = TypeVar("Found")


def in_halves(work: Callable[[int, int], Found], size: int, smallest: int) -> list[Found]:
    """Return what `work(first, last)` finds in the parts of the range, in their order.

    A range below the smallest size is one part. The child must not touch what threads or
    connections of the parent hold; here it computes and answers, nothing else.
    """
    if size < smallest or "fork" not in multiprocessing.get_all_start_methods():
        return [work(0, size)]
    half = size // 2
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    child = context.Process(target=_answer, args=(sender, work, half, size), daemon=True)
    child.start()
    sender.close()
    try:
        first = work(0, half)
        try:
            second = receiver.recv()
        except EOFError:
            second = work(half, size)
    finally:
        receiver.close()
        child.join()
    return [first, second]


def _answer(sender: Connection, work: Callable[[int, int], object], first: int, last: int) -> None:
    sender.send(work(first, last))
    sender.close()
