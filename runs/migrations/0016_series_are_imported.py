"""Series that people import stand beside computed numbers; their points never change."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import portal.core.ids

TABLES = ("runs_series", "runs_seriesimport", "runs_seriespoint")
GUARDS = (
    "\n".join(
        f"""
CREATE CONSTRAINT TRIGGER {table}_recorded AFTER INSERT OR UPDATE OR DELETE ON {table}
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION audit_must_be_recorded();"""
        for table in TABLES
    )
    + """
CREATE TRIGGER runs_seriespoint_frozen BEFORE UPDATE OR DELETE ON runs_seriespoint
    FOR EACH ROW EXECUTE FUNCTION audit_frozen();
CREATE TRIGGER runs_seriespoint_no_truncate BEFORE TRUNCATE ON runs_seriespoint
    FOR EACH STATEMENT EXECUTE FUNCTION audit_frozen();"""
)
UNGUARDED = "\n".join(
    (
        *(f"DROP TRIGGER {table}_recorded ON {table};" for table in TABLES),
        "DROP TRIGGER runs_seriespoint_no_truncate ON runs_seriespoint;",
        "DROP TRIGGER runs_seriespoint_frozen ON runs_seriespoint;",
    )
)


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0006_notices_sent_again"),
        ("registry", "0018_versions_say_what_they_were_made_for"),
        ("runs", "0015_weeks_are_signed_again"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Series",
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
                ("slug", models.SlugField(max_length=64, unique=True)),
                ("name", models.CharField(max_length=80)),
                ("unit", models.CharField(blank=True, max_length=30)),
                (
                    "better",
                    models.CharField(
                        choices=[
                            ("up", "More is better"),
                            ("down", "Less is better"),
                            ("neither", "Neither"),
                        ],
                        default="neither",
                        max_length=8,
                    ),
                ),
                (
                    "sums",
                    models.CharField(
                        choices=[
                            (
                                "mean",
                                "The mean, weighted by how many each point counts",
                            ),
                            ("sum", "The sum"),
                        ],
                        default="mean",
                        max_length=4,
                    ),
                ),
                ("source", models.CharField(max_length=120)),
                ("created_at", models.DateTimeField()),
                (
                    "agent",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.agent",
                    ),
                ),
                (
                    "created_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "keeper",
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
            name="SeriesImport",
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
                (
                    "how",
                    models.CharField(
                        choices=[
                            ("file", "a file"),
                            ("api", "the API"),
                            ("command", "the command line"),
                        ],
                        max_length=7,
                    ),
                ),
                ("file_name", models.CharField(blank=True, max_length=200)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("UPLOADED", "Columns to be matched"),
                            ("TAKEN", "Taken in"),
                            ("UNDONE", "Undone"),
                        ],
                        default="UPLOADED",
                        max_length=8,
                    ),
                ),
                ("data", models.BinaryField(null=True)),
                ("encoding", models.CharField(blank=True, max_length=20)),
                ("delimiter", models.CharField(blank=True, max_length=1)),
                ("mapping", models.JSONField(default=dict)),
                ("order", models.CharField(blank=True, max_length=3)),
                ("report", models.JSONField(default=list)),
                ("counts", models.JSONField(default=dict)),
                ("created_at", models.DateTimeField()),
                ("taken_at", models.DateTimeField(null=True)),
                ("undone_at", models.DateTimeField(null=True)),
                (
                    "agent",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.agent",
                    ),
                ),
                (
                    "created_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "series",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="imports",
                        to="runs.series",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="SeriesPoint",
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
                ("on", models.DateField()),
                ("value", models.DecimalField(decimal_places=6, max_digits=20)),
                ("n", models.PositiveIntegerField(default=1)),
                ("at", models.DateTimeField()),
                (
                    "series",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="runs.series",
                    ),
                ),
                (
                    "source",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="points",
                        to="runs.seriesimport",
                    ),
                ),
                (
                    "workflow",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        to="registry.workflow",
                    ),
                ),
            ],
        ),
        migrations.AddConstraint(
            model_name="series",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("better__in", ("up", "down", "neither")),
                    ("sums__in", ("mean", "sum")),
                ),
                name="runs_series_words",
            ),
        ),
        migrations.AddIndex(
            model_name="seriesimport",
            index=models.Index(
                fields=["series", "-created_at", "-id"], name="runs_seriesimport_new"
            ),
        ),
        migrations.AddConstraint(
            model_name="seriesimport",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("state", "UPLOADED"), ("taken_at", None), ("undone_at", None)
                    ),
                    models.Q(
                        ("state", "TAKEN"),
                        ("taken_at__isnull", False),
                        ("undone_at", None),
                    ),
                    models.Q(
                        ("state", "UNDONE"),
                        ("taken_at__isnull", False),
                        ("undone_at__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="runs_seriesimport_moves",
            ),
        ),
        migrations.AddIndex(
            model_name="seriespoint",
            index=models.Index(
                fields=["series", "on", "workflow", "-at", "-id"],
                name="runs_seriespoint_latest",
            ),
        ),
        migrations.AddConstraint(
            model_name="seriespoint",
            constraint=models.CheckConstraint(
                condition=models.Q(("n__gte", 1)), name="runs_seriespoint_counts"
            ),
        ),
        migrations.RunSQL(GUARDS, UNGUARDED),
    ]
