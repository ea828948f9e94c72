"""Words that somebody types into a form of the draft: kept for them until they save.

They are no part of the draft: nothing is ruled, signed or shown to others by them.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from portal.accounts import access
from portal.accounts.actors import Actor
from portal.audit.operation import operation, record, step
from portal.core.errors import Forbidden, Invalid
from registry.models import UnsavedWords
from registry.operations.draft_parts import drop_words
from registry.operations.drafts import locked_draft
from registry.operations.guards import workflow_for
from registry.rules.unsaved import label_of

FIELDS_MAX = 40
VALUES_MAX = 200
CHARACTERS_MAX = 16_000
_FIELD = re.compile(r"[a-z_]{1,40}")

type Words = Mapping[str, Sequence[str]]


@operation(leaves="workflow.words_kept")
def keep_words(
    *, actor: Actor, workflow_id: UUID, form: str, words: Words, now: datetime
) -> UnsavedWords:
    """Keep what this person typed into one form. Raises Invalid for more than a form holds."""
    _check(form, words)
    draft = _draft(actor, workflow_id)
    kept, _ = UnsavedWords.objects.update_or_create(
        version=draft,
        person_id=actor.id,
        form=form,
        defaults={
            "words": {name: list(said) for name, said in words.items()},
            "at": now,
        },
    )
    _say("workflow.words_kept", actor, draft, form)
    return kept


@operation(leaves="workflow.words_dropped")
def throw_words_away(*, actor: Actor, workflow_id: UUID, form: str) -> None:
    """Forget what this person typed into one form; nothing kept is no error."""
    draft = _draft(actor, workflow_id)
    drop_words(version_id=draft.id, actor=actor, form=form)
    _say("workflow.words_dropped", actor, draft, form)


@step
def _draft(actor: Actor, workflow_id: UUID):
    if not actor.is_person:
        raise Forbidden("Only a person's words are kept.")
    return locked_draft(workflow_for(actor, workflow_id, access.EDIT))


@step
def _say(name: str, actor: Actor, draft, form: str) -> None:
    record(
        name,
        actor=actor,
        subject=("workflow", draft.workflow_id),
        workflow_id=draft.workflow_id,
        workflow=draft.workflow.name,
        form=label_of(form),
    )


def _check(form: str, words: Words) -> None:
    if not label_of(form):
        raise Invalid({"form": "There is no such form."})
    characters = sum(len(text) for said in words.values() for text in said)
    many = len(words) > FIELDS_MAX or any(
        len(said) > VALUES_MAX for said in words.values()
    )
    if many or characters > CHARACTERS_MAX:
        raise Invalid({"form": f"At most {CHARACTERS_MAX:,} characters are kept."})
    if any(not _FIELD.fullmatch(name) for name in words):
        raise Invalid({"form": "This form is not one of ours."})
