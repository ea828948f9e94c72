"""What changed since the week before: versions that went live, findings that were closed."""

from dataclasses import dataclass
from datetime import datetime

from registry.queries.causes import Launch, launches_between
from runs.models import ReviewWeek
from runs.queries.populations import bounds_of
from runs.queries.week_page.findings import FindingRow


@dataclass(frozen=True)
class Changed:
    """The launches of the week itself and those since, and the findings closed."""

    in_week: tuple[Launch, ...]
    since: tuple[Launch, ...]
    closed: tuple[FindingRow, ...]


def changed(
    week: ReviewWeek, rows: tuple[FindingRow, ...], *, now: datetime
) -> Changed:
    """Give what changed in a week and until it was signed. Two queries."""
    begin, end = bounds_of(week.starts_on)
    launches = launches_between(
        workflow_id=week.workflow_id, since=begin, until=week.signed_at or now
    )
    return Changed(
        in_week=tuple(each for each in launches if each.at < end),
        since=tuple(each for each in launches if each.at >= end),
        closed=tuple(row for row in rows if row.closed_at),
    )
