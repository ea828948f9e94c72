"""The gate before a first launch: what it asks, and a risk owner's reason to go without.

Both are only ever added to. The gate is off until an administrator turns it on (decision
record on gates), so that nothing stops on the day a company first reads of readiness.
"""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from portal.accounts import access
from portal.accounts.actors import Actor
from portal.accounts.queries import must_administrate
from portal.audit.operation import operation, record
from portal.core.errors import AlreadyDone, Conflict, Invalid
from portal.core.locks import ENTERPRISE, lock_exclusive
from registry.models import ReadinessGate, ReadinessWaiver, Workflow
from registry.models.readiness import NOTE_LENGTH_MAX
from registry.models.workflow import Role
from registry.operations.guards import must_hold, person_id, workflow_for
from registry.queries.readiness import first_launch, gate_now

VALID_DAYS_MIN, VALID_DAYS_MAX = 30, 730


@operation(leaves="readiness.gate_set")
def set_gate(
    *,
    actor: Actor,
    is_on: bool,
    minimum: Decimal,
    valid_days: int,
    reason: str,
    now: datetime,
) -> ReadinessGate:
    """Say what a first launch asks of its department. Administrators only."""
    if not actor.is_system:
        must_administrate(actor)
    reason = " ".join(reason.split())
    wrong: dict[str, str] = {}
    if not 1 <= minimum <= 5 or minimum * 2 % 1:
        wrong["minimum"] = "Between 1 and 5, in steps of a half."
    if not VALID_DAYS_MIN <= valid_days <= VALID_DAYS_MAX:
        wrong["valid_days"] = f"Between {VALID_DAYS_MIN} and {VALID_DAYS_MAX} days."
    if not 1 <= len(reason) <= NOTE_LENGTH_MAX:
        wrong["reason"] = f"Say why, in at most {NOTE_LENGTH_MAX} characters."
    if wrong:
        raise Invalid(wrong)
    lock_exclusive(ENTERPRISE)
    if not actor.is_system:
        must_administrate(actor)
    before = gate_now()
    if (is_on, minimum, valid_days) == (
        before.is_on,
        before.minimum,
        before.valid_days,
    ):
        raise AlreadyDone("readiness.gate_same", "That is what counts already.")
    made = ReadinessGate.objects.create(
        is_on=is_on,
        minimum=minimum,
        valid_days=valid_days,
        reason=reason,
        set_by_id=person_id(actor),
        set_at=now,
    )
    said = (
        f"at least {minimum.normalize():f} of 5 in every pillar, for {valid_days} days"
    )
    record(
        "readiness.gate_set",
        actor=actor,
        subject=("readiness_gate", made.id),
        what=said if is_on else "nothing",
        reason=reason,
    )
    return made


@operation(leaves="readiness.waived")
def waive_readiness(
    *, actor: Actor, workflow_id: UUID, reason: str, now: datetime
) -> ReadinessWaiver:
    """Let a workflow launch before its department is ready. Its risk owner only.

    It counts for the first launch, while whoever gave it is the risk owner.
    """
    workflow: Workflow = workflow_for(actor, workflow_id, access.VIEW)
    must_hold(actor, workflow, Role.RISK_OWNER, "let it launch without readiness")
    reason = " ".join(reason.split())
    if not 1 <= len(reason) <= NOTE_LENGTH_MAX:
        raise Invalid({"reason": f"Say why, in at most {NOTE_LENGTH_MAX} characters."})
    waits = first_launch(
        actor=actor,
        workflow_id=workflow.id,
        department_id=workflow.department_id,
        now=now,
    )
    if waits is None or not waits.is_blocked:
        raise Conflict(
            "readiness.not_asked",
            f"Readiness does not keep {workflow.name} from launching.",
        )
    made = ReadinessWaiver.objects.create(
        workflow=workflow,
        reason=reason,
        not_ready=waits.readiness.why_not[:300],
        given_by_id=actor.id,
        given_at=now,
    )
    record(
        "readiness.waived",
        actor=actor,
        subject=("workflow", workflow.id),
        workflow_id=workflow.id,
        workflow=workflow.name,
        not_ready=_within(waits.readiness.why_not),
        reason=reason,
    )
    return made


def _within(sentence: str) -> str:
    """Let a sentence stand inside another one; department names keep their capital."""
    return (
        sentence[0].lower() + sentence[1:] if sentence.startswith("The ") else sentence
    )
