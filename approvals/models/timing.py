"""What time does to a proposal: who was reminded, and who put it away for later."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from approvals.models.proposing import Proposal
from portal.accounts.models import Person
from portal.core.ids import new_id


class Reminder(models.Model):
    """One reminder at one step of the ladder, and whom it concerns. Made once.

    The constraint is what keeps two sweeps from reminding twice.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    proposal = models.ForeignKey(
        Proposal, on_delete=models.PROTECT, related_name="reminders"
    )
    rung = models.PositiveSmallIntegerField()
    percent = models.PositiveSmallIntegerField()
    person_ids = ArrayField(models.UUIDField())
    due_at = models.DateTimeField()
    reminded_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("proposal", "rung", "percent"), name="approvals_reminder_once"
            ),
        )


class Snooze(models.Model):
    """A person put a proposal away until a moment; only they stop seeing it.

    It holds for the step of the ladder and the version that they saw, and no longer.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    proposal = models.ForeignKey(
        Proposal, on_delete=models.PROTECT, related_name="snoozes"
    )
    rung = models.PositiveSmallIntegerField()
    version_number = models.PositiveIntegerField()
    until = models.DateTimeField()
    set_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("person", "proposal"), name="approvals_snooze_once"
            ),
        )
        indexes = (
            # what one person has put away
            models.Index(fields=("person", "until"), name="approvals_snoozed"),
        )
