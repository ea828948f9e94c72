"""The right to reveal what was hidden in a workflow's runs, for its business and risk owner.

Permissions are made here because Django makes them only after the last migration.
"""

from django.db import migrations

RIGHT = ("reveal_workflow", "May reveal what was hidden in its runs")
ROLES = ("business_owner", "risk_owner")


def give_right(apps, schema_editor) -> None:
    content_type, _ = apps.get_model(
        "contenttypes", "ContentType"
    ).objects.get_or_create(app_label="registry", model="workflow")
    permission, _ = apps.get_model("auth", "Permission").objects.get_or_create(
        content_type=content_type, codename=RIGHT[0], defaults={"name": RIGHT[1]}
    )
    held = (
        apps.get_model("registry", "RoleHolding")
        .objects.filter(role__in=ROLES, person__isnull=False)
        .values_list("person_id", "workflow_id")
        .distinct()
    )
    rights = apps.get_model("guardian", "UserObjectPermission")
    rights.objects.bulk_create(
        (
            rights(
                user_id=person_id,
                permission=permission,
                content_type=content_type,
                object_pk=str(workflow_id),
            )
            for person_id, workflow_id in held
        ),
        batch_size=1000,
        ignore_conflicts=True,
    )


def take_right(apps, schema_editor) -> None:
    apps.get_model("auth", "Permission").objects.filter(codename=RIGHT[0]).delete()


class Migration(migrations.Migration):
    dependencies = (
        ("registry", "0016_reviewers_by_team_position_and_role"),
        (
            "guardian",
            "0003_remove_groupobjectpermission_guardian_gr_content_ae6aec_idx_and_more",
        ),
    )

    operations = (
        migrations.AlterModelOptions(
            name="workflow",
            options={
                "permissions": (
                    ("edit_workflow", "May change the draft"),
                    ("pause_workflow", "May pause and resume"),
                    ("decide_workflow", "May decide its proposals"),
                    ("assess_workflow", "May review its runs each week"),
                    ("resolve_workflow", "May resolve its exceptions"),
                    RIGHT,
                )
            },
        ),
        migrations.RunPython(give_right, take_right),
    )
