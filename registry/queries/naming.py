"""Who is named as a reviewer: read from one field that names a person, team, position or role."""

from typing import TypedDict
from uuid import UUID

from portal.accounts.models import Person, Team
from portal.core.errors import Invalid
from registry.models import Position
from registry.models.workflow import Role

_MODELS = {"person": Person, "team": Team, "position": Position}


class Named(TypedDict, total=False):
    """What `add_reviewer` is given: exactly one of these."""

    person: Person
    team: Team
    position: Position
    role: str


def named_of(said: str) -> Named:
    """Read `team:<id>`, `role:risk_owner` and the like. Raises Invalid. One query."""
    kind, _, value = said.partition(":")
    if kind == "role" and value in Role.values:
        return {"role": value}
    model = _MODELS.get(kind)
    try:
        found = model._default_manager.filter(id=UUID(value)).first() if model else None
    except ValueError:
        found = None
    match found:
        case Person():
            return {"person": found}
        case Team():
            return {"team": found}
        case Position():
            return {"position": found}
    raise Invalid({"named": "Pick somebody from the list."})
