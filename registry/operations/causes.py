"""A change of the draft that another room asks for, and what it was made for.

The change goes the way of every other: the rights of who makes it, the page read whole,
whoever saved the same part meanwhile is named. What it was made for stays with the
version, is part of what is signed, and stands in its history.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from portal.accounts import access
from portal.accounts.actors import Actor
from portal.audit.operation import record, step
from portal.core.errors import Conflict, Invalid
from registry.models import OperatingModelVersion, VersionCause
from registry.models.version import VersionState
from registry.operations.beginning import start_draft
from registry.operations.drafts import DraftSaved, change_draft, locked_draft
from registry.operations.edits import Document
from registry.operations.guards import person_id, workflow_for

WORDS_MAX, CHANGE_MAX = 300, 500
CAUSES_MAX = 50
NEVER_SEEN = 0


@dataclass(frozen=True)
class Cause:
    """What a change is made for: the thing in the other room, and its own words."""

    kind: str
    subject_id: UUID
    words: str


@step
def change_because(
    *,
    actor: Actor,
    workflow_id: UUID,
    part: str,
    seen: str,
    edit: Callable[[Document], Document],
    change: str,
    cause: Cause,
    now: datetime,
) -> DraftSaved:
    """Change one part of the draft because of something; begins a draft where none is open.

    `seen` is the fingerprint of the part as the editor saw it. Raises what saving a
    draft raises, Conflict while a version waits for signatures among it.
    """
    workflow = workflow_for(actor, workflow_id, access.EDIT)
    live = workflow.live_version
    has_open = workflow.versions.filter(
        state__in=(VersionState.DRAFT, VersionState.SUBMITTED)
    ).exists()
    if not has_open and live is not None:
        draft = start_draft(
            workflow, document=live.document, based_on=live, actor=actor, now=now
        )
        record(
            "workflow.draft_saved",
            actor=actor,
            subject=("workflow", workflow.id),
            workflow_id=workflow.id,
            workflow=workflow.name,
            version=draft.number,
            what=f"version {draft.number} begun from version {live.number}",
        )
    saved = change_draft(
        actor=actor,
        workflow_id=workflow_id,
        revision=NEVER_SEEN,
        part=part,
        seen=seen,
        what=change,
        edit=edit,
        now=now,
    )
    _keep(locked_draft(workflow), actor, part, change, cause, now)
    return saved


@step
def _keep(
    draft: OperatingModelVersion,
    actor: Actor,
    part: str,
    change: str,
    cause: Cause,
    now: datetime,
) -> None:
    if len(change) > CHANGE_MAX:
        raise Invalid({"": f"Say the change in at most {CHANGE_MAX} characters."})
    if VersionCause.objects.filter(version=draft).count() >= CAUSES_MAX:
        raise Conflict(
            "draft.many_causes",
            f"At most {CAUSES_MAX} changes of one version say what they were made for."
            " Put this version live first.",
        )
    VersionCause.objects.update_or_create(
        version=draft,
        kind=cause.kind,
        subject_id=cause.subject_id,
        part=part[:200],
        defaults={
            "words": cause.words[:WORDS_MAX],
            "change": change,
            "added_by_id": person_id(actor),
            "added_at": now,
        },
    )
