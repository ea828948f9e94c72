"""Numbers by workflow and day, counted from what was really inserted."""

from django.db import models

from portal.core.ids import new_id


class Tally(models.Model):
    """One measure of one workflow on one day."""

    pk = models.CompositePrimaryKey("workflow_id", "on", "measure")
    workflow = models.ForeignKey(
        "registry.Workflow", on_delete=models.PROTECT, db_index=False
    )
    on = models.DateField()
    measure = models.CharField(max_length=80)
    value = models.DecimalField(max_digits=24, decimal_places=6)


class TallyDelta(models.Model):
    """An addition to a tally, not yet added.

    Written by the transaction that inserted the events and added up by the worker: so
    rulings of one workflow do not queue for one row of a table.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workflow = models.ForeignKey(
        "registry.Workflow", on_delete=models.PROTECT, db_index=False
    )
    on = models.DateField()
    measure = models.CharField(max_length=80)
    value = models.DecimalField(max_digits=24, decimal_places=6)
