"""What grants take from the caps of a workflow."""

from django.db import models

from portal.core.ids import new_id


class Budget(models.Model):
    """The row that is locked while a workflow's caps are read and reserved from."""

    workflow = models.OneToOneField(
        "registry.Workflow", on_delete=models.PROTECT, primary_key=True
    )


class SpendEntry(models.Model):
    """What one grant takes from one cap; and, with no cap, that it was issued at all.

    `grant_id` is no foreign key: grants live above this room.
    """

    class State(models.TextChoices):
        RESERVED = "RESERVED", "Reserved"
        SETTLED = "SETTLED", "Spent"
        RELEASED = "RELEASED", "Given back"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workflow = models.ForeignKey("registry.Workflow", on_delete=models.PROTECT)
    grant_id = models.UUIDField()
    cap_key = models.CharField(max_length=120, blank=True)
    amount = models.DecimalField(max_digits=20, decimal_places=6)
    system = models.CharField(max_length=60)
    verb = models.CharField(max_length=40)
    state = models.CharField(
        max_length=8, choices=State.choices, default=State.RESERVED
    )
    reserved_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("grant_id", "cap_key"), name="runs_spend_once_per_cap"
            ),
            models.CheckConstraint(
                condition=models.Q(amount__gte=0), name="runs_spend_not_negative"
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=("RESERVED", "SETTLED", "RELEASED")),
                name="runs_spend_state",
            ),
        )
        indexes = (
            # used_by_cap and day_counts: what counts in a window
            models.Index(
                fields=("workflow", "cap_key", "reserved_at"),
                condition=~models.Q(state="RELEASED"),
                include=("amount", "system", "verb"),
                name="runs_spend_window",
            ),
        )
