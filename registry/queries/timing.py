"""What time does in a workflow: its calendar, its review times, its pauses.

The most particular word counts: the workflow's, else its department's, else the
organisation's, else what is built in.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import holidays
from django.db import connection

from registry.models import PauseSpell
from registry.rules.business_time import Calendar
from registry.rules.review_times import LADDER, Plan, times_from

_PLAN = """
SELECT w.pause_epoch, w.paused_at,
       (SELECT json_build_object('time_zone', c.time_zone, 'week', c.week,
                   'country', c.country, 'subdivision', c.subdivision,
                   'closed_days', c.closed_days)::text
          FROM registry_workcalendar c
         WHERE c.department_id = w.department_id OR c.department_id IS NULL
         ORDER BY c.department_id IS NULL LIMIT 1) AS calendar,
       (SELECT json_build_object('times', t.times, 'ladder', t.ladder)::text
          FROM registry_reviewtimes t
         WHERE t.workflow_id = w.id OR t.department_id = w.department_id
            OR (t.workflow_id IS NULL AND t.department_id IS NULL)
         ORDER BY t.workflow_id IS NULL, t.department_id IS NULL LIMIT 1) AS times
  FROM registry_workflow w WHERE w.id = %s
"""


@dataclass(frozen=True)
class TimePlan:
    """The plan of one workflow, and whether its clocks stand still."""

    plan: Plan
    pause_epoch: int
    paused_at: datetime | None


@dataclass(frozen=True)
class Spell:
    """One pause that began and ended; without an end it lasts."""

    paused_at: datetime
    resumed_at: datetime | None


def time_plan(workflow_id: UUID) -> TimePlan:
    """Read what time does in a workflow. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_PLAN, [workflow_id])
        row = cursor.fetchone()
    if row is None:
        return TimePlan(Plan(), 0, None)
    pause_epoch, paused_at, calendar, times = row
    kept = json.loads(calendar) if calendar else None
    chosen = json.loads(times) if times else None
    return TimePlan(
        plan=Plan(
            times=times_from(chosen["times"]) if chosen else None,
            ladder=tuple(chosen["ladder"]) if chosen else LADDER,
            calendar=calendar_of(kept) if kept else None,
            zone=kept["time_zone"] if kept else "",
        ),
        pause_epoch=pause_epoch,
        paused_at=paused_at,
    )


def pause_spells(workflow_id: UUID, *, since: datetime) -> tuple[Spell, ...]:
    """Give the pauses that ended after a moment, the oldest first. One query."""
    rows = PauseSpell.objects.filter(
        workflow_id=workflow_id, resumed_at__gt=since
    ).order_by("paused_at", "id")
    return tuple(Spell(*row) for row in rows.values_list("paused_at", "resumed_at"))


def calendar_of(kept: Mapping[str, Any]) -> Calendar:
    """Make a calendar of its stored words. No query."""
    return Calendar(
        zone=ZoneInfo(kept["time_zone"]),
        week=tuple(tuple((s[0], s[1]) for s in day) for day in kept["week"]),
        is_closed=closed_days(
            kept["country"], kept["subdivision"], kept["closed_days"]
        ),
    )


def closed_days(
    country: str, subdivision: str, own: Iterable[Mapping[str, str]]
) -> Callable[[date], bool]:
    """Give the question whether a date is closed. No query."""
    own_days = frozenset(each["day"] for each in own)

    def is_closed(day: date) -> bool:
        if day.isoformat() in own_days:
            return True
        return bool(country) and day in public_holidays(country, subdivision, day.year)

    return is_closed


@lru_cache(maxsize=512)
def public_holidays(country: str, subdivision: str, year: int) -> Mapping[date, str]:
    """Name a year's public holidays of a country; none for one that is not known."""
    try:
        found = holidays.country_holidays(
            country, subdiv=subdivision or None, years=year, language="en_US"
        )
    except NotImplementedError:
        return {}
    return {day: name for day, name in found.items() if day.year == year}
