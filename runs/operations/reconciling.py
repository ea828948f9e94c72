"""What systems of record report is kept, and what became of it written down.

Which grant covers a change is found by the room above, which knows the grants; here are
the steps that keep its verdict. Lock order: changes, then runs by ascending id.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from django.db import connection

from portal.accounts.actors import SYSTEM
from portal.accounts.models import AgentKind
from portal.audit.operation import step
from portal.core import outbox
from portal.core.errors import AlreadyDone
from portal.core.ids import new_id
from runs.models import EventKey, InboxBatch, Incident, ReportedChange, Run, RunEvent
from runs.operations.incidents import heal_incident, open_incident_of_change
from runs.operations.inserting import Staged
from runs.operations.moments import (
    add_tallies,
    append_moment,
    fold_into,
    lock_run,
)
from runs.operations.putting_back import mark_put_back
from runs.operations.redacting import facts_as, hide_told
from runs.operations.saving import save_folded
from runs.queries.changes import change_of
from runs.rules.events import Event, Provenance
from runs.rules.matching import Change, Judged
from runs.rules.redacting.walking import Policy
from runs.rules.shapes import ToldEvent

# A name only: the room above does the matching, and a lost hint is made good by its sweep.
MATCH_HINT = {"task": "approvals.tasks.match_changes"}
MATCH_MAX = 300
LOOK_AGAIN_SECONDS = 60
LOOK_AGAIN_HOURS = 24


def without_strays(
    batch: InboxBatch,
    told: list[tuple[int, ToldEvent]],
    workflow_ids: Mapping[str, UUID],
) -> tuple[list[tuple[int, ToldEvent]], list[ToldEvent]]:
    """Take out the changes of a system of record whose run is not known here.

    They are kept, to be matched by what they say; a system never makes a run.
    """
    if batch.agent.kind != AgentKind.SYSTEM_OF_RECORD:
        return told, []
    known: set[tuple[str, str]] = set()
    for slug, workflow_id in workflow_ids.items():
        names = [event.run for _, event in told if event.workflow == slug]
        rows = Run.objects.filter(
            workflow_id=workflow_id, agent_run_id__in=names
        ).values_list("agent_run_id", flat=True)
        known |= {(slug, name) for name in rows}
    strays = {
        index
        for index, event in told
        if event.kind == "change.made" and (event.workflow, event.run) not in known
    }
    return (
        [each for each in told if each[0] not in strays],
        [event for index, event in told if index in strays],
    )


@step
def keep_changes(
    batch: InboxBatch,
    *,
    placed: Sequence[Staged],
    strays: Sequence[ToldEvent],
    workflow_ids: Mapping[str, UUID],
    now: datetime,
) -> None:
    """Keep what a system of record reported, to be matched. One insert and one hint.

    `placed` are changes of known runs, whose events are inserted and whose words are
    hidden; `strays` name no run, and theirs are hidden here.
    """
    rows = [
        _row(
            batch,
            one.source_event_id,
            one.event.at,
            one.event.facts,
            workflow_id=one.workflow_id,
            run_id=one.run_id,
            event_id=one.event.id,
        )
        for one in placed
        if one.event.kind == "change.made"
    ]
    for told in _hidden(strays, workflow_ids, now):
        workflow_id = workflow_ids.get(told.workflow)
        rows.append(
            _row(
                batch,
                told.id,
                told.at,
                told.facts,
                workflow_id=workflow_id,
                named_workflow="" if workflow_id else told.workflow,
                named_run=told.run,
            )
        )
    if rows:
        ReportedChange.objects.bulk_create(rows, batch_size=500)
        mark_put_back(change_ids=[row.id for row in rows], now=now)
        outbox.enqueue(topic="hint", payload=MATCH_HINT)


@step
def _hidden(
    strays: Sequence[ToldEvent], workflow_ids: Mapping[str, UUID], now: datetime
) -> list[ToldEvent]:
    """Hide what must not be stored; originals of unknown workflows are nobody's to see."""
    known = [
        (at, told) for at, told in enumerate(strays) if told.workflow in workflow_ids
    ]
    found = dict(hide_told(known, workflow_ids=workflow_ids, now=now)) if known else {}
    return [
        found.get(at) or replace(told, facts=facts_as(told.facts, Policy()))
        for at, told in enumerate(strays)
    ]


def _row(batch: InboxBatch, key, at, facts, **more) -> ReportedChange:  # type: ignore[no-untyped-def]
    return ReportedChange(
        source_id=batch.agent_id,
        source_event_id=key,
        batch_id=batch.id,
        at=at,
        received_at=batch.received_at,
        system=facts["system"],
        resource=facts["resource"],
        field=facts.get("field", ""),
        verb=facts.get("verb", ""),
        named_grant=facts.get("grant", ""),
        facts={name: facts[name] for name in ("before", "after") if name in facts},
        **more,
    )


