"""Who changed which part of a draft last, and what somebody began to type and did not save."""

from django.db import models

from portal.accounts.models import Person
from portal.core.ids import new_id
from registry.models.version import OperatingModelVersion


class DraftPart(models.Model):
    """The last change of one part of a draft: an answer, the basics, a cell, a rule.

    `page` names the open page it came from, so that a page never quarrels with itself
    when an answer of the server was lost on the way.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    version = models.ForeignKey(
        OperatingModelVersion, on_delete=models.CASCADE, related_name="parts"
    )
    part = models.CharField(max_length=200)
    person = models.ForeignKey(
        Person, null=True, on_delete=models.PROTECT, related_name="+"
    )
    page = models.CharField(max_length=32, blank=True)
    at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("version", "part"), name="registry_draft_part_once"
            ),
        )


class UnsavedWords(models.Model):
    """What a person typed into one form of a draft and has not saved: kept for that person alone.

    A rule that is half typed is no part of the draft; it comes back on any device until
    it is saved or thrown away.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    version = models.ForeignKey(
        OperatingModelVersion, on_delete=models.CASCADE, related_name="unsaved"
    )
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    form = models.CharField(max_length=120)
    words = models.JSONField(default=dict)
    at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("version", "person", "form"), name="registry_unsaved_once"
            ),
        )
