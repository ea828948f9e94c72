"""Stop rules made stricter or milder, taken out, or written anew."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from runs.rules.proposing.shapes import (
    EFFECTS,
    Blank,
    Change,
    Document,
    Given,
    Problems,
    Way,
    free_key,
    lines_in,
    lines_problem,
    money,
    named,
    number_in,
    plain,
)

Row = Mapping[str, Any]
_ORDER = list(EFFECTS)
_STEP = Decimal("0.05")


def stricter(document: Document) -> Iterator[Way]:
    """Give what would make each stop rule fire sooner, or answer more severely."""
    for row in document.get("stop_rules", ()):
        yield from _thresholds(row, is_stricter=True)
        severe = _ORDER[_ORDER.index(row["effect"]) + 1 :]
        if severe:
            yield _effect(row, severe, "Answer more severely")
        yield from _more_words(row)


def milder(document: Document) -> Iterator[Way]:
    """Give what would make each stop rule fire less, or answer more mildly."""
    for row in document.get("stop_rules", ()):
        yield from _thresholds(row, is_stricter=False)
        mild = _ORDER[: _ORDER.index(row["effect"])]
        if mild:
            yield _effect(row, mild[::-1], "Answer more mildly")
        yield from _fewer_words(row)
        yield _taken_out(row)


def new_words_rule(document: Document) -> Way:
    """Give a new stop rule that fires on words."""

    def build(given: Given) -> Change | Problems:
        words = lines_in(given.get("words", ""))
        if problem := lines_problem(words):
            return {"words": problem}
        sentence = f"The request speaks of {named(list(words))}."
        return _new(
            document,
            "spoken-of",
            "sensitive_topic",
            given,
            {"words": list(words)},
            sentence,
        )

    blanks = (
        Blank("words", "Words that stop it", "lines", help="One a line."),
        _effect_blank("escalate"),
    )
    return Way("new_words", "A new stop rule: on words", blanks, build)


def new_confidence_rule(document: Document) -> Way:
    """Give a new stop rule that fires on low confidence."""

    def build(given: Given) -> Change | Problems:
        below = number_in(given.get("below", ""), at_most=Decimal(1))
        if below is None:
            return {"below": "Write a number between 0 and 1."}
        sentence = f"The agent is less sure than {plain(below)}."
        params = {"below": plain(below)}
        return _new(document, "not-sure", "low_confidence", given, params, sentence)

    blanks = (
        Blank("below", "Fires below this confidence", "number", "0.9"),
        _effect_blank("review"),
    )
    return Way("new_confidence", "A new stop rule: on low confidence", blanks, build)


def missing_data(document: Document, *, field: str, verbs: tuple[str, ...]) -> Way:
    """Give a new stop rule that fires while something is missing from a request."""

    def build(given: Given) -> Change | Problems:
        fields = lines_in(given.get("fields", ""))
        if problem := lines_problem(fields):
            return {"fields": problem}
        sentence = (
            f"{named(list(fields))} is missing."
            if len(fields) == 1
            else f"One of {named(list(fields))} is missing."
        )
        verb = given.get("verb", "")
        bound = [verb] if verb in verbs else []
        params = {"fields": list(fields)}
        return _new(
            document, "data-missing", "missing_data", given, params, sentence, bound
        )

    blanks = (
        Blank("fields", "What must be there", "lines", field, help="One a line: args.reason, before.total, evidence, resource_id, category."),
        Blank("verb", "For", "choice", "", (("", "every verb"), *((each, each.replace("_", " ")) for each in verbs))),
        _effect_blank("review"),
    )  # fmt: skip
    return Way("missing_data", "A new stop rule: on missing data", blanks, build)


def more_fields(document: Document, field: str) -> Iterator[Way]:
    """Give the rules on missing data that there are, each with one more field."""
    for row in document.get("stop_rules", ()):
        if row["kind"] == "missing_data":
            yield _added(row, "fields", "Also ask for", "needs", field)


def outside_category(document: Document) -> Way:
    """Give a new stop rule that fires outside named categories."""
    known = [str(each) for each in document.get("categories", ())]

    def build(given: Given) -> Change | Problems:
        approved = lines_in(given.get("categories", ""))
        if problem := lines_problem(approved):
            return {"categories": problem}
        sentence = f"It is none of {named(list(approved))}."
        params = {"categories": list(approved)}
        return _new(
            document, "outside-scope", "outside_category", given, params, sentence
        )

    blanks = (
        Blank("categories", "Categories that it is for", "lines", "\n".join(known), help="One a line; everything else stops."),
        _effect_blank("review"),
    )  # fmt: skip
    return Way(
        "outside_category", "A new stop rule: outside named categories", blanks, build
    )


def _new(
    document: Document,
    key: str,
    kind: str,
    given: Given,
    params: Row,
    sentence: str,
    applies_to: list[str] | None = None,
) -> Change | Problems:
    effect = given.get("effect", "")
    if effect not in EFFECTS:
        return {"effect": "Choose what it does."}
    key = free_key(document, key)
    row: dict[str, Any] = {"key": key, "kind": kind, "effect": effect, "sentence": sentence[:2000], "params": dict(params)}  # fmt: skip
    if applies_to:
        row["applies_to"] = applies_to
    where = f" For {applies_to[0].replace('_', ' ')} only." if applies_to else ""
    words = f"A new stop rule {EFFECTS[effect]}: {sentence}{where}"
    return Change(f"stop_rules.{key}", row, words)


def _effect_blank(value: str) -> Blank:
    return Blank("effect", "When it fires, it", "choice", value, tuple(EFFECTS.items()))


def _effect(row: Row, effects: list[str], verb: str) -> Way:
    def build(given: Given) -> Change | Problems:
        effect = given.get("effect", "")
        if effect not in effects:
            return {"effect": "Choose what it does from now on."}
        words = f"The stop rule {_called(row)} {EFFECTS[effect]}; until now it {EFFECTS[row['effect']]}."
        return Change(_part(row), {**row, "effect": effect}, words)

    options = tuple((each, EFFECTS[each]) for each in effects)
    blank = Blank("effect", "When it fires, it", "choice", effects[0], options)
    return Way(f"effect:{row['key']}", f"{verb}: {_called(row)}", (blank,), build)


def _taken_out(row: Row) -> Way:
    def build(given: Given) -> Change | Problems:
        del given
        return Change(_part(row), None, f"The stop rule {_called(row)} is taken out.")

    return Way(f"without:{row['key']}", f"Take out: {_called(row)}", (), build)


_NUMBERS = {
    # kind: its parameter, its label, whether a higher number is stricter, the most it may be
    "low_confidence": ("below", "Fires below this confidence", True, Decimal(1)),
    "sensitive_topic": ("amount_above", "Fires above this amount", False, None),
    "tool_failure": ("failures", "Fires at so many failures", False, Decimal(100)),
}


def _thresholds(row: Row, *, is_stricter: bool) -> Iterator[Way]:
    found = _NUMBERS.get(row["kind"])
    if found is None:
        return
    name, label, is_up_strict, most = found
    now = row.get("params", {}).get(name, 1 if name == "failures" else None)
    if now is None:
        return
    is_up = is_up_strict == is_stricter
    usual = _moved(name, Decimal(str(now)), is_up=is_up)

    def build(given: Given) -> Change | Problems:
        value = number_in(
            given.get("value", ""), at_most=most or Decimal(10) ** 12, is_whole=name == "failures"
        )  # fmt: skip
        if value is None or (name == "failures" and value < 1):
            return {"value": "Write a number that fits here."}
        shown: Any = int(value) if name == "failures" else money(value) if name == "amount_above" else plain(value)  # fmt: skip
        words = f"The stop rule {_called(row)} fires {_says(name)} {shown}; until now {now}."
        params = {**row.get("params", {}), name: shown}
        return Change(_part(row), {**row, "params": params}, words)

    verb = "Fire sooner" if is_stricter else "Fire later"
    blank = Blank("value", label, "number", usual, help=f"Now {now}.")
    yield Way(f"value:{row['key']}", f"{verb}: {_called(row)}", (blank,), build)


def _moved(name: str, now: Decimal, *, is_up: bool) -> str:
    """Propose the next number: a small step, and never out of its range."""
    if name == "below":
        return plain(
            min(Decimal(1), now + _STEP) if is_up else max(Decimal(0), now - _STEP)
        )
    if name == "failures":
        return plain(now + 1 if is_up else max(Decimal(1), now - 1))
    return money(now * 2 if is_up else now / 2)


def _says(name: str) -> str:
    return {"below": "below confidence", "amount_above": "above", "failures": "at"}[
        name
    ]


_LISTS = {
    "sensitive_topic": (("words", "Also on these words", "fires on"),),
    "missing_data": (("fields", "Also ask for", "needs"),),
    "conflicting_records": (("signals", "Also on these signals", "fires on"),),
}


def _more_words(row: Row) -> Iterator[Way]:
    for name, label, says in _LISTS.get(row["kind"], ()):
        yield _added(row, name, label, says, "")


def _added(row: Row, name: str, label: str, says: str, usual: str) -> Way:
    def build(given: Given) -> Change | Problems:
        more = lines_in(given.get("more", ""))
        if problem := lines_problem(more):
            return {"more": problem}
        old = list(row.get("params", {}).get(name, ()))
        added = [each for each in more if each not in old]
        if not added:
            return {"more": "The rule says this already."}
        params = {**row.get("params", {}), name: [*old, *added]}
        words = f"The stop rule {_called(row)} also {says} {named(added)}."
        return Change(_part(row), {**row, "params": params}, words)

    blank = Blank("more", label, "lines", usual, help="One a line.")
    return Way(f"more:{row['key']}", f"{label}: {_called(row)}", (blank,), build)


def _fewer_words(row: Row) -> Iterator[Way]:
    for name, _, says in _LISTS.get(row["kind"], ()):
        old = [str(each) for each in row.get("params", {}).get(name, ())]
        if len(old) > 1:
            yield _dropped(row, name, old, says)


def _dropped(row: Row, name: str, old: list[str], says: str) -> Way:
    def build(given: Given) -> Change | Problems:
        gone = given.get("less", "")
        if gone not in old:
            return {"less": "Choose which one."}
        params = {**row.get("params", {}), name: [each for each in old if each != gone]}
        words = f"The stop rule {_called(row)} no longer {says.replace('fires', 'fire').replace('needs', 'need')} “{gone}”."
        return Change(_part(row), {**row, "params": params}, words)

    options = tuple((each, each) for each in old)
    blank = Blank("less", "No longer", "choice", old[-1], options)
    return Way(f"less:{row['key']}", f"Let one go: {_called(row)}", (blank,), build)


def _part(row: Row) -> str:
    return f"stop_rules.{row['key']}"


def _called(row: Row) -> str:
    return f"“{str(row['key']).replace('-', ' ')}”"
