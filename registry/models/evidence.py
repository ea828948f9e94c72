"""What is known about one version of the page beside the page itself."""

from django.db import models

from portal.accounts.models import Person
from portal.core.ids import new_id
from registry.models.version import OperatingModelVersion


class EvidenceKind(models.TextChoices):
    BACKTEST = "backtest", "Backtest"
    PEOPLE = "people", "People"


class Evidence(models.Model):
    """One thing known about a version: a finished backtest, a change of who holds a role.

    Written once. `document_digest` says of which words it is true; once the version is
    submitted, what is true of its words is part of what is signed.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    version = models.ForeignKey(
        OperatingModelVersion, on_delete=models.PROTECT, related_name="evidence"
    )
    number = models.PositiveIntegerField()
    kind = models.CharField(max_length=10)
    summary = models.CharField(max_length=500)
    document_digest = models.CharField(max_length=80)
    content = models.BinaryField()
    added_by = models.ForeignKey(
        Person, null=True, on_delete=models.PROTECT, related_name="+"
    )
    added_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("version", "number"), name="registry_evidence_place"
            ),
            models.CheckConstraint(
                condition=models.Q(kind__in=EvidenceKind.values),
                name="registry_evidence_kind",
            ),
        )
