"""Break-glass: one proposal let run without its missing votes, and the look at it afterwards.

Both tables only ever grow. The record says who walked past which votes, and why; the
review by another person says whether that was right.
"""

from django.db import models

from approvals.models.proposing import Proposal, ProposalVersion
from portal.accounts.models import Person
from portal.core.ids import new_id


class BreakGlass(models.Model):
    """One emergency: a version that ran although votes were missing.

    `missing` names each stage that was not complete, with how many votes it had.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    proposal = models.OneToOneField(
        Proposal, on_delete=models.PROTECT, related_name="break_glass"
    )
    version = models.OneToOneField(
        ProposalVersion, on_delete=models.PROTECT, related_name="break_glass"
    )
    workflow = models.ForeignKey(
        "registry.Workflow", on_delete=models.PROTECT, related_name="+"
    )
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    role = models.CharField(max_length=20)
    why = models.TextField()
    digest = models.CharField(max_length=80)
    missing = models.JSONField()
    concerned = models.JSONField(default=list)
    confirmed_by = models.CharField(max_length=12)
    broken_at = models.DateTimeField()
    review_due_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=~models.Q(why="") & ~models.Q(confirmed_by=""),
                name="approvals_glass_says_why",
            ),
        )
        indexes = (
            # the list of a workflow and what it had lately, newest first
            models.Index(
                fields=("workflow", "-broken_at", "-id"), name="approvals_glass_list"
            ),
        )


class BreakGlassReview(models.Model):
    """What another person found, looking at it afterwards. One for each."""

    class Verdict(models.TextChoices):
        ACCEPTED = "ACCEPTED", "was right"
        FINDING = "FINDING", "led to a finding"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    break_glass = models.OneToOneField(
        BreakGlass, on_delete=models.PROTECT, related_name="review"
    )
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    verdict = models.CharField(max_length=8, choices=Verdict.choices)
    text = models.TextField()
    reviewed_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=models.Q(verdict__in=("ACCEPTED", "FINDING"))
                & ~models.Q(text=""),
                name="approvals_glass_review_says",
            ),
        )
