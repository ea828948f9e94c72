"""What an inventory's values are compared with: departments, people, templates, workflows."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from portal.accounts import access
from portal.accounts.actors import Actor
from portal.accounts.models import Department, Person
from registry.models import InventoryRow, Workflow
from registry.queries.people import Choice
from registry.queries.templates import template_choices
from registry.rules.inventory import key_of
from registry.rules.inventory_columns import Known
from registry.rules.inventory_rows import AMBIGUOUS, Setting

_ABBREVIATION_LENGTH_MIN = 2
_SMALL_WORDS = frozenset({"of", "the", "and", "for", "&", "der", "die", "und", "für"})


@dataclass(frozen=True)
class Choices:
    """What a person chose about an import, as forms and commands give it."""

    mapping: dict[int, str]
    departments: dict[str, str] = field(default_factory=dict)
    default_department: str = ""
    template: str = ""


def setting_for(*, actor: Actor, choices: Choices) -> Setting:
    """Give what rows are read by, for this person. Five queries.

    Workflows that the person may not see are not known to it: a report never tells of
    them.
    """
    seen = _seen(actor)
    return Setting(
        mapping=choices.mapping,
        departments={key_of(value): to for value, to in choices.departments.items()},
        default_department=choices.default_department,
        default_template=choices.template,
        people=_people(),
        templates={
            key_of(text): each.key
            for each in template_choices()
            for text in (each.key, each.name)
        },
        known_names=frozenset(
            (department, key_of(name))
            for department, name in seen.values_list("department__slug", "name")
        ),
        known_identifiers=known_identifiers(seen),
    )


def known_identifiers(seen) -> frozenset[str]:
    """Give the numbers under which standing workflows were imported. One query."""
    rows = InventoryRow.objects.filter(
        status__in=("MADE", "KEPT"), workflow__in=seen
    ).exclude(identifier="")
    return frozenset(map(key_of, rows.values_list("identifier", flat=True)))


def known_for_suggesting() -> Known:
    """Give what tells a column by its values. Two queries."""
    departments = frozenset(
        text
        for slug, name in Department.objects.values_list("slug", "name")
        for text in (key_of(name), key_of(slug), *abbreviations(name))
    )
    templates = frozenset(
        key_of(text) for each in template_choices() for text in (each.key, each.name)
    )
    return Known(departments, frozenset(_people()), templates)


def departments_like(values: Iterable[str]) -> dict[str, str]:
    """Give the department that each value names, by name, address or abbreviation."""
    by_text: dict[str, str] = {}
    rows = list(Department.objects.order_by("slug").values_list("slug", "name"))
    for slug, name in rows:
        for text in abbreviations(name):
            by_text[text] = AMBIGUOUS if text in by_text else slug
    for slug, name in rows:
        by_text[key_of(slug)] = by_text[key_of(name)] = slug
    found = {value: by_text.get(key_of(value), "") for value in values}
    return {value: slug for value, slug in found.items() if slug not in ("", AMBIGUOUS)}


def all_departments() -> tuple[Choice, ...]:
    """Give every department by name, with its address as the value. One query."""
    rows = Department.objects.order_by("name", "id").values_list("slug", "name")
    return tuple(Choice(slug, name) for slug, name in rows)


def abbreviations(name: str) -> tuple[str, ...]:
    """Give how people shorten a department's name: “customer care” is cc."""
    words = [word for word in key_of(name).split() if word not in _SMALL_WORDS]
    short = "".join(word[0] for word in words)
    return (short,) if len(short) >= _ABBREVIATION_LENGTH_MIN else ()


def people_by_id(ids: Iterable[str]) -> dict[str, Person]:
    """Give the active people of some ids. One query."""
    wanted = [UUID(each) for each in set(ids) if each]
    rows = Person.objects.filter(id__in=wanted, is_active=True)
    return {str(each.id): each for each in rows}


def _seen(actor: Actor):
    rows = Workflow.objects.all()
    return rows if actor.is_system else access.visible(rows, actor=actor)


def _people() -> dict[str, str]:
    found: dict[str, str] = {}
    rows = Person.objects.filter(is_active=True).order_by("id")
    people = list(rows.values_list("id", "name", "email"))
    for identity, name, _ in people:
        key = key_of(name)
        found[key] = AMBIGUOUS if key in found else str(identity)
    for identity, _, email in people:
        found[key_of(email)] = str(identity)
    return found
