"""A hold is lifted or stopped for good, and somebody looks into it."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("registry", "0016_reviewers_by_team_position_and_role"),
        ("runs", "0004_reviews_are_begun_and_weeks_frozen"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="hold",
            name="stopped_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="hold",
            name="taken_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="hold",
            name="taken_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddIndex(
            model_name="hold",
            index=models.Index(
                condition=models.Q(("resumed_at", None), ("stopped_at", None)),
                fields=["placed_at", "id"],
                name="runs_hold_waiting",
            ),
        ),
        migrations.AddIndex(
            model_name="hold",
            index=models.Index(
                condition=models.Q(("resumed_at", None), ("stopped_at", None)),
                fields=["workflow", "rule_key", "placed_at", "id"],
                name="runs_hold_alike",
            ),
        ),
        migrations.AddIndex(
            model_name="hold",
            index=models.Index(
                condition=models.Q(
                    ("resumed_at", None),
                    ("stopped_at", None),
                    ("taken_by__isnull", False),
                ),
                fields=["taken_by", "placed_at", "id"],
                name="runs_hold_taken",
            ),
        ),
        migrations.AddConstraint(
            model_name="hold",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("resumed_at", None), ("stopped_at", None), _connector="OR"
                ),
                name="runs_hold_lifted_or_stopped",
            ),
        ),
        migrations.AddConstraint(
            model_name="hold",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("taken_at", None), ("taken_by", None)),
                    models.Q(("taken_at__isnull", False), ("taken_by__isnull", False)),
                    _connector="OR",
                ),
                name="runs_hold_taken_has_time",
            ),
        ),
    ]
