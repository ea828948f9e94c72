"""A team that reviews, work that is shared out, and one person away with a stand-in."""

from datetime import datetime, timedelta

from approvals.operations.assigning import assign_proposal
from approvals.queries.inbox import needing
from portal.accounts.actors import SYSTEM
from portal.accounts.operations.absences import accept_absence, plan_absence
from portal.home.demo.company import Company
from portal.home.demo.workflows import id_of
from registry.operations.reviewing import add_reviewer, remove_reviewer, set_assigning
from registry.operations.teams import add_team, join_team, name_head

TEAM = "Phone desk reviewers"
_GIVEN = ("dana", "tom", "dana")


def share_the_work(company: Company, *, now: datetime) -> None:
    """Let a team review the phone desk, and refunds go to whoever has least to do."""
    care = company.departments["customer-care"]
    name_head(actor=SYSTEM, department=care, person=company.people["maya"])
    team = add_team(actor=SYSTEM, name=TEAM, department=care, now=now)
    voice, refunds = id_of("voice-service-desk"), id_of("refund-management")
    for key in ("dana", "lena", "tom"):
        join_team(
            actor=company.actor("maya"),
            team_id=team.id,
            person=company.people[key],
            now=now,
        )
    add_reviewer(actor=SYSTEM, workflow_id=voice, team=team, now=now)
    for key in ("dana", "lena"):
        remove_reviewer(
            actor=SYSTEM, workflow_id=voice, person=company.people[key], now=now
        )
    set_assigning(
        actor=company.actor("maya"), workflow_id=refunds, is_least_loaded=True
    )
    waiting = (
        needing(company.actor("dana"), now=now)
        .filter(workflow=refunds, audience="reviewers")
        .order_by("due_at", "id")
    )
    for key, proposal in zip(_GIVEN, waiting, strict=False):
        assign_proposal(
            actor=company.actor("maya"),
            proposal_id=proposal.id,
            person_id=company.people[key].id,
            reason="You spoke with this customer." if key == "tom" else "",
            now=now,
        )
    _go_away(company, now)


def _go_away(company: Company, now: datetime) -> None:
    """Lena is away and Erik decides for her; Tom has asked Dana for next week."""
    lena = plan_absence(
        actor=company.actor("lena"),
        stand_in=company.people["erik"],
        starts_at=now,
        ends_at=now + timedelta(days=4),
        reason="A course in Copenhagen.",
        workflows={},
        now=now,
    )
    accept_absence(actor=company.actor("erik"), absence_id=lena.id, now=now)
    plan_absence(
        actor=company.actor("tom"),
        stand_in=company.people["dana"],
        starts_at=now + timedelta(days=7),
        ends_at=now + timedelta(days=12),
        reason="A week by the sea.",
        workflows={},
        now=now,
    )
