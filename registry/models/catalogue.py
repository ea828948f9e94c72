"""What stands above every workflow: systems, AI models and ceilings."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Lower

from portal.accounts.models import Department, Person, Team
from portal.core.ids import new_id
from registry.rules.data import DATA_CLASSES

# What is retired is not approved, and says why.
_RETIRED_SAYS_WHY = models.Q(retired_at=None, retired_reason="") | (
    models.Q(retired_at__isnull=False, is_approved=False) & ~models.Q(retired_reason="")
)


class System(models.Model):
    """A system that agents may be let into; unapproved means every request is refused."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
    description = models.CharField(max_length=300, blank=True)
    is_approved = models.BooleanField(default=False)
    owner = models.ForeignKey(
        Person, null=True, on_delete=models.PROTECT, related_name="+"
    )
    # What it is for, as "payments". One approved system is the reference component of a
    # capability; others that name the same one are interchangeable with it.
    capability = models.CharField(max_length=60, blank=True)
    is_reference = models.BooleanField(default=False)
    # What it holds, of `rules.data`; nothing said means that nobody has told.
    data_classes = ArrayField(models.CharField(max_length=20), default=list)
    retired_at = models.DateTimeField(null=True)
    retired_reason = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=_RETIRED_SAYS_WHY, name="registry_system_retired_says_why"
            ),
            models.CheckConstraint(
                condition=models.Q(data_classes__contained_by=list(DATA_CLASSES)),
                name="registry_system_data_known",
            ),
            models.CheckConstraint(
                condition=models.Q(is_reference=False)
                | models.Q(is_approved=True) & ~models.Q(capability=""),
                name="registry_reference_is_approved",
            ),
            models.UniqueConstraint(
                Lower("capability"),
                condition=models.Q(is_reference=True),
                name="registry_one_reference",
            ),
        )

    def __str__(self) -> str:
        return self.name


class AiModel(models.Model):
    """An AI model that may be used; the list is empty until the company fills it."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    slug = models.CharField(max_length=120, unique=True)
    name = models.CharField(max_length=120)
    is_approved = models.BooleanField(default=False)
    owner = models.ForeignKey(
        Person, null=True, on_delete=models.PROTECT, related_name="+"
    )
    retired_at = models.DateTimeField(null=True)
    retired_reason = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=_RETIRED_SAYS_WHY, name="registry_model_retired_says_why"
            ),
        )


class CeilingLevel(models.TextChoices):
    ENTERPRISE = "enterprise", "Enterprise"
    DEPARTMENT = "department", "Department"
    TEAM = "team", "Team"


class CeilingAuthority(models.TextChoices):
    REVIEW = "review", "Review"
    NEVER = "never", "Never"


class Ceiling(models.Model):
    """A limit set above workflows; the most restrictive one wins.

    Empty lists mean "all". Phase ceilings are not rows: they follow from the phase. A
    change puts a new row in the place of the old one, so that what was stays readable.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    level = models.CharField(max_length=12, choices=CeilingLevel.choices)
    department = models.ForeignKey(Department, null=True, on_delete=models.PROTECT)
    team = models.ForeignKey(
        Team, null=True, on_delete=models.PROTECT, related_name="+"
    )
    name = models.CharField(max_length=120)
    systems = ArrayField(models.CharField(max_length=60), default=list)
    verbs = ArrayField(models.CharField(max_length=40), default=list)
    tiers = ArrayField(models.CharField(max_length=10), default=list)
    ai_models = ArrayField(models.CharField(max_length=120), default=list)
    data_classes = ArrayField(models.CharField(max_length=20), default=list)
    authority = models.CharField(max_length=8, choices=CeilingAuthority.choices)
    amount_max = models.DecimalField(null=True, max_digits=18, decimal_places=2)
    currency = models.CharField(max_length=3, blank=True)
    sentence = models.CharField(max_length=300)
    # Said by whoever set it although it leaves nothing to some workflow.
    accepted_because = models.CharField(max_length=300, blank=True)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(
        Person, null=True, on_delete=models.PROTECT, related_name="+"
    )
    replaces = models.OneToOneField(
        "self", null=True, on_delete=models.PROTECT, related_name="replaced_by"
    )
    lifted_at = models.DateTimeField(null=True)
    lifted_by = models.ForeignKey(
        Person, null=True, on_delete=models.PROTECT, related_name="+"
    )
    lifted_because = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=models.Q(level="enterprise", department=None, team=None)
                | models.Q(level="department", department__isnull=False, team=None)
                | models.Q(level="team", department__isnull=False, team__isnull=False),
                name="registry_ceiling_has_its_level",
            ),
            models.CheckConstraint(
                condition=models.Q(amount_max=None)
                | (models.Q(amount_max__gte=0) & ~models.Q(currency="")),
                name="registry_ceiling_amount_has_currency",
            ),
            models.CheckConstraint(
                condition=models.Q(is_active=True, lifted_at=None)
                | models.Q(is_active=False),
                name="registry_ceiling_lifted_is_out_of_force",
            ),
            models.CheckConstraint(
                condition=models.Q(data_classes__contained_by=list(DATA_CLASSES)),
                name="registry_ceiling_data_known",
            ),
        )
        indexes = (
            # every ruling: the ceilings of the enterprise and of one department
            models.Index(
                fields=("level", "department"),
                condition=models.Q(is_active=True),
                name="registry_ceiling_in_force",
            ),
        )


class LevelEpoch(models.Model):
    """Counts the changes of authority made at a level above workflows.

    Keyed like the level's advisory lock (`portal.core.locks.Scope`): the enterprise,
    or one department. A grant keeps the numbers it was issued under; a later change
    makes it stale.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    class_id = models.PositiveSmallIntegerField()
    identity = models.PositiveIntegerField()
    number = models.BigIntegerField(default=0)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("class_id", "identity"), name="registry_one_epoch_per_level"
            ),
        )
