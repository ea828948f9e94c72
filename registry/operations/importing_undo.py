"""Taking a whole import back: what nobody has touched since is withdrawn, the rest stays.

A workflow is never deleted, because the journal names it. A withdrawn one keeps its row
and its bytes, loses every right and role, and is in no list; its address is free again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.contrib.contenttypes.models import ContentType
from django.db import connection
from guardian.models import GroupObjectPermission, UserObjectPermission

from portal.accounts.actors import Actor
from portal.audit.operation import operation, record, step
from portal.audit.queries import last_sentences_of, lengths_of
from portal.core.digest import canonical, sha256_of
from portal.core.errors import Conflict
from registry.models import (
    InventoryImport,
    InventoryRow,
    OperatingModelVersion,
    RoleHolding,
    Workflow,
)
from registry.models.importing import ImportState, RowStatus
from registry.models.version import VersionState
from registry.queries.importing import import_for

REASON_LENGTH_MAX = 400


@dataclass(frozen=True)
class Undone:
    """How many workflows were taken back, and how many stay."""

    undone: int
    kept: int


@operation(leaves="inventory.undone")
def undo_import(*, actor: Actor, import_id: UUID, now: datetime) -> Undone:
    """Withdraw every workflow of an import that nobody has touched since.

    Rows whose workflow was changed, submitted or given people stay, each with what
    happened to it. Raises Conflict when there is nothing to take back.
    """
    import_for(actor=actor, import_id=import_id)
    source = InventoryImport.objects.select_for_update(no_key=True, of=("self",)).get(
        id=import_id
    )
    if source.state != ImportState.APPLIED:
        raise Conflict(
            "inventory.not_applied", "Nothing of this import can be taken back now."
        )
    rows = list(source.rows.filter(status=RowStatus.MADE).order_by("workflow_id"))
    workflows = _locked([row.workflow_id for row in rows if row.workflow_id])
    lengths = lengths_of(list(workflows))
    touched = [
        row
        for row in rows
        if row.workflow_id not in workflows
        or lengths.get(row.workflow_id, 0) != row.entries
    ]
    kept_ids = {row.id for row in touched}
    untouched = [row for row in rows if row.id not in kept_ids]

    _say_why_kept(touched)
    withdraw_workflows(
        actor=actor,
        workflows=[workflows[row.workflow_id] for row in untouched if row.workflow_id],
        reason=f"the import of {source.file_name} was taken back",
        now=now,
    )
    InventoryRow.objects.filter(id__in=[row.id for row in untouched]).update(
        status=RowStatus.UNDONE
    )
    source.state = ImportState.UNDONE
    source.undone_at = now
    source.counts = {
        **source.counts,
        "MADE": 0,
        "UNDONE": len(untouched),
        "KEPT": len(touched),
    }
    source.save(update_fields=("state", "undone_at", "counts"))
    record(
        "inventory.undone",
        actor=actor,
        subject=("inventory", source.id),
        file=source.file_name,
        digest=source.digest,
        undone=len(untouched),
        kept=len(touched),
    )
    return Undone(len(untouched), len(touched))


@step
def withdraw_workflows(
    *, actor: Actor, workflows: Sequence[Workflow], reason: str, now: datetime
) -> None:
    """Take workflows that were never live out of sight, with their rights and roles."""
    ids = [each.id for each in workflows]
    if not ids:
        return
    _freeze_drafts(ids)
    names = [str(identity) for identity in ids]
    content_type = ContentType.objects.get_for_model(Workflow)
    for rights in (UserObjectPermission, GroupObjectPermission):
        rights.objects.filter(content_type=content_type, object_pk__in=names).delete()
    RoleHolding.objects.filter(workflow_id__in=ids, person__isnull=False).update(
        person=None, since=now
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE registry_workflow SET withdrawn_at = %s,"
            " slug = 'withdrawn-' || replace(id::text, '-', '') WHERE id = ANY(%s)",
            [now, ids],
        )
    for workflow in workflows:
        record(
            "workflow.withdrawn",
            actor=actor,
            subject=("workflow", workflow.id),
            workflow_id=workflow.id,
            workflow=workflow.name,
            reason=reason,
        )


def _locked(ids: Sequence[UUID]) -> dict[UUID, Workflow]:
    """Lock the workflows and their drafts, so that nobody changes one meanwhile.

    The lock is the full one, because the address changes: it waits for rows that are
    being tied to a workflow, and they for it.
    """
    workflows = Workflow.objects.select_for_update(of=("self",)).order_by("id")
    found = {each.id: each for each in workflows.filter(id__in=ids)}
    list(
        OperatingModelVersion.objects.select_for_update(no_key=True, of=("self",))
        .filter(workflow_id__in=found)
        .order_by("id")
        .values_list("id")
    )
    return found


def _freeze_drafts(ids: Sequence[UUID]) -> None:
    """Keep the bytes of each draft, as of every version that ends."""
    drafts = OperatingModelVersion.objects.filter(
        workflow_id__in=ids, state=VersionState.DRAFT
    ).values_list("id", "document")
    kept = [(identity, canonical(document)) for identity, document in drafts]
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE registry_operatingmodelversion AS version SET state = 'WITHDRAWN',"
            " content = kept.content, digest = kept.digest"
            " FROM unnest(%s::uuid[], %s::bytea[], %s::text[])"
            " AS kept (id, content, digest) WHERE version.id = kept.id",
            [
                [identity for identity, _ in kept],
                [content for _, content in kept],
                [sha256_of(content) for _, content in kept],
            ],
        )


def _say_why_kept(rows: Sequence[InventoryRow]) -> None:
    if not rows:
        return
    sentences = last_sentences_of([row.workflow_id for row in rows if row.workflow_id])
    for row in rows:
        said = sentences.get(row.workflow_id) if row.workflow_id else None
        row.status = RowStatus.KEPT
        row.reason = (said or "It was changed since.")[:REASON_LENGTH_MAX]
    InventoryRow.objects.bulk_update(rows, ["status", "reason"], batch_size=500)
