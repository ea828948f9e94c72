"""The parts of a page that are edited one by one, and what is missing from the whole."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from portal.core.digest import canonical, sha256_of
from registry.queries.people import RoleHolder, WorkflowPeople
from registry.rules.document import Gap, document_gaps
from registry.rules.sentences import system_label
from registry.rules.verbs import name_of

BASICS = ("name", "purpose", "phase", "risk", "currency", "units")


def fingerprint(document: Mapping, part: str) -> str:
    """Sum up one part of a page, so that an editor can say which state they saw."""
    return sha256_of(canonical(part_of(document, part)))[7:23]


def part_of(document: Mapping, part: str) -> object:
    """Give the part that an edit touches: `answers.reads`, `allowances.billing.refund`."""
    head, _, rest = part.partition(".")
    if head == "basics":
        return {key: document.get(key) for key in BASICS}
    if head == "answers":
        return document.get("answers", {}).get(rest)
    if head == "allowances":
        system, _, verb = rest.partition(".")
        return next(_cells(document, system, verb), None)
    if rest:
        key = "name" if head in ("tools", "checks") else "key"
        return next(
            (row for row in document.get(head, ()) if row.get(key) == rest), None
        )
    return document.get(head)


def cell_of_part(part: str) -> tuple[str, str] | None:
    """Give the system and the verb of a cell's part; None for any other part."""
    head, _, rest = part.partition(".")
    system, _, verb = rest.partition(".")
    return (system, verb) if head == "allowances" else None


def name_of_part(part: str) -> str:
    """Name a cell or a tool inside a sentence: refund in Billing."""
    cell = cell_of_part(part)
    if cell is not None:
        return f"{name_of(cell[1])} in {system_label(cell[0])}"
    return f"the tool {part.partition('.')[2]}"


def _cells(document: Mapping, system: str, verb: str) -> Iterator[Mapping]:
    return (
        row
        for row in document.get("allowances", ())
        if row["system"] == system and row["verb"] == verb
    )


def gaps_of(document: Mapping, people: WorkflowPeople) -> tuple[Gap, ...]:
    """Say what is missing before the page can be signed, in the reader's words."""
    roles = {
        held.role: held.person.name if held.person else None for held in people.roles
    }
    left = {held.role: held for held in people.roles if held.left}
    return tuple(
        replace(gap, text=_who_left(left[gap.key])) if gap.key in left else gap
        for gap in document_gaps(document, roles)
    )


def _who_left(held: RoleHolder) -> str:
    label = held.label[:1].lower() + held.label[1:]
    label = held.label if held.label[1:2].isupper() else label
    return (
        f"{held.left.name if held.left else 'Somebody'} was the {label} and can no"
        " longer sign in. Pick somebody else."
    )
