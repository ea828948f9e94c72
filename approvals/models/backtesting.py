"""Backtests: another rulebook tried on what was really asked, and what came of it."""

from django.db import models

from approvals.models.asking import ANSWERS, ActionRequest
from approvals.rules.backtests import Change, Verdict
from portal.accounts.models import Person
from portal.core.ids import new_id

CHANGES = [(change.value, change.value) for change in Change]
VERDICTS = [(verdict.value, verdict.value) for verdict in Verdict]


class BacktestState(models.TextChoices):
    WAITING = "WAITING", "Waiting to begin"
    RUNNING = "RUNNING", "Running"
    DONE = "DONE", "Finished"
    CANCELLED = "CANCELLED", "Stopped"
    FAILED = "FAILED", "Not finished"


UNFINISHED = (BacktestState.WAITING.value, BacktestState.RUNNING.value)


class Backtest(models.Model):
    """One rulebook against one stretch of a workflow's requests.

    Everything that it rules with is kept in it: the words of the draft, the version that
    was live, the catalogue and the ceilings. So it comes to the same however often it is
    interrupted. Its steps are journalled; `done` and `lease_until` are only progress.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workflow = models.ForeignKey(
        "registry.Workflow", on_delete=models.PROTECT, related_name="+"
    )
    # A draft can be discarded, so the version is named and not pointed at.
    version_id = models.UUIDField()
    version_number = models.PositiveIntegerField()
    document = models.BinaryField()
    document_digest = models.CharField(max_length=80)
    live_version_id = models.UUIDField(null=True)
    live_number = models.PositiveIntegerField(null=True)
    facts = models.JSONField()
    days = models.PositiveIntegerField()
    warm_since = models.DateTimeField(null=True)
    since = models.DateTimeField(null=True)
    until = models.DateTimeField()
    state = models.CharField(
        max_length=10, choices=BacktestState.choices, default=BacktestState.WAITING
    )
    reason = models.CharField(max_length=500, blank=True)
    total = models.PositiveIntegerField(null=True)
    done = models.PositiveIntegerField(default=0)
    attempts = models.PositiveIntegerField(default=0)
    claim = models.PositiveIntegerField(default=0)
    lease_until = models.DateTimeField(null=True)
    result = models.JSONField(null=True)
    result_digest = models.CharField(max_length=80, blank=True)
    asked_by = models.ForeignKey(
        Person, null=True, on_delete=models.PROTECT, related_name="+"
    )
    asked_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    attached_as = models.PositiveIntegerField(null=True)
    attached_by = models.ForeignKey(
        Person, null=True, on_delete=models.PROTECT, related_name="+"
    )
    attached_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("workflow",),
                condition=models.Q(state__in=UNFINISHED),
                name="approvals_one_backtest_runs",
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=BacktestState.values),
                name="approvals_backtest_state",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    state="DONE", result__isnull=False, finished_at__isnull=False
                )
                | ~models.Q(state="DONE") & models.Q(result=None, attached_as=None),
                name="approvals_backtest_done_has_result",
            ),
        )
        indexes = (
            # the backtests of a workflow, newest first
            models.Index(fields=("workflow", "-id"), name="approvals_backtests"),
            # the worker's look for what waits
            models.Index(
                fields=("asked_at", "id"),
                condition=models.Q(state__in=UNFINISHED),
                name="approvals_backtest_waiting",
            ),
        )


class BacktestChunk(models.Model):
    """What one stretch of a running backtest came to: where it stopped, what it counted.

    `takes` is what each rulebook counted against its caps. Together the chunks are the
    whole state of a backtest that is not finished; when it is, they are removed.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    backtest = models.ForeignKey(
        Backtest, on_delete=models.CASCADE, related_name="chunks"
    )
    number = models.PositiveIntegerField()
    last_at = models.DateTimeField()
    last_id = models.UUIDField()
    part = models.JSONField()
    takes = models.BinaryField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("backtest", "number"), name="approvals_backtest_chunk_once"
            ),
        )


class BacktestRow(models.Model):
    """One past request as both rulebooks answer it, with what people had decided."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    backtest = models.ForeignKey(
        Backtest, on_delete=models.CASCADE, related_name="rows"
    )
    place = models.PositiveIntegerField()
    action_request = models.ForeignKey(
        ActionRequest, on_delete=models.PROTECT, related_name="+"
    )
    run_id = models.UUIDField()
    asked_at = models.DateTimeField()
    verb = models.CharField(max_length=80)
    system = models.CharField(max_length=80)
    headline = models.CharField(max_length=400)
    amount = models.DecimalField(null=True, max_digits=30, decimal_places=6)
    currency = models.CharField(max_length=3, blank=True)
    change = models.CharField(max_length=16, choices=CHANGES)
    verdict = models.CharField(max_length=10, choices=VERDICTS)
    answer_then = models.CharField(max_length=8, choices=ANSWERS)
    version_then = models.PositiveIntegerField(null=True)
    answer_before = models.CharField(max_length=8, choices=ANSWERS)
    answer_after = models.CharField(max_length=8, choices=ANSWERS)
    cause = models.CharField(max_length=40)
    code_before = models.CharField(max_length=40)
    text_before = models.TextField()
    code_after = models.CharField(max_length=40)
    text_after = models.TextField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("backtest", "place"), name="approvals_backtest_row_place"
            ),
        )
        indexes = (
            # the rows of one change, in the order in which they were asked
            models.Index(
                fields=("backtest", "change", "place"), name="approvals_backtest_change"
            ),
        )
