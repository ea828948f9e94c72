"""What the rollout plan keeps: who sponsors it, what is proven, who went over the focus.

All three are only ever added to; of each the newest row counts.
"""

from django.db import models

from portal.accounts.models import Department, Person
from portal.core.ids import new_id
from registry.models.workflow import Workflow

REASON_LENGTH_MAX = 500


class Sponsor(models.Model):
    """Who answers for the programme at the top. Without a person the post is vacant."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    person = models.ForeignKey(
        Person, null=True, on_delete=models.PROTECT, related_name="+"
    )
    reason = models.CharField(max_length=REASON_LENGTH_MAX)
    named_by = models.ForeignKey(
        Person, null=True, on_delete=models.PROTECT, related_name="+"
    )
    named_at = models.DateTimeField()

    class Meta:
        indexes = (
            # who it is now
            models.Index(fields=("-named_at", "-id"), name="registry_sponsor_now"),
        )


class Proof(models.Model):
    """A workflow was called proven, or no longer, and by which counts of that day."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workflow = models.ForeignKey(
        Workflow, on_delete=models.PROTECT, related_name="proofs"
    )
    is_proven = models.BooleanField()
    evidence = models.JSONField(default=list)
    reason = models.CharField(max_length=REASON_LENGTH_MAX)
    said_by = models.ForeignKey(
        Person, null=True, on_delete=models.PROTECT, related_name="+"
    )
    said_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=~models.Q(reason=""), name="registry_proof_why"
            ),
        )
        indexes = (
            # whether a workflow is proven now
            models.Index(
                fields=("workflow", "-said_at", "-id"), name="registry_proof_now"
            ),
        )


class FocusException(models.Model):
    """A workflow goes live although its department has enough that are not proven."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    department = models.ForeignKey(
        Department, on_delete=models.PROTECT, related_name="+"
    )
    workflow = models.ForeignKey(
        Workflow, on_delete=models.PROTECT, related_name="focus_exceptions"
    )
    unproven = models.PositiveSmallIntegerField()
    reason = models.CharField(max_length=REASON_LENGTH_MAX)
    given_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    given_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=~models.Q(reason=""), name="registry_focusexception_why"
            ),
        )
        indexes = (
            # whether a launch may go on
            models.Index(
                fields=("workflow", "-given_at"), name="registry_focusexception_of"
            ),
        )
