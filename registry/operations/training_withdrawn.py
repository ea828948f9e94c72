"""Telling that a completion counts no longer: the person, and whose workflows rest on it."""

from datetime import datetime
from uuid import UUID

from django.urls import reverse

from portal.accounts.actors import Actor
from portal.accounts.operations.telling import tell, tell_of_workflows
from portal.audit.operation import step
from registry.models import TrainingCompletion
from registry.models.training import Duty
from registry.models.workflow import Role
from registry.operations.guards import person_id
from registry.queries.people import REQUIRED_ROLES, role_holders_by_workflow
from registry.queries.training import lapsed_duties
from registry.queries.training_due import workflows_held_by, workflows_reviewed_by


@step
def tell_of_withdrawal(
    *,
    actor: Actor,
    made: TrainingCompletion,
    lapsed_before: frozenset[str],
    now: datetime,
) -> None:
    """Tell them once each, whoever did it left out. Two queries, and two a duty that lapsed.

    The business owners of the live workflows in which the person may not do their part any
    more are told; of one that stands still, the holders of its other roles as in any lapse.
    """
    person, by_id = made.person, person_id(actor)
    tell(
        kind="training_withdrawn",
        subject=("person", person.id),
        at=now,
        people={person.id},
        href=reverse("my_training"),
        by=actor.name,
        by_id=by_id,
    )
    rests: set[UUID] = set()
    still: dict[UUID, set[UUID]] = {}
    for duty in lapsed_duties(person.id) - lapsed_before:
        if duty == Duty.REVIEWER:
            rests |= workflows_reviewed_by(person.id)
            continue
        held = workflows_held_by(person.id, duty)
        rests |= set(held)
        if duty in REQUIRED_ROLES:
            still |= {key: still.get(key, set()) | set(held[key]) for key in held}
    owners = role_holders_by_workflow(rests, Role.BUSINESS_OWNER.value)
    told = {key: owners[key] - {person.id} for key in owners}
    tell_of_workflows(
        kind="part_withdrawn",
        people={key: people for key, people in told.items() if people},
        by=person.name,
        by_id=by_id,
        at=now,
    )
    others = {key: people - told.get(key, set()) for key, people in still.items()}
    tell_of_workflows(
        kind="holder_lapsed",
        people={key: people for key, people in others.items() if people},
        by=person.name,
        by_id=by_id,
        at=now,
    )
