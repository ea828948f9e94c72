"""Who may see and do what, over guardian's tables.

One SQL condition for a list (`visible`), one question for a thing (`may`). A right is
held for every workflow through a group's model permission (administrators, the risk
team), or for one workflow through guardian's object permissions, given to a person or
to a department's group. Asked at the moment of use; nothing is remembered, except that
a page of many numbers asks for a right held everywhere once (`portal.core.once`).
"""

from collections.abc import Callable
from uuid import UUID

from django.contrib.auth.models import Permission
from django.db.models import Exists, Model, OuterRef, Q, QuerySet, UUIDField
from django.db.models.functions import Cast
from guardian.models import GroupObjectPermission, UserObjectPermission

from portal.accounts.actors import Actor
from portal.accounts.models import Person
from portal.core.errors import NotFound
from portal.core.once import once

VIEW = "view_workflow"
EDIT = "edit_workflow"
PAUSE = "pause_workflow"
DECIDE = "decide_workflow"
ASSESS = "assess_workflow"
RESOLVE = "resolve_workflow"
REVEAL = "reveal_workflow"
_APP = "registry"


@once
def holds_everywhere(actor: Actor, permission: str) -> bool:
    """Say whether a person holds a right for every workflow. One query."""
    if not actor.is_person:
        return False
    active = Person.objects.filter(id=actor.id, is_active=True)
    granted = Permission.objects.filter(
        Q(group__user=actor.id) | Q(user=actor.id),
        codename=permission,
        content_type__app_label=_APP,
    )
    return active.filter(Q(is_superuser=True) | Q(Exists(granted))).exists()


def visible(
    queryset: QuerySet,
    *,
    actor: Actor,
    permission: str = VIEW,
    workflow_path: str = "id",
) -> QuerySet:
    """Keep the rows whose workflow this person may see; `workflow_path` leads to its id.

    Adds one query for the right held everywhere, and two hashed sub-selects otherwise.
    Agents and the portal itself see nothing through pages.
    """
    return sight(actor, permission)(queryset, workflow_path)


def sight(actor: Actor, permission: str = VIEW) -> Callable[[QuerySet, str], QuerySet]:
    """Give what narrows rows as `visible` does, by the path to their workflow.

    The right held everywhere is asked once, however many lists are narrowed. One query.
    """
    everywhere = holds_everywhere(actor, permission)

    def narrowed(queryset: QuerySet, workflow_path: str) -> QuerySet:
        if not actor.is_person:
            return queryset.none()
        if everywhere:
            return queryset
        return queryset.filter(
            Q(**{f"{workflow_path}__in": _granted_to_person(actor, permission)})
            | Q(**{f"{workflow_path}__in": _granted_to_groups(actor, permission)})
        )

    return narrowed


def may(actor: Actor, permission: str, workflow_id: UUID) -> bool:
    """Say whether a person holds a right on one workflow. At most two queries."""
    if not actor.is_person:
        return False
    if holds_everywhere(actor, permission):
        return True
    identity = str(workflow_id)
    return (
        _granted_to_person(actor, permission)
        .filter(object_pk=identity)
        .union(_granted_to_groups(actor, permission).filter(object_pk=identity))
        .exists()
    )


def people_with(workflow_id: UUID, permission: str) -> QuerySet[Person]:
    """Give the active people who hold a right on one workflow, by name. Not run yet."""
    identity = str(workflow_id)
    by_person = UserObjectPermission.objects.filter(
        permission__codename=permission,
        permission__content_type__app_label=_APP,
        object_pk=identity,
        user=OuterRef("pk"),
    )
    by_group = GroupObjectPermission.objects.filter(
        permission__codename=permission,
        permission__content_type__app_label=_APP,
        object_pk=identity,
        group__user=OuterRef("pk"),
    )
    everywhere = Permission.objects.filter(
        group__user=OuterRef("pk"),
        codename=permission,
        content_type__app_label=_APP,
    )
    return (
        Person.objects.filter(is_active=True)
        .filter(Q(Exists(by_person)) | Q(Exists(by_group)) | Q(Exists(everywhere)))
        .order_by("name", "id")
    )


def visible_or_404[M: Model](queryset: QuerySet[M], **lookup: object) -> M:
    """Give the one row, or raise NotFound: the answer is the same for hidden and absent."""
    found = queryset.filter(**lookup).first()
    if found is None:
        raise NotFound("There is nothing here, or you may not see it.")
    return found


def _granted_to_person(actor: Actor, permission: str) -> QuerySet:
    return (
        UserObjectPermission.objects.filter(
            user=actor.id,
            user__is_active=True,
            permission__codename=permission,
            permission__content_type__app_label=_APP,
        )
        .annotate(workflow=Cast("object_pk", UUIDField()))
        .values("workflow")
    )


def _granted_to_groups(actor: Actor, permission: str) -> QuerySet:
    active = Person.objects.filter(id=actor.id, is_active=True)
    return (
        GroupObjectPermission.objects.filter(
            Exists(active),
            group__user=actor.id,
            permission__codename=permission,
            permission__content_type__app_label=_APP,
        )
        .annotate(workflow=Cast("object_pk", UUIDField()))
        .values("workflow")
    )
