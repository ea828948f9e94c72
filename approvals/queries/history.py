"""A workflow's requests in the order in which they were asked, a stretch at a time.

Served by the index approvals_action_window; a stretch costs the same wherever it begins.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from django.db import connection

_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
_NO_ID = UUID(int=0)
_STRETCH = (
    "SELECT a.id, a.run_id, a.created_at, r.ruled_at, a.received, a.headline,"
    " a.resolution, a.resolved_at, r.answer, r.version_number"
    " FROM approvals_actionrequest a JOIN approvals_authorityrecord r"
    " ON r.action_request_id = a.id AND r.occasion = 'ASK'"
    " WHERE a.workflow_id = %s AND (a.created_at, a.id) > (%s, %s)"
    " AND a.created_at <= %s ORDER BY a.created_at, a.id LIMIT %s"
)
_COUNT = (
    "SELECT count(*) FROM approvals_actionrequest"
    " WHERE workflow_id = %s AND created_at >= %s AND created_at <= %s"
)
_FIRST = (
    "SELECT created_at FROM approvals_actionrequest"
    " WHERE workflow_id = %s ORDER BY created_at, id LIMIT 1"
)


class Place(NamedTuple):
    """Where in the order of a workflow's requests a stretch begins, itself left out."""

    at: datetime = _BEGINNING
    id: UUID = _NO_ID


class Asked(NamedTuple):
    """One request as it came, with the answer of its day and what people said."""

    id: UUID
    run_id: UUID
    asked_at: datetime
    ruled_at: datetime
    received: bytes
    headline: str
    resolution: str
    resolved_at: datetime | None
    answer: str
    version_number: int | None

    @property
    def place(self) -> Place:
        return Place(self.asked_at, self.id)


def stretch_of(
    *, workflow_id: UUID, after: Place, until: datetime, limit: int
) -> list[Asked]:
    """Give the next requests of a workflow. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_STRETCH, [workflow_id, after.at, after.id, until, limit])
        return [Asked(*row) for row in cursor]


def count_between(*, workflow_id: UUID, since: datetime | None, until: datetime) -> int:
    """Count a workflow's requests of a time. One query, without reading a row of them."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, [workflow_id, since or _BEGINNING, until])
        return cursor.fetchone()[0]


def first_asked_at(*, workflow_id: UUID) -> datetime | None:
    """Say when a workflow was first asked for anything. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_FIRST, [workflow_id])
        found = cursor.fetchone()
    return found[0] if found else None


def read_again(received: bytes | memoryview) -> Mapping[str, object]:
    """Read stored bytes that the strict parser let in, to the same values and faster.

    What that parser refuses cannot stand in them, so nothing is checked a second time.
    """
    return json.loads(bytes(received), parse_float=Decimal)
