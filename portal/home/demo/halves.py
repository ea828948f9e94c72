"""Two processes at once, for work that keeps two processors busy."""

import multiprocessing
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Any

from django.db import connections

_INHERITED: list[Any] = []


def in_two_processes[R](
    work: Callable[..., R], calls: Sequence[tuple[Any, ...]]
) -> list[R]:
    """Do `work` for each tuple of arguments, two at a time, each on its own connection.

    Forked, so that settings and services are there; the parent's connection is closed
    first, because two processes must never share one.
    """
    connections.close_all()
    context = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(max_workers=2, mp_context=context) as pool:
        asked = [pool.submit(_alone, work, call) for call in calls]
        return [one.result() for one in asked]


def _alone[R](work: Callable[..., R], call: tuple[Any, ...]) -> R:
    # Kept and not closed: closing what was inherited would end the parent's session.
    _INHERITED.extend(one.connection for one in connections.all(initialized_only=True))
    for one in connections.all(initialized_only=True):
        one.connection = None
    return work(*call)
