"""Differences in the matrix and the guardrail."""

from collections.abc import Callable, Iterator

from registry.rules.amounts import number_text
from registry.rules.answers import (
    Authority,
    authority_rank,
    reversibility_rank,
    risk_rank,
)
from registry.rules.narrowing import (
    Change,
    Label,
    is_higher,
    is_lower,
    label_when,
    money_or_none,
    moved,
)
from registry.rules.rulebook import Allowance, Rulebook
from registry.rules.sentences import allowance_sentence, listed, turns_text
from registry.rules.things import place_of
from registry.rules.verbs import verb_of


def row_changes(old: Rulebook, new: Rulebook) -> Iterator[Change]:
    for key in sorted({*old.allowances, *new.allowances}):
        before, after = old.allowances.get(key), new.allowances.get(key)
        if before is None and after is not None:
            yield row_added(after, new)
        elif after is None and before is not None:
            is_never = before.authority == Authority.NEVER
            text = f"{_row_name(before)}: the row is gone, so it is refused."
            yield Change(
                _row_path(before), text, Label.NEUTRAL if is_never else Label.NARROWING
            )
        elif before is not None and after is not None and before != after:
            yield from _row_changed(before, after, old, new)


def _row_path(row: Allowance) -> str:
    return f"allowances.{row.system}.{row.verb}"


def _row_name(row: Allowance) -> str:
    verb = verb_of(row.verb)
    return f"{verb.label if verb else row.verb} in {place_of(row.system)}"


def row_added(row: Allowance, book: Rulebook) -> Change:
    sentence = allowance_sentence(row, book.guardrail, currency=book.currency)
    label = Label.NEUTRAL if row.authority == Authority.NEVER else Label.WIDENING
    return Change(_row_path(row), f"{_row_name(row)}: new row. {sentence}", label)


def _row_changed(
    before: Allowance, after: Allowance, old: Rulebook, new: Rulebook
) -> Iterator[Change]:
    path, name = _row_path(before), _row_name(before)
    ends_never = after.authority == Authority.NEVER

    def change(field: str, text: str, is_narrower: bool) -> Change:
        # Behind never nothing else matters: the row refuses whatever it says.
        label = (
            Label.NEUTRAL
            if ends_never and field != "authority"
            else label_when(is_narrower)
        )
        return Change(f"{path}.{field}", f"{name}: {text}.", label)

    if before.authority != after.authority:
        is_narrower = authority_rank(after.authority) > authority_rank(before.authority)
        yield change(
            "authority", f"{before.authority} becomes {after.authority}", is_narrower
        )
    was, becomes = before.currency or old.currency, after.currency or new.currency
    if was != becomes and before.currency != after.currency:
        yield change("currency", f"currency changed from {was} to {becomes}", False)
    if before.amount_max != after.amount_max:
        text = moved(
            "limit",
            money_or_none(before.amount_max, was),
            money_or_none(after.amount_max, becomes),
            before.amount_max,
            after.amount_max,
        )
        yield change("amount_max", text, is_lower(before.amount_max, after.amount_max))
    if before.count_per_day != after.count_per_day:
        text = moved(
            "count a day",
            before.count_per_day,
            after.count_per_day,
            before.count_per_day,
            after.count_per_day,
        )
        yield change(
            "count_per_day", text, is_lower(before.count_per_day, after.count_per_day)
        )
    yield from _row_people(before, after, change)
    yield from _row_floors(before, after, change)
    for field in (
        "decided_by",
        "amount_field",
        "currency_field",
        "recipient_field",
        "resource_field",
    ):
        first, second = getattr(before, field), getattr(after, field)
        if first != second:
            text = f"{field.replace('_', ' ')} changed from {first or 'nothing'} to {second or 'nothing'}"
            yield change(field, text, False)
    if set(before.data_classes) != set(after.data_classes):
        # Fewer named may slip under a ceiling on data, more say that more is touched.
        text = f"data classes changed to {listed(after.data_classes, 'and') or 'none'}"
        yield change("data_classes", text, False)


