"""What changes: before and after side by side, and edits of arguments that keep their type.

A number stays a number, an empty box is not zero, and what cannot be read is said at its
field. Edits never add or remove a field.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum

from approvals.rules.paths import LEAVES_MAX, Step, json_text, leaves, replaced

FIELDS_MAX = 100
TEXT_MAX = 10_000
LONG_TEXT = 80
INTEGER_MAX = 2**53 - 1


class Kind(StrEnum):
    TEXT = "text"
    LONG_TEXT = "long_text"
    NUMBER = "number"
    WHOLE = "whole"
    YES_NO = "yes_no"
    CHOICE = "choice"
    FIXED = "fixed"


@dataclass(frozen=True)
class Change:
    """One place whose value differs; None on a side means that it was not there."""

    path: str
    before: str | None
    after: str | None


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

    @property
    def options(self) -> tuple[tuple[str, str], ...]:
        return tuple((choice, choice) for choice in self.choices)


@dataclass(frozen=True)
class Edited:
    """The arguments after an edit, what changed, and what could not be read."""

    args: Mapping[str, object]
    changes: tuple[Change, ...]
    errors: Mapping[str, str]


def shown(value: object) -> str:
    """Write one value for a person: text bare, everything else as JSON."""
    return value if isinstance(value, str) else json_text(value)


def changes_between(before: object, after: object) -> tuple[Change, ...]:
    """Return every place that differs, in reading order of `before`, then what is new."""
    old = {leaf.path: leaf.value for leaf in leaves(before)}
    new = {leaf.path: leaf.value for leaf in leaves(after)}
    old.pop("", None)
    new.pop("", None)
    found = []
    for path in [*old, *(path for path in new if path not in old)][:LEAVES_MAX]:
        is_same = (
            path in old and path in new and json_text(old[path]) == json_text(new[path])
        )
        if not is_same:
            found.append(
                Change(
                    path=path,
                    before=shown(old[path]) if path in old else None,
                    after=shown(new[path]) if path in new else None,
                )
            )
    return tuple(found)


def edit_fields(args: Mapping[str, object], schema: object) -> tuple[EditField, ...]:
    """Return a typed field for each argument, with choices where the schema names them."""
    fields = []
    for position, leaf in enumerate(leaves(args)):
        if position >= FIELDS_MAX or not leaf.steps:
            break
        known = _schema_at(schema, leaf.steps)
        choices = _choices(known, leaf.value)
        fields.append(
            EditField(
                name=f"arg-{position}",
                path=leaf.path,
                label=_label(known, leaf.path),
                kind=_kind(leaf.value, choices),
                value=shown(leaf.value),
                choices=choices,
                steps=leaf.steps,
            )
        )
    return tuple(fields)


def apply_edits(
    args: Mapping[str, object], fields: tuple[EditField, ...], given: Mapping[str, str]
) -> Edited:
    """Return the arguments with the given values, each read in its field's own type."""
    edited: object = args
    errors = {}
    for field in fields:
        text = given.get(field.name)
        if text is None or field.kind == Kind.FIXED:
            continue
        text = text.replace("\r\n", "\n")
        if text == field.value.replace("\r\n", "\n"):
            continue
        value, error = read_typed(text, field)
        if error:
            errors[field.name] = error
        else:
            edited = replaced(edited, field.steps, value)
    if not isinstance(edited, Mapping):
        raise TypeError("edited arguments are an object still")
    return Edited(edited, changes_between(args, edited), errors)


def read_typed(text: str, field: EditField) -> tuple[object, str]:
    """Return the value that a text means in a field, or why it means none."""
    if field.kind == Kind.CHOICE:
        return (
            (text, "") if text in field.choices else (None, "Choose one of the list.")
        )
    if field.kind == Kind.YES_NO:
        known = {"true": True, "false": False}
        return (known[text], "") if text in known else (None, "Choose yes or no.")
    if field.kind == Kind.WHOLE:
        return _whole(text.strip())
    if field.kind == Kind.NUMBER:
        return _number(text.strip())
    if len(text) > TEXT_MAX:
        return None, f"At most {TEXT_MAX:,} characters."
    if _is_amount(field.value) and not _is_amount(text.strip()):
        return None, "Write a plain number, such as 84.20."
    if "\x00" in text:
        return None, "This holds a character that cannot be stored."
    return (text.strip() if _is_amount(field.value) else text), ""


def _whole(text: str) -> tuple[object, str]:
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit()) or len(digits) > 16:
        return None, "Write a whole number."
    number = int(text)
    return (
        (number, "")
        if abs(number) <= INTEGER_MAX
        else (None, "This number is too large.")
    )


def _number(text: str) -> tuple[object, str]:
    if not _is_amount(text):
        return None, "Write a plain number, such as 84.20."
    return Decimal(text), ""


def _is_amount(text: str) -> bool:
    """Say whether a text is a plain decimal number, without exponent or separators."""
    digits = text.removeprefix("-").replace(".", "", 1)
    if not digits.isascii() or not digits.isdigit() or len(digits) > 30:
        return False
    try:
        return Decimal(text).is_finite()
    except InvalidOperation:
        return False


def _kind(value: object, choices: tuple[str, ...]) -> Kind:
    if choices:
        return Kind.CHOICE
    if isinstance(value, bool):
        return Kind.YES_NO
    if isinstance(value, int):
        return Kind.WHOLE
    if isinstance(value, Decimal):
        return Kind.NUMBER
    if isinstance(value, str):
        return Kind.LONG_TEXT if len(value) > LONG_TEXT or "\n" in value else Kind.TEXT
    return Kind.FIXED


def _schema_at(schema: object, steps: tuple[Step, ...]) -> Mapping[str, object]:
    """Follow `properties` and `items`; anything odd in a claimed schema is no schema."""
    for step in steps:
        if not isinstance(schema, Mapping):
            return {}
        inner = (
            schema.get("items") if isinstance(step, int) else schema.get("properties")
        )
        if isinstance(step, str):
            inner = inner.get(step) if isinstance(inner, Mapping) else None
        schema = inner
    return schema if isinstance(schema, Mapping) else {}


def _choices(known: Mapping[str, object], value: object) -> tuple[str, ...]:
    offered = known.get("enum")
    if not isinstance(value, str) or not isinstance(offered, list | tuple):
        return ()
    texts = tuple(item for item in offered if isinstance(item, str))[:50]
    if not texts:
        return ()
    return texts if value in texts else (value, *texts)


def _label(known: Mapping[str, object], path: str) -> str:
    title = known.get("title")
    if isinstance(title, str) and 0 < len(title) <= 80:
        return title
    return path.replace("_", " ")
