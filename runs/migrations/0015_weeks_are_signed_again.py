"""A signed week may be opened again and is signed anew, as its next version.

What was signed stays as it was: each version is kept whole. A finding keeps its history,
and remembers of which due day its owner was told.
"""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import portal.core.ids

FORWARDS = """
CREATE OR REPLACE FUNCTION runs_week_sealed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    is_reopened boolean;
BEGIN
    IF TG_OP = 'DELETE'
        OR (OLD.id, OLD.workflow_id, OLD.starts_on, OLD.seed, OLD.population_count,
            OLD.population_digest, OLD.strata, OLD.plan, OLD.opened_at)
        IS DISTINCT FROM
           (NEW.id, NEW.workflow_id, NEW.starts_on, NEW.seed, NEW.population_count,
            NEW.population_digest, NEW.strata, NEW.plan, NEW.opened_at)
    THEN
        RAISE EXCEPTION 'a week is sealed when it opens and frozen when it is signed'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    -- Only a signed week that was kept whole is opened again, with a reason on record.
    is_reopened := OLD.state = 'SIGNED' AND NEW.state = 'OPEN'
        AND NEW.version = OLD.version + 1
        AND EXISTS (SELECT FROM runs_signedweek
                    WHERE week_id = OLD.id AND number = OLD.version
                      AND digest = OLD.digest)
        AND EXISTS (SELECT FROM runs_weekreopening
                    WHERE week_id = OLD.id AND number = NEW.version);
    IF (OLD.state = 'SIGNED' OR NEW.version <> OLD.version) AND NOT is_reopened THEN
        RAISE EXCEPTION 'a signed week is frozen; it is opened again as its next version'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF OLD.state = 'OPEN' AND NEW.state = 'SIGNED' AND NOT EXISTS (
        SELECT FROM runs_signedweek
        WHERE week_id = NEW.id AND number = NEW.version AND digest = NEW.digest)
    THEN
        RAISE EXCEPTION 'what is signed is kept whole'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION runs_finding_sealed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    touched uuid := CASE WHEN TG_OP = 'DELETE' THEN OLD.week_id ELSE NEW.week_id END;
    is_signed boolean := (SELECT state FROM runs_reviewweek WHERE id = touched) = 'SIGNED';
BEGIN
    IF is_signed AND (TG_OP <> 'UPDATE' OR
        (OLD.week_id, OLD.workflow_id, OLD.sampled_id, OLD.kind, OLD.text, OLD.about,
         OLD.found_by_id, OLD.found_at)
        IS DISTINCT FROM
        (NEW.week_id, NEW.workflow_id, NEW.sampled_id, NEW.kind, NEW.text, NEW.about,
         NEW.found_by_id, NEW.found_at))
    THEN
        RAISE EXCEPTION 'the week of this finding is signed'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;

-- For every table of a week, by the column that leads to it: 'week_id', or 'sampled_id',
-- or 'review_id'. Nothing of a signed week is added, changed or removed.
CREATE FUNCTION runs_of_signed_week() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    touched jsonb := CASE WHEN TG_OP = 'DELETE' THEN to_jsonb(OLD) ELSE to_jsonb(NEW) END;
    leads uuid := (touched ->> TG_ARGV[0])::uuid;
    week uuid;
BEGIN
    week := CASE TG_ARGV[0]
        WHEN 'week_id' THEN leads
        WHEN 'sampled_id' THEN (SELECT week_id FROM runs_sampledrun WHERE id = leads)
        WHEN 'review_id' THEN (SELECT s.week_id FROM runs_review r
            JOIN runs_sampledrun s ON s.id = r.sampled_id WHERE r.id = leads)
    END;
    IF (SELECT state FROM runs_reviewweek WHERE id = week) = 'SIGNED' THEN
        RAISE EXCEPTION 'the week of this % is signed', TG_TABLE_NAME
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;

-- A version is kept while its week is being signed, and never afterwards.
CREATE TRIGGER runs_signedweek_sealed BEFORE INSERT ON runs_signedweek
    FOR EACH ROW EXECUTE FUNCTION runs_of_signed_week('week_id');
"""

BACKWARDS = """
DROP TRIGGER runs_signedweek_sealed ON runs_signedweek;
CREATE OR REPLACE FUNCTION runs_finding_sealed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    touched uuid := CASE WHEN TG_OP = 'DELETE' THEN OLD.week_id ELSE NEW.week_id END;
    is_signed boolean := (SELECT state FROM runs_reviewweek WHERE id = touched) = 'SIGNED';
BEGIN
    IF is_signed AND (TG_OP <> 'UPDATE' OR
        (OLD.week_id, OLD.workflow_id, OLD.sampled_id, OLD.kind, OLD.text,
         OLD.found_by_id, OLD.found_at)
        IS DISTINCT FROM
        (NEW.week_id, NEW.workflow_id, NEW.sampled_id, NEW.kind, NEW.text,
         NEW.found_by_id, NEW.found_at))
    THEN
        RAISE EXCEPTION 'the week of this finding is signed'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;
DROP FUNCTION runs_of_signed_week();
CREATE OR REPLACE FUNCTION runs_week_sealed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.state = 'SIGNED'
        OR (OLD.id, OLD.workflow_id, OLD.starts_on, OLD.seed, OLD.population_count,
            OLD.population_digest, OLD.strata, OLD.plan, OLD.opened_at)
        IS DISTINCT FROM
           (NEW.id, NEW.workflow_id, NEW.starts_on, NEW.seed, NEW.population_count,
            NEW.population_digest, NEW.strata, NEW.plan, NEW.opened_at)
    THEN
        RAISE EXCEPTION 'a week is sealed when it opens and frozen when it is signed'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
"""

