"""A submitted version, its allowances, its packet and its signatures never change.

Only what says where the version stands may move (state, label, launched_at); a
signature may only be withdrawn, a packet only voided.
"""

from django.db import migrations

FORWARDS = """
CREATE FUNCTION registry_version_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.state = 'DRAFT' THEN RETURN OLD; END IF;
        RAISE EXCEPTION 'version % is frozen', OLD.number
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF OLD.state <> 'DRAFT' AND (
        NEW.workflow_id IS DISTINCT FROM OLD.workflow_id
        OR NEW.number IS DISTINCT FROM OLD.number
        OR NEW.document IS DISTINCT FROM OLD.document
        OR NEW.content IS DISTINCT FROM OLD.content
        OR NEW.digest IS DISTINCT FROM OLD.digest
        OR NEW.submitted_at IS DISTINCT FROM OLD.submitted_at
        OR NEW.state = 'DRAFT'
        OR (OLD.state = 'LAUNCHED' AND NEW.state <> 'LAUNCHED')
        OR (OLD.state = 'WITHDRAWN' AND NEW.state <> 'WITHDRAWN')
    ) THEN
        RAISE EXCEPTION 'version % is frozen', OLD.number
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER registry_version_frozen BEFORE UPDATE OR DELETE
    ON registry_operatingmodelversion
    FOR EACH ROW EXECUTE FUNCTION registry_version_frozen();

CREATE FUNCTION registry_allowance_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    version uuid;
BEGIN
    IF TG_OP = 'DELETE' THEN version := OLD.version_id; ELSE version := NEW.version_id; END IF;
    IF EXISTS (SELECT FROM registry_operatingmodelversion
               WHERE id = version AND state <> 'DRAFT') THEN
        RAISE EXCEPTION 'the matrix of a submitted version is frozen'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER registry_allowance_frozen BEFORE INSERT OR UPDATE OR DELETE
    ON registry_allowancerow
    FOR EACH ROW EXECUTE FUNCTION registry_allowance_frozen();

CREATE FUNCTION registry_packet_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
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
CREATE TRIGGER registry_packet_frozen BEFORE UPDATE OR DELETE ON registry_launchpacket
    FOR EACH ROW EXECUTE FUNCTION registry_packet_frozen();

CREATE FUNCTION registry_signature_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.digest <> (SELECT digest FROM registry_launchpacket WHERE id = NEW.packet_id)
        THEN
            RAISE EXCEPTION 'a signature is over the digest of its packet'
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        RETURN NEW;
    END IF;
    IF TG_OP = 'DELETE'
        OR NEW.packet_id IS DISTINCT FROM OLD.packet_id
        OR NEW.person_id IS DISTINCT FROM OLD.person_id
        OR NEW.role IS DISTINCT FROM OLD.role
        OR NEW.digest IS DISTINCT FROM OLD.digest
        OR NEW.signed_at IS DISTINCT FROM OLD.signed_at
        OR (OLD.withdrawn_at IS NOT NULL
            AND NEW.withdrawn_at IS DISTINCT FROM OLD.withdrawn_at)
    THEN
        RAISE EXCEPTION 'a signature never changes; it may be withdrawn once'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER registry_signature_frozen BEFORE INSERT OR UPDATE OR DELETE
    ON registry_signature
    FOR EACH ROW EXECUTE FUNCTION registry_signature_frozen();

CREATE CONSTRAINT TRIGGER registry_workflow_recorded
    AFTER INSERT OR UPDATE OR DELETE ON registry_workflow
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION audit_must_be_recorded();
CREATE CONSTRAINT TRIGGER registry_version_recorded
    AFTER INSERT OR UPDATE OR DELETE ON registry_operatingmodelversion
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION audit_must_be_recorded();
CREATE CONSTRAINT TRIGGER registry_signature_recorded
    AFTER INSERT OR UPDATE OR DELETE ON registry_signature
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION audit_must_be_recorded();
"""

BACKWARDS = """
DROP TRIGGER registry_signature_recorded ON registry_signature;
DROP TRIGGER registry_version_recorded ON registry_operatingmodelversion;
DROP TRIGGER registry_workflow_recorded ON registry_workflow;
DROP TRIGGER registry_signature_frozen ON registry_signature;
DROP FUNCTION registry_signature_frozen();
DROP TRIGGER registry_packet_frozen ON registry_launchpacket;
DROP FUNCTION registry_packet_frozen();
DROP TRIGGER registry_allowance_frozen ON registry_allowancerow;
DROP FUNCTION registry_allowance_frozen();
DROP TRIGGER registry_version_frozen ON registry_operatingmodelversion;
DROP FUNCTION registry_version_frozen();
"""


class Migration(migrations.Migration):
    dependencies = (
        ("registry", "0001_workflows_and_versions"),
        ("audit", "0002_journal_is_append_only"),
    )

    operations = (migrations.RunSQL(FORWARDS, BACKWARDS),)
