"""Who is acting. Every query and operation is told first."""

from dataclasses import dataclass
from uuid import UUID

from django.http import HttpRequest  # noqa: TID251 - turning a request into an actor

from portal.accounts.models import Person
from portal.core.errors import Unauthenticated


@dataclass(frozen=True)
class Actor:
    """A person, an agent or the portal itself, as records name them."""

    kind: str
    id: UUID
    name: str

    @property
    def is_person(self) -> bool:
        return self.kind == "person"

    @property
    def is_agent(self) -> bool:
        return self.kind == "agent"

    @property
    def is_system(self) -> bool:
        return self.kind == "system"


SYSTEM = Actor("system", UUID(int=0), "Countersign")


def actor_for(person: Person) -> Actor:
    """Name a person as the actor."""
    return Actor("person", person.id, person.name)


def agent_actor(*, agent_id: UUID, name: str) -> Actor:
    """Name an agent as the actor."""
    return Actor("agent", agent_id, name)


def person_of(request: HttpRequest) -> Person:
    """Give the signed-in person of a request. Raises Unauthenticated without one."""
    person = request.user
    if not isinstance(person, Person):
        raise Unauthenticated("Sign in to see this.")
    return person


def actor_of(request: HttpRequest) -> Actor:
    """Name the signed-in person of a request. Raises Unauthenticated without one."""
    return actor_for(person_of(request))
