"""What must always hold of runs, events, batches and reservations."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from portal.core.invariants import Check
from runs.models import SpendEntry

CHECKS = (
    Check(
        "10 Durability",
        "batch %s says that it is folded, and its figures do not add up",
        "SELECT id FROM runs_inboxbatch WHERE state = 'DONE' AND"
        " event_count <> accepted + duplicate + jsonb_array_length(rejected)"
        " + quarantined",
    ),
    Check(
        "10 Durability",
        "batch %s was accepted with %s events, and %s were kept",
        # A change that no run is known of is kept without an event.
        "SELECT batch.id, batch.accepted, count(kept.batch_id) FROM runs_inboxbatch batch"
        " LEFT JOIN (SELECT batch_id FROM runs_runevent UNION ALL"
        " SELECT batch_id FROM runs_reportedchange WHERE event_id IS NULL) kept"
        " ON kept.batch_id = batch.id"
        " WHERE batch.state = 'DONE' GROUP BY batch.id, batch.accepted"
        " HAVING count(kept.batch_id) <> batch.accepted",
    ),
    Check(
        "11 One event",
        "the event %s of source %s was kept twice",
        "SELECT source_event_id, source_id FROM runs_runevent"
        " WHERE source_event_id <> '' GROUP BY source_event_id, source_id"
        " HAVING count(*) > 1",
    ),
    Check(
        "11 One event",
        "the event %s of run %s has no key, so it could be kept again",
        "SELECT event.source_event_id, event.run_id FROM runs_runevent event"
        " WHERE event.source_event_id <> '' AND NOT EXISTS (SELECT FROM runs_eventkey key"
        " WHERE key.source_id = event.source_id"
        " AND key.source_event_id = event.source_event_id)",
    ),
    Check(
        "6 Single use",
        "the change %s is said to be covered by the grant %s, which was never redeemed",
        "SELECT change.id, change.grant_id FROM runs_reportedchange change"
        " WHERE change.state = 'MATCHED' AND NOT EXISTS (SELECT FROM runs_runevent event"
        " WHERE event.run_id = change.run_id AND event.kind = 'redeemed'"
        " AND event.facts ->> 'grant' = change.grant_id::text)",
    ),
    Check(
        "7 Audit is complete",
        "the change %s is covered by no grant, and there is no incident about it",
        "SELECT change.id FROM runs_reportedchange change WHERE change.state = 'UNMATCHED'"
        " AND NOT EXISTS (SELECT FROM runs_incident i WHERE i.change_id = change.id)",
    ),
    Check(
        "14 Moves",
        "the incident %s is %s, and its notes come to %s",
        "SELECT i.id, i.state, last.kind FROM runs_incident i JOIN LATERAL"
        " (SELECT kind FROM runs_incidentnote n WHERE n.incident_id = i.id"
        " AND n.kind NOT IN ('TAKEN', 'GREW') ORDER BY noted_at DESC, id DESC LIMIT 1) last"
        " ON true WHERE CASE last.kind WHEN 'HEALED' THEN 'EXPLAINED'"
        " WHEN 'OPENED' THEN 'OPEN' WHEN 'REOPENED' THEN 'OPEN' ELSE last.kind END"
        " <> i.state",
    ),
    Check(
        "13 Fail closed",
        "a run on hold, %s, has no open hold",
        "SELECT run.id FROM runs_run run WHERE run.is_held AND NOT EXISTS"
        " (SELECT FROM runs_hold hold WHERE hold.run_id = run.id"
        " AND hold.resumed_at IS NULL)",
    ),
)


class Reservation(NamedTuple):
    """What one grant took from one cap, and has not given back."""

    workflow_id: UUID
    cap_key: str
    amount: Decimal
    reserved_at: datetime
    grant_id: UUID


def reservations() -> Iterator[Reservation]:
    """Give every reservation that stands, by workflow, cap and time. One query."""
    rows = (
        SpendEntry.objects.exclude(state=SpendEntry.State.RELEASED)
        .exclude(cap_key="")
        .order_by("workflow_id", "cap_key", "reserved_at", "id")
        .values_list("workflow_id", "cap_key", "amount", "reserved_at", "grant_id")
    )
    for row in rows.iterator():
        yield Reservation(*row)
