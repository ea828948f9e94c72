"""What numbers are counted from: how each proposal ended, in one narrow row.

A row is written by the same statement when a proposal ends, when its approval is taken
back, and when everything is counted anew; it holds nothing that its proposal does not say.
"""

from django.contrib.postgres.functions import RandomUUID
from django.contrib.postgres.indexes import GistIndex
from django.db import models

from approvals.models.proposing import Proposal
from portal.accounts.models import Person
from portal.core.ids import new_id

IS_DECIDED_FOR_GOOD = models.Q(
    is_superseded=False, state__in=("APPROVED", "EDITED", "REJECTED", "RESPONDED")
)


class ProposalEnd(models.Model):
    """One proposal that ended, on its day in the organisation's time zone."""

    proposal = models.OneToOneField(
        Proposal, primary_key=True, on_delete=models.PROTECT, related_name="+"
    )
    workflow = models.ForeignKey(
        "registry.Workflow", on_delete=models.PROTECT, db_index=False, related_name="+"
    )
    run_id = models.UUIDField()
    on = models.DateField()
    opened_at = models.DateTimeField()
    ended_at = models.DateTimeField()
    state = models.CharField(max_length=10)
    # From when it was put before people to its end.
    seconds = models.FloatField()
    # The edit that was approved changed an amount, a resource, a recipient or the verb.
    is_material = models.BooleanField()
    # A window of its ladder ran out before anybody decided.
    missed_due = models.BooleanField()
    # Somebody had to ask the agent for more before deciding.
    was_asked = models.BooleanField()
    # Its approval was taken back, and another proposal stands in its place.
    is_superseded = models.BooleanField()
    is_escalated = models.BooleanField()
    # Escalated, and ended by a person before the escalation was due.
    in_time = models.BooleanField()
    # How long whoever decided had the card before them, a quarter of an hour at most:
    # nobody reads one for longer, and many leave a page open. None where nobody told.
    looked_seconds = models.FloatField(null=True)

    class Meta:
        indexes = (
            # what ended in a workflow's days, and in which way, from the index alone
            models.Index(
                fields=("workflow", "on", "state"),
                include=(
                    *("is_material", "missed_due", "was_asked", "is_superseded"),
                    *("is_escalated", "in_time", "seconds", "looked_seconds"),
                ),
                name="approvals_end_sums",
            ),
            # exact percentiles of deciding: what people decided for good, in one range
            models.Index(
                fields=("workflow", "on", "seconds"),
                condition=IS_DECIDED_FOR_GOOD,
                name="approvals_end_seconds",
            ),
            # the same of looking before it
            models.Index(
                fields=("workflow", "on", "looked_seconds"),
                condition=IS_DECIDED_FOR_GOOD & models.Q(looked_seconds__isnull=False),
                name="approvals_end_looked",
            ),
            # the rows behind a number, newest first
            models.Index(
                fields=("-ended_at", "-proposal"),
                include=(
                    *("workflow", "state", "is_material", "missed_due", "was_asked"),
                    *("is_superseded", "is_escalated", "in_time", "run_id"),
                ),
                name="approvals_end_newest",
            ),
            # rework: the few approvals that were taken back
            models.Index(
                fields=("-ended_at", "-proposal"),
                condition=models.Q(is_superseded=True),
                name="approvals_end_taken_back",
            ),
            # how old what waited was at any moment of the past
            GistIndex(
                models.Func("opened_at", "ended_at", function="tstzrange"),
                name="approvals_end_waited",
            ),
            # rework: what was decided in a run that was opened again
            models.Index(fields=("run_id", "ended_at"), name="approvals_end_run"),
        )


class EndTally(models.Model):
    """How many proposals of one workflow ended in one way on one day.

    Kept by the database with every row of `ProposalEnd` that comes, goes or changes, so
    that it is their exact sum at every moment; a count may have come back to zero.
    """

    id = models.UUIDField(primary_key=True, db_default=RandomUUID(), editable=False)
    workflow = models.ForeignKey(
        "registry.Workflow", on_delete=models.PROTECT, db_index=False, related_name="+"
    )
    on = models.DateField()
    state = models.CharField(max_length=10)
    is_material = models.BooleanField()
    missed_due = models.BooleanField()
    was_asked = models.BooleanField()
    is_superseded = models.BooleanField()
    is_escalated = models.BooleanField()
    in_time = models.BooleanField()
    count = models.IntegerField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=(
                    *("workflow", "on", "state", "is_material", "missed_due"),
                    *("was_asked", "is_superseded", "is_escalated", "in_time"),
                ),
                include=("count",),
                name="approvals_end_tally_once",
            ),
        )


class EndTime(models.Model):
    """How many of what people decided for good took about as long, on one day.

    Kept by the database like `EndTally`. Ranges grow by an eighth and do not overlap;
    `low` and `high` bound every value that a range ever held, so that the values between
    them are those of the range and a percentile is looked for there alone.
    """

    class What(models.TextChoices):
        DECIDED = "DECIDED", "from the asking to the end"
        LOOKED = "LOOKED", "with the card before them"

    id = models.UUIDField(primary_key=True, db_default=RandomUUID(), editable=False)
    workflow = models.ForeignKey(
        "registry.Workflow", on_delete=models.PROTECT, db_index=False, related_name="+"
    )
    on = models.DateField()
    what = models.CharField(max_length=7, choices=What.choices)
    range = models.SmallIntegerField()
    count = models.IntegerField()
    low = models.FloatField()
    high = models.FloatField()
    total = models.DecimalField(max_digits=24, decimal_places=6)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("workflow", "on", "what", "range"),
                include=("count", "low", "high", "total"),
                name="approvals_end_time_once",
            ),
        )


class FirstLook(models.Model):
    """When a person first had a proposal's card before them; written once."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    proposal = models.ForeignKey(
        Proposal, on_delete=models.PROTECT, related_name="looks"
    )
    person = models.ForeignKey(
        Person, on_delete=models.PROTECT, db_index=False, related_name="+"
    )
    # How many words stood on the card, for the time that reading it takes.
    words = models.PositiveIntegerField()
    looked_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("proposal", "person"), name="approvals_look_once"
            ),
        )
