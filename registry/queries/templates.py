"""The templates a workflow can start from: files of the one page in `templates_library`."""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from portal.core.errors import NotFound
from registry.rules.document import from_toml

LIBRARY = Path(__file__).resolve().parents[1] / "templates_library"


@dataclass(frozen=True)
class TemplateChoice:
    """One template as it is offered."""

    key: str
    name: str
    summary: str
    phase: int


def template_choices() -> tuple[TemplateChoice, ...]:
    """Give the templates by name. Reads the library once per process."""
    return tuple(
        TemplateChoice(key, page["name"], page["purpose"], page["phase"])
        for key, page in sorted(_library().items(), key=lambda pair: pair[1]["name"])
    )


def template_document(key: str) -> dict[str, Any] | None:
    """Give a template's page, or None for a blank one. Raises NotFound for another name."""
    if not key:
        return None
    if key not in _library():
        raise NotFound("There is no such template.")
    return deepcopy(dict(_library()[key]))


def template_name(key: str) -> str:
    """Give a template's name, or nothing for one that is not there."""
    return _library().get(key, {}).get("name", "")


def example_of(template: str, question: str) -> str:
    """Give a template's answer to one of the ten questions, or nothing."""
    page = _library().get(template, {})
    return page.get("answers", {}).get(question, "")


@cache
def _library() -> Mapping[str, Mapping[str, Any]]:
    files = sorted(LIBRARY.glob("*.toml"))
    return {path.stem: from_toml(path.read_text(encoding="utf-8")) for path in files}
