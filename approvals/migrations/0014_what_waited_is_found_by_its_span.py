"""How old what waited was, at any moment of the past: by the span that a proposal waited."""

import django.contrib.postgres.indexes
from django.db import migrations, models

FILL = """
UPDATE approvals_proposalend AS e SET opened_at = least(p.created_at, p.resolved_at)
FROM approvals_proposal AS p WHERE p.id = e.proposal_id
"""


class Migration(migrations.Migration):
    # The column is filled before it is tightened, which one transaction cannot do.
    atomic = False

    dependencies = (("approvals", "0013_ends_of_proposals_are_counted"),)

    operations = (
        migrations.AddField(
            model_name="proposalend",
            name="opened_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.AlterField(
            model_name="proposalend",
            name="opened_at",
            field=models.DateTimeField(),
        ),
        migrations.AddIndex(
            model_name="proposalend",
            index=django.contrib.postgres.indexes.GistIndex(
                models.Func("opened_at", "ended_at", function="tstzrange"),
                name="approvals_end_waited",
            ),
        ),
    )
