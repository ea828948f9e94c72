"""Efficiency, from runs: how long, how much, how often again."""

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
from portal.home.queries.kpis.run_asking import Asked, RunKpi, part, share_of
from runs.queries.kpi_percentiles import FAMILY
from runs.rules.rates import rate_bounds

NONE_COMPLETED = "No run completed in these days."


def _cycle_time(asked: Asked) -> Figure:
    runs, middle = asked.of("took"), asked.percentiles.get(0.5)
    excluded = asked.excluded(
        ("Runs that did not complete", asked.of("count") - asked.of("state.completed")),
        (
            "Runs whose clocks say that they ended before they began",
            asked.of("clock_odd"),
        ),
    )
    if not runs or middle is None:
        return asked.nothing(NONE_COMPLETED, excluded=excluded)
    most = asked.percentiles.get(0.9)
    mean = asked.of("took_ms")
    split = tuple(
        Detail(
            label,
            float(asked.of(name) / runs / 1000),
            Unit.SECONDS,
            f"{asked.of(name) / mean * 100:.0f} % of the time, as a mean"
            if mean
            else "",
        )
        for label, name in (
            ("Waiting for a person", "person_ms"),
            ("Working", "work_ms"),
            ("Idle: neither", "idle_ms"),
        )
    )
    slow = Detail(
        "Nine of ten take at most", most.seconds if most else None, Unit.SECONDS
    )
    return Figure(
        Answer.MEASURED,
        asked.now,
        value=middle.seconds,
        over=runs,
        low=middle.low,
        high=middle.high,
        covered=asked.of("timed"),
        coverable=runs,
        excluded=excluded,
        details=(slow, *split),
    )


def _reduction(asked: Asked) -> Figure:
    found = asked.compared
    if not found.has_baseline:
        return asked.unknowable(
            "No signed one page holds a baseline of the cycle time. Put one on the page;"
            " it is frozen when three people sign."
        )
    excluded = asked.excluded(
        (
            "Completed runs of kinds that the baseline does not know",
            found.of_workflows - found.runs,
        ),
        (
            "Completed runs of workflows without a baseline",
            asked.of("took") - found.of_workflows,
        ),
    )
    if found.reduction is None:
        return asked.nothing(
            "No run of the kinds that the baseline knows completed in these days.",
            excluded=excluded,
        )
    reduced = found.reduction
    return Figure(
        Answer.MEASURED,
        asked.now,
        value=reduced.share,
        over=Decimal(found.runs),
        low=reduced.low,
        high=reduced.high,
        excluded=excluded,
        details=(
            Detail("Median now, at the baseline's mix", reduced.now, Unit.SECONDS),
            Detail("Median in the baseline", reduced.before, Unit.SECONDS, found.note),
            Detail(
                "Kinds of the baseline without a run in these days",
                found.absent,
                Unit.COUNT,
            ),
            Detail("Workflows without a baseline", found.without, Unit.COUNT),
        ),
    )


def _throughput(asked: Asked) -> Figure:
    completed, told = asked.of("state.completed"), asked.of("units_told")
    days = Decimal(asked.scope.days)
    excluded = asked.excluded(
        ("Completed runs that told no units", completed - told),
        ("Runs that did not complete", asked.of("count") - completed),
    )
    if not completed:
        return asked.nothing(NONE_COMPLETED, under=days, excluded=excluded)
    if not told:
        return asked.unknowable(
            "No agent of this work tells how many units a run made (`units` of"
            " run.finished)."
        )
    units = asked.of("units")
    return Figure(
        Answer.MEASURED,
        asked.now,
        value=float(units / days),
        over=units,
        under=days,
        covered=told,
        coverable=completed,
        excluded=excluded,
        details=(Detail("Completed runs", float(completed), Unit.COUNT),),
    )


def _finished(asked: Asked) -> Figure:
    said = asked.of("ended_told")
    return share_of(
        asked,
        asked.of("state.completed"),
        said,
        covered=said,
        coverable=asked.of("count"),
        excluded=asked.excluded(("Runs that fell silent", asked.of("state.unknown"))),
        details=tuple(
            part(asked, label, f"state.{name}", said)
            for label, name in (
                ("Failed", "failed"),
                ("Stopped", "stopped"),
                ("Cancelled", "cancelled"),
            )
        ),
    )


