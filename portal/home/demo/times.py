"""Working hours of the demo's company, and one proposal that somebody put away."""

from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from approvals.operations.snooze import snooze_proposal
from approvals.queries.inbox import needing
from approvals.queries.snoozing import latest_snooze
from portal.accounts.actors import SYSTEM
from portal.core.errors import Conflict
from portal.home.demo.company import Company
from registry.operations.timing import set_calendar, set_review_times
from registry.queries.timing_pages import ORGANISATION_LEVEL, level_of
from registry.rules.answers import Risk
from registry.rules.review_times import BUILT_IN, RiskTimes

OFFICE = (9 * 60, 17 * 60)
SHOP = (8 * 60, 20 * 60)
AWAY = timedelta(minutes=40)


def set_times(*, now: datetime) -> None:
    """Let the company work in Berlin, customer care on Saturdays too."""
    berlin: dict[str, Any] = {
        "time_zone": "Europe/Berlin",
        "country": "DE",
        "subdivision": "BE",
        "closed_days": [{"day": f"{now.year}-12-24", "name": "Christmas Eve"}],
    }
    week = [[OFFICE]] * 5 + [[], []]
    set_calendar(actor=SYSTEM, level=ORGANISATION_LEVEL, week=week, now=now, **berlin)
    care = level_of(kind="department", slug="customer-care")
    long_week = [[SHOP]] * 5 + [[OFFICE], []]
    set_calendar(actor=SYSTEM, level=care, week=long_week, now=now, **berlin)
    times = {
        risk: RiskTimes(each.review, each.escalation, is_working=risk != Risk.HIGH)
        for risk, each in BUILT_IN.items()
    }
    publishing = level_of(kind="workflow", slug="content-publishing")
    set_review_times(
        actor=SYSTEM,
        level=publishing,
        times=times,
        ladder=("escalation_owner", "business_owner"),
        now=now,
    )


def put_one_away(company: Company, *, now: datetime) -> None:
    """Let Lena put away the first that has time enough."""
    lena = company.actor("lena")
    for proposal in needing(lena, now=now).order_by("-due_at", "id")[:20]:
        # What ran out while the story was told is not put away; the next one is.
        with suppress(Conflict):
            if latest_snooze(proposal) > now + AWAY:
                snooze_proposal(
                    actor=lena, proposal_id=proposal.id, until=now + AWAY, now=now
                )
                return
