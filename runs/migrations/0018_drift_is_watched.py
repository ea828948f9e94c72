"""Each week's decisions are kept with the watch over them, and what it raised."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import portal.core.ids

FORWARDS = """
CREATE FUNCTION runs_driftalarm_sealed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.state <> 'OPEN'
        OR (OLD.id, OLD.workflow_id, OLD.starts_on, OLD.direction, OLD.decisions,
            OLD.overrides, OLD.usual, OLD.peak, OLD.crossed_at, OLD.chance,
            OLD.chance_adjusted, OLD.watched, OLD.raised_at)
        IS DISTINCT FROM
           (NEW.id, NEW.workflow_id, NEW.starts_on, NEW.direction, NEW.decisions,
            NEW.overrides, NEW.usual, NEW.peak, NEW.crossed_at, NEW.chance,
            NEW.chance_adjusted, NEW.watched, NEW.raised_at)
    THEN
        RAISE EXCEPTION 'an alarm is kept as it was raised, and settled once'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER runs_driftalarm_sealed BEFORE UPDATE OR DELETE ON runs_driftalarm
    FOR EACH ROW EXECUTE FUNCTION runs_driftalarm_sealed();
CREATE CONSTRAINT TRIGGER runs_driftalarm_recorded
    AFTER INSERT OR UPDATE OR DELETE ON runs_driftalarm
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION audit_must_be_recorded();
"""

BACKWARDS = """
DROP TRIGGER runs_driftalarm_recorded ON runs_driftalarm;
DROP TRIGGER runs_driftalarm_sealed ON runs_driftalarm;
DROP FUNCTION runs_driftalarm_sealed();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("registry", "0018_versions_say_what_they_were_made_for"),
        ("runs", "0017_settled_runs_are_counted"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="DriftAlarm",
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
                ("starts_on", models.DateField()),
                (
                    "direction",
                    models.CharField(
                        choices=[
                            ("UP", "Overruled more often"),
                            ("DOWN", "Hardly overruled any more"),
                        ],
                        max_length=4,
                    ),
                ),
                ("decisions", models.PositiveIntegerField()),
                ("overrides", models.PositiveIntegerField()),
                ("usual", models.FloatField()),
                ("peak", models.FloatField()),
                ("crossed_at", models.DateTimeField()),
                ("chance", models.FloatField()),
                ("chance_adjusted", models.FloatField()),
                ("watched", models.PositiveIntegerField()),
                ("raised_at", models.DateTimeField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("OPEN", "Waiting for an assessor"),
                            ("ACCEPTED", "Made a finding"),
                            ("DISMISSED", "Dismissed"),
                        ],
                        default="OPEN",
                        max_length=9,
                    ),
                ),
                ("settled_at", models.DateTimeField(null=True)),
                ("reason", models.CharField(blank=True, max_length=1000)),
                (
                    "finding",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="alarms",
                        to="runs.finding",
                    ),
                ),
                (
                    "settled_by",
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
                        on_delete=django.db.models.deletion.PROTECT,
                        to="registry.workflow",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "OPEN")),
                        fields=["workflow", "starts_on"],
                        name="runs_alarm_open",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("workflow", "starts_on", "direction"),
                        name="runs_alarm_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("direction__in", ("UP", "DOWN"))),
                        name="runs_alarm_direction",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("finding", None),
                                ("settled_at", None),
                                ("settled_by", None),
                                ("state", "OPEN"),
                            ),
                            models.Q(
                                ("finding__isnull", False),
                                ("settled_at__isnull", False),
                                ("settled_by__isnull", False),
                                ("state", "ACCEPTED"),
                            ),
                            models.Q(
                                ("finding", None),
                                ("settled_at__isnull", False),
                                ("settled_by__isnull", False),
                                ("state", "DISMISSED"),
                                models.Q(("reason", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="runs_alarm_settled_by_a_person",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="DriftWeek",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "workflow_id",
                        "starts_on",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("starts_on", models.DateField()),
                ("decisions", models.PositiveIntegerField()),
                ("overrides", models.PositiveIntegerField()),
                ("usual", models.FloatField()),
                ("usual_of", models.PositiveIntegerField()),
                ("is_watched", models.BooleanField()),
                ("up", models.FloatField()),
                ("down", models.FloatField()),
                ("up_peak", models.FloatField()),
                ("down_peak", models.FloatField()),
                ("up_at", models.DateTimeField(null=True)),
                ("down_at", models.DateTimeField(null=True)),
                ("version", models.PositiveSmallIntegerField()),
                (
                    "workflow",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        to="registry.workflow",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["starts_on"], name="runs_drift_week")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("starts_on__iso_week_day", 1)),
                        name="runs_drift_is_monday",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("overrides__lte", models.F("decisions"))),
                        name="runs_drift_overrides_of_decisions",
                    ),
                ],
            },
        ),
        migrations.RunSQL(FORWARDS, BACKWARDS),
    ]
