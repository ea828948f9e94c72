"""Two runs that turn out to be one become one: its events move and it says so.

Moving rows of an append-only table is done by one function of the database, which belongs
to the owner of the tables and moves nothing without its own record in the same transaction.
"""

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from django.db import connection

from portal.accounts import access
from portal.accounts.actors import Actor
from portal.audit.operation import operation, record, step
from portal.core.errors import Conflict, Invalid, NotFound
from portal.core.ids import new_id
from runs.models import Hold, Run, RunDue, RunEvent, RunIndex, SampledRun
from runs.operations.incidents import follow_merge
from runs.operations.moments import append_moment, fold_into
from runs.operations.saving import save_folded
from runs.queries.stories import event_of
from runs.rules.events import Event
from runs.rules.stitching import Rule

REASON_MAX = 300
EVENTS_AT_ONCE = 2_000
_MERGE = "SELECT runs_merge(%s, %s, %s, %s, %s, %s, %s, %s, %s)"
WORDS = {
    Rule.RUN: "a trace of it names this run",
    Rule.MINTED: "it carries an id that was given out to this run",
    Rule.LINK: "it points at a trace of this run",
    Rule.CONVERSATION: "it is of the same conversation",
}


@operation(leaves="run.merged")
def merge_by_hand(
    *, actor: Actor, run_id: UUID, into_id: UUID, reason: str, now: datetime
) -> UUID:
    """Let a person who may change the workflow say that one run is part of another.

    Gives the run that is left. Raises Invalid, NotFound or Conflict.
    """
    words = reason.strip()
    if not words:
        raise Invalid({"reason": "Say why the two are one; it is kept in the journal."})
    rows = access.visible(
        Run.objects.filter(id__in=(run_id, into_id)),
        actor=actor,
        permission=access.EDIT,
        workflow_path="workflow_id",
    )
    found = {row.id: row for row in rows}
    if len(found) != 2:  # noqa: PLR2004 - two runs
        raise NotFound("There is nothing here, or you may not change it.")
    if found[run_id].workflow_id != found[into_id].workflow_id:
        raise Conflict("run.other_workflow", "Runs of two workflows never become one.")
    return merge_runs(
        source_id=run_id,
        target_id=into_id,
        rule=Rule.PERSON,
        reason=words[:REASON_MAX],
        actor=actor,
        now=now,
    )


@step
def merge_runs(
    *,
    source_id: UUID,
    target_id: UUID,
    rule: Rule,
    reason: str,
    actor: Actor,
    now: datetime,
) -> UUID:
    """Move everything of one run into another and give the one that is left.

    What the portal itself recorded never moves: where only the first has such records, the
    other one moves into it. Raises Conflict where both have, or both are held by one rule.
    """
    source, target = _locked(source_id, target_id)
    if source.id == target.id:
        return target.id
    if has_records(source):
        source, target = target, source
    if has_records(source):
        raise Conflict(
            "run.both_recorded",
            "The portal has decisions or reviews on record for both runs, so neither can"
            " move into the other.",
        )
    if _held_alike(source, target):
        raise Conflict(
            "run.both_held",
            "One stop rule holds both runs. Settle one of the two holds first.",
        )
    moved = list(_events_of(source))
    RunIndex.objects.filter(run_id=source.id).delete()
    # What it was counted as is taken back; the one that is left is counted when saved.
    RunDue.objects.create(run_id=source.id, due_at=now)
    with connection.cursor() as cursor:
        cursor.execute(
            _MERGE,
            [
                new_id(), source.id, target.id, rule.value, reason[:REASON_MAX],
                actor.kind, actor.id, actor.name[:120], now,
            ],
        )  # fmt: skip
    follow_merge(source_id=source.id, target_id=target.id)
    for start in range(0, len(moved), EVENTS_AT_ONCE):
        fold_into(target, moved[start : start + EVENTS_AT_ONCE])
    save_folded([target])
    _say(source, target, len(moved), rule, reason, actor, now)
    return target.id


def has_records(run: Run) -> bool:
    """Say whether the portal itself keeps something about a run. Up to two queries."""
    return (
        bool(run.fold.get("asks"))
        or Hold.objects.filter(run_id=run.id)
        .exclude(resumed_at=None, stopped_at=None)
        .exists()
        or SampledRun.to_read.filter(run_id=run.id).exists()
    )


def _held_alike(source: Run, target: Run) -> bool:
    keys = Hold.objects.filter(run_id=source.id, resumed_at=None).values("rule_key")
    held = Hold.objects.filter(run_id=target.id, resumed_at=None, rule_key__in=keys)
    return held.exists()


@step
def _locked(source_id: UUID, target_id: UUID) -> tuple[Run, Run]:
    """Lock both rows, ids ascending, and follow what was merged before. Raises NotFound."""
    asked = {source_id, target_id}
    whole = dict(Run.every.filter(id__in=asked).values_list("id", "merged_into_id"))
    if len(whole) != len(asked):
        raise NotFound("There is no such run.")
    ids = {each: whole[each] or each for each in asked}
    rows = (
        Run.objects.select_for_update(no_key=True, of=("self",))
        .filter(id__in=set(ids.values()))
        .order_by("id")
    )
    found = {row.id: row for row in rows}
    try:
        return found[ids[source_id]], found[ids[target_id]]
    except KeyError as error:
        raise Conflict("run.merged", "Somebody merged this run just now.") from error


def _events_of(run: Run) -> Iterator[Event]:
    rows = RunEvent.objects.filter(run_id=run.id).order_by("at", "id")
    for row in rows.iterator(chunk_size=EVENTS_AT_ONCE):
        yield event_of(row)


@step
def _say(
    source: Run,
    target: Run,
    moved: int,
    rule: Rule,
    reason: str,
    actor: Actor,
    now: datetime,
) -> None:
    append_moment(
        run_id=target.id,
        kind="merged",
        at=now,
        facts={
            "run": source.agent_run_id,
            "rule": rule.value,
            "reason": reason,
            "events": moved,
        },
        actor=actor,
    )
    record(
        "run.merged",
        actor=actor,
        subject=("run", target.id),
        workflow_id=target.workflow_id,
        run=target.agent_run_id,
        other=source.agent_run_id,
        count=moved,
        reason=reason,
    )
