"""How exceptions were settled, and what people said about them. Rows are never changed."""

from django.db import models

from portal.accounts.models import Person
from portal.core.ids import new_id


class Disposition(models.TextChoices):
    """What became of an exception that a stop rule made."""

    RESUMED = "RESUMED", "let go on"
    STOPPED = "STOPPED", "stopped for good"


class ExceptionDisposition(models.Model):
    """A person settled one hold: what, why, and whether it was otherwise before.

    Escalated proposals have their Decision; it is not written a second time here.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    hold_id = models.UUIDField()
    run_id = models.UUIDField()
    workflow = models.ForeignKey(
        "registry.Workflow", on_delete=models.PROTECT, related_name="+"
    )
    # What makes exceptions alike; here the workflow and the rule.
    signature = models.CharField(max_length=400)
    sentence = models.CharField(max_length=300)
    disposition = models.CharField(max_length=8, choices=Disposition.choices)
    reason_code = models.CharField(max_length=40, blank=True)
    text = models.CharField(max_length=500, blank=True)
    differs_from_precedents = models.BooleanField()
    precedents = models.PositiveSmallIntegerField()
    disposed_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    # Whose place this person took, when they settled it as somebody's stand-in.
    acting_for = models.ForeignKey(
        Person, null=True, on_delete=models.PROTECT, related_name="+"
    )
    disposed_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("hold_id",), name="approvals_disposed_once"
            ),
            models.CheckConstraint(
                condition=~models.Q(reason_code="") | ~models.Q(text=""),
                name="approvals_disposition_says_why",
            ),
            models.CheckConstraint(
                condition=models.Q(differs_from_precedents=False)
                | ~models.Q(reason_code=""),
                name="approvals_disposition_differs_with_code",
            ),
            models.CheckConstraint(
                condition=models.Q(disposition__in=Disposition.values),
                name="approvals_disposition_known",
            ),
        )
        indexes = (
            # how the last ones alike were settled
            models.Index(
                fields=("signature", "-disposed_at", "-id"),
                name="approvals_precedents",
            ),
            # how consistent a workflow's week was
            models.Index(
                fields=("workflow", "disposed_at"), name="approvals_disposed_week"
            ),
        )


class ExceptionNote(models.Model):
    """What somebody did about a hold short of settling it."""

    class Kind(models.TextChoices):
        TAKEN = "TAKEN", "took it on"
        COMMENTED = "COMMENTED", "commented"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    hold_id = models.UUIDField()
    kind = models.CharField(max_length=10, choices=Kind.choices)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    text = models.TextField(blank=True)
    noted_at = models.DateTimeField()

    class Meta:
        indexes = (
            # what was said about one exception, oldest first
            models.Index(
                fields=("hold_id", "noted_at", "id"), name="approvals_exception_notes"
            ),
        )
