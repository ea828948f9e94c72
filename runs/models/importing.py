"""Change logs of systems that cannot post: the file, how it is read, and its rows."""

from django.db import models

from portal.accounts.models import Agent, Person
from portal.core.ids import new_id


class ChangeImport(models.Model):
    """One file with the changes of one system of record."""

    class State(models.TextChoices):
        UPLOADED = "UPLOADED", "Columns to be matched"
        CHECKED = "CHECKED", "Checked, nothing taken in yet"
        SENT = "SENT", "Taken in"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    source = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="+")
    file_name = models.CharField(max_length=200)
    digest = models.CharField(max_length=80)
    state = models.CharField(
        max_length=8, choices=State.choices, default=State.UPLOADED
    )
    # How the file is read: what a person chose, empty for "find out".
    encoding = models.CharField(max_length=20, blank=True)
    delimiter = models.CharField(max_length=1, blank=True)
    sheet = models.CharField(max_length=100, blank=True)
    header_line = models.PositiveIntegerField(default=0)
    mapping = models.JSONField(default=dict)
    # What the columns do not say: the system's name, the zone and order of its times.
    choices = models.JSONField(default=dict)
    counts = models.JSONField(default=dict)
    batches = models.JSONField(default=list)
    created_by = models.ForeignKey(
        Person, null=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=models.Q(state="SENT", sent_at__isnull=False)
                | models.Q(state__in=("UPLOADED", "CHECKED"), sent_at=None),
                name="runs_changeimport_sent_has_time",
            ),
        )
        indexes = (
            # the imports, newest first
            models.Index(fields=("-created_at", "-id"), name="runs_changeimport_new"),
        )


class ChangeFile(models.Model):
    """The bytes of a file until its rows are taken in."""

    source = models.OneToOneField(
        ChangeImport, primary_key=True, on_delete=models.CASCADE, related_name="file"
    )
    data = models.BinaryField()


class ChangeRow(models.Model):
    """What one row of a file comes to. `event_id` is made from what stands in it."""

    class Status(models.TextChoices):
        READY = "READY", "Would be taken in"
        REPEATED = "REPEATED", "Twice in the file"
        KNOWN = "KNOWN", "Taken in before"
        WRONG = "WRONG", "Wrong"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    source = models.ForeignKey(
        ChangeImport, on_delete=models.CASCADE, related_name="rows"
    )
    line = models.PositiveIntegerField()
    status = models.CharField(max_length=8, choices=Status.choices)
    event_id = models.CharField(max_length=128, blank=True)
    what = models.CharField(max_length=300, blank=True)
    reason = models.CharField(max_length=500, blank=True)
    event = models.JSONField(default=dict)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("source", "line"), name="runs_changerow_once"
            ),
        )
        indexes = (
            # the report, filtered by what becomes of the rows
            models.Index(
                fields=("source", "status", "line"), name="runs_changerow_status"
            ),
        )
