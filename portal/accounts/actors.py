"""Who is acting. Every query and operation is told first."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.http import HttpRequest  # noqa: TID251 - turning a request into an actor

from portal.accounts.confirming import confirmation_in
from portal.accounts.models import Person
from portal.core.errors import Unauthenticated


@dataclass(frozen=True)
class Actor:
    """A person, an agent or the portal itself, as records name them.

    `confirmed_at` is when this person last said in this session who they are, and
    `confirmed_by` how.
    """

    kind: str
    id: UUID
    name: str
    confirmed_at: datetime | None = field(default=None, compare=False)
    confirmed_by: str = field(default="", compare=False)

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


def actor_for(
    person: Person, *, confirmed_at: datetime | None = None, confirmed_by: str = ""
) -> Actor:
    """Name a person as the actor."""
    return Actor("person", person.id, person.name, confirmed_at, confirmed_by)


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
    at, by = confirmation_in(request)
    return actor_for(person_of(request), confirmed_at=at, confirmed_by=by)
