"""Additions to the tallies are added up, exactly and in any order."""

from django.db import connection

DELTAS_MAX = 20_000
# The rows that were taken are the rows that are added: one statement, so nothing is
# counted twice and nothing is lost, whoever dies when.
_ADD_UP = (
    "WITH taken AS (DELETE FROM runs_tallydelta WHERE id IN (SELECT id FROM runs_tallydelta"
    ' LIMIT %s FOR UPDATE SKIP LOCKED) RETURNING workflow_id, "on", measure, value),'
    ' added AS (INSERT INTO runs_tally (workflow_id, "on", measure, value)'
    ' SELECT workflow_id, "on", measure, sum(value) FROM taken GROUP BY 1, 2, 3'
    ' ORDER BY 1, 2, 3 ON CONFLICT (workflow_id, "on", measure)'
    " DO UPDATE SET value = runs_tally.value + excluded.value RETURNING 1)"
    " SELECT count(*) FROM taken"
)


def add_up() -> int:
    """Add waiting additions to their tallies; says how many. One statement a round."""
    total = 0
    with connection.cursor() as cursor:
        while True:
            cursor.execute(_ADD_UP, [DELTAS_MAX])
            taken = cursor.fetchone()[0]
            total += taken
            if taken < DELTAS_MAX:
                return total
