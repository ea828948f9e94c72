"""Calendars, review times and how long pauses lasted.

A workflow that is paused now has its spell from the moment it was paused.
"""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import portal.core.ids

FORWARDS = """
INSERT INTO registry_pausespell (id, workflow_id, paused_at)
SELECT gen_random_uuid(), id, paused_at FROM registry_workflow
 WHERE paused_at IS NOT NULL
"""


def _who(target: str, **more) -> models.ForeignKey:
    return models.ForeignKey(
        null=True,
        on_delete=django.db.models.deletion.PROTECT,
        related_name="+",
        to=target,
        **more,
    )


def _id() -> models.UUIDField:
    return models.UUIDField(
        default=portal.core.ids.new_id,
        editable=False,
        primary_key=True,
        serialize=False,
    )


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_people_and_agents"),
        ("registry", "0014_training"),
    ]

    operations = [
        migrations.CreateModel(
            name="WorkCalendar",
            fields=[
                ("id", _id()),
                ("scope", models.CharField(max_length=60, unique=True)),
                ("time_zone", models.CharField(max_length=64)),
                ("week", models.JSONField()),
                ("country", models.CharField(blank=True, max_length=3)),
                ("subdivision", models.CharField(blank=True, max_length=10)),
                ("closed_days", models.JSONField(default=list)),
                ("changed_at", models.DateTimeField()),
                ("changed_by", _who(settings.AUTH_USER_MODEL)),
                ("department", _who("accounts.department")),
            ],
        ),
        migrations.CreateModel(
            name="ReviewTimes",
            fields=[
                ("id", _id()),
                ("scope", models.CharField(max_length=60, unique=True)),
                ("times", models.JSONField()),
                ("ladder", models.JSONField(default=list)),
                ("changed_at", models.DateTimeField()),
                ("changed_by", _who(settings.AUTH_USER_MODEL)),
                ("department", _who("accounts.department")),
                ("workflow", _who("registry.workflow")),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("department", None))
                        | models.Q(("workflow", None)),
                        name="registry_times_one_scope",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="PauseSpell",
            fields=[
                ("id", _id()),
                ("paused_at", models.DateTimeField()),
                ("resumed_at", models.DateTimeField(null=True)),
                (
                    "workflow",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="spells",
                        to="registry.workflow",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        fields=["workflow", "resumed_at"], name="registry_pause_spells"
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("resumed_at", None)),
                        fields=("workflow",),
                        name="registry_one_open_pause",
                    )
                ],
            },
        ),
        migrations.RunSQL(FORWARDS, migrations.RunSQL.noop),
    ]
