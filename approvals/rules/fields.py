"""The edit form: a typed field for each argument, and reading back what a person typed.

The stored value's type rules and the agent's schema narrows it; a field that was left
alone gives no replacement, so its bytes stay. Edits never add or remove an argument.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum

from approvals.rules.diff import Change, changes_between, shown
from approvals.rules.paths import Step, json_text, leaves, replaced, written
from approvals.rules.schemas import (
    DATE,
    DATE_TIME,
    HELP_LENGTH_MAX,
    LABEL_LENGTH_MAX,
    MONEY,
    NO_SCHEMA,
    choices_of,
    format_of,
    is_required,
    schema_at,
    text_of,
    types_of,
    why_not_count,
    why_not_number,
    why_not_text,
)
from approvals.rules.spans import Replacement
from approvals.rules.widening import sounds_like_money

FIELDS_MAX = 100
ITEMS_MAX = 100
TEXT_MAX = 10_000
LONG_TEXT = 80
INTEGER_MAX = 2**53 - 1
INTEGER_DIGITS_MAX = 16
NUMBER_DIGITS_MAX = 30
SAY_NUMBER = "Write a plain number, such as 84.20."
SAY_WHOLE = "Write a whole number."


class Kind(StrEnum):
    TEXT = "text"
    LONG_TEXT = "long_text"
    NUMBER = "number"
    WHOLE = "whole"
    MONEY = "money"
    DATE = "date"
    DATE_TIME = "date_time"
    YES_NO = "yes_no"
    CHOICE = "choice"
    LIST = "list"
    FIXED = "fixed"


@dataclass(frozen=True)
class EditField:
    """One argument in the edit form."""

    name: str
    path: str
    label: str
    kind: Kind
    value: str
    choices: tuple[str, ...]
    steps: tuple[Step, ...]
    stored: object = None
    help: str = ""
    group: str = ""
    is_required: bool = False
    schema: Mapping[str, object] = NO_SCHEMA
    item_kind: Kind = Kind.TEXT

    @property
    def options(self) -> tuple[tuple[str, str], ...]:
        return tuple((choice, choice) for choice in self.choices)


@dataclass(frozen=True)
class Edited:
    """The arguments after an edit, what changed, and what could not be read."""

    args: Mapping[str, object]
    changes: tuple[Change, ...]
    errors: Mapping[str, str]
    replacements: tuple[Replacement, ...] = ()


def edit_fields(
    args: Mapping[str, object],
    schema: object,
    literals: Mapping[tuple[Step, ...], str] | None = None,
) -> tuple[EditField, ...]:
    """Give a typed field for each argument; numbers as `literals` has them written."""
    places = [(steps, value) for steps, value in _places(args) if steps][:FIELDS_MAX]
    return tuple(
        _field(f"arg-{position}", steps, value, schema, literals or {})
        for position, (steps, value) in enumerate(places)
    )


def apply_edits(
    args: Mapping[str, object], fields: tuple[EditField, ...], given: Mapping[str, str]
) -> Edited:
    """Give the arguments with the given values, each read in its field's own type."""
    edited: object = args
    errors, replacements = {}, []
    for field in fields:
        text = given.get(field.name)
        if text is None or field.kind == Kind.FIXED:
            continue
        # A browser sends every kind of line end as one kind.
        text = _one_line_end(text)
        if text == _one_line_end(field.value):
            continue
        value, error = read_typed(text, field)
        if error:
            errors[field.name] = error
        elif not _is_same(value, field.stored):
            edited = replaced(edited, field.steps, value)
            replacements.append(Replacement(field.steps, value))
    if not isinstance(edited, Mapping):
        raise TypeError("edited arguments are an object still")
    return Edited(edited, changes_between(args, edited), errors, tuple(replacements))


