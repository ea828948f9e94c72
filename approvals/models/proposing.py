"""What people are asked, in immutable versions, and how they decide and move it."""

from django.db import models

from approvals.models.asking import ActionRequest, AuthorityRecord
from approvals.rules.moves import RESOLUTIONS, UNDECIDED, ProposalState
from portal.accounts.models import Agent, Person
from portal.core.ids import new_id
from registry.rules.rulebook import DecidedBy

STATES = [(state.value, state.value.lower()) for state in ProposalState]
IS_UNDECIDED = models.Q(state__in=sorted(state.value for state in UNDECIDED))


class Audience(models.TextChoices):
    """Whom a proposal waits for."""

    REVIEWERS = DecidedBy.REVIEWERS.value, "the reviewers"
    BUSINESS_OWNER = DecidedBy.BUSINESS_OWNER.value, "the business owner"
    RISK_OWNER = DecidedBy.RISK_OWNER.value, "the risk owner"
    ESCALATION_OWNER = DecidedBy.ESCALATION_OWNER.value, "the escalation owner"


class Proposal(models.Model):
    """A request that waits for people. Its state moves only along the published table."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    action_request = models.ForeignKey(
        ActionRequest, on_delete=models.PROTECT, related_name="proposals"
    )
    workflow = models.ForeignKey(
        "registry.Workflow", on_delete=models.PROTECT, related_name="+"
    )
    run_id = models.UUIDField()
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="+")
    agent_name = models.CharField(max_length=120)
    verb = models.CharField(max_length=80)
    system = models.CharField(max_length=80)
    authority_record = models.ForeignKey(
        AuthorityRecord, on_delete=models.PROTECT, related_name="+"
    )
    reopens = models.ForeignKey(
        "self", null=True, on_delete=models.PROTECT, related_name="reopened_as"
    )
    state = models.CharField(
        max_length=10, choices=STATES, default=ProposalState.OPEN.value
    )
    audience = models.CharField(max_length=20, choices=Audience.choices)
    risk = models.CharField(max_length=6)
    risk_rank = models.PositiveSmallIntegerField()
    # How many twenties of the agent's own stood before it, at its risk, when it opened:
    # a flood queues behind everybody's first twenty.
    crowd = models.PositiveSmallIntegerField(default=0)
    quorum = models.PositiveSmallIntegerField()
    # The way to an approval, and where on it this stands. `audience` and `quorum` are
    # those of the current stage. Empty is one stage of these two.
    stages = models.JSONField(default=list)
    stage = models.PositiveSmallIntegerField(default=1)
    version_number = models.PositiveIntegerField(default=1)
    headline = models.CharField(max_length=400)
    amount = models.DecimalField(null=True, max_digits=30, decimal_places=6)
    currency = models.CharField(max_length=3, blank=True)
    due_at = models.DateTimeField()
    clock_stopped_at = models.DateTimeField(null=True)
    # The window that runs: its step of the ladder, its length, and where its hours are
    # counted ("" is round the clock; from `counts_from` on they run without a break).
    rung = models.PositiveSmallIntegerField(default=0)
    window_seconds = models.PositiveIntegerField(null=True)
    clock_zone = models.CharField(max_length=64, blank=True, default="")
    counts_from = models.DateTimeField(null=True)
    # Pauses up to this moment, and of this epoch, are counted into `due_at`.
    settled_at = models.DateTimeField(null=True)
    settled_epoch = models.BigIntegerField(default=0)
    remind_at = models.DateTimeField(null=True)
    reminded = models.PositiveSmallIntegerField(default=0)
    escalated_at = models.DateTimeField(null=True)
    # The code that decided the ruling: with the verb and the system, what makes
    # escalations alike.
    cause = models.CharField(max_length=80, blank=True, default="")
    claimed_by = models.ForeignKey(
        Person, null=True, on_delete=models.PROTECT, related_name="+"
    )
    claimed_at = models.DateTimeField(null=True)
    assigned_to = models.ForeignKey(
        Person, null=True, on_delete=models.PROTECT, related_name="+"
    )
    assigned_at = models.DateTimeField(null=True)
    resolved_at = models.DateTimeField(null=True)
    resolved_by = models.ForeignKey(
        Person, null=True, on_delete=models.PROTECT, related_name="+"
    )
    reason_code = models.CharField(max_length=60, blank=True)
    message = models.TextField(blank=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("action_request",),
                condition=IS_UNDECIDED,
                name="approvals_one_open_proposal",
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=[state.value for state in ProposalState]),
                name="approvals_proposal_state",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    state__in=sorted(state.value for state in RESOLUTIONS),
                    resolved_at__isnull=False,
                )
                | IS_UNDECIDED & models.Q(resolved_at=None),
                name="approvals_resolved_has_time",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    state=ProposalState.ASKED.value, clock_stopped_at__isnull=False
                )
                | ~models.Q(state=ProposalState.ASKED.value),
                name="approvals_asked_stops_clock",
            ),
            models.CheckConstraint(
                condition=models.Q(quorum__gte=1), name="approvals_proposal_quorum"
            ),
            models.CheckConstraint(
                condition=models.Q(audience__in=Audience.values),
                name="approvals_proposal_audience",
            ),
            models.CheckConstraint(
                condition=models.Q(assigned_to=None, assigned_at=None)
                | models.Q(assigned_to__isnull=False, assigned_at__isnull=False),
                name="approvals_assigned_has_time",
            ),
        )
        indexes = (
            # what is open with one person: their tab, and how busy they are
            models.Index(
                fields=("assigned_to", "-risk_rank", "due_at", "id"),
                condition=IS_UNDECIDED & models.Q(assigned_to__isnull=False),
                name="approvals_assigned",
            ),
            # when a person was last given one
            models.Index(
                fields=("assigned_to", "-assigned_at"),
                condition=models.Q(assigned_to__isnull=False),
                name="approvals_last_assigned",
            ),
            # the inbox over all workflows: highest risk first, each agent's first twenty
            # before any agent's flood, then least time left
            models.Index(
                fields=("-risk_rank", "crowd", "due_at", "id"),
                condition=IS_UNDECIDED,
                name="approvals_inbox",
            ),
            # the inbox of one workflow
            models.Index(
                fields=("workflow", "-risk_rank", "crowd", "due_at", "id"),
                condition=IS_UNDECIDED,
                name="approvals_inbox_workflow",
            ),
            # how many of one agent wait at one risk: its crowd, and the agent filter
            models.Index(
                fields=("agent", "-risk_rank", "crowd", "due_at", "id"),
                condition=IS_UNDECIDED,
                name="approvals_inbox_agent",
            ),
            # the sweep: what is due while its clock runs
            models.Index(
                fields=("due_at", "id"),
                condition=models.Q(state=ProposalState.OPEN.value),
                name="approvals_due",
            ),
            # the sweep: who is to be reminded
            models.Index(
                fields=("remind_at", "id"),
                condition=models.Q(
                    state=ProposalState.OPEN.value, remind_at__isnull=False
                ),
                name="approvals_remind",
            ),
            # the queue of exceptions: what is escalated, oldest first
            models.Index(
                fields=("escalated_at", "id"),
                condition=IS_UNDECIDED & models.Q(escalated_at__isnull=False),
                name="approvals_escalated",
            ),
            # how many escalations are alike, and the queue of one kind
            models.Index(
                fields=("workflow", "cause", "system", "verb", "escalated_at", "id"),
                condition=IS_UNDECIDED & models.Q(escalated_at__isnull=False),
                name="approvals_escalated_alike",
            ),
            # how the last escalations alike were decided
            models.Index(
                fields=("workflow", "cause", "system", "verb", "-resolved_at", "-id"),
                condition=models.Q(
                    resolved_at__isnull=False, escalated_at__isnull=False
                ),
                name="approvals_escalated_before",
            ),
            # numbers: when escalations began and ended, and what makes them alike
            models.Index(
                fields=("workflow", "escalated_at"),
                include=("resolved_at", "state", "cause", "system", "verb"),
                condition=models.Q(escalated_at__isnull=False),
                name="approvals_escalated_sums",
            ),
            # numbers: which approvals were taken back
            models.Index(
                fields=("reopens",),
                condition=models.Q(reopens__isnull=False),
                name="approvals_reopens",
            ),
            # the decided tab, newest first
            models.Index(
                fields=("-resolved_at", "-id"),
                condition=models.Q(resolved_at__isnull=False),
                name="approvals_decided",
            ),
        )


class ProposalVersion(models.Model):
    """The exact bytes that a decision is about. An edit is a new version with no votes."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    proposal = models.ForeignKey(
        Proposal, on_delete=models.PROTECT, related_name="versions"
    )
    number = models.PositiveIntegerField()
    action = models.BinaryField()
    digest = models.CharField(max_length=80)
    headline = models.CharField(max_length=400)
    authority_record = models.ForeignKey(
        AuthorityRecord, on_delete=models.PROTECT, related_name="+"
    )
    edited_by = models.ForeignKey(
        Person, null=True, on_delete=models.PROTECT, related_name="+"
    )
    is_widening = models.BooleanField(default=False)
    # Whether it changes an amount, a resource, a recipient or the verb of what the agent
    # asked; None where nobody worked it out.
    is_material = models.BooleanField(null=True)
    changes = models.JSONField(default=list)
    created_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("proposal", "number"), name="approvals_version_once"
            ),
            models.CheckConstraint(
                condition=models.Q(number__gte=1), name="approvals_version_number"
            ),
        )


