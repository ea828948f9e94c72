"""Deciding like proposals together, and the filters of the inbox that a person keeps."""

from django.db import models

from approvals.models.proposing import Proposal
from portal.accounts.kept_views import KeptView
from portal.accounts.models import Person
from portal.core.ids import new_id


class InboxFilter(KeptView):
    """One kept filter of the inbox; nobody but its owner sees it."""

    class Meta(KeptView.Meta):
        pass


class Batch(models.Model):
    """One word over many like proposals. It decides nothing itself: each item is decided
    by itself, with its own Decision, digest and journal entry.
    """

    class Verdict(models.TextChoices):
        APPROVE = "APPROVE", "approve"
        REJECT = "REJECT", "reject"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    workflow = models.ForeignKey(
        "registry.Workflow", on_delete=models.PROTECT, related_name="+"
    )
    verdict = models.CharField(max_length=7, choices=Verdict.choices)
    reason_code = models.CharField(max_length=60, blank=True)
    message = models.TextField(blank=True)
    what = models.CharField(max_length=200)
    opened_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=models.Q(verdict__in=("APPROVE", "REJECT")),
                name="approvals_batch_verdict",
            ),
        )


class BatchItem(models.Model):
    """One proposal of a batch with the digest that was shown, and what came of it."""

    class State(models.TextChoices):
        WAITING = "WAITING", "not decided yet"
        DONE = "DONE", "decided"
        COUNTED = "COUNTED", "counted, more people needed"
        FAILED = "FAILED", "not decided"
        LEFT_OUT = "LEFT_OUT", "left out"
        UNDONE = "UNDONE", "taken back"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, related_name="items")
    position = models.PositiveSmallIntegerField()
    proposal = models.ForeignKey(Proposal, on_delete=models.PROTECT, related_name="+")
    digest = models.CharField(max_length=80)
    state = models.CharField(
        max_length=8, choices=State.choices, default=State.WAITING.value
    )
    told = models.CharField(max_length=400, blank=True)
    undo_until = models.DateTimeField(null=True)
    told_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("batch", "position"), name="approvals_batch_order"
            ),
            models.UniqueConstraint(
                fields=("batch", "proposal"), name="approvals_batch_once"
            ),
            models.CheckConstraint(
                condition=models.Q(
                    state__in=(
                        "WAITING",
                        "DONE",
                        "COUNTED",
                        "FAILED",
                        "LEFT_OUT",
                        "UNDONE",
                    )
                ),
                name="approvals_batch_item_state",
            ),
            models.CheckConstraint(
                condition=models.Q(state="WAITING", told_at=None)
                | ~models.Q(state="WAITING") & models.Q(told_at__isnull=False),
                name="approvals_batch_item_told",
            ),
        )
