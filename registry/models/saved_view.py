"""A view of the registry list that a person keeps: a name and what it is narrowed to."""

from django.db import models

from portal.accounts.kept_views import KeptView
from portal.accounts.models import Department


class SavedView(KeptView):
    """One kept view. `department` is who it is shared with, besides its owner."""

    department = models.ForeignKey(
        Department, null=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta(KeptView.Meta):
        pass
