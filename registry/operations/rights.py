"""What belonging to a workflow lets a person do, kept as guardian's object rights.

The rights follow from the roles, never the other way round: after any change the whole
set of one person on one workflow is worked out again.
"""

from collections.abc import Mapping, Sequence
from uuid import UUID

from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.db.models import Q
from guardian.models import GroupObjectPermission, UserObjectPermission

from portal.accounts import access
from portal.accounts.operations.people import department_group
from portal.audit.operation import step
from registry.models import Pauser, Reviewer, RoleHolding, Workflow
from registry.models.workflow import Role

_ROLE_RIGHTS: dict[str, frozenset[str]] = {
    Role.BUSINESS_OWNER: frozenset(
        {access.VIEW, access.EDIT, access.PAUSE, access.ASSESS, access.REVEAL}
    ),
    Role.IT_OWNER: frozenset({access.VIEW, access.EDIT, access.PAUSE}),
    Role.RISK_OWNER: frozenset(
        {access.VIEW, access.PAUSE, access.ASSESS, access.REVEAL}
    ),
    Role.AI_PRODUCT_OWNER: frozenset({access.VIEW, access.EDIT}),
    Role.ESCALATION_OWNER: frozenset({access.VIEW, access.PAUSE, access.RESOLVE}),
}
_CREATOR_RIGHTS = frozenset({access.VIEW, access.EDIT})
_REVIEWER_RIGHTS = frozenset({access.VIEW, access.DECIDE})
_PAUSER_RIGHTS = frozenset({access.VIEW, access.PAUSE})


@step
def sync_rights(*, workflow_id: UUID, person_id: UUID) -> None:
    """Give a person exactly the rights that their roles on this workflow carry."""
    wanted = _rights_of(workflow_id, person_id)
    content_type = ContentType.objects.get_for_model(Workflow)
    held = UserObjectPermission.objects.filter(
        user_id=person_id, content_type=content_type, object_pk=str(workflow_id)
    )
    held.exclude(permission__codename__in=wanted).delete()
    already = set(held.values_list("permission__codename", flat=True))
    UserObjectPermission.objects.bulk_create(
        UserObjectPermission(
            user_id=person_id,
            permission=permission,
            content_type=content_type,
            object_pk=str(workflow_id),
        )
        for permission in Permission.objects.filter(
            content_type=content_type, codename__in=wanted - already
        )
    )


@step
def open_to_departments(*, workflows: Sequence[Workflow]) -> None:
    """Let the people of each new workflow's department read it. Three queries."""
    content_type = ContentType.objects.get_for_model(Workflow)
    permission = Permission.objects.get(content_type=content_type, codename=access.VIEW)
    names = {department_group(each.department.slug) for each in workflows}
    groups = {group.name: group for group in Group.objects.filter(name__in=names)}
    for name in sorted(names - set(groups)):
        groups[name], _ = Group.objects.get_or_create(name=name)
    GroupObjectPermission.objects.bulk_create(
        (
            GroupObjectPermission(
                group=groups[department_group(workflow.department.slug)],
                permission=permission,
                content_type=content_type,
                object_pk=str(workflow.id),
            )
            for workflow in workflows
        ),
        ignore_conflicts=True,
    )


@step
def give_first_rights(
    *, workflows: Sequence[Workflow], holders: Sequence[Mapping[str, UUID]]
) -> None:
    """Give who registered new workflows, and who holds their roles, their rights.

    The same rights as `sync_rights` would work out, in two queries for all of them.
    """
    content_type = ContentType.objects.get_for_model(Workflow)
    permissions = {
        each.codename: each
        for each in Permission.objects.filter(content_type=content_type)
    }
    rows = []
    for workflow, roles in zip(workflows, holders, strict=True):
        rights: dict[UUID, frozenset[str]] = {}
        if workflow.created_by_id is not None:
            rights[workflow.created_by_id] = _CREATOR_RIGHTS
        for role, person_id in roles.items():
            rights[person_id] = rights.get(person_id, frozenset()) | _ROLE_RIGHTS[role]
        rows += [
            UserObjectPermission(
                user_id=person_id,
                permission=permissions[codename],
                content_type=content_type,
                object_pk=str(workflow.id),
            )
            for person_id, codenames in rights.items()
            for codename in sorted(codenames)
        ]
    UserObjectPermission.objects.bulk_create(rows)


def _rights_of(workflow_id: UUID, person_id: UUID) -> frozenset[str]:
    rights: frozenset[str] = frozenset()
    held = list(
        RoleHolding.objects.filter(
            workflow_id=workflow_id, person_id=person_id
        ).values_list("role", flat=True)
    )
    for role in held:
        rights |= _ROLE_RIGHTS[role]
    # Those of a team come through its group.
    named = Reviewer.objects.filter(workflow_id=workflow_id).filter(
        Q(person=person_id)
        | Q(position__holder=person_id)
        | (Q(role__in=held) & ~Q(role=""))
    )
    if named.exists():
        rights |= _REVIEWER_RIGHTS
    if Pauser.objects.filter(workflow_id=workflow_id, person_id=person_id).exists():
        rights |= _PAUSER_RIGHTS
    if Workflow.objects.filter(id=workflow_id, created_by_id=person_id).exists():
        rights |= _CREATOR_RIGHTS
    return rights
