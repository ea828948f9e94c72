"""What must always hold of runs, events, batches and reservations."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from django.db import connection

from portal.core.invariants import Check
from runs.models import SpendEntry
from runs.rules.redacting.detecting import cards_in

CHECKS = (
    Check(
        "Weekly review",
        "the week %s has %s runs, and its layers come to %s",
        "SELECT week.id, week.population_count, sum((layer.value->>'population')::int)"
        " FROM runs_reviewweek week, jsonb_each(week.strata) layer"
        " GROUP BY week.id, week.population_count"
        " HAVING sum((layer.value->>'population')::int) <> week.population_count",
    ),
    Check(
        "Weekly review",
        "the week %s drew %s runs, and %s are in its sample",
        "SELECT week.id, drawn.count, kept.count FROM runs_reviewweek week"
        " CROSS JOIN LATERAL (SELECT sum((value->>'drawn')::int) AS count"
        " FROM jsonb_each(week.strata)) drawn"
        " CROSS JOIN LATERAL (SELECT count(*) FROM runs_sampledrun one"
        " WHERE one.week_id = week.id AND NOT EXISTS (SELECT FROM runs_seededrun known"
        " WHERE known.sampled_id = one.id)) kept WHERE drawn.count <> kept.count",
    ),
    Check(
        "Numbers open",
        "the tally %s of workflow %s on %s is not the sum of its runs",
        "SELECT measure, workflow_id, day FROM ("
        ' SELECT f.workflow_id, f."on" AS day, each.key AS measure,'
        " each.value::numeric AS value FROM runs_runfact f"
        " CROSS JOIN LATERAL jsonb_each_text(f.measures) AS each"
        ' UNION ALL SELECT workflow_id, "on", measure, -value FROM runs_tally'
        " WHERE starts_with(measure, 'run.')"
        ' UNION ALL SELECT workflow_id, "on", measure, -value FROM runs_tallydelta'
        " WHERE starts_with(measure, 'run.')) AS both_sides"
        " GROUP BY measure, workflow_id, day HAVING sum(value) <> 0",
    ),
    Check(
        "Numbers open",
        "the run %s settled, and nothing notes that it is to be counted",
        "SELECT r.id FROM runs_run r WHERE r.merged_into_id IS NULL AND r.event_count > 0"
        " AND (r.ended_at IS NOT NULL OR r.state = 'UNKNOWN')"
        " AND NOT EXISTS (SELECT FROM runs_runfact f WHERE f.run_id = r.id)"
        " AND NOT EXISTS (SELECT FROM runs_rundue due WHERE due.run_id = r.id)",
    ),
    Check(
        "Weeks stay signed",
        "version %s of the week %s is kept under the digest %s, and that is not its own",
        "SELECT number, week_id, digest FROM runs_signedweek WHERE digest <> 'sha256:' ||"
        " encode(sha256('\\x01'::bytea || int4send(octet_length(content)) || content), 'hex')",
    ),
    Check(
        "Weeks stay signed",
        "the week %s is signed as version %s, and no such version with its digest is kept",
        "SELECT w.id, w.version FROM runs_reviewweek w WHERE w.state = 'SIGNED'"
        " AND NOT EXISTS (SELECT FROM runs_signedweek s WHERE s.week_id = w.id"
        " AND s.number = w.version AND s.digest = w.digest)",
    ),
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
        "Redaction",
        "batch %s is read and its bytes are still kept",
        "SELECT id FROM runs_inboxbatch WHERE state = 'DONE' AND raw <> ''"
        " AND quarantined = 0",
    ),
    Check(
        "Redaction",
        "batch %s waits and its bytes are not sealed",
        "SELECT id FROM runs_inboxbatch WHERE state <> 'DONE'"
        " AND substring(raw FROM 1 FOR 4) <> '\\x00637331'",
    ),
    Check(
        "7 Audit is complete",
        "somebody looked at %s in run %s and left no entry",
        "SELECT reveal.token, reveal.run_id FROM runs_reveal reveal WHERE NOT EXISTS"
        " (SELECT FROM audit_entry entry WHERE entry.name = 'token.revealed'"
        " AND entry.subject_id = reveal.run_id::text"
        " AND entry.actor_id = reveal.person_id)",
    ),
    Check(
        "13 Fail closed",
        "a run on hold, %s, has no open hold",
        "SELECT run.id FROM runs_run run WHERE run.is_held AND NOT EXISTS"
        " (SELECT FROM runs_hold hold WHERE hold.run_id = run.id"
        " AND hold.resumed_at IS NULL)",
    ),
)


# So many events are looked at for what should not be readable in them.
SAMPLED_EVENTS = 5_000
_SAMPLED = (
    "SELECT run_id, id, facts::text FROM runs_runevent TABLESAMPLE SYSTEM (%s)"
    " WHERE facts::text ~ '\\d(?:[ .-]?\\d){13}' LIMIT %s"
)
_COUNTED = (
    "SELECT greatest(sum(reltuples), 1) FROM pg_class"
    " WHERE oid IN (SELECT relid FROM pg_partition_tree('runs_runevent'))"
)


def readable_cards() -> Iterator[str]:
    """Name stored events that hold a payment card, in a sample. Two queries."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNTED)
        count = cursor.fetchone()[0]
        percent = min(100.0, 100.0 * SAMPLED_EVENTS / count)
        cursor.execute(_SAMPLED, [percent, SAMPLED_EVENTS])
        for run_id, event_id, text in cursor.fetchall():
            if cards_in(text):
                yield f"event {event_id} of run {run_id} holds a payment card"


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
