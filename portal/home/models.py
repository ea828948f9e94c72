"""What this room keeps of its own: reports of replays, and what people say about the portal.

Everything else belongs to a room below.
"""

from django.db import models

from portal.accounts.models import Person
from portal.core.ids import new_id


class ReplayReport(models.Model):
    """What came of playing recorded conversations against a workflow. Never changed."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workflow = models.ForeignKey(
        "registry.Workflow", on_delete=models.PROTECT, related_name="+"
    )
    source = models.CharField(max_length=200)
    conversation_count = models.PositiveIntegerField()
    document = models.JSONField()
    finished_at = models.DateTimeField()

    class Meta:
        indexes = (
            # the list of reports, newest first
            models.Index(fields=("-finished_at", "-id"), name="home_replay_newest"),
        )


class Feedback(models.Model):
    """Somebody said that a page got in their way, and where they were."""

    class State(models.TextChoices):
        OPEN = "OPEN", "Open"
        ANSWERED = "ANSWERED", "Answered"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    workflow = models.ForeignKey(
        "registry.Workflow", null=True, on_delete=models.PROTECT, related_name="+"
    )
    path = models.CharField(max_length=300)
    page = models.CharField(max_length=120, blank=True)
    text = models.CharField(max_length=1000)
    state = models.CharField(max_length=8, choices=State.choices, default=State.OPEN)
    said_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=~models.Q(text=""), name="home_feedback_says_something"
            ),
        )
        indexes = (
            # what a person has said, newest first
            models.Index(fields=("person", "-said_at", "-id"), name="home_feedback_by"),
            # what of a workflow, or of the portal, is open or answered, newest first
            models.Index(
                fields=("workflow", "state", "-said_at", "-id"),
                name="home_feedback_about",
            ),
        )


class FeedbackMove(models.Model):
    """One line of what became of it: an answer, or that it still gets in the way."""

    class Kind(models.TextChoices):
        ANSWERED = "ANSWERED", "answered"
        REOPENED = "REOPENED", "said that it still gets in the way"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    feedback = models.ForeignKey(
        Feedback, on_delete=models.PROTECT, related_name="moves"
    )
    kind = models.CharField(max_length=8, choices=Kind.choices)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    text = models.CharField(max_length=1000)
    at = models.DateTimeField()


class OfficeHour(models.Model):
    """A time at which somebody who looks after agents helps whoever comes."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    host = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    about = models.CharField(max_length=200)
    place = models.CharField(max_length=200)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    announced_at = models.DateTimeField()
    cancelled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=models.Q(ends_at__gt=models.F("starts_at")),
                name="home_office_hour_lasts",
            ),
        )
        indexes = (
            # those that are still to come, soonest first
            models.Index(
                fields=("ends_at",),
                condition=models.Q(cancelled_at=None),
                name="home_office_hour_to_come",
            ),
        )


class QuarterReview(models.Model):
    """A quarter's review of the programme; once its sponsor signed it, it stays as it is."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    quarter = models.CharField(max_length=7, unique=True)
    notes = models.CharField(max_length=4000, blank=True)
    decisions = models.CharField(max_length=4000, blank=True)
    saved_by = models.ForeignKey(
        Person, null=True, on_delete=models.PROTECT, related_name="+"
    )
    saved_at = models.DateTimeField()
    agenda = models.JSONField(default=list)
    digest = models.CharField(max_length=80, blank=True)
    signed_by = models.ForeignKey(
        Person, null=True, on_delete=models.PROTECT, related_name="+"
    )
    signed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=models.Q(signed_at=None, signed_by=None, digest="")
                | models.Q(signed_at__isnull=False, signed_by__isnull=False)
                & ~models.Q(digest="")
                & ~models.Q(decisions=""),
                name="home_quarter_signed_whole",
            ),
        )
