"""Risk, from runs: what nobody had granted, and where runs left their rulebook."""

from decimal import Decimal

from portal.home.queries.kpis.figure import (
    Answer,
    Better,
    Detail,
    Family,
    Figure,
    Kpi,
    Unit,
)
from portal.home.queries.kpis.run_asking import NO_RUNS, Asked, RunKpi, share_of
from runs.rules.counting.adherence import DEVIATIONS
from runs.rules.stats import upper_bound

REFUSED = "ruled.refuse"
REFUSED_FOR = "refused."
REASONS_SHOWN = 4


def _unauthorised(asked: Asked) -> Figure:
    """Say "0 of N", with coverage, bound and what the rulebook refused."""
    beside, gateway = asked.beside, asked.of("acts_gateway")
    standing = Decimal(beside.standing)
    known = gateway + standing + beside.explained
    excluded = asked.excluded(
        ("Actions through the gateway that failed", asked.of("acts_failed"))
    )
    details = (
        *_refusals(asked),
        Detail(
            "Through the gateway",
            float(gateway),
            Unit.COUNT,
            "each has one grant, used once: the database lets nothing else in",
        ),
        Detail("Seen in what agents tell, without a grant", beside.told, Unit.COUNT),
        Detail("Reported by systems, without a grant", beside.reported, Unit.COUNT),
        Detail("Without a grant, explained by a person", beside.explained, Unit.COUNT),
    )
    if not known:
        return asked.nothing(
            "No action is known of in these days.", excluded=excluded, details=details
        )
    bound = upper_bound(min(int(standing), int(known)), int(known))
    return Figure(
        Answer.MEASURED,
        asked.now,
        value=float(standing),
        over=standing,
        under=known,
        high=bound,
        covered=gateway,
        coverable=known,
        excluded=excluded,
        details=details,
    )


def _refusals(asked: Asked) -> tuple[Detail, ...]:
    refused = asked.sums.get(REFUSED, Decimal(0))
    reasons = sorted(
        (
            (number, name.removeprefix(REFUSED_FOR))
            for name, number in asked.sums.items()
            if name.startswith(REFUSED_FOR)
        ),
        reverse=True,
    )
    words = ", ".join(f"{code} {int(n):,}" for n, code in reasons[:REASONS_SHOWN])
    return (
        Detail("Attempts refused by the rulebook", float(refused), Unit.COUNT, words),
    )


def _adherence(asked: Asked) -> Figure:
    runs = asked.of("count")
    if not runs:
        return asked.nothing(NO_RUNS, excluded=asked.excluded())
    return share_of(
        asked,
        runs - asked.of("deviating"),
        runs,
        excluded=asked.excluded(),
        details=tuple(
            Detail(
                f"Runs that {words}", float(asked.of(f"deviates.{name}")), Unit.COUNT
            )
            for name, words in DEVIATIONS.items()
        ),
    )


KPIS = (
    RunKpi(
        Kpi(
            key="unauthorised",
            label="Unauthorised actions",
            family=Family.RISK,
            unit=Unit.COUNT,
            better=Better.DOWN,
            sentence="Actions that no grant covers, of all that are known: through our gateway,"
            " told by agents, reported by systems.",
            formula="Incidents that stand, in actions, of all known actions that did not fail."
            " The bound is the one-sided 95 % limit of the true share; with none seen it is"
            " 1 − 0.05^(1/N).",
            over_words="actions that no grant covers",
            under_words="known actions of settled runs and of incidents",
            excluded_words="Actions that failed. What a person explained is counted apart.",
            covered_words="known actions came through the gateway",
            target_key="unauthorised",
        ),
        _unauthorised,
        reads=("acts_gateway", "acts_failed"),
        families=(REFUSED, REFUSED_FOR),
        over=(),
        under=("acts_gateway",),
        excluded=("acts_failed",),
        spared=(),
        needs="beside",
        shown_under="acts_gateway",
        shown_excluded="acts_failed",
    ),
    RunKpi(
        Kpi(
            key="adherence",
            label="Policy adherence",
            family=Family.RISK,
            unit=Unit.SHARE,
            better=Better.UP,
            sentence="Runs in which nothing left the rulebook, as the records show. What assessors"
            " say is a number of its own.",
            formula="1 − runs with at least one deviation ÷ settled runs.",
            over_words="runs without a deviation",
            under_words="settled runs",
            excluded_words="Runs not settled yet.",
            covered_words="every settled run is looked at",
            target_key="adherence",
        ),
        _adherence,
        reads=("count", "deviating", *(f"deviates.{name}" for name in DEVIATIONS)),
        over=("count",),
        under=("count",),
    ),
)
