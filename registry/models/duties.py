"""What happens to duties: a role handed over, who else may pause, a staged resume."""

from django.db import models

from portal.accounts.models import Person
from portal.core.ids import new_id
from registry.models.workflow import Role, Workflow


class HandOverState(models.TextChoices):
    OFFERED = "OFFERED", "Offered"
    ACCEPTED = "ACCEPTED", "Accepted"
    DONE = "DONE", "Done"
    DECLINED = "DECLINED", "Declined"
    WITHDRAWN = "WITHDRAWN", "Taken back"


OPEN_STATES = (HandOverState.OFFERED, HandOverState.ACCEPTED)


class HandOver(models.Model):
    """A role on its way to another person; until it is done the present holder stays.

    Without `starts_on` it takes effect when the receiver accepts.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workflow = models.ForeignKey(
        Workflow, on_delete=models.PROTECT, related_name="hand_overs"
    )
    role = models.CharField(max_length=20, choices=Role.choices)
    giver = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    receiver = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    starts_on = models.DateField(null=True)
    note = models.CharField(max_length=500)
    state = models.CharField(
        max_length=9, choices=HandOverState.choices, default=HandOverState.OFFERED
    )
    offered_by = models.ForeignKey(
        Person, null=True, on_delete=models.PROTECT, related_name="+"
    )
    offered_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("workflow", "role"),
                condition=models.Q(state__in=("OFFERED", "ACCEPTED")),
                name="registry_handover_one_open",
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=HandOverState.values)
                & models.Q(role__in=Role.values),
                name="registry_handover_known",
            ),
            models.CheckConstraint(
                condition=~models.Q(giver=models.F("receiver")),
                name="registry_handover_to_another",
            ),
        )
        indexes = (
            # what waits for a person, on the start page
            models.Index(
                fields=("receiver", "offered_at", "id"),
                condition=models.Q(state="OFFERED"),
                name="registry_handover_offered",
            ),
            # the sweep of what takes effect on a day
            models.Index(
                fields=("starts_on", "id"),
                condition=models.Q(state="ACCEPTED"),
                name="registry_handover_due",
            ),
        )


class Pauser(models.Model):
    """A person who may pause a workflow without holding a role of it."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workflow = models.ForeignKey(
        Workflow, on_delete=models.PROTECT, related_name="pausers"
    )
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    since = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("workflow", "person"), name="registry_pauser_once"
            ),
        )


class StageEnd(models.TextChoices):
    NEXT = "NEXT", "The next stage began"
    ENDED = "ENDED", "A person let everything run"
    PAUSED = "PAUSED", "The workflow was paused again"
    TIME = "TIME", "Its time was over"


class ResumeStage(models.Model):
    """A stage in which a workflow resumes: what it does not open goes to a person.

    In force while it has not ended and its time is not over, by the database's clock.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workflow = models.ForeignKey(
        Workflow, on_delete=models.PROTECT, related_name="stages"
    )
    tiers = models.JSONField(default=list)
    verbs = models.JSONField(default=list)
    reason = models.CharField(max_length=500)
    started_at = models.DateTimeField()
    started_by = models.ForeignKey(
        Person, null=True, on_delete=models.PROTECT, related_name="+"
    )
    until_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(
        Person, null=True, on_delete=models.PROTECT, related_name="+"
    )
    ended_how = models.CharField(max_length=6, choices=StageEnd.choices, blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("workflow",),
                condition=models.Q(ended_at=None),
                name="registry_stage_one_open",
            ),
            models.CheckConstraint(
                condition=models.Q(ended_at=None, ended_how="")
                | (
                    models.Q(ended_at__isnull=False)
                    & models.Q(ended_how__in=StageEnd.values)
                ),
                name="registry_stage_ended_somehow",
            ),
        )
        indexes = (
            # the stages of one workflow, newest first
            models.Index(
                fields=("workflow", "-started_at", "id"), name="registry_stage_history"
            ),
        )
