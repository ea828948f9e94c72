"""Where agents are told of changes, what they were told, and how each attempt went."""

from django.db import models

from approvals.models.asking import ActionRequest
from portal.accounts.models import Department, Person
from portal.core.ids import new_id


class CallbackEndpoint(models.Model):
    """One receiver, by the name that an action gives as its `callback`.

    It belongs to one workflow, or to a department and so to each of its workflows. The
    secret is derived from its number and stored nowhere; while it rotates two sign.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workflow = models.ForeignKey(
        "registry.Workflow", null=True, on_delete=models.PROTECT, related_name="+"
    )
    department = models.ForeignKey(
        Department, null=True, on_delete=models.PROTECT, related_name="+"
    )
    name = models.CharField(max_length=80)
    url = models.CharField(max_length=500)
    is_on = models.BooleanField(default=True)
    off_reason = models.CharField(max_length=300, blank=True)
    off_at = models.DateTimeField(null=True)
    off_by = models.ForeignKey(
        Person, null=True, on_delete=models.PROTECT, related_name="+"
    )
    secret_number = models.PositiveIntegerField(default=1)
    secret_at = models.DateTimeField()
    previous_until = models.DateTimeField(null=True)
    failing_since = models.DateTimeField(null=True)
    failures = models.PositiveIntegerField(default=0)
    waits_until = models.DateTimeField(null=True)
    last_delivered_at = models.DateTimeField(null=True)
    created_by = models.ForeignKey(
        Person, null=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=models.Q(workflow=None) ^ models.Q(department=None),
                name="approvals_endpoint_one_place",
            ),
            models.UniqueConstraint(
                fields=("workflow", "name"), name="approvals_endpoint_of_workflow"
            ),
            models.UniqueConstraint(
                fields=("department", "name"), name="approvals_endpoint_of_department"
            ),
            models.CheckConstraint(
                condition=models.Q(is_on=True, off_at=None)
                | models.Q(is_on=False, off_at__isnull=False),
                name="approvals_endpoint_off_has_time",
            ),
            models.CheckConstraint(
                condition=models.Q(secret_number__gte=1),
                name="approvals_endpoint_secret",
            ),
        )


class Delivery(models.Model):
    """One message to one receiver. Its id and its words never change, however often it is sent."""

    class State(models.TextChoices):
        WAITING = "WAITING", "waits to be sent"
        DELIVERED = "DELIVERED", "delivered"
        DEAD = "DEAD", "given up"
        CANCELLED = "CANCELLED", "overtaken"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    endpoint = models.ForeignKey(
        CallbackEndpoint, on_delete=models.PROTECT, related_name="deliveries"
    )
    action_request = models.ForeignKey(
        ActionRequest, null=True, on_delete=models.PROTECT, related_name="deliveries"
    )
    workflow = models.ForeignKey(
        "registry.Workflow", null=True, on_delete=models.PROTECT, related_name="+"
    )
    grant_id = models.UUIDField(null=True)
    event = models.CharField(max_length=40)
    payload = models.TextField()
    state = models.CharField(
        max_length=10, choices=State.choices, default=State.WAITING
    )
    attempts = models.PositiveIntegerField(default=0)
    tries = models.PositiveIntegerField(default=0)
    due_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    resent_by = models.ForeignKey(
        Person, null=True, on_delete=models.PROTECT, related_name="+"
    )
    last_status = models.PositiveSmallIntegerField(null=True)
    last_error = models.CharField(max_length=200, blank=True)
    occurred_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=models.Q(
                    state__in=("WAITING", "DELIVERED", "DEAD", "CANCELLED")
                ),
                name="approvals_delivery_state",
            ),
            models.CheckConstraint(
                condition=models.Q(state="WAITING", ended_at=None)
                | ~models.Q(state="WAITING") & models.Q(ended_at__isnull=False),
                name="approvals_delivery_ended_has_time",
            ),
        )
        indexes = (
            # the sender: what is due, oldest first
            models.Index(
                fields=("due_at", "id"),
                condition=models.Q(state="WAITING"),
                name="approvals_delivery_due",
            ),
            # the page of a workflow, newest first
            models.Index(
                fields=("workflow", "-occurred_at", "-id"),
                name="approvals_delivery_page",
            ),
            # the page over all workflows, newest first
            models.Index(fields=("-occurred_at", "-id"), name="approvals_delivery_all"),
            # what is overtaken when its grant ends unused
            models.Index(
                fields=("grant_id",),
                condition=models.Q(state="WAITING", grant_id__isnull=False),
                name="approvals_delivery_grant",
            ),
        )


class DeliveryAttempt(models.Model):
    """One call that came back, or did not. What the receiver wrote is not kept."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    delivery = models.ForeignKey(
        Delivery, on_delete=models.PROTECT, related_name="calls"
    )
    number = models.PositiveIntegerField()
    began_at = models.DateTimeField()
    milliseconds = models.PositiveIntegerField()
    status = models.PositiveSmallIntegerField(null=True)
    error = models.CharField(max_length=200, blank=True)
    asked_by = models.ForeignKey(
        Person, null=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("delivery", "number"), name="approvals_attempt_once"
            ),
        )
