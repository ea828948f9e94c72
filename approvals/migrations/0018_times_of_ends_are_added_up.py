"""How long deciding and looking took is added up by ranges, by the database, as it changes.

The triggers come after those of the counts by name, so that every transaction takes the
rows of counts first and those of times second, each in one order.
"""

import django.contrib.postgres.functions
import django.db.models.deletion
from django.db import migrations, models

TIMED = """
SELECT e.workflow_id, e."on", t.what, floor(ln(greatest(t.took, 0.001)) * 8)::smallint,
    {count}, min(t.took), max(t.took), {total}
FROM {rows} AS e CROSS JOIN LATERAL
    (VALUES ('DECIDED'::varchar, e.seconds), ('LOOKED', e.looked_seconds)) AS t (what, took)
WHERE NOT e.is_superseded AND t.took IS NOT NULL
    AND e.state IN ('APPROVED', 'EDITED', 'REJECTED', 'RESPONDED')
GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
"""
INSERTED = """
    INSERT INTO approvals_endtime AS kept
        (workflow_id, "on", what, range, count, low, high, total) {timed}
    ON CONFLICT (workflow_id, "on", what, range) DO UPDATE
    SET count = kept.count + excluded.count, total = kept.total + excluded.total,
        low = least(kept.low, excluded.low), high = greatest(kept.high, excluded.high);
"""


def timed(rows: str, sign: str = "") -> str:
    """Write what rows come to, added or taken away."""
    total = "sum(t.took::numeric(24, 6))"
    return TIMED.format(rows=rows, count=f"{sign}count(*)::int", total=f"{sign}{total}")


KEPT = f"""
CREATE FUNCTION approvals_end_times_of_all() RETURNS TABLE (workflow_id uuid, "on" date,
    what varchar, range smallint, count int, low float8, high float8, total numeric)
LANGUAGE sql STABLE AS $$ {timed("approvals_proposalend")} $$;
CREATE FUNCTION approvals_end_times_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN {INSERTED.format(timed=timed("added"))} RETURN NULL; END $$;
CREATE FUNCTION approvals_end_times_removed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN {INSERTED.format(timed=timed("removed", "-"))} RETURN NULL; END $$;
CREATE TRIGGER approvals_ends_timed_added AFTER INSERT ON approvals_proposalend
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT
    EXECUTE FUNCTION approvals_end_times_added();
CREATE TRIGGER approvals_ends_timed_removed AFTER DELETE ON approvals_proposalend
    REFERENCING OLD TABLE AS removed FOR EACH STATEMENT
    EXECUTE FUNCTION approvals_end_times_removed();
CREATE TRIGGER approvals_ends_timed_from AFTER UPDATE ON approvals_proposalend
    REFERENCING OLD TABLE AS removed FOR EACH STATEMENT
    EXECUTE FUNCTION approvals_end_times_removed();
CREATE TRIGGER approvals_ends_timed_to AFTER UPDATE ON approvals_proposalend
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT
    EXECUTE FUNCTION approvals_end_times_added();
INSERT INTO approvals_endtime (workflow_id, "on", what, range, count, low, high, total)
SELECT * FROM approvals_end_times_of_all();
"""
DROPPED = """
DROP TRIGGER approvals_ends_timed_to ON approvals_proposalend;
DROP TRIGGER approvals_ends_timed_from ON approvals_proposalend;
DROP TRIGGER approvals_ends_timed_removed ON approvals_proposalend;
DROP TRIGGER approvals_ends_timed_added ON approvals_proposalend;
DROP FUNCTION approvals_end_times_removed();
DROP FUNCTION approvals_end_times_added();
DROP FUNCTION approvals_end_times_of_all();
"""
FOR_GOOD = models.Q(
    is_superseded=False, state__in=("APPROVED", "EDITED", "REJECTED", "RESPONDED")
)


class Migration(migrations.Migration):
    dependencies = [("approvals", "0017_ends_are_added_up")]

    operations = [
        migrations.CreateModel(
            name="EndTime",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_default=django.contrib.postgres.functions.RandomUUID(),
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("on", models.DateField()),
                (
                    "what",
                    models.CharField(
                        choices=[
                            ("DECIDED", "from the asking to the end"),
                            ("LOOKED", "with the card before them"),
                        ],
                        max_length=7,
                    ),
                ),
                ("range", models.SmallIntegerField()),
                ("count", models.IntegerField()),
                ("low", models.FloatField()),
                ("high", models.FloatField()),
                ("total", models.DecimalField(decimal_places=6, max_digits=24)),
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
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("workflow", "on", "what", "range"),
                        include=("count", "low", "high", "total"),
                        name="approvals_end_time_once",
                    )
                ],
            },
        ),
        migrations.AddIndex(
            model_name="proposalend",
            index=models.Index(
                fields=["workflow", "on", "seconds"],
                condition=FOR_GOOD,
                name="approvals_end_seconds",
            ),
        ),
        migrations.AddIndex(
            model_name="proposalend",
            index=models.Index(
                fields=["workflow", "on", "looked_seconds"],
                condition=FOR_GOOD & models.Q(looked_seconds__isnull=False),
                name="approvals_end_looked",
            ),
        ),
        migrations.AddIndex(
            model_name="proposalend",
            index=models.Index(
                fields=["-ended_at", "-proposal"],
                condition=models.Q(is_superseded=True),
                name="approvals_end_taken_back",
            ),
        ),
        migrations.RunSQL(KEPT, DROPPED),
    ]
