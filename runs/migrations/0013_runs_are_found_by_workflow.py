"""Words and facets of the runs of few workflows are read along an index of their own."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = (("runs", "0012_narratives_are_read_in_parts"),)

    operations = (
        migrations.AddIndex(
            model_name="runindex",
            index=models.Index(
                fields=["workflow", "-started_at", "-run"],
                name="runs_index_of_workflow",
            ),
        ),
    )
