"""Freezing a draft into a launch packet, and signing it.

The packet's bytes hold the whole page, its difference from what is live and who holds
the roles, and after them what is known of it; three people sign the digest of those
bytes. Taking the version back voids the packet and opens a new draft.
"""

from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError

from portal.accounts import access
from portal.accounts.actors import Actor
from portal.accounts.operations.telling import close_for, tell, tell_settled
from portal.audit.operation import operation, record
from portal.core.digest import canonical, sha256_of
from portal.core.errors import AlreadyDone, Conflict, Invalid, NotFound
from portal.core.locks import ENTERPRISE, lock_exclusive, lock_shared, workflow_scope
from registry.models import (
    LaunchPacket,
    OperatingModelVersion,
    Signature,
    Workflow,
)
from registry.models.version import VersionState
from registry.models.workflow import Role
from registry.operations.beginning import carry_causes, start_draft
from registry.operations.drafts import locked_draft
from registry.operations.guards import (
    must_be_trained,
    must_hold,
    person_id,
    workflow_for,
)
from registry.operations.matrix_rows import matrix_rows
from registry.operations.reading import readable
from registry.queries.acceptable_use import must_have_acknowledged
from registry.queries.causes import causes_of
from registry.queries.comparisons import Difference, difference_from_live
from registry.queries.evidence import evidence_bytes
from registry.queries.moves import (
    LIVE_MOVES,
    PACKET_MOVES,
    is_compared_with_live,
    last_move,
)
from registry.queries.parts import gaps_of
from registry.queries.people import SIGNING_ROLES, WorkflowPeople, people_of
from registry.queries.standing_people import signed_people

REASON_LENGTH_MAX = 300


@operation(leaves="workflow.version_submitted")
def submit_version(
    *,
    actor: Actor,
    workflow_id: UUID,
    revision: int,
    reason: str = "",
    now: datetime,
) -> LaunchPacket:
    """Freeze the draft and open it for three signatures; `reason` says why it was made.

    Raises Conflict when somebody changed the draft since it was read, Invalid with the
    gaps while there are any, and for a first version above phase 1 that does not say why.
    """
    reason = " ".join(reason.split())
    if len(reason) > REASON_LENGTH_MAX:
        raise Invalid({"reason": f"Say why in at most {REASON_LENGTH_MAX} characters."})
    workflow = workflow_for(actor, workflow_id, access.EDIT)
    draft = locked_draft(workflow)
    people = people_of(workflow_id=workflow.id)
    _check_ready(draft, people, revision)
    if workflow.live_version_id is None and not reason and draft.document["phase"] > 1:
        phase = draft.document["phase"]
        raise Invalid(
            {"reason": f"Say why it may begin in phase {phase} and not in phase 1."}
        )

    difference = difference_from_live(workflow=workflow, version=draft)
    _keep_matrix(draft)
    content = canonical(draft.document)
    draft.content = content
    draft.digest = sha256_of(content)
    draft.state = VersionState.SUBMITTED
    draft.label = difference.label
    draft.submitted_at = now
    draft.reason = reason
    draft.save(
        update_fields=(
            "content",
            "digest",
            "state",
            "label",
            "submitted_at",
            "reason",
        )
    )
    bound = _packet_bytes(workflow, draft, difference, now)
    packet = LaunchPacket.objects.create(
        version=draft,
        content=bound,
        digest=sha256_of(bound, *evidence_bytes(draft)),
        created_by_id=person_id(actor),
        created_at=now,
    )

    record(
        "workflow.version_submitted",
        actor=actor,
        subject=("workflow", workflow.id),
        workflow_id=workflow.id,
        workflow=workflow.name,
        version=draft.number,
        label=difference.label,
        digest=packet.digest,
    )
    about = ("packet", packet.id)
    tell(kind="packet_to_sign", subject=about, workflow_id=workflow.id, at=now)
    return packet


