"""What a pasted block would change, before anything is changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from registry.queries.cells import part_of_cell, parts_by_name
from registry.queries.editor import EditorPage
from registry.queries.matrix import copied, systems_known
from registry.queries.parts import fingerprint_of
from registry.rules.document import rulebook_of
from registry.rules.rulebook import Allowance
from registry.rules.sentences import system_label
from registry.rules.sheets import Frame, Problem, Setting, read_sheet
from registry.rules.verbs import VERBS

PREVIEW_ROWS_MAX = 200


@dataclass(frozen=True)
class PasteLine:
    """One cell that would change: what it says, and what it would say."""

    system: str
    verb: str
    place: str
    was: str
    becomes: str
    row: Mapping[str, Any] | None
    seen: str


@dataclass(frozen=True)
class Preview:
    lines: tuple[PasteLine, ...]
    problems: tuple[Problem, ...]
    count_same: int
    count_read: int

    @property
    def shown(self) -> tuple[PasteLine, ...]:
        return self.lines[:PREVIEW_ROWS_MAX]

    @property
    def stamp(self) -> str:
        """What the preview was shown over, so that applying notices what changed since."""
        return fingerprint_of(
            [[line.system, line.verb, line.seen] for line in self.lines]
        )

    @property
    def can_apply(self) -> bool:
        return bool(self.lines) and not self.problems


def matrix_as_text(editor: EditorPage) -> str:
    """Write the matrix for a spreadsheet: verbs in the first row, systems below. No query."""
    labels = [verb.label for tier in editor.grid.tiers for verb in tier.verbs]
    lines = ["\t".join(["System", *labels])]
    lines += [
        "\t".join([row.label, *(row.cells[verb].copy for verb in editor.verbs)])
        for row in editor.grid.rows
    ]
    return "\n".join(lines)


def paste_preview(
    editor: EditorPage, *, text: str, at: str, keeps_blank: bool
) -> Preview:
    """Read a pasted block against the draft. One query."""
    systems = {slug: each.name for slug, each in systems_known().items()}
    names = {row.system: row.label for row in editor.grid.rows} | systems
    system, _, verb = at.partition(".")
    frame = Frame(
        systems=names,
        rows=editor.systems,
        columns=editor.verbs,
        at=(system, verb) if verb else None,
    )
    sheet = read_sheet(text, frame)
    stands = parts_by_name(editor.draft.document)
    rulebook = rulebook_of(editor.draft.document)
    lines = []
    for system, verb, setting in sheet.cells:
        if setting.authority is None and keeps_blank:
            continue
        was = stands.get(part_of_cell(system, verb))
        row = _row_after(was, setting, (system, verb), rulebook.currency)
        if (row or None) == was:
            continue
        allowance = rulebook.allowances.get((system, verb))
        lines.append(
            PasteLine(
                system=system,
                verb=verb,
                place=f"{VERBS[verb].label} in {names.get(system, system_label(system))}",
                was=_words(allowance, rulebook.currency),
                becomes=_words(_allowance(row), rulebook.currency),
                row=row,
                seen=fingerprint_of(was),
            )
        )
    return Preview(
        lines=tuple(lines),
        problems=sheet.problems,
        count_same=len(sheet.cells) - len(lines),
        count_read=len(sheet.cells),
    )


def _row_after(
    was: Mapping[str, Any] | None,
    setting: Setting,
    place: tuple[str, str],
    currency: str,
) -> dict[str, Any] | None:
    if setting.authority is None:
        return None
    old = dict(was or {})
    row = old | {
        "system": place[0],
        "verb": place[1],
        "authority": setting.authority.value,
    }
    if setting.amount_max and not _is_same_limit(old, setting, currency):
        row["amount_max"] = setting.amount_max
        if setting.currency:
            row["currency"] = setting.currency
    if setting.count_per_day is not None:
        row["count_per_day"] = setting.count_per_day
    if setting.quorum is not None and setting.quorum != old.get("quorum", 1):
        row["quorum"] = setting.quorum
    return row


def _is_same_limit(old: Mapping[str, Any], setting: Setting, currency: str) -> bool:
    """Say whether a limit only differs in how it is written: 25 and 25.00."""
    before = old.get("amount_max")
    return (
        before is not None
        and Decimal(before) == Decimal(setting.amount_max)
        and setting.currency in ("", old.get("currency") or currency)
    )


def _allowance(row: Mapping[str, Any] | None) -> Allowance | None:
    if row is None:
        return None
    document = {
        "workflow": "paste", "phase": 1, "risk": "low", "currency": "EUR", "allowances": [row],
    }  # fmt: skip
    return next(iter(rulebook_of(document).allowances.values()))


def _words(allowance: Allowance | None, currency: str) -> str:
    return copied(allowance, currency) if allowance else "no row: refused"
