"""Some runs have known answers: they are put among a sample, are read, and count nowhere.

What a known case came to never changes; it may be withdrawn once. That a run of a sample is
one is said when its week opens, and never changes.
"""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import portal.core.ids

FORWARDS = """
CREATE FUNCTION runs_knowncase_final() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.withdrawn_at IS NOT NULL
        OR (OLD.workflow_id, OLD.run_id, OLD.sampled_id, OLD.answers, OLD.reason,
            OLD.marked_by_id, OLD.marked_at)
        IS DISTINCT FROM (NEW.workflow_id, NEW.run_id, NEW.sampled_id, NEW.answers,
            NEW.reason, NEW.marked_by_id, NEW.marked_at)
    THEN
        RAISE EXCEPTION 'a known case never changes'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;

-- Known cases come into a week as it opens: not where somebody has begun to read.
CREATE FUNCTION runs_seededrun_opening() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM runs_sampledrun mine
        JOIN runs_sampledrun one ON one.week_id = mine.week_id
        WHERE mine.id = NEW.sampled_id AND (
            one.lease_until IS NOT NULL
            OR EXISTS (SELECT FROM runs_review r WHERE r.sampled_id = one.id)
            OR EXISTS (SELECT FROM runs_reviewdraft d WHERE d.sampled_id = one.id)))
    THEN
        RAISE EXCEPTION 'known cases come into a week as it opens'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER runs_knowncase_final BEFORE UPDATE OR DELETE ON runs_knowncase
    FOR EACH ROW EXECUTE FUNCTION runs_knowncase_final();
CREATE CONSTRAINT TRIGGER runs_knowncase_recorded
    AFTER INSERT OR UPDATE OR DELETE ON runs_knowncase DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION audit_must_be_recorded();
CREATE TRIGGER runs_seededrun_sealed BEFORE INSERT ON runs_seededrun
    FOR EACH ROW EXECUTE FUNCTION runs_of_signed_week('sampled_id');
CREATE TRIGGER runs_seededrun_opening BEFORE INSERT ON runs_seededrun
    FOR EACH ROW EXECUTE FUNCTION runs_seededrun_opening();
CREATE TRIGGER runs_seededrun_frozen BEFORE UPDATE OR DELETE ON runs_seededrun
    FOR EACH ROW EXECUTE FUNCTION audit_frozen();
CREATE TRIGGER runs_seededrun_no_truncate BEFORE TRUNCATE ON runs_seededrun
    FOR EACH STATEMENT EXECUTE FUNCTION audit_frozen();
CREATE CONSTRAINT TRIGGER runs_seededrun_recorded
    AFTER INSERT ON runs_seededrun DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION audit_must_be_recorded();
"""
# The triggers go with their tables.
BACKWARDS = """
DROP TRIGGER runs_knowncase_final ON runs_knowncase;
DROP TRIGGER runs_seededrun_opening ON runs_seededrun;
DROP FUNCTION runs_knowncase_final();
DROP FUNCTION runs_seededrun_opening();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("registry", "0018_versions_say_what_they_were_made_for"),
        ("runs", "0022_times_are_found_by_day"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="KnownCase",
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
                ("answers", models.JSONField()),
                ("reason", models.CharField(max_length=300)),
                ("marked_at", models.DateTimeField()),
                ("withdrawn_at", models.DateTimeField(null=True)),
                (
                    "marked_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="runs.run",
                    ),
                ),
                (
                    "sampled",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="runs.sampledrun",
                    ),
                ),
                (
                    "withdrawn_by",
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
        ),
        migrations.CreateModel(
            name="SeededRun",
            fields=[
                (
                    "sampled",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="seeded",
                        serialize=False,
                        to="runs.sampledrun",
                    ),
                ),
                (
                    "known",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="runs.knowncase",
                    ),
                ),
            ],
        ),
        migrations.AddConstraint(
            model_name="knowncase",
            constraint=models.UniqueConstraint(
                condition=models.Q(("withdrawn_at", None)),
                fields=("run",),
                name="runs_known_case_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="knowncase",
            constraint=models.CheckConstraint(
                condition=models.Q(("reason", ""), _negated=True),
                name="runs_known_case_says_why",
            ),
        ),
        migrations.AddConstraint(
            model_name="knowncase",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("withdrawn_at", None), ("withdrawn_by", None)),
                    models.Q(
                        ("withdrawn_at__isnull", False), ("withdrawn_by__isnull", False)
                    ),
                    _connector="OR",
                ),
                name="runs_known_case_withdrawn_by_somebody",
            ),
        ),
        migrations.RunSQL(FORWARDS, BACKWARDS),
    ]
