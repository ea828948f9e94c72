"""Reading a document field by field: every problem is collected, with the place it stands at.

A key that nobody asked for is a problem too, so that a misspelt limit never passes for no limit.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

from registry.rules.amounts import currency_of, decimal_of
from registry.rules.verbs import verb_of

TEXT_LENGTH_MAX = 4000
LINE_LENGTH_MAX = 400
SLUG_LENGTH_MAX = 64
LIST_LENGTH_MAX = 200
ROWS_MAX = 1000
_SLUG = re.compile(r"[a-z0-9]+([-_][a-z0-9]+)*", re.ASCII)
_STEP = r"[A-Za-z_][A-Za-z0-9_-]*(\[\])?"
_PATH = re.compile(rf"{_STEP}(\.{_STEP})*", re.ASCII)


@dataclass(frozen=True)
class Problem:
    """What is wrong at one place of a document: `allowances[2].amount_max`."""

    path: str
    text: str
    line: int | None = None

    @property
    def where(self) -> str:
        return self.path


class DocumentError(ValueError):
    """A document cannot be read as a rulebook; `problems` says all that is wrong."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        self.problems = problems
        super().__init__("; ".join(map(_problem_text, problems)))


def _problem_text(problem: Problem) -> str:
    line = f"line {problem.line}, " if problem.line else ""
    return f"{line}{problem.path or 'document'}: {problem.text}"


def is_slug(value: Any) -> bool:
    return (
        isinstance(value, str)
        and len(value) <= SLUG_LENGTH_MAX
        and bool(_SLUG.fullmatch(value))
    )


def is_path(value: Any) -> bool:
    return (
        isinstance(value, str)
        and len(value) <= LINE_LENGTH_MAX
        and bool(_PATH.fullmatch(value))
    )


class Fields:
    """One table of a document. Each reader returns a value or None and notes what is wrong."""

    def __init__(self, source: Any, path: str, problems: list[Problem]) -> None:
        self.path = path
        self.problems = problems
        self.asked: set[str] = set()
        self.source: Mapping[str, Any] = source if isinstance(source, Mapping) else {}
        if not isinstance(source, Mapping):
            self.note("", "must be a table of named values.")

    def place(self, key: str) -> str:
        return f"{self.path}.{key}" if self.path and key else self.path or key

    def note(self, key: str, text: str) -> None:
        self.problems.append(Problem(self.place(key), text))

    def raw(self, key: str, *, is_required: bool = False) -> Any:
        self.asked.add(key)
        value = self.source.get(key)
        if is_required and (value is None or value == ""):
            self.note(key, "is missing.")
        return value

    def refuse_unknown(self) -> None:
        for key in self.source:
            if key not in self.asked:
                known = ", ".join(sorted(self.asked))
                self.note(str(key), f"is not known here; known are {known}.")

    def text(
        self, key: str, *, is_required: bool = False, length_max: int = LINE_LENGTH_MAX
    ) -> str:
        value = self.raw(key, is_required=is_required)
        if value is None:
            return ""
        if not isinstance(value, str):
            self.note(key, "must be text.")
            return ""
        if len(value) > length_max:
            self.note(key, f"has {len(value)} characters; at most {length_max} fit.")
        return value

    def slug(self, key: str, *, is_required: bool = True) -> str:
        value = self.raw(key, is_required=is_required)
        if value is None or value == "":
            return ""
        if not is_slug(value):
            self.note(key, "must be small letters, digits, hyphens and underscores.")
            return ""
        return str(value)

    def verb(self, key: str) -> str:
        value = self.raw(key, is_required=True)
        if value and verb_of(value) is None:
            self.note(key, f"“{value}” is not a verb of the catalogue.")
        return value if isinstance(value, str) else ""

    def choice[Choice: StrEnum](
        self, key: str, choices: type[Choice], *, is_required: bool = False
    ) -> Choice | None:
        value = self.raw(key, is_required=is_required)
        if value is None or value == "":
            return None
        if value not in tuple(choices):
            self.note(key, f"must be one of {', '.join(choices)}.")
            return None
        return choices(value)

    def decimal(
        self, key: str, *, maximum: int | None = None, is_required: bool = False
    ) -> Decimal | None:
        value = self.raw(key, is_required=is_required)
        if value is None or value == "":
            return None
        number = decimal_of(value) if isinstance(value, str) else None
        if number is None:
            self.note(key, 'must be a plain number of at least zero, as text: "25.00".')
        elif maximum is not None and number > maximum:
            self.note(key, f"must be at most {maximum}.")
        return number

    def whole(
        self, key: str, lowest: int, highest: int, *, is_required: bool = False
    ) -> int | None:
        value = self.raw(key, is_required=is_required)
        if value is None or value == "":
            return None
        if (
            isinstance(value, bool)
            or not isinstance(value, int)
            or not lowest <= value <= highest
        ):
            self.note(key, f"must be a whole number from {lowest} to {highest}.")
            return None
        return value

    def currency(self, key: str, *, is_required: bool = False) -> str | None:
        value = self.raw(key, is_required=is_required)
        if value is None or value == "":
            return None
        if currency_of(value) is None:
            self.note(key, "must be a currency of three capital letters, such as EUR.")
        return currency_of(value)

    def field_path(self, key: str) -> str | None:
        value = self.raw(key)
        if value is None or value == "":
            return None
        if not is_path(value):
            self.note(key, "must be a path into the arguments, such as payment.amount.")
            return None
        return str(value)

    def texts(self, key: str, *, is_required: bool = False) -> tuple[str, ...]:
        """Return a list of texts, each once and none empty."""
        value = self.raw(key, is_required=is_required)
        if value is None:
            return ()
        if not isinstance(value, (list, tuple)) or len(value) > LIST_LENGTH_MAX:
            self.note(key, f"must be a list of at most {LIST_LENGTH_MAX} texts.")
            return ()
        for text in value:
            if (
                not isinstance(text, str)
                or not text.strip()
                or len(text) > LINE_LENGTH_MAX
            ):
                self.note(key, "must hold texts, none of them empty.")
                return ()
        self.refuse_twice(key, value)
        if is_required and not value:
            self.note(key, "must not be empty.")
        return tuple(value)

    def verbs(self, key: str) -> tuple[str, ...]:
        found = self.texts(key)
        for slug in found:
            if verb_of(slug) is None:
                self.note(key, f"“{slug}” is not a verb of the catalogue.")
        return found

    def refuse_twice(self, key: str, values: Any) -> None:
        seen = set()
        for value in values:
            if value in seen:
                self.note(key, f"names “{value}” twice.")
            seen.add(value)

    def refuse_rows_twice(self, key: str, name: str, values: list[str]) -> None:
        """Note each row whose name another row has already."""
        seen: set[str] = set()
        for at, value in enumerate(values):
            if value and value in seen:
                self.note(f"{key}[{at}].{name}", f"is “{value}”, as another row is.")
            seen.add(value)

    def rows(self, key: str) -> Iterator["Fields"]:
        """Yield the tables of a list."""
        value = self.raw(key)
        if value is None:
            return
        if not isinstance(value, (list, tuple)) or len(value) > ROWS_MAX:
            self.note(key, f"must be a list of at most {ROWS_MAX} tables.")
            return
        for at, row in enumerate(value):
            yield Fields(row, f"{self.place(key)}[{at}]", self.problems)

    def table(self, key: str) -> "Fields":
        value = self.raw(key)
        return Fields({} if value is None else value, self.place(key), self.problems)
