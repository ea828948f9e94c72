"""The next draft of a workflow, begun from a version that stands."""

from datetime import datetime

from django.db import IntegrityError

from portal.accounts.actors import Actor
from portal.audit.operation import step
from portal.core.errors import Conflict
from registry.models import OperatingModelVersion, VersionCause, Workflow
from registry.operations.guards import person_id


@step
def start_draft(
    workflow: Workflow,
    *,
    document: dict,
    based_on: OperatingModelVersion,
    actor: Actor,
    now: datetime,
) -> OperatingModelVersion:
    """Add the next draft of a workflow; the caller holds the version it is based on."""
    latest = (
        workflow.versions.order_by("-number").values_list("number", flat=True).first()
    )
    try:
        return OperatingModelVersion.objects.create(
            workflow=workflow,
            number=(latest or 0) + 1,
            document=document,
            based_on=based_on,
            created_by_id=person_id(actor),
            created_at=now,
            changed_by_id=person_id(actor),
            changed_at=now,
        )
    except IntegrityError as error:
        raise Conflict(
            "draft.open", "Somebody began a version in this moment."
        ) from error


@step
def carry_causes(*, old: OperatingModelVersion, new: OperatingModelVersion) -> None:
    """Let a draft that goes on from a version say what that one was made for."""
    VersionCause.objects.bulk_create(
        VersionCause(
            version=new,
            kind=row.kind,
            subject_id=row.subject_id,
            words=row.words,
            part=row.part,
            change=row.change,
            added_by_id=row.added_by_id,
            added_at=row.added_at,
        )
        for row in VersionCause.objects.filter(version=old).order_by("added_at", "id")
    )
