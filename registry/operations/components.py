"""Who owns a system and what it is for: the reference component of a capability.

Nothing here changes what agents may do, so no grant becomes stale.
"""

from uuid import UUID

from portal.accounts.actors import Actor
from portal.accounts.models import Person
from portal.audit.operation import operation, record
from portal.core.errors import AlreadyDone, Conflict, Invalid, NotFound
from registry.models import System
from registry.operations.catalogue import must_administer
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
) -> System:
    """Say who owns a system and what it is for. A new reference takes the place of the old.

    Raises Conflict for a reference that is not approved, AlreadyDone when nothing changes.
    """
    must_administer(actor)
    capability = " ".join(capability.split())
    owner = _owner(owner_id)
    _check(capability, is_reference)
    lock_enterprise_for(actor, "approve_system")
    system = System.objects.filter(id=system_id).first()
    if system is None:
        raise NotFound("There is no such system.")
    if is_reference and not system.is_approved:
        raise Conflict(
            "system.not_approved",
            f"{system.name} is not approved, so it is the reference for nothing.",
        )
    was = (system.owner_id, system.capability, system.is_reference)
    if was == (owner_id, capability, is_reference):
        raise AlreadyDone("system.unchanged", f"{system.name} says that already.")
    if is_reference:
        System.objects.filter(capability__iexact=capability, is_reference=True).exclude(
            id=system.id
        ).update(is_reference=False)
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