TABLES = ("runs_signedweek", "runs_weekreopening", "runs_findingmove")
GROWS = "\n".join(
    f"""
CREATE TRIGGER {table}_frozen BEFORE UPDATE OR DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION audit_frozen();
CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION audit_frozen();
CREATE CONSTRAINT TRIGGER {table}_recorded AFTER INSERT OR UPDATE OR DELETE ON {table}
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION audit_must_be_recorded();"""
    for table in TABLES
)
SHRINKS = "\n".join(
    f"DROP TRIGGER {table}_{name} ON {table};"
    for table in TABLES
    for name in ("recorded", "no_truncate", "frozen")
)


class Migration(migrations.Migration):
    dependencies = [
        ("registry", "0018_versions_say_what_they_were_made_for"),
        ("runs", "0014_weeks_keep_their_population"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="FindingMove",
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
                            ("COMMENTED", "said"),
                            ("REDATED", "set another day"),
                            ("REASSIGNED", "gave it to somebody else"),
                            ("HANDED_OVER", "gave it on, because its owner left"),
                            ("DRAFTED", "drafted a change of the rulebook"),
                            ("DUE", "told its owner that it is due"),
                            ("CLOSED", "closed it"),
                            ("REOPENED", "opened it again"),
                        ],
                        max_length=11,
                    ),
                ),
                ("text", models.CharField(blank=True, max_length=1000)),
                ("facts", models.JSONField(default=dict)),
                ("at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="SignedWeek",
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
                ("number", models.PositiveIntegerField()),
                ("content", models.BinaryField()),
                ("digest", models.CharField(max_length=80)),
                ("signed_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="WeekReopening",
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
                ("number", models.PositiveIntegerField()),
                ("reason", models.CharField(max_length=1000)),
                ("opened_at", models.DateTimeField()),
            ],
        ),
        migrations.AddField(
            model_name="finding",
            name="about",
            field=models.CharField(blank=True, max_length=120, default=""),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="finding",
            name="told_due_on",
            field=models.DateField(null=True),
        ),
        migrations.AddField(
            model_name="reviewweek",
            name="version",
            field=models.PositiveIntegerField(default=1),
        ),
        migrations.AddIndex(
            model_name="finding",
            index=models.Index(fields=["due_on", "id"], name="runs_finding_by_day"),
        ),
        migrations.AddIndex(
            model_name="finding",
            index=models.Index(
                condition=models.Q(("closed_at", None)),
                fields=["owner", "due_on", "id"],
                name="runs_finding_of_owner",
            ),
        ),
        migrations.AddField(
            model_name="findingmove",
            name="finding",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="moves",
                to="runs.finding",
            ),
        ),
        migrations.AddField(
            model_name="findingmove",
            name="person",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="signedweek",
            name="signed_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="signedweek",
            name="week",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="signed_versions",
                to="runs.reviewweek",
            ),
        ),
        migrations.AddField(
            model_name="weekreopening",
            name="opened_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="weekreopening",
            name="week",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="reopenings",
                to="runs.reviewweek",
            ),
        ),
        migrations.AddIndex(
            model_name="findingmove",
            index=models.Index(
                fields=["finding", "at", "id"], name="runs_finding_history"
            ),
        ),
        migrations.AddConstraint(
            model_name="findingmove",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("kind__in", ("HANDED_OVER", "DUE")),
                    models.Q(
                        ("person__isnull", False), models.Q(("text", ""), _negated=True)
                    ),
                    _connector="OR",
                ),
                name="runs_finding_move_by_a_person_with_words",
            ),
        ),
        migrations.AddConstraint(
            model_name="signedweek",
            constraint=models.UniqueConstraint(
                fields=("week", "number"), name="runs_signed_week_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="signedweek",
            constraint=models.CheckConstraint(
                condition=models.Q(("number__gte", 1)), name="runs_signed_week_counts"
            ),
        ),
        migrations.AddConstraint(
            model_name="weekreopening",
            constraint=models.UniqueConstraint(
                fields=("week", "number"), name="runs_week_reopened_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="weekreopening",
            constraint=models.CheckConstraint(
                condition=models.Q(("reason", ""), _negated=True),
                name="runs_week_reopened_with_reason",
            ),
        ),
        migrations.RunSQL(FORWARDS, BACKWARDS),
        migrations.RunSQL(GROWS, SHRINKS),
    ]
