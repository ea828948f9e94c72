"""What a signature leaves behind: each signed version of a week, and a finding's history.

Both only grow. A week that is opened again is signed again, as its next version.
"""

from django.db import models

from portal.accounts.models import Person
from portal.core.ids import new_id
from runs.models.reviewing import Finding, ReviewWeek


class SignedWeek(models.Model):
    """One version of a week as it was signed: the document, whole, and its digest."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    week = models.ForeignKey(
        ReviewWeek, on_delete=models.PROTECT, related_name="signed_versions"
    )
    number = models.PositiveIntegerField()
    content = models.BinaryField()
    digest = models.CharField(max_length=80)
    signed_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    signed_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("week", "number"), name="runs_signed_week_once"
            ),
            models.CheckConstraint(
                condition=models.Q(number__gte=1), name="runs_signed_week_counts"
            ),
        )


class WeekReopening(models.Model):
    """That a signed week was opened again: by whom, when and why. Never changed."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    week = models.ForeignKey(
        ReviewWeek, on_delete=models.PROTECT, related_name="reopenings"
    )
    # The version that the week goes on as.
    number = models.PositiveIntegerField()
    reason = models.CharField(max_length=1000)
    opened_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    opened_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("week", "number"), name="runs_week_reopened_once"
            ),
            models.CheckConstraint(
                condition=~models.Q(reason=""), name="runs_week_reopened_with_reason"
            ),
        )


class FindingMove(models.Model):
    """One thing that was done about a finding, by whom and why. Never changed."""

    class Kind(models.TextChoices):
        COMMENTED = "COMMENTED", "said"
        REDATED = "REDATED", "set another day"
        REASSIGNED = "REASSIGNED", "gave it to somebody else"
        HANDED_OVER = "HANDED_OVER", "gave it on, because its owner left"
        ALSO_SEEN = "ALSO_SEEN", "saw it in another run too"
        DRAFTED = "DRAFTED", "drafted a change of the rulebook"
        DUE = "DUE", "told its owner that it is due"
        CLOSED = "CLOSED", "closed it"
        REOPENED = "REOPENED", "opened it again"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    finding = models.ForeignKey(Finding, on_delete=models.PROTECT, related_name="moves")
    kind = models.CharField(max_length=11, choices=Kind.choices)
    # Nobody: the portal itself.
    person = models.ForeignKey(
        Person, null=True, on_delete=models.PROTECT, related_name="+"
    )
    text = models.CharField(max_length=1000, blank=True)
    # Names and days before and after, links of the evidence: what the page shows.
    facts = models.JSONField(default=dict)
    at = models.DateTimeField()

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=models.Q(kind__in=("HANDED_OVER", "DUE"))
                | (models.Q(person__isnull=False) & ~models.Q(text="")),
                name="runs_finding_move_by_a_person_with_words",
            ),
        )
        indexes = (
            # the history of one finding, oldest first
            models.Index(fields=("finding", "at", "id"), name="runs_finding_history"),
        )
