"""How people want to be told, and where else notices are posted."""

from collections.abc import Collection, Mapping
from datetime import datetime, time
from uuid import UUID

from portal.accounts.actors import Actor
from portal.accounts.models import (
    Department,
    NoticeHook,
    NoticePost,
    NoticeSettings,
)
from portal.accounts.notice_kinds import KINDS, ways_for
from portal.accounts.notice_posts import OLD_SECRET_LIVES
from portal.accounts.queries import must_administrate
from portal.audit.operation import operation, record
from portal.core.addresses import AddressRefused, target_of
from portal.core.errors import Conflict, Invalid, NotFound

NAME_LENGTH_MAX = 60
URL_LENGTH_MAX = 500


@operation(leaves="person.changed")
def choose_ways(
    *,
    actor: Actor,
    ways: Mapping[str, str],
    digest: str,
    digest_at: time,
    time_zone: str,
    quiet_from: time | None,
    quiet_until: time | None,
) -> None:
    """Keep how a person wants to be told. Raises Invalid for a way that a kind has not."""
    for key, way in ways.items():
        if key not in KINDS or way not in {each.value for each in ways_for(KINDS[key])}:
            raise Invalid({"ways": "Pick one of the ways that the page offers."})
    if (quiet_from is None) != (quiet_until is None):
        raise Invalid({"quiet_until": "Say when the quiet hours begin and end."})
    NoticeSettings.objects.update_or_create(
        person_id=actor.id,
        defaults={
            "ways": dict(ways),
            "digest": digest,
            "digest_at": digest_at,
            "time_zone": time_zone,
            "quiet_from": quiet_from,
            "quiet_until": quiet_until,
        },
    )
    record(
        "person.changed",
        actor=actor,
        subject=("person", actor.id),
        person=actor.name,
        what="how they are told of what happens",
    )


@operation(leaves="notice_hook.added")
def add_hook(
    *,
    actor: Actor,
    name: str,
    url: str,
    kinds: Collection[str],
    department: Department | None,
    now: datetime,
) -> NoticeHook:
    """Let notices of some kinds be posted to an address. Administrators only.

    Raises Invalid for an address that may not be reached, or without a kind.
    """
    must_administrate(actor)
    name = " ".join(name.split())
    if not name or len(name) > NAME_LENGTH_MAX:
        raise Invalid({"name": f"Give a name of at most {NAME_LENGTH_MAX} characters."})
    if not kinds or not set(kinds) <= set(KINDS):
        raise Invalid({"kinds": "Pick at least one kind of notice."})
    try:
        if len(url) > URL_LENGTH_MAX:
            raise AddressRefused(f"At most {URL_LENGTH_MAX} characters.")
        target_of(url)
    except AddressRefused as refusal:
        raise Invalid({"url": str(refusal)}) from refusal
    hook = NoticeHook.objects.create(
        name=name,
        url=url,
        kinds=sorted(kinds),
        department=department,
        created_at=now,
        secret_at=now,
        created_by_id=actor.id,
    )
    record(
        "notice_hook.added",
        actor=actor,
        subject=("notice_hook", hook.id),
        hook=name,
        whom=department.name if department else "the organisation",
        kinds=sorted(kinds),
    )
    return hook


@operation(leaves="notice_hook.changed")
def change_hook(*, actor: Actor, hook_id: UUID, change: str, now: datetime) -> None:
    """Switch an address on or off, or remove it. Administrators only."""
    hook = _taken(actor, hook_id)
    told = {"on": "switched on", "off": "switched off", "remove": "removed"}
    if change not in told:
        raise Invalid({"change": "Switch it on or off, or remove it."})
    if change == "remove":
        hook.removed_at = now
    hook.is_on = change == "on"
    hook.save(update_fields=("removed_at", "is_on"))
    record(
        "notice_hook.changed",
        actor=actor,
        subject=("notice_hook", hook.id),
        hook=hook.name,
        what=told[change],
    )


@operation(leaves="notice_hook.secret_rotated")
def rotate_hook_secret(*, actor: Actor, hook_id: UUID, now: datetime) -> NoticeHook:
    """Make a new secret; for a day what is posted carries a signature by the old one too."""
    hook = _taken(actor, hook_id)
    hook.secret_number += 1
    hook.secret_at = now
    hook.previous_until = now + OLD_SECRET_LIVES
    hook.save(update_fields=("secret_number", "secret_at", "previous_until"))
    record(
        "notice_hook.secret_rotated",
        actor=actor,
        subject=("notice_hook", hook.id),
        hook=hook.name,
    )
    return hook


@operation(leaves="notice_post.resent")
def resend_post(*, actor: Actor, post_id: UUID, now: datetime) -> NoticePost:
    """Post a message once more, with the id it always had. Administrators only.

    Raises Conflict while it waits to be sent, or while its address is off.
    """
    must_administrate(actor)
    post = (
        NoticePost.objects.select_for_update(no_key=True, of=("self",))
        .select_related("hook")
        .filter(id=post_id, hook__removed_at=None)
        .first()
    )
    if post is None:
        raise NotFound("There is no such message.")
    if post.due_at is not None:
        raise Conflict("post.waiting", "It waits to be sent already.")
    if not post.hook.is_on:
        raise Conflict("post.off", f"{post.hook.name} is off. Switch it on first.")
    post.due_at = now
    post.tries_before = post.tries
    post.save(update_fields=("due_at", "tries_before"))
    record(
        "notice_post.resent",
        actor=actor,
        subject=("notice_hook", post.hook_id),
        hook=post.hook.name,
    )
    return post


def _taken(actor: Actor, hook_id: UUID) -> NoticeHook:
    """Lock an address; administrators only. Raises NotFound for one that is gone."""
    must_administrate(actor)
    hook = (
        NoticeHook.objects.select_for_update(no_key=True, of=("self",))
        .filter(id=hook_id, removed_at=None)
        .first()
    )
    if hook is None:
        raise NotFound("There is no such address.")
    return hook
