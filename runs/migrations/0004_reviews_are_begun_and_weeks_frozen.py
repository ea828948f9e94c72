"""A review can be left half done; a signed week never changes again.

The population, the key and the sample of a week are sealed when it opens. Once it is
signed its reviews are too; of its findings only who looks after them, until when, and
how they were closed may still change.
"""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import portal.core.ids

FORWARDS = """
CREATE FUNCTION runs_week_sealed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.state = 'SIGNED'
        OR (OLD.id, OLD.workflow_id, OLD.starts_on, OLD.seed, OLD.population_count,
            OLD.population_digest, OLD.strata, OLD.opened_at)
        IS DISTINCT FROM
           (NEW.id, NEW.workflow_id, NEW.starts_on, NEW.seed, NEW.population_count,
            NEW.population_digest, NEW.strata, NEW.opened_at)
    THEN
        RAISE EXCEPTION 'a week is sealed when it opens and frozen when it is signed'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION runs_sample_sealed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE'
        OR (SELECT state FROM runs_reviewweek WHERE id = NEW.week_id) = 'SIGNED'
        OR (TG_OP = 'UPDATE' AND
            (OLD.id, OLD.week_id, OLD.run_id, OLD.position, OLD.stratum, OLD.why,
             OLD.probability)
            IS DISTINCT FROM
            (NEW.id, NEW.week_id, NEW.run_id, NEW.position, NEW.stratum, NEW.why,
             NEW.probability))
    THEN
        RAISE EXCEPTION 'the sample of a week is sealed'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION runs_review_sealed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    touched uuid := CASE WHEN TG_OP = 'DELETE' THEN OLD.sampled_id ELSE NEW.sampled_id END;
BEGIN
    IF EXISTS (
        SELECT FROM runs_sampledrun s JOIN runs_reviewweek w ON w.id = s.week_id
        WHERE s.id = touched AND w.state = 'SIGNED'
    ) THEN
        RAISE EXCEPTION 'the week of this review is signed'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;

CREATE FUNCTION runs_finding_sealed() RETURNS trigger LANGUAGE plpgsql AS $$
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

CREATE TRIGGER runs_reviewweek_sealed BEFORE UPDATE OR DELETE ON runs_reviewweek
    FOR EACH ROW EXECUTE FUNCTION runs_week_sealed();
CREATE TRIGGER runs_sampledrun_sealed BEFORE INSERT OR UPDATE OR DELETE ON runs_sampledrun
    FOR EACH ROW EXECUTE FUNCTION runs_sample_sealed();
CREATE TRIGGER runs_review_sealed BEFORE INSERT OR UPDATE OR DELETE ON runs_review
    FOR EACH ROW EXECUTE FUNCTION runs_review_sealed();
CREATE TRIGGER runs_reviewdraft_sealed BEFORE INSERT OR UPDATE ON runs_reviewdraft
    FOR EACH ROW EXECUTE FUNCTION runs_review_sealed();
CREATE TRIGGER runs_finding_sealed BEFORE INSERT OR UPDATE OR DELETE ON runs_finding
    FOR EACH ROW EXECUTE FUNCTION runs_finding_sealed();
CREATE CONSTRAINT TRIGGER runs_reviewdraft_recorded
    AFTER INSERT OR UPDATE OR DELETE ON runs_reviewdraft
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION audit_must_be_recorded();
CREATE CONSTRAINT TRIGGER runs_sampledrun_recorded
    AFTER INSERT OR UPDATE OR DELETE ON runs_sampledrun
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION audit_must_be_recorded();
"""

BACKWARDS = """
DROP TRIGGER runs_sampledrun_recorded ON runs_sampledrun;
DROP TRIGGER runs_reviewdraft_recorded ON runs_reviewdraft;
DROP TRIGGER runs_finding_sealed ON runs_finding;
DROP TRIGGER runs_reviewdraft_sealed ON runs_reviewdraft;
DROP TRIGGER runs_review_sealed ON runs_review;
DROP TRIGGER runs_sampledrun_sealed ON runs_sampledrun;
DROP TRIGGER runs_reviewweek_sealed ON runs_reviewweek;
DROP FUNCTION runs_finding_sealed();
DROP FUNCTION runs_review_sealed();
DROP FUNCTION runs_sample_sealed();
DROP FUNCTION runs_week_sealed();
"""


class Migration(migrations.Migration):
    dependencies = (
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("runs", "0003_changes_are_recorded"),
    )

    operations = (
        migrations.CreateModel(
            name="ReviewDraft",
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
                ("answers", models.JSONField(default=dict)),
                ("reasons", models.JSONField(default=dict)),
                ("note", models.TextField(blank=True)),
                ("changed_at", models.DateTimeField()),
                (
                    "assessor",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "sampled",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="drafts",
                        to="runs.sampledrun",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("sampled", "assessor"),
                        name="runs_draft_once_per_assessor",
                    )
                ]
            },
        ),
        migrations.RunSQL(FORWARDS, BACKWARDS),
    )
