"""An asked action as bytes: cutting it out of the body, its digest, and what it says.

The digest is over the bytes as they came, each part behind its length; JSON that was
parsed and written again is not what the agent sent and not what a person saw.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal, InvalidOperation
from uuid import UUID

from approvals.rules.paths import Step
from approvals.rules.spans import Replacement, literals_of, spliced
from portal.core import strict_json
from portal.core.digest import sha256_of
from portal.core.errors import Malformed
from registry.rules.amounts import amount_of
from registry.rules.answers import Money, Reversibility, Risk
from registry.rules.rulebook import Request, Rulebook

_SPACES = " \t\n\r"


@dataclass(frozen=True)
class Asking:
    """One request as it came and as it was read; made by the API after validation."""

    workflow: str
    run: str
    raw: bytes
    action: bytes
    body: Mapping[str, object]
    expires_at: datetime | None = None


def action_bytes(raw: bytes) -> bytes:
    """Cut the bytes of the member `action` out of a body that the strict parser has read."""
    text = raw.decode("utf-8")
    decoder = json.JSONDecoder()
    position = _skip(text, _skip(text, 0) + 1)
    while position < len(text) and text[position] == '"':
        name, position = decoder.raw_decode(text, position)
        start = _skip(text, _skip(text, position) + 1)
        _, position = decoder.raw_decode(text, start)
        if name == "action":
            return text[start:position].encode()
        position = _skip(text, _skip(text, position) + 1)
    raise Malformed("The body has no action.")


def _skip(text: str, position: int) -> int:
    while position < len(text) and text[position] in _SPACES:
        position += 1
    return position


def digest_of(*, workflow_id: UUID, agent_id: UUID, action: bytes) -> str:
    """Bind exact bytes to the workflow, the agent, and the verb, system and resource read from them."""
    said = parsed(action)
    resource = mapping_of(said.get("resource"))
    return sha256_of(
        "countersign.action.v1",
        str(workflow_id),
        str(agent_id),
        str(said["verb"]),
        str(said["system"]),
        str(resource.get("type") or ""),
        str(resource.get("id") or ""),
        action,
    )


def parsed(action: bytes | memoryview) -> dict[str, object]:
    """Read stored bytes again; they passed the strict parser when they came."""
    return strict_json.parse_object(bytes(action))


def told_args(action: Mapping[str, object]) -> dict[str, object]:
    """Give the arguments as a run keeps them: a fraction as text, so no digit is lost."""
    args = json.loads(json.dumps(action.get("args") or {}, default=str))
    return dict(args)


def edited_action(action: bytes, replacements: Iterable[Replacement]) -> bytes:
    """Write new values into the arguments; every other byte stays as it was."""
    under_args = [
        Replacement(("args", *each.steps), each.value) for each in replacements
    ]
    return spliced(action.decode(), under_args).encode()


def argument_literals(action: bytes | memoryview) -> dict[tuple[Step, ...], str]:
    """Give the numbers of the arguments as the agent wrote them: 1e2 stays 1e2."""
    found = literals_of(bytes(action).decode())
    return {steps[1:]: text for steps, text in found.items() if steps[0] == "args"}


def request_of(
    body: Mapping[str, object], action: Mapping[str, object], *, is_edited: bool = False
) -> Request:
    """Read what the rulebook reads. After an edit the agent's claimed amount counts no more."""
    resource = mapping_of(action.get("resource"))
    return Request(
        verb=str(action["verb"]),
        system=str(action["system"]),
        resource_type=_text(resource.get("type")) or None,
        resource_id=_text(resource.get("id")) or None,
        args=mapping_of(action.get("args")),
        amount=None if is_edited else money_of(body.get("amount")),
        confidence=_decimal(body.get("confidence")),
        risk=Risk(str(body["risk"])) if body.get("risk") else None,
        category=_text(body.get("category")) or None,
        reversibility=(
            Reversibility(str(body["reversibility"]))
            if body.get("reversibility")
            else None
        ),
        evidence_count=len(_list(body.get("evidence"))),
        before=mapping_of(body.get("before")),
        after=mapping_of(body.get("after")),
        checks=tuple(
            (_text(check.get("name")), _text(check.get("status")))
            for check in map(mapping_of, _list(body.get("checks")))
        ),
        signals=frozenset(_text(signal) for signal in _list(body.get("signals"))),
        cost=money_of(body.get("cost")),
        model=_text(body.get("model")) or None,
        title=_text(body.get("title")),
        description=_text(body.get("description")),
        rationale=_text(body.get("rationale")),
    )


def with_mapped_amount(request: Request, rulebook: Rulebook | None) -> Request:
    """Give an edited request the amount that its own arguments now say.

    The agent's claim was about other arguments; where no field is mapped there is none.
    """
    row = rulebook.allowances.get((request.system, request.verb)) if rulebook else None
    if rulebook is None or row is None or not row.amount_field:
        return request
    return replace(request, amount=amount_of(request, row, rulebook).money)


def money_of(value: object) -> Money | None:
    said = mapping_of(value)
    number = _decimal(said.get("value"))
    return None if number is None else Money(number, _text(said.get("currency")))


def mapping_of(value: object) -> Mapping[str, object]:
    """Give an object of the body, or an empty one where something else stands."""
    return value if isinstance(value, Mapping) else {}


def _list(value: object) -> list:
    return value if isinstance(value, list) else []


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _decimal(value: object) -> Decimal | None:
    if (
        value is None
        or isinstance(value, bool)
        or not isinstance(value, int | str | Decimal)
    ):
        return None
    try:
        return Decimal(value)
    except InvalidOperation:
        return None
