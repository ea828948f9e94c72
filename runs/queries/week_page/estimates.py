"""What the answers of a week come to."""

from dataclasses import dataclass

from runs.models import ReviewWeek
from runs.queries.week_page.sample import SampleRow
from runs.rules.estimating import Answered, Result, results_of


@dataclass(frozen=True)
class Estimates:
    results: tuple[Result, ...]


def estimates(week: ReviewWeek, rows: tuple[SampleRow, ...]) -> Estimates:
    """Give one line per question. No query."""
    populations = {key: int(layer["population"]) for key, layer in week.strata.items()}
    answered = [
        Answered(row.layer, row.answers, row.chance) for row in rows if row.answers
    ]
    return Estimates(results_of(answered, populations=populations))
