"""The one page as plain text of 80 columns, for a terminal, a mail or a ticket."""

import textwrap
from collections.abc import Iterator
from datetime import datetime

from registry.queries.matrix import Cell, Grid
from registry.queries.pages import OnePage, SignatureLine
from registry.views.prose import facts_line, kind_line, moment_text

COLUMNS = 80
_MARKS = {"allowed": "yes", "review": "ask", "never": "never"}
_VERB_COLUMN_MIN = 7
_SYSTEM_COLUMN_MAX = 22


def page_text(page: OnePage, *, now: datetime) -> str:
    """Write the page so that it reads well without any formatting."""
    return "\n".join(_lines(page, now)).strip("\n") + "\n"


def _lines(page: OnePage, now: datetime) -> Iterator[str]:
    yield from _wrapped(_one_line(page.name).upper())
    yield from _wrapped(kind_line(page))
    yield from _wrapped(facts_line(page))
    if page.purpose:
        yield ""
        yield from _wrapped(page.purpose)
    yield "=" * COLUMNS
    for answer in page.answers:
        yield ""
        yield from _wrapped(answer.question)
        yield from _wrapped(answer.text or "(not answered yet)", indent="  ")
    yield from _titled("What it may do, and where")
    yield from _matrix(page.grid)
    yield from _titled("It stops when")
    for rule in page.stop_rules:
        yield from _listed(rule.sentence)
        if rule.exactly:
            yield from _wrapped(f"({rule.exactly})", indent="  ")
    if not page.stop_rules:
        yield "(no stop rule is written)"
    yield from _titled("Guardrails, caps and checks")
    limits = (
        *page.guardrail,
        *page.caps,
        *page.checks,
        *page.groups,
        *page.technique[:1],
    )
    for sentence in limits:
        yield from _listed(sentence)
    if not limits:
        yield "(none is set)"
    yield from _measures(page)
    yield from _titled("Who answers for it")
    for held in page.roles:
        name = _one_line(held.person.name) if held.person else "(vacant)"
        yield from _wrapped(f"{held.label + ':':<20}{name}", later=" " * 20)
    yield from _titled("Signatures")
    for line in page.signatures:
        yield from _wrapped(f"{line.label + ':':<20}{_signed(line)}", later=" " * 20)
    yield ""
    yield from _digest(page)
    yield from _wrapped(f"Written by Countersign on {moment_text(now)}.")


def _measures(page: OnePage) -> Iterator[str]:
    if page.measures:
        yield from _titled("What it aims at, and what it was before")
    for sentence, exactly in page.measures:
        yield from _listed(sentence)
        if exactly:
            yield from _wrapped(f"({exactly})", indent="  ")


def _signed(line: SignatureLine) -> str:
    if line.person is None:
        return "(not signed)"
    return f"{_one_line(line.person)}, {moment_text(line.signed_at)}"


def _digest(page: OnePage) -> Iterator[str]:
    if page.packet_digest:
        yield "Digest that is signed:"
        yield page.packet_digest
    else:
        yield "Not frozen yet, so there is no digest to sign."


def _titled(title: str) -> Iterator[str]:
    yield ""
    yield "-" * COLUMNS
    yield title.upper()
    yield ""


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _wrapped(text: str, *, indent: str = "", later: str | None = None) -> Iterator[str]:
    for paragraph in text.splitlines():
        yield from textwrap.wrap(
            "".join(letter for letter in paragraph if letter.isprintable()),
            COLUMNS,
            initial_indent=indent,
            subsequent_indent=indent if later is None else later,
            break_on_hyphens=False,
        ) or [""]


def _listed(text: str) -> Iterator[str]:
    yield from _wrapped(_one_line(text), indent="- ", later="  ")


def _matrix(grid: Grid) -> Iterator[str]:
    if grid.is_empty:
        yield "(the matrix is empty, so everything is refused)"
        return
    names = [row.label[:_SYSTEM_COLUMN_MAX] for row in grid.rows]
    first = max(len("System"), *map(len, names)) + 2
    verbs = [verb for tier in grid.tiers for verb in tier.verbs]
    room = COLUMNS - first
    while verbs:
        widths: list[int] = []
        for verb in verbs:
            width = max(_VERB_COLUMN_MIN, len(verb.label) + 2)
            if widths and sum(widths) + width > room:
                break
            widths.append(min(width, room))
        shown, verbs = verbs[: len(widths)], verbs[len(widths) :]
        heads = (
            f"{verb.label:<{width}}" for verb, width in zip(shown, widths, strict=True)
        )
        yield ("System".ljust(first) + "".join(heads)).rstrip()
        for name, row in zip(names, grid.rows, strict=True):
            marks = (
                f"{_mark(row.cells.get(verb.key)):<{width}}"
                for verb, width in zip(shown, widths, strict=True)
            )
            yield (name.ljust(first) + "".join(marks)).rstrip()
        yield ""
    yield "yes: allowed   ask: a person decides   never: never   .: no row, refused"
    yield from _limits(grid)


def _mark(cell: Cell | None) -> str:
    return _MARKS.get(cell.answer or "", ".") if cell else "."


def _limits(grid: Grid) -> Iterator[str]:
    """Say what a cell's one word leaves out: its limit, or who above decided."""
    labels = {verb.key: verb.label for tier in grid.tiers for verb in tier.verbs}
    for row in grid.rows:
        for cell in row.cells.values():
            said = [cell.limit] if cell.limit else []
            if cell.above:
                said.append(f"decided at {cell.above} level")
            if said:
                yield from _listed(
                    f"{labels[cell.verb]} in {row.label}: {', '.join(said)}"
                )
