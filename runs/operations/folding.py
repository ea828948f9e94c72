"""A stored batch becomes events, runs, tallies and holds: all of it or none of it.

Folding inserts through the event keys, so that running it twice changes nothing:
everything is counted from what was really inserted.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models.functions import Coalesce

from portal.accounts.actors import agent_actor
from portal.accounts.models import AgentKind
from portal.audit.operation import operation, record, step
from portal.core.digest import sha256_of
from portal.core.errors import NotFound
from portal.core.ids import new_id
from registry.queries.rulebooks import RulebookInForce, standing_facts
from runs.models import EventKey, InboxBatch, ReportedChange, Run
from runs.operations.accepting import EVENTS_STREAM
from runs.operations.batch_bytes import look_at
from runs.operations.batch_sealing import opened
from runs.operations.costs import keep_costs
from runs.operations.folding_spans import (
    SPAN_FORMS,
    count_told,
    spans_of,
    told_of_spans,
)
from runs.operations.inbox import lock_batch
from runs.operations.incidents import open_incident_of_run
from runs.operations.inserting import Staged, insert_new
from runs.operations.moments import (
    add_tallies,
    ensure_runs,
    fold_into,
)
from runs.operations.pricing import priced
from runs.operations.quarantine import quarantined_in, waits_in
from runs.operations.reconciling import keep_changes, without_strays
from runs.operations.redacting import hidden_words, hide_told
from runs.operations.saving import save_folded
from runs.operations.stopping import hold_hits
from runs.operations.unmapped import note_unmapped
from runs.rules.batches import Looked
from runs.rules.events import Event, Provenance
from runs.rules.folding import told_without_grant
from runs.rules.integrating import traits
from runs.rules.mapping import mapped_tool
from runs.rules.sealing import is_sealed
from runs.rules.shapes import Rejected, ToldEvent
from runs.rules.spans.cutting import cut


@dataclass
class Folded:
    """What came of one batch."""

    accepted: int = 0
    duplicate: int = 0
    late: int = 0
    rejected: list[tuple[int, Rejected]] = field(default_factory=list)
    held_runs: list[UUID] = field(default_factory=list)
    quarantined: int = 0


@operation(leaves="run.batch_folded")
def fold_batch(*, batch_id: UUID, now: datetime) -> Folded:
    """Fold a whole batch and finish it. About fifteen queries, however many events.

    Raises AlreadyDone when another worker was faster.
    """
    batch = lock_batch(batch_id=batch_id)
    looked = _tell_events(batch, now)
    folded = _fold(batch, looked.events, now)
    folded.rejected += looked.rejected
    folded.duplicate += looked.duplicate
    _finish(batch, looked, folded, now)
    return folded


@operation(leaves="run.batch_folded")
def fold_event(*, batch_id: UUID, index: int, now: datetime) -> Folded:
    """Fold one event of a batch that as a whole would not fold; does not finish it."""
    batch = lock_batch(batch_id=batch_id)
    told = _tell_events(batch, now, only=index)
    chosen = [entry for entry in told.events if entry[0] == index]
    folded = _fold(batch, chosen, now)
    # Kept at once: a worker that dies on the way leaves the figures exact.
    InboxBatch.objects.filter(id=batch.id).update(
        accepted=batch.accepted + folded.accepted, late=batch.late + folded.late
    )
    _tell(batch, folded)
    return folded


@operation(leaves="run.batch_folded")
def finish_batch(*, batch_id: UUID, folded: Folded, now: datetime) -> None:
    """Finish a batch whose events were folded one by one, and counted on the way."""
    folded.accepted = folded.late = 0
    batch = lock_batch(batch_id=batch_id)
    _finish(batch, _tell_events(batch, now), folded, now)


def indices_of(batch_id: UUID) -> list[int]:
    """Give the places of the well-formed events, or spans, of a batch. One query."""
    batch = InboxBatch.objects.select_related("agent").get(id=batch_id)
    if batch.form in SPAN_FORMS:
        return [index for index, _ in spans_of(batch).spans]
    return [index for index, _ in _look(batch).events]


def rejected_at_sight(batch_id: UUID) -> Folded:
    """Give what one look at a batch rejects or finds twice. One query."""
    batch = InboxBatch.objects.select_related("agent").get(id=batch_id)
    looked = spans_of(batch) if batch.form in SPAN_FORMS else _look(batch)
    return Folded(duplicate=looked.duplicate, rejected=list(looked.rejected))


@step
def _tell_events(
    batch: InboxBatch, now: datetime, *, only: int | None = None
) -> Looked:
    """Read a batch into events; spans find their runs on the way."""
    if batch.form in SPAN_FORMS:
        return told_of_spans(batch, now=now, only=only)
    return _look(batch)


def _look(batch: InboxBatch) -> Looked:
    return look_at(
        opened(batch),
        form=batch.form,
        content_type=batch.content_type,
        is_system_of_record=batch.agent.kind == AgentKind.SYSTEM_OF_RECORD,
        now=batch.received_at,
    )


@step
def _fold(
    batch: InboxBatch, told: list[tuple[int, ToldEvent]], now: datetime
) -> Folded:
    folded = Folded()
    books = _rulebooks(batch, told)
    told = _without_known(batch, told, folded)
    workflow_ids = {slug: book.workflow_id for slug, book in books.items()}
    told, strays = without_strays(batch, told, workflow_ids)
    told = _of_known_workflows(told, books, folded)
    run_ids = _runs_of(batch, told, books, folded, now)
    told = [(i, e) for i, e in told if (e.workflow, e.run) in run_ids]

    # Ids ascending, so that two workers never wait for each other in a ring.
    runs = {
        run.id: run
        for run in Run.objects.select_for_update(no_key=True, of=("self",))
        .filter(id__in=set(run_ids.values()))
        .order_by("id")
    }
    # Ids ascend as the events were told, so that those of one time keep that order.
    ids = sorted(new_id() for _ in told)
    # Under the runs' locks, as our own records are, so that no ring of waits can form.
    told = hide_told(
        told,
        workflow_ids=workflow_ids,
        now=now,
    )
    staged = [
        _staged(
            batch,
            event,
            runs[run_ids[event.workflow, event.run]],
            books[event.workflow],
            event_id,
        )
        for event_id, (_, event) in zip(ids, told, strict=True)
    ]
    inserted = insert_new(staged, batch=batch)
    folded.accepted = len(inserted) + len(strays)
    folded.duplicate += len(staged) - len(inserted)
    folded.late = sum(one.event.is_late for one in staged if one.event.id in inserted)
    if batch.agent.kind == AgentKind.SYSTEM_OF_RECORD:
        keep_changes(
            batch,
            placed=[one for one in staged if one.event.id in inserted],
            strays=strays,
            workflow_ids=workflow_ids,
            now=now,
        )

    fresh: dict[UUID, list[Event]] = {}
    for one in staged:
        if one.event.id in inserted:
            fresh.setdefault(one.run_id, []).append(one.event)
    for run_id, events in fresh.items():
        run = runs[run_id]
        fold_into(run, events)
    save_folded([runs[run_id] for run_id in fresh])
    for run_id in fresh:
        if told_without_grant(runs[run_id].fold):
            open_incident_of_run(runs[run_id], now=now)
    heard = [(runs[run_id].workflow_id, e) for run_id in fresh for e in fresh[run_id]]
    add_tallies(heard)
    keep_costs(batch, heard, books, now=now)
    note_unmapped(fresh, {run.id: run.workflow_id for run in runs.values()}, now=now)
    folded.held_runs += hold_hits(runs, fresh, books.values(), now)
    return folded


def _rulebooks(
    batch: InboxBatch, told: Iterable[tuple[int, ToldEvent]]
) -> Mapping[str, RulebookInForce]:
    """Read the workflows that this agent serves; a system of record may name any."""
    is_system = batch.agent.kind == AgentKind.SYSTEM_OF_RECORD
    found = {}
    for slug in sorted({event.workflow for _, event in told}):
        try:
            facts = standing_facts(slug, agent_id=batch.agent_id)
        except NotFound:
            continue
        if facts.agent_is_assigned or is_system:
            found[slug] = facts
    return found


def _of_known_workflows(
    told: list[tuple[int, ToldEvent]],
    books: Mapping[str, RulebookInForce],
    folded: Folded,
) -> list[tuple[int, ToldEvent]]:
    unknown = Rejected("workflow.unknown", "There is no such workflow for this agent.")
    folded.rejected += [
        (i, unknown) for i, event in told if event.workflow not in books
    ]
    return [(i, event) for i, event in told if event.workflow in books]


def _without_known(
    batch: InboxBatch, told: list[tuple[int, ToldEvent]], folded: Folded
) -> list[tuple[int, ToldEvent]]:
    """Leave out what is here already, so that a repeat makes no run."""
    asked = {
        "source_id": batch.agent_id,
        "source_event_id__in": [event.id for _, event in told],
    }
    keys = EventKey.objects.filter(**asked)
    known = set(keys.values_list("source_event_id", flat=True))
    if batch.agent.kind == AgentKind.SYSTEM_OF_RECORD:
        changes = ReportedChange.objects.filter(**asked)
        known |= set(changes.values_list("source_event_id", flat=True))
    folded.duplicate += len(known)
    return [(i, event) for i, event in told if event.id not in known]


@step
def _runs_of(
    batch: InboxBatch,
    told: list[tuple[int, ToldEvent]],
    books: Mapping[str, RulebookInForce],
    folded: Folded,
    now: datetime,
) -> dict[tuple[str, str], UUID]:
    """Find or make the run of each event. A system of record never makes one."""
    wanted = sorted({(event.workflow, event.run) for _, event in told})
    known: dict[tuple[str, str], UUID] = {}
    for slug in books:
        names = [run for workflow, run in wanted if workflow == slug]
        # A run that was merged into another leads there.
        rows = Run.every.filter(
            workflow_id=books[slug].workflow_id, agent_run_id__in=names
        ).values_list("agent_run_id", Coalesce("merged_into_id", "id"))
        known |= {(slug, name): run_id for name, run_id in rows}
    missing = [key for key in wanted if key not in known]
    if batch.agent.kind == AgentKind.SYSTEM_OF_RECORD:
        unknown = Rejected("run.unknown", "There is no such run; a system makes none.")
        folded.rejected += [
            (i, unknown) for i, event in told if (event.workflow, event.run) in missing
        ]
        return known
    for slug in sorted({slug for slug, _ in missing}):
        made = ensure_runs(
            workflow_id=books[slug].workflow_id,
            names=[name for workflow, name in missing if workflow == slug],
            agent_id=batch.agent_id,
            now=now,
        )
        known |= {(slug, name): run_id for name, run_id in made.items()}
    return known


def _staged(
    batch: InboxBatch,
    told: ToldEvent,
    run: Run,
    book: RulebookInForce,
    event_id: UUID,
) -> Staged:
    is_system = batch.agent.kind == AgentKind.SYSTEM_OF_RECORD
    facts: dict[str, Any] = dict(told.facts)
    if batch.form in SPAN_FORMS:
        facts = cut(facts)
    if told.kind == "model.called":
        facts = priced(facts, at=told.at)
    if told.kind == "tool.called" and book.rulebook is not None:
        facts["mapped"] = mapped_tool(facts["tool"], book.rulebook.tools)
    return Staged(
        run_id=run.id,
        workflow_id=run.workflow_id,
        source_id=batch.agent_id,
        source_event_id=told.id,
        event=Event(
            id=event_id,
            kind=told.kind,
            at=told.at,
            received_at=batch.received_at,
            provenance=Provenance.CONFIRMED if is_system else Provenance.REPORTED,
            source=batch.agent.name,
            facts=facts,
            is_late=not is_system
            and is_sealed(
                ended_at=run.ended_at, heard_at=run.heard_at, now=batch.received_at
            ),
            source_id=batch.agent_id,
        ),
    )


@step
def _finish(batch: InboxBatch, looked: Looked, folded: Folded, now: datetime) -> None:
    """Close the figures: what is neither accepted nor rejected was here before."""
    folded.accepted += batch.accepted
    folded.quarantined = quarantined_in(batch) if looked.spans else 0
    count = batch.event_count
    if batch.form in SPAN_FORMS:
        count = count_told(looked, folded.rejected)
    named = len(folded.rejected) + folded.quarantined
    count = max(count, folded.accepted + named)
    folded.duplicate = count - folded.accepted - named
    listed = [
        each | {"detail": hidden_words(str(each["detail"]))}
        for each in Looked(rejected=folded.rejected).rejected_document()
    ]
    InboxBatch.objects.filter(id=batch.id).update(
        state=InboxBatch.State.DONE,
        event_count=count,
        accepted=folded.accepted,
        duplicate=folded.duplicate,
        late=batch.late + folded.late,
        quarantined=folded.quarantined,
        traits={
            **traits.of_events(event for _, event in looked.events),
            **traits.of_spans(looked.spans),
        },
        rejected=listed,
        finished_at=now,
        lease_until=None,
        reason="",
        # What waits for a person to place it is read again.
        raw=batch.raw if waits_in(batch) else b"",
    )
    _tell(batch, folded)


@step
def _tell(batch: InboxBatch, folded: Folded) -> None:
    record(
        "run.batch_folded",
        actor=agent_actor(agent_id=batch.agent_id, name=batch.agent.name),
        subject=("inbox_batch", batch.id),
        stream=EVENTS_STREAM,
        accepted=folded.accepted,
        duplicate=folded.duplicate,
        rejected=len(folded.rejected),
        digest=sha256_of(opened(batch)),
    )
