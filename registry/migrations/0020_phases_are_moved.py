"""A workflow moves between phases one step at a time, and each step up has a signed gate.

The database refuses a jump and a change of phase that no row of moves tells. What was live
before is told as begun where it stood; a page of phase 4 that named no action groups
writes nothing until it does.
"""

import django.db.models.deletion
import django.db.models.expressions
from django.conf import settings
from django.db import migrations, models

import portal.core.ids

TABLES = ("phasegate", "phasemove", "phasesignature")

FORWARDS = """
INSERT INTO registry_phasemove
    (id, workflow_id, number, kind, from_phase, to_phase, reason, moved_at)
SELECT gen_random_uuid(), w.id, 1, 'BEGUN', 0, w.phase,
       'It was live in this phase before moves were on record.', now()
  FROM registry_workflow w WHERE w.live_version_id IS NOT NULL;

ALTER TABLE registry_allowancerow DISABLE TRIGGER USER;
UPDATE registry_allowancerow r
   SET reach = 'never', reach_level = 'phase',
       reach_sentence = 'In phase 4 an agent acts only inside its action groups.'
  FROM registry_operatingmodelversion v
 WHERE v.id = r.version_id AND v.document ->> 'phase' = '4' AND r.reach <> 'never'
   AND r.verb <> ALL (ARRAY['read', 'search', 'list', 'check', 'monitor', 'calculate',
       'summarize', 'classify', 'score', 'extract', 'translate', 'draft', 'recommend',
       'answer']);
ALTER TABLE registry_allowancerow ENABLE TRIGGER USER;

CREATE FUNCTION registry_phase_held() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    latest registry_phasemove%ROWTYPE;
BEGIN
    IF NEW.phase = OLD.phase OR OLD.live_version_id IS NULL THEN
        RETURN NEW;
    END IF;
    IF NEW.phase > OLD.phase + 1 THEN
        RAISE EXCEPTION 'a workflow goes up one phase at a time, not from % to %',
            OLD.phase, NEW.phase USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    SELECT * INTO latest FROM registry_phasemove
        WHERE workflow_id = NEW.id ORDER BY number DESC LIMIT 1;
    IF latest.from_phase IS DISTINCT FROM OLD.phase
        OR latest.to_phase IS DISTINCT FROM NEW.phase
    THEN
        RAISE EXCEPTION 'a phase changes only by a move that is on record'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER registry_phase_held BEFORE UPDATE OF phase ON registry_workflow
    FOR EACH ROW EXECUTE FUNCTION registry_phase_held();

CREATE FUNCTION registry_move_agrees() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.kind <> 'BEGUN' AND NEW.from_phase IS DISTINCT FROM
        (SELECT phase FROM registry_workflow WHERE id = NEW.workflow_id)
    THEN
        RAISE EXCEPTION 'a move begins in the phase that the workflow is in'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF NEW.kind = 'UP' AND NOT EXISTS (
        SELECT FROM registry_phasegate g
         WHERE g.id = NEW.gate_id AND g.workflow_id = NEW.workflow_id
           AND g.from_phase = NEW.from_phase AND g.to_phase = NEW.to_phase
           AND (SELECT count(DISTINCT s.person_id) FROM registry_phasesignature s
                 WHERE s.gate_id = g.id) = 3)
    THEN
        RAISE EXCEPTION 'a workflow goes up through its own gate, signed by three people'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER registry_move_agrees BEFORE INSERT ON registry_phasemove
    FOR EACH ROW EXECUTE FUNCTION registry_move_agrees();

CREATE FUNCTION registry_gate_signed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.digest IS DISTINCT FROM
        (SELECT digest FROM registry_phasegate WHERE id = NEW.gate_id)
    THEN
        RAISE EXCEPTION 'a signature is over the digest of its gate'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER registry_gate_signed BEFORE INSERT ON registry_phasesignature
    FOR EACH ROW EXECUTE FUNCTION registry_gate_signed();
""" + "".join(
    f"CREATE TRIGGER registry_{table}_frozen BEFORE UPDATE OR DELETE"
    f" ON registry_{table} FOR EACH ROW EXECUTE FUNCTION audit_frozen();\n"
    f"CREATE TRIGGER registry_{table}_no_truncate BEFORE TRUNCATE"
    f" ON registry_{table} FOR EACH STATEMENT EXECUTE FUNCTION audit_frozen();\n"
    f"CREATE CONSTRAINT TRIGGER registry_{table}_recorded AFTER INSERT"
    f" ON registry_{table} DEFERRABLE INITIALLY DEFERRED"
    " FOR EACH ROW EXECUTE FUNCTION audit_must_be_recorded();\n"
    for table in TABLES
)