@operation(leaves="workflow.packet_signed")
def sign_packet(
    *, actor: Actor, workflow_id: UUID, role: str, digest: str, now: datetime
) -> Signature:
    """Sign the open packet in one role, over the digest that was on the page.

    Raises Forbidden for anybody but the role's holder, and for the holder while their
    training for it is not current; Conflict for another digest, a second role or a signer
    who has not acknowledged how AI may be used, AlreadyDone for a second signature.
    """
    workflow = _seen_workflow(actor, workflow_id)
    if role not in SIGNING_ROLES:
        raise Invalid({"role": "This role does not sign."})
    must_hold(actor, workflow, role, "sign as that")
    # A new statement is published before this signature or after it, never beside it.
    lock_shared(ENTERPRISE)
    must_have_acknowledged(actor)
    version = _locked_submitted(workflow, now)
    must_be_trained(actor, workflow, role, "sign as that")
    packet = version.packet
    _check_not_moved_on(workflow, version, digest, now)
    _check_not_signed(packet, actor, role)

    try:
        signature = Signature.objects.create(
            packet=packet, role=role, person_id=actor.id, digest=digest, signed_at=now
        )
    except IntegrityError as error:
        raise Conflict("packet.signed", "Somebody signed in this moment.") from error

    record(
        "workflow.packet_signed",
        actor=actor,
        subject=("workflow", workflow.id),
        workflow_id=workflow.id,
        workflow=workflow.name,
        version=version.number,
        role=Role(role).label,
        digest=digest,
    )
    close_for(person_id=actor.id, subject=("packet", packet.id), now=now)
    return signature


@operation(leaves="workflow.signature_withdrawn")
def withdraw_signature(
    *, actor: Actor, workflow_id: UUID, number: int, now: datetime
) -> None:
    """Take one's own signature back, unless that version is live."""
    workflow = _seen_workflow(actor, workflow_id)
    # A launch that counts this signature is over before it goes, or sees that it went.
    lock_exclusive(workflow_scope(workflow.lock_number))
    workflow = Workflow.objects.get(id=workflow_id)
    signature = (
        Signature.objects.filter(
            packet__version__workflow=workflow,
            packet__version__number=number,
            person_id=actor.id,
            withdrawn_at=None,
        )
        .select_related("packet__version")
        .first()
    )
    if signature is None:
        raise AlreadyDone("signature.none", "You have no signature on this version.")
    if signature.packet.version_id == workflow.live_version_id:
        raise Conflict(
            "signature.live",
            f"Version {number} is live. Pause {workflow.name} or take it back instead.",
        )
    changed = Signature.objects.filter(id=signature.id, withdrawn_at=None)
    if not changed.update(withdrawn_at=now):
        raise AlreadyDone("signature.none", "This signature was withdrawn before.")
    record(
        "workflow.signature_withdrawn",
        actor=actor,
        subject=("workflow", workflow.id),
        workflow_id=workflow.id,
        workflow=workflow.name,
        version=number,
        role=Role(signature.role).label,
    )


@operation(leaves="workflow.version_withdrawn")
def withdraw_version(
    *, actor: Actor, workflow_id: UUID, now: datetime
) -> OperatingModelVersion:
    """Take the submitted version back: its packet is void, and a new draft goes on from it."""
    workflow = workflow_for(actor, workflow_id, access.EDIT)
    version = _locked_submitted(workflow, now)

    version.state = VersionState.WITHDRAWN
    version.save(update_fields=("state",))
    LaunchPacket.objects.filter(version=version, voided_at=None).update(voided_at=now)
    tell_settled(subject=("packet", version.packet.id))
    draft = start_draft(
        workflow, document=version.document, based_on=version, actor=actor, now=now
    )
    carry_causes(old=version, new=draft)

    record(
        "workflow.version_withdrawn",
        actor=actor,
        subject=("workflow", workflow.id),
        workflow_id=workflow.id,
        workflow=workflow.name,
        version=version.number,
    )
    return draft


@operation(leaves="workflow.draft_saved")
def new_version(
    *, actor: Actor, workflow_id: UUID, now: datetime
) -> OperatingModelVersion:
    """Start a draft from what is live. Raises Conflict while another is open."""
    workflow = workflow_for(actor, workflow_id, access.EDIT)
    if workflow.live_version_id is None:
        raise Conflict("workflow.not_live", f"{workflow.name} was never live.")
    live = OperatingModelVersion.objects.select_for_update(
        no_key=True, of=("self",)
    ).get(id=workflow.live_version_id)
    open_states = (VersionState.DRAFT, VersionState.SUBMITTED)
    open_version = workflow.versions.filter(state__in=open_states).first()
    if open_version is not None:
        raise AlreadyDone(
            "draft.open",
            f"Version {open_version.number} is open already.",
            version=open_version.number,
        )
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
    return draft


