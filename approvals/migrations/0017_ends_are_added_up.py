"""Ended proposals are added up by day and kind, by the database, as they come and change."""

import django.contrib.postgres.functions
import django.db.models.deletion
from django.db import migrations, models

KEPT = """
CREATE FUNCTION approvals_ends_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO approvals_endtally AS kept (workflow_id, "on", state, is_material,
        missed_due, was_asked, is_superseded, is_escalated, in_time, count)
    SELECT workflow_id, "on", state, is_material, missed_due, was_asked, is_superseded,
        is_escalated, in_time, count(*) FROM added
    GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9 ORDER BY 1, 2, 3, 4, 5, 6, 7, 8, 9
    ON CONFLICT (workflow_id, "on", state, is_material, missed_due, was_asked,
        is_superseded, is_escalated, in_time)
    DO UPDATE SET count = kept.count + excluded.count;
    RETURN NULL;
END $$;
CREATE FUNCTION approvals_ends_removed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO approvals_endtally AS kept (workflow_id, "on", state, is_material,
        missed_due, was_asked, is_superseded, is_escalated, in_time, count)
    SELECT workflow_id, "on", state, is_material, missed_due, was_asked, is_superseded,
        is_escalated, in_time, -count(*) FROM removed
    GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9 ORDER BY 1, 2, 3, 4, 5, 6, 7, 8, 9
    ON CONFLICT (workflow_id, "on", state, is_material, missed_due, was_asked,
        is_superseded, is_escalated, in_time)
    DO UPDATE SET count = kept.count + excluded.count;
    RETURN NULL;
END $$;
CREATE TRIGGER approvals_ends_added AFTER INSERT ON approvals_proposalend
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT
    EXECUTE FUNCTION approvals_ends_added();
CREATE TRIGGER approvals_ends_removed AFTER DELETE ON approvals_proposalend
    REFERENCING OLD TABLE AS removed FOR EACH STATEMENT
    EXECUTE FUNCTION approvals_ends_removed();
CREATE TRIGGER approvals_ends_changed_to AFTER UPDATE ON approvals_proposalend
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT
    EXECUTE FUNCTION approvals_ends_added();
CREATE TRIGGER approvals_ends_changed_from AFTER UPDATE ON approvals_proposalend
    REFERENCING OLD TABLE AS removed FOR EACH STATEMENT
    EXECUTE FUNCTION approvals_ends_removed();
INSERT INTO approvals_endtally (workflow_id, "on", state, is_material, missed_due,
    was_asked, is_superseded, is_escalated, in_time, count)
SELECT workflow_id, "on", state, is_material, missed_due, was_asked, is_superseded,
    is_escalated, in_time, count(*) FROM approvals_proposalend
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9;
"""
DROPPED = """
DROP TRIGGER approvals_ends_changed_from ON approvals_proposalend;
DROP TRIGGER approvals_ends_changed_to ON approvals_proposalend;
DROP TRIGGER approvals_ends_removed ON approvals_proposalend;
DROP TRIGGER approvals_ends_added ON approvals_proposalend;
DROP FUNCTION approvals_ends_removed();
DROP FUNCTION approvals_ends_added();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("approvals", "0016_what_was_allowed_and_taken_back"),
        ("registry", "0018_versions_say_what_they_were_made_for"),
    ]

    operations = [
        migrations.CreateModel(
            name="EndTally",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_default=django.contrib.postgres.functions.RandomUUID(),
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("on", models.DateField()),
                ("state", models.CharField(max_length=10)),
                ("is_material", models.BooleanField()),
                ("missed_due", models.BooleanField()),
                ("was_asked", models.BooleanField()),
                ("is_superseded", models.BooleanField()),
                ("is_escalated", models.BooleanField()),
                ("in_time", models.BooleanField()),
                ("count", models.IntegerField()),
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
                "constraints": [
                    models.UniqueConstraint(
                        fields=(
                            "workflow",
                            "on",
                            "state",
                            "is_material",
                            "missed_due",
                            "was_asked",
                            "is_superseded",
                            "is_escalated",
                            "in_time",
                        ),
                        include=("count",),
                        name="approvals_end_tally_once",
                    )
                ],
            },
        ),
        migrations.RunSQL(KEPT, DROPPED),
    ]
