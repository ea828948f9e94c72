"""Taking a system or an AI model out of use, with the reason that everybody may read.

Nothing that names it is changed: its requests are refused from this moment, and grants
that were given before are stale. Those who answer for what uses it are told.
"""

from datetime import datetime
from functools import partial
from uuid import UUID

from portal.accounts.actors import Actor
from portal.audit.operation import operation, record
from portal.core.errors import AlreadyDone, Invalid, NotFound
from portal.core.locks import ENTERPRISE
from registry.models import AiModel, System
from registry.operations.catalogue import must_administer, raise_epoch
from registry.operations.enterprise import lock_enterprise_after
from registry.operations.refused_use import owners_using, tell_owners, tell_who_owns

REASON_MAX = 300


@operation(leaves="catalogue.system_retired")
def retire_system(
    *, actor: Actor, system_id: UUID, reason: str, now: datetime
) -> System:
    """Retire a system. Raises AlreadyDone when it is, Invalid without a reason."""
    must_administer(actor)
    reason = reason_checked(reason)
    system = System.objects.filter(id=system_id).first()
    if system is None:
        raise NotFound("There is no such system.")
    owners = lock_enterprise_after(
        actor, "approve_system", partial(owners_using, system)
    )
    system.refresh_from_db()
    _retire(system, reason, now)
    record(
        "catalogue.system_retired",
        actor=actor,
        subject=("system", system.id),
        system=system.name,
        reason=reason,
    )
    tell_owners(owners, system.name, actor=actor, now=now)
    tell_who_owns(system, actor=actor, now=now)
    return system


@operation(leaves="catalogue.model_retired")
def retire_model(
    *, actor: Actor, model_id: UUID, reason: str, now: datetime
) -> AiModel:
    """Retire an AI model. Raises AlreadyDone when it is, Invalid without a reason."""
    must_administer(actor, "approve_model")
    reason = reason_checked(reason)
    model = AiModel.objects.filter(id=model_id).first()
    if model is None:
        raise NotFound("There is no such AI model.")
    owners = lock_enterprise_after(actor, "approve_model", partial(owners_using, model))
    model.refresh_from_db()
    _retire(model, reason, now)
    record(
        "catalogue.model_retired",
        actor=actor,
        subject=("ai_model", model.id),
        model=model.name,
        reason=reason,
    )
    tell_owners(owners, model.name, actor=actor, now=now)
    tell_who_owns(model, actor=actor, now=now)
    return model


def reason_checked(reason: str) -> str:
    """Give a reason without blanks around it. Raises Invalid for none or too long a one."""
    reason = reason.strip()
    if not reason:
        raise Invalid({"reason": "Say why: whoever is refused because of it reads it."})
    if len(reason) > REASON_MAX:
        raise Invalid({"reason": f"At most {REASON_MAX} characters."})
    return reason


def _retire(thing: System | AiModel, reason: str, now: datetime) -> None:
    if thing.retired_at is not None:
        raise AlreadyDone("catalogue.retired", f"{thing.name} is retired already.")
    thing.is_approved, thing.retired_at, thing.retired_reason = False, now, reason
    changed = ["is_approved", "retired_at", "retired_reason"]
    if isinstance(thing, System):
        thing.is_reference = False
        changed.append("is_reference")
    thing.save(update_fields=changed)
    raise_epoch(ENTERPRISE)
