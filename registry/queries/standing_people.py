"""The people of a workflow as its signers look at them: there or gone, trained or not."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from uuid import UUID

from portal.accounts.models import Person
from registry.models import RoleHolding
from registry.models.training import Duty
from registry.models.workflow import Role
from registry.queries.training import reviewers_named, training_by
from registry.rules.gaps import Gap
from registry.rules.training import TrainingStanding, label_within

_MEND = {
    True: "Until it is done, they decide nothing.",
    False: "Until it is done, they cannot sign, and nothing runs.",
}
REVIEWER = "Reviewer"
ACTIVE, VACANT, DEACTIVATED = "active", "vacant", "deactivated"


@dataclass(frozen=True)
class PersonStanding:
    """One role or reviewer of a workflow, with who it is and where they stand."""

    label: str
    name: str | None
    state: str
    training: str
    duty: str = ""
    is_trained: bool = True

    @property
    def is_there(self) -> bool:
        return self.state == ACTIVE


def people_standing(*, workflow_id: UUID) -> tuple[PersonStanding, ...]:
    """Give the five roles and then the reviewers, gone people and places nobody has too.

    Three queries, and three more for the training.
    """
    held = {
        row.role: row.person
        for row in RoleHolding.objects.filter(workflow_id=workflow_id).select_related(
            "person"
        )
    }
    reviewers = Person.objects.filter(
        id__in=reviewers_named(workflow_id=workflow_id)
    ).order_by("name", "id")
    everybody = [(role.value, role.label, held.get(role)) for role in Role]
    everybody += [(Duty.REVIEWER.value, REVIEWER, person) for person in reviewers]
    if not reviewers:
        everybody.append((Duty.REVIEWER.value, REVIEWER, None))
    trained = training_by({(who.id, duty) for duty, _, who in everybody if who})
    return tuple(
        _standing(duty, label, person, trained) for duty, label, person in everybody
    )


def signed_people(*, workflow_id: UUID) -> dict[str, dict[str, object]]:
    """Give who holds each role, with their training, as a packet binds it. Four queries."""
    rows = RoleHolding.objects.filter(
        workflow_id=workflow_id, person__is_active=True
    ).select_related("person")
    held = {row.role: row.person for row in rows if row.person}
    trained = training_by({(person.id, role) for role, person in held.items()})
    return {
        role: {
            "id": person.id,
            "name": person.name,
            "training": trained[person.id, role].text,
        }
        for role, person in held.items()
    }


def training_of(*, person_id: UUID, duty: str) -> TrainingStanding:
    """Say how one person is trained for one duty. At most three queries."""
    return training_by({(person_id, duty)})[person_id, duty]


def training_gaps(people: Collection[PersonStanding]) -> tuple[Gap, ...]:
    """Say whose training is missing, as gaps of a packet."""
    return tuple(
        Gap(
            key=f"training_{each.duty}",
            question=f"Training of {each.name}, {label_within(each.label)}",
            text=f"{each.training[:1].upper()}{each.training[1:]}. {_MEND[each.duty == Duty.REVIEWER]}",
            where="people",
        )
        for each in people
        if each.is_there and not each.is_trained
    )


def _standing(
    duty: str, label: str, person: Person | None, trained: Mapping
) -> PersonStanding:
    if person is None:
        return PersonStanding(label, None, VACANT, "", duty)
    found = trained[person.id, duty]
    return PersonStanding(
        label=label,
        name=person.name,
        state=ACTIVE if person.is_active else DEACTIVATED,
        training=found.text,
        duty=duty,
        is_trained=found.is_current,
    )
