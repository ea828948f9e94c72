"""Who acted on which day, in lines so narrow that no page reads the journal for it."""

from django.conf import settings
from django.db import migrations, models

# As they were when this was written.
ACTS = {
    "workflow.registered": "register",
    "workflow.draft_saved": "register",
    "workflow.version_submitted": "register",
    "inventory.asked": "register",
    "proposal.decided": "decide",
    "proposal.edited": "decide",
    "proposal.vote_counted": "decide",
    "proposal.glass_broken": "decide",
    "exception.settled": "decide",
    "incident.settled": "decide",
    "workflow.packet_signed": "decide",
    "review.saved": "review",
    "review.finding_added": "review",
    "review.week_signed": "review",
    "proposal.glass_reviewed": "review",
    "proposal.commented": "comment",
    "proposal.question_asked": "comment",
    "proposal.escalated": "comment",
    "exception.commented": "comment",
}


def fill(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(
            'INSERT INTO audit_actedday (actor_id, "on", kind)'
            " SELECT DISTINCT e.actor_id, (e.at AT TIME ZONE %s)::date, act.kind"
            " FROM audit_entry AS e JOIN unnest(%s::text[], %s::text[])"
            " AS act (name, kind) ON act.name = e.name WHERE e.actor_kind = 'person'",
            [settings.TIME_ZONE, list(ACTS), list(ACTS.values())],
        )


class Migration(migrations.Migration):
    dependencies = [
        ("audit", "0002_journal_is_append_only"),
    ]

    operations = [
        migrations.CreateModel(
            name="ActedDay",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "actor_id",
                        "on",
                        "kind",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("actor_id", models.UUIDField()),
                ("on", models.DateField()),
                ("kind", models.CharField(max_length=10)),
            ],
            options={
                "db_table": "audit_actedday",
                "indexes": [
                    models.Index(
                        fields=["on", "actor_id", "kind"], name="audit_acted_period"
                    )
                ],
            },
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
