"""Calendars, review times and clocks for tests: set as an administrator would, or turned back."""

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from approvals.models import Proposal
from portal.accounts.actors import SYSTEM
from registry.operations.timing import set_calendar, set_review_times
from registry.queries.timing_pages import ORGANISATION_LEVEL, Level, level_of
from registry.rules.answers import Risk
from registry.rules.review_times import LADDER, RiskTimes
from tests.approvals.asking import Portal

OFFICE = [[[540, 1020]]] * 5 + [[], []]
# Nobody works in the hours around now, whatever the hour.
HOUR = timedelta(hours=1)


def office_hours(level: Level = ORGANISATION_LEVEL, **more: Any) -> None:
    """Let the organisation work from nine to five in Berlin."""
    said = {"time_zone": "Europe/Berlin", "week": OFFICE, "country": "DE"} | more
    set_calendar(actor=SYSTEM, level=level, now=timezone.now(), **said)


def review_times(
    level: Level = ORGANISATION_LEVEL,
    *,
    review: timedelta = HOUR,
    escalation: timedelta = HOUR,
    is_working: bool = False,
    ladder: tuple[str, ...] = LADDER,
) -> None:
    """Give every risk the same times."""
    times = {risk: RiskTimes(review, escalation, is_working) for risk in Risk}
    set_review_times(
        actor=SYSTEM, level=level, times=times, ladder=ladder, now=timezone.now()
    )


def workflow_level(portal: Portal) -> Level:
    return level_of(kind="workflow", slug=portal.workflow.slug)


def proposal_of(asked: dict[str, Any]) -> Proposal:
    return Proposal.objects.select_related("workflow", "action_request").get(
        id=asked["proposal"]["id"]
    )


def turn_back(asked: dict[str, Any], by: timedelta) -> None:
    """Let as much time have passed for a proposal as this."""
    proposal = proposal_of(asked)
    moved: dict[str, datetime] = {}
    for name in ("due_at", "remind_at", "settled_at", "clock_stopped_at"):
        at = getattr(proposal, name)
        if at is not None:
            moved[name] = at - by
    Proposal.objects.filter(id=proposal.id).update(**moved)