def read_typed(text: str, field: EditField) -> tuple[object, str]:
    """Give the value that a text means in a field, or why it means none."""
    if field.kind == Kind.LIST:
        return _list(text, field)
    if field.kind == Kind.CHOICE:
        return _choice(text, field)
    if field.kind == Kind.YES_NO:
        known = {"true": True, "false": False}
        return (known[text], "") if text in known else (None, "Choose yes or no.")
    return _scalar(text, field.kind, field)


def is_plain_number(text: str) -> bool:
    """Say whether a text is a plain decimal number, without exponent or separators."""
    digits = text.removeprefix("-").replace(".", "", 1)
    if not digits.isascii() or not digits.isdigit() or len(digits) > NUMBER_DIGITS_MAX:
        return False
    try:
        return Decimal(text).is_finite()
    except InvalidOperation:
        return False


def _places(args: Mapping[str, object]) -> list[tuple[tuple[Step, ...], object]]:
    """Give every leaf, and a list of like scalars as one place."""
    found: dict[tuple[Step, ...], object] = {}
    for leaf in leaves(args):
        steps = leaf.steps
        if steps and isinstance(steps[-1], int):
            items = _at(args, steps[:-1])
            if isinstance(items, list) and _item_kind(items) is not None:
                found[steps[:-1]] = items
                continue
        found[steps] = leaf.value
    return list(found.items())


def _at(value: object, steps: tuple[Step, ...]) -> object:
    for step in steps:
        value = value[step]  # type: ignore[index]
    return value


def _field(
    name: str,
    steps: tuple[Step, ...],
    value: object,
    schema: object,
    literals: Mapping[tuple[Step, ...], str],
) -> EditField:
    known = schema_at(schema, steps)
    choices = choices_of(known, value) if isinstance(value, str | int | Decimal) else ()
    kind = Kind.CHOICE if choices else _kind(value, known, steps)
    item_kind = Kind.TEXT
    if kind == Kind.LIST and isinstance(value, list):
        item_kind = _item_kind(value) or _item_kind_of(known)
        texts = [literals.get((*steps, i), shown(x)) for i, x in enumerate(value)]
        text = "\n".join(texts)
    else:
        text = literals.get(steps, shown(value))
    path = written(steps)
    return EditField(
        name=name,
        path=path,
        label=text_of(known, "title", LABEL_LENGTH_MAX) or path.replace("_", " "),
        kind=kind,
        value=text,
        choices=tuple(text if c == value else shown(c) for c in choices),
        steps=steps,
        stored=value,
        help=text_of(known, "description", HELP_LENGTH_MAX),
        group=written(steps[:-1]) if len(steps) > 1 else "",
        is_required=_needs_text(kind, value, known, is_required(schema, steps)),
        schema=known,
        item_kind=item_kind,
    )


def _kind(value: object, known: Mapping[str, object], steps: tuple[Step, ...]) -> Kind:
    if isinstance(value, bool):
        return Kind.YES_NO
    if isinstance(value, int):
        return Kind.NUMBER if "number" in types_of(known) else Kind.WHOLE
    if isinstance(value, Decimal):
        return Kind.NUMBER
    if isinstance(value, str):
        return _kind_of_text(value, known, steps)
    if isinstance(value, list):
        is_known = bool(value) or bool(_scalar_types(known))
        return Kind.LIST if is_known and _is_flat(value) else Kind.FIXED
    return Kind.FIXED


def _kind_of_text(
    value: str, known: Mapping[str, object], steps: tuple[Step, ...]
) -> Kind:
    said = format_of(known)
    if said == MONEY or (sounds_like_money(written(steps)) and is_plain_number(value)):
        return Kind.MONEY
    # A browser's date box holds this form only, and empties itself of any other.
    is_plain = len(value) == len("2026-11-21") and value[4:8:3] == "--"
    if said == DATE and is_plain and not why_not_text(value, {"format": DATE}):
        return Kind.DATE
    if said == DATE_TIME:
        return Kind.DATE_TIME
    return (
        Kind.LONG_TEXT
        if len(value) > LONG_TEXT or {"\n", "\r"} & set(value)
        else Kind.TEXT
    )


