"""What is hidden and why, the sealed originals, and who looked at one."""

from django.db import models

from portal.accounts.models import Person
from portal.core.ids import new_id
from runs.models.running import Run


class RedactionRule(models.Model):
    """One field to hide, or one detector left out; without a workflow, for all of them.

    A rule is never changed: it is removed, with who and why, and another is made.
    """

    class Kind(models.TextChoices):
        FIELD = "FIELD", "Hides a field"
        READABLE = "READABLE", "Leaves something readable"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workflow = models.ForeignKey(
        "registry.Workflow", null=True, on_delete=models.PROTECT
    )
    kind = models.CharField(max_length=8, choices=Kind.choices)
    # The path of the field, or the name of the detector.
    text = models.CharField(max_length=200)
    reason = models.CharField(max_length=500, blank=True)
    made_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    removed_by = models.ForeignKey(
        Person, null=True, on_delete=models.PROTECT, related_name="+"
    )
    removed_at = models.DateTimeField(null=True)
    removal_reason = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = (
            # Also what every batch reads: the rules that stand, of some workflows.
            models.UniqueConstraint(
                fields=("workflow", "kind", "text"),
                condition=models.Q(removed_at=None),
                nulls_distinct=False,
                name="runs_redaction_once",
            ),
            models.CheckConstraint(
                condition=models.Q(kind__in=("FIELD", "READABLE")),
                name="runs_redaction_kind",
            ),
            models.CheckConstraint(
                condition=models.Q(kind="FIELD") | ~models.Q(reason=""),
                name="runs_redaction_readable_has_reason",
            ),
            models.CheckConstraint(
                condition=models.Q(removed_at=None, removed_by=None, removal_reason="")
                | models.Q(removed_at__isnull=False, removed_by__isnull=False),
                name="runs_redaction_removed_by_a_person",
            ),
        )


class SealedText(models.Model):
    """The original behind a token, sealed under a key that the database does not hold.

    Not unique: two workers that meet the same value at once may both seal it, so that
    neither waits for the other. They sealed the same.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workflow = models.ForeignKey(
        "registry.Workflow", on_delete=models.PROTECT, db_index=False
    )
    token = models.CharField(max_length=40)
    sealed = models.BinaryField()
    # The path that hid it, or nothing for a detector.
    rule = models.CharField(max_length=200, blank=True)
    sealed_at = models.DateTimeField()

    class Meta:
        indexes = (
            # sealing what is new, comparing over a change of keys, and revealing
            models.Index(fields=("token", "workflow"), name="runs_sealed_token"),
        )


class Reveal(models.Model):
    """Somebody looked at an original: who, which, in which run, and why. Append-only."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workflow = models.ForeignKey(
        "registry.Workflow", on_delete=models.PROTECT, db_index=False
    )
    run = models.ForeignKey(Run, on_delete=models.PROTECT, db_index=False)
    token = models.CharField(max_length=40)
    person = models.ForeignKey(
        Person, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    confirmed_by = models.CharField(max_length=20)
    reason = models.CharField(max_length=500)
    at = models.DateTimeField()

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=~models.Q(reason="") & ~models.Q(confirmed_by=""),
                name="runs_reveal_has_reason",
            ),
        )
        indexes = (
            # the workflow's page: who looked, newest first
            models.Index(fields=("workflow", "-at", "-id"), name="runs_reveal_newest"),
        )
