"""What an agent's `args_schema` says about one argument: a part of JSON Schema 2020-12.

The schema is a claim. It may narrow what an edit writes and name things; it never turns a
value into another type, and what is odd in it is as if it were not there.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from types import MappingProxyType

from approvals.rules.paths import Step
from approvals.rules.patterns import fits

CHOICES_MAX = 50
LABEL_LENGTH_MAX = 80
HELP_LENGTH_MAX = 200
DATE, DATE_TIME, MONEY = "date", "date-time", "money"
NO_SCHEMA: Mapping[str, object] = MappingProxyType({})


@dataclass(frozen=True)
class Bounds:
    """The limits of one number; None is no limit."""

    least: Decimal | None = None
    most: Decimal | None = None
    above: Decimal | None = None
    below: Decimal | None = None
    step: Decimal | None = None


def schema_at(schema: object, steps: tuple[Step, ...]) -> Mapping[str, object]:
    """Follow `properties`, `prefixItems` and `items` to one place."""
    for step in steps:
        if not isinstance(schema, Mapping):
            return NO_SCHEMA
        schema = _inner(schema, step)
    return schema if isinstance(schema, Mapping) else NO_SCHEMA


def is_required(schema: object, steps: tuple[Step, ...]) -> bool:
    """Say whether the object that holds a place requires it."""
    if not steps:
        return False
    required = schema_at(schema, steps[:-1]).get("required")
    return isinstance(required, list | tuple) and steps[-1] in required


def types_of(known: Mapping[str, object]) -> frozenset[str]:
    said = known.get("type")
    names = [said] if isinstance(said, str) else said
    if not isinstance(names, list | tuple):
        return frozenset()
    return frozenset(name for name in names if isinstance(name, str))


def format_of(known: Mapping[str, object]) -> str:
    said = known.get("format")
    return said if isinstance(said, str) else ""


def text_of(known: Mapping[str, object], name: str, length_max: int) -> str:
    said = known.get(name)
    return said.strip()[:length_max] if isinstance(said, str) else ""


def choices_of(known: Mapping[str, object], value: object) -> tuple[object, ...]:
    """Give the values to choose from, of the stored value's own type; it is one of them."""
    offered = known.get("enum")
    if not isinstance(offered, list | tuple):
        return ()
    alike = tuple(item for item in offered if _is_alike(item, value))[:CHOICES_MAX]
    if not alike or isinstance(value, bool):
        return ()
    return alike if value in alike else (value, *alike)


def bounds_of(known: Mapping[str, object]) -> Bounds:
    step = _number(known.get("multipleOf"))
    return Bounds(
        least=_number(known.get("minimum")),
        most=_number(known.get("maximum")),
        above=_number(known.get("exclusiveMinimum")),
        below=_number(known.get("exclusiveMaximum")),
        step=step if step and step > 0 else None,
    )


def why_not_number(number: Decimal, known: Mapping[str, object]) -> str:
    """Say why the tool takes another number, or nothing."""
    bounds = bounds_of(known)
    if bounds.least is not None and number < bounds.least:
        return f"The tool takes at least {bounds.least}."
    if bounds.most is not None and number > bounds.most:
        return f"The tool takes at most {bounds.most}."
    if bounds.above is not None and number <= bounds.above:
        return f"The tool takes more than {bounds.above}."
    if bounds.below is not None and number >= bounds.below:
        return f"The tool takes less than {bounds.below}."
    if bounds.step is not None and not _is_multiple(number, bounds.step):
        return f"The tool takes multiples of {bounds.step}."
    return ""


def why_not_text(text: str, known: Mapping[str, object]) -> str:
    """Say why the tool takes another text, or nothing."""
    least, most = _count(known.get("minLength")), _count(known.get("maxLength"))
    if least is not None and len(text) < least:
        return f"The tool takes at least {least} characters."
    if most is not None and len(text) > most:
        return f"The tool takes at most {most} characters; this has {len(text)}."
    pattern = known.get("pattern")
    if isinstance(pattern, str) and fits(pattern, text) is False:
        return f"The tool takes only text of the form {pattern[:80]}."
    if format_of(known) == DATE and _date(text) is None:
        return "Write a date, such as 2026-11-21."
    if format_of(known) == DATE_TIME and _moment(text) is None:
        return "Write a date and time with its zone, such as 2026-11-21T10:00:00Z."
    return ""


def why_not_count(count: int, known: Mapping[str, object]) -> str:
    """Say why the tool takes a list of another length, or nothing."""
    least, most = _count(known.get("minItems")), _count(known.get("maxItems"))
    if least is not None and count < least:
        return f"The tool takes at least {least} of these."
    if most is not None and count > most:
        return f"The tool takes at most {most} of these."
    return ""


def _inner(schema: Mapping[str, object], step: Step) -> object:
    if isinstance(step, str):
        properties = schema.get("properties")
        return properties.get(step) if isinstance(properties, Mapping) else None
    first = schema.get("prefixItems")
    if isinstance(first, list | tuple) and step < len(first):
        return first[step]
    return schema.get("items")


def _is_alike(item: object, value: object) -> bool:
    if isinstance(item, bool) or isinstance(value, bool):
        return False
    if isinstance(value, str):
        return isinstance(item, str)
    if isinstance(value, int):
        return isinstance(item, int)
    return isinstance(value, Decimal) and isinstance(item, Decimal)


def _number(value: object) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return None
    number = Decimal(value)
    return number if number.is_finite() else None


def _count(value: object) -> int | None:
    number = _number(value)
    if number is None or number < 0 or number != int(number):
        return None
    return int(number)


def _is_multiple(number: Decimal, step: Decimal) -> bool:
    if abs(number.adjusted() - step.adjusted()) > 20:  # noqa: PLR2004 - beyond exactness
        return True
    return number % step == 0


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None
