"""Which telemetry belongs to which run, what could not be placed, and what nobody mapped."""

from django.db import models

from portal.accounts.models import Agent, Person
from portal.core.ids import new_id
from runs.models.events import InboxBatch
from runs.models.running import Run

KEY_LENGTH_MAX = 128


class LinkRule(models.TextChoices):
    """Why a trace belongs to its run, the strongest first."""

    PERSON = "person", "A person placed it"
    RUN = "run", "It names the run"
    MINTED = "minted", "It carries an id that this portal gave out"
    LINK = "link", "It points at a trace of the run"
    CONVERSATION = "conversation", "It is of the same conversation"
    TRACE = "trace", "Known by its trace id only"


class RunLink(models.Model):
    """A trace or a conversation leads to a run of a workflow, by a rule.

    The row of a trace is also the lock under which two workers agree on its run; without a
    run it is only claimed.
    """

    class Kind(models.TextChoices):
        TRACE = "TRACE", "A trace"
        CONVERSATION = "CONVERSATION", "A conversation"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workflow = models.ForeignKey(
        "registry.Workflow", on_delete=models.PROTECT, db_index=False
    )
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, db_index=False)
    kind = models.CharField(max_length=12, choices=Kind.choices)
    key = models.CharField(max_length=KEY_LENGTH_MAX)
    run = models.ForeignKey(
        Run, null=True, on_delete=models.PROTECT, related_name="links"
    )
    rule = models.CharField(max_length=12, choices=LinkRule.choices, blank=True)
    linked_at = models.DateTimeField()
    seen_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("workflow", "key"),
                condition=models.Q(kind="TRACE"),
                name="runs_link_of_trace",
            ),
            models.UniqueConstraint(
                fields=("workflow", "agent", "key", "run"),
                condition=models.Q(kind="CONVERSATION"),
                name="runs_link_of_conversation",
            ),
        )
        indexes = (
            # the workflow of a trace whose sender names none
            models.Index(fields=("agent", "key"), name="runs_link_of_agent"),
        )


class RunMerge(models.Model):
    """Two runs turned out to be one. Append-only; its row is what lets events move."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workflow = models.ForeignKey("registry.Workflow", on_delete=models.PROTECT)
    source = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="left_by")
    target = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="took_in")
    rule = models.CharField(max_length=12, choices=LinkRule.choices)
    reason = models.CharField(max_length=300)
    by_kind = models.CharField(max_length=10)
    by_id = models.UUIDField()
    by_name = models.CharField(max_length=120)
    events = models.PositiveIntegerField()
    at = models.DateTimeField()


class UnplacedTrace(models.Model):
    """A trace of an agent that could not be placed in a run; a person places or dismisses it."""

    class State(models.TextChoices):
        OPEN = "OPEN", "Waits for a person"
        PLACED = "PLACED", "Placed"
        DISMISSED = "DISMISSED", "Dismissed"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, db_index=False)
    trace_id = models.CharField(max_length=KEY_LENGTH_MAX)
    why = models.CharField(max_length=40)
    named = models.CharField(max_length=120, blank=True)
    conversation = models.CharField(max_length=KEY_LENGTH_MAX, blank=True)
    first_span = models.CharField(max_length=200, blank=True)
    spans = models.PositiveIntegerField(default=0)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    state = models.CharField(max_length=9, choices=State.choices, default=State.OPEN)
    workflow = models.ForeignKey(
        "registry.Workflow", null=True, on_delete=models.PROTECT, related_name="+"
    )
    run = models.ForeignKey(
        Run, null=True, on_delete=models.PROTECT, related_name="placed_traces"
    )
    settled_at = models.DateTimeField(null=True)
    settled_by = models.ForeignKey(
        Person, null=True, on_delete=models.PROTECT, related_name="+"
    )
    reason = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("agent", "trace_id"), name="runs_unplaced_once"
            ),
            models.CheckConstraint(
                condition=models.Q(state="OPEN", settled_at=None)
                | models.Q(state__in=("PLACED", "DISMISSED"), settled_at__isnull=False),
                name="runs_unplaced_settled",
            ),
            models.CheckConstraint(
                condition=~models.Q(state="DISMISSED") | ~models.Q(reason=""),
                name="runs_unplaced_reason",
            ),
        )
        indexes = (
            # the page, and the count beside it: what waits, newest first
            models.Index(
                fields=("-last_at", "-id"),
                condition=models.Q(state="OPEN"),
                name="runs_unplaced_open",
            ),
        )


class UnplacedPart(models.Model):
    """How many spans of an unplaced trace lie in one batch, whose bytes are kept."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    trace = models.ForeignKey(
        UnplacedTrace, on_delete=models.PROTECT, related_name="parts", db_index=False
    )
    batch = models.ForeignKey(InboxBatch, on_delete=models.PROTECT, related_name="+")
    spans = models.PositiveIntegerField(default=0)
    span_ids = models.JSONField(default=list)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("trace", "batch"), name="runs_unplaced_part_once"
            ),
        )


class UnmappedTool(models.Model):
    """A tool that an agent used and the rulebook does not map: a task for the owner."""

    class State(models.TextChoices):
        OPEN = "OPEN", "Waits to be mapped"
        MAPPED = "MAPPED", "Mapped"
        DISMISSED = "DISMISSED", "Dismissed"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workflow = models.ForeignKey(
        "registry.Workflow", on_delete=models.PROTECT, db_index=False
    )
    name = models.CharField(max_length=200)
    calls = models.PositiveIntegerField(default=0)
    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="+")
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    state = models.CharField(max_length=9, choices=State.choices, default=State.OPEN)
    settled_at = models.DateTimeField(null=True)
    settled_by = models.ForeignKey(
        Person, null=True, on_delete=models.PROTECT, related_name="+"
    )
    reason = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("workflow", "name"), name="runs_unmapped_once"
            ),
            models.CheckConstraint(
                condition=models.Q(state="OPEN", settled_at=None)
                | models.Q(state__in=("MAPPED", "DISMISSED"), settled_at__isnull=False),
                name="runs_unmapped_settled",
            ),
            models.CheckConstraint(
                condition=~models.Q(state="DISMISSED") | ~models.Q(reason=""),
                name="runs_unmapped_reason",
            ),
        )
        indexes = (
            # the tasks of a workflow, and the count on the start page
            models.Index(
                fields=("workflow", "-last_at"),
                condition=models.Q(state="OPEN"),
                name="runs_unmapped_open",
            ),
        )
