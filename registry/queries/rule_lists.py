"""The other parts of the draft as their editors show them: guardrail, stop rules, caps, checks."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from portal.core.errors import NotFound
from registry.queries.drafts import Draft, draft_of
from registry.queries.matrix import systems_known
from registry.queries.pages import RuleLine
from registry.queries.parts import part_of
from registry.queries.people import Choice
from registry.rules.cel_words import NAMES, Name
from registry.rules.document import rulebook_of
from registry.rules.rail_picture import RailPicture, picture_of
from registry.rules.rulebook import StopKind
from registry.rules.sentences import (
    cap_sentence,
    check_sentence,
    guardrail_sentences,
    stop_rule_sentence,
)
from registry.rules.typed import guardrail_of, guardrail_row, stop_rule_of
from registry.rules.verbs import VERBS

KINDS: Mapping[str, tuple[str, str]] = {
    StopKind.MISSING_DATA: ("Data is missing", "A field that is needed is not there, such as the reason."),
    StopKind.CONFLICTING_RECORDS: ("Records conflict", "Two systems say different things, or the agent says so."),
    StopKind.SENSITIVE_TOPIC: ("A sensitive topic", "Words or topics such as legal, fraud or security, or much money."),
    StopKind.LOW_CONFIDENCE: ("Confidence is low", "The agent is less sure than you accept."),
    StopKind.OUTSIDE_CATEGORY: ("Outside the category", "The case is none of the kinds you approved."),
    StopKind.TOOL_FAILURE: ("A tool failed", "A call failed in the middle of several steps, and nothing made it good."),
    StopKind.EXPRESSION: ("An expression", "For experts: one line of CEL that must be true or false."),
}  # fmt: skip
EFFECTS = (
    ("review", "Ask a reviewer", "The action waits in the inbox; the run goes on."),
    ("escalate", "Escalate", "The escalation owner decides."),
    ("refuse", "Refuse", "The action is refused, on record."),
    (
        "hold",
        "Hold the run",
        "Nothing more happens in it until the escalation owner resumes it.",
    ),
)


@dataclass(frozen=True)
class StopRulesPage:
    draft: Draft
    rules: tuple[RuleLine, ...]
    kinds: tuple[Choice, ...]


@dataclass(frozen=True)
class StopRulePage:
    """One stop rule, new or known, ready for its form."""

    draft: Draft
    key: str
    kind: str
    kind_label: str
    kind_help: str
    initial: Mapping[str, Any]
    seen: str
    verbs: tuple[tuple[str, str], ...]
    effects: tuple[tuple[str, str, str], ...]
    facts: tuple[str, ...]
    names: tuple[Name, ...]
    written: str


@dataclass(frozen=True)
class GuardrailPage:
    draft: Draft
    initial: Mapping[str, Any]
    sentences: tuple[str, ...]
    seen: str
    currency: str
    picture: RailPicture


@dataclass(frozen=True)
class KeyedLine:
    key: str
    sentence: str


@dataclass(frozen=True)
class CapsPage:
    draft: Draft
    caps: tuple[KeyedLine, ...]
    verbs: tuple[tuple[str, str], ...]
    currency: str


@dataclass(frozen=True)
class ToolLine:
    name: str
    system: str
    verb: str
    is_in_matrix: bool


@dataclass(frozen=True)
class ChecksPage:
    draft: Draft
    checks: tuple[KeyedLine, ...]
    tools: tuple[ToolLine, ...]
    verbs: tuple[tuple[str, str], ...]
    systems: tuple[tuple[str, str], ...]
    categories: tuple[str, ...]


def stop_rules_page(*, workflow_id: UUID) -> StopRulesPage:
    """Give the stop rules of the draft. One query."""
    draft = draft_of(workflow_id=workflow_id)
    rulebook = rulebook_of(draft.document)
    return StopRulesPage(
        draft=draft,
        rules=tuple(
            RuleLine(
                rule.key, rule.sentence, stop_rule_sentence(rule), rule.effect.value
            )
            for rule in rulebook.stop_rules
        ),
        kinds=tuple(Choice(kind, *words) for kind, words in KINDS.items()),
    )


def stop_rule_page(*, workflow_id: UUID, key: str = "", kind: str = "") -> StopRulePage:
    """Give one stop rule for its form. One query. Raises NotFound."""
    draft = draft_of(workflow_id=workflow_id)
    row = part_of(draft.document, f"stop_rules.{key}") if key else None
    if key and not isinstance(row, Mapping):
        raise NotFound("There is no such stop rule.")
    known: Mapping[str, Any] = row if isinstance(row, Mapping) else {}
    kind = kind or str(known.get("kind", ""))
    if kind not in KINDS:
        raise NotFound("There is no such kind of stop rule.")
    label, words = KINDS[kind]
    return StopRulePage(
        draft=draft,
        key=key,
        kind=kind,
        kind_label=label,
        kind_help=words,
        initial=_as_form(known),
        seen=draft.seen(f"stop_rules.{key}") if key else "",
        verbs=verb_choices(draft),
        effects=EFFECTS,
        facts=_facts_of(draft.document),
        names=NAMES if kind == StopKind.EXPRESSION else (),
        written=_written(known),
    )


def guardrail_page(
    *, workflow_id: UUID, typed: Mapping[str, Any] | None = None
) -> GuardrailPage:
    """Give the guardrail of the draft, drawn as it is saved or as it is typed. One query."""
    draft = draft_of(workflow_id=workflow_id)
    rulebook = rulebook_of(draft.document)
    shown, _ = guardrail_of(guardrail_row(typed or {})) if typed else (None, {})
    return GuardrailPage(
        draft=draft,
        initial=dict(draft.document.get("guardrail", {})),
        sentences=guardrail_sentences(rulebook.guardrail, currency=rulebook.currency),
        seen=draft.seen("guardrail"),
        currency=rulebook.currency,
        picture=picture_of(shown or rulebook.guardrail, currency=rulebook.currency),
    )


def caps_page(*, workflow_id: UUID) -> CapsPage:
    """Give the caps of the draft. One query."""
    draft = draft_of(workflow_id=workflow_id)
    rulebook = rulebook_of(draft.document)
    return CapsPage(
        draft=draft,
        caps=tuple(
            KeyedLine(cap.key, cap_sentence(cap, currency=rulebook.currency))
            for cap in rulebook.caps
        ),
        verbs=verb_choices(draft),
        currency=rulebook.currency,
    )


def checks_page(*, workflow_id: UUID) -> ChecksPage:
    """Give the checks, tools and categories of the draft. Two queries."""
    draft = draft_of(workflow_id=workflow_id)
    rulebook = rulebook_of(draft.document)
    return ChecksPage(
        draft=draft,
        checks=tuple(
            KeyedLine(check.name, check_sentence(check)) for check in rulebook.checks
        ),
        tools=tuple(
            ToolLine(
                tool.name,
                tool.system,
                VERBS[tool.verb].label if tool.verb in VERBS else tool.verb,
                (tool.system, tool.verb) in rulebook.allowances,
            )
            for tool in rulebook.tools
        ),
        verbs=verb_choices(draft),
        systems=tuple((each.slug, each.name) for each in systems_known().values()),
        categories=rulebook.categories,
    )


def verb_choices(draft: Draft) -> tuple[tuple[str, str], ...]:
    """Give the verbs that the matrix of a draft names, or all of them while it is empty."""
    used = {row["verb"] for row in draft.document.get("allowances", ())}
    return tuple(
        (verb.slug, verb.label)
        for verb in VERBS.values()
        if verb.slug in used or not used
    )


def _written(row: Mapping[str, Any]) -> str:
    """Give the sentence that a kept rule would have if nobody had written one."""
    rule, _ = stop_rule_of({**row, "sentence": ""}) if row else (None, {})
    return rule.sentence if rule else ""


def _facts_of(document: Mapping[str, Any]) -> tuple[str, ...]:
    """Give the fields that a rule of this workflow may name, its matrix's own first."""
    named = {
        f"args.{row[key]}"
        for row in document.get("allowances", ())
        for key in (
            "amount_field",
            "currency_field",
            "recipient_field",
            "resource_field",
        )
        if row.get(key) and "[]" not in row[key]
    }
    return (
        *sorted(named),
        "evidence",
        "category",
        "amount",
        "confidence",
        "resource_id",
    )


def _as_form(rule: Mapping[str, Any]) -> dict[str, Any]:
    params = dict(rule.get("params", {}))
    lists = ("signals", "topics", "words", "categories")
    shown = {
        key: "\n".join(value) if key in lists else value
        for key, value in params.items()
    }
    shown["fields_missing"] = "\n".join(params.get("fields", ()))
    shown["pairs"] = "\n".join(" = ".join(pair) for pair in params.get("pairs", ()))
    sentence = rule.get("sentence", "")
    return {
        **shown,
        "sentence": "" if sentence == _written(rule) else sentence,
        "effect": rule.get("effect", "escalate"),
        "applies_to": list(rule.get("applies_to", ())),
    }
