"""A row of the matrix keeps whether its page's technique is one of fixed steps.

Phase 1 has no AI: a page of phase 1 whose technique reasons, or was never asked about, only
reads from now on, until its technique is said or another phase is signed for it.
"""

from django.db import migrations, models

SAID = """concat_ws(',', coalesce(t ->> 'steps', ''), coalesce(t ->> 'written', ''),
    coalesce(t ->> 'best_plan', ''), coalesce(t ->> 'in_documents', ''),
    coalesce(t ->> 'pattern', ''))"""
# What `registry.rules.techniques.is_fixed` says of `t`, the technique of a page.
IS_FIXED = rf"""CASE
    WHEN {SAID} !~ '^((no,){{0,4}}yes|(no,){{4}}no$)' THEN false
    WHEN t ->> 'choice' IN ('workflow', 'rules', 'optimiser') THEN true
    WHEN t ->> 'choice' IN ('search', 'classifier', 'agent') THEN false
    ELSE {SAID} ~ '^(no,){{0,2}}yes' END"""

FORWARDS = f"""
ALTER TABLE registry_allowancerow DISABLE TRIGGER USER;
UPDATE registry_allowancerow r SET is_fixed = true
  FROM registry_operatingmodelversion v, LATERAL (SELECT v.document -> 'technique' AS t) s
 WHERE v.id = r.version_id AND {IS_FIXED};
UPDATE registry_allowancerow r
   SET reach = 'never', reach_level = 'phase',
       reach_sentence = 'In phase 1 nothing reasons: a workflow whose technique is not'
           ' fixed steps only reads.'
  FROM registry_operatingmodelversion v
 WHERE v.id = r.version_id AND v.document ->> 'phase' = '1' AND NOT r.is_fixed
   AND r.reach <> 'never'
   AND r.verb <> ALL (ARRAY['read', 'search', 'list', 'check', 'monitor']);
ALTER TABLE registry_allowancerow ENABLE TRIGGER USER;
"""


class Migration(migrations.Migration):
    dependencies = [("registry", "0025_tools_are_retired")]

    operations = [
        migrations.AddField(
            model_name="allowancerow",
            name="is_fixed",
            field=models.BooleanField(default=False),
        ),
        migrations.RunSQL(FORWARDS, migrations.RunSQL.noop),
    ]
