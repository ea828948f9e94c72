"""What every kept view of a list has: an owner, a name, filters; at most one is the default.

The registry's views and the inbox's filters are both this, each in a table of its own.
A removed one is kept, so that removing can be undone.
"""

from django.db import models

from portal.accounts.models import Person
from portal.core.ids import new_id


class KeptView(models.Model):
    """One kept view. Its filters are applied anew, with the rights of whoever opens it."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    owner = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=60)
    filters = models.JSONField(default=dict)
    is_default = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True
        constraints = (
            models.UniqueConstraint(
                fields=("owner", "name"),
                condition=models.Q(removed_at=None),
                name="%(app_label)s_view_name_once",
            ),
            models.UniqueConstraint(
                fields=("owner",),
                condition=models.Q(removed_at=None, is_default=True),
                name="%(app_label)s_one_default_view",
            ),
            models.CheckConstraint(
                condition=~models.Q(name=""), name="%(app_label)s_view_has_name"
            ),
        )

    def __str__(self) -> str:
        return self.name
