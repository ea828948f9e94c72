"""Ending a workflow whose questions say that it needs no AI, and taking it up again.

A good ending: the draft becomes a version that never changes, with the answers in it, and
the workflow stands in the list as one that needs no AI. Nothing of it was ever live.
"""

from datetime import datetime
from uuid import UUID

from portal.accounts import access
from portal.accounts.actors import Actor
from portal.audit.operation import operation, record, step
from portal.core.digest import canonical, sha256_of
from portal.core.errors import AlreadyDone, Conflict
from registry.models import OperatingModelVersion, Workflow
from registry.models.version import VersionState
from registry.operations.beginning import carry_causes, start_draft
from registry.operations.draft_parts import WHOLE, check_seen
from registry.operations.drafts import locked_draft
from registry.operations.guards import person_id, workflow_for
from registry.rules.techniques import TECHNIQUES, best_fit


@operation(leaves="workflow.ended_without_ai")
def end_without_ai(
    *, actor: Actor, workflow_id: UUID, revision: int, now: datetime
) -> str:
    """End a workflow that was never live as one that needs no AI; says what it is instead.

    Raises Conflict where the answers lead to AI or are not all given, where something is
    live, and for a stale revision.
    """
    workflow = workflow_for(actor, workflow_id, access.EDIT)
    draft = locked_draft(workflow)
    check_seen(draft, actor=actor, revision=revision, part=WHOLE, seen="")
    if workflow.live_version_id is not None:
        raise Conflict(
            "workflow.live",
            f"{workflow.name} is live. Discard this draft, and pause what is live.",
        )
    fit = best_fit(draft.document.get("technique") or {})
    if fit is None or fit.is_ai:
        raise Conflict(
            "technique.needs_ai",
            "Its questions do not say that it needs no AI. Answer them first.",
        )
    draft.state = VersionState.WITHDRAWN
    draft.content = canonical(draft.document)
    draft.digest = sha256_of(draft.content)
    draft.reason = f"It needs no AI: it is {fit.kind}."
    draft.changed_by_id, draft.changed_at = person_id(actor), now
    draft.save()
    workflow.ended_as = fit.key
    workflow.save(update_fields=("ended_as",))
    record(
        "workflow.ended_without_ai",
        actor=actor,
        subject=("workflow", workflow.id),
        workflow_id=workflow.id,
        workflow=workflow.name,
        version=draft.number,
        kind=fit.kind,
        digest=draft.digest,
    )
    return fit.kind


@operation(leaves="workflow.taken_up_again")
def take_up_again(*, actor: Actor, workflow_id: UUID, now: datetime) -> int:
    """Begin the next draft from where a workflow ended; give its number."""
    workflow_for(actor, workflow_id, access.EDIT)
    workflow = _locked(workflow_id)
    if not workflow.ended_as:
        raise AlreadyDone(
            "workflow.not_ended", f"{workflow.name} was taken up already."
        )
    ended = (
        OperatingModelVersion.objects.filter(workflow=workflow)
        .order_by("-number")
        .first()
    )
    if ended is None:
        raise AssertionError("what ended has the version that it ended with")
    instead = TECHNIQUES[workflow.ended_as]
    workflow.ended_as = ""
    workflow.save(update_fields=("ended_as",))
    draft = start_draft(
        workflow, document=ended.document, based_on=ended, actor=actor, now=now
    )
    carry_causes(old=ended, new=draft)
    record(
        "workflow.taken_up_again",
        actor=actor,
        subject=("workflow", workflow.id),
        workflow_id=workflow.id,
        workflow=workflow.name,
        version=draft.number,
        kind=instead.kind,
    )
    return draft.number


@step
def _locked(workflow_id: UUID) -> Workflow:
    rows = Workflow.objects.select_for_update(no_key=True, of=("self",))
    return rows.get(id=workflow_id)
