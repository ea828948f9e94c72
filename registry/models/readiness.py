"""Readiness: how a department answered thirty questions, and what it does about it.

What somebody submitted and what was closed stay as they are (triggers of the migration).
Unsubmitted answers count nowhere; they are kept for whoever gives them.
"""

from django.db import models

from portal.accounts.models import Department, Person
from portal.core.ids import new_id
from registry.models.workflow import Workflow

NOTE_LENGTH_MAX = 500


class ReadinessAssessment(models.Model):
    """One department's assessment: open until its head closes it. One is open at a time.

    `left_out` names whoever was asked and had not submitted when it was closed.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    department = models.ForeignKey(Department, on_delete=models.PROTECT)
    catalogue_version = models.PositiveSmallIntegerField()
    question_count = models.PositiveSmallIntegerField()
    opened_by = models.ForeignKey(
        Person, null=True, on_delete=models.PROTECT, related_name="+"
    )
    opened_at = models.DateTimeField()
    closed_by = models.ForeignKey(
        Person, null=True, on_delete=models.PROTECT, related_name="+"
    )
    closed_at = models.DateTimeField(null=True)
    left_out = models.JSONField(default=list)
    left_out_reason = models.CharField(max_length=NOTE_LENGTH_MAX, blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("department",),
                condition=models.Q(closed_at=None),
                name="registry_readiness_one_open",
            ),
            models.CheckConstraint(
                condition=models.Q(left_out=[]) | ~models.Q(left_out_reason=""),
                name="registry_readiness_left_out_why",
            ),
        )
        indexes = (
            # a department's assessments, newest closed first
            models.Index(
                fields=("department", "-closed_at", "id"),
                name="registry_readiness_closed",
            ),
        )


class ReadinessPart(models.Model):
    """One person's part of an assessment, theirs alone until they submit it."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    assessment = models.ForeignKey(
        ReadinessAssessment, on_delete=models.PROTECT, related_name="parts"
    )
    person = models.ForeignKey(
        Person, on_delete=models.PROTECT, related_name="readiness_parts"
    )
    invited_by = models.ForeignKey(
        Person, null=True, on_delete=models.PROTECT, related_name="+"
    )
    invited_at = models.DateTimeField()
    saved_at = models.DateTimeField(null=True)
    submitted_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("assessment", "person"), name="registry_readinesspart_once"
            ),
        )
        indexes = (
            # what waits for a person, on the start page
            models.Index(
                fields=("person", "invited_at"),
                condition=models.Q(submitted_at=None),
                name="registry_readinesspart_waits",
            ),
        )


class ReadinessAnswer(models.Model):
    """The level that one person chose for one question, with why if they said so."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    part = models.ForeignKey(
        ReadinessPart, on_delete=models.PROTECT, related_name="answers"
    )
    question = models.CharField(max_length=40)
    level = models.PositiveSmallIntegerField()
    note = models.CharField(max_length=NOTE_LENGTH_MAX, blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("part", "question"), name="registry_readinessanswer_once"
            ),
            models.CheckConstraint(
                condition=models.Q(level__gte=1, level__lte=5),
                name="registry_readinessanswer_level",
            ),
        )


class PriorityEnd(models.TextChoices):
    DONE = "DONE", "Done"
    DROPPED = "DROPPED", "Dropped"


class ReadinessPriority(models.Model):
    """Something that a department does within ninety days, because of what it answered."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    assessment = models.ForeignKey(
        ReadinessAssessment, on_delete=models.PROTECT, related_name="priorities"
    )
    question = models.CharField(max_length=40)
    text = models.CharField(max_length=200)
    owner = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    due_on = models.DateField()
    chosen_by = models.ForeignKey(
        Person, null=True, on_delete=models.PROTECT, related_name="+"
    )
    chosen_at = models.DateTimeField()
    overdue_told_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(
        Person, null=True, on_delete=models.PROTECT, related_name="+"
    )
    ended_how = models.CharField(max_length=7, choices=PriorityEnd.choices, blank=True)
    ended_words = models.CharField(max_length=NOTE_LENGTH_MAX, blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("assessment", "question"),
                condition=models.Q(ended_at=None),
                name="registry_priority_once",
            ),
            models.CheckConstraint(
                condition=models.Q(ended_at=None, ended_how="", ended_words="")
                | (
                    models.Q(ended_at__isnull=False)
                    & models.Q(ended_how__in=PriorityEnd.values)
                    & ~models.Q(ended_words="")
                ),
                name="registry_priority_ended_with_evidence",
            ),
        )
        indexes = (
            # what one person is to do, on the start page
            models.Index(
                fields=("owner", "due_on", "id"),
                condition=models.Q(ended_at=None),
                name="registry_priority_owner",
            ),
            # the sweep of what is overdue and nobody was told of
            models.Index(
                fields=("due_on", "id"),
                condition=models.Q(ended_at=None, overdue_told_at=None),
                name="registry_priority_overdue",
            ),
        )


class ReadinessGate(models.Model):
    """What a first launch asks of its department. Only ever added to: the newest counts."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    is_on = models.BooleanField()
    minimum = models.DecimalField(max_digits=2, decimal_places=1)
    valid_days = models.PositiveSmallIntegerField()
    reason = models.CharField(max_length=NOTE_LENGTH_MAX)
    set_by = models.ForeignKey(
        Person, null=True, on_delete=models.PROTECT, related_name="+"
    )
    set_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=models.Q(
                    minimum__gte=1,
                    minimum__lte=5,
                    valid_days__gte=30,
                    valid_days__lte=730,
                ),
                name="registry_readinessgate_sane",
            ),
            models.CheckConstraint(
                condition=~models.Q(reason=""), name="registry_readinessgate_why"
            ),
        )
        indexes = (
            # what counts now
            models.Index(fields=("-set_at", "-id"), name="registry_readinessgate_now"),
        )


class ReadinessWaiver(models.Model):
    """A risk owner lets a workflow launch before its department is ready, and says why."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workflow = models.ForeignKey(Workflow, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=NOTE_LENGTH_MAX)
    not_ready = models.CharField(max_length=300)
    given_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    given_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=~models.Q(reason=""), name="registry_readinesswaiver_why"
            ),
        )
        indexes = (
            # whether a launch may go on, and the workflow's page
            models.Index(
                fields=("workflow", "-given_at"), name="registry_readinesswaiver_of"
            ),
        )
