"""Ceilings: set, changed and lifted by whoever holds the right at their level.

Each takes the exclusive lock of its level, so that no ruling is under way, and raises
that level's epoch, so that a grant issued before is stale. What was, stays on record.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.urls import reverse

from portal.accounts.actors import Actor
from portal.accounts.models import Department, Team
from portal.accounts.operations.telling import tell
from portal.audit.operation import operation, record, step
from portal.core.errors import AlreadyDone, Conflict, Invalid, NotFound
from portal.core.locks import ENTERPRISE, Scope, department_scope, lock_exclusive
from registry.models import Ceiling, CeilingWaiver
from registry.models.catalogue import CeilingAuthority, CeilingLevel
from registry.operations.catalogue import raise_epoch
from registry.operations.guards import person_id
from registry.queries.ceiling_reach import (
    CeilingSaid,
    Ground,
    ground_of_reach,
    left_with_nothing,
    owners_narrowed,
)
from registry.queries.rights import must_hold
from registry.rules.data import DATA_CLASSES
from registry.rules.verbs import VERBS, Tier

CEILINGS_MAX = 200
TEXT_MAX = 300


@operation(leaves="ceiling.changed")
def set_ceiling(
    *,
    actor: Actor,
    level: str,
    name: str,
    sentence: str,
    authority: str,
    department: Department | None = None,
    team: Team | None = None,
    systems: Sequence[str] = (),
    verbs: Sequence[str] = (),
    tiers: Sequence[str] = (),
    ai_models: Sequence[str] = (),
    data_classes: Sequence[str] = (),
    amount_max: Decimal | None = None,
    currency: str = "",
    accepted_because: str = "",
    now: datetime,
) -> Ceiling:
    """Set a limit above workflows; an empty list means all there are.

    Raises Conflict where it would leave some workflow nothing and nobody said why that
    is meant.
    """
    wanted = CeilingSaid(
        level=level,
        name=name,
        sentence=sentence,
        authority=authority,
        department=department,
        team=team,
        systems=systems,
        verbs=verbs,
        tiers=tiers,
        ai_models=ai_models,
        data_classes=data_classes,
        amount_max=amount_max,
        currency=currency,
        accepted_because=accepted_because,
    )
    _check(wanted)
    scope = scope_of(wanted.department)
    reach = _lock_after_reading(actor, scope, wanted)
    if Ceiling.objects.filter(is_active=True).count() >= CEILINGS_MAX:
        raise Conflict(
            "ceilings.many", f"At most {CEILINGS_MAX} ceilings are in force."
        )
    ceiling = _put(actor, wanted, None, now)
    raise_epoch(scope)
    _record(actor, ceiling, ceiling.sentence)
    _tell(ceiling, reach.owners, actor, now)
    return ceiling


@operation(leaves="ceiling.changed")
def change_ceiling(
    *, actor: Actor, ceiling_id: UUID, wanted: CeilingSaid, because: str, now: datetime
) -> Ceiling:
    """Put another ceiling in the place of one, at the same level; both stay on record.

    What was waived of the old one is over: it was given for other words.
    """
    _check(wanted)
    because = _reason(because)
    old = _found(ceiling_id)
    scope = scope_of(old.department)
    reach = _lock_after_reading(actor, scope, wanted, replaced=old)
    place = (old.level, old.department_id, old.team_id)
    if place != (wanted.level, _id(wanted.department), _id(wanted.team)):
        raise Invalid({"level": "A changed ceiling stays where it was. Set a new one."})
    _end(actor, old, f"changed: {because}"[:TEXT_MAX], now)
    ceiling = _put(actor, wanted, old, now)
    raise_epoch(scope)
    _record(actor, ceiling, f"changed to “{ceiling.sentence}” because {because}")
    _tell(ceiling, reach.owners, actor, now)
    return ceiling


@operation(leaves="ceiling.changed")
def lift_ceiling(
    *, actor: Actor, ceiling_id: UUID, because: str, now: datetime
) -> None:
    """Take a ceiling out of force; it stays on record."""
    because = _reason(because)
    ceiling = _found(ceiling_id)
    scope = scope_of(ceiling.department)
    # Twice: nobody else makes rulings wait, and who lost the right meanwhile lifts nothing.
    must_hold(actor, "set_ceiling", ceiling.level, **place_of(ceiling))
    lock_exclusive(scope)
    must_hold(actor, "set_ceiling", ceiling.level, **place_of(ceiling))
    _end(actor, ceiling, because, now)
    raise_epoch(scope)
    _record(actor, ceiling, f"lifted “{ceiling.sentence}” because {because}")


def scope_of(department: Department | None) -> Scope:
    """Give the lock of a level; a team's is that of its department."""
    return department_scope(department.lock_number) if department else ENTERPRISE


def place_of(ceiling: Ceiling) -> dict[str, UUID | None]:
    """Give where a ceiling stands, as the rights are asked."""
    return {"department_id": ceiling.department_id, "team_id": ceiling.team_id}


@dataclass(frozen=True)
class _Reach:
    """Whom a ceiling narrows and whom it would leave nothing, and what that rests on."""

    ground: Ground
    owners: frozenset[UUID]
    emptied: str | None


