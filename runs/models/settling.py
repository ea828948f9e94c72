"""What follows two readings of a run: the third record, a reading given up, a question asked again.

None of it changes a review. The two answers stay as they were given; what they were settled
to, and what the first reader says two weeks later, stand beside them.
"""

from django.db import models

from portal.accounts.models import Person
from portal.core.ids import new_id
from runs.models.reviewing import ANSWERS, SampledRun

_QUESTIONS = (
    "right_data",
    "restricted_avoided",
    "escalated_in_time",
    "reviewer_had_context",
    "faster_without_cleanup",
)


def _answer() -> models.CharField:
    return models.CharField(max_length=14)


class Settlement(models.Model):
    """What two different readings of a run were settled to, and by whom.

    A third assessor settles alone. One of the two may only propose; it is settled when the
    other one agrees. Once settled it never changes.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    sampled = models.OneToOneField(
        SampledRun, on_delete=models.PROTECT, related_name="settlement"
    )
    right_data = _answer()
    restricted_avoided = _answer()
    escalated_in_time = _answer()
    reviewer_had_context = _answer()
    faster_without_cleanup = _answer()
    note = models.TextField()
    proposed_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField()
    is_third = models.BooleanField()
    agreed_by = models.ForeignKey(
        Person, null=True, on_delete=models.PROTECT, related_name="+"
    )
    settled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            *(
                models.CheckConstraint(
                    condition=models.Q(**{f"{question}__in": ANSWERS}),
                    name=f"runs_settled_{question}",
                )
                for question in _QUESTIONS
            ),
            models.CheckConstraint(
                condition=models.Q(settled_at=None, agreed_by=None, is_third=False)
                | models.Q(settled_at__isnull=False, agreed_by=None, is_third=True)
                | models.Q(
                    settled_at__isnull=False, agreed_by__isnull=False, is_third=False
                ),
                name="runs_settled_by_a_third_or_by_both",
            ),
            models.CheckConstraint(
                condition=~models.Q(agreed_by=models.F("proposed_by")),
                name="runs_settled_by_two",
            ),
            models.CheckConstraint(
                condition=~models.Q(note=""), name="runs_settled_says_why"
            ),
        )


class ReleasedReading(models.Model):
    """A second reading that will not be done, and why; the first answer then stands alone."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    sampled = models.OneToOneField(
        SampledRun, on_delete=models.PROTECT, related_name="released"
    )
    reason = models.CharField(max_length=300)
    released_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    released_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=~models.Q(reason=""), name="runs_released_says_why"
            ),
        )


class FollowUp(models.Model):
    """The fifth question, asked again two weeks later because something came back.

    `signs` says what: another run about the same thing, a word that it was not resolved, a
    change taken back. Its answer stands beside the first one and changes no signed week.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    sampled = models.OneToOneField(
        SampledRun, on_delete=models.PROTECT, related_name="follow_up"
    )
    asked_of = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    signs = models.JSONField(default=list)
    first_answer = models.CharField(max_length=14)
    answer = models.CharField(max_length=14, blank=True)
    reason = models.CharField(max_length=300, blank=True)
    answered_by = models.ForeignKey(
        Person, null=True, on_delete=models.PROTECT, related_name="+"
    )
    answered_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=models.Q(answer="", answered_by=None, answered_at=None)
                | models.Q(
                    answer__in=ANSWERS,
                    answered_by__isnull=False,
                    answered_at__isnull=False,
                ),
                name="runs_again_answered_by_a_person",
            ),
        )
        indexes = (
            # what one person is asked again, oldest first
            models.Index(
                fields=("asked_of", "asked_at", "id"),
                condition=models.Q(answered_at=None),
                name="runs_again_open",
            ),
        )
