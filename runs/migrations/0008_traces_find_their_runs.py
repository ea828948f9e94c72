"""Traces find their runs: links, merges, what waits for a place, tools nobody mapped.

Events lie in an append-only table, partitioned by the run. A run that turns out to be part
of another is merged by one function, which belongs to the owner of the tables: it writes
its own record first, copies the events and takes away only what it copied.
"""

import django.db.models.deletion
import django.db.models.manager
from django.conf import settings
from django.db import migrations, models

import portal.core.ids

FORWARDS = """
ALTER TABLE runs_runmerge ADD COLUMN txid xid8 NOT NULL DEFAULT pg_current_xact_id();
CREATE TRIGGER runs_runmerge_frozen BEFORE UPDATE OR DELETE ON runs_runmerge
    FOR EACH ROW EXECUTE FUNCTION audit_frozen();

-- An event never changes. It leaves a run only in the transaction that merges that run,
-- by the function below, and only once the very same row stands in the run that is left.
CREATE FUNCTION runs_event_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND current_user = (
            SELECT pg_get_userbyid(relowner) FROM pg_class
             WHERE oid = 'public.runs_runevent'::regclass)
        AND EXISTS (
            SELECT FROM runs_runmerge merge
              JOIN runs_runevent copy
                ON copy.run_id = merge.target_id AND copy.id = OLD.id
             WHERE merge.source_id = OLD.run_id AND merge.txid = pg_current_xact_id()
               AND to_jsonb(copy) - 'run_id' = to_jsonb(OLD) - 'run_id') THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
DROP TRIGGER runs_runevent_frozen ON runs_runevent;
CREATE TRIGGER runs_runevent_frozen BEFORE UPDATE OR DELETE ON runs_runevent
    FOR EACH ROW EXECUTE FUNCTION runs_event_frozen();

CREATE FUNCTION runs_merge(
    merge_id uuid, source uuid, target uuid, rule text, reason text,
    by_kind text, by_id uuid, by_name text, moment timestamptz) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    workflow uuid;
    moved integer;
    holds integer;
BEGIN
    PERFORM FROM runs_run WHERE id IN (source, target) ORDER BY id FOR NO KEY UPDATE;
    SELECT one.workflow_id INTO workflow FROM runs_run one JOIN runs_run other
        ON other.workflow_id = one.workflow_id AND other.id = target
     WHERE one.id = source AND source <> target
       AND one.merged_into_id IS NULL AND other.merged_into_id IS NULL;
    IF workflow IS NULL THEN
        RAISE EXCEPTION 'only two whole runs of one workflow can be merged'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF EXISTS (SELECT FROM runs_run WHERE id = source
            AND coalesce(fold->'asks', '{}'::jsonb) <> '{}'::jsonb)
        OR EXISTS (SELECT FROM runs_sampledrun WHERE run_id = source)
        OR EXISTS (SELECT FROM runs_hold WHERE run_id = source
            AND (resumed_at IS NOT NULL OR stopped_at IS NOT NULL)) THEN
        RAISE EXCEPTION 'the portal keeps records of this run, so it stays'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    INSERT INTO runs_runmerge (id, workflow_id, source_id, target_id, rule, reason,
            by_kind, by_id, by_name, events, at)
        SELECT merge_id, workflow, source, target, rule, reason, by_kind, by_id, by_name,
            count(*), moment FROM runs_runevent WHERE run_id = source
        RETURNING events INTO moved;
    UPDATE runs_eventkey key SET run_id = target FROM runs_runevent event
     WHERE event.run_id = source AND key.source_id = event.source_id
       AND key.source_event_id = event.source_event_id;
    INSERT INTO runs_runevent (run_id, id, workflow_id, kind, at, received_at, provenance,
            source_id, source_name, source_event_id, batch_id, is_late, facts)
        SELECT target, id, workflow_id, kind, at, received_at, provenance, source_id,
            source_name, source_event_id, batch_id, is_late, facts
          FROM runs_runevent WHERE run_id = source;
    DELETE FROM runs_runevent WHERE run_id = source;
    UPDATE runs_hold SET run_id = target WHERE run_id = source;
    GET DIAGNOSTICS holds = ROW_COUNT;
    DELETE FROM runs_runlink twice USING runs_runlink kept
     WHERE twice.run_id = source AND kept.run_id = target
       AND twice.kind = 'CONVERSATION' AND kept.kind = 'CONVERSATION'
       AND twice.agent_id = kept.agent_id AND twice.key = kept.key;
    UPDATE runs_runlink SET run_id = target WHERE run_id = source;
    UPDATE runs_run SET merged_into_id = target WHERE merged_into_id = source;
    UPDATE runs_run kept SET
        is_flagged = kept.is_flagged OR gone.is_flagged,
        is_held = kept.is_held OR gone.is_held,
        hold_reason = CASE WHEN kept.is_held THEN kept.hold_reason ELSE gone.hold_reason END
      FROM runs_run gone WHERE kept.id = target AND gone.id = source;
    UPDATE runs_run SET merged_into_id = target, fold = '{}', event_count = 0,
        retry_count = 0, waited_seconds = 0, unauthorised_count = 0, cost_amount = 0,
        answered = 0, is_held = false, hold_reason = '', is_flagged = false,
        quiet_until = NULL, title = 'Part of another run.'
     WHERE id = source;
    RETURN moved;
END $$;
UPDATE runs_run SET heard_at = last_event_at, quiet_until = last_event_at + interval '30 minutes';
"""

