"""Imports of inventories, and workflows that were withdrawn."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import portal.core.ids


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_people_and_agents"),
        ("registry", "0009_evidence_is_signed"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="InventoryImport",
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
                ("file_name", models.CharField(max_length=200)),
                ("digest", models.CharField(max_length=80)),
                ("size_bytes", models.PositiveIntegerField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("UPLOADED", "Columns to be matched"),
                            ("CHECKED", "Checked, nothing registered yet"),
                            ("APPLYING", "Being registered"),
                            ("APPLIED", "Registered"),
                            ("FAILED", "Not registered"),
                            ("UNDONE", "Taken back"),
                        ],
                        default="UPLOADED",
                        max_length=10,
                    ),
                ),
                ("encoding", models.CharField(blank=True, max_length=20)),
                ("delimiter", models.CharField(blank=True, max_length=1)),
                ("sheet", models.CharField(blank=True, max_length=100)),
                ("header_line", models.PositiveIntegerField(default=0)),
                ("mapping", models.JSONField(default=dict)),
                ("departments", models.JSONField(default=dict)),
                ("template", models.CharField(blank=True, max_length=60)),
                ("counts", models.JSONField(default=dict)),
                ("reason", models.CharField(blank=True, max_length=500)),
                ("done", models.PositiveIntegerField(default=0)),
                ("attempts", models.PositiveIntegerField(default=0)),
                ("lease_until", models.DateTimeField(null=True)),
                ("created_at", models.DateTimeField()),
                ("asked_at", models.DateTimeField(null=True)),
                ("applied_at", models.DateTimeField(null=True)),
                ("undone_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="InventoryRow",
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
                ("line", models.PositiveIntegerField()),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("READY", "Would be registered"),
                            ("MADE", "Registered"),
                            ("UNDONE", "Taken back"),
                            ("KEPT", "Stays"),
                            ("REPEATED", "Twice in the file"),
                            ("KNOWN", "Already registered"),
                            ("WRONG", "Wrong"),
                            ("LEFT_OUT", "Left out"),
                        ],
                        max_length=8,
                    ),
                ),
                ("name", models.CharField(blank=True, max_length=120)),
                ("identifier", models.CharField(blank=True, max_length=200)),
                ("reason", models.CharField(blank=True, max_length=1000)),
                ("draft", models.JSONField(default=dict)),
                ("notes", models.JSONField(default=list)),
                ("entries", models.PositiveSmallIntegerField(default=0)),
            ],
        ),
        migrations.AddField(
            model_name="workflow",
            name="withdrawn_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddConstraint(
            model_name="workflow",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("withdrawn_at", None),
                    ("live_version__isnull", True),
                    _connector="OR",
                ),
                name="registry_workflow_withdrawn_never_live",
            ),
        ),
        migrations.CreateModel(
            name="InventoryFile",
            fields=[
                (
                    "source",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="file",
                        serialize=False,
                        to="registry.inventoryimport",
                    ),
                ),
                ("data", models.BinaryField()),
            ],
        ),
        migrations.AddField(
            model_name="inventoryimport",
            name="created_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="inventoryimport",
            name="default_department",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="accounts.department",
            ),
        ),
        migrations.AddField(
            model_name="inventoryrow",
            name="source",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="rows",
                to="registry.inventoryimport",
            ),
        ),
        migrations.AddField(
            model_name="inventoryrow",
            name="workflow",
            field=models.OneToOneField(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="inventory_row",
                to="registry.workflow",
            ),
        ),
        migrations.AddIndex(
            model_name="inventoryimport",
            index=models.Index(
                fields=["created_by", "-id"], name="registry_import_own"
            ),
        ),
        migrations.AddIndex(
            model_name="inventoryimport",
            index=models.Index(
                condition=models.Q(("state", "APPLYING")),
                fields=["asked_at"],
                name="registry_import_waiting",
            ),
        ),
        migrations.AddConstraint(
            model_name="inventoryimport",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "state__in",
                        [
                            "UPLOADED",
                            "CHECKED",
                            "APPLYING",
                            "APPLIED",
                            "FAILED",
                            "UNDONE",
                        ],
                    )
                ),
                name="registry_import_state",
            ),
        ),
        migrations.AddConstraint(
            model_name="inventoryimport",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state__in", ("APPLIED", "UNDONE")), _negated=True),
                    ("applied_at__isnull", False),
                    _connector="OR",
                ),
                name="registry_import_applied_at",
            ),
        ),
        migrations.AddIndex(
            model_name="inventoryrow",
            index=models.Index(
                fields=["source", "status", "line"], name="registry_inventory_status"
            ),
        ),
        migrations.AddIndex(
            model_name="inventoryrow",
            index=models.Index(
                condition=models.Q(("status__in", ("MADE", "KEPT"))),
                fields=["identifier"],
                name="registry_inventory_number",
            ),
        ),
        migrations.AddConstraint(
            model_name="inventoryrow",
            constraint=models.UniqueConstraint(
                fields=("source", "line"), name="registry_inventory_row_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="inventoryrow",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "status__in",
                        [
                            "READY",
                            "MADE",
                            "UNDONE",
                            "KEPT",
                            "REPEATED",
                            "KNOWN",
                            "WRONG",
                            "LEFT_OUT",
                        ],
                    )
                ),
                name="registry_inventory_row_status",
            ),
        ),
        migrations.AddConstraint(
            model_name="inventoryrow",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("status__in", ("MADE", "UNDONE", "KEPT")),
                        ("workflow__isnull", False),
                    ),
                    models.Q(
                        models.Q(
                            ("status__in", ("MADE", "UNDONE", "KEPT")), _negated=True
                        ),
                        ("workflow__isnull", True),
                    ),
                    _connector="OR",
                ),
                name="registry_inventory_row_made",
            ),
        ),
    ]
