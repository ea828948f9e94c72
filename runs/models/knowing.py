"""Known cases: runs whose answers are settled, put among a later sample to test the reading."""

from django.db import models

from portal.accounts.models import Person
from portal.core.ids import new_id
from runs.models.reviewing import SampledRun
from runs.models.running import Run


class KnownCase(models.Model):
    """A run that two people read and whose answers are settled, kept to be read once more.

    `answers` are what it came to. It may be withdrawn, and never changes otherwise.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workflow = models.ForeignKey("registry.Workflow", on_delete=models.PROTECT)
    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="+")
    sampled = models.ForeignKey(SampledRun, on_delete=models.PROTECT, related_name="+")
    answers = models.JSONField()
    reason = models.CharField(max_length=300)
    marked_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    marked_at = models.DateTimeField()
    withdrawn_by = models.ForeignKey(
        Person, null=True, on_delete=models.PROTECT, related_name="+"
    )
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("run",),
                condition=models.Q(withdrawn_at=None),
                name="runs_known_case_once",
            ),
            models.CheckConstraint(
                condition=~models.Q(reason=""), name="runs_known_case_says_why"
            ),
            models.CheckConstraint(
                condition=models.Q(withdrawn_at=None, withdrawn_by=None)
                | models.Q(withdrawn_at__isnull=False, withdrawn_by__isnull=False),
                name="runs_known_case_withdrawn_by_somebody",
            ),
        )


class SeededRun(models.Model):
    """Says that a run of a sample is a known case: it is read as any other, and counts nowhere."""

    sampled = models.OneToOneField(
        SampledRun,
        primary_key=True,
        on_delete=models.PROTECT,
        related_name="seeded",
    )
    # A case is given once: whoever had it is told, and it tests nobody any more.
    known = models.OneToOneField(KnownCase, on_delete=models.PROTECT, related_name="+")
