"""A workflow and the people and agents that belong to it."""

from django.db import models
from django.db.models.functions import Lower

from portal.accounts.models import Agent, Department, Person, Team
from portal.core.ids import new_id


class RiskLevel(models.TextChoices):
    LOW = "low", "Low"
    MEDIUM = "medium", "Medium"
    HIGH = "high", "High"


class StandingWorkflows(models.Manager["Workflow"]):
    """Every workflow but those that were withdrawn: what lists, pages and counts see."""

    def get_queryset(self) -> models.QuerySet["Workflow"]:
        return super().get_queryset().filter(withdrawn_at=None)


class Workflow(models.Model):
    """Work that AI takes part in. What it may do stands in its live version.

    A workflow is never deleted, because the journal names it. One that was registered
    by mistake is withdrawn, and `objects` no longer gives it; `everything` does.

    `lock_number` names the advisory lock that guards rulings against a pause;
    `pause_epoch` counts pauses, because a timestamp cannot order them.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    slug = models.SlugField(max_length=80, unique=True)
    name = models.CharField(max_length=120)
    purpose = models.CharField(max_length=300, blank=True)
    department = models.ForeignKey(Department, on_delete=models.PROTECT)
    # Whose ceilings bind it besides those of the department; a team of the same one.
    team = models.ForeignKey(
        Team, null=True, on_delete=models.PROTECT, related_name="+"
    )
    template = models.CharField(max_length=60, blank=True)
    phase = models.PositiveSmallIntegerField(default=1)
    risk = models.CharField(
        max_length=6, choices=RiskLevel.choices, default=RiskLevel.MEDIUM
    )
    currency = models.CharField(max_length=3, default="EUR")
    lock_number = models.PositiveIntegerField(unique=True)
    live_version = models.ForeignKey(
        "registry.OperatingModelVersion",
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    pause_epoch = models.BigIntegerField(default=0)
    paused_at = models.DateTimeField(null=True)
    paused_by = models.ForeignKey(
        Person, null=True, on_delete=models.PROTECT, related_name="+"
    )
    pause_reason = models.CharField(max_length=500, blank=True)
    # New proposals go to the reviewer who has least to do, or to nobody in particular.
    assigns_least_loaded = models.BooleanField(default=False)
    created_by = models.ForeignKey(
        Person, null=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True)
    # It needs no AI: the technique that its questions ended with, until it is taken up again.
    ended_as = models.CharField(max_length=12, blank=True)

    objects = StandingWorkflows()
    everything = models.Manager["Workflow"]()

    class Meta:
        permissions = (
            ("edit_workflow", "May change the draft"),
            ("pause_workflow", "May pause and resume"),
            ("decide_workflow", "May decide its proposals"),
            ("assess_workflow", "May review its runs each week"),
            ("resolve_workflow", "May resolve its exceptions"),
            ("reveal_workflow", "May reveal what was hidden in its runs"),
        )
        constraints = (
            models.CheckConstraint(
                condition=models.Q(phase__gte=1, phase__lte=5),
                name="registry_workflow_phase",
            ),
            models.CheckConstraint(
                condition=models.Q(paused_at=None)
                | (~models.Q(pause_reason="") & models.Q(live_version__isnull=False)),
                name="registry_workflow_pause_has_reason",
            ),
            models.CheckConstraint(
                condition=models.Q(withdrawn_at=None)
                | models.Q(live_version__isnull=True),
                name="registry_workflow_withdrawn_never_live",
            ),
            models.CheckConstraint(
                condition=models.Q(ended_as="") | models.Q(live_version__isnull=True),
                name="registry_workflow_ended_never_live",
            ),
            models.CheckConstraint(
                condition=models.Q(risk__in=RiskLevel.values),
                name="registry_workflow_risk",
            ),
        )
        indexes = (
            # the registry list, by name
            models.Index(fields=("name", "id"), name="registry_workflow_name"),
            # the registry list of one department
            models.Index(
                fields=("department", "name", "id"), name="registry_workflow_dept"
            ),
        )

    def __str__(self) -> str:
        return self.name


class Role(models.TextChoices):
    BUSINESS_OWNER = "business_owner", "Business owner"
    IT_OWNER = "it_owner", "IT owner"
    RISK_OWNER = "risk_owner", "Risk owner"
    AI_PRODUCT_OWNER = "ai_product_owner", "AI product owner"
    ESCALATION_OWNER = "escalation_owner", "Escalation owner"


class Position(models.Model):
    """A named post, such as Head of customer care, with who fills it now.

    Whoever fills it holds every role that the position holds.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(max_length=120)
    department = models.ForeignKey(
        Department, on_delete=models.PROTECT, related_name="+"
    )
    holder = models.ForeignKey(
        Person, null=True, on_delete=models.PROTECT, related_name="positions"
    )
    since = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                Lower("name"), "department", name="registry_position_once"
            ),
            models.CheckConstraint(
                condition=~models.Q(name=""), name="registry_position_named"
            ),
        )


class RoleHolding(models.Model):
    """Who holds a named role of a workflow now; no person means it is vacant.

    With a `position`, the person is whoever fills the position; both change together.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workflow = models.ForeignKey(
        Workflow, on_delete=models.PROTECT, related_name="roles"
    )
    role = models.CharField(max_length=20, choices=Role.choices)
    person = models.ForeignKey(
        Person, null=True, on_delete=models.PROTECT, related_name="holds"
    )
    position = models.ForeignKey(
        Position, null=True, on_delete=models.PROTECT, related_name="roles"
    )
    since = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("workflow", "role"), name="registry_role_once"
            ),
            models.CheckConstraint(
                condition=models.Q(role__in=Role.values), name="registry_role_known"
            ),
        )


class AgentAssignment(models.Model):
    """An agent serves a workflow; without this row the workflow does not exist for it."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workflow = models.ForeignKey(
        Workflow, on_delete=models.PROTECT, related_name="assignments"
    )
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="serves")
    since = models.DateTimeField()
    is_home = models.BooleanField(
        default=False,
        help_text="The agent was registered from this workflow: its editors keep its keys.",
    )

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("workflow", "agent"), name="registry_assignment_once"
            ),
            models.UniqueConstraint(
                fields=("agent",),
                condition=models.Q(is_home=True),
                name="registry_assignment_one_home",
            ),
        )
