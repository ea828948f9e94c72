"""Why a version says what it says: what another room found, and the change it asked for."""

from django.db import models

from portal.accounts.models import Person
from portal.core.ids import new_id
from registry.models.version import OperatingModelVersion


class CauseKind(models.TextChoices):
    FINDING = "finding", "Finding of the weekly review"


class VersionCause(models.Model):
    """One change of a version and what it was made for. Frozen with the version.

    `part` names what was changed (`stop_rules.legal-words`), `change` says it in words.
    What was found lies in another room: `subject_id` names it, `words` are its own.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    version = models.ForeignKey(
        OperatingModelVersion, on_delete=models.CASCADE, related_name="causes"
    )
    kind = models.CharField(max_length=10, choices=CauseKind.choices)
    subject_id = models.UUIDField()
    words = models.CharField(max_length=300)
    part = models.CharField(max_length=200)
    change = models.CharField(max_length=500)
    added_by = models.ForeignKey(
        Person, null=True, on_delete=models.PROTECT, related_name="+"
    )
    added_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("version", "kind", "subject_id", "part"),
                name="registry_cause_once",
            ),
            models.CheckConstraint(
                condition=models.Q(kind__in=CauseKind.values),
                name="registry_cause_kind",
            ),
        )
        indexes = (
            # the versions that were made because of one finding
            models.Index(
                fields=("kind", "subject_id", "id"), name="registry_cause_subject"
            ),
        )
