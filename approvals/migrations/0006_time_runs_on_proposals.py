"""The window that runs, its pauses and reminders, and who put a proposal away."""

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

import portal.core.ids


def _id() -> models.UUIDField:
    return models.UUIDField(
        default=portal.core.ids.new_id,
        editable=False,
        primary_key=True,
        serialize=False,
    )


def _of_proposal(name: str) -> models.ForeignKey:
    return models.ForeignKey(
        on_delete=django.db.models.deletion.PROTECT,
        related_name=name,
        to="approvals.proposal",
    )


_COLUMNS = {
    "rung": models.PositiveSmallIntegerField(default=0),
    "window_seconds": models.PositiveIntegerField(null=True),
    "clock_zone": models.CharField(blank=True, default="", max_length=64),
    "counts_from": models.DateTimeField(null=True),
    "settled_at": models.DateTimeField(null=True),
    "settled_epoch": models.BigIntegerField(default=0),
    "remind_at": models.DateTimeField(null=True),
    "reminded": models.PositiveSmallIntegerField(default=0),
}


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("approvals", "0005_stages_and_break_glass"),
    ]

    operations = [
        *(
            migrations.AddField(model_name="proposal", name=name, field=field)
            for name, field in _COLUMNS.items()
        ),
        migrations.AddIndex(
            model_name="proposal",
            index=models.Index(
                condition=models.Q(remind_at__isnull=False, state="OPEN"),
                fields=["remind_at", "id"],
                name="approvals_remind",
            ),
        ),
        migrations.CreateModel(
            name="Reminder",
            fields=[
                ("id", _id()),
                ("rung", models.PositiveSmallIntegerField()),
                ("percent", models.PositiveSmallIntegerField()),
                (
                    "person_ids",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.UUIDField(), size=None
                    ),
                ),
                ("due_at", models.DateTimeField()),
                ("reminded_at", models.DateTimeField()),
                ("proposal", _of_proposal("reminders")),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("proposal", "rung", "percent"),
                        name="approvals_reminder_once",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Snooze",
            fields=[
                ("id", _id()),
                ("rung", models.PositiveSmallIntegerField()),
                ("version_number", models.PositiveIntegerField()),
                ("until", models.DateTimeField()),
                (
                    "set_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now()
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("proposal", _of_proposal("snoozes")),
            ],
            options={
                "indexes": [
                    models.Index(fields=["person", "until"], name="approvals_snoozed")
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("person", "proposal"), name="approvals_snooze_once"
                    )
                ],
            },
        ),
    ]
