"""The twelve weeks up to one week: what the trend and the agreement are made from."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from runs.models import ReviewWeek, SampledRun
from runs.queries.answers import readings_of
from runs.queries.populations import WEEK
from runs.rules.estimating import Answered

WEEKS_SHOWN = 12

type Answers = Mapping[str, str]


@dataclass(frozen=True)
class PastWeek:
    """What was answered in one week, in full and by those who read the same runs."""

    id: UUID
    starts_on: date
    populations: Mapping[str, int]
    answered: tuple[Answered, ...]
    pairs: tuple[tuple[Answers, Answers], ...]


def mondays_to(starts_on: date) -> tuple[date, ...]:
    """Give the Mondays of the twelve weeks that end with this one."""
    back = range(WEEKS_SHOWN - 1, -1, -1)
    return tuple(starts_on - number * WEEK for number in back)


def past_weeks(week: ReviewWeek) -> dict[date, PastWeek]:
    """Give those of the twelve weeks that were opened, by Monday. Four queries."""
    mondays = mondays_to(week.starts_on)
    weeks = ReviewWeek.objects.filter(
        workflow=week.workflow_id, starts_on__in=mondays
    ).in_bulk()
    readings = readings_of(list(weeks))
    rows = SampledRun.objects.filter(week__in=weeks).values_list(
        "id", "week_id", "probability"
    )
    answered: dict[UUID, list[Answered]] = {key: [] for key in weeks}
    pairs: dict[UUID, list[tuple[Answers, Answers]]] = {key: [] for key in weeks}
    for sampled_id, week_id, probability in rows:
        each = readings[sampled_id]
        if each.counted:
            answered[week_id].append(
                Answered(each.stratum, each.counted, float(probability))
            )
        if each.is_doubled and each.first and each.second:
            pairs[week_id].append((each.first.answers, each.second.answers))
    return {
        row.starts_on: PastWeek(
            id=key,
            starts_on=row.starts_on,
            populations={
                layer: int(sealed["population"]) for layer, sealed in row.strata.items()
            },
            answered=tuple(answered[key]),
            pairs=tuple(pairs[key]),
        )
        for key, row in weeks.items()
    }
