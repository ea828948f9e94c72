"""Tools are retired for the whole company and approved again; rows are for ever."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import portal.core.ids

FORWARDS = """
CREATE TRIGGER registry_toolchange_frozen BEFORE UPDATE OR DELETE
 ON registry_toolchange FOR EACH ROW EXECUTE FUNCTION audit_frozen();
CREATE TRIGGER registry_toolchange_no_truncate BEFORE TRUNCATE
 ON registry_toolchange FOR EACH STATEMENT EXECUTE FUNCTION audit_frozen();
CREATE CONSTRAINT TRIGGER registry_toolchange_recorded AFTER INSERT
 ON registry_toolchange DEFERRABLE INITIALLY DEFERRED
 FOR EACH ROW EXECUTE FUNCTION audit_must_be_recorded();
"""
BACKWARDS = """
DROP TRIGGER registry_toolchange_recorded ON registry_toolchange;
DROP TRIGGER registry_toolchange_no_truncate ON registry_toolchange;
DROP TRIGGER registry_toolchange_frozen ON registry_toolchange;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("audit", "0002_journal_is_append_only"),
        ("registry", "0024_systems_have_owners"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ToolChange",
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
                ("tool_id", models.UUIDField()),
                ("system", models.CharField(max_length=60)),
                ("name", models.TextField()),
                ("number", models.PositiveIntegerField()),
                ("is_approved", models.BooleanField()),
                ("reason", models.CharField(blank=True, max_length=300)),
                ("changed_at", models.DateTimeField()),
                (
                    "changed_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tool_id", "number"), name="registry_tool_change_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("is_approved", True), ("number__gt", 1)),
                            models.Q(
                                ("is_approved", False),
                                models.Q(("reason", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="registry_tool_retired_says_why",
                    ),
                ],
            },
        ),
        migrations.RunSQL(FORWARDS, BACKWARDS),
    ]
