"""What an agent asked, byte for byte, and every ruling on it."""

from django.db import models

from approvals.rules.moves import ActionStatus
from portal.accounts.models import Agent, Person
from portal.core.ids import new_id
from registry.rules.answers import Answer, Reversibility, Risk

STATUSES = [(status.value, status.value.lower()) for status in ActionStatus]
ANSWERS = [(answer.value, answer.value) for answer in Answer]
IS_DECIDED = models.Q(resolution__in=("approved", "edited", "rejected", "responded"))
RISKS = [(risk.value, risk.value) for risk in Risk]


class ActionRequest(models.Model):
    """One action that an agent asked for. What it sent never changes; the status does.

    `received` is the whole body and `action` its part of that name, as they came. The
    digest is over `action`, and `search` is for finding only: jsonb changes bytes.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workflow = models.ForeignKey(
        "registry.Workflow", on_delete=models.PROTECT, related_name="+"
    )
    run_id = models.UUIDField()
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="+")
    agent_key_id = models.UUIDField(null=True)
    operator = models.ForeignKey(
        Person, null=True, on_delete=models.PROTECT, related_name="+"
    )
    key_owner = models.ForeignKey(
        Person, null=True, on_delete=models.PROTECT, related_name="+"
    )
    tool_call_id = models.CharField(max_length=200, blank=True)
    on_behalf_of_type = models.CharField(max_length=40, blank=True)
    on_behalf_of_id = models.CharField(max_length=200, blank=True)
    received = models.BinaryField()
    action = models.BinaryField()
    digest = models.CharField(max_length=80)
    search = models.JSONField(default=dict)
    verb = models.CharField(max_length=80)
    system = models.CharField(max_length=80)
    resource_type = models.CharField(max_length=80, blank=True)
    resource_id = models.CharField(max_length=200, blank=True)
    title = models.CharField(max_length=300)
    headline = models.CharField(max_length=400)
    amount = models.DecimalField(null=True, max_digits=30, decimal_places=6)
    currency = models.CharField(max_length=3, blank=True)
    risk = models.CharField(max_length=6, choices=RISKS)
    reversibility = models.CharField(max_length=14)
    callback = models.CharField(max_length=80, blank=True)
    expires_at = models.DateTimeField(null=True)
    status = models.CharField(max_length=12, choices=STATUSES)
    resolution = models.CharField(max_length=12, blank=True)
    reason_code = models.CharField(max_length=60, blank=True)
    message = models.TextField(blank=True)
    resolved_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=models.Q(
                    status__in=[status.value for status in ActionStatus]
                ),
                name="approvals_action_status",
            ),
            models.CheckConstraint(
                condition=models.Q(risk__in=[risk.value for risk in Risk]),
                name="approvals_action_risk",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    reversibility__in=[way.value for way in Reversibility]
                ),
                name="approvals_action_reversibility",
            ),
        )
        indexes = (
            # precedents and "the last hundred actions" of a workflow, newest first
            models.Index(
                fields=("workflow", "verb", "system", "-created_at"),
                name="approvals_action_like",
            ),
            # precedents: what people decided of like requests, nearest in amount
            models.Index(
                fields=("workflow", "verb", "system", "currency", "amount", "id"),
                condition=IS_DECIDED,
                name="approvals_decided_near",
            ),
            # precedents: what people decided of like requests, newest first
            models.Index(
                fields=("workflow", "verb", "system", "-resolved_at", "-id"),
                condition=IS_DECIDED,
                name="approvals_decided_like",
            ),
            # everything that a workflow asked in a stretch of time, for backtests
            models.Index(
                fields=("workflow", "created_at", "id"), name="approvals_action_window"
            ),
            # everything asked in one run
            models.Index(fields=("run_id", "created_at"), name="approvals_action_run"),
            # what may have been done and is not told: the chase
            models.Index(
                fields=("changed_at", "id"),
                condition=models.Q(status__in=("ALLOWED", "APPROVED")),
                name="approvals_action_untold",
            ),
            # the run of a tool call that telemetry names
            models.Index(
                fields=("agent", "tool_call_id"),
                condition=~models.Q(tool_call_id=""),
                name="approvals_action_call",
            ),
            # the requests of one agent, newest first
            models.Index(
                fields=("agent", "-created_at"), name="approvals_action_agent"
            ),
        )


class AuthorityRecord(models.Model):
    """One ruling, kept whole: what was asked about which bytes, and every reason.

    Written for every ruling, refusals too, and never changed. A decision asks again, so
    one request may have several; `occasion` says which this was.
    """

    class Occasion(models.TextChoices):
        ASK = "ASK", "An agent asked"
        DECIDE = "DECIDE", "A person decided"
        EDIT = "EDIT", "A person edited"
        REISSUE = "REISSUE", "An expired grant was asked for again"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    action_request = models.ForeignKey(
        ActionRequest, on_delete=models.PROTECT, related_name="authority_records"
    )
    workflow = models.ForeignKey(
        "registry.Workflow", on_delete=models.PROTECT, related_name="+"
    )
    occasion = models.CharField(max_length=8, choices=Occasion.choices)
    digest = models.CharField(max_length=80)
    answer = models.CharField(max_length=8, choices=ANSWERS)
    reasons = models.JSONField()
    risk = models.CharField(max_length=6)
    reversibility = models.CharField(max_length=14)
    quorum = models.PositiveSmallIntegerField()
    decided_by = models.CharField(max_length=20)
    # Whom it goes to in turn: [{"decided_by", "quorum"}], the whole way to an approval.
    stages = models.JSONField(default=list)
    amount = models.DecimalField(null=True, max_digits=30, decimal_places=6)
    currency = models.CharField(max_length=3, blank=True)
    reserves = models.JSONField(default=list)
    version_id = models.UUIDField(null=True)
    version_number = models.PositiveIntegerField(null=True)
    enterprise_epoch = models.BigIntegerField()
    department_epoch = models.BigIntegerField()
    pause_epoch = models.BigIntegerField()
    ruled_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=models.Q(answer__in=[answer.value for answer in Answer]),
                name="approvals_ruling_answer",
            ),
            models.CheckConstraint(
                condition=models.Q(quorum__gte=1), name="approvals_ruling_quorum"
            ),
        )
        indexes = (
            # rulings of a workflow in a window, by answer: numbers and unauthorised attempts
            models.Index(
                fields=("workflow", "ruled_at", "answer"),
                name="approvals_ruling_window",
            ),
            # numbers: the rows behind what was asked for, newest first
            models.Index(
                fields=("-ruled_at", "-id"),
                include=("workflow", "answer"),
                condition=models.Q(occasion="ASK"),
                name="approvals_ruling_newest",
            ),
        )
