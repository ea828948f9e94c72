"""What assessors answered, over spans of days: each run with its layer and its chance.

A week belongs to the days in which its Sunday lies, so that every week counts once. Only
answers that count are read (`runs.queries.answers`); runs of layers outside the population,
such as cases with a known answer, are in no number. A week with an unread known case is in
no number yet: one could tell the case by what does not move.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from portal.accounts import access
from portal.accounts.actors import Actor
from runs.models import ReviewWeek, SampledRun
from runs.queries.answers import counted_answers, veiled
from runs.queries.kpi_sums import Span
from runs.rules.estimating import Answered

_TO_SUNDAY = timedelta(days=6)


@dataclass(frozen=True)
class ReadRun:
    """One sampled run, with the answers that count; none while it is unread or hidden."""

    sampled_id: UUID
    run_id: UUID
    title: str
    week_id: UUID
    ended_on: date
    position: int
    layer: str
    probability: float
    answers: Mapping[str, str]


@dataclass(frozen=True)
class Reviewed:
    """The sample of one span and the sizes of the layers that it was drawn from."""

    runs: tuple[ReadRun, ...]
    populations: Mapping[str, int]

    @property
    def population(self) -> int:
        return sum(self.populations.values())

    def answered(self, key: str, judge) -> list[Answered]:  # type: ignore[no-untyped-def]
        """Give for each run one answer to a question of one's own; None leaves it out."""
        found = [(run, judge(run.answers)) for run in self.runs if run.answers]
        return [
            Answered(run.layer, {key: said}, run.probability)
            for run, said in found
            if said is not None
        ]


def reviewed_over(*, actor: Actor, spans: Sequence[Span]) -> tuple[Reviewed, ...]:
    """Give the sample of each span with its answers. At most six queries."""
    if not spans:
        return ()
    weeks = access.visible(
        ReviewWeek.objects.filter(
            starts_on__gte=min(span.first for span in spans) - _TO_SUNDAY,
            starts_on__lte=max(span.last for span in spans) - _TO_SUNDAY,
        ),
        actor=actor,
        workflow_path="workflow_id",
    ).exclude(veiled())
    facts = {
        identity: (workflow_id, starts_on + _TO_SUNDAY, strata)
        for identity, workflow_id, starts_on, strata in weeks.values_list(
            "id", "workflow_id", "starts_on", "strata"
        )
    }
    runs = _runs_of(facts)
    return tuple(_within(span, facts, runs) for span in spans)


def _runs_of(facts: Mapping[UUID, tuple[UUID, date, Mapping]]) -> list[ReadRun]:
    if not facts:
        return []
    answers = counted_answers(facts)
    rows = SampledRun.objects.filter(week__in=facts).values_list(
        "id", "run_id", "run__title", "week_id", "position", "stratum", "probability"
    )
    return sorted(
        (
            ReadRun(
                sampled_id,
                run_id,
                title,
                week_id,
                facts[week_id][1],
                position,
                f"{week_id}|{stratum}",
                float(probability),
                answers.get(sampled_id, {}),
            )
            for sampled_id, run_id, title, week_id, position, stratum, probability in rows
            if stratum in facts[week_id][2]
        ),
        key=lambda run: (run.ended_on, str(run.week_id), run.position),
        reverse=True,
    )


def _within(
    span: Span,
    facts: Mapping[UUID, tuple[UUID, date, Mapping]],
    runs: Sequence[ReadRun],
) -> Reviewed:
    inside = {
        week_id: strata
        for week_id, (workflow_id, ended_on, strata) in facts.items()
        if span.first <= ended_on <= span.last
        and (span.workflows is None or workflow_id in span.workflows)
    }
    return Reviewed(
        tuple(run for run in runs if run.week_id in inside),
        {
            f"{week_id}|{layer}": int(said.get("population", 0))
            for week_id, strata in inside.items()
            for layer, said in strata.items()
        },
    )
