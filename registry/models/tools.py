"""Which tools of agents the company retired, and which of those it approved again."""

from django.db import models

from portal.accounts.models import Person
from portal.core.ids import new_id


class ToolChange(models.Model):
    """One tool was retired or approved again; its highest number is in force.

    A tool is a name in a system, as pages map it; `tool_id` is made of both. One that
    never stood here is approved.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    tool_id = models.UUIDField()
    system = models.CharField(max_length=60)
    name = models.TextField()
    number = models.PositiveIntegerField()
    is_approved = models.BooleanField()
    reason = models.CharField(max_length=300, blank=True)
    changed_at = models.DateTimeField()
    changed_by = models.ForeignKey(
        Person, null=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("tool_id", "number"), name="registry_tool_change_once"
            ),
            models.CheckConstraint(
                condition=models.Q(is_approved=True, number__gt=1)
                | (models.Q(is_approved=False) & ~models.Q(reason="")),
                name="registry_tool_retired_says_why",
            ),
        )
