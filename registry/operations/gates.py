"""Signing the gate to the next phase, and going through it.

The evidence is gathered by a higher room and handed down as it is at this moment. Signed is
what was read then; whoever moves hands down what is read now, and if it is old or says
something else by now, nothing moves.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError

from portal.accounts import access
from portal.accounts.actors import Actor
from portal.accounts.operations.telling import tell
from portal.audit.operation import operation, record, step
from portal.core.digest import canonical, sha256_of
from portal.core.errors import AlreadyDone, Conflict, Invalid, NotFound
from portal.core.locks import ENTERPRISE, lock_exclusive, lock_shared, workflow_scope
from registry.models import PhaseGate, PhaseSignature, Workflow
from registry.models.phases import PhaseMoveKind
from registry.models.workflow import Role
from registry.operations.guards import must_be_trained, must_hold
from registry.operations.phases import move
from registry.queries.acceptable_use import must_have_acknowledged
from registry.queries.gates import Sheet, open_sheet, places_of, seen_of
from registry.queries.people import SIGNING_ROLES, role_holder_ids
from registry.queries.rights import must_hold as must_decide
from registry.queries.rights import named_to_move
from registry.rules.gates import GOOD_FOR, Evidence, stale, stored, substance, unmet
from registry.rules.phases import is_one_step
from registry.rules.rulebook import Level


@operation(leaves="workflow.gate_signed")
def sign_gate(
    *,
    actor: Actor,
    workflow_id: UUID,
    role: str,
    evidence: Sequence[Evidence],
    seen: str,
    now: datetime,
) -> str:
    """Sign the evidence for the next step in one role; give the digest that was signed.

    `seen` sums up what was on the page. Raises Conflict when it says something else by
    now or a line is not met, Forbidden for anybody but the role's trained holder.
    """
    if role not in SIGNING_ROLES:
        raise Invalid({"role": "This role does not sign."})
    lock_shared(ENTERPRISE)
    must_have_acknowledged(actor)
    workflow = _locked(actor, workflow_id, role, "sign the gate as that")
    _check_read(workflow, evidence, seen)
    sheet = _sheet_for(workflow, evidence, now)
    rows = PhaseSignature.objects.filter(gate_id=sheet.id, withdrawn_at=None)
    if rows.filter(role=role).exists():
        raise AlreadyDone("gate.signed", "You signed this evidence already.")
    try:
        PhaseSignature.objects.create(
            gate_id=sheet.id,
            role=role,
            person_id=actor.id,
            digest=sheet.digest,
            signed_at=now,
        )
    except IntegrityError as error:
        raise Conflict(
            "gate.person", "Three different people sign; you signed in another role."
        ) from error
    record(
        "workflow.gate_signed",
        actor=actor,
        subject=("workflow", workflow.id),
        workflow_id=workflow.id,
        workflow=workflow.name,
        before=sheet.from_phase,
        after=sheet.to_phase,
        role=Role(role).label,
        digest=sheet.digest,
    )
    return sheet.digest


@operation(leaves="workflow.gate_signature_withdrawn")
def withdraw_gate_signature(*, actor: Actor, workflow_id: UUID, now: datetime) -> None:
    """Take one's own signature back while nobody has gone through the gate.

    Raises Conflict once it was gone through, AlreadyDone without a signature on it.
    """
    # Before the lock, so that nobody else makes rulings wait; behind it, a move that counts
    # this signature is over before it goes, or sees that it went.
    workflow = _seen(actor, workflow_id)
    _signed_by(actor, workflow)
    lock_exclusive(workflow_scope(workflow.lock_number))
    workflow = _seen(actor, workflow_id)
    sheet, signature = _signed_by(actor, workflow)
    signature.withdrawn_at = now
    signature.save(update_fields=("withdrawn_at",))
    record(
        "workflow.gate_signature_withdrawn",
        actor=actor,
        subject=("workflow", workflow.id),
        workflow_id=workflow.id,
        workflow=workflow.name,
        before=sheet.from_phase,
        after=sheet.to_phase,
        role=Role(signature.role).label,
        digest=sheet.digest,
    )
    tell(
        kind="gate_signature_withdrawn",
        subject=("workflow", workflow.id),
        workflow_id=workflow.id,
        people=named_to_move(department_id=workflow.department_id)
        or role_holder_ids(workflow.id, Role.BUSINESS_OWNER),
        by=actor.name,
        by_id=actor.id,
        at=now,
    )


@operation(leaves="workflow.phase_raised")
def go_through_gate(
    *,
    actor: Actor,
    workflow_id: UUID,
    digest: str,
    evidence: Sequence[Evidence],
    now: datetime,
) -> int:
    """Move a live workflow up by one phase; give the new one.

    Its business owner does, or where somebody is named to sign gates, only they do. Raises Conflict for another digest, for a signature that is missing or no longer
    counts, and for evidence that went stale since it was signed, saying which.
    """
    workflow = _locked(actor, workflow_id, None, "move it to the next phase")
    sheet = open_sheet(workflow_id=workflow.id, from_phase=workflow.phase)
    if sheet is None:
        raise Conflict("gate.none", "Nobody has signed the gate to the next phase yet.")
    if sheet.digest != digest:
        raise Conflict("gate.moved", "Other evidence was signed since. Read it again.")
    places = places_of(actor=actor, workflow_id=workflow.id, sheet=sheet)
    missing = [each.label for each in places if not each.counts]
    if missing:
        raise Conflict(
            "gate.unsigned",
            f"The gate needs every signature. Missing: {', '.join(missing)}.",
        )
    old = stale(sheet.lines, evidence, gathered_at=sheet.gathered_at, now=now)
    if old:
        raise Conflict(
            "gate.stale",
            f"What was signed no longer stands. {' '.join(old)} Read it and sign it anew.",
            stale=list(old),
        )
    move(
        workflow=workflow,
        kind=PhaseMoveKind.UP,
        to_phase=sheet.to_phase,
        reason="",
        actor=actor,
        now=now,
        gate=PhaseGate.objects.get(id=sheet.id),
    )
    record(
        "workflow.phase_raised",
        actor=actor,
        subject=("workflow", workflow.id),
        workflow_id=workflow.id,
        workflow=workflow.name,
        before=sheet.from_phase,
        after=sheet.to_phase,
        digest=sheet.digest,
    )
    return sheet.to_phase


@step
def _seen(actor: Actor, workflow_id: UUID) -> Workflow:
    workflow = Workflow.objects.filter(id=workflow_id).first()
    if workflow is None or not access.may(actor, access.VIEW, workflow_id):
        raise NotFound("There is nothing here, or you may not see it.")
    return workflow


@step
def _signed_by(actor: Actor, workflow: Workflow) -> tuple[Sheet, PhaseSignature]:
    sheet = open_sheet(workflow_id=workflow.id, from_phase=workflow.phase)
    mine = PhaseSignature.objects.filter(
        gate__workflow=workflow, person_id=actor.id, withdrawn_at=None
    )
    signature = mine.filter(gate_id=sheet.id).first() if sheet else None
    if sheet is not None and signature is not None:
        return sheet, signature
    if mine.filter(gate__to_phase=workflow.phase, gate__moves__isnull=False).exists():
        raise Conflict(
            "gate.passed",
            f"{workflow.name} went through that gate and is in phase {workflow.phase}."
            " Whoever may pause it can take it back.",
        )
    raise AlreadyDone("signature.none", "You have no signature on this gate.")


@step
def _locked(actor: Actor, workflow_id: UUID, role: str | None, deed: str) -> Workflow:
    workflow = _seen(actor, workflow_id)
    # Before the lock, so that nobody else makes rulings wait, and inside it, which a
    # change of roles takes too, so that who lost it cannot.
    _must_act(actor, workflow, role, deed)
    lock_exclusive(workflow_scope(workflow.lock_number))
    _must_act(actor, workflow, role, deed)
    workflow = Workflow.objects.get(id=workflow_id)
    if workflow.live_version_id is None:
        raise Conflict("workflow.not_live", f"{workflow.name} is not live yet.")
    if not is_one_step(workflow.phase, workflow.phase + 1):
        raise Conflict("phase.last", f"{workflow.name} is in the last phase.")
    return workflow


def _must_act(actor: Actor, workflow: Workflow, role: str | None, deed: str) -> None:
    if role is None and named_to_move(department_id=workflow.department_id):
        place = {"department_id": workflow.department_id}
        must_decide(actor, "sign_gate", Level.DEPARTMENT, **place)
    else:
        role = role or Role.BUSINESS_OWNER
        must_hold(actor, workflow, role, deed)
        must_be_trained(actor, workflow, role, deed)


def _check_read(workflow: Workflow, evidence: Sequence[Evidence], seen: str) -> None:
    if not evidence or seen != seen_of(evidence):
        raise Conflict(
            "gate.changed",
            f"The evidence about {workflow.name} changed after you read it. Read it again.",
        )
    missing = unmet(evidence)
    if missing:
        listed = " ".join(f"{each.label}: {each.says}" for each in missing)
        raise Conflict("gate.not_met", f"This is not met yet. {listed}")


@step
def _sheet_for(
    workflow: Workflow, evidence: Sequence[Evidence], now: datetime
) -> Sheet:
    """Give the sheet that says the same and is fresh, or write a new one."""
    lines = stored(evidence)
    sheet = open_sheet(workflow_id=workflow.id, from_phase=workflow.phase)
    if (
        sheet is not None
        and substance(sheet.lines) == substance(lines)
        and now - sheet.gathered_at <= GOOD_FOR
    ):
        return sheet
    content = canonical(
        {
            "workflow": workflow.slug,
            "from_phase": workflow.phase,
            "to_phase": workflow.phase + 1,
            "evidence": lines,
            "gathered_at": now,
        }
    )
    PhaseGate.objects.create(
        workflow=workflow,
        from_phase=workflow.phase,
        to_phase=workflow.phase + 1,
        content=content,
        digest=sha256_of(content),
        gathered_at=now,
    )
    made = open_sheet(workflow_id=workflow.id, from_phase=workflow.phase)
    if made is None:
        raise AssertionError("the sheet that was just written is the open one")
    return made