BACKWARDS = """
DROP FUNCTION runs_merge(uuid, uuid, uuid, text, text, text, uuid, text, timestamptz);
DROP TRIGGER runs_runevent_frozen ON runs_runevent;
CREATE TRIGGER runs_runevent_frozen BEFORE UPDATE OR DELETE ON runs_runevent
    FOR EACH ROW EXECUTE FUNCTION audit_frozen();
DROP FUNCTION runs_event_frozen();
"""

TABLES = ("runs_runmerge", "runs_unplacedtrace", "runs_unmappedtool")
RECORDED = "\n".join(
    f"""
CREATE CONSTRAINT TRIGGER {table}_recorded AFTER INSERT OR UPDATE OR DELETE ON {table}
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION audit_must_be_recorded();"""
    for table in TABLES
)
NOT_RECORDED = "\n".join(
    f"DROP TRIGGER {table}_recorded ON {table};" for table in TABLES
)


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0005_notices_for_many"),
        ("registry", "0016_reviewers_by_team_position_and_role"),
        ("runs", "0007_batches_say_what_they_carried"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="RunLink",
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
                            ("TRACE", "A trace"),
                            ("CONVERSATION", "A conversation"),
                        ],
                        max_length=12,
                    ),
                ),
                ("key", models.CharField(max_length=128)),
                (
                    "rule",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("person", "A person placed it"),
                            ("run", "It names the run"),
                            ("minted", "It carries an id that this portal gave out"),
                            ("link", "It points at a trace of the run"),
                            ("conversation", "It is of the same conversation"),
                            ("trace", "Known by its trace id only"),
                        ],
                        max_length=12,
                    ),
                ),
                ("linked_at", models.DateTimeField()),
                ("seen_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="RunMerge",
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
                    "rule",
                    models.CharField(
                        choices=[
                            ("person", "A person placed it"),
                            ("run", "It names the run"),
                            ("minted", "It carries an id that this portal gave out"),
                            ("link", "It points at a trace of the run"),
                            ("conversation", "It is of the same conversation"),
                            ("trace", "Known by its trace id only"),
                        ],
                        max_length=12,
                    ),
                ),
                ("reason", models.CharField(max_length=300)),
                ("by_kind", models.CharField(max_length=10)),
                ("by_id", models.UUIDField()),
                ("by_name", models.CharField(max_length=120)),
                ("events", models.PositiveIntegerField()),
                ("at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="UnmappedTool",
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
                ("name", models.CharField(max_length=200)),
                ("calls", models.PositiveIntegerField(default=0)),
                ("first_at", models.DateTimeField()),
                ("last_at", models.DateTimeField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("OPEN", "Waits to be mapped"),
                            ("MAPPED", "Mapped"),
                            ("DISMISSED", "Dismissed"),
                        ],
                        default="OPEN",
                        max_length=9,
                    ),
                ),
                ("settled_at", models.DateTimeField(null=True)),
                ("reason", models.CharField(blank=True, max_length=300)),
            ],
        ),
        migrations.CreateModel(
            name="UnplacedPart",
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
                ("spans", models.PositiveIntegerField(default=0)),
                ("span_ids", models.JSONField(default=list)),
            ],
        ),
        migrations.CreateModel(
            name="UnplacedTrace",
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
                ("trace_id", models.CharField(max_length=128)),
                ("why", models.CharField(max_length=40)),
                ("named", models.CharField(blank=True, max_length=120)),
                ("conversation", models.CharField(blank=True, max_length=128)),
                ("first_span", models.CharField(blank=True, max_length=200)),
                ("spans", models.PositiveIntegerField(default=0)),
                ("first_at", models.DateTimeField()),
                ("last_at", models.DateTimeField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("OPEN", "Waits for a person"),
                            ("PLACED", "Placed"),
                            ("DISMISSED", "Dismissed"),
                        ],
                        default="OPEN",
                        max_length=9,
                    ),
                ),
                ("settled_at", models.DateTimeField(null=True)),
                ("reason", models.CharField(blank=True, max_length=300)),
            ],
        ),
        migrations.AlterModelOptions(
            name="run",
            options={"base_manager_name": "every"},
        ),
        migrations.AlterModelManagers(
            name="run",
            managers=[
                ("objects", django.db.models.manager.Manager()),
                ("every", django.db.models.manager.Manager()),
            ],
        ),
        migrations.AddField(
            model_name="run",
            name="heard_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="run",
            name="known_by",
            field=models.CharField(
                choices=[
                    ("run", "Its own id"),
                    ("conversation", "A conversation"),
                    ("trace", "A trace id"),
                ],
                default="run",
                max_length=12,
            ),
        ),
        migrations.AddField(
            model_name="run",
            name="merged_into",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="merged",
                to="runs.run",
            ),
        ),
        migrations.AddField(
            model_name="run",
            name="quiet_until",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddIndex(
            model_name="run",
            index=models.Index(
                condition=models.Q(("merged_into", None), ("state", "RUNNING")),
                fields=["quiet_until", "id"],
                name="runs_run_quiet",
            ),
        ),
        migrations.AddField(
            model_name="runlink",
            name="agent",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                to="accounts.agent",
            ),
        ),
        migrations.AddField(
            model_name="runlink",
            name="run",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="links",
                to="runs.run",
            ),
        ),
        migrations.AddField(
            model_name="runlink",
            name="workflow",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                to="registry.workflow",
            ),
        ),
        migrations.AddField(
            model_name="runmerge",
            name="source",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="left_by",
                to="runs.run",
            ),
        ),
        migrations.AddField(
            model_name="runmerge",
            name="target",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="took_in",
                to="runs.run",
            ),
        ),
        migrations.AddField(
            model_name="runmerge",
            name="workflow",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, to="registry.workflow"
            ),
        ),
        migrations.AddField(
            model_name="unmappedtool",
            name="run",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="runs.run",
            ),
        ),
        migrations.AddField(
            model_name="unmappedtool",
            name="settled_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="unmappedtool",
            name="workflow",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                to="registry.workflow",
            ),
        ),
        migrations.AddField(
            model_name="unplacedpart",
            name="batch",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="runs.inboxbatch",
            ),
        ),
        migrations.AddField(
            model_name="unplacedtrace",
            name="agent",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                to="accounts.agent",
            ),
        ),
        migrations.AddField(
            model_name="unplacedtrace",
            name="run",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="placed_traces",
                to="runs.run",
            ),
        ),
        migrations.AddField(
            model_name="unplacedtrace",
            name="settled_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="unplacedtrace",
            name="workflow",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="registry.workflow",
            ),
        ),
        migrations.AddField(
            model_name="unplacedpart",
            name="trace",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="parts",
                to="runs.unplacedtrace",
            ),
        ),
        migrations.AddIndex(
            model_name="runlink",
            index=models.Index(fields=["agent", "key"], name="runs_link_of_agent"),
        ),
        migrations.AddConstraint(
            model_name="runlink",
            constraint=models.UniqueConstraint(
                condition=models.Q(("kind", "TRACE")),
                fields=("workflow", "key"),
                name="runs_link_of_trace",
            ),
        ),
        migrations.AddConstraint(
            model_name="runlink",
            constraint=models.UniqueConstraint(
                condition=models.Q(("kind", "CONVERSATION")),
                fields=("workflow", "agent", "key", "run"),
                name="runs_link_of_conversation",
            ),
        ),
        migrations.AddIndex(
            model_name="unmappedtool",
            index=models.Index(
                condition=models.Q(("state", "OPEN")),
                fields=["workflow", "-last_at"],
                name="runs_unmapped_open",
            ),
        ),
        migrations.AddConstraint(
            model_name="unmappedtool",
            constraint=models.UniqueConstraint(
                fields=("workflow", "name"), name="runs_unmapped_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="unmappedtool",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("settled_at", None), ("state", "OPEN")),
                    models.Q(
                        ("settled_at__isnull", False),
                        ("state__in", ("MAPPED", "DISMISSED")),
                    ),
                    _connector="OR",
                ),
                name="runs_unmapped_settled",
            ),
        ),
        migrations.AddConstraint(
            model_name="unmappedtool",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "DISMISSED"), _negated=True),
                    models.Q(("reason", ""), _negated=True),
                    _connector="OR",
                ),
                name="runs_unmapped_reason",
            ),
        ),
        migrations.AddIndex(
            model_name="unplacedtrace",
            index=models.Index(
                condition=models.Q(("state", "OPEN")),
                fields=["-last_at", "-id"],
                name="runs_unplaced_open",
            ),
        ),
        migrations.AddConstraint(
            model_name="unplacedtrace",
            constraint=models.UniqueConstraint(
                fields=("agent", "trace_id"), name="runs_unplaced_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="unplacedtrace",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("settled_at", None), ("state", "OPEN")),
                    models.Q(
                        ("settled_at__isnull", False),
                        ("state__in", ("PLACED", "DISMISSED")),
                    ),
                    _connector="OR",
                ),
                name="runs_unplaced_settled",
            ),
        ),
        migrations.AddConstraint(
            model_name="unplacedtrace",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "DISMISSED"), _negated=True),
                    models.Q(("reason", ""), _negated=True),
                    _connector="OR",
                ),
                name="runs_unplaced_reason",
            ),
        ),
        migrations.AddConstraint(
            model_name="unplacedpart",
            constraint=models.UniqueConstraint(
                fields=("trace", "batch"), name="runs_unplaced_part_once"
            ),
        ),
        migrations.RunSQL(FORWARDS, BACKWARDS),
        migrations.RunSQL(RECORDED, NOT_RECORDED),
    ]