def claim_unmatched() -> list[UUID]:
    """Choose fresh changes of open incidents to look at again. Committed at once.

    A grant may have been redeemed a moment after the system told of the change.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE runs_reportedchange SET judged_at = clock_timestamp() WHERE id IN"
            " (SELECT c.id FROM runs_reportedchange c"
            " JOIN runs_incident i ON i.change_id = c.id AND i.state = 'OPEN'"
            " WHERE c.state = 'UNMATCHED'"
            " AND c.judged_at < clock_timestamp() - %s * interval '1 second'"
            " AND c.received_at > clock_timestamp() - %s * interval '1 hour'"
            " ORDER BY c.judged_at, c.id LIMIT %s FOR NO KEY UPDATE OF c SKIP LOCKED)"
            " RETURNING id",
            [LOOK_AGAIN_SECONDS, LOOK_AGAIN_HOURS, MATCH_MAX],
        )
        return [row[0] for row in cursor.fetchall()]


@step
def changes_to_judge(*, again: Collection[UUID] = ()) -> tuple[Change, ...]:
    """Lock and give the changes that wait, or those to look at again. One query."""
    rows = ReportedChange.objects.select_for_update(no_key=True, of=("self",))
    rows = (
        rows.filter(id__in=again, state=ReportedChange.State.UNMATCHED)
        if again
        else rows.filter(state=ReportedChange.State.WAITING)
    )
    return tuple(
        change_of(row) for row in rows.order_by("received_at", "id")[:MATCH_MAX]
    )


@step
def keep_verdicts(judged: Sequence[Judged], *, now: datetime) -> tuple[int, int]:
    """Write down what changes come to; says how many match, and how many do not.

    What matched by its value, or does not match, is said in its run; a change that no
    run was known of joins the run of its grant. Raises AlreadyDone when nothing is news.
    """
    rows = {
        row.id: row
        for row in ReportedChange.objects.filter(
            id__in=[each.change_id for each in judged]
        ).select_related("source", "run")
    }
    news = [each for each in judged if _is_news(rows[each.change_id], each)]
    if not news:
        raise AlreadyDone("change.judged", "Nothing is news about these changes.")
    was_open = set(
        Incident.objects.filter(change__in=rows).values_list("change_id", flat=True)
    )
    # Runs by ascending id, so that two workers never wait in a ring.
    for each in sorted(
        news, key=lambda one: (str(_run_of(rows, one)), str(one.change_id))
    ):
        row = rows[each.change_id]
        if each.grant is not None:
            _match(row, each, is_incident=row.id in was_open, now=now)
        else:
            _leave_unmatched(row, each, now=now)
    matched = sum(each.is_matched for each in news)
    return matched, len(news) - matched


def _is_news(row: ReportedChange, judged: Judged) -> bool:
    return row.state == ReportedChange.State.WAITING or judged.is_matched


def _run_of(rows: Mapping[UUID, ReportedChange], judged: Judged) -> UUID | None:
    return judged.grant.run_id if judged.grant else rows[judged.change_id].run_id


@step
def _match(
    row: ReportedChange, judged: Judged, *, is_incident: bool, now: datetime
) -> None:
    grant = judged.grant
    if grant is None:
        raise AssertionError("what is matched has a grant")
    if row.run_id is None:
        _place(row, run_id=grant.run_id, now=now)
    row.workflow_id, row.grant_id = grant.workflow_id, grant.id
    row.state, row.judged_at = ReportedChange.State.MATCHED, now
    row.save()
    mark_put_back(change_ids=[row.id], now=now)
    if judged.code == "value" or is_incident:
        _say(row, verdict="matched", grant=str(grant.id), now=now)
    if is_incident:
        heal_incident(change_id=row.id, headline=grant.headline, now=now)


@step
def _leave_unmatched(row: ReportedChange, judged: Judged, *, now: datetime) -> None:
    row.state, row.judged_at = ReportedChange.State.UNMATCHED, now
    row.save(update_fields=("state", "judged_at"))
    incident_id = open_incident_of_change(
        row, code=judged.code, why=judged.why, now=now
    )
    if row.run_id is not None:
        _say(
            row,
            verdict="unmatched",
            sentence=judged.why,
            incident=str(incident_id),
            now=now,
        )


@step
def _say(row: ReportedChange, *, now: datetime, **facts: str) -> None:
    if row.run_id is None:
        raise AssertionError("only what belongs to a run is said in it")
    append_moment(
        run_id=row.run_id,
        kind="reconciled",
        at=now,
        actor=SYSTEM,
        facts={"event": str(row.event_id), **facts},
    )


@step
def _place(row: ReportedChange, *, run_id: UUID, now: datetime) -> None:
    """Let a change whose run was not known join the run of the grant that covers it."""
    run = lock_run(run_id=run_id)
    facts = {
        "system": row.system,
        "resource": row.resource,
        **({"field": row.field} if row.field else {}),
        **({"verb": row.verb} if row.verb else {}),
        **({"grant": row.named_grant} if row.named_grant else {}),
        **row.facts,
    }
    event = Event(
        id=new_id(),
        kind="change.made",
        at=row.at,
        received_at=row.received_at,
        provenance=Provenance.CONFIRMED,
        source=row.source.name,
        facts=facts,
    )
    RunEvent.objects.create(
        run_id=run.id,
        id=event.id,
        workflow_id=run.workflow_id,
        kind=event.kind,
        at=event.at,
        received_at=event.received_at,
        provenance=event.provenance.value,
        source_id=row.source_id,
        source_name=event.source[:120],
        source_event_id=row.source_event_id,
        batch_id=row.batch_id,
        facts=facts,
    )
    EventKey.objects.create(
        source_id=row.source_id,
        source_event_id=row.source_event_id,
        run_id=run.id,
        event_id=event.id,
    )
    fold_into(run, [event])
    save_folded([run])
    add_tallies([(run.workflow_id, event)])
    row.run_id, row.event_id = run.id, event.id
