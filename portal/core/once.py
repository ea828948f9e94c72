"""Questions that one page asks many times, asked once while it is worked out.

Nothing outlives the block, and only what reads is asked through it: a page counts all of
its numbers by what its reader may see at one moment.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import Any

_answers: ContextVar[dict[Any, Any] | None] = ContextVar("answers", default=None)


@contextmanager
def asked_once() -> Iterator[None]:
    """Keep the answers of `once` until the end of the outermost block."""
    if _answers.get() is not None:
        yield
        return
    token = _answers.set({})
    try:
        yield
    finally:
        _answers.reset(token)


def once[**P, R](ask: Callable[P, R]) -> Callable[P, R]:
    """Let a query be asked once with the same arguments within `asked_once`.

    What it gives is shared, so it must not be changed. Outside of a block it is asked
    each time.
    """

    @wraps(ask)
    def asked(*args: P.args, **kwargs: P.kwargs) -> R:
        answers = _answers.get()
        if answers is None:
            return ask(*args, **kwargs)
        key = (
            ask,
            tuple(map(_fixed, args)),
            tuple((name, _fixed(kwargs[name])) for name in sorted(kwargs)),
        )
        if key not in answers:
            answers[key] = ask(*args, **kwargs)
        found: R = answers[key]
        return found

    return asked


def _fixed(value: object) -> object:
    if isinstance(value, list):
        return tuple(value)
    return frozenset(value) if isinstance(value, set) else value
