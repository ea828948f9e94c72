from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_people_and_agents")]

    operations = [
        migrations.AddField(
            model_name="agentkey",
            name="last_used_from",
            field=models.GenericIPAddressField(null=True),
        ),
    ]
