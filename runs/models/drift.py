"""Drift: how often people overrule a workflow, week by week, and what was raised of it."""

from django.db import models

from portal.accounts.models import Person
from portal.core.ids import new_id


class DriftWeek(models.Model):
    """One week's decisions about one workflow, and where its watch stood at the end.

    Counted from the moments of runs, so that nothing scans them again: the next week goes
    on from here, and a year is fifty-two rows. Can be rebuilt from the moments.
    """

    pk = models.CompositePrimaryKey("workflow_id", "starts_on")
    workflow = models.ForeignKey(
        "registry.Workflow", on_delete=models.PROTECT, db_index=False
    )
    starts_on = models.DateField()
    decisions = models.PositiveIntegerField()
    overrides = models.PositiveIntegerField()
    # What was usual in the eight weeks before, over so many decisions.
    usual = models.FloatField()
    usual_of = models.PositiveIntegerField()
    is_watched = models.BooleanField()
    up = models.FloatField()
    down = models.FloatField()
    up_peak = models.FloatField()
    down_peak = models.FloatField()
    up_at = models.DateTimeField(null=True)
    down_at = models.DateTimeField(null=True)
    version = models.PositiveSmallIntegerField()

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=models.Q(starts_on__iso_week_day=1),
                name="runs_drift_is_monday",
            ),
            models.CheckConstraint(
                condition=models.Q(overrides__lte=models.F("decisions")),
                name="runs_drift_overrides_of_decisions",
            ),
        )
        indexes = (
            # the sweep: was this week measured already?
            models.Index(fields=("starts_on",), name="runs_drift_week"),
        )


class DriftAlarm(models.Model):
    """A suggested finding: people overrule this workflow more, or less, than they used to.

    Changes no authority. An assessor makes a finding of it, or dismisses it and says why.
    """

    class Direction(models.TextChoices):
        UP = "UP", "Overruled more often"
        DOWN = "DOWN", "Hardly overruled any more"

    class State(models.TextChoices):
        OPEN = "OPEN", "Waiting for an assessor"
        ACCEPTED = "ACCEPTED", "Made a finding"
        DISMISSED = "DISMISSED", "Dismissed"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workflow = models.ForeignKey("registry.Workflow", on_delete=models.PROTECT)
    starts_on = models.DateField()
    direction = models.CharField(max_length=4, choices=Direction.choices)
    decisions = models.PositiveIntegerField()
    overrides = models.PositiveIntegerField()
    usual = models.FloatField()
    peak = models.FloatField()
    crossed_at = models.DateTimeField()
    # How likely such a week is although nothing changed, and that raised for how many
    # workflows were watched.
    chance = models.FloatField()
    chance_adjusted = models.FloatField()
    watched = models.PositiveIntegerField()
    raised_at = models.DateTimeField()
    state = models.CharField(max_length=9, choices=State.choices, default=State.OPEN)
    settled_at = models.DateTimeField(null=True)
    settled_by = models.ForeignKey(
        Person, null=True, on_delete=models.PROTECT, related_name="+"
    )
    reason = models.CharField(max_length=1000, blank=True)
    finding = models.ForeignKey(
        "runs.Finding", null=True, on_delete=models.PROTECT, related_name="alarms"
    )

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("workflow", "starts_on", "direction"), name="runs_alarm_once"
            ),
            models.CheckConstraint(
                condition=models.Q(direction__in=("UP", "DOWN")),
                name="runs_alarm_direction",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    state="OPEN", settled_at=None, settled_by=None, finding=None
                )
                | models.Q(
                    state="ACCEPTED",
                    settled_at__isnull=False,
                    settled_by__isnull=False,
                    finding__isnull=False,
                )
                | (
                    models.Q(
                        state="DISMISSED",
                        settled_at__isnull=False,
                        settled_by__isnull=False,
                        finding=None,
                    )
                    & ~models.Q(reason="")
                ),
                name="runs_alarm_settled_by_a_person",
            ),
        )
        indexes = (
            # what still waits for an assessor
            models.Index(
                fields=("workflow", "starts_on"),
                condition=models.Q(state="OPEN"),
                name="runs_alarm_open",
            ),
        )
