"""What is known about a version is kept, and signed together with its words.

Evidence is written once. The digest of a packet may move on while nobody's signature
stands on it, and at no other time: what somebody has signed stays what they signed.
"""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import portal.core.ids

FORWARDS = """
CREATE OR REPLACE FUNCTION registry_packet_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE'
        OR NEW.version_id IS DISTINCT FROM OLD.version_id
        OR NEW.content IS DISTINCT FROM OLD.content
        OR (OLD.voided_at IS NOT NULL AND NEW.voided_at IS DISTINCT FROM OLD.voided_at)
        OR (NEW.digest IS DISTINCT FROM OLD.digest AND (
            OLD.voided_at IS NOT NULL
            OR EXISTS (SELECT FROM registry_signature
                       WHERE packet_id = OLD.id AND withdrawn_at IS NULL)
            OR NOT EXISTS (SELECT FROM registry_operatingmodelversion
                           WHERE id = OLD.version_id AND state = 'SUBMITTED')
        ))
    THEN
        RAISE EXCEPTION 'a launch packet never changes'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION registry_evidence_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        -- a draft that is discarded takes along what was known about it
        IF EXISTS (SELECT FROM registry_operatingmodelversion
                   WHERE id = OLD.version_id AND state = 'DRAFT') THEN
            RETURN OLD;
        END IF;
    ELSIF TG_OP = 'INSERT' THEN
        IF EXISTS (SELECT FROM registry_operatingmodelversion
                   WHERE id = NEW.version_id AND state IN ('DRAFT', 'SUBMITTED')) THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'what is known about a version is written once, while it is open'
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER registry_evidence_frozen BEFORE INSERT OR UPDATE OR DELETE
    ON registry_evidence
    FOR EACH ROW EXECUTE FUNCTION registry_evidence_frozen();
CREATE CONSTRAINT TRIGGER registry_evidence_recorded
    AFTER INSERT OR DELETE ON registry_evidence
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION audit_must_be_recorded();

CREATE FUNCTION registry_reason_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'version % is frozen', OLD.number
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER registry_reason_frozen BEFORE UPDATE ON registry_operatingmodelversion
    FOR EACH ROW WHEN (OLD.state <> 'DRAFT' AND NEW.reason IS DISTINCT FROM OLD.reason)
    EXECUTE FUNCTION registry_reason_frozen();
"""

BACKWARDS = """
DROP TRIGGER registry_reason_frozen ON registry_operatingmodelversion;
DROP FUNCTION registry_reason_frozen();
DROP TRIGGER registry_evidence_recorded ON registry_evidence;
DROP TRIGGER registry_evidence_frozen ON registry_evidence;
DROP FUNCTION registry_evidence_frozen();
CREATE OR REPLACE FUNCTION registry_packet_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE'
        OR NEW.version_id IS DISTINCT FROM OLD.version_id
        OR NEW.content IS DISTINCT FROM OLD.content
        OR NEW.digest IS DISTINCT FROM OLD.digest
        OR (OLD.voided_at IS NOT NULL AND NEW.voided_at IS DISTINCT FROM OLD.voided_at)
    THEN
        RAISE EXCEPTION 'a launch packet never changes'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = (
        ("registry", "0008_edits_of_the_matrix"),
        ("audit", "0002_journal_is_append_only"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    )

    operations = (
        migrations.AddField(
            model_name="operatingmodelversion",
            name="reason",
            field=models.CharField(blank=True, max_length=300, default=""),
            preserve_default=False,
        ),
        migrations.CreateModel(
            name="Evidence",
            fields=(
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
                ("kind", models.CharField(max_length=10)),
                ("summary", models.CharField(max_length=500)),
                ("document_digest", models.CharField(max_length=80)),
                ("content", models.BinaryField()),
                ("added_at", models.DateTimeField()),
                (
                    "added_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="evidence",
                        to="registry.operatingmodelversion",
                    ),
                ),
            ),
            options={
                "constraints": (
                    models.UniqueConstraint(
                        fields=("version", "number"), name="registry_evidence_place"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ("backtest", "people"))),
                        name="registry_evidence_kind",
                    ),
                )
            },
        ),
        migrations.RunSQL(FORWARDS, BACKWARDS),
    )