def _row_people(
    before: Allowance, after: Allowance, change: Callable[[str, str, bool], Change]
) -> Iterator[Change]:
    if max(1, before.quorum) != max(1, after.quorum):
        text = f"{after.quorum} must approve instead of {before.quorum}"
        yield change("quorum", text, after.quorum > before.quorum)
    if before.then != after.then:
        yield change("then", _then_text(before, after), covers_turns(before, after))


def covers_turns(before: Allowance, after: Allowance) -> bool:
    """Return whether the later stages still ask for everyone they asked for."""
    asked = {turn.decided_by: turn.quorum for turn in after.then}
    return all(
        max(1, asked.get(turn.decided_by, 0)) >= max(1, turn.quorum)
        and turn.decided_by in asked
        for turn in before.then
    )


def _then_text(before: Allowance, after: Allowance) -> str:
    if not after.then:
        return f"no longer goes on to {turns_text(before.then)}"
    if not before.then:
        return f"goes on to {turns_text(after.then)} after that"
    return f"goes on to {turns_text(after.then)} instead of {turns_text(before.then)}"


def _row_floors(
    before: Allowance, after: Allowance, change: Callable[[str, str, bool], Change]
) -> Iterator[Change]:
    if before.risk != after.risk:
        is_narrower = after.risk is not None and (
            before.risk is None or risk_rank(after.risk) > risk_rank(before.risk)
        )
        yield change(
            "risk",
            f"lowest risk changed from {before.risk or 'nothing'} to {after.risk or 'nothing'}",
            is_narrower,
        )
    if before.reversibility != after.reversibility:
        way, other = before.reversibility, after.reversibility
        # A row that says nothing leaves it to the claim, and without one to the worst.
        is_narrower = other == "irreversible" or (
            way is not None
            and other is not None
            and reversibility_rank(other) > reversibility_rank(way)
        )
        yield change(
            "reversibility",
            f"can be undone changed from {way or 'nothing'} to {other or 'nothing'}",
            is_narrower,
        )


def guardrail_changes(old: Rulebook, new: Rulebook) -> Iterator[Change]:
    before, after = old.guardrail, new.guardrail
    for field in ("confidence_min", "confidence_escalate"):
        was, becomes = getattr(before, field), getattr(after, field)
        if was != becomes:
            said, says = (
                None if value is None else number_text(value)
                for value in (was, becomes)
            )
            text = moved(_rail_name(field), said, says, was, becomes)
            yield Change(
                f"guardrail.{field}",
                f"Guardrail: {text}.",
                label_when(is_higher(was, becomes)),
            )
    for field in ("risk_review", "risk_escalate"):
        was, becomes = getattr(before, field), getattr(after, field)
        if was != becomes:
            is_narrower = becomes is not None and (
                was is None or risk_rank(becomes) < risk_rank(was)
            )
            text = f"Guardrail: {_rail_name(field)} changed from {was or 'nothing'} to {becomes or 'nothing'}."
            yield Change(f"guardrail.{field}", text, label_when(is_narrower))
    money = before.currency or old.currency, after.currency or new.currency
    if money[0] != money[1] and before.currency != after.currency:
        text = f"Guardrail: currency changed from {money[0]} to {money[1]}."
        yield Change("guardrail.currency", text, Label.WIDENING)
    for field in ("amount_review", "amount_escalate"):
        was, becomes = getattr(before, field), getattr(after, field)
        if was != becomes:
            text = moved(
                _rail_name(field),
                money_or_none(was, money[0]),
                money_or_none(becomes, money[1]),
                was,
                becomes,
            )
            yield Change(
                f"guardrail.{field}",
                f"Guardrail: {text}.",
                label_when(is_lower(was, becomes)),
            )


def _rail_name(field: str) -> str:
    return {
        "confidence_min": "confidence below which a person decides",
        "confidence_escalate": "confidence below which it is escalated",
        "risk_review": "risk from which a person decides",
        "risk_escalate": "risk from which it is escalated",
        "amount_review": "amount above which a person decides",
        "amount_escalate": "amount above which it is escalated",
    }[field]
