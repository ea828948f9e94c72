"""Two people at one draft: who changed which part last, and who is told about it."""

from datetime import datetime
from uuid import UUID

from portal.accounts.actors import Actor
from portal.audit.operation import step
from portal.core.errors import Conflict
from registry.models import DraftPart, OperatingModelVersion, UnsavedWords
from registry.operations.guards import person_id
from registry.queries.parts import fingerprint

WHOLE = "document"
PAGE_LENGTH_MAX = 32


def check_seen(
    draft: OperatingModelVersion,
    *,
    actor: Actor,
    revision: int,
    part: str,
    seen: str,
    page: str = "",
) -> None:
    """Let an editor save who saw what is there now. At most one query.

    What they saw is the revision of the whole draft, or the fingerprint of the part, or
    their own last save from the same open page. Raises Conflict, which names who changed
    the part and when.
    """
    if draft.revision == revision:
        return
    if part != WHOLE and seen and fingerprint(draft.document, part) == seen:
        return
    last = _last_change(draft, part)
    if last and page and part != WHOLE and last.page == page:
        return
    person = last.person if last else draft.changed_by
    is_me = actor.is_person and person is not None and person.id == actor.id
    who = person.name if person else "Countersign"
    raise Conflict(
        "draft.changed",
        f"{who} saved this while you were writing. Nothing of yours is lost:"
        " compare, and save again.",
        who=who,
        is_me=is_me,
        at=last.at if last else draft.changed_at,
        revision=draft.revision,
    )


@step
def note_part(
    *,
    draft: OperatingModelVersion,
    part: str,
    actor: Actor,
    page: str = "",
    now: datetime,
) -> None:
    """Remember who changed this part, when and from which open page."""
    DraftPart.objects.update_or_create(
        version=draft,
        part=part[:200],
        defaults={
            "person_id": person_id(actor),
            "page": page[:PAGE_LENGTH_MAX],
            "at": now,
        },
    )


@step
def drop_words(*, version_id: UUID, actor: Actor, form: str) -> None:
    """Forget the words of a form that was just saved."""
    if form and actor.is_person:
        UnsavedWords.objects.filter(
            version_id=version_id, person_id=actor.id, form=form
        ).delete()


def _last_change(draft: OperatingModelVersion, part: str) -> DraftPart | None:
    changes = DraftPart.objects.filter(version=draft).select_related("person")
    if part != WHOLE:
        changes = changes.filter(part__in=(part, WHOLE))
    return changes.order_by("-at", "-id").first()
