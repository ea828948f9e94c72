"""How long people have, per risk, and who is asked next when nobody decides.

Without a word from anybody time runs round the clock and the escalation owner comes
next. Whatever is chosen, the end of the time never approves.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType

from registry.rules.answers import Risk
from registry.rules.business_time import Calendar

ALWAYS, WORKING = "always", "working"
# Whom a proposal may go to when nobody decides, in this order.
RUNGS = ("escalation_owner", "risk_owner", "business_owner")
LADDER = ("escalation_owner",)
MINUTES_MIN, MINUTES_MAX = 1, 90 * 24 * 60


@dataclass(frozen=True)
class RiskTimes:
    """The time of the reviewers and of each step above them, at one risk."""

    review: timedelta
    escalation: timedelta
    is_working: bool = False


BUILT_IN: Mapping[Risk, RiskTimes] = MappingProxyType(
    {
        Risk.HIGH: RiskTimes(timedelta(minutes=30), timedelta(hours=1)),
        Risk.MEDIUM: RiskTimes(timedelta(hours=2), timedelta(hours=4)),
        Risk.LOW: RiskTimes(timedelta(hours=8), timedelta(hours=24)),
    }
)


@dataclass(frozen=True)
class Plan:
    """What time does in one workflow now. `times` is None where nobody has chosen."""

    times: Mapping[Risk, RiskTimes] | None = None
    ladder: tuple[str, ...] = LADDER
    calendar: Calendar | None = None
    zone: str = ""

    def calendar_at(self, risk: Risk) -> Calendar | None:
        """Return the calendar in which time at a risk counts; None is round the clock."""
        chosen = (self.times or BUILT_IN).get(risk)
        return self.calendar if chosen is not None and chosen.is_working else None


def times_from(
    document: Mapping[str, Mapping[str, object]],
) -> Mapping[Risk, RiskTimes]:
    """Read stored times; a risk that is missing keeps the built-in time."""
    return {
        risk: _one(document[risk.value]) if risk.value in document else BUILT_IN[risk]
        for risk in BUILT_IN
    }


def times_document(times: Mapping[Risk, RiskTimes]) -> dict[str, dict[str, object]]:
    """Write times as they are stored."""
    return {
        risk.value: {
            "review": _minutes(each.review),
            "escalation": _minutes(each.escalation),
            "clock": WORKING if each.is_working else ALWAYS,
        }
        for risk, each in times.items()
    }


def _one(row: Mapping[str, object]) -> RiskTimes:
    return RiskTimes(
        review=timedelta(minutes=int(str(row["review"]))),
        escalation=timedelta(minutes=int(str(row["escalation"]))),
        is_working=row["clock"] == WORKING,
    )


def _minutes(time: timedelta) -> int:
    return round(time.total_seconds() / 60)
