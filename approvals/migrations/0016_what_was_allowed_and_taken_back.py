"""What was allowed without a person, and a person took back, is found by its own index."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = (("approvals", "0015_how_long_people_looked"),)

    operations = (
        migrations.AddIndex(
            model_name="grant",
            index=models.Index(
                fields=("workflow", "issued_at"),
                include=("ended_at",),
                condition=models.Q(
                    state="REVOKED", version=None, ended_by__isnull=False
                ),
                name="approvals_grant_taken_back",
            ),
        ),
    )
