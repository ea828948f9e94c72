"""What systems of record report, and the incidents and change logs that go with it.

An incident never changes without a journal entry, and what was done about it is only
added to.
"""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import portal.core.ids

GUARDS = """
CREATE CONSTRAINT TRIGGER runs_incident_recorded AFTER INSERT OR UPDATE OR DELETE
    ON runs_incident DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION audit_must_be_recorded();
CREATE CONSTRAINT TRIGGER runs_incidentnote_recorded AFTER INSERT OR UPDATE OR DELETE
    ON runs_incidentnote DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION audit_must_be_recorded();
CREATE TRIGGER runs_incidentnote_frozen BEFORE UPDATE OR DELETE ON runs_incidentnote
    FOR EACH ROW EXECUTE FUNCTION audit_frozen();
CREATE TRIGGER runs_incidentnote_no_truncate BEFORE TRUNCATE ON runs_incidentnote
    FOR EACH STATEMENT EXECUTE FUNCTION audit_frozen();
"""
NO_GUARDS = """
DROP TRIGGER runs_incident_recorded ON runs_incident;
DROP TRIGGER runs_incidentnote_recorded ON runs_incidentnote;
DROP TRIGGER runs_incidentnote_frozen ON runs_incidentnote;
DROP TRIGGER runs_incidentnote_no_truncate ON runs_incidentnote;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0005_notices_for_many"),
        ("registry", "0016_reviewers_by_team_position_and_role"),
        ("runs", "0010_runs_are_found"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ChangeImport",
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
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("UPLOADED", "Columns to be matched"),
                            ("CHECKED", "Checked, nothing taken in yet"),
                            ("SENT", "Taken in"),
                        ],
                        default="UPLOADED",
                        max_length=8,
                    ),
                ),
                ("encoding", models.CharField(blank=True, max_length=20)),
                ("delimiter", models.CharField(blank=True, max_length=1)),
                ("sheet", models.CharField(blank=True, max_length=100)),
                ("header_line", models.PositiveIntegerField(default=0)),
                ("mapping", models.JSONField(default=dict)),
                ("choices", models.JSONField(default=dict)),
                ("counts", models.JSONField(default=dict)),
                ("batches", models.JSONField(default=list)),
                ("created_at", models.DateTimeField()),
                ("sent_at", models.DateTimeField(null=True)),
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
                    "source",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.agent",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ChangeFile",
            fields=[
                (
                    "source",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="file",
                        serialize=False,
                        to="runs.changeimport",
                    ),
                ),
                ("data", models.BinaryField()),
            ],
        ),
        migrations.CreateModel(
            name="ChangeRow",
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
                            ("READY", "Would be taken in"),
                            ("REPEATED", "Twice in the file"),
                            ("KNOWN", "Taken in before"),
                            ("WRONG", "Wrong"),
                        ],
                        max_length=8,
                    ),
                ),
                ("event_id", models.CharField(blank=True, max_length=128)),
                ("what", models.CharField(blank=True, max_length=300)),
                ("reason", models.CharField(blank=True, max_length=500)),
                ("event", models.JSONField(default=dict)),
                (
                    "source",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="rows",
                        to="runs.changeimport",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Incident",
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
                    "kind",
                    models.CharField(
                        choices=[
                            ("CHANGE", "A system reported a change"),
                            ("TOLD", "The agent told of it itself"),
                        ],
                        max_length=6,
                    ),
                ),
                ("code", models.CharField(max_length=40)),
                ("headline", models.CharField(max_length=300)),
                ("why", models.CharField(max_length=500)),
                ("system", models.CharField(blank=True, max_length=200)),
                ("actions", models.PositiveIntegerField(default=1)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("OPEN", "Open"),
                            ("EXPLAINED", "Explained"),
                            ("CONFIRMED", "Confirmed unauthorised"),
                        ],
                        default="OPEN",
                        max_length=9,
                    ),
                ),
                ("happened_at", models.DateTimeField()),
                ("opened_at", models.DateTimeField()),
                ("taken_at", models.DateTimeField(null=True)),
                ("settled_at", models.DateTimeField(null=True)),
                (
                    "run",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="incidents",
                        to="runs.run",
                    ),
                ),
                (
                    "taken_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "workflow",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="registry.workflow",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="IncidentNote",
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
                    "kind",
                    models.CharField(
                        choices=[
                            ("OPENED", "opened it"),
                            ("TAKEN", "took it on"),
                            ("EXPLAINED", "explained it"),
                            ("CONFIRMED", "confirmed that nobody allowed it"),
                            ("REOPENED", "opened it again"),
                            ("HEALED", "found the grant that covers it"),
                            ("GREW", "found more of the same"),
                        ],
                        max_length=9,
                    ),
                ),
                ("reason_code", models.CharField(blank=True, max_length=40)),
                ("text", models.CharField(blank=True, max_length=1000)),
                ("evidence", models.CharField(blank=True, max_length=1000)),
                ("noted_at", models.DateTimeField()),
                (
                    "incident",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="notes",
                        to="runs.incident",
                    ),
                ),
                (
                    "person",
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
            name="ReportedChange",
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
                ("source_event_id", models.CharField(max_length=128)),
                ("batch_id", models.UUIDField()),
                ("event_id", models.UUIDField(null=True)),
                ("named_workflow", models.CharField(blank=True, max_length=80)),
                ("named_run", models.CharField(blank=True, max_length=128)),
                ("named_grant", models.CharField(blank=True, max_length=64)),
                ("at", models.DateTimeField()),
                ("received_at", models.DateTimeField()),
                ("system", models.CharField(max_length=200)),
                ("resource", models.CharField(max_length=401)),
                ("field", models.CharField(blank=True, max_length=200)),
                ("verb", models.CharField(blank=True, max_length=200)),
                ("facts", models.JSONField(default=dict)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("WAITING", "Not looked at yet"),
                            ("MATCHED", "Covered by a grant"),
                            ("UNMATCHED", "No grant covers it"),
                        ],
                        default="WAITING",
                        max_length=9,
                    ),
                ),
                ("grant_id", models.UUIDField(null=True)),
                ("judged_at", models.DateTimeField(null=True)),
                (
                    "run",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="reported_changes",
                        to="runs.run",
                    ),
                ),
                (
                    "source",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.agent",
                    ),
                ),
                (
                    "workflow",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="registry.workflow",
                    ),
                ),
            ],
        ),
        migrations.AddField(
            model_name="incident",
            name="change",
            field=models.OneToOneField(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="incident",
                to="runs.reportedchange",
            ),
        ),
        migrations.CreateModel(
            name="ReportedCost",
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
                ("batch_id", models.UUIDField()),
                ("currency", models.CharField(max_length=3)),
                ("amount", models.DecimalField(decimal_places=6, max_digits=24)),
                ("reported_at", models.DateTimeField()),
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
        ),
        migrations.AddIndex(
            model_name="changeimport",
            index=models.Index(
                fields=["-created_at", "-id"], name="runs_changeimport_new"
            ),
        ),
        migrations.AddConstraint(
            model_name="changeimport",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("sent_at__isnull", False), ("state", "SENT")),
                    models.Q(("sent_at", None), ("state__in", ("UPLOADED", "CHECKED"))),
                    _connector="OR",
                ),
                name="runs_changeimport_sent_has_time",
            ),
        ),
        migrations.AddIndex(
            model_name="changerow",
            index=models.Index(
                fields=["source", "status", "line"], name="runs_changerow_status"
            ),
        ),
        migrations.AddConstraint(
            model_name="changerow",
            constraint=models.UniqueConstraint(
                fields=("source", "line"), name="runs_changerow_once"
            ),
        ),
        migrations.AddIndex(
            model_name="incidentnote",
            index=models.Index(
                fields=["incident", "noted_at", "id"], name="runs_incident_notes"
            ),
        ),
        migrations.AddConstraint(
            model_name="incidentnote",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("kind__in", ("EXPLAINED", "CONFIRMED", "REOPENED")),
                        _negated=True,
                    ),
                    models.Q(
                        ("person__isnull", False), models.Q(("text", ""), _negated=True)
                    ),
                    _connector="OR",
                ),
                name="runs_incident_settled_by_a_person_with_reason",
            ),
        ),
        migrations.AddConstraint(
            model_name="incidentnote",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "EXPLAINED"), _negated=True),
                    models.Q(
                        models.Q(("reason_code", ""), _negated=True),
                        models.Q(("evidence", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="runs_incident_explained_with_evidence",
            ),
        ),
        migrations.AddIndex(
            model_name="reportedchange",
            index=models.Index(
                condition=models.Q(("state", "WAITING")),
                fields=["received_at", "id"],
                name="runs_change_waiting",
            ),
        ),
        migrations.AddIndex(
            model_name="reportedchange",
            index=models.Index(
                condition=models.Q(("state", "UNMATCHED")),
                fields=["judged_at", "id"],
                name="runs_change_unmatched",
            ),
        ),
        migrations.AddIndex(
            model_name="reportedchange",
            index=models.Index(fields=["workflow", "at"], name="runs_change_day"),
        ),
        migrations.AddConstraint(
            model_name="reportedchange",
            constraint=models.UniqueConstraint(
                fields=("source", "source_event_id"), name="runs_change_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="reportedchange",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "MATCHED")),
                fields=("grant_id", "resource", "field"),
                name="runs_change_once_a_grant",
            ),
        ),
        migrations.AddConstraint(
            model_name="reportedchange",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("grant_id__isnull", False), ("state", "MATCHED")),
                    models.Q(
                        ("grant_id", None), ("state__in", ("WAITING", "UNMATCHED"))
                    ),
                    _connector="OR",
                ),
                name="runs_change_matched_has_grant",
            ),
        ),
        migrations.AddConstraint(
            model_name="reportedchange",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("event_id", None), ("run", None)),
                    models.Q(("event_id__isnull", False), ("run__isnull", False)),
                    _connector="OR",
                ),
                name="runs_change_run_has_event",
            ),
        ),
        migrations.AddIndex(
            model_name="incident",
            index=models.Index(
                fields=["-opened_at", "-id"], name="runs_incident_newest"
            ),
        ),
        migrations.AddIndex(
            model_name="incident",
            index=models.Index(
                fields=["workflow", "happened_at", "id"], name="runs_incident_of"
            ),
        ),
        migrations.AddIndex(
            model_name="incident",
            index=models.Index(
                condition=models.Q(("state", "OPEN")),
                fields=["workflow", "-opened_at"],
                name="runs_incident_open",
            ),
        ),
        migrations.AddConstraint(
            model_name="incident",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("change__isnull", False), ("kind", "CHANGE")),
                    models.Q(
                        ("change", None), ("kind", "TOLD"), ("run__isnull", False)
                    ),
                    _connector="OR",
                ),
                name="runs_incident_of_what",
            ),
        ),
        migrations.AddConstraint(
            model_name="incident",
            constraint=models.UniqueConstraint(
                condition=models.Q(("kind", "TOLD")),
                fields=("run",),
                name="runs_incident_told_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="incident",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("settled_at", None), ("state", "OPEN")),
                    models.Q(
                        ("settled_at__isnull", False),
                        ("state__in", ("EXPLAINED", "CONFIRMED")),
                    ),
                    _connector="OR",
                ),
                name="runs_incident_settled_has_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="incident",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("taken_at", None), ("taken_by", None)),
                    models.Q(("taken_at__isnull", False), ("taken_by__isnull", False)),
                    _connector="OR",
                ),
                name="runs_incident_taken_has_time",
            ),
        ),
        migrations.AddIndex(
            model_name="reportedcost",
            index=models.Index(
                fields=["workflow", "currency", "reported_at"],
                include=("amount",),
                name="runs_cost_window",
            ),
        ),
        migrations.AddConstraint(
            model_name="reportedcost",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount__gte", 0)), name="runs_cost_not_negative"
            ),
        ),
        migrations.RunSQL(GUARDS, NO_GUARDS),
    ]