def _retries(asked: Asked) -> Figure:
    intents, again = asked.of("intents"), asked.of("again")
    without = (
        "Runs that told no tool call",
        asked.of("count") - asked.of("with_tools"),
    )
    excluded = asked.excluded(without)
    if not intents:
        return asked.nothing("No run told of a tool call.", excluded=excluded)
    bounds = rate_bounds(int(again), int(intents))
    return Figure(
        Answer.MEASURED,
        asked.now,
        value=float(again / intents),
        over=again,
        under=intents,
        low=bounds.low if bounds else None,
        high=bounds.high if bounds else None,
        covered=asked.of("with_tools"),
        coverable=asked.of("count"),
        excluded=excluded,
        details=(
            part(
                asked,
                "Runs that tried something again",
                "retried",
                asked.of("with_tools"),
            ),
        ),
    )


KPIS = (
    RunKpi(
        Kpi(
            key="cycle-time",
            label="Cycle time",
            family=Family.EFFICIENCY,
            unit=Unit.SECONDS,
            better=Better.DOWN,
            sentence="How long half of the completed runs take at most, from what set them off.",
            formula="Median of (ended − triggered) over completed runs. Waiting is the union of"
            " open proposals and holds, working the union of timed steps without it, idle the"
            " rest.",
            over_words="completed runs",
            excluded_words="Runs that did not complete, or whose clocks disagree.",
            covered_words="completed runs told how long their steps took",
            target_key="cycle-time",
        ),
        _cycle_time,
        reads=(
            *("count", "state.completed", "took", "took_ms", "person_ms", "work_ms"),
            *("idle_ms", "timed", "clock_odd"),
        ),
        families=(FAMILY,),
        over=("took",),
        under=("took",),
        excluded=("count",),
        needs="percentiles",
        shown="took_ms",
    ),
    RunKpi(
        Kpi(
            key="cycle-time-reduction",
            label="Cycle-time reduction",
            family=Family.EFFICIENCY,
            unit=Unit.SHARE,
            better=Better.UP,
            sentence="How much shorter the work takes than before AI did it.",
            formula="1 − median now ÷ median of the signed baseline, both at the baseline's mix"
            " of cases; bootstrap interval with a fixed seed.",
            over_words="completed runs compared",
            excluded_words="Runs of kinds or workflows that no baseline speaks of.",
            target_key="cycle-time-reduction",
        ),
        _reduction,
        reads=("count", "took"),
        over=("took",),
        under=("took",),
        excluded=("took",),
        needs="compared",
        shown="took_ms",
    ),
    RunKpi(
        Kpi(
            key="throughput",
            label="Units of work a day",
            family=Family.EFFICIENCY,
            unit=Unit.PER_DAY,
            better=Better.UP,
            sentence="How much work was finished, in the unit that each one page names.",
            formula="Units that completed runs told ÷ days.",
            over_words="units of completed runs",
            under_words="days",
            excluded_words="Runs that did not complete, or told no units.",
            covered_words="completed runs told how many units they made",
            target_key="throughput",
        ),
        _throughput,
        reads=("count", "state.completed", "units", "units_told"),
        over=("units_told",),
        under=("state.completed",),
        excluded=("count",),
        spared=("units_told",),
        shown="units",
    ),
    RunKpi(
        Kpi(
            key="finished",
            label="Runs that finished as meant",
            family=Family.EFFICIENCY,
            unit=Unit.SHARE,
            better=Better.UP,
            sentence="Runs that completed, among those that told how they ended.",
            formula="Completed runs ÷ runs that told their end.",
            over_words="runs that completed",
            under_words="runs that told how they ended",
            excluded_words="Runs that fell silent.",
            covered_words="runs told how they ended",
            target_key="finished",
        ),
        _finished,
        reads=(
            *(
                "count",
                "ended_told",
                "state.completed",
                "state.failed",
                "state.stopped",
            ),
            *("state.cancelled", "state.unknown"),
        ),
        over=("state.completed",),
        under=("ended_told",),
        excluded=("state.unknown",),
    ),
    RunKpi(
        Kpi(
            key="retries",
            label="Tool calls tried again",
            family=Family.EFFICIENCY,
            unit=Unit.SHARE,
            better=Better.DOWN,
            sentence="How often agents had to try the same thing again. People's second tries"
            " are not counted.",
            formula="Attempts beyond the first ÷ things meant. One thing meant is a retry key,"
            " or a tool with the same arguments.",
            over_words="attempts beyond the first",
            under_words="things meant by tool calls",
            excluded_words="Runs that told no tool call.",
            covered_words="runs told of their tool calls",
            target_key="retries",
        ),
        _retries,
        reads=("count", "intents", "again", "retried", "with_tools"),
        over=("again",),
        under=("intents",),
        excluded=("count",),
        shown="again",
        shown_under="intents",
    ),
)
