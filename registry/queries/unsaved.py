"""What a person typed into a draft and has not saved, as pages show it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from portal.accounts.actors import Actor
from registry.models import UnsavedWords
from registry.queries.drafts import Draft
from registry.rules import unsaved


@dataclass(frozen=True)
class KeptWords:
    """The words of one form, by field, with when they were typed."""

    form: str
    words: Mapping[str, list[str]]
    at: datetime

    @property
    def label(self) -> str:
        return unsaved.label_of(self.form)

    @property
    def address(self) -> tuple[str, str]:
        """Name the page that has the form: its URL's name and the argument after the slug."""
        if self.form == unsaved.CAP:
            return "draft_caps", ""
        if self.form.startswith(unsaved.NEW_RULE):
            return "draft_stop_rule_new", self.form.removeprefix(unsaved.NEW_RULE)
        if self.form.startswith(unsaved.RULE):
            return "draft_stop_rule", self.form.removeprefix(unsaved.RULE)
        return "draft_checks", ""

    def initial(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Give the words as the initial values of a form with these fields."""
        return {
            name: said if _is_many(fields[name]) else (said or [""])[0]
            for name, said in self.words.items()
            if name in fields
        }


def words_kept(*, version_id: UUID, actor: Actor) -> dict[str, KeptWords]:
    """Give everything this person has begun in one draft, newest first. One query."""
    rows = UnsavedWords.objects.filter(version_id=version_id, person_id=actor.id)
    return {
        row.form: KeptWords(row.form, row.words, row.at)
        for row in rows.order_by("-at", "id")
    }


def begun_forms(draft: Draft, *, actor: Actor) -> tuple[KeptWords, ...]:
    """Give the forms of a draft that this person began, but not of rules that are gone. One query."""
    kept = words_kept(version_id=draft.version_id, actor=actor)
    rules = {
        unsaved.rule_form(row["key"]) for row in draft.document.get("stop_rules", ())
    }
    return tuple(
        each
        for form, each in kept.items()
        if not form.startswith(unsaved.RULE) or form in rules
    )


def _is_many(field: Any) -> bool:
    return getattr(field.widget, "allow_multiple_selected", False)
