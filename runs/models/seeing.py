"""What one workflow's week saw, gathered once from its events when the week is over."""

from django.db import models

from portal.core.ids import new_id


class WeekSight(models.Model):
    """Corrections, weak data, rules that fired, tools, waits and reviewers of one week.

    Gathered once, by the index of events, and never changed: so the pages of a week and of
    its last twelve read a dozen rows and no events, however many runs there were. A number
    names the runs that it counted, up to a limit that it says.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workflow = models.ForeignKey(
        "registry.Workflow", on_delete=models.PROTECT, related_name="+"
    )
    starts_on = models.DateField()
    gathered_at = models.DateTimeField()
    document = models.JSONField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("workflow", "starts_on"), name="runs_sight_once"
            ),
            models.CheckConstraint(
                condition=models.Q(starts_on__iso_week_day=1),
                name="runs_sight_is_monday",
            ),
        )
