"""The table of run events, partitioned by the run's id.

Ids are UUIDv7, so a range of ids is a range of time: one run lies in one partition,
and forgetting a month of runs is dropping a table. Django cannot write PARTITION BY,
so the table is made here and only its shape is told to Django.

`runs_make_partitions(months)` makes those of the months ahead. The application's role
owns no table, so the function runs with its owner's rights; it takes a number and
nothing else. A month whose rows already lie in the default partition is left there.
"""

import django.db.models.deletion
from django.db import migrations, models

import portal.core.ids

FORWARDS = """
CREATE TABLE runs_runevent (
    run_id uuid NOT NULL REFERENCES runs_run (id),
    id uuid NOT NULL,
    workflow_id uuid NOT NULL REFERENCES registry_workflow (id),
    kind varchar(40) NOT NULL,
    at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    provenance varchar(9) NOT NULL CONSTRAINT runs_event_provenance
        CHECK (provenance IN ('ENFORCED', 'CONFIRMED', 'REPORTED', 'INFERRED')),
    source_id uuid NOT NULL,
    source_name varchar(120) NOT NULL,
    source_event_id varchar(128) NOT NULL,
    batch_id uuid NULL,
    is_late boolean NOT NULL,
    facts jsonb NOT NULL,
    PRIMARY KEY (run_id, id)
) PARTITION BY RANGE (run_id);
-- numbers: the rows behind a figure of one workflow and period
CREATE INDEX runs_event_kind ON runs_runevent (workflow_id, kind, at);
CREATE TABLE runs_runevent_default PARTITION OF runs_runevent DEFAULT;
CREATE TRIGGER runs_runevent_frozen BEFORE UPDATE OR DELETE ON runs_runevent
    FOR EACH ROW EXECUTE FUNCTION audit_frozen();

CREATE FUNCTION runs_first_id_of(moment timestamptz) RETURNS uuid
LANGUAGE sql STABLE AS $$
    SELECT (lpad(to_hex((extract(epoch FROM moment) * 1000)::bigint), 12, '0')
        || repeat('0', 20))::uuid
$$;

CREATE FUNCTION runs_make_partitions(months integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET timezone = 'UTC' AS $$
DECLARE
    month timestamptz;
    name text;
    made integer := 0;
BEGIN
    IF months NOT BETWEEN 0 AND 60 THEN
        RAISE EXCEPTION 'months must lie between 0 and 60';
    END IF;
    FOR step IN 0 .. months LOOP
        month := date_trunc('month', clock_timestamp(), 'UTC') + step * interval '1 month';
        name := 'runs_runevent_' || to_char(month AT TIME ZONE 'UTC', 'YYYY_MM');
        IF to_regclass('public.' || name) IS NULL THEN
            BEGIN
                EXECUTE format(
                    'CREATE TABLE %I PARTITION OF runs_runevent FOR VALUES FROM (%L) TO (%L)',
                    name, runs_first_id_of(month),
                    runs_first_id_of(month + interval '1 month'));
                made := made + 1;
            EXCEPTION WHEN check_violation THEN
                RAISE WARNING '% has rows in the default partition', name;
            END;
        END IF;
    END LOOP;
    RETURN made;
END $$;
SELECT runs_make_partitions(6);
"""

BACKWARDS = """
DROP FUNCTION runs_make_partitions(integer);
DROP FUNCTION runs_first_id_of(timestamptz);
DROP TABLE runs_runevent;
"""


class Migration(migrations.Migration):
    dependencies = (
        ("runs", "0001_runs_and_reviews"),
        ("audit", "0002_journal_is_append_only"),
    )

    operations = (
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(FORWARDS, BACKWARDS)],
            state_operations=[
                migrations.CreateModel(
                    name="RunEvent",
                    fields=[
                        (
                            "pk",
                            models.CompositePrimaryKey(
                                "run_id",
                                "id",
                                blank=True,
                                editable=False,
                                primary_key=True,
                                serialize=False,
                            ),
                        ),
                        (
                            "id",
                            models.UUIDField(
                                default=portal.core.ids.new_id, editable=False
                            ),
                        ),
                        ("kind", models.CharField(max_length=40)),
                        ("at", models.DateTimeField()),
                        ("received_at", models.DateTimeField()),
                        (
                            "provenance",
                            models.CharField(
                                choices=[
                                    ("ENFORCED", "Enforced"),
                                    ("CONFIRMED", "Confirmed"),
                                    ("REPORTED", "Reported"),
                                    ("INFERRED", "Inferred"),
                                ],
                                max_length=9,
                            ),
                        ),
                        ("source_id", models.UUIDField()),
                        ("source_name", models.CharField(max_length=120)),
                        (
                            "source_event_id",
                            models.CharField(blank=True, max_length=128),
                        ),
                        ("batch_id", models.UUIDField(null=True)),
                        ("is_late", models.BooleanField(default=False)),
                        ("facts", models.JSONField(default=dict)),
                        (
                            "run",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                related_name="events",
                                to="runs.run",
                            ),
                        ),
                        (
                            "workflow",
                            models.ForeignKey(
                                db_index=False,
                                on_delete=django.db.models.deletion.PROTECT,
                                to="registry.workflow",
                            ),
                        ),
                    ],
                ),
                migrations.AddIndex(
                    model_name="runevent",
                    index=models.Index(
                        fields=["workflow", "kind", "at"], name="runs_event_kind"
                    ),
                ),
                migrations.AddConstraint(
                    model_name="runevent",
                    constraint=models.CheckConstraint(
                        condition=models.Q(
                            (
                                "provenance__in",
                                ["ENFORCED", "CONFIRMED", "REPORTED", "INFERRED"],
                            )
                        ),
                        name="runs_event_provenance",
                    ),
                ),
            ],
        ),
    )