class Decision(models.Model):
    """One person's answer to one version, with the digest that they saw."""

    class Verdict(models.TextChoices):
        APPROVE = "APPROVE", "approved"
        EDIT = "EDIT", "edited and approved"
        REJECT = "REJECT", "rejected"
        RESPOND = "RESPOND", "responded"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    version = models.ForeignKey(
        ProposalVersion, on_delete=models.PROTECT, related_name="decisions"
    )
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    # Whose place this person took, when they decided as somebody's stand-in.
    acting_for = models.ForeignKey(
        Person, null=True, on_delete=models.PROTECT, related_name="+"
    )
    # For which stage this person spoke, and how they said again that it is they.
    stage = models.PositiveSmallIntegerField(default=1)
    confirmed_by = models.CharField(max_length=12, blank=True)
    verdict = models.CharField(max_length=8, choices=Verdict.choices)
    digest = models.CharField(max_length=80)
    reason_code = models.CharField(max_length=60, blank=True)
    message = models.TextField(blank=True)
    evidence_opened = models.PositiveSmallIntegerField()
    evidence_total = models.PositiveSmallIntegerField()
    decided_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("version", "person"), name="approvals_decision_once"
            ),
            models.CheckConstraint(
                condition=models.Q(verdict__in=("APPROVE", "EDIT"))
                | ~models.Q(reason_code="")
                | ~models.Q(message=""),
                name="approvals_decision_says_why",
            ),
            models.CheckConstraint(
                condition=~models.Q(acting_for=models.F("person")),
                name="approvals_decision_for_another",
            ),
        )
        indexes = (
            # what one person decided, newest first
            models.Index(
                fields=("person", "-decided_at", "-id"),
                name="approvals_decision_person",
            ),
        )


