"""Words to start an answer from: the template's, what the draft already says, or an example."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from registry.models.workflow import Role
from registry.queries.drafts import AnswerPage
from registry.queries.people import WorkflowPeople, people_of
from registry.queries.templates import example_of, template_name
from registry.rules.answers import Authority
from registry.rules.sentences import system_label
from registry.rules.verbs import Tier, name_of, tier_of

MAY_PAUSE = (
    Role.BUSINESS_OWNER,
    Role.IT_OWNER,
    Role.RISK_OWNER,
    Role.ESCALATION_OWNER,
)


@dataclass(frozen=True)
class Suggestion:
    """A text to start from, and where it comes from."""

    source: str
    text: str


def suggestions_for(page: AnswerPage, *, workflow_id: UUID) -> tuple[Suggestion, ...]:
    """Give what may help with this question, best first. At most three queries."""
    key, document = page.question.key, page.draft.document
    template = str(document.get("template", ""))
    found = []
    words = example_of(template, key)
    if words:
        found.append(Suggestion(f"From the template {template_name(template)}", words))
    said = _from_draft(key, document, workflow_id)
    if said:
        found.append(Suggestion("What the draft already says", said))
    if not words:
        found.append(Suggestion("An example, about refunds", page.question.example))
    return tuple(each for each in found if each.text != page.text)


def start_of(page: AnswerPage, words: str) -> str:
    """Give the answer begun with these words, below what somebody wrote already."""
    written = page.text if page.line.is_answered else ""
    return f"{written}\n\n{words}".strip()


def _from_draft(key: str, document: Mapping, workflow_id: UUID) -> str:
    if key in ("who_owns", "who_can_pause"):
        return _people(key, people_of(workflow_id=workflow_id))
    rows = list(document.get("allowances", ()))
    if key == "reads":
        return _places(row for row in rows if _is(row, (Tier.READ, Tier.PREPARE)))
    if key == "writes":
        return _places(row for row in rows if _is(row, (Tier.STAGE, Tier.CHANGE)))
    if key == "allowed_without_approval":
        return _deeds(row for row in rows if row["authority"] == Authority.ALLOWED)
    if key == "always_reviewed":
        return _deeds(row for row in rows if row["authority"] == Authority.REVIEW)
    if key == "stop_rules":
        return "\n".join(
            str(rule["sentence"]) for rule in document.get("stop_rules", ())
        )
    return ""


def _people(key: str, people: WorkflowPeople) -> str:
    if key == "who_owns":
        owner = people.holder(Role.BUSINESS_OWNER)
        return f"{owner.name} answers for the outcome." if owner else ""
    names = [
        held.person.name
        for held in people.roles
        if held.person and held.role in MAY_PAUSE
    ]
    names = list(dict.fromkeys(names))
    return f"{_listed(names)} may pause it at any time, with a reason." if names else ""


def _is(row: Mapping, tiers: tuple[Tier, ...]) -> bool:
    return row["authority"] != Authority.NEVER and tier_of(row["verb"]) in tiers


def _places(rows) -> str:
    places: dict[str, list[str]] = {}
    for row in rows:
        places.setdefault(row["system"], []).append(name_of(row["verb"]))
    return "\n".join(
        f"{system_label(place)}: {_listed(verbs)}." for place, verbs in places.items()
    )


def _deeds(rows) -> str:
    lines = []
    for row in rows:
        limit = (
            f" up to {row.get('currency', '')} {row['amount_max']}"
            if row.get("amount_max")
            else ""
        )
        verb = name_of(row["verb"])
        lines.append(
            f"{verb[:1].upper()}{verb[1:]} in {system_label(row['system'])}{limit}."
        )
    return "\n".join(lines)


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
