"""Ceilings as people read them: those in force by level, those that were, and one alone."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from portal.accounts import access
from portal.accounts.actors import Actor
from portal.accounts.models import Department, Team
from portal.core.errors import NotFound
from registry.models import AiModel, Ceiling, CeilingWaiver, System, Workflow
from registry.queries.rights import holds
from registry.queries.thing_names import Names, names_of
from registry.rules.amounts import money_text
from registry.rules.answers import Money
from registry.rules.data import data_words
from registry.rules.rights import LEVELS
from registry.rules.verbs import name_of

PAST_SHOWN_MAX = 100
NAMES_MAX = 500
LEVEL_WORDS = {
    "enterprise": "Enterprise",
    "department": "Department",
    "team": "Team",
}


@dataclass(frozen=True)
class CeilingLine:
    """One ceiling: what it says, about what, for whom, and how it ended if it did."""

    id: UUID
    level: str
    where: str
    name: str
    sentence: str
    authority: str
    about: str
    set_by: str
    set_at: datetime
    accepted_because: str
    ended_at: datetime | None
    ended_by: str
    ended_because: str
    waivers: int = 0
    sent_as: tuple[str, ...] = ()


@dataclass(frozen=True)
class LevelOfCeilings:
    key: str
    label: str
    ceilings: tuple[CeilingLine, ...]


@dataclass(frozen=True)
class CeilingsPage:
    levels: tuple[LevelOfCeilings, ...]
    past: tuple[CeilingLine, ...]
    places: tuple[tuple[str, str], ...]
    untold: tuple[str, ...]

    @property
    def count(self) -> int:
        return sum(len(level.ceilings) for level in self.levels)


@dataclass(frozen=True)
class WaiverLine:
    """One workflow in which a ceiling is, or was, waived."""

    request_id: UUID
    workflow: str
    cell: str
    words: str
    until_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True)
class CeilingPage:
    line: CeilingLine
    initial: dict[str, object]
    may_set: bool
    replaced_by: UUID | None
    replaces: UUID | None
    waivers: tuple[WaiverLine, ...] = ()
    stopped: tuple[tuple[str, str], ...] = ()


def ceilings_page(*, actor: Actor) -> CeilingsPage:
    """Give every ceiling, in force and past, by level. At most a dozen queries."""
    rows = Ceiling.objects.select_related(
        "department", "team", "created_by", "lifted_by"
    )
    active = tuple(rows.filter(is_active=True).order_by("created_at", "id"))
    waived: dict[UUID, int] = {}
    given = access.visible(
        CeilingWaiver.objects.filter(ended_at=None),
        actor=actor,
        workflow_path="workflow_id",
    )
    for ceiling_id in given.values_list("ceiling_id", flat=True):
        waived[ceiling_id] = waived.get(ceiling_id, 0) + 1
    ended = rows.filter(is_active=False).order_by("-lifted_at", "-created_at", "id")
    past = tuple(ended[:PAST_SHOWN_MAX])
    names = _names((*active, *past))
    lines = [_line(row, names, waived.get(row.id, 0)) for row in active]
    has_data = any(row.data_classes for row in active)
    untold = System.objects.filter(is_approved=True, data_classes=[]).order_by("name")
    return CeilingsPage(
        levels=tuple(
            LevelOfCeilings(
                level.value,
                LEVEL_WORDS[level.value],
                tuple(line for line in lines if line.level == level.value),
            )
            for level in LEVELS
        ),
        past=tuple(_line(row, names) for row in past),
        places=places_for(actor=actor, kind="set_ceiling"),
        untold=tuple(untold.values_list("name", flat=True)[:20]) if has_data else (),
    )


def ceiling_page(*, actor: Actor, ceiling_id: UUID) -> CeilingPage:
    """Give one ceiling. Raises NotFound for none."""
    row = (
        Ceiling.objects.select_related("department", "team", "created_by", "lifted_by")
        .filter(id=ceiling_id)
        .first()
    )
    if row is None:
        raise NotFound("There is no such ceiling.")
    replaced = Ceiling.objects.filter(replaces=row.id).values_list("id", flat=True)
    may = row.is_active and holds(
        actor,
        "set_ceiling",
        row.level,
        department_id=row.department_id,
        team_id=row.team_id,
    )
    return CeilingPage(
        line=_line(row, _names((row,))),
        initial={
            "where": where_of(row),
            "name": row.name,
            "sentence": row.sentence,
            "authority": row.authority,
            "tiers": row.tiers,
            "verbs": row.verbs,
            "systems": row.systems,
            "ai_models": row.ai_models,
            "data_classes": row.data_classes,
            "amount_max": row.amount_max,
            "currency": row.currency,
        },
        may_set=may,
        replaced_by=replaced.first(),
        replaces=row.replaces_id,
        waivers=_waivers(actor, row),
        stopped=_stopped(actor, row) if row.is_active else (),
    )


def _waivers(actor: Actor, row: Ceiling) -> tuple[WaiverLine, ...]:
    rows = access.visible(
        CeilingWaiver.objects.filter(ceiling=row),
        actor=actor,
        workflow_path="workflow_id",
    )
    found = tuple(rows.select_related("workflow").order_by("-starts_at")[:100])
    names = names_of(systems=[each.system for each in found])
    return tuple(
        WaiverLine(
            request_id=each.request_id,
            workflow=each.workflow.name,
            cell=f"{name_of(each.verb)} in {names.system(each.system)}",
            words=waiver_words(each),
            until_at=each.until_at,
            ended_at=each.ended_at,
        )
        for each in found
    )


def waiver_words(row: CeilingWaiver) -> str:
    """Say what is left of a ceiling where it is waived, and up to which amount."""
    what = "A person decides instead" if row.under_review else "The ceiling is silent"
    if row.amount_max is None:
        return f"{what}."
    return f"{what} up to {money_text(Money(row.amount_max, row.currency))}."


def _stopped(actor: Actor, row: Ceiling) -> tuple[tuple[str, str], ...]:
    """Name the workflows under a ceiling that this person may write."""
    rows = Workflow.objects.filter(live_version__isnull=False)
    if row.team_id is not None:
        rows = rows.filter(team=row.team_id)
    elif row.department_id is not None:
        rows = rows.filter(department=row.department_id)
    mine = access.visible(rows, actor=actor, permission=access.EDIT).order_by("name")
    return tuple(mine.values_list("slug", "name")[:10])


def places_for(*, actor: Actor, kind: str) -> tuple[tuple[str, str], ...]:
    """Give the levels at which somebody decides a kind, as a form names them."""
    found = []
    if holds(actor, kind, "enterprise"):
        found.append(("enterprise", "The whole company"))
    teams: dict[UUID, list[Team]] = {}
    for team in Team.objects.order_by("name", "id"):
        teams.setdefault(team.department_id, []).append(team)
    for department in Department.objects.order_by("name", "id"):
        if holds(actor, kind, "department", department_id=department.id):
            found.append((f"department:{department.id}", department.name))
        for team in teams.get(department.id, ()):
            place = {"department_id": department.id, "team_id": team.id}
            if holds(actor, kind, "team", **place):
                label = f"{department.name}: the team {team.name}"
                found.append((f"team:{team.id}", label))
    return tuple(found)


def names_to_pick() -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Give the systems and the AI models that a ceiling may name. Two queries."""
    systems = System.objects.order_by("name", "id").values_list("slug", "name")
    models = AiModel.objects.order_by("name", "id").values_list("slug", "name")
    return list(systems[:NAMES_MAX]), list(models[:NAMES_MAX])


