"""Code an agent's developer can copy: asking, waiting, redeeming, reporting, telling.

Made from what the agent may really do, with this portal's own address, so that the first
call gets a real answer. The code itself is written in `example_texts`, a language each.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from portal.home.example_texts import curl, python, typescript
from portal.home.queries.agents import AgentPage, Served
from registry.queries.matrix import Cell

_RANK = {"allowed": 0, "review": 1, "never": 2}
_RUN = "case-7741"
_AMOUNT = Decimal("10.00")
LANGUAGES = (("python", "Python"), ("curl", "curl"), ("typescript", "TypeScript"))
_TEXTS = {"python": python, "curl": curl, "typescript": typescript}
_FILES = {"python": "agent.py", "curl": "agent.sh", "typescript": "agent.mts"}
STEPS = (
    ("ask", "Ask before it acts", "The answer comes at once: allowed, in_review, escalated or refused, with its reasons."),
    ("wait", "Wait for a person", "While somebody decides; each call waits up to 25 seconds."),
    ("redeem", "Redeem the grant", "Once, just before acting. Run exactly the action that comes back. A refused redemption is kept under its Idempotency-Key, so a retry needs a new key."),
    ("outcome", "Report the outcome", "What really happened: succeeded, failed or unknown."),
    ("events", "Tell what it did", "What it read and did, so that people can read the run. An event sent twice is kept once."),
)  # fmt: skip


@dataclass(frozen=True)
class Example:
    """One piece of code, with what it does."""

    key: str
    title: str
    note: str
    code: str


@dataclass(frozen=True)
class CodeBook:
    """The code in one language for one workflow, and what else can be chosen."""

    language: str
    language_name: str
    file_name: str
    workflow: str
    languages: tuple[tuple[str, str], ...]
    workflows: tuple[tuple[str, str], ...]
    examples: tuple[Example, ...]

    @property
    def whole(self) -> str:
        """Give all of it as one program."""
        return "\n".join(example.code for example in self.examples)


def code_book(
    page: AgentPage, *, base_url: str, language: str = "", workflow: str = ""
) -> CodeBook:
    """Write the code for a workflow that the agent serves, in one language."""
    known = dict(LANGUAGES)
    language = language if language in known else LANGUAGES[0][0]
    served = _chosen(page, workflow)
    codes = _TEXTS[language](base_url, _asking(served), _telling(served))
    steps = STEPS[-1:] if page.is_system_of_record else STEPS
    if page.is_system_of_record:
        # The last piece alone needs what the first one sets up.
        codes = {"events": codes["start"] + codes["events"]}
    else:
        codes["ask"] = codes["start"] + codes["ask"]
    return CodeBook(
        language=language,
        language_name=known[language],
        file_name=_FILES[language],
        workflow=served.slug if served else "",
        languages=LANGUAGES,
        workflows=tuple((each.slug, each.name) for each in page.served),
        examples=tuple(
            Example(key, title, note, codes[key]) for key, title, note in steps
        ),
    )


def _chosen(page: AgentPage, slug: str) -> Served | None:
    named = next((each for each in page.served if each.slug == slug), None)
    usable = next((each for each in page.served if each.allowances), None)
    return named or usable or next(iter(page.served), None)


def _asking(workflow: Served | None) -> dict[str, Any]:
    cell, row = _best(workflow)
    verb, system = (cell.verb, cell.system) if cell else ("refund", "billing")
    action: dict[str, Any] = {"verb": verb, "system": system, "args": {}}
    request: dict[str, Any] = {
        "workflow": workflow.slug if workflow else "your-workflow",
        "run": _RUN,
        "action": action,
        "title": f"{verb.replace('_', ' ').capitalize()} in {system} for case 7741",
        "confidence": 0.95,
    }
    if row and (row.get("amount_max") or row.get("amount_field")):
        currency = row.get("currency") or (workflow.currency if workflow else "EUR")
        limit = Decimal(row["amount_max"]) if row.get("amount_max") else _AMOUNT
        value = str(min(_AMOUNT, limit))
        action["args"] = {
            row.get("amount_field") or "amount": value,
            row.get("currency_field") or "currency": currency,
        }
        request["amount"] = {"value": value, "currency": currency}
    return request


def _telling(workflow: Served | None) -> dict[str, Any]:
    cell, _ = _best(workflow)
    return {
        "id": f"{_RUN}-read-1",
        "workflow": workflow.slug if workflow else "your-workflow",
        "run": _RUN,
        "kind": "data.read",
        "system": cell.system if cell else "orders",
        "resource": "order 1182",
        "fields": ["total", "delivered_at"],
    }


def _best(workflow: Served | None) -> tuple[Cell | None, dict[str, Any] | None]:
    """Choose what the agent may most freely do, a change with an amount before a read."""
    if workflow is None or workflow.grid is None:
        return None, None
    rows = {(row["system"], row["verb"]): row for row in workflow.allowances}
    cells = [
        (cell, rows[cell.system, cell.verb])
        for line in workflow.grid.rows
        for cell in line.cells.values()
        if (cell.system, cell.verb) in rows and cell.answer
    ]
    cells.sort(
        key=lambda pair: (
            _RANK.get(str(pair[0].answer), 3),
            pair[1].get("amount_max") is None,
        )
    )
    return cells[0] if cells else (None, None)
