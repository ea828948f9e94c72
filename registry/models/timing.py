"""When people work, how long they have to decide, and how long a workflow stood still.

A calendar belongs to the whole organisation or to one department, review times to either
or to one workflow; `scope` says which and is there once. Nothing here is part of the
signed page, because time never approves.
"""

from django.db import models

from portal.accounts.models import Department, Person
from portal.core.ids import new_id
from registry.models.workflow import Workflow

ORGANISATION = "organisation"


class WorkCalendar(models.Model):
    """Working hours of a week in a time zone, with public holidays and own closed days.

    `week` holds seven lists, Monday first, of [from, to] in minutes after midnight; `to`
    may reach into the next day. `closed_days` holds {"day": "2026-12-24", "name": …}.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    scope = models.CharField(max_length=60, unique=True)
    department = models.ForeignKey(
        Department, null=True, on_delete=models.PROTECT, related_name="+"
    )
    time_zone = models.CharField(max_length=64)
    week = models.JSONField()
    country = models.CharField(max_length=3, blank=True)
    subdivision = models.CharField(max_length=10, blank=True)
    closed_days = models.JSONField(default=list)
    changed_by = models.ForeignKey(
        Person, null=True, on_delete=models.PROTECT, related_name="+"
    )
    changed_at = models.DateTimeField()


class ReviewTimes(models.Model):
    """How long reviewers and each step above them have, per risk, and who comes next.

    `times` holds {"high": {"review": minutes, "escalation": minutes, "clock": "always" or
    "working"}, …}; `ladder` the roles that are asked one after another when nobody
    decides. An empty ladder ends the proposal at once. The end is never an approval.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    scope = models.CharField(max_length=60, unique=True)
    department = models.ForeignKey(
        Department, null=True, on_delete=models.PROTECT, related_name="+"
    )
    workflow = models.ForeignKey(
        Workflow, null=True, on_delete=models.PROTECT, related_name="+"
    )
    times = models.JSONField()
    ladder = models.JSONField(default=list)
    changed_by = models.ForeignKey(
        Person, null=True, on_delete=models.PROTECT, related_name="+"
    )
    changed_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=models.Q(department=None) | models.Q(workflow=None),
                name="registry_times_one_scope",
            ),
        )


class PauseSpell(models.Model):
    """One pause of a workflow, from and until when: clocks stand still for that long."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workflow = models.ForeignKey(
        Workflow, on_delete=models.PROTECT, related_name="spells"
    )
    paused_at = models.DateTimeField()
    resumed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("workflow",),
                condition=models.Q(resumed_at=None),
                name="registry_one_open_pause",
            ),
        )
        indexes = (
            # the pauses of one workflow since a moment
            models.Index(
                fields=("workflow", "resumed_at"), name="registry_pause_spells"
            ),
        )
