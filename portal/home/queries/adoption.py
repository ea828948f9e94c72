"""Who uses the portal, by department; where help is; what gets in the way."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from portal.accounts import access
from portal.accounts.activity import (
    DAYS,
    HABITUAL_DAYS,
    SHOWN_FROM,
    Activity,
    Group,
    activity_over,
    departments_over,
)
from portal.accounts.actors import Actor
from portal.accounts.queries import is_administrator
from portal.home.models import OfficeHour
from portal.home.queries.feedback import ANSWERING, open_feedback_count
from registry.queries.people import workflow_ids_held
from registry.queries.production import InDepartment, work_in_departments

HOURS_SHOWN = 20


@dataclass(frozen=True)
class DepartmentLine:
    """One department: how active its people are, and what they have in production."""

    id: UUID
    slug: str
    name: str
    activity: Activity
    workflows: int
    live: int
    verbs: int


@dataclass(frozen=True)
class Hour:
    id: UUID
    about: str
    place: str
    host: str
    starts_at: datetime
    ends_at: datetime
    is_mine: bool


@dataclass(frozen=True)
class AdoptionPage:
    whole: Activity
    lines: tuple[DepartmentLine, ...]
    hours: tuple[Hour, ...]
    may_host: bool
    to_answer: int
    sees_all: bool
    first: date
    last: date
    days: int = DAYS
    habitual_days: int = HABITUAL_DAYS
    shown_from: int = SHOWN_FROM


def adoption_page(*, actor: Actor, today: date, now: datetime) -> AdoptionPage:
    """Give how active each department is whose work this person sees. At most a dozen queries.

    Whoever sees every workflow sees every department, also one without a workflow.
    """
    work = work_in_departments(actor=actor)
    sees_all = access.holds_everywhere(actor, access.VIEW)
    seen = frozenset(each.department_id for each in work)
    whole = Group(today, None if sees_all else seen)
    (known,) = departments_over(actor=actor, groups=[whole])
    groups = [Group(today, frozenset({each.department_id})) for each in known]
    total, *parts = activity_over(actor=actor, groups=[whole, *groups])
    return AdoptionPage(
        whole=total,
        lines=tuple(
            DepartmentLine(
                each.department_id,
                each.slug,
                each.name,
                activity,
                *_production(work, each.department_id),
            )
            for each, activity in zip(known, parts, strict=True)
        ),
        hours=_hours(actor, now),
        may_host=may_host(actor),
        to_answer=open_feedback_count(actor=actor),
        sees_all=sees_all,
        first=whole.first,
        last=today,
    )


def may_host(actor: Actor) -> bool:
    """Say whether somebody may announce office hours. At most two queries."""
    if not actor.is_person:
        return False
    return bool(workflow_ids_held(actor.id, *ANSWERING)) or is_administrator(actor)


def _production(
    work: tuple[InDepartment, ...], department_id: UUID
) -> tuple[int, int, int]:
    mine = [each for each in work if each.department_id == department_id]
    live = [each for each in mine if each.is_live]
    verbs = {verb for each in live for verb in each.verbs}
    return len(mine), len(live), len(verbs)


def _hours(actor: Actor, now: datetime) -> tuple[Hour, ...]:
    rows = OfficeHour.objects.filter(cancelled_at=None, ends_at__gt=now)
    return tuple(
        Hour(
            row.id,
            row.about,
            row.place,
            row.host.name,
            row.starts_at,
            row.ends_at,
            row.host_id == actor.id,
        )
        for row in rows.select_related("host").order_by("starts_at", "id")[:HOURS_SHOWN]
    )
