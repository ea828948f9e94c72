"""Two processes at once, for work that keeps two processors busy."""

import multiprocessing
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Any

from django.db import connections


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
        return [one.result() for one in [pool.submit(work, *call) for call in calls]]
