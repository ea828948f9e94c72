"""Changes that systems of record reported, and the incidents that came of them."""

from django.db import models

from portal.accounts.models import Agent, Person
from portal.core.ids import new_id
from runs.models.running import Run


class ReportedChange(models.Model):
    """One change as a system of record reported it, and whether a grant covers it.

    Kept whether or not a run is known: a system matches runs and never makes one. A
    change that no run is known of has no event (`event_id`) until it is matched.
    """

    class State(models.TextChoices):
        WAITING = "WAITING", "Not looked at yet"
        MATCHED = "MATCHED", "Covered by a grant"
        UNMATCHED = "UNMATCHED", "No grant covers it"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    source = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="+")
    source_event_id = models.CharField(max_length=128)
    batch_id = models.UUIDField()
    workflow = models.ForeignKey(
        "registry.Workflow", null=True, on_delete=models.PROTECT, related_name="+"
    )
    run = models.ForeignKey(
        Run, null=True, on_delete=models.PROTECT, related_name="reported_changes"
    )
    event_id = models.UUIDField(null=True)
    # What it named, where nothing here has that name.
    named_workflow = models.CharField(max_length=80, blank=True)
    named_run = models.CharField(max_length=128, blank=True)
    named_grant = models.CharField(max_length=64, blank=True)
    at = models.DateTimeField()
    received_at = models.DateTimeField()
    system = models.CharField(max_length=200)
    resource = models.CharField(max_length=401)
    field = models.CharField(max_length=200, blank=True)
    verb = models.CharField(max_length=200, blank=True)
    facts = models.JSONField(default=dict)
    state = models.CharField(max_length=9, choices=State.choices, default=State.WAITING)
    # No foreign key: grants live above this room.
    grant_id = models.UUIDField(null=True)
    judged_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("source", "source_event_id"), name="runs_change_once"
            ),
            # A grant is used once: no second change of the same thing under it.
            models.UniqueConstraint(
                fields=("grant_id", "resource", "field"),
                condition=models.Q(state="MATCHED"),
                name="runs_change_once_a_grant",
            ),
            models.CheckConstraint(
                condition=models.Q(state="MATCHED", grant_id__isnull=False)
                | models.Q(state__in=("WAITING", "UNMATCHED"), grant_id=None),
                name="runs_change_matched_has_grant",
            ),
            models.CheckConstraint(
                condition=models.Q(run=None, event_id=None)
                | models.Q(run__isnull=False, event_id__isnull=False),
                name="runs_change_run_has_event",
            ),
        )
        indexes = (
            # the matching: what nobody has looked at, oldest first
            models.Index(
                fields=("received_at", "id"),
                condition=models.Q(state="WAITING"),
                name="runs_change_waiting",
            ),
            # looking again at what did not match, while it is fresh
            models.Index(
                fields=("judged_at", "id"),
                condition=models.Q(state="UNMATCHED"),
                name="runs_change_unmatched",
            ),
            # numbers: how many were looked at, by workflow and day
            models.Index(fields=("workflow", "at"), name="runs_change_day"),
            # was a change taken back later?
            models.Index(
                fields=("workflow", "resource", "at"), name="runs_change_of_resource"
            ),
        )