BACKWARDS = (
    "".join(
        f"DROP TRIGGER registry_{table}_{name} ON registry_{table};\n"
        for table in TABLES
        for name in ("recorded", "no_truncate", "frozen")
    )
    + """
DROP TRIGGER registry_gate_signed ON registry_phasesignature;
DROP FUNCTION registry_gate_signed();
DROP TRIGGER registry_move_agrees ON registry_phasemove;
DROP FUNCTION registry_move_agrees();
DROP TRIGGER registry_phase_held ON registry_workflow;
DROP FUNCTION registry_phase_held();
"""
)


class Migration(migrations.Migration):
    dependencies = [
        ("registry", "0019_decision_rights"),
        ("audit", "0002_journal_is_append_only"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="allowancerow",
            name="action_group",
            field=models.CharField(blank=True, max_length=120),
        ),
        migrations.CreateModel(
            name="PhaseGate",
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
                ("from_phase", models.PositiveSmallIntegerField()),
                ("to_phase", models.PositiveSmallIntegerField()),
                ("content", models.BinaryField()),
                ("digest", models.CharField(max_length=80)),
                ("gathered_at", models.DateTimeField()),
                (
                    "workflow",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="phase_gates",
                        to="registry.workflow",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="PhaseMove",
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
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("BEGUN", "Began"),
                            ("UP", "Went up"),
                            ("BACK", "Taken back"),
                        ],
                        max_length=5,
                    ),
                ),
                ("from_phase", models.PositiveSmallIntegerField()),
                ("to_phase", models.PositiveSmallIntegerField()),
                ("reason", models.CharField(blank=True, max_length=500)),
                ("moved_at", models.DateTimeField()),
                (
                    "gate",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="moves",
                        to="registry.phasegate",
                    ),
                ),
                (
                    "moved_by",
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
                        related_name="phase_moves",
                        to="registry.workflow",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="PhaseSignature",
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
                ("role", models.CharField(max_length=20)),
                ("digest", models.CharField(max_length=80)),
                ("signed_at", models.DateTimeField()),
                (
                    "gate",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="signatures",
                        to="registry.phasegate",
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="phasegate",
            index=models.Index(
                fields=["workflow", "-gathered_at"], name="registry_gate_newest"
            ),
        ),
        migrations.AddConstraint(
            model_name="phasegate",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "to_phase",
                        django.db.models.expressions.CombinedExpression(
                            models.F("from_phase"), "+", models.Value(1)
                        ),
                    )
                ),
                name="registry_gate_one_step",
            ),
        ),
        migrations.AddConstraint(
            model_name="phasegate",
            constraint=models.CheckConstraint(
                condition=models.Q(("from_phase__gte", 1), ("to_phase__lte", 5)),
                name="registry_gate_phases",
            ),
        ),
        migrations.AddConstraint(
            model_name="phasemove",
            constraint=models.UniqueConstraint(
                fields=("workflow", "number"), name="registry_move_number_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="phasemove",
            constraint=models.UniqueConstraint(
                fields=("gate",), name="registry_gate_moves_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="phasemove",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("from_phase", 0),
                        ("gate", None),
                        ("kind", "BEGUN"),
                        ("number", 1),
                        models.Q(
                            ("to_phase", 1),
                            models.Q(("reason", ""), _negated=True),
                            _connector="OR",
                        ),
                    ),
                    models.Q(
                        ("gate__isnull", False),
                        ("kind", "UP"),
                        (
                            "to_phase",
                            django.db.models.expressions.CombinedExpression(
                                models.F("from_phase"), "+", models.Value(1)
                            ),
                        ),
                    ),
                    models.Q(
                        ("gate", None),
                        ("kind", "BACK"),
                        ("to_phase__lt", models.F("from_phase")),
                        models.Q(("reason", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="registry_move_is_legal",
            ),
        ),
        migrations.AddConstraint(
            model_name="phasemove",
            constraint=models.CheckConstraint(
                condition=models.Q(("to_phase__gte", 1), ("to_phase__lte", 5)),
                name="registry_move_phases",
            ),
        ),
        migrations.AddConstraint(
            model_name="phasesignature",
            constraint=models.UniqueConstraint(
                fields=("gate", "role"), name="registry_gate_role_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="phasesignature",
            constraint=models.UniqueConstraint(
                fields=("gate", "person"), name="registry_gate_person_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="phasesignature",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("role__in", ("business_owner", "it_owner", "risk_owner"))
                ),
                name="registry_gate_role",
            ),
        ),
        migrations.RunSQL(FORWARDS, BACKWARDS),
    ]
