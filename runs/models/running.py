"""A run, what its events fold to, and the holds on it."""

from django.db import models

from portal.accounts.models import Agent, Person
from portal.core.ids import new_id


class RunState(models.TextChoices):
    RUNNING = "RUNNING", "Running"
    WAITING = "WAITING", "Waiting for a person"
    COMPLETED = "COMPLETED", "Completed"
    FAILED = "FAILED", "Failed"
    STOPPED = "STOPPED", "Stopped"
    CANCELLED = "CANCELLED", "Cancelled"
    UNKNOWN = "UNKNOWN", "Unknown"


class KnownBy(models.TextChoices):
    """How a run was first known: as its agent named it, or as telemetry let us guess."""

    RUN = "run", "Its own id"
    CONVERSATION = "conversation", "A conversation"
    TRACE = "trace", "A trace id"


class WholeRuns(models.Manager["Run"]):
    """Runs that are runs of their own: what was merged into another is left out."""

    def get_queryset(self) -> models.QuerySet["Run"]:
        return super().get_queryset().filter(merged_into=None)


class Run(models.Model):
    """One run of a workflow, known by the workflow and the agent's own id of it.

    `fold` is what its events add up to (`rules.folding`); the columns beside it are
    read out of it, so that lists and numbers need no JSON.

    A run that turned out to be part of another keeps its row and its name, which lead to
    that one (`merged_into`); `objects` no longer gives it, `every` does.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workflow = models.ForeignKey("registry.Workflow", on_delete=models.PROTECT)
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT)
    agent_run_id = models.CharField(max_length=128)
    state = models.CharField(
        max_length=9, choices=RunState.choices, default=RunState.RUNNING
    )
    created_at = models.DateTimeField()
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    last_event_at = models.DateTimeField()
    # By our own clock: when something last arrived, and until when silence is usual.
    heard_at = models.DateTimeField(null=True)
    quiet_until = models.DateTimeField(null=True)
    amended_at = models.DateTimeField(null=True)
    title = models.CharField(max_length=300, blank=True)
    answered = models.PositiveSmallIntegerField(default=0)
    event_count = models.PositiveIntegerField(default=0)
    retry_count = models.PositiveIntegerField(default=0)
    waited_seconds = models.PositiveIntegerField(default=0)
    unauthorised_count = models.PositiveIntegerField(default=0)
    cost_amount = models.DecimalField(max_digits=18, decimal_places=6, default=0)
    cost_currency = models.CharField(max_length=3, blank=True)
    amount_max = models.DecimalField(max_digits=18, decimal_places=2, null=True)
    amount_currency = models.CharField(max_length=3, blank=True)
    is_held = models.BooleanField(default=False)
    hold_reason = models.CharField(max_length=300, blank=True)
    is_flagged = models.BooleanField(default=False)
    is_test = models.BooleanField(default=False)
    fold = models.JSONField(default=dict)
    known_by = models.CharField(
        max_length=12, choices=KnownBy.choices, default=KnownBy.RUN
    )
    merged_into = models.ForeignKey(
        "self", null=True, on_delete=models.PROTECT, related_name="merged"
    )

    # No column: whether it was over before the events that are being folded in.
    was_settled = False

    objects = WholeRuns()
    every: models.Manager["Run"] = models.Manager()  # noqa: DJ012 - two managers

    class Meta:
        base_manager_name = "every"
        constraints = (
            models.UniqueConstraint(
                fields=("workflow", "agent_run_id"), name="runs_run_identity"
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=RunState.values), name="runs_run_state"
            ),
            models.CheckConstraint(
                condition=models.Q(answered__lte=7), name="runs_run_answered"
            ),
            models.CheckConstraint(
                condition=~models.Q(agent_run_id=""), name="runs_run_has_agent_run_id"
            ),
            models.CheckConstraint(
                condition=models.Q(is_held=False) | ~models.Q(hold_reason=""),
                name="runs_run_hold_has_reason",
            ),
        )
        indexes = (
            # the runs list, newest first, however it is narrowed: everything that a
            # filter asks is in the index, so that no run is read to be passed over
            models.Index(
                fields=("-started_at", "-id"),
                include=(
                    "workflow",
                    "agent",
                    "state",
                    "answered",
                    "is_held",
                    "is_flagged",
                    "unauthorised_count",
                    "retry_count",
                    "amount_max",
                    "amount_currency",
                    "amended_at",
                    "ended_at",
                ),
                condition=models.Q(merged_into=None),
                name="runs_run_newest",
            ),
            # the list's "with an unauthorised change" filter, which finds few
            models.Index(
                fields=("-started_at", "-id"),
                condition=models.Q(merged_into=None, unauthorised_count__gt=0),
                name="runs_run_unauthorised",
            ),
            # the runs list of one workflow, and its recent runs
            models.Index(
                fields=("workflow", "-started_at", "-id"), name="runs_run_of_workflow"
            ),
            # the runs list of one agent
            models.Index(
                fields=("agent", "-started_at", "-id"), name="runs_run_of_agent"
            ),
            # numbers and the weekly review: runs that ended in a period
            models.Index(
                fields=("workflow", "ended_at", "id"),
                condition=models.Q(ended_at__isnull=False),
                name="runs_run_ended",
            ),
            # the exceptions queue and the list's "held" filter
            models.Index(
                fields=("-started_at", "-id"),
                condition=models.Q(is_held=True),
                name="runs_run_held",
            ),
            # the sweep: runs that may have fallen silent
            models.Index(
                fields=("quiet_until", "id"),
                condition=models.Q(state="RUNNING", merged_into=None),
                name="runs_run_quiet",
            ),
        )


class Hold(models.Model):
    """A stop rule stopped this run. Only a person lifts it; time never does."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="holds")
    workflow = models.ForeignKey("registry.Workflow", on_delete=models.PROTECT)
    rule_key = models.CharField(max_length=120)
    sentence = models.CharField(max_length=300)
    placed_at = models.DateTimeField()
    placed_by_kind = models.CharField(max_length=10)
    placed_by_id = models.UUIDField()
    placed_by_name = models.CharField(max_length=120)
    resumed_at = models.DateTimeField(null=True)
    resumed_by = models.ForeignKey(
        Person, null=True, on_delete=models.PROTECT, related_name="+"
    )
    resume_reason = models.CharField(max_length=500, blank=True)
    # Stopped for good: the hold stays, and everything the run asks for is refused.
    stopped_at = models.DateTimeField(null=True)
    # Who looks into it; the workflow's escalation owner until somebody takes it on.
    taken_by = models.ForeignKey(
        Person, null=True, on_delete=models.PROTECT, related_name="+"
    )
    taken_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("run", "rule_key"),
                condition=models.Q(resumed_at=None),
                name="runs_hold_once_per_rule",
            ),
            models.CheckConstraint(
                condition=models.Q(resumed_at=None, resumed_by=None, resume_reason="")
                | (
                    models.Q(resumed_at__isnull=False, resumed_by__isnull=False)
                    & ~models.Q(resume_reason="")
                ),
                name="runs_hold_lifted_by_a_person_with_reason",
            ),
            models.CheckConstraint(
                condition=models.Q(resumed_at=None) | models.Q(stopped_at=None),
                name="runs_hold_lifted_or_stopped",
            ),
            models.CheckConstraint(
                condition=models.Q(taken_by=None, taken_at=None)
                | models.Q(taken_by__isnull=False, taken_at__isnull=False),
                name="runs_hold_taken_has_time",
            ),
        )
        indexes = (
            # the exceptions queue: what is held now, oldest first
            models.Index(
                fields=("workflow", "placed_at", "id"),
                condition=models.Q(resumed_at=None),
                name="runs_hold_open",
            ),
            # the queue of exceptions: what nobody has settled, oldest first
            models.Index(
                fields=("placed_at", "id"),
                condition=models.Q(resumed_at=None, stopped_at=None),
                name="runs_hold_waiting",
            ),
            # how many are alike, and the queue of one rule
            models.Index(
                fields=("workflow", "rule_key", "placed_at", "id"),
                condition=models.Q(resumed_at=None, stopped_at=None),
                name="runs_hold_alike",
            ),
            # what one person has taken on
            models.Index(
                fields=("taken_by", "placed_at", "id"),
                condition=models.Q(
                    resumed_at=None, stopped_at=None, taken_by__isnull=False
                ),
                name="runs_hold_taken",
            ),
            # how often each stop rule fired
            models.Index(
                fields=("workflow", "rule_key", "placed_at"), name="runs_hold_fired"
            ),
        )
