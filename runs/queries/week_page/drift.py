"""Whether people overrule this workflow more, or less, than they used to."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from portal.accounts import access
from portal.accounts.actors import Actor
from runs.models import DriftAlarm, DriftWeek, ReviewWeek
from runs.queries.week_page.history import mondays_to
from runs.rules.drifting import BASELINE_MIN, sentence_of
from runs.rules.stats.control import ALARM_AT

ALARMS_MAX = 20


@dataclass(frozen=True)
class WatchPoint:
    """How far the watch went in one week, each way; None where nothing was watched."""

    starts_on: date
    up: float | None
    down: float | None


@dataclass(frozen=True)
class AlarmRow:
    """A suggested finding, and what became of it."""

    id: UUID
    direction: str
    text: str
    starts_on: date
    crossed_at: datetime
    peak: float
    chance: str
    state: str
    state_word: str
    settled_at: datetime | None
    settled_by: str
    reason: str
    finding: str
    finding_id: UUID | None
    is_open: bool


@dataclass(frozen=True)
class Drift:
    said: str
    decisions: int
    points: tuple[WatchPoint, ...]
    alarms: tuple[AlarmRow, ...]
    alarm_at: float
    has_open: bool


def drift_weeks(week: ReviewWeek) -> dict[date, DriftWeek]:
    """Give the measured weeks of the twelve, by Monday. One query."""
    rows = DriftWeek.objects.filter(
        workflow=week.workflow_id, starts_on__in=mondays_to(week.starts_on)
    )
    return {row.starts_on: row for row in rows}


def drift(week: ReviewWeek, rows: Mapping[date, DriftWeek]) -> Drift:
    """Give the watch over twelve weeks and what was raised. One query."""
    mondays = mondays_to(week.starts_on)
    raised = (
        DriftAlarm.objects.filter(workflow=week.workflow_id, starts_on__in=mondays)
        .select_related("settled_by", "finding")
        .order_by("-starts_on", "direction")[:ALARMS_MAX]
    )
    alarms = tuple(alarm_row(alarm) for alarm in raised)
    here = rows.get(week.starts_on)
    return Drift(
        said=_said(here, week.starts_on, alarms),
        decisions=here.decisions if here else 0,
        points=tuple(_point(monday, rows.get(monday)) for monday in mondays),
        alarms=alarms,
        alarm_at=ALARM_AT,
        has_open=any(alarm.is_open for alarm in alarms),
    )


def alarm_seen(*, actor: Actor, alarm_id: UUID) -> tuple[DriftAlarm, AlarmRow]:
    """Give one alarm to who may see its workflow. Raises NotFound."""
    rows = access.visible(
        DriftAlarm.objects.select_related("settled_by", "finding", "workflow"),
        actor=actor,
        workflow_path="workflow_id",
    )
    alarm = access.visible_or_404(rows, id=alarm_id)
    return alarm, alarm_row(alarm)


def alarm_row(alarm: DriftAlarm) -> AlarmRow:
    """Say what an alarm saw and what became of it."""
    return AlarmRow(
        id=alarm.id,
        direction=alarm.direction,
        text=sentence_of(
            direction=alarm.direction,
            decisions=alarm.decisions,
            overrides=alarm.overrides,
            usual=alarm.usual,
            starts_on=alarm.starts_on,
        ),
        starts_on=alarm.starts_on,
        crossed_at=alarm.crossed_at,
        peak=alarm.peak,
        chance=_chance(alarm.chance_adjusted, alarm.watched),
        state=alarm.state,
        state_word=DriftAlarm.State(alarm.state).label,
        settled_at=alarm.settled_at,
        settled_by=alarm.settled_by.name if alarm.settled_by else "",
        reason=alarm.reason,
        finding=alarm.finding.text if alarm.finding else "",
        finding_id=alarm.finding_id,
        is_open=alarm.state == DriftAlarm.State.OPEN,
    )


def _chance(chance: float, watched: int) -> str:
    among = f" among {watched} workflows" if watched > 1 else ""
    if chance < 0.001:
        return f"by chance less than once in 1,000 such weeks{among}"
    return f"by chance about once in {round(1 / chance):,} such weeks{among}"


def _point(monday: date, row: DriftWeek | None) -> WatchPoint:
    if row is None or not row.is_watched:
        return WatchPoint(monday, None, None)
    return WatchPoint(monday, row.up_peak, row.down_peak)


def _said(row: DriftWeek | None, starts_on: date, alarms: tuple[AlarmRow, ...]) -> str:
    """Say in words what the week's decisions showed."""
    if row is None:
        return "No decision of a person about this workflow was measured in this week."
    noun = "decision" if row.decisions == 1 else "decisions"
    seen = f"People overruled {row.overrides} of {row.decisions} {noun}"
    if not row.is_watched:
        return (
            f"{seen}. {row.usual_of} of the {BASELINE_MIN} earlier decisions that say "
            "what is usual are there, so nothing is watched yet."
        )
    usual = f"{seen}; {row.usual * 100:.0f} % was usual in the eight weeks before."
    if any(alarm.starts_on == starts_on for alarm in alarms):
        return f"{usual} That is a change that chance does not explain."
    if row.up_at or row.down_at:
        return (
            f"{usual} The watch crossed its limit, and among all workflows that are "
            "watched such a crossing is to be expected."
        )
    return f"{usual} No lasting change."
