"""Who owns a system or an AI model, and what a system is for: the reference component.

Nothing here changes what agents may do, so no grant becomes stale.
"""

from uuid import UUID

from portal.accounts.actors import Actor
from portal.accounts.models import Person
from portal.audit.operation import operation, record, step
from portal.core.errors import AlreadyDone, Conflict, Invalid, NotFound
from registry.models import AiModel, System
from registry.operations.catalogue import must_administer, must_be_read
from registry.operations.enterprise import lock_enterprise_for

CAPABILITY_MAX = 60


@operation(leaves="catalogue.system_changed")
def set_system_component(
    *,
    actor: Actor,
    system_id: UUID,
    owner_id: UUID | None,
    capability: str = "",
    is_reference: bool = False,
    was: str | None = None,
) -> System:
    """Say who owns a system and what it is for. A new reference takes the place of the old.

    Raises Conflict for a reference that is not approved, and where it says else by now than
    what `was` is the mark of; AlreadyDone when nothing changes.
    """
    must_administer(actor)
    capability = " ".join(capability.split())
    owner = _owner(owner_id)
    _check(capability, is_reference)
    lock_enterprise_for(actor, "approve_system")
    system = System.objects.filter(id=system_id).first()
    if system is None:
        raise NotFound("There is no such system.")
    must_be_read(system, was)
    if is_reference and not system.is_approved:
        raise Conflict(
            "system.not_approved",
            f"{system.name} is not approved, so it is the reference for nothing.",
        )
    said = (system.owner_id, system.capability, system.is_reference)
    if said == (owner_id, capability, is_reference):
        raise AlreadyDone("system.unchanged", f"{system.name} says that already.")
    if is_reference:
        _take_the_place(actor, system, capability)
    system.owner, system.capability = owner, capability
    system.is_reference = is_reference
    system.save(update_fields=("owner", "capability", "is_reference"))
    record(
        "catalogue.system_changed",
        actor=actor,
        subject=("system", system.id),
        system=system.name,
        what=_words(owner, capability, is_reference=is_reference),
    )
    return system


@operation(leaves="catalogue.model_changed")
def set_model_owner(
    *, actor: Actor, model_id: UUID, owner_id: UUID | None, was: str | None = None
) -> AiModel:
    """Say who owns an AI model. `was` is who owned it where this was read, by id or nothing.

    Raises Conflict where somebody else owns it by now, AlreadyDone when nothing changes.
    """
    must_administer(actor, "approve_model")
    owner = _owner(owner_id)
    lock_enterprise_for(actor, "approve_model")
    model = AiModel.objects.select_related("owner").filter(id=model_id).first()
    if model is None:
        raise NotFound("There is no such AI model.")
    if was is not None and was != str(model.owner_id or ""):
        name = model.owner.name if model.owner else "Nobody"
        raise Conflict(
            "model.changed",
            f"{name} owns {model.name} since you opened this page. Say it again if it is"
            " to be somebody else.",
        )
    if model.owner_id == owner_id:
        raise AlreadyDone("model.unchanged", f"{model.name} says that already.")
    model.owner = owner
    model.save(update_fields=("owner",))
    record(
        "catalogue.model_changed",
        actor=actor,
        subject=("ai_model", model.id),
        model=model.name,
        what=f"owned by {owner.name}" if owner else "owned by nobody",
    )
    return model


@step
def _take_the_place(actor: Actor, system: System, capability: str) -> None:
    """Let what was the reference for this be it no more; its own history says so."""
    rows = System.objects.filter(capability__iexact=capability, is_reference=True)
    for former in rows.exclude(id=system.id):
        former.is_reference = False
        former.save(update_fields=("is_reference",))
        record(
            "catalogue.system_changed",
            actor=actor,
            subject=("system", former.id),
            system=former.name,
            what=f"no longer the reference component; {system.name} is",
        )


def _owner(owner_id: UUID | None) -> Person | None:
    if owner_id is None:
        return None
    found = Person.objects.filter(id=owner_id, is_active=True).first()
    if found is None:
        raise Invalid({"owner": "Choose somebody who is active."})
    return found


def _check(capability: str, is_reference: bool) -> None:
    if len(capability) > CAPABILITY_MAX:
        raise Invalid({"capability": f"At most {CAPABILITY_MAX} characters."})
    if is_reference and not capability:
        raise Invalid({"capability": "Say of what it is the reference component."})


def _words(owner: Person | None, capability: str, *, is_reference: bool) -> str:
    parts = [f"owned by {owner.name}" if owner else "owned by nobody"]
    if capability:
        parts.append(f"for {capability}")
    if is_reference:
        parts.append("the reference component")
    return ", ".join(parts)
