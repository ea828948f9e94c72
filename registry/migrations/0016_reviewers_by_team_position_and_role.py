"""Reviewers by team, position and role, and the one view that says which people review."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

# Read by every ruling, so it is plain joins that a workflow's id can be pushed into.
FORWARDS = """
CREATE VIEW registry_standing_reviewer AS
SELECT named.id, named.workflow_id, p.id AS person_id, named.since
  FROM (SELECT r.id, r.workflow_id, r.person_id, r.since
          FROM registry_reviewer r
         WHERE r.person_id IS NOT NULL
        UNION ALL
        SELECT r.id, r.workflow_id, m.person_id, GREATEST(r.since, m.since)
          FROM registry_reviewer r JOIN accounts_teammember m ON m.team_id = r.team_id
        UNION ALL
        SELECT r.id, r.workflow_id, q.holder_id, GREATEST(r.since, q.since)
          FROM registry_reviewer r JOIN registry_position q ON q.id = r.position_id
        UNION ALL
        SELECT r.id, r.workflow_id, h.person_id, GREATEST(r.since, h.since)
          FROM registry_reviewer r
          JOIN registry_roleholding h
            ON h.workflow_id = r.workflow_id AND h.role = r.role
         WHERE r.role <> '') AS named
  JOIN accounts_person p ON p.id = named.person_id
 WHERE p.is_active AND registry_is_trained(p.id, 'reviewer')
"""
BACKWARDS = "DROP VIEW registry_standing_reviewer"


class Migration(migrations.Migration):
    dependencies = (
        ("accounts", "0003_teams_and_absences"),
        ("registry", "0015_working_time"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    )

    operations = (
        migrations.CreateModel(
            name="StandingReviewer",
            fields=[
                (
                    "id",
                    models.UUIDField(editable=False, primary_key=True, serialize=False),
                ),
                ("since", models.DateTimeField()),
            ],
            options={
                "db_table": "registry_standing_reviewer",
                "managed": False,
            },
        ),
        migrations.AddField(
            model_name="reviewer",
            name="position",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="reviews",
                to="registry.position",
            ),
        ),
        migrations.AddField(
            model_name="reviewer",
            name="role",
            field=models.CharField(
                blank=True,
                choices=[
                    ("business_owner", "Business owner"),
                    ("it_owner", "IT owner"),
                    ("risk_owner", "Risk owner"),
                    ("ai_product_owner", "AI product owner"),
                    ("escalation_owner", "Escalation owner"),
                ],
                max_length=20,
            ),
        ),
        migrations.AddField(
            model_name="reviewer",
            name="team",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="reviews",
                to="accounts.team",
            ),
        ),
        migrations.AddField(
            model_name="workflow",
            name="assigns_least_loaded",
            field=models.BooleanField(default=False),
        ),
        migrations.AlterField(
            model_name="reviewer",
            name="person",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddConstraint(
            model_name="reviewer",
            constraint=models.UniqueConstraint(
                fields=("workflow", "team"), name="registry_reviewer_team_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="reviewer",
            constraint=models.UniqueConstraint(
                fields=("workflow", "position"), name="registry_reviewer_position_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="reviewer",
            constraint=models.UniqueConstraint(
                condition=models.Q(("role", ""), _negated=True),
                fields=("workflow", "role"),
                name="registry_reviewer_role_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="reviewer",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        models.Q(("person__isnull", False)),
                        models.Q(("team__isnull", True)),
                        models.Q(("position__isnull", True)),
                        models.Q(("role", "")),
                    ),
                    models.Q(
                        models.Q(("person__isnull", True)),
                        models.Q(("team__isnull", False)),
                        models.Q(("position__isnull", True)),
                        models.Q(("role", "")),
                    ),
                    models.Q(
                        models.Q(("person__isnull", True)),
                        models.Q(("team__isnull", True)),
                        models.Q(("position__isnull", False)),
                        models.Q(("role", "")),
                    ),
                    models.Q(
                        models.Q(("person__isnull", True)),
                        models.Q(("team__isnull", True)),
                        models.Q(("position__isnull", True)),
                        models.Q(("role", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="registry_reviewer_is_one",
            ),
        ),
        migrations.AddConstraint(
            model_name="reviewer",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("role", ""),
                    (
                        "role__in",
                        [
                            "business_owner",
                            "it_owner",
                            "risk_owner",
                            "ai_product_owner",
                            "escalation_owner",
                        ],
                    ),
                    _connector="OR",
                ),
                name="registry_reviewer_role_known",
            ),
        ),
        migrations.RunSQL(FORWARDS, BACKWARDS),
    )
