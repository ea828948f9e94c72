"""What stands above every workflow: systems, what they hold, and AI models.

Each change takes the exclusive lock of its level and raises that level's epoch, so that
a grant issued under the old state is stale when somebody tries to use it.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db.models import F

from portal.accounts.actors import Actor
from portal.audit.operation import operation, record, step
from portal.core.errors import AlreadyDone, Conflict, Invalid, NotFound
from portal.core.locks import ENTERPRISE, Scope
from registry.models import AiModel, LevelEpoch, System
from registry.operations.enterprise import lock_enterprise_after, lock_enterprise_for
from registry.operations.refused_use import (
    owners_left_out,
    owners_using,
    tell_owners,
    tell_who_owns,
)
from registry.queries.catalogue import mark_of
from registry.queries.rights import must_hold
from registry.rules.data import DATA_CLASSES, data_words
from registry.rules.rulebook import Level


@operation(leaves="catalogue.system_changed")
def add_system(
    *,
    actor: Actor,
    slug: str,
    name: str,
    description: str = "",
    is_approved: bool = False,
    data_classes: Sequence[str] = (),
    now: datetime,
) -> System:
    """Put a system into the catalogue. Raises Conflict when it is there."""
    must_administer(actor)
    lock_enterprise_for(actor, "approve_system")
    if System.objects.filter(slug=slug).exists():
        raise Conflict("system.exists", f"There is a system {slug} already.")
    system = System.objects.create(
        slug=slug,
        name=name,
        description=description,
        is_approved=is_approved,
        data_classes=_known_data(data_classes),
        created_at=now,
    )
    raise_epoch(ENTERPRISE)
    _record_system(actor, system, "added and approved" if is_approved else "added")
    return system


@operation(leaves="catalogue.system_changed")
def set_system_approved(
    *,
    actor: Actor,
    system_id: UUID,
    is_approved: bool,
    now: datetime,
    was: str | None = None,
) -> None:
    """Let agents into a system, or out of it: every request there is then refused.

    `was` is the mark of what somebody read; raises Conflict where it says else by now.
    """
    must_administer(actor)
    system = System.objects.filter(id=system_id).first()
    if system is None:
        raise NotFound("There is no such system.")
    owners = lock_enterprise_after(
        actor,
        "approve_system",
        lambda: {} if is_approved else owners_using(system),
    )
    system.refresh_from_db()
    must_be_read(system, was)
    changed = System.objects.filter(id=system.id).exclude(is_approved=is_approved)
    # What is not approved, or only now is again, is the reference for nothing.
    if not changed.update(
        is_approved=is_approved, is_reference=False, **_brought_back(is_approved)
    ):
        raise AlreadyDone(
            "system.unchanged", f"{system.name} is in that state already."
        )
    raise_epoch(ENTERPRISE)
    _record_system(actor, system, "approved" if is_approved else "no longer approved")
    if not is_approved:
        tell_owners(owners, system.name, actor=actor, now=now)
        tell_who_owns(system, actor=actor, now=now)


@operation(leaves="catalogue.system_changed")
def set_system_data(
    *,
    actor: Actor,
    system_id: UUID,
    data_classes: Sequence[str],
    now: datetime,
    was: str | None = None,
) -> None:
    """Say what classes of data a system holds; ceilings on data bind by it at once.

    Raises Conflict where it says else by now than what `was` is the mark of: a class that
    somebody else just added is not lost unseen.
    """
    must_administer(actor)
    wanted = _known_data(data_classes)
    lock_enterprise_for(actor, "approve_system")
    system = System.objects.filter(id=system_id).first()
    if system is None:
        raise NotFound("There is no such system.")
    must_be_read(system, was)
    if system.data_classes == wanted:
        raise AlreadyDone("system.unchanged", f"{system.name} says that already.")
    system.data_classes = wanted
    system.save(update_fields=("data_classes",))
    raise_epoch(ENTERPRISE)
    what = data_words(wanted) or "nobody has told"
    _record_system(actor, system, f"the data it holds is now: {what}")


@operation(leaves="catalogue.model_changed")
def set_model_approved(
    *, actor: Actor, slug: str, name: str = "", is_approved: bool, now: datetime
) -> AiModel:
    """Approve an AI model or take the approval back; the first one starts the list.

    Owners are told of what is refused from then on: this model, or with the first one
    every other that their agents run on.
    """
    must_administer(actor, "approve_model")
    known = None if is_approved else AiModel.objects.filter(slug=slug).first()
    owners, left_out = lock_enterprise_after(
        actor,
        "approve_model",
        lambda: (
            owners_using(known) if known else {},
            owners_left_out(slug, name or slug, is_approved=is_approved),
        ),
    )
    model, is_new = AiModel.objects.get_or_create(
        slug=slug,
        defaults={"name": name or slug, "is_approved": is_approved, "created_at": now},
    )
    if not is_new:
        changed = AiModel.objects.filter(id=model.id).exclude(is_approved=is_approved)
        if not changed.update(is_approved=is_approved, **_brought_back(is_approved)):
            raise AlreadyDone(
                "model.unchanged", f"{model.name} is in that state already."
            )
    raise_epoch(ENTERPRISE)
    record(
        "catalogue.model_changed",
        actor=actor,
        subject=("ai_model", model.id),
        model=model.name,
        what="approved" if is_approved else "no longer approved",
    )
    if not is_approved and not is_new:
        tell_owners(owners, model.name, actor=actor, now=now)
        tell_who_owns(model, actor=actor, now=now)
    if left_out and not AiModel.objects.exclude(id=model.id).exists():
        for other, theirs in left_out.items():
            tell_owners(theirs, other, actor=actor, now=now)
    return model


@step
def raise_epoch(scope: Scope) -> None:
    """Count one change of authority at a level; its exclusive lock is held."""
    at_level = LevelEpoch.objects.filter(
        class_id=scope.class_id, identity=scope.identity
    )
    if not at_level.update(number=F("number") + 1):
        LevelEpoch.objects.create(
            class_id=scope.class_id, identity=scope.identity, number=1
        )


def _known_data(classes: Sequence[str]) -> list[str]:
    if unknown := sorted(set(classes) - set(DATA_CLASSES)):
        raise Invalid({"data_classes": f"Unknown: {', '.join(unknown)}."})
    return [each for each in DATA_CLASSES if each in classes]


def _brought_back(is_approved: bool) -> dict[str, object]:
    # What is approved again is retired no more.
    return {"retired_at": None, "retired_reason": ""} if is_approved else {}


def must_be_read(system: System, was: str | None) -> None:
    """Raise Conflict where a system says else by now than what somebody read of it."""
    if was is not None and was != mark_of(system):
        raise Conflict(
            "system.changed",
            f"Somebody changed {system.name} since you opened this page. Read below what"
            " it says now, and say it again.",
        )


def must_administer(actor: Actor, kind: str = "approve_system") -> None:
    """Raise Forbidden for whoever does not decide this part of the catalogue."""
    must_hold(actor, kind, Level.ENTERPRISE)


def _record_system(actor: Actor, system: System, what: str) -> None:
    record(
        "catalogue.system_changed",
        actor=actor,
        subject=("system", system.id),
        system=system.name,
        what=what,
    )
