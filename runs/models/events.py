"""What happened in a run, and the inbox that agents' events come through."""

from django.db import models

from portal.accounts.models import Agent
from portal.core.ids import new_id
from runs.models.running import Run


class Provenance(models.TextChoices):
    ENFORCED = "ENFORCED", "Enforced"
    CONFIRMED = "CONFIRMED", "Confirmed"
    REPORTED = "REPORTED", "Reported"
    INFERRED = "INFERRED", "Inferred"


class RunEvent(models.Model):
    """One thing that happened, in the run's one order. Append-only.

    The table is partitioned by the run's id, so that a run lies in one partition and
    forgetting old runs is dropping a partition; the migration says how.
    """

    pk = models.CompositePrimaryKey("run_id", "id")
    run = models.ForeignKey(
        Run, on_delete=models.PROTECT, related_name="events", db_index=False
    )
    id = models.UUIDField(default=new_id, editable=False)
    workflow = models.ForeignKey(
        "registry.Workflow", on_delete=models.PROTECT, db_index=False
    )
    kind = models.CharField(max_length=40)
    at = models.DateTimeField()
    received_at = models.DateTimeField()
    provenance = models.CharField(max_length=9, choices=Provenance.choices)
    source_id = models.UUIDField()
    source_name = models.CharField(max_length=120)
    source_event_id = models.CharField(max_length=128, blank=True)
    batch_id = models.UUIDField(null=True)
    is_late = models.BooleanField(default=False)
    facts = models.JSONField(default=dict)

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=models.Q(provenance__in=Provenance.values),
                name="runs_event_provenance",
            ),
        )
        indexes = (
            # numbers: the rows behind a figure of one workflow and period
            models.Index(fields=("workflow", "kind", "at"), name="runs_event_kind"),
            # the narrative of one run, a part at a time; plumbing has no line in it
            models.Index(
                fields=("run", "at", "id"),
                condition=~models.Q(kind__in=("model.called", "cost", "span")),
                name="runs_event_told",
            ),
        )


class EventKey(models.Model):
    """One event per (source, the source's event id), whatever its timestamp or run."""

    pk = models.CompositePrimaryKey("source_id", "source_event_id")
    source_id = models.UUIDField()
    source_event_id = models.CharField(max_length=128)
    run_id = models.UUIDField()
    event_id = models.UUIDField()


class InboxBatch(models.Model):
    """The bytes that an agent sent, committed before it was told "accepted".

    Swept by state, never by id: sequence order is not commit order.
    """

    class State(models.TextChoices):
        PENDING = "PENDING", "Waiting to be read"
        DONE = "DONE", "Read"
        DEAD = "DEAD", "Could not be read"

    class Form(models.TextChoices):
        NATIVE = "NATIVE", "Events"
        CLOUDEVENTS = "CLOUDEVENTS", "CloudEvents"
        OTLP = "OTLP", "OpenTelemetry"
        OPENAI = "OPENAI", "OpenAI Agents"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT)
    key_id = models.UUIDField(null=True)
    form = models.CharField(max_length=12, choices=Form.choices, default=Form.NATIVE)
    content_type = models.CharField(max_length=100)
    raw = models.BinaryField()
    # SHA-256 of telemetry, so that the same bytes sent again are the same batch.
    digest = models.CharField(max_length=64, blank=True, default="")
    received_at = models.DateTimeField()
    state = models.CharField(max_length=7, choices=State.choices, default=State.PENDING)
    lease_until = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    reason = models.CharField(max_length=300, blank=True)
    # Of telemetry: how many spans came. One span may tell several events or none yet.
    span_count = models.PositiveIntegerField(default=0)
    event_count = models.PositiveIntegerField()
    accepted = models.PositiveIntegerField(default=0)
    duplicate = models.PositiveIntegerField(default=0)
    rejected = models.JSONField(default=list)
    # Spans that belong to no known run yet; a person can place them.
    quarantined = models.PositiveIntegerField(default=0)
    late = models.PositiveIntegerField(default=0)
    # What it carried, by which the agent's page says what is missing (rules.integrating).
    traits = models.JSONField(default=dict)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=models.Q(state="PENDING", finished_at=None)
                | models.Q(state__in=("DONE", "DEAD"), finished_at__isnull=False),
                name="runs_batch_finished_when_done",
            ),
            models.CheckConstraint(
                condition=~models.Q(state="DEAD") | ~models.Q(reason=""),
                name="runs_batch_dead_has_reason",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    form__in=("NATIVE", "CLOUDEVENTS", "OTLP", "OPENAI")
                ),
                name="runs_batch_form",
            ),
        )
        indexes = (
            # the worker: what waits, oldest first
            models.Index(
                fields=("received_at", "id"),
                condition=models.Q(state="PENDING"),
                name="runs_batch_pending",
            ),
            # redrive and the dead-letter page
            models.Index(
                fields=("finished_at", "id"),
                condition=models.Q(state="DEAD"),
                name="runs_batch_dead",
            ),
            # the agent's page: what it sent lately
            models.Index(fields=("agent", "-received_at"), name="runs_batch_of_agent"),
            # the door of telemetry: were these very bytes here before?
            models.Index(
                fields=("key_id", "digest"),
                condition=~models.Q(digest=""),
                name="runs_batch_same_bytes",
            ),
        )
