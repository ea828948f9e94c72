"""Who owns the demo's systems, what they are for, and which is the reference component."""

from collections.abc import Mapping
from uuid import UUID

from portal.accounts.actors import Actor
from portal.accounts.models import Person
from registry.operations.components import set_system_component

# system, owner, what it is for, whether it is the reference component
_COMPONENTS = (
    ("billing", "rosa", "Paying and paying back", True),
    ("orders", "maya", "Orders", True),
    ("crm", "maya", "Customer records", True),
    ("mail", "maya", "Messages to customers", True),
    ("messaging", "maya", "Messages to customers", False),
    ("help-desk", "aiko", "Questions and cases", False),
    ("cases", "maya", "Questions and cases", True),
    ("identity", "samir", "Accounts and access", True),
    ("monitoring", "aiko", "Watching services", True),
    ("content-system", "greta", "Our website", True),
)


def name_components(
    actor: Actor, systems: Mapping[str, UUID], people: Mapping[str, Person]
) -> None:
    """Say it of the systems that matter most; the others are still nobody's."""
    for slug, owner, capability, is_reference in _COMPONENTS:
        set_system_component(
            actor=actor,
            system_id=systems[slug],
            owner_id=people[owner].id,
            capability=capability,
            is_reference=is_reference,
        )
