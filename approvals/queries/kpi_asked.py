"""The exact requests behind a number of what agents asked for."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from django.utils import timezone

from approvals.models import AuthorityRecord
from portal.accounts import access
from portal.accounts.actors import Actor
from portal.core.pagination import Page, keyset
from runs.queries.kpi_sums import Span


@dataclass(frozen=True)
class AskedRow:
    """One request, with the answer that it had first."""

    id: UUID
    headline: str
    run_id: UUID
    answer: str
    at: datetime


def asked_rows(
    *, actor: Actor, span: Span, answers: Collection[str], cursor: str | None
) -> Page[AskedRow]:
    """Give one page of first rulings with these answers, newest first. Two queries."""
    rows = AuthorityRecord.objects.filter(
        occasion=AuthorityRecord.Occasion.ASK,
        ruled_at__gte=_midnight(span.first),
        ruled_at__lt=_midnight(span.last + timedelta(days=1)),
        answer__in=answers,
    )
    rows = access.visible(rows, actor=actor, workflow_path="workflow_id")
    if span.workflows is not None:
        rows = rows.filter(workflow_id__in=span.workflows)
    page = keyset(
        rows.select_related("action_request"),
        order=("-ruled_at", "-id"),
        cursor=cursor,
    )
    return Page(
        tuple(
            AskedRow(
                each.id,
                each.action_request.headline,
                each.action_request.run_id,
                each.answer,
                each.ruled_at,
            )
            for each in page.items
        ),
        page.next_cursor,
        page.previous_cursor,
    )


def _midnight(day: date) -> datetime:
    zone = timezone.get_default_timezone()
    return datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)
