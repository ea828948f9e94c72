"""The people of a workflow as its signers look at them: there or gone, trained or not."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from uuid import UUID

from registry.models import Reviewer, RoleHolding
from registry.models.workflow import Role

NO_TRAINING = "training: not recorded yet"
REVIEWER = "Reviewer"
ACTIVE, VACANT, DEACTIVATED = "active", "vacant", "deactivated"


@dataclass(frozen=True)
class PersonStanding:
    """One role or reviewer of a workflow, with who it is and where they stand."""

    label: str
    name: str | None
    state: str
    training: str

    @property
    def is_there(self) -> bool:
        return self.state == ACTIVE


def people_standing(*, workflow_id: UUID) -> tuple[PersonStanding, ...]:
    """Give the five roles and then the reviewers, gone people and places nobody has too. Two queries."""
    held = {
        row.role: row.person
        for row in RoleHolding.objects.filter(workflow_id=workflow_id).select_related(
            "person"
        )
    }
    reviewers = [
        row.person
        for row in Reviewer.objects.filter(workflow_id=workflow_id)
        .select_related("person")
        .order_by("person__name", "id")
    ]
    everybody = [(role.label, held.get(role)) for role in Role]
    everybody += [(REVIEWER, person) for person in reviewers]
    if not reviewers:
        everybody.append((REVIEWER, None))
    trained = training_of(person_ids={person.id for _, person in everybody if person})
    return tuple(
        PersonStanding(
            label=label,
            name=person.name if person else None,
            state=_state(person),
            training=trained.get(person.id, NO_TRAINING) if person else "",
        )
        for label, person in everybody
    )


def training_of(*, person_ids: Collection[UUID]) -> Mapping[UUID, str]:
    """Say how far each person is trained, in words. Nothing records it yet, so for nobody."""
    return {}


def _state(person) -> str:
    if person is None:
        return VACANT
    return ACTIVE if person.is_active else DEACTIVATED
