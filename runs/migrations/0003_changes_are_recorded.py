"""A hold, a week, a review or a finding never changes without a journal entry."""

from django.db import migrations

TABLES = ("runs_hold", "runs_reviewweek", "runs_review", "runs_finding")

FORWARDS = "\n".join(
    f"""
CREATE CONSTRAINT TRIGGER {table}_recorded AFTER INSERT OR UPDATE OR DELETE ON {table}
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION audit_must_be_recorded();"""
    for table in TABLES
)
BACKWARDS = "\n".join(f"DROP TRIGGER {table}_recorded ON {table};" for table in TABLES)


class Migration(migrations.Migration):
    dependencies = (("runs", "0002_events_in_partitions"),)

    operations = (migrations.RunSQL(FORWARDS, BACKWARDS),)
