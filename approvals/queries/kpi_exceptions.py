"""Escalated proposals as exceptions, and whether exceptions alike were settled alike.

The signature of an escalation is its workflow, the code that decided the ruling, the
system and the verb; of a hold, its workflow and its rule.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import connection

from approvals.models import Proposal
from approvals.queries.access import proposals_seen_by
from approvals.queries.exceptions import cause_words
from approvals.queries.settled import SETTLED
from approvals.rules.consistency import Alikeness, alikeness_of
from approvals.rules.moves import UNDECIDED, ProposalState
from portal.accounts.actors import Actor
from portal.core.pagination import Page, keyset
from registry.queries.across import workflow_ids_seen_by
from runs.queries.kpi_holds import (
    ASKED,
    ExceptionRow,
    Exceptions,
    counted,
    midnight,
)
from runs.queries.kpi_sums import Span, written

TRAILING = timedelta(days=90)
_OPENED = (
    f"{ASKED}, firsts AS (SELECT workflow_id, cause, system, verb,"  # noqa: S608
    " min(escalated_at) AS at FROM approvals_proposal WHERE escalated_at IS NOT NULL"
    " AND workflow_id = ANY(SELECT workflow_id FROM members) GROUP BY 1, 2, 3, 4),"
    " opened AS MATERIALIZED (SELECT m.flock, p.escalated_at, f.at FROM ("
    " SELECT flock, min(begun) AS begun, max(over) AS over FROM spells GROUP BY 1) AS x"
    " JOIN members AS m ON m.flock = x.flock"
    " JOIN approvals_proposal AS p ON p.workflow_id = m.workflow_id"
    " AND p.escalated_at IS NOT NULL"
    " AND p.escalated_at >= x.begun AND p.escalated_at < x.over"
    " JOIN firsts AS f ON f.workflow_id = p.workflow_id AND f.cause = p.cause"
    " AND f.system = p.system AND f.verb = p.verb)"
    " SELECT s.number, count(*), count(*) FILTER (WHERE o.at >= s.begun)"
    " FROM spells AS s JOIN opened AS o ON o.flock = s.flock"
    " AND o.escalated_at >= s.begun AND o.escalated_at < s.over GROUP BY 1"
)
_AGES = (
    f"{ASKED} SELECT s.number,"  # noqa: S608 - our names
    " array_agg(extract(epoch FROM s.at - p.escalated_at)::float8)"
    " FROM spells AS s JOIN members AS m ON m.flock = s.flock"
    " JOIN approvals_proposal AS p ON p.workflow_id = m.workflow_id"
    " AND p.escalated_at IS NOT NULL AND p.escalated_at <= s.at"
    " AND (p.resolved_at IS NULL OR p.resolved_at > s.at) GROUP BY 1"
)
_SETTLED = f"""
SELECT workflow_id, signature, ending, (at AT TIME ZONE %(zone)s)::date, count(*)
FROM ({SETTLED}) AS settled GROUP BY 1, 2, 3, 4
"""  # noqa: S608 - our own text


@dataclass(frozen=True)
class Settled:
    """How many exceptions of one signature ended one way on one day."""

    workflow_id: UUID
    signature: str
    ending: str
    on: date
    count: int


def escalations_over(
    *, actor: Actor, spans: Sequence[Span], now: datetime
) -> tuple[Exceptions, ...]:
    """Count the escalated proposals of each span as exceptions. Four queries."""
    return counted(_OPENED, _AGES, actor=actor, spans=spans, now=now)


def trailing(span: Span) -> Span:
    """Give the ninety days that end with a span."""
    return Span(span.last - TRAILING + timedelta(days=1), span.last, span.workflows)


def alikeness_over(*, actor: Actor, spans: Sequence[Span]) -> tuple[Alikeness, ...]:
    """Say for the ninety days that end with each span how alike ends were. Two queries.

    One statement counts signatures by day; the spans are added up from that.
    """
    if not spans:
        return ()
    wide = [trailing(span) for span in spans]
    seen = workflow_ids_seen_by(actor)
    with connection.cursor() as cursor:
        cursor.execute(
            _SETTLED,
            {
                "zone": settings.TIME_ZONE,
                "seen": written(seen),
                "begun": midnight(min(each.first for each in wide)),
                "over": midnight(max(each.last for each in wide) + timedelta(days=1)),
            },
        )
        rows = [Settled(*row) for row in cursor.fetchall()]
    return tuple(_alikeness(rows, span) for span in wide)


def _alikeness(rows: Sequence[Settled], span: Span) -> Alikeness:
    groups: dict[tuple[UUID, str], dict[str, int]] = {}
    for row in rows:
        is_asked = span.workflows is None or row.workflow_id in span.workflows
        if is_asked and span.first <= row.on <= span.last:
            group = groups.setdefault((row.workflow_id, row.signature), {})
            group[row.ending] = group.get(row.ending, 0) + row.count
    return alikeness_of(groups.values())


def escalation_rows(
    *, actor: Actor, span: Span, cursor: str | None
) -> Page[ExceptionRow]:
    """Give one page of the escalations that were opened in a span. Two queries."""
    rows = proposals_seen_by(actor).filter(
        escalated_at__gte=midnight(span.first),
        escalated_at__lt=midnight(span.last + timedelta(days=1)),
    )
    if span.workflows is not None:
        rows = rows.filter(workflow_id__in=span.workflows)
    page = keyset(rows, order=("-escalated_at", "-id"), cursor=cursor)
    return Page(
        tuple(_row(each) for each in page.items),
        page.next_cursor,
        page.previous_cursor,
    )


def _row(proposal: Proposal) -> ExceptionRow:
    return ExceptionRow(
        proposal.id,
        proposal.headline,
        cause_words(proposal.cause, proposal.verb, proposal.system),
        proposal.escalated_at or proposal.created_at,
        ProposalState(proposal.state) in UNDECIDED,
    )
