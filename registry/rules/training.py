"""How somebody's training stands for what they do: in one state, and in words.

A day counts up to its end in UTC; `expires_on` is the last day on which it counts.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

SOON = timedelta(days=30)
VERY_SOON = timedelta(days=7)
ANY_OF = "any course of the tier "


class TrainingState(StrEnum):
    """From nothing to do to the worst."""

    NONE_REQUIRED = "none_required"
    CURRENT = "current"
    EXPIRING = "expiring"
    LAPSED = "lapsed"
    NOT_DONE = "not_done"


WORST_FIRST = tuple(reversed(TrainingState))


@dataclass(frozen=True)
class Need:
    """What a duty needs: one course by its id, or any one course of a tier."""

    name: str
    course_id: object = None
    tier: str = ""

    @property
    def said(self) -> str:
        return self.name if self.course_id else f"{ANY_OF}{self.name}"


@dataclass(frozen=True)
class Done:
    """A completion that was not withdrawn."""

    course_id: object
    tier: str
    expires_on: date | None


@dataclass(frozen=True)
class TrainingStanding:
    """Where one person stands for what they must know, with the words to show."""

    state: TrainingState
    text: str
    until: date | None = None

    @property
    def is_current(self) -> bool:
        return self.state not in (TrainingState.LAPSED, TrainingState.NOT_DONE)


def standing_of(
    needs: Sequence[Need], done: Iterable[Done], today: date
) -> TrainingStanding:
    """Return where somebody stands. Every need must be met; the worst one gives the state."""
    if not needs:
        return TrainingStanding(TrainingState.NONE_REQUIRED, "none required")
    kept = tuple(done)
    found = [_of_one(need, kept, today) for need in needs]
    state = max((each.state for each in found), key=list(TrainingState).index)
    worst = [each for each in found if each.state == state]
    if state in (TrainingState.LAPSED, TrainingState.NOT_DONE):
        missing = [each for each in found if not each.is_current]
        ended = [each.until for each in missing if each.until]
        text = "; ".join(each.text for each in missing)
        return TrainingStanding(state, text, max(ended, default=None))
    ends = sorted(each.until for each in worst if each.until)
    until = ends[0] if ends else None
    text = f"current until {day_text(until)}" if until else "current, without an end"
    return TrainingStanding(state, text, until)


def reminder_due(standing: TrainingStanding, today: date) -> str:
    """Say which reminder a standing asks for: ENDS_IN_30, ENDS_IN_7, LAPSED, or none.

    What was never done is no lapse: there is nothing to be reminded of.
    """
    if standing.until is None:
        return ""
    if standing.state == TrainingState.LAPSED:
        return "LAPSED"
    if standing.state == TrainingState.EXPIRING:
        is_near = standing.until - today <= VERY_SOON
        return "ENDS_IN_7" if is_near else "ENDS_IN_30"
    return ""


def expiry_of(completed_on: date, months_valid: int | None) -> date | None:
    """Return the last day on which a completion counts; None for ever.

    A year from 15 March lasts to 15 March; a month from 31 January to the last of February.
    """
    if months_valid is None:
        return None
    months = completed_on.month - 1 + months_valid
    year, month = completed_on.year + months // 12, months % 12 + 1
    last = date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)
    return min(last, last.replace(day=min(completed_on.day, last.day)))


def day_text(day: date) -> str:
    """Write a day as people say it: 5 March 2027."""
    return f"{day.day} {day:%B} {day.year}"


def valid_text(months: int | None) -> str:
    """Write how long a course counts."""
    if months is None:
        return "for ever"
    if months % 12:
        return "1 month" if months == 1 else f"{months} months"
    return "1 year" if months == 12 else f"{months // 12} years"


def _of_one(need: Need, done: Iterable[Done], today: date) -> TrainingStanding:
    matching = [
        each
        for each in done
        if (need.course_id and each.course_id == need.course_id)
        or (need.tier and each.tier == need.tier)
    ]
    if not matching:
        return TrainingStanding(TrainingState.NOT_DONE, f"not done: {need.said}")
    if any(each.expires_on is None for each in matching):
        return TrainingStanding(TrainingState.CURRENT, "")
    until = max(each.expires_on for each in matching if each.expires_on)
    if until < today:
        since = day_text(until + timedelta(days=1))
        return TrainingStanding(
            TrainingState.LAPSED, f"lapsed since {since}: {need.said}", until
        )
    is_soon = until - today <= SOON
    state = TrainingState.EXPIRING if is_soon else TrainingState.CURRENT
    return TrainingStanding(state, "", until)


def label_within(label: str) -> str:
    """Write a label inside a sentence: business owner, but IT owner."""
    return label if label[1:2].isupper() else label[:1].lower() + label[1:]
