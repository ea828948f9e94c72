"""Working time and review times, as the pages of administrators show them."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

import holidays
from holidays.registry import COUNTRIES

from portal.accounts.models import Department
from portal.core.errors import NotFound
from registry.models import ReviewTimes, WorkCalendar, Workflow
from registry.models.timing import ORGANISATION
from registry.queries.timing import calendar_of, public_holidays
from registry.rules.answers import Risk
from registry.rules.business_time import DAY_MINUTES, spans_on
from registry.rules.review_times import BUILT_IN, LADDER, RiskTimes, times_from

WORKFLOWS_SHOWN_MAX = 200
NEXT_HOLIDAYS = 4
SHORT_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
ROLE_NAMES = {
    "escalation_owner": "the escalation owner",
    "risk_owner": "the risk owner",
    "business_owner": "the business owner",
}


@dataclass(frozen=True)
class Level:
    """The organisation, a department or a workflow, and what counts without own words."""

    scope: str
    kind: str
    slug: str
    name: str
    above: str
    department_id: UUID | None = None
    workflow_id: UUID | None = None


@dataclass(frozen=True)
class Preview:
    """What a calendar means: its week, this week day by day, the next days off."""

    sentence: str
    this_week: tuple[tuple[str, str], ...]
    next_holidays: tuple[tuple[date, str], ...]
    zone: str


@dataclass(frozen=True)
class LevelLine:
    level: Level
    calendar: str
    times: str
    changed_at: datetime | None


@dataclass(frozen=True)
class LevelPage:
    """One level: its own words where it has them, and those that count otherwise."""

    level: Level
    own_calendar: Mapping[str, Any] | None
    preview: Preview | None
    own_times: bool
    times: Mapping[Risk, RiskTimes]
    ladder: tuple[str, ...]


ORGANISATION_LEVEL = Level(
    ORGANISATION, ORGANISATION, "all", "the organisation", "what is built in"
)


def level_of(*, kind: str, slug: str) -> Level:
    """Give a level by its address, or raise NotFound. At most one query."""
    if (kind, slug) == (ORGANISATION, "all"):
        return ORGANISATION_LEVEL
    if kind == "department":
        department = Department.objects.filter(slug=slug).first()
        if department is not None:
            return _of_department(department)
    if kind == "workflow":
        workflow = (
            Workflow.objects.filter(slug=slug).select_related("department").first()
        )
        if workflow is not None:
            return _of_workflow(workflow)
    raise NotFound("There is nothing here, or you may not see it.")


def levels() -> tuple[LevelLine, ...]:
    """List the organisation, every department, and the workflows with own times. Four queries."""
    calendars = {row.scope: row for row in WorkCalendar.objects.all()}
    times = {
        row.scope: row
        for row in ReviewTimes.objects.select_related("workflow__department")
    }
    found = [ORGANISATION_LEVEL]
    found += [_of_department(one) for one in Department.objects.order_by("name")]
    own = [row.workflow for row in times.values() if row.workflow is not None]
    for each in sorted(own, key=lambda one: one.name)[:WORKFLOWS_SHOWN_MAX]:
        found.append(_of_workflow(each))
    return tuple(
        _line(level, calendars.get(level.scope), times.get(level.scope))
        for level in found
    )


def level_page(level: Level, *, today: date) -> LevelPage:
    """Give one level with what counts there. At most four queries."""
    calendar = WorkCalendar.objects.filter(scope=level.scope).first()
    own = ReviewTimes.objects.filter(scope=level.scope).first()
    counting = own
    if own is None:
        department_id = level.department_id
        if level.workflow_id is not None:
            department_id = (
                Workflow.objects.values_list("department_id", flat=True)
                .filter(id=level.workflow_id)
                .first()
            )
        scopes = [f"department:{department_id}", ORGANISATION]
        above = {row.scope: row for row in ReviewTimes.objects.filter(scope__in=scopes)}
        counting = next((above[scope] for scope in scopes if scope in above), None)
    kept = _kept(calendar) if calendar else None
    return LevelPage(
        level=level,
        own_calendar=kept,
        preview=preview_of(kept, today=today) if kept else None,
        own_times=own is not None,
        times=times_from(counting.times) if counting else BUILT_IN,
        ladder=tuple(counting.ladder) if counting else LADDER,
    )


def preview_of(kept: Mapping[str, Any], *, today: date) -> Preview:
    """Say what a calendar means in the week of a day. No query."""
    calendar = calendar_of(kept)
    monday = today - timedelta(days=today.weekday())
    names = {
        **_holiday_names(kept, today.year),
        **_holiday_names(kept, today.year + 1),
        **{date.fromisoformat(own["day"]): own["name"] for own in kept["closed_days"]},
    }
    days = [monday + timedelta(days=number) for number in range(7)]
    this_week = tuple(
        (
            f"{SHORT_DAYS[day.weekday()]} {day.day} {day:%b}",
            hours_text(spans_on(calendar, day))
            or (f"closed: {names[day]}" if day in names else "closed"),
        )
        for day in days
    )
    coming = sorted((day, name) for day, name in names.items() if day >= today)
    return Preview(
        sentence=calendar_sentence(kept),
        this_week=this_week,
        next_holidays=tuple(coming[:NEXT_HOLIDAYS]),
        zone=kept["time_zone"].replace("_", " "),
    )


def calendar_sentence(kept: Mapping[str, Any]) -> str:
    """Say a calendar in one line: "Mon–Fri 09:00–17:00, Europe/Berlin, holidays of Germany"."""
    groups: list[tuple[str, str, str]] = []
    for day, spans in zip(SHORT_DAYS, kept["week"], strict=True):
        text = hours_text(spans)
        if groups and groups[-1][2] == text:
            groups[-1] = (groups[-1][0], day, text)
        else:
            groups.append((day, day, text))
    said = [
        f"{first if first == last else f'{first}\u2013{last}'} {text}"
        for first, last, text in groups
        if text
    ]
    parts = [", ".join(said), kept["time_zone"].replace("_", " ")]
    if kept["country"]:
        where = dict(countries()).get(kept["country"], kept["country"])
        part = f" ({kept['subdivision']})" if kept["subdivision"] else ""
        parts.append(f"public holidays of {where}{part}")
    if kept["closed_days"]:
        count = len(kept["closed_days"])
        parts.append(f"{count} own closed day{'s' if count != 1 else ''}")
    return "; ".join(parts)


def times_sentence(times: Mapping[Risk, RiskTimes], ladder: tuple[str, ...]) -> str:
    """Say review times in one line."""
    said = [
        f"{risk.value} {_length(times[risk].review)}, then {_length(times[risk].escalation)}"
        f"{' in working hours' if times[risk].is_working else ''}"
        for risk in (Risk.HIGH, Risk.MEDIUM, Risk.LOW)
    ]
    return f"{'; '.join(said)}; {ladder_sentence(ladder)}"


def ladder_sentence(ladder: tuple[str, ...]) -> str:
    """Say what happens when nobody decides."""
    if not ladder:
        return "when nobody decides it ends without approval"
    named = ", then ".join(ROLE_NAMES[role] for role in ladder)
    return f"when nobody decides {named} is asked, and in the end it is not approved"


def hours_text(spans: Iterable[Sequence[int]]) -> str:
    """Write the hours of a day: "09:00–12:00, 13:00–17:00"."""
    return ", ".join(f"{_clock(begins)}\u2013{_clock(ends)}" for begins, ends in spans)


@cache
def countries() -> tuple[tuple[str, str], ...]:
    """Name the countries whose public holidays are known, by name."""
    known = holidays.list_supported_countries()
    named = {code: name for name, code, *_ in COUNTRIES.values() if code in known}
    spaced = (
        (code, re.sub(r"(?<=[a-z])(?=[A-Z])", " ", n)) for code, n in named.items()
    )
    return tuple(sorted(spaced, key=lambda pair: pair[1]))


def subdivisions_of(country: str) -> tuple[str, ...]:
    """Name the parts of a country whose own holidays are known."""
    return tuple(holidays.list_supported_countries().get(country, ()))


def _line(
    level: Level, calendar: WorkCalendar | None, times: ReviewTimes | None
) -> LevelLine:
    changed = [row.changed_at for row in (calendar, times) if row is not None]
    return LevelLine(
        level=level,
        calendar=calendar_sentence(_kept(calendar)) if calendar else "",
        times=times_sentence(times_from(times.times), tuple(times.ladder))
        if times
        else "",
        changed_at=max(changed, default=None),
    )


def _of_department(department: Department) -> Level:
    return Level(
        f"department:{department.id}",
        "department",
        department.slug,
        department.name,
        "what the organisation has",
        department_id=department.id,
    )


def _of_workflow(workflow: Workflow) -> Level:
    return Level(
        f"workflow:{workflow.id}",
        "workflow",
        workflow.slug,
        workflow.name,
        f"what {workflow.department.name} has",
        workflow_id=workflow.id,
    )


def _kept(row: WorkCalendar) -> dict[str, Any]:
    return {
        "time_zone": row.time_zone,
        "week": row.week,
        "country": row.country,
        "subdivision": row.subdivision,
        "closed_days": row.closed_days,
    }


def _holiday_names(kept: Mapping[str, Any], year: int) -> Mapping[date, str]:
    if not kept["country"]:
        return {}
    return public_holidays(kept["country"], kept["subdivision"], year)


def _clock(minutes: int) -> str:
    # The end of a day reads 24:00, and the end of a night the hour of the next day.
    shown = minutes if minutes <= DAY_MINUTES else minutes - DAY_MINUTES
    return f"{shown // 60:02d}:{shown % 60:02d}"


def _length(time: timedelta) -> str:
    minutes = round(time.total_seconds() / 60)
    hours, rest = divmod(minutes, 60)
    if not hours:
        return f"{rest} min"
    return f"{hours} h {rest} min" if rest else f"{hours} h"
