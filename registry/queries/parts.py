"""The parts of a page that are edited one by one, and what is missing from the whole."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from portal.core.digest import canonical, sha256_of
from registry.queries.people import RoleHolder, WorkflowPeople
from registry.queries.tools import retired_tool_gaps
from registry.rules.document import Gap, document_gaps

BASICS = ("name", "purpose", "phase", "risk", "currency", "units")


def fingerprint(document: Mapping, part: str) -> str:
    """Sum up one part of a page, so that an editor can say which state they saw."""
    return fingerprint_of(part_of(document, part))


def fingerprint_of(value: object) -> str:
    """Sum up what a part says."""
    return sha256_of(canonical(value))[7:23]


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
    found = (
        replace(gap, text=_who_left(left[gap.key])) if gap.key in left else gap
        for gap in document_gaps(document, roles)
    )
    return (*found, *retired_tool_gaps(document))


def _who_left(held: RoleHolder) -> str:
    label = held.label[:1].lower() + held.label[1:]
    label = held.label if held.label[1:2].isupper() else label
    return (
        f"{held.left.name if held.left else 'Somebody'} was the {label} and can no"
        " longer sign in. Pick somebody else."
    )