def where_of(row: Ceiling) -> str:
    """Name where a ceiling holds as a form does."""
    if row.team_id is not None:
        return f"team:{row.team_id}"
    return f"department:{row.department_id}" if row.department_id else "enterprise"


def _names(rows: Iterable[Ceiling]) -> Names:
    """Give the names of what some ceilings are about. At most two queries."""
    rows = tuple(rows)
    return names_of(
        systems=[slug for row in rows for slug in row.systems],
        models=[slug for row in rows for slug in row.ai_models],
    )


def _line(row: Ceiling, names: Names, waivers: int = 0) -> CeilingLine:
    where = row.department.name if row.department else "The whole company"
    if row.team is not None:
        where = f"The team {row.team.name} of {where}"
    return CeilingLine(
        id=row.id,
        level=row.level,
        where=where,
        name=row.name,
        sentence=row.sentence,
        authority=row.authority,
        about=about_words(
            verbs=row.verbs,
            tiers=row.tiers,
            systems=[names.system(slug) for slug in row.systems],
            ai_models=[names.model(slug) for slug in row.ai_models],
            data_classes=row.data_classes,
            above=Money(row.amount_max, row.currency)
            if row.amount_max is not None
            else None,
        ),
        set_by=row.created_by.name if row.created_by else "",
        set_at=row.created_at,
        accepted_because=row.accepted_because,
        ended_at=row.lifted_at,
        ended_by=row.lifted_by.name if row.lifted_by else "",
        ended_because=row.lifted_because,
        waivers=waivers,
        sent_as=(*row.systems, *row.verbs, *row.ai_models),
    )


def about_words(
    *,
    verbs: Iterable[str],
    tiers: Iterable[str],
    systems: Iterable[str],
    ai_models: Iterable[str],
    data_classes: Iterable[str],
    above: Money | None,
) -> str:
    """Say in words what a ceiling is about, with the names of systems and models."""
    verbs, tiers, systems, ai_models, data_classes = map(
        tuple, (verbs, tiers, systems, ai_models, data_classes)
    )
    what = ", ".join(name_of(verb) for verb in verbs) or "everything"
    parts = [what]
    if tiers:
        parts.append(f"of the {'tier' if len(tiers) == 1 else 'tiers'} {_or(tiers)}")
    if systems:
        parts.append(f"in {_or(systems)}")
    if data_classes:
        parts.append(
            f"where {data_words(data_classes).replace(' and ', ' or ')} data is"
        )
    if ai_models:
        parts.append(f"by {_or(ai_models)}")
    if above is not None:
        parts.append(f"above {money_text(above)}")
    return " ".join(parts)


def _or(names: tuple[str, ...]) -> str:
    return " or ".join([", ".join(names[:-1]), names[-1]] if names[1:] else names)
