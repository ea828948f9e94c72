"""Reports of replays: kept as they were made, each with its journal entry."""

import django.db.models.deletion
from django.db import migrations, models

import portal.core.ids

FORWARDS = """
CREATE TRIGGER home_replayreport_frozen BEFORE UPDATE OR DELETE ON home_replayreport
    FOR EACH ROW EXECUTE FUNCTION audit_frozen();
CREATE CONSTRAINT TRIGGER home_replayreport_recorded AFTER INSERT ON home_replayreport
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION audit_must_be_recorded();
"""
BACKWARDS = """
DROP TRIGGER home_replayreport_recorded ON home_replayreport;
DROP TRIGGER home_replayreport_frozen ON home_replayreport;
"""


class Migration(migrations.Migration):
    initial = True
    dependencies = (
        ("audit", "0002_journal_is_append_only"),
        ("registry", "0001_workflows_and_versions"),
    )

    operations = (
        migrations.CreateModel(
            name="ReplayReport",
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
                ("source", models.CharField(max_length=200)),
                ("conversation_count", models.PositiveIntegerField()),
                ("document", models.JSONField()),
                ("finished_at", models.DateTimeField()),
                (
                    "workflow",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="registry.workflow",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        fields=["-finished_at", "-id"], name="home_replay_newest"
                    )
                ],
            },
        ),
        migrations.RunSQL(FORWARDS, BACKWARDS),
    )
