"""Everything that one event tells, with what must not be stored replaced by tokens.

Texts, keys of objects, numbers that are cards, and JSON written inside a text: all are
walked, and what is hidden is handed to the caller to be sealed. It never raises: what is
nested too deeply to be looked at is not kept.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from runs.rules.redacting import detecting, secrets, tokens
from runs.rules.redacting.numbers import phone_value, plain_digits
from runs.rules.redacting.paths import FIELDS, NOWHERE, FieldPath, Paths, Places

DEPTH_MAX = 64
JSON_LENGTH_MAX = 256 * 1024
REMEMBERED_MAX = 2_000
REMEMBERED_LENGTH_MAX = 200
TOKEN_FIELD_LENGTH_MIN = 16
TOO_DEEP = "(nested too deeply to be kept)"
CARD_FROM, CARD_TO = 10**13, 10**19


@dataclass(frozen=True, slots=True)
class Policy:
    """What is hidden for one workflow: its fields, and the detectors left out."""

    paths: tuple[FieldPath, ...] = ()
    left: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Original:
    """What a token stands for, to be sealed; `rule` says which policy hid it."""

    token: str
    value: str
    text: str
    rule: str


class _TooDeep(Exception):  # noqa: N818 - never leaves this module
    pass


@dataclass
class Hider:
    """Hides by one policy, and remembers what it hid.

    `token_of` gives the token of a kind and a value. What a sender wrote in the form of a
    token loses its brackets unless `is_ours` says that the text was hidden before.
    """

    policy: Policy
    token_of: Callable[[str, str], str]
    is_ours: bool = False
    hidden: dict[str, Original] = field(default_factory=dict)
    _known: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._paths = Paths(self.policy.paths)

    def facts(self, facts: Mapping[str, Any], *, kind: str = "") -> dict[str, Any]:
        """Hide what must be hidden in the facts of an event of this kind."""
        start = self._paths.start()
        hidden = {}
        for name, value in facts.items():
            places = self._paths.down(start, name) if name in FIELDS else NOWHERE
            if kind == "change.made" and name in ("before", "after"):
                places |= self._changed(facts.get("field"))
            try:
                hidden[self.text(name)] = self._value(value, places, name, 0)
            except _TooDeep:
                hidden[name] = TOO_DEEP
        return hidden

    def text(self, text: str) -> str:
        """Hide what the detectors find in a text."""
        known = self._known.get(text)
        if known is not None:
            return known
        plain = text if self.is_ours else tokens.unforged(text)
        found = detecting.found_in(plain, left=self.policy.left)
        if found:
            put = [
                self._put(each.kind, each.value, plain[each.start : each.end])
                for each in found
            ]
            plain = detecting.joined(found, plain, put)
        if len(text) <= REMEMBERED_LENGTH_MAX and len(self._known) < REMEMBERED_MAX:
            self._known[text] = plain
        return plain

    def _changed(self, name: object) -> Places:
        """Follow `change.<name of the field>`, as changes of records name theirs."""
        places = self._paths.down(self._paths.start(), "change")
        if not places or not isinstance(name, str):
            return NOWHERE
        whole = self._paths.down(places, name)
        for part in name.split("."):
            places = self._paths.down(places, part)
        return whole | places

    def _value(self, value: object, places: Places, name: str, depth: int) -> Any:
        if isinstance(value, str):
            return self._string(value, places, name, depth)
        if isinstance(value, Mapping | list | tuple):
            if depth >= DEPTH_MAX:
                raise _TooDeep
            if isinstance(value, Mapping):
                return {
                    self.text(str(key)): self._value(
                        item, self._paths.down(places, str(key)), str(key), depth + 1
                    )
                    for key, item in value.items()
                }
            inside = self._paths.into_list(places)
            return [self._value(item, inside, name, depth + 1) for item in value]
        if value is None:
            return None
        return self._number(value, places, name)

    def _number(self, value: object, places: Places, name: str) -> Any:
        if path := self._paths.hides(places):
            return self._whole(str(value), path)
        if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
            return value
        if isinstance(value, float) and not value.is_integer():
            return value
        flat = secrets.flat_name(name)
        is_cardish = CARD_FROM <= value < CARD_TO
        if not is_cardish and flat not in secrets.SECRET_NAMES | secrets.PHONE_NAMES:
            return value
        text = str(int(value))
        shown = self._string(text, NOWHERE, name, 0)
        return value if shown == text else shown

    def _string(self, text: str, places: Places, name: str, depth: int) -> str:
        if not text:
            return text
        if path := self._paths.hides(places):
            return self._whole(text, path)
        if named := self._by_name(text, name):
            return named
        if text.lstrip()[:1] in ("{", "[") and len(text) <= JSON_LENGTH_MAX:
            inside = self._nested(text, places, name, depth)
            if inside is not None:
                return inside
        return self.text(text)

    def _by_name(self, text: str, name: str) -> str | None:
        """Hide the whole text of a field that is named for a secret or a phone."""
        if not name or tokens.TOKEN.fullmatch(text):
            return None
        flat = secrets.flat_name(name)
        is_secret = flat in secrets.SECRET_NAMES or (
            flat == "token" and len(text) >= TOKEN_FIELD_LENGTH_MIN and " " not in text
        )
        if is_secret and secrets.is_secret_value(text):
            one = detecting.whole(text)
            if one is not None:
                return self._put(one.kind, one.value, text)
            return self._put("key", text.strip(), text, rule=f"the name {name[:40]}")
        if flat in secrets.PHONE_NAMES and "phone" not in self.policy.left:
            digits = plain_digits(text)
            if 7 <= len(digits) <= 15 and len(text) <= 2 * len(digits) + 4:
                return self._put("phone", phone_value(text), text)
        return None

    def _whole(self, text: str, path: FieldPath) -> str:
        """Hide all of a value because its owner named its field."""
        if not text.strip() or (self.is_ours and tokens.TOKEN.fullmatch(text)):
            return text
        one = detecting.whole(text)
        kind, value = (one.kind, one.value) if one else ("field", text.strip())
        return self._put(kind, value, text, rule=path.text)

    def _put(self, kind: str, value: str, text: str, *, rule: str = "") -> str:
        token = self.token_of(kind, value)
        if token not in self.hidden:
            self.hidden[token] = Original(token, value, text, rule)
        return f"[{token}]"

    def _nested(self, text: str, places: Places, name: str, depth: int) -> str | None:
        """Walk JSON written inside a text; None when it is none, or holds nothing to hide."""
        try:
            value = json.loads(text, parse_float=Decimal, parse_constant=str)
            walked = self._value(value, places, name, depth + 1)
        except (ValueError, RecursionError, _TooDeep):
            return None
        if walked == value:
            return None
        # What the parser left out of sight, a name given twice, is gone with it.
        return _written(walked)


def _written(value: object) -> str:
    """Write JSON with exact decimals. The depth is bounded by the walk before."""
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, dict):
        inside = ", ".join(
            f"{json.dumps(key, ensure_ascii=False)}: {_written(item)}"
            for key, item in value.items()
        )
        return f"{{{inside}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_written, value))}]"
    return json.dumps(value, ensure_ascii=False)
