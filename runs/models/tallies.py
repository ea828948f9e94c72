"""Numbers by workflow and day: counted from what was inserted, and from runs that settled."""

from django.contrib.postgres.indexes import GinIndex
from django.db import models

from portal.core.ids import new_id
from runs.models.running import Run

HASH_LENGTH = 32


class Tally(models.Model):
    """One measure of one workflow on one day of the organisation's time zone."""

    pk = models.CompositePrimaryKey("workflow_id", "on", "measure")
    workflow = models.ForeignKey(
        "registry.Workflow", on_delete=models.PROTECT, db_index=False
    )
    on = models.DateField()
    measure = models.CharField(max_length=80)
    value = models.DecimalField(max_digits=24, decimal_places=6)


class TallyDelta(models.Model):
    """An addition to a tally, not yet added.

    Written by the transaction that inserted the events and added up by the worker: so
    rulings of one workflow do not queue for one row of a table.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workflow = models.ForeignKey(
        "registry.Workflow", on_delete=models.PROTECT, db_index=False
    )
    on = models.DateField()
    measure = models.CharField(max_length=80)
    value = models.DecimalField(max_digits=24, decimal_places=6)


class RunFact(models.Model):
    """What one settled run adds to its day: the row that numbers from runs are made of.

    Derived from the run's events (`rules.counting`) and never changed by anything else.
    The tallies whose measures begin with "run." are exactly the sums of `measures`.
    """

    run = models.OneToOneField(
        Run, on_delete=models.CASCADE, primary_key=True, related_name="fact"
    )
    workflow = models.ForeignKey(
        "registry.Workflow", on_delete=models.PROTECT, db_index=False, related_name="+"
    )
    # The day it ended, in the organisation's time zone; of a silent one, the last heard.
    on = models.DateField()
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField()
    is_test = models.BooleanField()
    case_type = models.CharField(max_length=80, blank=True)
    # Fingerprints: enough to find what belongs together, and no name at rest.
    case_hash = models.CharField(max_length=HASH_LENGTH, blank=True)
    requester_hash = models.CharField(max_length=HASH_LENGTH, blank=True)
    # Only of a run that completed, with clocks that agree.
    took_ms = models.BigIntegerField(null=True)
    event_count = models.PositiveIntegerField()
    version = models.PositiveSmallIntegerField()
    measures = models.JSONField()
    counted_at = models.DateTimeField()

    class Meta:
        indexes = (
            # the rows behind a number, newest first, of everything and of one workflow
            models.Index(
                fields=("-on", "-ended_at", "-run"),
                include=("workflow",),
                name="runs_fact_newest",
            ),
            models.Index(
                fields=("workflow", "-on", "-ended_at", "-run"),
                name="runs_fact_of_workflow",
            ),
            # the same, where what is asked for is rare
            GinIndex(
                fields=("measures",),
                gin_pending_list_limit=1024,
                name="runs_fact_measures",
            ),
            # percentiles and medians: the runs of one range of values, day by day
            models.Index(
                fields=("workflow", "on", "took_ms"),
                include=("case_type",),
                condition=models.Q(took_ms__isnull=False, is_test=False),
                name="runs_fact_times",
            ),
            # what belongs to one case, and who came back: what began after a run's end,
            # and what ended before its start
            models.Index(
                fields=("workflow", "case_hash", "started_at"),
                condition=~models.Q(case_hash=""),
                name="runs_fact_of_case",
            ),
            models.Index(
                fields=("workflow", "requester_hash", "started_at"),
                condition=~models.Q(requester_hash=""),
                name="runs_fact_of_requester",
            ),
            models.Index(
                fields=("workflow", "case_hash", "ended_at", "run"),
                condition=~models.Q(case_hash=""),
                name="runs_fact_before_in_case",
            ),
            models.Index(
                fields=("workflow", "requester_hash", "ended_at"),
                condition=~models.Q(requester_hash=""),
                name="runs_fact_asked_before",
            ),
        )


class RunDue(models.Model):
    """A run whose numbers must be counted anew, and from when on.

    Only added and taken, never changed: whoever saves a run waits for nobody who counts.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    run_id = models.UUIDField()
    due_at = models.DateTimeField()

    class Meta:
        indexes = (
            # the sweep: what is due, oldest first
            models.Index(fields=("due_at", "id"), name="runs_due_next"),
        )


class TallyState(models.Model):
    """How the tallies were counted: in which time zone, by which version. One row."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    zone = models.CharField(max_length=80)
    version = models.PositiveSmallIntegerField()

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=models.Q(id=1), name="runs_tallystate_one"
            ),
        )
