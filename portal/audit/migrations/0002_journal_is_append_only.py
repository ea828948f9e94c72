"""The journal refuses change, and others' tables can demand an entry.

`audit_frozen()` is for any append-only table. `audit_must_be_recorded()` is for a
deferred constraint trigger on a table whose changes must leave an entry: it proves
that some entry was written in the same transaction; the tests prove that it is the
right one.
"""

from django.db import migrations

FORWARDS = """
ALTER TABLE audit_entry
    ADD COLUMN txid xid8 NOT NULL DEFAULT pg_current_xact_id();
-- audit_must_be_recorded(): the entries of this transaction
CREATE INDEX audit_entry_txid ON audit_entry (txid);

CREATE FUNCTION audit_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'integrity_constraint_violation';
END $$;

CREATE FUNCTION audit_must_be_recorded() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM audit_entry WHERE txid = pg_current_xact_id()) THEN
        RAISE EXCEPTION 'a change of % left no journal entry', TG_TABLE_NAME
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER audit_entry_frozen BEFORE UPDATE OR DELETE ON audit_entry
    FOR EACH ROW EXECUTE FUNCTION audit_frozen();
CREATE TRIGGER audit_entry_no_truncate BEFORE TRUNCATE ON audit_entry
    FOR EACH STATEMENT EXECUTE FUNCTION audit_frozen();
CREATE TRIGGER audit_checkpoint_frozen BEFORE UPDATE OR DELETE ON audit_checkpoint
    FOR EACH ROW EXECUTE FUNCTION audit_frozen();
CREATE TRIGGER audit_checkpoint_no_truncate BEFORE TRUNCATE ON audit_checkpoint
    FOR EACH STATEMENT EXECUTE FUNCTION audit_frozen();
CREATE TRIGGER audit_stream_no_delete BEFORE DELETE ON audit_stream
    FOR EACH ROW EXECUTE FUNCTION audit_frozen();
CREATE TRIGGER audit_stream_no_truncate BEFORE TRUNCATE ON audit_stream
    FOR EACH STATEMENT EXECUTE FUNCTION audit_frozen();
"""

BACKWARDS = """
DROP TRIGGER audit_stream_no_truncate ON audit_stream;
DROP TRIGGER audit_stream_no_delete ON audit_stream;
DROP TRIGGER audit_checkpoint_no_truncate ON audit_checkpoint;
DROP TRIGGER audit_checkpoint_frozen ON audit_checkpoint;
DROP TRIGGER audit_entry_no_truncate ON audit_entry;
DROP TRIGGER audit_entry_frozen ON audit_entry;
DROP FUNCTION audit_must_be_recorded();
DROP FUNCTION audit_frozen();
ALTER TABLE audit_entry DROP COLUMN txid;
"""


class Migration(migrations.Migration):
    dependencies = (("audit", "0001_journal_tables"),)

    operations = (migrations.RunSQL(FORWARDS, BACKWARDS),)
