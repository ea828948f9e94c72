"""The clocks. Expiry and order inside the database use the database's own."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime

from django.db import connection

_HISTORY: ContextVar[datetime | None] = ContextVar("history", default=None)


def wall_clock() -> datetime:
    """Give the web server's time in UTC; only views, api, tasks and commands call it."""
    return datetime.now(tz=UTC)


def database_now() -> datetime:
    """Give `clock_timestamp()`, which moves inside a transaction. One query."""
    told = _HISTORY.get()
    if told is not None:
        return told
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        return cursor.fetchone()[0]


def moment_of_history() -> datetime | None:
    """Give the moment that a loader of history is at, or None, which is always otherwise."""
    return _HISTORY.get()


@contextmanager
def in_history(moment: datetime) -> Iterator[None]:
    """Let `database_now` say a moment of the past in this block.

    Only the loader of the demo's history uses it. The journal does not read it: its
    entries say when they were really written.
    """
    token = _HISTORY.set(moment)
    try:
        yield
    finally:
        _HISTORY.reset(token)
