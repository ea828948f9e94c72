"""Telling people in time that their training ends, and their workflows that it has."""

from datetime import datetime

from django.urls import reverse

from portal.accounts.actors import SYSTEM
from portal.accounts.models import Person
from portal.accounts.operations.telling import tell
from portal.audit.operation import operation, record
from portal.core.errors import AlreadyDone
from registry.models import TrainingReminder
from registry.models.training import Duty
from registry.queries.training_due import DueReminder, workflows_held_by


@operation(leaves="training.reminded")
def remind_of_training(*, due: DueReminder, now: datetime) -> None:
    """Tell somebody once about one end of their training.

    Where a lapse lets a workflow stand still, the holders of its other roles are told
    too. Raises AlreadyDone when this was told.
    """
    _, is_new = TrainingReminder.objects.get_or_create(
        person_id=due.person_id,
        duty=due.duty,
        stage=due.stage,
        until=due.until,
        defaults={"told_at": now},
    )
    if not is_new:
        raise AlreadyDone("training.told", "This was told already.")
    person = Person.objects.get(id=due.person_id)
    is_over = due.stage == TrainingReminder.Stage.LAPSED
    record(
        "training.reminded",
        actor=SYSTEM,
        subject=("person", person.id),
        person=person.name,
        duty=Duty(due.duty).label,
        what=TrainingReminder.Stage(due.stage).label,
        until=due.until.isoformat(),
    )
    tell(
        kind="training_lapsed" if is_over else "training_ends",
        subject=("person", person.id),
        at=now,
        people={person.id},
        href=reverse("my_training"),
    )
    if is_over and due.duty != Duty.REVIEWER:
        for workflow_id, others in workflows_held_by(person.id, due.duty).items():
            tell(
                kind="holder_lapsed",
                subject=("workflow", workflow_id),
                at=now,
                people=others,
                workflow_id=workflow_id,
                by=person.name,
            )