def _is_flat(items: list) -> bool:
    return not items or _item_kind(items) is not None


def _item_kind(items: list) -> Kind | None:
    """Give the one kind that all items of a list have, if a line each can hold them."""
    if not items or len(items) > ITEMS_MAX:
        return None
    if all(isinstance(item, str) and item.strip() == item != "" and "\n" not in item
           and "\r" not in item for item in items):  # fmt: skip
        return Kind.TEXT
    if any(isinstance(item, bool) for item in items):
        return None
    if all(isinstance(item, int) for item in items):
        return Kind.WHOLE
    if all(isinstance(item, int | Decimal) for item in items):
        return Kind.NUMBER
    return None


def _scalar_types(known: Mapping[str, object]) -> frozenset[str]:
    items = known.get("items")
    said = types_of(items) if isinstance(items, Mapping) else frozenset()
    return said & {"string", "integer", "number"}


def _item_kind_of(known: Mapping[str, object]) -> Kind:
    said = _scalar_types(known)
    if "string" in said:
        return Kind.TEXT
    return Kind.NUMBER if "number" in said else Kind.WHOLE


def _needs_text(
    kind: Kind, value: object, known: Mapping[str, object], is_named_required: bool
) -> bool:
    """Say whether a box may not be emptied: what the tool may go without, it must say."""
    if kind in (Kind.LIST, Kind.FIXED):
        return False
    if kind not in (Kind.TEXT, Kind.LONG_TEXT):
        return True
    least = known.get("minLength")
    has_least = isinstance(least, int) and not isinstance(least, bool) and least > 0
    return has_least or is_named_required or (not known and bool(value))


def _scalar(text: str, kind: Kind, field: EditField) -> tuple[object, str]:
    if kind in (Kind.WHOLE, Kind.NUMBER):
        number, error = (_whole if kind == Kind.WHOLE else _number)(text.strip())
        error = error or why_not_number(Decimal(number), _known(field, kind))
        return (None, error) if error else (number, "")
    if len(text) > TEXT_MAX:
        return None, f"At most {TEXT_MAX:,} characters."
    if "\x00" in text:
        return None, "This holds a character that cannot be stored."
    if field.is_required and not text.strip():
        return None, "This cannot be empty."
    if kind == Kind.MONEY:
        text = text.strip()
        if not is_plain_number(text):
            return None, SAY_NUMBER
    error = why_not_text(text, _known(field, kind))
    return (None, error) if error else (text, "")


def _known(field: EditField, kind: Kind) -> Mapping[str, object]:
    """Give the schema of one value: of a list's item, where the field is a list."""
    if field.kind != Kind.LIST:
        return field.schema
    items = field.schema.get("items")
    return items if isinstance(items, Mapping) else NO_SCHEMA


def _choice(text: str, field: EditField) -> tuple[object, str]:
    if text not in field.choices:
        return None, "Choose one of the list."
    values = choices_of(field.schema, field.stored)
    return values[field.choices.index(text)], ""


def _list(text: str, field: EditField) -> tuple[object, str]:
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    if len(lines) > ITEMS_MAX:
        return None, f"At most {ITEMS_MAX} lines."
    error = why_not_count(len(lines), field.schema)
    if error:
        return None, error
    items = []
    for number, line in enumerate(lines, start=1):
        value, error = _scalar(line, field.item_kind, field)
        if error:
            return None, f"Line {number}: {error}"
        items.append(value)
    return items, ""


def _whole(text: str) -> tuple[int, str]:
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit()) or len(digits) > INTEGER_DIGITS_MAX:
        return 0, SAY_WHOLE
    number = int(text)
    if abs(number) > INTEGER_MAX:
        return 0, "This number is too large."
    return number, ""


def _number(text: str) -> tuple[Decimal, str]:
    if not is_plain_number(text):
        return Decimal(0), SAY_NUMBER
    return Decimal(text), ""


def _one_line_end(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _is_same(new: object, old: object) -> bool:
    return json_text(new) == json_text(old)
