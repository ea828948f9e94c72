"""Backtests: what they rule with, how far they are, what they came to; and an index to read by."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import portal.core.ids


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("approvals", "0007_inbox_order_and_batches"),
    ]

    operations = [
        migrations.CreateModel(
            name="Backtest",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=portal.core.ids.new_id,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("version_id", models.UUIDField()),
                ("version_number", models.PositiveIntegerField()),
                ("document", models.BinaryField()),
                ("document_digest", models.CharField(max_length=80)),
                ("live_version_id", models.UUIDField(null=True)),
                ("live_number", models.PositiveIntegerField(null=True)),
                ("facts", models.JSONField()),
                ("days", models.PositiveIntegerField()),
                ("warm_since", models.DateTimeField(null=True)),
                ("since", models.DateTimeField(null=True)),
                ("until", models.DateTimeField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("WAITING", "Waiting to begin"),
                            ("RUNNING", "Running"),
                            ("DONE", "Finished"),
                            ("CANCELLED", "Stopped"),
                            ("FAILED", "Not finished"),
                        ],
                        default="WAITING",
                        max_length=10,
                    ),
                ),
                ("reason", models.CharField(blank=True, max_length=500)),
                ("total", models.PositiveIntegerField(null=True)),
                ("done", models.PositiveIntegerField(default=0)),
                ("attempts", models.PositiveIntegerField(default=0)),
                ("claim", models.PositiveIntegerField(default=0)),
                ("lease_until", models.DateTimeField(null=True)),
                ("result", models.JSONField(null=True)),
                ("result_digest", models.CharField(blank=True, max_length=80)),
                ("asked_at", models.DateTimeField()),
                ("started_at", models.DateTimeField(null=True)),
                ("finished_at", models.DateTimeField(null=True)),
                ("attached_as", models.PositiveIntegerField(null=True)),
                ("attached_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="BacktestChunk",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=portal.core.ids.new_id,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("number", models.PositiveIntegerField()),
                ("last_at", models.DateTimeField()),
                ("last_id", models.UUIDField()),
                ("part", models.JSONField()),
                ("takes", models.BinaryField()),
            ],
        ),
        migrations.CreateModel(
            name="BacktestRow",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=portal.core.ids.new_id,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("place", models.PositiveIntegerField()),
                ("run_id", models.UUIDField()),
                ("asked_at", models.DateTimeField()),
                ("verb", models.CharField(max_length=80)),
                ("system", models.CharField(max_length=80)),
                ("headline", models.CharField(max_length=400)),
                (
                    "amount",
                    models.DecimalField(decimal_places=6, max_digits=30, null=True),
                ),
                ("currency", models.CharField(blank=True, max_length=3)),
                (
                    "change",
                    models.CharField(
                        choices=[
                            ("allow", "allow"),
                            ("review", "review"),
                            ("escalate", "escalate"),
                            ("refuse", "refuse"),
                            ("same", "same"),
                        ],
                        max_length=16,
                    ),
                ),
                (
                    "verdict",
                    models.CharField(
                        choices=[
                            ("approved", "approved"),
                            ("edited", "edited"),
                            ("rejected", "rejected"),
                            ("responded", "responded"),
                            ("expired", "expired"),
                            ("withdrawn", "withdrawn"),
                            ("waiting", "waiting"),
                            ("alone", "alone"),
                            ("refused", "refused"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "answer_then",
                    models.CharField(
                        choices=[
                            ("allow", "allow"),
                            ("review", "review"),
                            ("escalate", "escalate"),
                            ("refuse", "refuse"),
                        ],
                        max_length=8,
                    ),
                ),
                ("version_then", models.PositiveIntegerField(null=True)),
                (
                    "answer_before",
                    models.CharField(
                        choices=[
                            ("allow", "allow"),
                            ("review", "review"),
                            ("escalate", "escalate"),
                            ("refuse", "refuse"),
                        ],
                        max_length=8,
                    ),
                ),
                (
                    "answer_after",
                    models.CharField(
                        choices=[
                            ("allow", "allow"),
                            ("review", "review"),
                            ("escalate", "escalate"),
                            ("refuse", "refuse"),
                        ],
                        max_length=8,
                    ),
                ),
                ("cause", models.CharField(max_length=40)),
                ("code_before", models.CharField(max_length=40)),
                ("text_before", models.TextField()),
                ("code_after", models.CharField(max_length=40)),
                ("text_after", models.TextField()),
            ],
        ),
        migrations.AddIndex(
            model_name="actionrequest",
            index=models.Index(
                fields=["workflow", "created_at", "id"], name="approvals_action_window"
            ),
        ),
        migrations.AddField(
            model_name="backtest",
            name="asked_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="backtest",
            name="attached_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="backtest",
            name="workflow",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="registry.workflow",
            ),
        ),
        migrations.AddField(
            model_name="backtestchunk",
            name="backtest",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="chunks",
                to="approvals.backtest",
            ),
        ),
        migrations.AddField(
            model_name="backtestrow",
            name="action_request",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="approvals.actionrequest",
            ),
        ),
        migrations.AddField(
            model_name="backtestrow",
            name="backtest",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="rows",
                to="approvals.backtest",
            ),
        ),
        migrations.AddIndex(
            model_name="backtest",
            index=models.Index(fields=["workflow", "-id"], name="approvals_backtests"),
        ),
        migrations.AddIndex(
            model_name="backtest",
            index=models.Index(
                condition=models.Q(("state__in", ("WAITING", "RUNNING"))),
                fields=["asked_at", "id"],
                name="approvals_backtest_waiting",
            ),
        ),
        migrations.AddConstraint(
            model_name="backtest",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state__in", ("WAITING", "RUNNING"))),
                fields=("workflow",),
                name="approvals_one_backtest_runs",
            ),
        ),
        migrations.AddConstraint(
            model_name="backtest",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("state__in", ["WAITING", "RUNNING", "DONE", "CANCELLED", "FAILED"])
                ),
                name="approvals_backtest_state",
            ),
        ),
        migrations.AddConstraint(
            model_name="backtest",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("finished_at__isnull", False),
                        ("result__isnull", False),
                        ("state", "DONE"),
                    ),
                    models.Q(
                        models.Q(("state", "DONE"), _negated=True),
                        ("attached_as", None),
                        ("result", None),
                    ),
                    _connector="OR",
                ),
                name="approvals_backtest_done_has_result",
            ),
        ),
        migrations.AddConstraint(
            model_name="backtestchunk",
            constraint=models.UniqueConstraint(
                fields=("backtest", "number"), name="approvals_backtest_chunk_once"
            ),
        ),
        migrations.AddIndex(
            model_name="backtestrow",
            index=models.Index(
                fields=["backtest", "change", "place"], name="approvals_backtest_change"
            ),
        ),
        migrations.AddConstraint(
            model_name="backtestrow",
            constraint=models.UniqueConstraint(
                fields=("backtest", "place"), name="approvals_backtest_row_place"
            ),
        ),
    ]
