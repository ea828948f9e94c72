"""A batch says what it carried, and how much of it came late."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("runs", "0006_batches_have_a_form")]

    operations = [
        migrations.AddField(
            model_name="inboxbatch",
            name="late",
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="inboxbatch",
            name="traits",
            field=models.JSONField(default=dict),
        ),
    ]
