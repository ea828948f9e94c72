"""Tables of the leaf tools: the outbox and the idempotency keys."""

from django.db import models

from portal.core.ids import new_id


class OutboxMessage(models.Model):
    """Something to do after the commit; written in the transaction that wants it done.

    The row is the truth, and a broker message is only a hint: a shutdown between the
    commit and `on_commit` loses the hint and never the row.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    topic = models.CharField(max_length=40)
    payload = models.JSONField(default=dict)
    created_at = models.DateTimeField()
    available_at = models.DateTimeField()
    attempts = models.PositiveIntegerField(default=0)
    delivered_at = models.DateTimeField(null=True)
    dead_at = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=300, blank=True)

    class Meta:
        indexes = (
            # the relay: what is due and not delivered, oldest first
            models.Index(
                fields=("available_at", "id"),
                condition=models.Q(delivered_at=None, dead_at=None),
                name="core_outbox_due",
            ),
            # the sweep that removes what was delivered long ago
            models.Index(
                fields=("delivered_at",),
                condition=models.Q(delivered_at__isnull=False),
                name="core_outbox_delivered",
            ),
        )


class IdempotencyRecord(models.Model):
    """The answer that was given to one key of one principal on one route."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    principal = models.CharField(max_length=80)
    route = models.CharField(max_length=120)
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=80)
    status = models.PositiveSmallIntegerField()
    document = models.TextField()
    created_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("principal", "route", "key"), name="core_idempotency_once"
            ),
        )
        indexes = (
            # the sweep that forgets keys after seven days
            models.Index(fields=("created_at",), name="core_idempotency_age"),
        )
