"""How long assessors read in the weekly review: part of what a unit of work costs."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db import connection

from runs.queries.kpi_sums import SPANS, Columns

_READ = (
    " SELECT a.number, count(*), count(v.read_seconds), coalesce(sum(v.read_seconds), 0)"
    " FROM asked a JOIN runs_reviewweek w ON w.workflow_id = a.workflow_id"
    # No week is read before it is over; so weeks that began later than this have no answer.
    " AND w.starts_on <= a.last"
    " JOIN runs_sampledrun s ON s.week_id = w.id JOIN runs_review v ON v.sampled_id = s.id"
    " AND NOT EXISTS (SELECT FROM runs_seededrun k WHERE k.sampled_id = s.id)"
    " AND (v.created_at AT TIME ZONE %s)::date BETWEEN a.first AND a.last GROUP BY 1"
)


@dataclass(frozen=True)
class Reading:
    """Readings in one span: how many, of how many the time is known, and their time."""

    readings: int = 0
    timed: int = 0
    seconds: int = 0


def reading_over(columns: Columns, *, count: int) -> Sequence[Reading]:
    """Add up what was read in each span, by the day of the answer. One query.

    Only times and counts leave here, so that a reading may count while it is blind.
    """
    found = [Reading()] * count
    if columns.numbers:
        with connection.cursor() as cursor:
            cursor.execute(f"{SPANS}{_READ}", [*columns, settings.TIME_ZONE])
            for number, readings, timed, seconds in cursor.fetchall():
                found[number] = Reading(readings, timed, int(seconds))
    return found
