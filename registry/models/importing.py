"""Imports of an inventory: the file as it came, what was chosen, and what became of each row."""

from django.db import models

from portal.accounts.models import Department, Person
from portal.core.ids import new_id
from registry.models.workflow import Workflow


class ImportState(models.TextChoices):
    UPLOADED = "UPLOADED", "Columns to be matched"
    CHECKED = "CHECKED", "Checked, nothing registered yet"
    APPLYING = "APPLYING", "Being registered"
    APPLIED = "APPLIED", "Registered"
    FAILED = "FAILED", "Not registered"
    UNDONE = "UNDONE", "Taken back"


class RowStatus(models.TextChoices):
    READY = "READY", "Would be registered"
    MADE = "MADE", "Registered"
    UNDONE = "UNDONE", "Taken back"
    KEPT = "KEPT", "Stays"
    REPEATED = "REPEATED", "Twice in the file"
    KNOWN = "KNOWN", "Already registered"
    WRONG = "WRONG", "Wrong"
    LEFT_OUT = "LEFT_OUT", "Left out"


class InventoryImport(models.Model):
    """One file and how it is read. The steps of it are journalled; its progress is not.

    `done` and `lease_until` are written beside the transaction that registers, so that
    they can be seen while it runs; what they say is never relied on.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    file_name = models.CharField(max_length=200)
    digest = models.CharField(max_length=80)
    size_bytes = models.PositiveIntegerField()
    state = models.CharField(
        max_length=10, choices=ImportState.choices, default=ImportState.UPLOADED
    )
    # How the file is read: what a person chose, empty for "find out".
    encoding = models.CharField(max_length=20, blank=True)
    delimiter = models.CharField(max_length=1, blank=True)
    sheet = models.CharField(max_length=100, blank=True)
    header_line = models.PositiveIntegerField(default=0)
    # What its columns and its departments mean.
    mapping = models.JSONField(default=dict)
    departments = models.JSONField(default=dict)
    default_department = models.ForeignKey(
        Department, null=True, on_delete=models.PROTECT, related_name="+"
    )
    template = models.CharField(max_length=60, blank=True)
    counts = models.JSONField(default=dict)
    reason = models.CharField(max_length=500, blank=True)
    done = models.PositiveIntegerField(default=0)
    attempts = models.PositiveIntegerField(default=0)
    lease_until = models.DateTimeField(null=True)
    created_by = models.ForeignKey(
        Person, null=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField()
    asked_at = models.DateTimeField(null=True)
    applied_at = models.DateTimeField(null=True)
    undone_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=models.Q(state__in=ImportState.values),
                name="registry_import_state",
            ),
            models.CheckConstraint(
                condition=~models.Q(state__in=("APPLIED", "UNDONE"))
                | models.Q(applied_at__isnull=False),
                name="registry_import_applied_at",
            ),
        )
        indexes = (
            # one's own imports, newest first
            models.Index(fields=("created_by", "-id"), name="registry_import_own"),
            # the worker's look for what waits
            models.Index(
                fields=("asked_at",),
                condition=models.Q(state="APPLYING"),
                name="registry_import_waiting",
            ),
        )


class InventoryFile(models.Model):
    """The bytes of an import as they came, so that it can be resumed elsewhere."""

    source = models.OneToOneField(
        InventoryImport, primary_key=True, on_delete=models.CASCADE, related_name="file"
    )
    data = models.BinaryField()


class InventoryRow(models.Model):
    """What one row of a file comes to, and the workflow that it became.

    `draft` is what the check found, and what is registered: nothing is read twice.
    `entries` counts the journal entries that its registration left; one more means that
    somebody has touched the workflow since.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    source = models.ForeignKey(
        InventoryImport, on_delete=models.CASCADE, related_name="rows"
    )
    line = models.PositiveIntegerField()
    status = models.CharField(max_length=8, choices=RowStatus.choices)
    name = models.CharField(max_length=120, blank=True)
    identifier = models.CharField(max_length=200, blank=True)
    reason = models.CharField(max_length=1000, blank=True)
    draft = models.JSONField(default=dict)
    notes = models.JSONField(default=list)
    workflow = models.OneToOneField(
        Workflow,
        null=True,
        on_delete=models.PROTECT,
        related_name="inventory_row",
    )
    entries = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("source", "line"), name="registry_inventory_row_once"
            ),
            models.CheckConstraint(
                condition=models.Q(status__in=RowStatus.values),
                name="registry_inventory_row_status",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    status__in=("MADE", "UNDONE", "KEPT"), workflow__isnull=False
                )
                | (
                    ~models.Q(status__in=("MADE", "UNDONE", "KEPT"))
                    & models.Q(workflow__isnull=True)
                ),
                name="registry_inventory_row_made",
            ),
        )
        indexes = (
            # the report, filtered by what becomes of the rows
            models.Index(
                fields=("source", "status", "line"), name="registry_inventory_status"
            ),
            # "was this number imported before?"
            models.Index(
                fields=("identifier",),
                condition=models.Q(status__in=("MADE", "KEPT")),
                name="registry_inventory_number",
            ),
        )
