"""Series that somebody imports: satisfaction, revenue, engagement. Never computed here.

A point is never changed: a correction is a later point of the same day, and the latest
one counts whose import was not undone.
"""

from django.db import models

from portal.accounts.models import Agent, Person
from portal.core.ids import new_id


class Series(models.Model):
    """One imported series: what it measures, where it comes from, who brings it."""

    class Better(models.TextChoices):
        UP = "up", "More is better"
        DOWN = "down", "Less is better"
        NEITHER = "neither", "Neither"

    class Sums(models.TextChoices):
        """How several points become one."""

        MEAN = "mean", "The mean, weighted by how many each point counts"
        SUM = "sum", "The sum"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    slug = models.SlugField(max_length=64, unique=True)
    name = models.CharField(max_length=80)
    unit = models.CharField(max_length=30, blank=True)
    better = models.CharField(
        max_length=8, choices=Better.choices, default=Better.NEITHER
    )
    sums = models.CharField(max_length=4, choices=Sums.choices, default=Sums.MEAN)
    source = models.CharField(max_length=120)
    # Who answers for it and may import it, beside administrators and the risk team.
    keeper = models.ForeignKey(
        Person, null=True, on_delete=models.PROTECT, related_name="+"
    )
    # The system that may put its points over the API.
    agent = models.ForeignKey(
        Agent, null=True, on_delete=models.PROTECT, related_name="+"
    )
    created_by = models.ForeignKey(
        Person, null=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=models.Q(better__in=("up", "down", "neither"))
                & models.Q(sums__in=("mean", "sum")),
                name="runs_series_words",
            ),
        )

    def __str__(self) -> str:
        return self.name


class SeriesImport(models.Model):
    """One file, one call or one command that brought points; it can be undone whole."""

    class State(models.TextChoices):
        UPLOADED = "UPLOADED", "Columns to be matched"
        TAKEN = "TAKEN", "Taken in"
        UNDONE = "UNDONE", "Undone"

    class How(models.TextChoices):
        FILE = "file", "a file"
        API = "api", "the API"
        COMMAND = "command", "the command line"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    series = models.ForeignKey(Series, on_delete=models.PROTECT, related_name="imports")
    how = models.CharField(max_length=7, choices=How.choices)
    file_name = models.CharField(max_length=200, blank=True)
    state = models.CharField(
        max_length=8, choices=State.choices, default=State.UPLOADED
    )
    # Sealed, and only until its rows are taken in.
    data = models.BinaryField(null=True)
    encoding = models.CharField(max_length=20, blank=True)
    delimiter = models.CharField(max_length=1, blank=True)
    mapping = models.JSONField(default=dict)
    order = models.CharField(max_length=3, blank=True)
    report = models.JSONField(default=list)
    counts = models.JSONField(default=dict)
    created_by = models.ForeignKey(
        Person, null=True, on_delete=models.PROTECT, related_name="+"
    )
    agent = models.ForeignKey(
        Agent, null=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField()
    taken_at = models.DateTimeField(null=True)
    undone_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=models.Q(state="UPLOADED", taken_at=None, undone_at=None)
                | models.Q(state="TAKEN", taken_at__isnull=False, undone_at=None)
                | models.Q(
                    state="UNDONE", taken_at__isnull=False, undone_at__isnull=False
                ),
                name="runs_seriesimport_moves",
            ),
        )
        indexes = (
            # the imports of one series, newest first
            models.Index(
                fields=("series", "-created_at", "-id"), name="runs_seriesimport_new"
            ),
        )


class SeriesPoint(models.Model):
    """One value on one day, of one workflow or of the whole company. Append-only."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    series = models.ForeignKey(
        Series, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    source = models.ForeignKey(
        SeriesImport, on_delete=models.PROTECT, related_name="points"
    )
    workflow = models.ForeignKey(
        "registry.Workflow", null=True, on_delete=models.PROTECT, db_index=False
    )
    on = models.DateField()
    value = models.DecimalField(max_digits=20, decimal_places=6)
    # How many answers, sales or people the value stands for; 1 where nobody says it.
    n = models.PositiveIntegerField(default=1)
    at = models.DateTimeField()

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=models.Q(n__gte=1), name="runs_seriespoint_counts"
            ),
        )
        indexes = (
            # the standing point of each day: the latest wins
            models.Index(
                fields=("series", "on", "workflow", "-at", "-id"),
                name="runs_seriespoint_latest",
            ),
        )