@step
def _lock_after_reading(
    actor: Actor, scope: Scope, wanted: CeilingSaid, replaced: Ceiling | None = None
) -> _Reach:
    """Take the lock of a level once every page is read, so that no ruling waits for that.

    Behind it the right is asked once more, and all is read again only where something
    that it rests on has changed. Raises Forbidden, or Conflict for what leaves nothing.
    """
    place = {"department_id": _id(wanted.department), "team_id": _id(wanted.team)}
    must_hold(actor, "set_ceiling", wanted.level, **place)
    reach = _reach_of(actor, wanted, replaced)
    lock_exclusive(scope)
    must_hold(actor, "set_ceiling", wanted.level, **place)
    if ground_of_reach() != reach.ground:
        reach = _reach_of(actor, wanted, replaced)
    if reach.emptied is not None:
        raise Conflict(
            "ceiling.refuses_everything",
            f"This would refuse everything that {reach.emptied} may do. If that is meant,"
            " say why, and set it again.",
        )
    return reach


def _reach_of(actor: Actor, wanted: CeilingSaid, replaced: Ceiling | None) -> _Reach:
    # First what it rests on: what changes while the rest is read is then seen to.
    ground, replaces = ground_of_reach(), replaced.id if replaced else None
    return _Reach(
        ground=ground,
        owners=owners_narrowed(wanted, replaces=replaces),
        emptied=None
        if wanted.accepted_because.strip()
        else left_with_nothing(wanted, actor=actor, replaces=replaces),
    )


def _check(said: CeilingSaid) -> None:
    wrong = _wrong_place(said)
    if said.authority not in CeilingAuthority.values:
        wrong["authority"] = "Choose review or never."
    for name, known in (
        ("verbs", set(VERBS)),
        ("tiers", {tier.value for tier in Tier}),
        ("data_classes", set(DATA_CLASSES)),
    ):
        if unknown := sorted(set(getattr(said, name)) - known):
            wrong[name] = f"Unknown: {', '.join(unknown)}."
    for name in ("name", "sentence"):
        if not getattr(said, name).strip():
            wrong[name] = "Say it, so that whoever is stopped by it can read it."
    if len(said.accepted_because) > TEXT_MAX:
        wrong["accepted_because"] = f"At most {TEXT_MAX} characters."
    if said.amount_max is not None and (not said.currency or said.amount_max < 0):
        wrong["amount_max"] = "Give an amount of at least zero with its currency."
    if wrong:
        raise Invalid(wrong)


def _wrong_place(said: CeilingSaid) -> dict[str, str]:
    if said.level not in CeilingLevel.values:
        return {"level": "Choose enterprise, department or team."}
    if said.level == CeilingLevel.TEAM:
        is_its_own = said.team is not None and said.department == said.team.department
        return {} if is_its_own else {"team": "Name a team of the department."}
    if said.team is not None:
        return {"team": "Name a team for its own ceiling, and only then."}
    if (said.level == CeilingLevel.ENTERPRISE) != (said.department is None):
        return {"department": "Name a department for its own ceiling, and only then."}
    return {}


def _reason(because: str) -> str:
    because = " ".join(because.split())
    if not because:
        raise Invalid({"because": "Say why: it stays on record."})
    if len(because) > TEXT_MAX - len("changed: "):
        raise Invalid({"because": f"At most {TEXT_MAX - len('changed: ')} characters."})
    return because


def _found(ceiling_id: UUID) -> Ceiling:
    rows = Ceiling.objects.select_related("department", "team")
    ceiling = rows.filter(id=ceiling_id).first()
    if ceiling is None:
        raise NotFound("There is no such ceiling.")
    return ceiling


@step
def _put(
    actor: Actor, said: CeilingSaid, replaces: Ceiling | None, now: datetime
) -> Ceiling:
    return Ceiling.objects.create(
        level=said.level,
        department=said.department,
        team=said.team,
        name=said.name.strip(),
        systems=list(said.systems),
        verbs=list(said.verbs),
        tiers=list(said.tiers),
        ai_models=list(said.ai_models),
        data_classes=list(said.data_classes),
        authority=said.authority,
        amount_max=said.amount_max,
        currency=said.currency if said.amount_max is not None else "",
        sentence=said.sentence.strip(),
        accepted_because=said.accepted_because.strip(),
        created_at=now,
        created_by_id=person_id(actor),
        replaces=replaces,
    )


@step
def _end(actor: Actor, ceiling: Ceiling, because: str, now: datetime) -> None:
    changed = Ceiling.objects.filter(id=ceiling.id, is_active=True).update(
        is_active=False,
        lifted_at=now,
        lifted_by=person_id(actor),
        lifted_because=because,
    )
    if not changed:
        raise AlreadyDone("ceiling.lifted", "This ceiling is not in force.")
    CeilingWaiver.objects.filter(ceiling=ceiling.id, ended_at=None).update(
        ended_at=now, ended_by=person_id(actor), ended_because="The ceiling ended."
    )


def _id(thing: Department | Team | None) -> UUID | None:
    return thing.id if thing else None


@step
def _tell(
    ceiling: Ceiling, owners: frozenset[UUID], actor: Actor, now: datetime
) -> None:
    """Tell everybody once whose workflows are narrowed, however many they are."""
    if owners:
        tell(
            kind="ceiling_set",
            subject=("ceiling", ceiling.id),
            at=now,
            people=owners,
            href=reverse("ceiling", args=[ceiling.id]),
            by=actor.name,
            by_id=person_id(actor),
        )


def _record(actor: Actor, ceiling: Ceiling, sentence: str) -> None:
    record(
        "ceiling.changed",
        actor=actor,
        subject=("ceiling", ceiling.id),
        level=ceiling.level,
        sentence=sentence,
    )