def _check_ready(
    draft: OperatingModelVersion, people: WorkflowPeople, revision: int
) -> None:
    if draft.revision != revision:
        raise Conflict(
            "draft.changed",
            "The draft was changed after you read it. Read it again, then submit.",
            who=draft.changed_by.name if draft.changed_by else "Countersign",
            at=draft.changed_at,
        )
    gaps = gaps_of(draft.document, people)
    if gaps:
        raise Invalid({gap.key: gap.text for gap in gaps})


def _seen_workflow(actor: Actor, workflow_id: UUID) -> Workflow:
    workflow = Workflow.objects.filter(id=workflow_id).first()
    if workflow is None or not access.may(actor, access.VIEW, workflow_id):
        raise NotFound("There is nothing here, or you may not see it.")
    return workflow


def _locked_submitted(workflow: Workflow, now: datetime) -> OperatingModelVersion:
    version = (
        OperatingModelVersion.objects.select_for_update(no_key=True, of=("self",))
        .select_related("packet")
        .filter(workflow=workflow, state=VersionState.SUBMITTED)
        .first()
    )
    if version is None:
        moved = last_move(workflow_id=workflow.id, names=PACKET_MOVES, now=now)
        raise Conflict(
            "packet.none",
            f"{workflow.name} has nothing up for signature.{moved.sentence}",
            **moved.who_and_when,
        )
    return version


def _check_not_moved_on(
    workflow: Workflow, version: OperatingModelVersion, digest: str, now: datetime
) -> None:
    """Refuse a signature over what was shown before, saying who changed it and when."""
    if digest != version.packet.digest:
        moved = last_move(workflow_id=workflow.id, names=PACKET_MOVES, now=now)
        raise Conflict(
            "packet.stale",
            f"What you read is not what is up for signature now.{moved.sentence}"
            " Read it again, then sign.",
            **moved.who_and_when,
        )
    if not is_compared_with_live(workflow, version):
        moved = last_move(workflow_id=workflow.id, names=LIVE_MOVES, now=now)
        raise Conflict(
            "packet.stale",
            "Another version went live after this packet was made, so the difference"
            f" that it states is no longer true.{moved.sentence}"
            " Take it back and submit it again.",
            **moved.who_and_when,
        )


def _check_not_signed(packet: LaunchPacket, actor: Actor, role: str) -> None:
    for signature in packet.signatures.filter(withdrawn_at=None).select_related(
        "person"
    ):
        if signature.role == role:
            raise AlreadyDone(
                "packet.signed",
                f"Signed as {Role(role).label.lower()} already.",
                who=signature.person.name,
                at=signature.signed_at,
            )
        if signature.person_id == actor.id:
            raise Conflict(
                "packet.three_people",
                "You signed this packet in another role; three different people sign.",
            )


def _keep_matrix(draft: OperatingModelVersion) -> None:
    # Before the freeze: the rows of a submitted version are frozen too.
    draft.allowances.all().delete()
    rulebook = readable(draft.document)
    draft.allowances.bulk_create(matrix_rows(draft, rulebook))


def _packet_bytes(
    workflow: Workflow,
    version: OperatingModelVersion,
    difference: Difference,
    now: datetime,
) -> bytes:
    return canonical(
        {
            "workflow": workflow.slug,
            "version": version.number,
            "document": version.document,
            "document_digest": version.digest,
            "label": difference.label,
            "compared_with": difference.compared_with,
            "changes": [
                {key: value for key, value in asdict(change).items() if value}
                for change in difference.changes
            ],
            "people": signed_people(workflow_id=workflow.id),
            "reason": version.reason,
            "because": [
                {"finding": cause.words, "change": cause.change}
                for cause in causes_of(version_id=version.id)
            ],
            "submitted_at": now,
        }
    )
