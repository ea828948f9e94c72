"""The exceptions that people settled, each beside those of its kind: behind how alike ends were.

Escalated proposals and holds in one list, newest first, cut by when they were settled.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from django.db import connection

from approvals.queries.exceptions import cause_words
from portal.accounts.actors import Actor
from portal.core.errors import Malformed
from portal.core.pagination import PAGE_SIZE
from registry.queries.across import workflow_ids_seen_by
from runs.queries.kpi_holds import midnight
from runs.queries.kpi_sums import Span, written

# How each was settled, and what makes two alike; also what the number itself counts.
SETTLED = """
    SELECT p.id, p.workflow_id, concat_ws(' ', 'escalation', p.cause, p.system, p.verb)
        AS signature, CASE WHEN p.state IN ('APPROVED', 'EDITED') THEN 'passed'
        ELSE 'refused' END AS ending, p.resolved_at AS at, p.headline AS title,
        p.cause, p.verb, p.system
    FROM approvals_proposal AS p
    WHERE p.workflow_id = ANY(%(seen)s::uuid[]) AND p.escalated_at IS NOT NULL
        AND p.resolved_at >= %(begun)s AND p.resolved_at < %(over)s
        AND p.state IN ('APPROVED', 'EDITED', 'REJECTED', 'RESPONDED')
        AND NOT EXISTS (SELECT FROM approvals_proposal AS r WHERE r.reopens_id = p.id)
    UNION ALL
    SELECT d.hold_id, d.workflow_id, d.signature, CASE WHEN d.disposition = 'RESUMED'
        THEN 'passed' ELSE 'refused' END, d.disposed_at, d.sentence, '', '', ''
    FROM approvals_exceptiondisposition AS d
    WHERE d.workflow_id = ANY(%(seen)s::uuid[])
        AND d.disposed_at >= %(begun)s AND d.disposed_at < %(over)s
"""
_ROWS = f"""
SELECT * FROM (SELECT s.*,
    count(*) OVER (PARTITION BY s.workflow_id, s.signature) AS alike,
    count(*) OVER (PARTITION BY s.workflow_id, s.signature, s.ending) AS same
    FROM ({SETTLED}) AS s) AS beside
WHERE %(which)s AND (%(at)s::timestamptz IS NULL OR (at, id) < (%(at)s, %(id)s))
ORDER BY at DESC, id DESC LIMIT %(limit)s
"""  # noqa: S608 - our own text


class Pairs(StrEnum):
    """Which settled exceptions: with one of their kind, with one that ended alike, alone."""

    OF_A_KIND = "alike > 1"
    ENDED_ALIKE = "same > 1"
    ALONE = "alike = 1"


@dataclass(frozen=True)
class SettledRow:
    """One settled exception: how many of its kind there are, and how many ended alike."""

    id: UUID
    title: str
    sentence: str
    ending: str
    at: datetime
    alike: int
    same: int


def settled_rows(
    *, actor: Actor, span: Span, which: Pairs, cursor: str | None
) -> tuple[tuple[SettledRow, ...], str | None]:
    """Give one page of them and where the next begins. At most three queries.

    Raises Malformed for a cursor that was not made here.
    """
    seen = workflow_ids_seen_by(actor)
    if span.workflows is not None:
        seen &= span.workflows
    at, last = _read(cursor)
    with connection.cursor() as database:
        database.execute(
            _ROWS.replace("%(which)s", which.value),
            {
                "seen": written(seen),
                "begun": midnight(span.first),
                "over": midnight(span.last + timedelta(days=1)),
                "at": at,
                "id": last,
                "limit": PAGE_SIZE + 1,
            },
        )
        found = [_row(*each) for each in database.fetchall()]
    page = tuple(found[:PAGE_SIZE])
    more = len(found) > PAGE_SIZE
    return page, f"{page[-1].at.isoformat()}_{page[-1].id}" if more else None


def _row(  # noqa: PLR0913 - the columns of one statement
    identity: UUID,
    workflow_id: UUID,
    signature: str,
    ending: str,
    at: datetime,
    title: str,
    cause: str,
    verb: str,
    system: str,
    alike: int,
    same: int,
) -> SettledRow:
    del workflow_id, signature
    sentence = cause_words(cause, verb, system) if verb else "Held by a stop rule"
    return SettledRow(identity, title, sentence, ending, at, alike, same)


def _read(cursor: str | None) -> tuple[datetime | None, UUID | None]:
    if cursor is None:
        return None, None
    at, _, identity = cursor.partition("_")
    try:
        return datetime.fromisoformat(at).astimezone(UTC), UUID(identity)
    except (ValueError, OverflowError) as error:
        raise Malformed("This page address was not made here.") from error
