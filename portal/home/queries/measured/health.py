"""The health of a workflow as one word with its reasons. Pure: the rules stand here."""

from dataclasses import dataclass
from enum import StrEnum

COVERAGE_LOW = 0.95
# Nobody is ever overruled: people may be waving things through.
OVERRIDE_ODDLY_LOW = 0.02
OVERRIDE_HIGH = 0.25
OVERRIDE_OVER_AT_LEAST = 30


class Health(StrEnum):
    """From what needs somebody now to what needs nobody."""

    NEEDS_A_DECISION = "needs a decision"
    WATCH = "watch"
    WELL = "well"
    NOT_LIVE = "not live"


GRAVEST_FIRST = tuple(Health)


@dataclass(frozen=True)
class Facts:
    """What the health of one workflow is told from."""

    state: str
    vacant: tuple[str, ...] = ()
    untrained: int = 0
    signatures_asked: int = 0
    incidents_open: int = 0
    held: int = 0
    findings_late: int = 0
    weeks_unsigned: int = 0
    overdue: int = 0
    escalations_overdue: int = 0
    unauthorised: float | None = None
    coverage: float | None = None
    override: float | None = None
    override_over: int = 0


@dataclass(frozen=True)
class Need:
    """One thing that waits for a decision: its words, and which page decides it."""

    words: str
    place: str


def needs_of(facts: Facts) -> tuple[Need, ...]:
    """Say what somebody must decide, the gravest first."""
    found = [
        (facts.state == "paused", "paused: resume or change it", "workflow"),
        (
            facts.incidents_open,
            _count(facts.incidents_open, "incident open", "incidents open"),
            "incidents",
        ),
        *((True, f"{role} vacant", "people") for role in facts.vacant),
        (
            facts.escalations_overdue,
            _count(
                facts.escalations_overdue, "escalation overdue", "escalations overdue"
            ),
            "exceptions",
        ),
        (
            facts.signatures_asked,
            _count(facts.signatures_asked, "signature asked", "signatures asked"),
            "packet",
        ),
        (
            facts.weeks_unsigned,
            _count(facts.weeks_unsigned, "week unsigned", "weeks unsigned"),
            "weeks",
        ),
    ]
    return tuple(Need(words, place) for is_so, words, place in found if is_so)


def health_of(facts: Facts) -> tuple[Health, str]:
    """Give the word and its first reason.

    Needs a decision: paused, an incident open, a required role vacant, an escalation
    overdue. Watch: a finding or a week late, training lapsed, decisions overdue, runs on
    hold, an unauthorised action confirmed, coverage below 95 %, or people overruling more
    than a quarter or next to nothing of at least thirty decisions. Else well. What never
    was live and is not paused is not live, whatever else.
    """
    if facts.state in ("draft", "submitted"):
        asked = facts.signatures_asked
        words = "not live yet" if not asked else f"waits for {asked} of 3 signatures"
        return Health.NOT_LIVE, words
    grave = [
        need.words for need in needs_of(facts) if need.place not in ("packet", "weeks")
    ]
    if grave:
        return Health.NEEDS_A_DECISION, grave[0]
    odd = _odd(facts)
    return (Health.WATCH, odd[0]) if odd else (Health.WELL, "nothing is odd")


def _odd(facts: Facts) -> list[str]:
    found = [
        (
            facts.unauthorised,
            f"{facts.unauthorised or 0:.0f} unauthorised in the month",
        ),
        (
            facts.findings_late,
            _count(facts.findings_late, "finding late", "findings late"),
        ),
        (
            facts.weeks_unsigned,
            _count(facts.weeks_unsigned, "week unsigned", "weeks unsigned"),
        ),
        (facts.overdue, _count(facts.overdue, "decision overdue", "decisions overdue")),
        (facts.held, _count(facts.held, "run on hold", "runs on hold")),
        (
            facts.untrained,
            _count(facts.untrained, "person not trained", "people not trained"),
        ),
        (
            facts.coverage is not None and facts.coverage < COVERAGE_LOW,
            f"coverage {100 * (facts.coverage or 0):.0f} %",
        ),
    ]
    if facts.override is not None and facts.override_over >= OVERRIDE_OVER_AT_LEAST:
        share = f"{100 * facts.override:.0f} %"
        found += [
            (facts.override > OVERRIDE_HIGH, f"people overrule {share}"),
            (facts.override < OVERRIDE_ODDLY_LOW, "people overrule next to nothing"),
        ]
    return [words for is_so, words in found if is_so]


def _count(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"
