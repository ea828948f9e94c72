"""Training: courses, who has done which, and what each kind of duty needs.

A completion is written once; one that was recorded wrongly is withdrawn with a reason.
Whether somebody is trained for a duty today says the database's own function
`registry_is_trained(person, duty)`, which rulings, pages and signatures all ask.
"""

from django.db import models
from django.db.models.functions import Lower

from portal.accounts.models import Person
from portal.core.ids import new_id

MONTHS_VALID_MAX = 120


class TrainingTier(models.TextChoices):
    UNIVERSAL = "universal", "Universal fluency"
    ROLE_SPECIFIC = "role_specific", "Role-specific"
    LEADERSHIP = "leadership", "Leadership"


class Duty(models.TextChoices):
    """What a person does for workflows: the five named roles, and reviewing."""

    REVIEWER = "reviewer", "Reviewer"
    BUSINESS_OWNER = "business_owner", "Business owner"
    IT_OWNER = "it_owner", "IT owner"
    RISK_OWNER = "risk_owner", "Risk owner"
    AI_PRODUCT_OWNER = "ai_product_owner", "AI product owner"
    ESCALATION_OWNER = "escalation_owner", "Escalation owner"


class TrainingCourse(models.Model):
    """A course that people do. Without `months_valid`, doing it once is enough for ever."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(max_length=120)
    tier = models.CharField(max_length=13, choices=TrainingTier.choices)
    about = models.CharField(max_length=300, blank=True)
    months_valid = models.PositiveSmallIntegerField(null=True)
    created_at = models.DateTimeField()
    retired_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(Lower("name"), name="registry_course_once"),
            models.CheckConstraint(
                condition=~models.Q(name=""), name="registry_course_named"
            ),
            models.CheckConstraint(
                condition=models.Q(tier__in=TrainingTier.values),
                name="registry_course_tier",
            ),
            models.CheckConstraint(
                condition=models.Q(months_valid=None)
                | models.Q(months_valid__gte=1, months_valid__lte=MONTHS_VALID_MAX),
                name="registry_course_months",
            ),
        )

    def __str__(self) -> str:
        return self.name


class TrainingRequirement(models.Model):
    """What a duty needs: one course, or any one course of a tier. No row: nothing."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    duty = models.CharField(max_length=20, choices=Duty.choices)
    tier = models.CharField(max_length=13, choices=TrainingTier.choices, blank=True)
    course = models.ForeignKey(
        TrainingCourse, null=True, on_delete=models.PROTECT, related_name="required"
    )
    since = models.DateTimeField()
    set_by = models.ForeignKey(
        Person, null=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=models.Q(duty__in=Duty.values),
                name="registry_requirement_duty",
            ),
            models.CheckConstraint(
                condition=models.Q(tier__in=TrainingTier.values, course=None)
                | models.Q(tier="", course__isnull=False),
                name="registry_requirement_of_one_kind",
            ),
            # what one duty needs, at every ruling
            models.UniqueConstraint(
                fields=("duty", "tier"),
                condition=models.Q(course=None),
                name="registry_requirement_tier_once",
            ),
            models.UniqueConstraint(
                fields=("duty", "course"),
                condition=models.Q(course__isnull=False),
                name="registry_requirement_course_once",
            ),
        )


class TrainingCompletion(models.Model):
    """A person did a course on a day. `expires_on` is the last day on which it counts."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    course = models.ForeignKey(
        TrainingCourse, on_delete=models.PROTECT, related_name="completions"
    )
    completed_on = models.DateField()
    expires_on = models.DateField(null=True)
    note = models.CharField(max_length=300, blank=True)
    source = models.CharField(max_length=200, blank=True)
    recorded_by = models.ForeignKey(
        Person, null=True, on_delete=models.PROTECT, related_name="+"
    )
    recorded_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_by = models.ForeignKey(
        Person, null=True, on_delete=models.PROTECT, related_name="+"
    )
    withdrawn_reason = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = (
            # also what one person has done, at every ruling
            models.UniqueConstraint(
                fields=("person", "course", "completed_on"),
                condition=models.Q(withdrawn_at=None),
                name="registry_completion_once",
            ),
            models.CheckConstraint(
                condition=models.Q(expires_on=None)
                | models.Q(expires_on__gte=models.F("completed_on")),
                name="registry_completion_lasts",
            ),
            models.CheckConstraint(
                condition=models.Q(withdrawn_at=None, withdrawn_reason="")
                | (
                    models.Q(withdrawn_at__isnull=False)
                    & ~models.Q(withdrawn_reason="")
                ),
                name="registry_completion_withdrawn_why",
            ),
        )


class TrainingReminder(models.Model):
    """Somebody was told, once, that their training ends soon or has lapsed."""

    class Stage(models.TextChoices):
        ENDS_IN_30 = "ENDS_IN_30", "ends within 30 days"
        ENDS_IN_7 = "ENDS_IN_7", "ends within a week"
        LAPSED = "LAPSED", "has lapsed"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    duty = models.CharField(max_length=20, choices=Duty.choices)
    stage = models.CharField(max_length=10, choices=Stage.choices)
    until = models.DateField()
    told_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("person", "duty", "stage", "until"),
                name="registry_training_told_once",
            ),
        )
