"""Who is active: how many people acted on how many days, never who, but to those who may.

An active act is one of `portal.audit.acts`. People are counted over 28 days. A group of
fewer than five is not broken out, so that nobody is singled out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from statistics import median
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.utils import timezone

from portal.accounts.actors import Actor
from portal.accounts.models import Person
from portal.accounts.queries import is_administrator
from portal.core.pagination import Page, keyset

DAYS = 28
HABITUAL_DAYS = 8
SHOWN_FROM = 5
_ASKED = (
    "WITH asked AS (SELECT * FROM unnest(%s::int[], %s::uuid[], %s::date[], %s::date[])"
    " AS asked (number, department_id, first, last)),"
    " eligible AS (SELECT a.number, a.first, a.last, p.id FROM asked AS a"
    " JOIN accounts_person AS p ON p.is_active"
    " AND (a.department_id IS NULL OR p.department_id = a.department_id)"
    " AND (p.created_at AT TIME ZONE %s)::date <= a.last)"
)
_ACTIVE = (
    f'{_ASKED}, acted AS (SELECT e.number, e.id, (SELECT count(DISTINCT d."on")'  # noqa: S608
    ' FROM audit_actedday AS d WHERE d.actor_id = e.id AND d."on" BETWEEN e.first'
    " AND e.last) AS days, EXISTS (SELECT FROM audit_actedday AS d"
    ' WHERE d.actor_id = e.id AND d."on" < e.first) AS before,'
    " EXISTS (SELECT FROM accounts_notice AS n WHERE n.person_id = e.id"
    " AND n.told_at >= (e.first::timestamp AT TIME ZONE %s)"
    " AND n.told_at < ((e.last + 1)::timestamp AT TIME ZONE %s)) AS told"
    " FROM eligible AS e)"
    " SELECT number, count(*), array_agg(days) FILTER (WHERE days > 0),"
    " count(*) FILTER (WHERE days = 0 AND told),"
    " count(*) FILTER (WHERE days = 0 AND before),"
    " count(*) FILTER (WHERE days = 0 AND NOT before) FROM acted GROUP BY 1"
)
_BY_DEPARTMENT = (
    f"{_ASKED} SELECT e.number, d.id, d.slug, d.name, count(*),"  # noqa: S608 - ours
    " count(*) FILTER (WHERE EXISTS (SELECT FROM audit_actedday AS a"
    ' WHERE a.actor_id = e.id AND a."on" BETWEEN e.first AND e.last))'
    " FROM eligible AS e JOIN accounts_person AS p ON p.id = e.id"
    " JOIN accounts_department AS d ON d.id = p.department_id GROUP BY 1, 2, 3, 4"
    " ORDER BY 1, 4"
)


@dataclass(frozen=True)
class Group:
    """The people of some departments, over the 28 days that end on a day. None is all."""

    last: date
    departments: frozenset[UUID] | None = None

    @property
    def first(self) -> date:
        return self.last - timedelta(days=DAYS - 1)


@dataclass(frozen=True)
class Activity:
    """How active a group was: for each active person, on how many days they acted."""

    eligible: int = 0
    days: tuple[int, ...] = ()
    passive: int = 0
    dormant: int = 0
    never: int = 0

    @property
    def active(self) -> int:
        return len(self.days)

    @property
    def habitual(self) -> int:
        return sum(days >= HABITUAL_DAYS for days in self.days)

    @property
    def is_shown(self) -> bool:
        """Say whether the group is large enough to be broken out."""
        return self.eligible >= SHOWN_FROM

    @property
    def median_days(self) -> float | None:
        return float(median(self.days)) if self.days else None

    @property
    def stickiness(self) -> float | None:
        """Give the mean of people active in a day over those active in 28 days."""
        return sum(self.days) / DAYS / len(self.days) if self.days else None


@dataclass(frozen=True)
class DepartmentActivity:
    """How many people of one department there are, and how many acted."""

    department_id: UUID
    slug: str
    name: str
    eligible: int
    active: int


@dataclass(frozen=True)
class ActiveRow:
    """One person and how active they were; only for themselves and administrators."""

    id: UUID
    name: str
    days: int
    last_on: date | None


def activity_over(*, actor: Actor, groups: Sequence[Group]) -> tuple[Activity, ...]:
    """Count how active each group was. One query, whatever their number."""
    found = [Activity() for _ in groups]
    columns = _columns(groups)
    if not actor.is_person or not columns[0]:
        return tuple(found)
    zone = settings.TIME_ZONE
    with connection.cursor() as cursor:
        cursor.execute(_ACTIVE, [*columns, zone, zone, zone])
        for number, eligible, days, passive, dormant, never in cursor.fetchall():
            found[number] = Activity(
                eligible, tuple(days or ()), passive, dormant, never
            )
    return tuple(found)


def departments_over(
    *, actor: Actor, groups: Sequence[Group]
) -> tuple[tuple[DepartmentActivity, ...], ...]:
    """Count by department how many acted. One query, whatever the number of groups."""
    found: list[list[DepartmentActivity]] = [[] for _ in groups]
    columns = _columns(groups)
    if actor.is_person and columns[0]:
        with connection.cursor() as cursor:
            cursor.execute(_BY_DEPARTMENT, [*columns, settings.TIME_ZONE])
            for number, *row in cursor.fetchall():
                found[number].append(DepartmentActivity(*row))
    return tuple(tuple(each) for each in found)


def people_rows(
    *, actor: Actor, group: Group, days_min: int, cursor: str | None
) -> Page[ActiveRow]:
    """Give one page of those of a group who acted on so many days, by name; 0 is everybody.

    Whoever does not administrate sees only themselves. At most four queries.
    """
    rows = Person.objects.filter(is_active=True, created_at__lt=_over(group.last))
    if group.departments is not None:
        rows = rows.filter(department__in=group.departments)
    if not is_administrator(actor):
        rows = rows.filter(id=actor.id)
    if days_min:
        rows = rows.filter(id__in=_acted_ids(group, days_min))
    page = keyset(rows, order=("name", "id"), cursor=cursor)
    days = _days_of([person.id for person in page.items], group)
    return Page(
        tuple(
            ActiveRow(person.id, person.name, *days.get(person.id, (0, None)))
            for person in page.items
        ),
        page.next_cursor,
        page.previous_cursor,
    )


def _columns(groups: Sequence[Group]) -> tuple[list, list, list, list]:
    rows = [
        (number, department, group.first, group.last)
        for number, group in enumerate(groups)
        for department in (
            [None] if group.departments is None else sorted(group.departments)
        )
    ]
    if not rows:
        return [], [], [], []
    numbers, departments, firsts, lasts = zip(*rows, strict=True)
    return list(numbers), list(departments), list(firsts), list(lasts)


def _acted_ids(group: Group, days_min: int) -> list[UUID]:
    with connection.cursor() as cursor:
        cursor.execute(
            'SELECT actor_id FROM audit_actedday WHERE "on" BETWEEN %s AND %s'
            ' GROUP BY 1 HAVING count(DISTINCT "on") >= %s',
            [group.first, group.last, days_min],
        )
        return [identity for (identity,) in cursor.fetchall()]


def _days_of(
    people: Sequence[UUID], group: Group
) -> dict[UUID, tuple[int, date | None]]:
    with connection.cursor() as cursor:
        cursor.execute(
            'SELECT actor_id, count(DISTINCT "on") FILTER (WHERE "on" >= %s), max("on")'
            ' FROM audit_actedday WHERE actor_id = ANY(%s) AND "on" <= %s GROUP BY 1',
            [group.first, list(people), group.last],
        )
        return {identity: (days, last) for identity, days, last in cursor.fetchall()}


def _over(last: date) -> datetime:
    zone = timezone.get_default_timezone()
    return datetime.combine(last + timedelta(days=1), time(), tzinfo=zone)
