"""What runs are found by: a covering index of the list, a narrow row of tokens, kept views.

The rows of the runs that are there already are written in batches, each its own
transaction; a second run of this migration goes on where the first one stopped.
"""

import json
from uuid import UUID

import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import portal.core.ids
from runs.rules.finding import tokens_of

BATCH = 2_000
# Who took part by id, and in which systems: what folds made before did not remember.
REMEMBER = """
WITH chosen AS (
    SELECT r.id FROM runs_run r
     WHERE r.id > %(after)s AND r.merged_into_id IS NULL AND NOT EXISTS (
        SELECT FROM runs_runindex i WHERE i.run_id = r.id)
     ORDER BY r.id LIMIT %(batch)s
), people AS (
    SELECT e.run_id, jsonb_agg(DISTINCT doing || ':' || e.source_id) AS listed
      FROM runs_runevent e JOIN chosen ON chosen.id = e.run_id
     CROSS JOIN LATERAL (
        SELECT 'did'
        UNION ALL SELECT 'decided' WHERE e.kind IN ('decided', 'edited')
        UNION ALL SELECT 'asked' WHERE e.kind = 'question'
        UNION ALL SELECT 'approved' WHERE e.facts->>'verdict' ~ '^(approve|edit)'
     ) AS doings (doing)
     WHERE e.provenance = 'ENFORCED' AND e.kind IN ('decided', 'edited', 'question',
        'escalated', 'revoked', 'glass_broken', 'resumed', 'stopped', 'flagged')
     GROUP BY e.run_id
), systems AS (
    SELECT e.run_id, jsonb_agg(DISTINCT left(system, 60)) AS listed
      FROM runs_runevent e JOIN chosen ON chosen.id = e.run_id
     CROSS JOIN LATERAL (
        SELECT coalesce(nullif(e.facts->>'system', ''), e.facts->'mapped'->>'system')
     ) AS named (system)
     WHERE e.provenance <> 'ENFORCED' AND system <> ''
     GROUP BY e.run_id
), folded AS (
    UPDATE runs_run r SET fold = r.fold || jsonb_strip_nulls(jsonb_build_object(
        'people', people.listed, 'systems', systems.listed))
      FROM chosen LEFT JOIN people ON people.run_id = chosen.id
      LEFT JOIN systems ON systems.run_id = chosen.id
     WHERE r.id = chosen.id
    RETURNING r.id, r.title, r.agent_run_id, r.fold
)
SELECT id, title, agent_run_id, fold FROM folded ORDER BY id
"""
INDEX = """
INSERT INTO runs_runindex (run_id, workflow_id, started_at, tokens)
SELECT r.id, r.workflow_id, r.started_at, array_to_tsvector(string_to_array(told.tokens, ' '))
  FROM unnest(%s::uuid[], %s::text[]) AS told (id, tokens) JOIN runs_run r ON r.id = told.id
ON CONFLICT (run_id) DO NOTHING
"""


def backfill(apps, schema_editor) -> None:
    del apps
    after = UUID(int=0)
    with schema_editor.connection.cursor() as cursor:
        while True:
            cursor.execute(REMEMBER, {"after": after, "batch": BATCH})
            rows = cursor.fetchall()
            if not rows:
                return
            found = [
                " ".join(tokens_of(_read(fold), title=title, agent_run_id=name))
                for _, title, name, fold in rows
            ]
            cursor.execute(INDEX, [[row[0] for row in rows], found])
            after = rows[-1][0]


def _read(fold: object) -> dict:
    return json.loads(fold) if isinstance(fold, str) else fold


class Migration(migrations.Migration):
    atomic = False

    dependencies = (
        ("registry", "0016_reviewers_by_team_position_and_role"),
        ("runs", "0009_what_is_hidden"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    )

    operations = (
        migrations.CreateModel(
            name="RunIndex",
            fields=[
                (
                    "run",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="index",
                        serialize=False,
                        to="runs.run",
                    ),
                ),
                ("started_at", models.DateTimeField()),
                ("tokens", django.contrib.postgres.search.SearchVectorField()),
                (
                    "workflow",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="registry.workflow",
                    ),
                ),
            ],
            options={
                "indexes": [
                    django.contrib.postgres.indexes.GinIndex(
                        fields=["tokens"],
                        gin_pending_list_limit=1024,
                        name="runs_index_tokens",
                    ),
                    models.Index(
                        fields=["-started_at", "-run"],
                        include=("workflow",),
                        name="runs_index_newest",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="RunView",
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
                ("name", models.CharField(max_length=60)),
                ("filters", models.JSONField(default=dict)),
                ("is_default", models.BooleanField(default=False)),
                ("created_at", models.DateTimeField()),
                ("removed_at", models.DateTimeField(null=True)),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "abstract": False,
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("removed_at", None)),
                        fields=("owner", "name"),
                        name="runs_view_name_once",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("is_default", True), ("removed_at", None)),
                        fields=("owner",),
                        name="runs_one_default_view",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("name", ""), _negated=True),
                        name="runs_view_has_name",
                    ),
                ],
            },
        ),
        migrations.RemoveIndex(model_name="run", name="runs_run_newest"),
        migrations.AddIndex(
            model_name="run",
            index=models.Index(
                fields=["-started_at", "-id"],
                include=(
                    "workflow",
                    "agent",
                    "state",
                    "answered",
                    "is_held",
                    "is_flagged",
                    "unauthorised_count",
                    "retry_count",
                    "amount_max",
                    "amount_currency",
                    "amended_at",
                    "ended_at",
                ),
                condition=models.Q(("merged_into", None)),
                name="runs_run_newest",
            ),
        ),
        migrations.AddIndex(
            model_name="run",
            index=models.Index(
                condition=models.Q(
                    ("merged_into", None), ("unauthorised_count__gt", 0)
                ),
                fields=["-started_at", "-id"],
                name="runs_run_unauthorised",
            ),
        ),
        migrations.RunPython(backfill, migrations.RunPython.noop),
    )
