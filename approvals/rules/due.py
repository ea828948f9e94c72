"""How long a person has, what happens when nobody decides, and when a grant runs.

Time counts round the clock or in the working hours of a calendar. A time-out asks the
next of a ladder and in the end ends the proposal as expired. It never approves.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from registry.rules.answers import Risk
from registry.rules.business_time import (
    ZERO,
    Calendar,
    add_working,
    counts_from,
    working_between,
)
from registry.rules.review_times import BUILT_IN, Plan

REVIEW_TIME = {risk: times.review for risk, times in BUILT_IN.items()}
ESCALATION_TIME = {risk: times.escalation for risk, times in BUILT_IN.items()}
UNDO_TIME = timedelta(seconds=10)
ALLOWED_GRANT_LIFE = timedelta(minutes=5)
APPROVED_GRANT_LIFE = timedelta(minutes=60)
CLAIM_TIME = timedelta(minutes=15)
# Parts of a window, in percent, after which the people concerned are reminded.
REMIND_AT = (50, 90)
REVIEWERS = "reviewers"
NOBODY_CHOSE = Plan()


@dataclass(frozen=True)
class Window:
    """The time that one step of the ladder has. `zone` is empty round the clock."""

    due_at: datetime
    length: timedelta
    zone: str
    counts_from: datetime | None
    remind_at: datetime | None


def window(
    *,
    risk: Risk,
    is_escalated: bool,
    now: datetime,
    expires_at: datetime | None,
    plan: Plan = NOBODY_CHOSE,
) -> Window:
    """Return by when somebody decides; the agent's own deadline can only shorten it."""
    calendar = plan.calendar_at(risk)
    due = _plus(calendar, now, _time_of(plan, risk, is_escalated=is_escalated))
    if expires_at is not None:
        due = min(due, expires_at)
    length = _between(calendar, now, due)
    return Window(
        due_at=due,
        length=length,
        zone=plan.zone if calendar else "",
        counts_from=counts_from(calendar, due) if calendar else None,
        remind_at=_plus(calendar, now, length * REMIND_AT[0] / 100),
    )


def due_at(
    *,
    risk: Risk,
    is_escalated: bool,
    now: datetime,
    expires_at: datetime | None,
    plan: Plan = NOBODY_CHOSE,
) -> datetime:
    """Return by when somebody decides."""
    return window(
        risk=risk, is_escalated=is_escalated, now=now, expires_at=expires_at, plan=plan
    ).due_at


def moved_due(
    *,
    due: datetime,
    stopped_at: datetime,
    now: datetime,
    expires_at: datetime | None,
    calendar: Calendar | None = None,
) -> datetime:
    """Return the due time after the clock stood still since `stopped_at`.

    What was left then is left now, in the hours that count. What was over stays over,
    and the agent's own deadline never moves.
    """
    if stopped_at >= due or now <= stopped_at:
        return due
    moved = _plus(calendar, now, _between(calendar, stopped_at, due))
    return min(moved, expires_at) if expires_at else moved


def reminder(
    *,
    due: datetime,
    length: timedelta,
    reminded: int,
    now: datetime,
    calendar: Calendar | None = None,
) -> tuple[int, datetime | None]:
    """Return the reminder that is due, in percent and 0 for none, and when the next is.

    A sweep that comes late says the last one that has come, and not the ones before it.
    """
    left = _between(calendar, now, due) if due > now else ZERO
    passed = 100 - (left / length * 100 if length else 0)
    come = [percent for percent in REMIND_AT if reminded < percent <= passed]
    following = [percent for percent in REMIND_AT if percent > max(passed, reminded)]
    if not following or due <= now:
        return max(come, default=0), None
    wait = left - length * (100 - following[0]) / 100
    return max(come, default=0), _plus(calendar, now, wait)


def next_rung(
    *,
    ladder: tuple[str, ...],
    audience: str,
    is_escalated: bool,
    holders: dict[str, object],
) -> str | None:
    """Return who is asked when nobody decided in time; None is nobody: it ends.

    A role that nobody holds, or the one person who has just let the time run out, is
    passed over. With every role vacant the first is asked all the same, because the
    business owner stands in for it.
    """
    if not is_escalated:
        above = tuple(role for role in ladder if role != audience)
    elif audience in ladder:
        above = ladder[ladder.index(audience) + 1 :]
    else:
        return None
    now_asked = holders.get(audience)
    for role in above:
        if holders.get(role) is not None and holders[role] != now_asked:
            return role
    return above[0] if above and not is_escalated else None


def has_expired(
    *,
    due: datetime,
    is_stopped: bool,
    is_last: bool,
    expires_at: datetime | None,
    now: datetime,
) -> bool:
    """Return whether the time to decide is over for good, swept or not."""
    if expires_at is not None and expires_at <= now:
        return True
    return is_last and not is_stopped and due <= now


def _time_of(plan: Plan, risk: Risk, *, is_escalated: bool) -> timedelta:
    if plan.times is not None:
        chosen = plan.times.get(risk, plan.times[Risk.HIGH])
        return chosen.escalation if is_escalated else chosen.review
    built_in = ESCALATION_TIME if is_escalated else REVIEW_TIME
    return built_in.get(risk, REVIEW_TIME[Risk.HIGH])


def _plus(calendar: Calendar | None, start: datetime, time: timedelta) -> datetime:
    if calendar is None:
        return start + max(ZERO, time)
    return add_working(calendar, start, time)


def _between(calendar: Calendar | None, start: datetime, end: datetime) -> timedelta:
    if calendar is None:
        return max(ZERO, end - start)
    return working_between(calendar, start, end)


def usable_from(
    *, risk: Risk, is_approval: bool, now: datetime, undo: timedelta
) -> datetime:
    """Return when a grant may first be redeemed: an approval above low risk can be undone."""
    if not is_approval or risk == Risk.LOW:
        return now
    return now + undo


def runs_out_at(*, is_approval: bool, not_before: datetime) -> datetime:
    """Return when an unused grant ends."""
    return not_before + (APPROVED_GRANT_LIFE if is_approval else ALLOWED_GRANT_LIFE)
