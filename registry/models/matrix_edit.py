"""What each edit of a draft's matrix changed, so that it can be taken back."""

from django.db import models

from portal.accounts.models import Person
from portal.core.ids import new_id
from registry.models.version import OperatingModelVersion


class MatrixEdit(models.Model):
    """One step of editing: a cell, a pasted block, a tool. Kept as long as the draft is.

    `changes` holds each cell and tool with what it said before and after. An edit that
    was taken back stays, so that it can be made again. `touched_revision` is the save
    that made it, took it back or made it again last.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    version = models.ForeignKey(
        OperatingModelVersion, on_delete=models.CASCADE, related_name="matrix_edits"
    )
    revision = models.PositiveIntegerField()
    touched_revision = models.PositiveIntegerField()
    person = models.ForeignKey(
        Person, null=True, on_delete=models.PROTECT, related_name="+"
    )
    what = models.CharField(max_length=200)
    changes = models.JSONField()
    made_at = models.DateTimeField()
    undone_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("version", "revision"), name="registry_one_edit_a_revision"
            ),
        )
