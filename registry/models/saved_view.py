"""A view of the registry list that a person keeps: a name and what it is narrowed to."""

from django.db import models

from portal.accounts.models import Department, Person
from portal.core.ids import new_id


class SavedView(models.Model):
    """One kept view. Its filters are applied anew, with the rights of whoever opens it.

    `department` is who it is shared with, besides its owner. A removed one is kept, so
    that removing can be undone.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    owner = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=60)
    filters = models.JSONField(default=dict)
    department = models.ForeignKey(
        Department, null=True, on_delete=models.PROTECT, related_name="+"
    )
    is_default = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("owner", "name"),
                condition=models.Q(removed_at=None),
                name="registry_view_name_once",
            ),
            models.UniqueConstraint(
                fields=("owner",),
                condition=models.Q(removed_at=None, is_default=True),
                name="registry_one_default_view",
            ),
            models.CheckConstraint(
                condition=~models.Q(name=""), name="registry_view_has_name"
            ),
        )

    def __str__(self) -> str:
        return self.name
