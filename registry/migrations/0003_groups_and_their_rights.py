"""The groups whose people hold a right for every workflow.

Permissions are made here because Django makes them only after the last migration.
"""

from django.db import migrations

RIGHTS = {
    "Administrators": (
        "view_workflow",
        "edit_workflow",
        "pause_workflow",
    ),
    "Risk team": ("view_workflow", "assess_workflow", "pause_workflow"),
    "Auditors": ("view_workflow",),
}
NAMES = {
    "view_workflow": "Can view workflow",
    "edit_workflow": "May change the draft",
    "pause_workflow": "May pause and resume",
    "decide_workflow": "May decide its proposals",
    "assess_workflow": "May review its runs each week",
    "resolve_workflow": "May resolve its exceptions",
}


def make_groups(apps, schema_editor) -> None:
    content_type, _ = apps.get_model(
        "contenttypes", "ContentType"
    ).objects.get_or_create(app_label="registry", model="workflow")
    permission_model = apps.get_model("auth", "Permission")
    permissions = {
        codename: permission_model.objects.get_or_create(
            content_type=content_type, codename=codename, defaults={"name": name}
        )[0]
        for codename, name in NAMES.items()
    }
    group_model = apps.get_model("auth", "Group")
    for name, codenames in RIGHTS.items():
        group, _ = group_model.objects.get_or_create(name=name)
        group.permissions.set(permissions[codename] for codename in codenames)


def drop_groups(apps, schema_editor) -> None:
    apps.get_model("auth", "Group").objects.filter(name__in=RIGHTS).delete()


class Migration(migrations.Migration):
    dependencies = (
        ("registry", "0002_versions_are_frozen"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    )

    operations = (migrations.RunPython(make_groups, drop_groups),)
