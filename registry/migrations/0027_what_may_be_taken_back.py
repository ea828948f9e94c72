"""A gate's signature may be withdrawn, an AI model has an owner, work may end without AI."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

FORWARDS = """
DROP TRIGGER registry_phasesignature_frozen ON registry_phasesignature;
DROP TRIGGER registry_phasesignature_recorded ON registry_phasesignature;
CREATE FUNCTION registry_gate_signature_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE'
        OR NEW.gate_id IS DISTINCT FROM OLD.gate_id
        OR NEW.person_id IS DISTINCT FROM OLD.person_id
        OR NEW.role IS DISTINCT FROM OLD.role
        OR NEW.digest IS DISTINCT FROM OLD.digest
        OR NEW.signed_at IS DISTINCT FROM OLD.signed_at
        OR (OLD.withdrawn_at IS NOT NULL
            AND NEW.withdrawn_at IS DISTINCT FROM OLD.withdrawn_at)
    THEN
        RAISE EXCEPTION 'a signature under a gate never changes; it may be withdrawn once'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF EXISTS (SELECT FROM registry_phasemove m WHERE m.gate_id = OLD.gate_id) THEN
        RAISE EXCEPTION 'a workflow went through this gate; its signatures stay'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER registry_phasesignature_kept BEFORE UPDATE OR DELETE
    ON registry_phasesignature
    FOR EACH ROW EXECUTE FUNCTION registry_gate_signature_kept();
CREATE CONSTRAINT TRIGGER registry_phasesignature_recorded
    AFTER INSERT OR UPDATE OR DELETE ON registry_phasesignature
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION audit_must_be_recorded();

CREATE FUNCTION registry_gate_is_signed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.kind = 'UP' AND (SELECT count(DISTINCT s.person_id)
                              FROM registry_phasesignature s
                             WHERE s.gate_id = NEW.gate_id
                               AND s.withdrawn_at IS NULL) <> 3
    THEN
        RAISE EXCEPTION 'a workflow goes up through a gate that three people sign still'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER registry_gate_is_signed BEFORE INSERT ON registry_phasemove
    FOR EACH ROW EXECUTE FUNCTION registry_gate_is_signed();
"""
BACKWARDS = """
DROP TRIGGER registry_gate_is_signed ON registry_phasemove;
DROP FUNCTION registry_gate_is_signed();
DROP TRIGGER registry_phasesignature_recorded ON registry_phasesignature;
DROP TRIGGER registry_phasesignature_kept ON registry_phasesignature;
DROP FUNCTION registry_gate_signature_kept();
CREATE TRIGGER registry_phasesignature_frozen BEFORE UPDATE OR DELETE
    ON registry_phasesignature FOR EACH ROW EXECUTE FUNCTION audit_frozen();
CREATE CONSTRAINT TRIGGER registry_phasesignature_recorded
    AFTER INSERT ON registry_phasesignature DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION audit_must_be_recorded();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("registry", "0026_fixed_steps"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="aimodel",
            name="owner",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="workflow",
            name="ended_as",
            field=models.CharField(blank=True, max_length=12, default=""),
            preserve_default=False,
        ),
        migrations.AddConstraint(
            model_name="workflow",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("ended_as", ""),
                    ("live_version__isnull", True),
                    _connector="OR",
                ),
                name="registry_workflow_ended_never_live",
            ),
        ),
        migrations.AddField(
            model_name="phasesignature",
            name="withdrawn_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.RemoveConstraint(
            model_name="phasesignature", name="registry_gate_role_once"
        ),
        migrations.RemoveConstraint(
            model_name="phasesignature", name="registry_gate_person_once"
        ),
        migrations.AddConstraint(
            model_name="phasesignature",
            constraint=models.UniqueConstraint(
                condition=models.Q(("withdrawn_at", None)),
                fields=("gate", "role"),
                name="registry_gate_role_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="phasesignature",
            constraint=models.UniqueConstraint(
                condition=models.Q(("withdrawn_at", None)),
                fields=("gate", "person"),
                name="registry_gate_person_once",
            ),
        ),
        migrations.RunSQL(FORWARDS, BACKWARDS),
    ]
