"""Absences: when a person is away, and who stands in for them until they are back."""

from datetime import timedelta

from django.contrib.postgres.fields import ArrayField
from django.db import models

from portal.accounts.models.people import Person
from portal.core.ids import new_id

LONGEST = timedelta(days=60)


class Absence(models.Model):
    """One person is out of office for a time that ends, with a stand-in or without.

    The stand-in counts from when they accept, until the end, and not after either of the
    two is deactivated. Without workflows named, they stand in for all of them.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    person = models.ForeignKey(
        Person, on_delete=models.PROTECT, related_name="absences"
    )
    stand_in = models.ForeignKey(
        Person, null=True, on_delete=models.PROTECT, related_name="stands_in"
    )
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    reason = models.CharField(max_length=500)
    workflow_ids = ArrayField(models.UUIDField(), default=list)
    created_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    declined_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=models.Q(ends_at__gt=models.F("starts_at"))
                & models.Q(ends_at__lte=models.F("starts_at") + LONGEST),
                name="accounts_absence_ends",
            ),
            models.CheckConstraint(
                condition=~models.Q(person=models.F("stand_in")),
                name="accounts_absence_by_another",
            ),
            models.CheckConstraint(
                condition=models.Q(accepted_at=None)
                | models.Q(declined_at=None, stand_in__isnull=False),
                name="accounts_absence_answered_once",
            ),
            models.CheckConstraint(
                condition=~models.Q(reason=""), name="accounts_absence_says_why"
            ),
        )
        indexes = (
            # who is away, and who stands in for them
            models.Index(
                fields=("person", "starts_at"),
                condition=models.Q(ended_at=None),
                name="accounts_absence_person",
            ),
            # for whom somebody stands in
            models.Index(
                fields=("stand_in", "ends_at"),
                condition=models.Q(ended_at=None, stand_in__isnull=False),
                name="accounts_absence_stand_in",
            ),
        )
