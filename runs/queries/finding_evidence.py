"""What the evidence of a finding points to: a version that went live, a run, an address."""

import re
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from portal.accounts import access
from portal.accounts.actors import Actor
from registry.queries.causes import launched_numbers
from runs.models import Run

ADDRESS_MAX = 500
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def links_of(
    *, actor: Actor, workflow_id: UUID, version: str, run: str, address: str
) -> tuple[tuple[dict[str, Any], ...], dict[str, str]]:
    """Give what a person points to as links, or what is wrong, by field. Few queries."""
    links: list[dict[str, Any]] = []
    problems: dict[str, str] = {}
    if version.strip():
        numbers = launched_numbers(workflow_id=workflow_id)
        if version.strip() in {str(number) for number in numbers}:
            number = int(version)
            links.append({"kind": "version", "number": number, "words": f"Version {number}"})  # fmt: skip
        else:
            problems["version"] = "Choose a version that went live."
    if run.strip():
        found = _run_in(actor, workflow_id, run.strip())
        if found is None:
            problems["run"] = "Paste the address of a run of this workflow."
        else:
            title = found.title or f"Run {found.agent_run_id}"
            links.append({"kind": "run", "id": str(found.id), "words": title[:120]})
    if address.strip():
        if _is_address(address.strip()):
            links.append({"kind": "address", "href": address.strip(), "words": address.strip()})  # fmt: skip
        else:
            problems["address"] = "Paste an address that begins with https://."
    return tuple(links), problems


def _run_in(actor: Actor, workflow_id: UUID, text: str) -> Run | None:
    found = _ID.search(text)
    rows = access.visible(
        Run.objects.filter(workflow=workflow_id).defer("fold"),
        actor=actor,
        workflow_path="workflow_id",
    )
    return rows.filter(id=UUID(found[0])).first() if found else None


def _is_address(text: str) -> bool:
    if len(text) > ADDRESS_MAX or any(letter.isspace() for letter in text):
        return False
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in ("https", "http") and bool(parts.hostname)
