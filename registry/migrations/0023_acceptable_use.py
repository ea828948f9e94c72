"""Versions of the acceptable-use statement, and who acknowledged which; rows are for ever."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import portal.core.ids

TABLES = ("usestatement", "useacknowledgement")

FORWARDS = "".join(
    f"CREATE TRIGGER registry_{table}_frozen BEFORE UPDATE OR DELETE"
    f" ON registry_{table} FOR EACH ROW EXECUTE FUNCTION audit_frozen();\n"
    f"CREATE TRIGGER registry_{table}_no_truncate BEFORE TRUNCATE"
    f" ON registry_{table} FOR EACH STATEMENT EXECUTE FUNCTION audit_frozen();\n"
    f"CREATE CONSTRAINT TRIGGER registry_{table}_recorded AFTER INSERT"
    f" ON registry_{table} DEFERRABLE INITIALLY DEFERRED"
    " FOR EACH ROW EXECUTE FUNCTION audit_must_be_recorded();\n"
    for table in TABLES
)
BACKWARDS = "".join(
    f"DROP TRIGGER registry_{table}_{name} ON registry_{table};\n"
    for table in TABLES
    for name in ("recorded", "no_truncate", "frozen")
)


class Migration(migrations.Migration):
    dependencies = [
        ("audit", "0002_journal_is_append_only"),
        ("registry", "0022_training_reminds"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="UseStatement",
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
                ("number", models.PositiveIntegerField(unique=True)),
                ("text", models.TextField()),
                ("change", models.CharField(max_length=300)),
                ("asks_anew", models.BooleanField()),
                ("published_at", models.DateTimeField()),
                (
                    "published_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="UseAcknowledgement",
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
                ("acknowledged_at", models.DateTimeField()),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="acknowledged_use",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "statement",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="acknowledgements",
                        to="registry.usestatement",
                    ),
                ),
            ],
        ),
        migrations.AddConstraint(
            model_name="usestatement",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("number__gt", 1),
                    models.Q(("asks_anew", True), ("number", 1)),
                    _connector="OR",
                ),
                name="registry_first_statement_asks",
            ),
        ),
        migrations.AddConstraint(
            model_name="usestatement",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("text", ""), _negated=True),
                    models.Q(("change", ""), _negated=True),
                ),
                name="registry_statement_says_something",
            ),
        ),
        migrations.AddConstraint(
            model_name="useacknowledgement",
            constraint=models.UniqueConstraint(
                fields=("person", "statement"), name="registry_acknowledged_once"
            ),
        ),
        migrations.RunSQL(FORWARDS, BACKWARDS),
    ]
