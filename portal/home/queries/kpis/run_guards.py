"""Guards and outcomes, from runs: what a run can answer, what its record lacks, what came of it."""

from portal.home.queries.kpis.figure import Better, Detail, Family, Figure, Kpi, Unit
from portal.home.queries.kpis.run_asking import Asked, RunKpi, part, share_of
from runs.rules.counting.adherence import LACKS
from runs.rules.counting.measures import QUESTIONS


def _answerable(asked: Asked) -> Figure:
    runs = asked.of("count")
    return share_of(
        asked,
        asked.of("answered"),
        runs * QUESTIONS,
        # The seven of one run are not seven observations.
        size=runs,
        excluded=asked.excluded(),
        details=(
            part(asked, "Runs that can answer all seven", "answered_all", runs),
            Detail(
                "Answers a run, as a mean",
                float(asked.of("answered") / runs) if runs else None,
                Unit.RATIO,
                "of seven",
            ),
        ),
    )


def _evidence(asked: Asked) -> Figure:
    runs = asked.of("count")
    return share_of(
        asked,
        asked.of("complete"),
        runs,
        excluded=asked.excluded(),
        details=tuple(
            Detail(
                f"Runs that lack {words}", float(asked.of(f"lacks.{name}")), Unit.COUNT
            )
            for name, words in LACKS.items()
        ),
    )


def _succeeded(asked: Asked) -> Figure:
    told = (
        asked.of("acts_succeeded") + asked.of("acts_failed") + asked.of("acts_unknown")
    )
    used = asked.of("acts_gateway") + asked.of("acts_failed")
    return share_of(
        asked,
        asked.of("acts_succeeded"),
        told,
        why="No outcome of a used grant was told in these days.",
        covered=told,
        coverable=used,
        excluded=asked.excluded(("Used grants without an outcome", used - told)),
        details=(
            Detail("Failed", float(asked.of("acts_failed")), Unit.COUNT),
            Detail(
                "Unknown", float(asked.of("acts_unknown")), Unit.COUNT, "not success"
            ),
        ),
    )


KPIS = (
    RunKpi(
        Kpi(
            key="succeeded",
            label="Outcomes that succeeded",
            family=Family.OUTCOME,
            unit=Unit.SHARE,
            better=Better.UP,
            sentence="What came of actions after their grant was used. Unknown is not success.",
            formula="Outcomes told as succeeded ÷ outcomes told.",
            over_words="outcomes that succeeded",
            under_words="outcomes told",
            excluded_words="Used grants without an outcome.",
            covered_words="used grants have an outcome",
            target_key="succeeded",
        ),
        _succeeded,
        reads=("acts_succeeded", "acts_failed", "acts_unknown", "acts_gateway"),
        over=("acts_succeeded",),
        under=("acts_succeeded", "acts_failed", "acts_unknown"),
        excluded=("acts_untold",),
        spared=(),
        shown="acts_succeeded",
        shown_under="acts_succeeded+acts_failed+acts_unknown",
        shown_excluded="acts_untold",
    ),
    RunKpi(
        Kpi(
            key="answerable",
            label="Runs that can be explained",
            family=Family.GUARD,
            unit=Unit.SHARE,
            better=Better.UP,
            sentence="How many of the seven questions a run's record can answer.",
            formula="Questions answered ÷ 7 × settled runs. The interval takes each run as one"
            " observation, which is on the safe side.",
            over_words="questions answered",
            under_words="seven questions for each settled run",
            excluded_words="Runs not settled yet.",
            covered_words="every settled run is looked at",
            target_key="answerable",
        ),
        _answerable,
        reads=("count", "answered", "answered_all"),
        over=("answered",),
        shown="answered",
        each_under=QUESTIONS,
    ),
    RunKpi(
        Kpi(
            key="evidence",
            label="Complete records",
            family=Family.GUARD,
            unit=Unit.SHARE,
            better=Better.UP,
            sentence="Runs whose record holds every kind of step that it must.",
            formula="Runs with a start, steps, an end, an outcome for each used grant and a name"
            " ÷ settled runs.",
            over_words="runs with a complete record",
            under_words="settled runs",
            excluded_words="Runs not settled yet.",
            covered_words="every settled run is looked at",
            target_key="evidence",
        ),
        _evidence,
        reads=("count", "complete", *(f"lacks.{name}" for name in LACKS)),
        over=("complete",),
    ),
)
