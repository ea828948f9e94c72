"""What tallies hold beside what they should: of facts, and of events."""

import json
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from uuid import UUID

from django.db import connection

from runs.rules.counting.measures import PREFIX
from runs.rules.events import Event, Provenance

EVENTS_AT_ONCE = 2_000
_OF_FACTS = f"""
SELECT day, measure, sum(value) FROM (
    SELECT f."on" AS day, each.key AS measure, each.value::numeric AS value
      FROM runs_runfact f CROSS JOIN LATERAL jsonb_each_text(f.measures) AS each
     WHERE f.workflow_id = %(workflow)s
    UNION ALL
    SELECT "on", measure, -value FROM runs_tally
     WHERE workflow_id = %(workflow)s AND measure LIKE '{PREFIX}%%'
    UNION ALL
    SELECT "on", measure, -value FROM runs_tallydelta
     WHERE workflow_id = %(workflow)s AND measure LIKE '{PREFIX}%%'
) AS both_sides GROUP BY day, measure HAVING sum(value) <> 0
"""  # noqa: S608 - our own words only
_EVENTS_AND_TALLIES = f"""
SELECT t."on", t.measure, t.value, NULL::uuid, NULL, NULL::timestamptz, NULL::timestamptz,
       NULL, NULL, NULL::jsonb FROM runs_tally t
 WHERE t.workflow_id = %(workflow)s AND t.measure NOT LIKE '{PREFIX}%%'
UNION ALL
SELECT d."on", d.measure, d.value, NULL, NULL, NULL, NULL, NULL, NULL, NULL
  FROM runs_tallydelta d
 WHERE d.workflow_id = %(workflow)s AND d.measure NOT LIKE '{PREFIX}%%'
UNION ALL
SELECT NULL, NULL, NULL, e.id, e.kind, e.at, e.received_at, e.provenance, e.source_name,
       e.facts FROM runs_runevent e WHERE e.workflow_id = %(workflow)s
"""  # noqa: S608 - our own words only

type Kept = tuple[date, str, Decimal]


def differences_of_facts(workflow_id: UUID) -> list[Kept]:
    """Give by how much tallies of settled runs are not the sums of their facts. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_OF_FACTS, {"workflow": workflow_id})
        return cursor.fetchall()


def events_and_tallies(workflow_id: UUID) -> Iterator[tuple[Kept | None, Event | None]]:
    """Give what tallies hold of a workflow's events, and the events, as one moment saw both.

    One statement read through a cursor: so that an event and what it added are both in it
    or both not, whoever writes meanwhile, and few rows are in memory at once.
    """
    with connection.chunked_cursor() as cursor:
        cursor.execute(_EVENTS_AND_TALLIES, {"workflow": workflow_id})
        while rows := cursor.fetchmany(EVENTS_AT_ONCE):
            for row in rows:
                if row[0] is not None:
                    yield row[:3], None
                else:
                    yield None, _event(row[3:])


def _event(row: tuple) -> Event:
    event_id, kind, at, received_at, provenance, source, facts = row
    return Event(
        id=event_id,
        kind=kind,
        at=at,
        received_at=received_at,
        provenance=Provenance(provenance),
        source=source,
        facts=json.loads(facts) if isinstance(facts, str) else facts,
    )
