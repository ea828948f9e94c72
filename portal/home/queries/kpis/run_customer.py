"""What came of it for whoever asked, from runs: handed over, contained, resolved."""

from decimal import Decimal

from portal.home.queries.kpis.figure import Better, Detail, Family, Figure, Kpi, Unit
from portal.home.queries.kpis.run_asking import Asked, RunKpi, part, share_of

FOLLOWED_DAYS = 1
REOPENED_DAYS = 14


def _handoff(asked: Asked) -> Figure:
    if "told.handoff" not in asked.told_ever:
        return asked.unknowable(
            "No agent of this work tells when it hands work to a person (event `handoff`)."
        )
    cases = asked.of("cases")
    return share_of(
        asked,
        asked.of("cases_handed"),
        cases,
        covered=asked.of("cases_named"),
        coverable=cases,
        excluded=asked.excluded(
            (
                "Earlier runs of a case that a newer one stands for",
                asked.of("count") - cases,
            )
        ),
    )


def _contained(asked: Asked) -> Figure:
    if not asked.of("cases_followed"):
        if asked.of("cases"):
            return asked.unknowable(
                "No agent of this work tells who asked (`requester` of run.started), so"
                " nobody can see who came back."
            )
        return asked.nothing("No case ended in these days.")
    followed = asked.of("cases_followed")
    return share_of(
        asked,
        asked.of("contained"),
        followed,
        covered=followed,
        coverable=asked.of("cases"),
        excluded=asked.excluded(
            ("Cases that do not tell who asked", asked.of("cases") - followed)
        ),
        details=(
            part(asked, "Same requester back within a day", "cases_back", followed),
            Detail(
                "Days looked at",
                None,
                Unit.COUNT,
                "one day earlier, so that everybody had a day to come back",
            ),
        ),
    )


def _resolution(asked: Asked) -> Figure:
    closed = asked.of("closed")
    recent = int(asked.recent.get("run.closed", Decimal(0)))
    excluded = asked.excluded(
        ("Cases closed in the last 14 days, which may still be opened again", recent),
        ("Runs that did not complete", asked.of("count") - closed),
    )
    if "told.outcome.confirmed" not in asked.told_ever:
        return asked.unknowable(
            "Nobody tells whether the matter was resolved (event `outcome.confirmed`, by the"
            " customer, a system of record or the agent)."
        )
    return share_of(
        asked,
        asked.of("confirmed"),
        closed,
        why="No case closed in these days, counted 14 days back.",
        covered=asked.of("closed_told"),
        coverable=closed,
        excluded=excluded,
        details=(
            part(asked, "Only implied by the agent", "implied", closed),
            part(asked, "Opened again within 14 days", "reopened", closed),
            part(asked, "Told as not resolved", "unresolved", closed),
            *_calibration(asked),
        ),
    )


def _calibration(asked: Asked) -> tuple[Detail, ...]:
    sure = asked.of("sure")
    if not sure:
        why = "no closed case tells both the agent's confidence and its outcome"
        return (Detail("Calibration gap", None, Unit.RATIO, why),)
    gap = (asked.of("sure_sum") - asked.of("sure_confirmed")) / sure
    words = f"mean confidence less share confirmed, over {int(sure):,} cases"
    return (
        Detail("Calibration gap", float(gap), Unit.RATIO, words),
        Detail(
            "Brier score",
            float(asked.of("sure_brier") / sure),
            Unit.RATIO,
            "0 is certain and right; 0.25 is a coin",
        ),
    )


KPIS = (
    RunKpi(
        Kpi(
            key="handoff",
            label="Handed to a person",
            family=Family.CUSTOMER,
            unit=Unit.SHARE,
            better=Better.DOWN,
            sentence="Cases whose work a person had to take over. An approval is not a handoff.",
            formula="Cases with a handoff of the work to a person ÷ cases. A case counts once,"
            " on the day its newest run ended; a run without a case is its own.",
            over_words="cases handed to a person",
            under_words="cases",
            excluded_words="Earlier runs of the same case.",
            covered_words="cases carry a case of their own",
            target_key="handoff",
        ),
        _handoff,
        reads=("count", "cases", "cases_named", "cases_handed"),
        asks_ever=True,
        over=("cases_handed",),
        under=("cases",),
        excluded=("count",),
    ),
    RunKpi(
        Kpi(
            key="contained",
            label="Contained without call-back",
            family=Family.CUSTOMER,
            unit=Unit.SHARE,
            better=Better.UP,
            sentence="Cases that nobody took over and whose requester did not come back within a"
            " day.",
            formula="Cases without handoff and without another run for the same requester within"
            " 24 hours ÷ cases whose requester is told. Days are moved back by one.",
            over_words="cases contained",
            under_words="cases whose requester is told",
            excluded_words="Cases that do not tell who asked.",
            covered_words="cases tell who asked",
            target_key="contained",
        ),
        _contained,
        reads=("cases", "cases_followed", "cases_back", "contained"),
        over=("contained",),
        under=("cases_followed",),
        excluded=("cases",),
        shift=FOLLOWED_DAYS,
    ),
    RunKpi(
        Kpi(
            key="resolution-confidence",
            label="Resolution confirmed",
            family=Family.CUSTOMER,
            unit=Unit.SHARE,
            better=Better.UP,
            sentence="Closed cases that the customer or a system confirmed, and that stayed"
            " closed for 14 days. What the agent says of itself stands apart.",
            formula="Confirmed by customer or system and not opened again within 14 days ÷ cases"
            " closed. Days are moved back by 14.",
            over_words="closed cases confirmed and not opened again",
            under_words="closed cases",
            excluded_words="Cases closed in the last 14 days.",
            covered_words="closed cases told whether they were resolved",
            target_key="resolution-confidence",
        ),
        _resolution,
        reads=(
            *("count", "closed", "closed_told", "confirmed", "implied", "reopened"),
            *("unresolved", "sure", "sure_sum", "sure_confirmed", "sure_brier"),
        ),
        asks_ever=True,
        over=("confirmed",),
        under=("closed",),
        excluded=("count",),
        shift=REOPENED_DAYS,
        recent="closed",
    ),
)
