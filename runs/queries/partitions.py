"""Whether events lie where they belong: the alarm of the default partition."""

from dataclasses import dataclass

from django.db import connection

from portal.accounts import access
from portal.accounts.actors import Actor

ROWS_COUNTED_MAX = 10_000
MONTHS_WANTED = 2
_ROWS = "SELECT count(*) FROM (SELECT FROM runs_runevent_default LIMIT %s) few"
_MISSING = (
    "SELECT to_char(month, 'YYYY-MM') FROM (SELECT date_trunc('month', clock_timestamp()"
    " AT TIME ZONE 'UTC') + step * interval '1 month' AS month"
    " FROM generate_series(0, %s) AS step) months"
    " WHERE to_regclass('public.runs_runevent_' || to_char(month, 'YYYY_MM')) IS NULL"
    " ORDER BY month"
)


@dataclass(frozen=True)
class PartitionHealth:
    """How many events lie in the default partition, and which months have none of their own."""

    rows_in_default: int
    months_missing: tuple[str, ...]

    @property
    def is_fine(self) -> bool:
        return not self.rows_in_default and not self.months_missing

    @property
    def sentence(self) -> str:
        """Say what is wrong and what to do; empty when nothing is."""
        said = []
        if self.rows_in_default:
            number = self.rows_in_default
            many = number >= ROWS_COUNTED_MAX
            rows = f"More than {ROWS_COUNTED_MAX:,}" if many else f"{number:,}"
            said.append(
                f"{rows} run event{'s lie' if number > 1 else ' lies'} in the default"
                " partition. None is lost; retention cannot drop them by the month."
            )
        if self.months_missing:
            months = ", ".join(self.months_missing)
            said.append(f"No partition is made for {months}.")
        if said:
            said.append("See “Partitions” in docs/runs.md.")
        return " ".join(said)


def partition_health() -> PartitionHealth:
    """Look at the partitions of events. Two queries, bounded."""
    with connection.cursor() as cursor:
        cursor.execute(_ROWS, [ROWS_COUNTED_MAX])
        rows = cursor.fetchone()[0]
        cursor.execute(_MISSING, [MONTHS_WANTED])
        months = tuple(row[0] for row in cursor.fetchall())
    return PartitionHealth(rows, months)


def storage_alarm(*, actor: Actor) -> str:
    """Say to an administrator what is wrong with the store of events. Up to three queries."""
    if not access.holds_everywhere(actor, access.EDIT):
        return ""
    return partition_health().sentence
