"""What stands above every workflow: systems, AI models and ceilings.

Each change takes the exclusive lock of its level and raises that level's epoch, so that
a grant issued under the old state is stale when somebody tries to use it.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db.models import F

from portal.accounts import access
from portal.accounts.actors import Actor
from portal.accounts.models import Department
from portal.audit.operation import operation, record, step
from portal.core.errors import AlreadyDone, Conflict, Forbidden, Invalid, NotFound
from portal.core.locks import ENTERPRISE, Scope, department_scope, lock_exclusive
from registry.models import AiModel, Ceiling, LevelEpoch, System
from registry.models.catalogue import CeilingLevel
from registry.rules.verbs import VERBS, Tier

CEILINGS_MAX = 200


@operation(leaves="catalogue.system_changed")
def add_system(
    *,
    actor: Actor,
    slug: str,
    name: str,
    description: str = "",
    is_approved: bool = False,
    now: datetime,
) -> System:
    """Put a system into the catalogue. Raises Conflict when it is there."""
    must_administer(actor)
    lock_exclusive(ENTERPRISE)
    if System.objects.filter(slug=slug).exists():
        raise Conflict("system.exists", f"There is a system {slug} already.")
    system = System.objects.create(
        slug=slug,
        name=name,
        description=description,
        is_approved=is_approved,
        created_at=now,
    )
    raise_epoch(ENTERPRISE)
    _record_system(actor, system, "added and approved" if is_approved else "added")
    return system


@operation(leaves="catalogue.system_changed")
def set_system_approved(
    *, actor: Actor, system_id: UUID, is_approved: bool, now: datetime
) -> None:
    """Let agents into a system, or out of it: every request there is then refused."""
    must_administer(actor)
    system = System.objects.filter(id=system_id).first()
    if system is None:
        raise NotFound("There is no such system.")
    lock_exclusive(ENTERPRISE)
    changed = System.objects.filter(id=system.id).exclude(is_approved=is_approved)
    if not changed.update(is_approved=is_approved, **_brought_back(is_approved)):
        raise AlreadyDone(
            "system.unchanged", f"{system.name} is in that state already."
        )
    raise_epoch(ENTERPRISE)
    _record_system(actor, system, "approved" if is_approved else "no longer approved")


@operation(leaves="catalogue.model_changed")
def set_model_approved(
    *, actor: Actor, slug: str, name: str = "", is_approved: bool, now: datetime
) -> AiModel:
    """Approve an AI model or take the approval back; the first one starts the list."""
    must_administer(actor)
    lock_exclusive(ENTERPRISE)
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
    return model


@operation(leaves="ceiling.changed")
def set_ceiling(
    *,
    actor: Actor,
    level: str,
    name: str,
    sentence: str,
    authority: str,
    department: Department | None = None,
    systems: Sequence[str] = (),
    verbs: Sequence[str] = (),
    tiers: Sequence[str] = (),
    amount_max: Decimal | None = None,
    currency: str = "",
    now: datetime,
) -> Ceiling:
    """Set a limit above workflows; empty systems, verbs and tiers mean all of them."""
    _must_limit(actor)
    _check_ceiling(level, department, verbs, tiers, amount_max, currency)
    scope = _scope_of(department)
    lock_exclusive(scope)
    if Ceiling.objects.filter(is_active=True).count() >= CEILINGS_MAX:
        raise Conflict(
            "ceilings.many", f"At most {CEILINGS_MAX} ceilings are in force."
        )
    ceiling = Ceiling.objects.create(
        level=level,
        department=department,
        name=name,
        systems=list(systems),
        verbs=list(verbs),
        tiers=list(tiers),
        authority=authority,
        amount_max=amount_max,
        currency=currency,
        sentence=sentence,
        created_at=now,
    )
    raise_epoch(scope)
    _record_ceiling(actor, ceiling, sentence)
    return ceiling


@operation(leaves="ceiling.changed")
def lift_ceiling(*, actor: Actor, ceiling_id: UUID, now: datetime) -> None:
    """Take a ceiling out of force; it stays on record."""
    _must_limit(actor)
    ceiling = Ceiling.objects.select_related("department").filter(id=ceiling_id).first()
    if ceiling is None:
        raise NotFound("There is no such ceiling.")
    scope = _scope_of(ceiling.department)
    lock_exclusive(scope)
    if not Ceiling.objects.filter(id=ceiling_id, is_active=True).update(
        is_active=False
    ):
        raise AlreadyDone("ceiling.lifted", "This ceiling is not in force.")
    raise_epoch(scope)
    _record_ceiling(actor, ceiling, f"lifted: {ceiling.sentence}")


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


def _brought_back(is_approved: bool) -> dict[str, object]:
    # What is approved again is retired no more.
    return {"retired_at": None, "retired_reason": ""} if is_approved else {}


def _scope_of(department: Department | None) -> Scope:
    return department_scope(department.lock_number) if department else ENTERPRISE


def must_administer(actor: Actor) -> None:
    if actor.is_system or access.holds_everywhere(actor, access.EDIT):
        return
    raise Forbidden(
        "Only an administrator changes the catalogue.",
        who_can_help="Ask an administrator of Countersign.",
    )


def _must_limit(actor: Actor) -> None:
    if actor.is_system or access.holds_everywhere(actor, access.PAUSE):
        return
    raise Forbidden(
        "Only the risk team and administrators set ceilings.",
        who_can_help="Ask the risk team.",
    )


def _check_ceiling(level, department, verbs, tiers, amount_max, currency) -> None:
    wrong: dict[str, str] = {}
    if level not in CeilingLevel.values:
        wrong["level"] = "Choose enterprise, department or team."
    elif (level == CeilingLevel.ENTERPRISE) != (department is None):
        wrong["department"] = "Name a department for its own ceiling, and only then."
    if unknown := sorted(set(verbs) - set(VERBS)):
        wrong["verbs"] = f"Unknown: {', '.join(unknown)}."
    if unknown := sorted(set(tiers) - {tier.value for tier in Tier}):
        wrong["tiers"] = f"Unknown: {', '.join(unknown)}."
    if amount_max is not None and (not currency or amount_max < 0):
        wrong["amount_max"] = "Give an amount of at least zero with its currency."
    if wrong:
        raise Invalid(wrong)


def _record_system(actor: Actor, system: System, what: str) -> None:
    record(
        "catalogue.system_changed",
        actor=actor,
        subject=("system", system.id),
        system=system.name,
        what=what,
    )


def _record_ceiling(actor: Actor, ceiling: Ceiling, sentence: str) -> None:
    record(
        "ceiling.changed",
        actor=actor,
        subject=("ceiling", ceiling.id),
        level=ceiling.level,
        sentence=sentence,
    )