class Incident(models.Model):
    """Something was done that no grant covers. Open until a person settles it.

    `actions` is how many actions it stands for. What people did about it is kept in
    IncidentNote, which only grows; the columns here are what the notes add up to.
    """

    class Kind(models.TextChoices):
        CHANGE = "CHANGE", "A system reported a change"
        TOLD = "TOLD", "The agent told of it itself"

    class State(models.TextChoices):
        OPEN = "OPEN", "Open"
        EXPLAINED = "EXPLAINED", "Explained"
        CONFIRMED = "CONFIRMED", "Confirmed unauthorised"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    kind = models.CharField(max_length=6, choices=Kind.choices)
    workflow = models.ForeignKey(
        "registry.Workflow", null=True, on_delete=models.PROTECT, related_name="+"
    )
    run = models.ForeignKey(
        Run, null=True, on_delete=models.PROTECT, related_name="incidents"
    )
    change = models.OneToOneField(
        ReportedChange, null=True, on_delete=models.PROTECT, related_name="incident"
    )
    code = models.CharField(max_length=40)
    headline = models.CharField(max_length=300)
    why = models.CharField(max_length=500)
    system = models.CharField(max_length=200, blank=True)
    actions = models.PositiveIntegerField(default=1)
    state = models.CharField(max_length=9, choices=State.choices, default=State.OPEN)
    happened_at = models.DateTimeField()
    opened_at = models.DateTimeField()
    taken_by = models.ForeignKey(
        Person, null=True, on_delete=models.PROTECT, related_name="+"
    )
    taken_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=models.Q(kind="CHANGE", change__isnull=False)
                | models.Q(kind="TOLD", change=None, run__isnull=False),
                name="runs_incident_of_what",
            ),
            models.UniqueConstraint(
                fields=("run",),
                condition=models.Q(kind="TOLD"),
                name="runs_incident_told_once",
            ),
            models.CheckConstraint(
                condition=models.Q(state="OPEN", settled_at=None)
                | models.Q(
                    state__in=("EXPLAINED", "CONFIRMED"), settled_at__isnull=False
                ),
                name="runs_incident_settled_has_time",
            ),
            models.CheckConstraint(
                condition=models.Q(taken_by=None, taken_at=None)
                | models.Q(taken_by__isnull=False, taken_at__isnull=False),
                name="runs_incident_taken_has_time",
            ),
        )
        indexes = (
            # the list, newest first
            models.Index(fields=("-opened_at", "-id"), name="runs_incident_newest"),
            # the list and the numbers of one workflow
            models.Index(
                fields=("workflow", "happened_at", "id"), name="runs_incident_of"
            ),
            # the bands of a workflow and a run
            models.Index(
                fields=("workflow", "-opened_at"),
                condition=models.Q(state="OPEN"),
                name="runs_incident_open",
            ),
        )


class IncidentNote(models.Model):
    """One thing that was done about an incident. Rows are never changed."""

    class Kind(models.TextChoices):
        OPENED = "OPENED", "opened it"
        TAKEN = "TAKEN", "took it on"
        EXPLAINED = "EXPLAINED", "explained it"
        CONFIRMED = "CONFIRMED", "confirmed that nobody allowed it"
        REOPENED = "REOPENED", "opened it again"
        HEALED = "HEALED", "found the grant that covers it"
        GREW = "GREW", "found more of the same"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    incident = models.ForeignKey(
        Incident, on_delete=models.PROTECT, related_name="notes"
    )
    kind = models.CharField(max_length=9, choices=Kind.choices)
    # Nobody: the portal itself opened it, or found the grant.
    person = models.ForeignKey(
        Person, null=True, on_delete=models.PROTECT, related_name="+"
    )
    reason_code = models.CharField(max_length=40, blank=True)
    text = models.CharField(max_length=1000, blank=True)
    evidence = models.CharField(max_length=1000, blank=True)
    noted_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=~models.Q(kind__in=("EXPLAINED", "CONFIRMED", "REOPENED"))
                | (models.Q(person__isnull=False) & ~models.Q(text="")),
                name="runs_incident_settled_by_a_person_with_reason",
            ),
            models.CheckConstraint(
                condition=~models.Q(kind="EXPLAINED")
                | (~models.Q(reason_code="") & ~models.Q(evidence="")),
                name="runs_incident_explained_with_evidence",
            ),
        )
        indexes = (
            # what was done about one incident, oldest first
            models.Index(
                fields=("incident", "noted_at", "id"), name="runs_incident_notes"
            ),
        )


class ReportedCost(models.Model):
    """What agents told that a workflow cost, batch by batch; it counts against caps."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workflow = models.ForeignKey(
        "registry.Workflow", on_delete=models.PROTECT, related_name="+", db_index=False
    )
    batch_id = models.UUIDField()
    currency = models.CharField(max_length=3)
    amount = models.DecimalField(max_digits=24, decimal_places=6)
    reported_at = models.DateTimeField()
    # With this a cap was passed: the runs that told it left their rulebook.
    has_passed_cap = models.BooleanField(default=False)

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=models.Q(amount__gte=0), name="runs_cost_not_negative"
            ),
        )
        indexes = (
            # what was told within the window of a cap
            models.Index(
                fields=("workflow", "currency", "reported_at"),
                include=("amount",),
                name="runs_cost_window",
            ),
            # which runs passed a cap
            models.Index(
                fields=("batch_id",),
                condition=models.Q(has_passed_cap=True),
                name="runs_cost_past_a_cap",
            ),
        )
