"""A narrow row of facts beside each settled run, and the list of runs to count anew.

What settled before is put on that list; the sweep counts it in the background.
"""

import django.contrib.postgres.indexes
import django.db.models.deletion
from django.db import migrations, models

import portal.core.ids

BACKFILL = """
INSERT INTO runs_rundue (id, run_id, due_at)
SELECT gen_random_uuid(), id, coalesce(heard_at, last_event_at) + interval '15 minutes'
  FROM runs_run
 WHERE merged_into_id IS NULL AND (ended_at IS NOT NULL OR state = 'UNKNOWN')
"""


class Migration(migrations.Migration):
    dependencies = [
        ("registry", "0017_who_may_reveal"),
        ("runs", "0016_series_are_imported"),
    ]

    operations = [
        migrations.CreateModel(
            name="RunDue",
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
                ("run_id", models.UUIDField()),
                ("due_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="RunFact",
            fields=[
                (
                    "run",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="fact",
                        serialize=False,
                        to="runs.run",
                    ),
                ),
                ("on", models.DateField()),
                ("started_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField()),
                ("is_test", models.BooleanField()),
                ("case_type", models.CharField(blank=True, max_length=80)),
                ("case_hash", models.CharField(blank=True, max_length=32)),
                ("requester_hash", models.CharField(blank=True, max_length=32)),
                ("took_ms", models.BigIntegerField(null=True)),
                ("event_count", models.PositiveIntegerField()),
                ("version", models.PositiveSmallIntegerField()),
                ("measures", models.JSONField()),
                ("counted_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="TallyState",
            fields=[
                (
                    "id",
                    models.PositiveSmallIntegerField(
                        default=1, primary_key=True, serialize=False
                    ),
                ),
                ("zone", models.CharField(max_length=80)),
                ("version", models.PositiveSmallIntegerField()),
            ],
        ),
        migrations.AddField(
            model_name="reportedcost",
            name="has_passed_cap",
            field=models.BooleanField(default=False),
        ),
        migrations.AddIndex(
            model_name="reportedcost",
            index=models.Index(
                condition=models.Q(("has_passed_cap", True)),
                fields=["batch_id"],
                name="runs_cost_past_a_cap",
            ),
        ),
        migrations.AddIndex(
            model_name="rundue",
            index=models.Index(fields=["due_at", "id"], name="runs_due_next"),
        ),
        migrations.AddField(
            model_name="runfact",
            name="workflow",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="registry.workflow",
            ),
        ),
        migrations.AddConstraint(
            model_name="tallystate",
            constraint=models.CheckConstraint(
                condition=models.Q(("id", 1)), name="runs_tallystate_one"
            ),
        ),
        migrations.AddIndex(
            model_name="runfact",
            index=models.Index(
                fields=["-on", "-ended_at", "-run"],
                include=("workflow",),
                name="runs_fact_newest",
            ),
        ),
        migrations.AddIndex(
            model_name="runfact",
            index=models.Index(
                fields=["workflow", "-on", "-ended_at", "-run"],
                name="runs_fact_of_workflow",
            ),
        ),
        migrations.AddIndex(
            model_name="runfact",
            index=django.contrib.postgres.indexes.GinIndex(
                fields=["measures"],
                gin_pending_list_limit=1024,
                name="runs_fact_measures",
            ),
        ),
        migrations.AddIndex(
            model_name="runfact",
            index=models.Index(
                condition=models.Q(("is_test", False), ("took_ms__isnull", False)),
                fields=["workflow", "took_ms"],
                include=("on", "case_type"),
                name="runs_fact_took",
            ),
        ),
        migrations.AddIndex(
            model_name="runfact",
            index=models.Index(
                condition=models.Q(("case_hash", ""), _negated=True),
                fields=["workflow", "case_hash", "started_at"],
                name="runs_fact_of_case",
            ),
        ),
        migrations.AddIndex(
            model_name="runfact",
            index=models.Index(
                condition=models.Q(("requester_hash", ""), _negated=True),
                fields=["workflow", "requester_hash", "started_at"],
                name="runs_fact_of_requester",
            ),
        ),
        migrations.AddIndex(
            model_name="runfact",
            index=models.Index(
                condition=models.Q(("case_hash", ""), _negated=True),
                fields=["workflow", "case_hash", "ended_at", "run"],
                name="runs_fact_before_in_case",
            ),
        ),
        migrations.AddIndex(
            model_name="runfact",
            index=models.Index(
                condition=models.Q(("requester_hash", ""), _negated=True),
                fields=["workflow", "requester_hash", "ended_at"],
                name="runs_fact_asked_before",
            ),
        ),
        migrations.RunSQL(BACKFILL, migrations.RunSQL.noop),
    ]
