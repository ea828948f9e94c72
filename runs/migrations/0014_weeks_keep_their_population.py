"""A week keeps its whole population, its plan, and who reads which run second."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

FORWARDS = """
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

CREATE OR REPLACE FUNCTION runs_sample_sealed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE'
        OR (SELECT state FROM runs_reviewweek WHERE id = NEW.week_id) = 'SIGNED'
        OR (TG_OP = 'UPDATE' AND
            (OLD.id, OLD.week_id, OLD.run_id, OLD.position, OLD.stratum, OLD.why,
             OLD.probability, OLD.is_doubled)
            IS DISTINCT FROM
            (NEW.id, NEW.week_id, NEW.run_id, NEW.position, NEW.stratum, NEW.why,
             NEW.probability, NEW.is_doubled))
    THEN
        RAISE EXCEPTION 'the sample of a week is sealed'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER runs_sealedpopulation_frozen BEFORE UPDATE OR DELETE
    ON runs_sealedpopulation FOR EACH ROW EXECUTE FUNCTION audit_frozen();
CREATE TRIGGER runs_sealedpopulation_no_truncate BEFORE TRUNCATE
    ON runs_sealedpopulation FOR EACH STATEMENT EXECUTE FUNCTION audit_frozen();
CREATE CONSTRAINT TRIGGER runs_sealedpopulation_recorded
    AFTER INSERT ON runs_sealedpopulation DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION audit_must_be_recorded();
CREATE CONSTRAINT TRIGGER runs_readingplan_recorded
    AFTER INSERT OR UPDATE OR DELETE ON runs_readingplan
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION audit_must_be_recorded();
"""

BACKWARDS = """
DROP TRIGGER runs_readingplan_recorded ON runs_readingplan;
DROP TRIGGER runs_sealedpopulation_recorded ON runs_sealedpopulation;
DROP TRIGGER runs_sealedpopulation_no_truncate ON runs_sealedpopulation;
DROP TRIGGER runs_sealedpopulation_frozen ON runs_sealedpopulation;

CREATE OR REPLACE FUNCTION runs_week_sealed() RETURNS trigger LANGUAGE plpgsql AS $$
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

CREATE OR REPLACE FUNCTION runs_sample_sealed() RETURNS trigger LANGUAGE plpgsql AS $$
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
"""


class Migration(migrations.Migration):
    dependencies = [
        ("registry", "0017_who_may_reveal"),
        ("runs", "0013_runs_are_found_by_workflow"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ReadingPlan",
            fields=[
                (
                    "workflow",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        serialize=False,
                        to="registry.workflow",
                    ),
                ),
                ("minutes_a_week", models.PositiveIntegerField()),
                ("minutes_a_run", models.PositiveIntegerField()),
                ("changed_at", models.DateTimeField()),
                (
                    "changed_by",
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
            name="SealedPopulation",
            fields=[
                (
                    "week",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="sealed",
                        serialize=False,
                        to="runs.reviewweek",
                    ),
                ),
                ("body", models.BinaryField()),
            ],
        ),
        migrations.AddField(
            model_name="reviewweek",
            name="plan",
            field=models.JSONField(default=dict),
        ),
        migrations.AddField(
            model_name="sampledrun",
            name="is_doubled",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="sampledrun",
            name="second_lease_until",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="sampledrun",
            name="second_to",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddConstraint(
            model_name="sampledrun",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("second_to", None),
                    models.Q(
                        ("is_doubled", True),
                        models.Q(
                            ("assigned_to", None),
                            models.Q(
                                ("second_to", models.F("assigned_to")), _negated=True
                            ),
                            _connector="OR",
                        ),
                    ),
                    _connector="OR",
                ),
                name="runs_sample_second_is_another",
            ),
        ),
        migrations.AddConstraint(
            model_name="readingplan",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("minutes_a_run__gte", 1),
                    ("minutes_a_run__lte", 120),
                    ("minutes_a_week__gte", 10),
                    ("minutes_a_week__lte", 2400),
                ),
                name="runs_reading_plan_minutes",
            ),
        ),
        migrations.RunSQL(FORWARDS, BACKWARDS),
    ]
