"""The one page as a document: strict reading into a rulebook, and its file form in TOML.

Decimals are text in a document. Everything that is wrong is told at once, each with its place; a
key that is not known is wrong. What is only missing is a gap (`gaps`), not an error.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from registry.rules import techniques, toml_form, toml_places
from registry.rules.answers import Authority, Reversibility, Risk, Turn
from registry.rules.fields import (
    TEXT_LENGTH_MAX,
    DocumentError,
    Fields,
    Problem,
    is_slug,
)
from registry.rules.gaps import QUESTIONS, Gap
from registry.rules.gaps import gaps_of as document_gaps
from registry.rules.measures import read_baselines, read_targets
from registry.rules.params import params_of
from registry.rules.rulebook import (
    ActionGroup,
    Allowance,
    Cap,
    CapKind,
    Check,
    DecidedBy,
    Effect,
    Guardrail,
    Rulebook,
    StopKind,
    StopRule,
    Tool,
)
from registry.rules.toml_form import tidy
from registry.rules.verbs import verb_of

__all__ = [
    "DocumentError", "Gap", "Problem", "document_gaps", "empty_document", "from_toml",
    "problems_of", "rulebook_of", "tidy", "to_toml",
]  # fmt: skip

FILE_LENGTH_MAX = 1_000_000
# A key of very many parts takes the reader minutes; no line that is meant has so many.
DOTS_IN_A_LINE_MAX = 500
QUORUM_MAX = 20
THEN_MAX = 2
COUNT_MAX = 1_000_000
WINDOW_HOURS_MAX = 24 * 366
PHASE_MAX = 5
# Not the dots of an ellipsis: between two dots of a key stands a part.
_DOT = re.compile(r"\.(?!\.)")
_AT_LINE = re.compile(r"\(at line (\d+)")
_DECIMALS = frozenset(
    [
        "amount_max",
        "confidence_min",
        "confidence_escalate",
        "amount_review",
        "amount_escalate",
        "limit",
        "below",
        "amount_above",
        "value",
    ]
)


def empty_document(
    *, workflow: str, name: str, department: str, currency: str = "EUR"
) -> dict[str, Any]:
    """Return the page of a workflow about which nothing has been said yet."""
    return {
        "workflow": workflow,
        "name": name,
        "purpose": "",
        "department": department,
        "phase": 1,
        "risk": Risk.MEDIUM.value,
        "currency": currency,
        "template": "",
        "units": "",
        "categories": [],
        "action_groups": [],
        "answers": {question.key: "" for question in QUESTIONS},
        "technique": {},
        "guardrail": {},
        "targets": {},
        "allowances": [],
        "tools": [],
        "stop_rules": [],
        "caps": [],
        "checks": [],
    }


def rulebook_of(document: Mapping[str, Any], *, version: int = 0) -> Rulebook:
    """Read a document as the rulebook it is. Raises DocumentError with every problem."""
    problems: list[Problem] = []
    rulebook = _read(document, problems)
    if problems:
        raise DocumentError(tuple(problems))
    return replace(rulebook, version=version)


def problems_of(document: Mapping[str, Any]) -> tuple[Problem, ...]:
    """Return everything that is wrong with a document."""
    problems: list[Problem] = []
    _read(document, problems)
    return tuple(problems)


def to_toml(document: Mapping[str, Any]) -> str:
    """Return a document as TOML; `from_toml` gives it back exactly, but for empty keys."""
    return toml_form.write(tidy(document))


def from_toml(text: str) -> dict[str, Any]:
    """Read the file form. Raises DocumentError with the line of each problem."""
    if len(text) > FILE_LENGTH_MAX:
        problem = Problem(
            "", f"The file has {len(text)} characters; at most {FILE_LENGTH_MAX} fit."
        )
        raise DocumentError((problem,))
    _check_dots(text)
    try:
        document = _with_decimals(tomllib.loads(text, parse_float=str))
    except tomllib.TOMLDecodeError as error:
        line = _AT_LINE.search(str(error))
        last = text.count("\n") + 1
        problem = Problem(
            "", f"This is not TOML: {error}.", int(line[1]) if line else last
        )
        raise DocumentError((problem,)) from error
    except RecursionError as error:
        raise DocumentError((Problem("", "The file is nested too deeply."),)) from error
    problems = problems_of(document)
    if problems:
        raise DocumentError(_with_lines(problems, text))
    return document


def _check_dots(text: str) -> None:
    for number, line in enumerate(text.split("\n"), start=1):
        if len(_DOT.findall(line)) > DOTS_IN_A_LINE_MAX:
            said = (
                f"This line has more than {DOTS_IN_A_LINE_MAX} dots."
                " Write it as several lines."
            )
            raise DocumentError((Problem("", said, number),))


def _with_lines(problems: tuple[Problem, ...], text: str) -> tuple[Problem, ...]:
    """Return the problems by line; what is missing from the whole stands on the first."""
    places = toml_places.lines_of(text)
    placed = [
        replace(each, line=toml_places.line_of(each.path, places) or 1)
        for each in problems
    ]
    return tuple(sorted(placed, key=lambda each: each.line or 0))


def _with_decimals(value: Any, key: str = "") -> Any:
    """Return whole numbers that people write for amounts as the text that a document holds."""
    if isinstance(value, dict):
        return {
            # A target is what people name it; its number stays a number.
            name: child if name == "targets" else _with_decimals(child, name)
            for name, child in value.items()
        }
    if isinstance(value, list):
        return [_with_decimals(child) for child in value]
    if key in _DECIMALS and isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value


def _read(document: Mapping[str, Any], problems: list[Problem]) -> Rulebook:
    fields = Fields(document, "", problems)
    for key in ("name", "department", "template", "units"):
        fields.text(key)
    fields.text("purpose", length_max=TEXT_LENGTH_MAX)
    _read_words(fields)
    said = _technique(fields.table("technique"))
    rulebook = Rulebook(
        workflow=fields.slug("workflow"),
        version=0,
        phase=fields.whole("phase", 1, PHASE_MAX, is_required=True) or 0,
        risk=fields.choice("risk", Risk, is_required=True) or Risk.HIGH,
        currency=fields.currency("currency", is_required=True) or "",
        allowances=_allowances(fields),
        guardrail=_guardrail(fields.table("guardrail")),
        stop_rules=tuple(_stop_rule(row) for row in fields.rows("stop_rules")),
        caps=tuple(_cap(row) for row in fields.rows("caps")),
        checks=tuple(_check(row) for row in fields.rows("checks")),
        tools=tuple(_tool(row) for row in fields.rows("tools")),
        categories=fields.texts("categories"),
        action_groups=tuple(_group(row) for row in fields.rows("action_groups")),
        is_fixed=techniques.is_fixed(said),
    )
    fields.refuse_rows_twice(
        "action_groups", "name", [each.name for each in rulebook.action_groups]
    )
    fields.refuse_rows_twice(
        "stop_rules", "key", [each.key for each in rulebook.stop_rules]
    )
    fields.refuse_rows_twice("caps", "key", [each.key for each in rulebook.caps])
    fields.refuse_rows_twice("checks", "name", [each.name for each in rulebook.checks])
    fields.refuse_rows_twice("tools", "name", [each.name for each in rulebook.tools])
    fields.refuse_unknown()
    return rulebook


def _read_words(fields: Fields) -> None:
    """Read what is said in words and rules nothing: answers, targets, baselines."""
    answers = fields.table("answers")
    for question in QUESTIONS:
        answers.text(question.key, length_max=TEXT_LENGTH_MAX)
    answers.refuse_unknown()
    read_targets(fields.table("targets"))
    read_baselines(fields)


def _technique(table: Fields) -> Mapping[str, str]:
    """Read which technique fits and how that was found."""
    said: dict[str, str] = {}
    for question in techniques.QUESTIONS:
        answer = said[question.key] = table.text(question.key)
        if answer and answer not in (techniques.YES, techniques.NO):
            table.note(question.key, "must be yes or no.")
    choice = said["choice"] = table.text("choice")
    if choice and choice not in techniques.TECHNIQUES:
        table.note("choice", f"must be one of {', '.join(techniques.TECHNIQUES)}.")
    table.text("because")
    table.refuse_unknown()
    return said


def _allowances(fields: Fields) -> Mapping[tuple[str, str], Allowance]:
    found: dict[tuple[str, str], Allowance] = {}
    for row in fields.rows("allowances"):
        allowance = _allowance(row)
        if (allowance.system, allowance.verb) in found:
            row.note(
                "verb", f"has a second row for {allowance.verb} in {allowance.system}."
            )
        found[allowance.system, allowance.verb] = allowance
    return MappingProxyType(found)


def _allowance(row: Fields) -> Allowance:
    allowance = Allowance(
        system=row.slug("system"),
        verb=row.verb("verb"),
        authority=row.choice("authority", Authority, is_required=True)
        or Authority.NEVER,
        amount_max=row.decimal("amount_max"),
        currency=row.currency("currency"),
        count_per_day=row.whole("count_per_day", 0, COUNT_MAX),
        quorum=row.whole("quorum", 1, QUORUM_MAX) or 1,
        decided_by=(row.choice("decided_by", DecidedBy) or DecidedBy.REVIEWERS).value,
        reversibility=row.choice("reversibility", Reversibility),
        risk=row.choice("risk", Risk),
        data_classes=row.texts("data_classes"),
        amount_field=row.field_path("amount_field"),
        currency_field=row.field_path("currency_field"),
        recipient_field=row.field_path("recipient_field"),
        resource_field=row.field_path("resource_field"),
        then=_then(row),
    )
    row.refuse_unknown()
    _refuse_same_turn(row, allowance)
    return allowance


def _then(row: Fields) -> tuple[Turn, ...]:
    """Read the stages after the first."""
    stages = []
    for stage in row.rows("then"):
        who = stage.choice("decided_by", DecidedBy, is_required=True)
        count = stage.whole("quorum", 1, QUORUM_MAX) or 1
        stages.append(Turn((who or DecidedBy.RISK_OWNER).value, count))
        stage.refuse_unknown()
    if len(stages) > THEN_MAX:
        row.note("then", f"has more than {THEN_MAX} further stages.")
    return tuple(stages)


def _refuse_same_turn(row: Fields, allowance: Allowance) -> None:
    # Nobody counts in two stages, so the same people twice are one stage with more of them.
    seen = {allowance.decided_by}
    for at, stage in enumerate(allowance.then):
        if stage.decided_by in seen:
            row.note(
                f"then[{at}].decided_by",
                "decides in an earlier stage already; raise the quorum there.",
            )
        seen.add(stage.decided_by)


def _guardrail(table: Fields) -> Guardrail:
    guardrail = Guardrail(
        confidence_min=table.decimal("confidence_min", maximum=1),
        confidence_escalate=table.decimal("confidence_escalate", maximum=1),
        risk_review=table.choice("risk_review", Risk),
        risk_escalate=table.choice("risk_escalate", Risk),
        amount_review=table.decimal("amount_review"),
        amount_escalate=table.decimal("amount_escalate"),
        currency=table.currency("currency"),
    )
    table.refuse_unknown()
    return guardrail


def _stop_rule(row: Fields) -> StopRule:
    kind = row.choice("kind", StopKind, is_required=True)
    rule = StopRule(
        key=row.slug("key"),
        kind=kind or StopKind.EXPRESSION,
        effect=row.choice("effect", Effect, is_required=True) or Effect.REFUSE,
        sentence=row.text("sentence", is_required=True),
        params=params_of(kind, row.table("params")),
        applies_to=row.verbs("applies_to"),
    )
    row.refuse_unknown()
    return rule


def _group(row: Fields) -> ActionGroup:
    """Read an action group; each action is a verb in a system: “refund in billing”."""
    actions = set()
    for text in row.texts("actions", is_required=True):
        verb, _, system = text.partition(" in ")
        if verb_of(verb) is None or not is_slug(system):
            row.note(
                "actions", f"“{text}” is not a verb in a system: refund in billing."
            )
        actions.add((system, verb))
    group = ActionGroup(row.text("name", is_required=True), frozenset(actions))
    row.refuse_unknown()
    return group


def _cap(row: Fields) -> Cap:
    kind = row.choice("kind", CapKind, is_required=True)
    limit = row.decimal("limit", is_required=True)
    if (
        kind == CapKind.COUNT
        and limit is not None
        and limit != limit.to_integral_value()
    ):
        row.note("limit", "must be a whole number, because it is a count.")
    cap = Cap(
        key=row.slug("key"),
        kind=kind or CapKind.COUNT,
        limit=limit if limit is not None else Decimal(0),
        currency=row.currency("currency"),
        window_hours=row.whole("window_hours", 1, WINDOW_HOURS_MAX, is_required=True)
        or 1,
        verbs=row.verbs("verbs"),
    )
    row.refuse_unknown()
    return cap


def _check(row: Fields) -> Check:
    check = Check(
        name=row.text("name", is_required=True), required_for=row.verbs("required_for")
    )
    row.refuse_unknown()
    return check


def _tool(row: Fields) -> Tool:
    tool = Tool(
        name=row.text("name", is_required=True),
        system=row.slug("system"),
        verb=row.verb("verb"),
    )
    row.refuse_unknown()
    return tool