class Move(models.Model):
    """Anything done with a proposal that is not a Decision; whoever moves may decide."""

    class Kind(models.TextChoices):
        ASKED = "ASKED", "asked the agent"
        ANSWERED = "ANSWERED", "answered"
        ESCALATED = "ESCALATED", "escalated"
        CLAIMED = "CLAIMED", "took this on"
        ASSIGNED = "ASSIGNED", "assigned this"
        RETURNED = "RETURNED", "gave this back"
        COMMENTED = "COMMENTED", "commented"
        UNDONE = "UNDONE", "took the approval back"
        EXPIRED = "EXPIRED", "let the time run out"
        REMINDED = "REMINDED", "reminded"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    proposal = models.ForeignKey(
        Proposal, on_delete=models.PROTECT, related_name="moves"
    )
    kind = models.CharField(max_length=10, choices=Kind.choices)
    actor_kind = models.CharField(max_length=10)
    actor_id = models.UUIDField()
    actor_name = models.CharField(max_length=120)
    # Whom it is about: the person that a proposal was assigned to.
    concerned = models.ForeignKey(
        Person, null=True, on_delete=models.PROTECT, related_name="+"
    )
    text = models.TextField(blank=True)
    evidence = models.JSONField(default=list)
    # The ids of the people whom a comment names with @; each may see the workflow.
    mentions = models.JSONField(default=list)
    moved_at = models.DateTimeField()

    class Meta:
        indexes = (
            # the conversation on one card, oldest first
            models.Index(fields=("proposal", "moved_at", "id"), name="approvals_moves"),
        )


class EvidenceOpening(models.Model):
    """A person opened one piece of evidence; the first time counts."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    proposal = models.ForeignKey(
        Proposal, on_delete=models.PROTECT, related_name="openings"
    )
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    position = models.PositiveSmallIntegerField()
    opened_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("proposal", "person", "position"),
                name="approvals_opening_once",
            ),
        )
