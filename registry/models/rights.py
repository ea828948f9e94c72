"""Who may decide what at each level, what a team asked for, and what was waived."""

from django.db import models
from django.db.models import Q

from portal.accounts.models import Department, Person, Team
from portal.core.ids import new_id
from registry.models.catalogue import Ceiling, CeilingLevel
from registry.models.workflow import Position, Workflow

_AT_ITS_LEVEL = (
    Q(level="enterprise", department=None, team=None)
    | Q(level="department", department__isnull=False, team=None)
    | Q(level="team", department__isnull=False, team__isnull=False)
)


class DecisionRight(models.Model):
    """A person, or whoever fills a position, holds one kind of decision at one level.

    Ended rows stay, so that who held what on which day can be read.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    kind = models.CharField(max_length=30)
    level = models.CharField(max_length=12, choices=CeilingLevel.choices)
    department = models.ForeignKey(
        Department, null=True, on_delete=models.PROTECT, related_name="+"
    )
    team = models.ForeignKey(
        Team, null=True, on_delete=models.PROTECT, related_name="+"
    )
    person = models.ForeignKey(
        Person, null=True, on_delete=models.PROTECT, related_name="+"
    )
    position = models.ForeignKey(
        Position, null=True, on_delete=models.PROTECT, related_name="+"
    )
    since = models.DateTimeField()
    named_by = models.ForeignKey(
        Person, null=True, on_delete=models.PROTECT, related_name="+"
    )
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(
        Person, null=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=_AT_ITS_LEVEL, name="registry_right_has_its_level"
            ),
            models.CheckConstraint(
                condition=Q(person__isnull=False, position=None)
                | Q(person=None, position__isnull=False),
                name="registry_right_one_holder",
            ),
            models.UniqueConstraint(
                fields=("kind", "level", "department", "team", "person", "position"),
                condition=Q(ended_at=None),
                nulls_distinct=False,
                name="registry_right_once",
            ),
        )
        indexes = (
            # what one level decides, asked by every decision that needs a holder
            models.Index(
                fields=("kind", "level"),
                condition=Q(ended_at=None),
                name="registry_right_in_force",
            ),
        )


class RequestState(models.TextChoices):
    OPEN = "OPEN", "Open"
    APPROVED = "APPROVED", "Approved"
    REJECTED = "REJECTED", "Rejected"
    WITHDRAWN = "WITHDRAWN", "Taken back"
    EXPIRED = "EXPIRED", "Nobody decided in time"


class RequestKind(models.TextChoices):
    WAIVER = "waiver", "To pass a ceiling"
    SYSTEM = "system", "To be let into a system"
    MODEL = "model", "To use an AI model"
    TOOL = "tool", "To use a retired tool again"


class CapabilityRequest(models.Model):
    """A team asks for more than stands above its workflow: what, why and for how long."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workflow = models.ForeignKey(
        Workflow, on_delete=models.PROTECT, related_name="capability_requests"
    )
    kind = models.CharField(max_length=8, choices=RequestKind.choices)
    ceiling = models.ForeignKey(
        Ceiling, null=True, on_delete=models.PROTECT, related_name="requests"
    )
    system = models.CharField(max_length=60, blank=True)
    verb = models.CharField(max_length=40, blank=True)
    ai_model = models.CharField(max_length=120, blank=True)
    # A tool in `system`, as pages map it; its name may be too long for an index.
    tool_id = models.UUIDField(null=True)
    tool = models.TextField(blank=True, db_default="")
    amount_max = models.DecimalField(null=True, max_digits=18, decimal_places=2)
    currency = models.CharField(max_length=3, blank=True)
    days = models.PositiveSmallIntegerField(null=True)
    why = models.CharField(max_length=500)
    level = models.CharField(max_length=12, choices=CeilingLevel.choices)
    department = models.ForeignKey(
        Department, null=True, on_delete=models.PROTECT, related_name="+"
    )
    team = models.ForeignKey(
        Team, null=True, on_delete=models.PROTECT, related_name="+"
    )
    state = models.CharField(
        max_length=9, choices=RequestState.choices, default=RequestState.OPEN
    )
    asked_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    ended_by = models.ForeignKey(
        Person, null=True, on_delete=models.PROTECT, related_name="+"
    )
    ended_at = models.DateTimeField(null=True)
    answer = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=_AT_ITS_LEVEL, name="registry_request_has_its_level"
            ),
            models.CheckConstraint(
                condition=Q(kind="waiver", ceiling__isnull=False, days__isnull=False)
                & ~Q(system="")
                & ~Q(verb="")
                | Q(kind="system", ceiling=None) & ~Q(system="")
                | Q(kind="model", ceiling=None) & ~Q(ai_model="")
                | Q(kind="tool", ceiling=None)
                & ~Q(system="")
                & ~Q(tool="")
                & Q(tool_id__isnull=False),
                name="registry_request_names_what",
            ),
            models.CheckConstraint(
                condition=Q(state="OPEN", ended_at=None)
                | Q(state__in=("WITHDRAWN", "EXPIRED"), ended_at__isnull=False)
                | Q(
                    state__in=("APPROVED", "REJECTED"),
                    ended_at__isnull=False,
                    ended_by__isnull=False,
                )
                & ~Q(answer="")
                & ~Q(ended_by=models.F("asked_by")),
                name="registry_request_ended_by_another",
            ),
            models.UniqueConstraint(
                fields=(
                    "workflow",
                    "kind",
                    "ceiling",
                    "system",
                    "verb",
                    "ai_model",
                    "tool_id",
                ),
                condition=Q(state="OPEN"),
                nulls_distinct=False,
                name="registry_request_open_once",
            ),
        )
        indexes = (
            # the inbox, and the sweep of what nobody decided
            models.Index(
                fields=("expires_at", "id"),
                condition=Q(state="OPEN"),
                name="registry_request_open",
            ),
            # what one workflow asked for, newest first
            models.Index(
                fields=("workflow", "-asked_at", "id"), name="registry_request_history"
            ),
        )


class CeilingWaiver(models.Model):
    """One ceiling does not bind one cell of one workflow, up to an amount, until a day."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    ceiling = models.ForeignKey(
        Ceiling, on_delete=models.PROTECT, related_name="waivers"
    )
    workflow = models.ForeignKey(
        Workflow, on_delete=models.PROTECT, related_name="waivers"
    )
    request = models.OneToOneField(
        CapabilityRequest, on_delete=models.PROTECT, related_name="waiver"
    )
    system = models.CharField(max_length=60)
    verb = models.CharField(max_length=40)
    amount_max = models.DecimalField(null=True, max_digits=18, decimal_places=2)
    currency = models.CharField(max_length=3, blank=True)
    # A person decides each time, instead of the ceiling's own answer.
    under_review = models.BooleanField(default=True)
    starts_at = models.DateTimeField()
    until_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(
        Person, null=True, on_delete=models.PROTECT, related_name="+"
    )
    ended_because = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(until_at__gt=models.F("starts_at")),
                name="registry_waiver_ends",
            ),
            models.CheckConstraint(
                condition=Q(amount_max=None) | (Q(amount_max__gte=0) & ~Q(currency="")),
                name="registry_waiver_amount_has_currency",
            ),
        )
        indexes = (
            # every ruling: what is waived for one workflow
            models.Index(
                fields=("workflow",),
                condition=Q(ended_at=None),
                name="registry_waiver_in_force",
            ),
        )
