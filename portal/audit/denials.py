"""Denials outside the rulebook, counted so that a flood costs next to nothing.

A process keeps its counts in memory and writes them at most once a second, one row
per principal, code and minute. What a process had not written when it was killed is
lost: these are counts of knocks at a closed door, and no change of anything.
"""

import threading
import time
from datetime import datetime

import structlog
from django.db import DatabaseError, connection

from portal.core.clock import wall_clock

WRITE_EVERY_SECONDS = 1.0
WAITING_MAX = 1000
_LOCK = threading.Lock()
_waiting: dict[tuple[str, str, datetime], tuple[int, str]] = {}
_written_at = 0.0
log = structlog.get_logger(__name__)


def count(*, principal: str, code: str, path: str) -> None:
    """Count one denial. Never raises, and writes at most once a second."""
    global _written_at
    minute = wall_clock().replace(second=0, microsecond=0)
    place = (principal[:80], code[:60], minute)
    with _LOCK:
        number, _ = _waiting.get(place, (0, ""))
        if number or len(_waiting) < WAITING_MAX:
            _waiting[place] = (number + 1, path.replace("\x00", "")[:200])
        is_due = time.monotonic() - _written_at >= WRITE_EVERY_SECONDS
        if not is_due or connection.in_atomic_block:
            return
        _written_at = time.monotonic()
        batch = dict(_waiting)
        _waiting.clear()
    _write(batch)


def _write(batch: dict[tuple[str, str, datetime], tuple[int, str]]) -> None:
    rows = [(*place, number, path) for place, (number, path) in sorted(batch.items())]
    try:
        with connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO audit_denial (principal, code, minute, count, last_path)"
                " VALUES (%s, %s, %s, %s, %s) ON CONFLICT (principal, code, minute)"
                " DO UPDATE SET count = audit_denial.count + excluded.count,"
                " last_path = excluded.last_path",
                rows,
            )
    except DatabaseError as error:
        log.warning("denials.unwritten", error=type(error).__name__, rows=len(rows))
