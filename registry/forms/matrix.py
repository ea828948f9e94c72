"""Forms of the matrix editor: they validate what was typed or chosen and never save."""

from typing import Any

from django import forms

from registry.forms.drafts import ListField, TypedDecimal
from registry.rules.answers import Authority, Reversibility, Risk
from registry.rules.document import COUNT_MAX, QUORUM_MAX, THEN_MAX
from registry.rules.fields import is_path, is_slug
from registry.rules.rulebook import DecidedBy
from registry.rules.verbs import VERBS

CELLS_TEXT_MAX = 200
THEN_NAMES = tuple(f"then_{at}" for at in range(1, THEN_MAX + 1))
PASTED_LENGTH_MAX = 128 * 1024


class PathField(forms.CharField):
    """A path into the action's arguments, such as payment.amount."""

    def __init__(self, **more: Any) -> None:
        super().__init__(max_length=200, required=False, **more)

    def clean(self, value: str) -> str:
        text = super().clean(value)
        if text and not is_path(text):
            raise forms.ValidationError(
                "Write the path to the field, such as payment.amount or items[].price."
            )
        return text


class AmountField(TypedDecimal):
    """An amount as it was typed; what can be read in two ways is asked about."""

    def clean(self, value: str) -> str:
        whole, comma, digits = (value or "").strip().partition(",")
        if comma and len(digits) == 3 and whole not in ("", "0"):
            raise forms.ValidationError(
                f"“{value.strip()}” can be read in two ways. Write {whole}{digits} or"
                f" {whole}.{digits[:2]}."
            )
        return super().clean(value)


def _choices(values: Any) -> list[tuple[str, str]]:
    return [("", "-"), *((each.value, each.value) for each in values)]


def _count_field() -> forms.IntegerField:
    return forms.IntegerField(
        required=False,
        min_value=1,
        max_value=QUORUM_MAX,
        error_messages={"invalid": "Write a whole number, such as 2."},
    )


class CellForm(forms.Form):
    """One cell of the matrix. An empty authority empties the cell."""

    authority = forms.ChoiceField(
        choices=[("", "No row"), *((each.value, each.value) for each in Authority)],
        required=False,
    )
    amount_max = AmountField()
    currency = forms.RegexField(
        r"^[A-Z]{3}$",
        required=False,
        error_messages={"invalid": "Three capital letters, such as EUR."},
    )
    count_per_day = forms.IntegerField(
        required=False,
        min_value=0,
        max_value=COUNT_MAX,
        error_messages={"invalid": "Write a whole number, such as 20."},
    )
    quorum = _count_field()
    decided_by = forms.ChoiceField(choices=_choices(DecidedBy), required=False)
    then_1 = forms.ChoiceField(choices=_choices(DecidedBy), required=False)
    then_1_quorum = _count_field()
    then_2 = forms.ChoiceField(choices=_choices(DecidedBy), required=False)
    then_2_quorum = _count_field()
    reversibility = forms.ChoiceField(choices=_choices(Reversibility), required=False)
    risk = forms.ChoiceField(choices=_choices(Risk), required=False)
    data_classes = ListField()
    amount_field = PathField()
    currency_field = PathField()
    recipient_field = PathField()
    resource_field = PathField()

    def __init__(self, data: Any = None, *, initial: Any = None) -> None:
        shown = dict(initial or {})
        for at, stage in enumerate(shown.get("then") or (), start=1):
            shown[f"then_{at}"] = stage["decided_by"]
            shown[f"then_{at}_quorum"] = stage.get("quorum")
        super().__init__(data, initial=shown)

    def clean(self) -> dict[str, Any]:
        """Refuse the same people in two stages: nobody counts twice."""
        said = dict(super().clean() or {})
        seen = {said.get("decided_by") or DecidedBy.REVIEWERS}
        for name in THEN_NAMES:
            who = said.get(name)
            if who and who in seen:
                self.add_error(
                    name,
                    "They decide in an earlier stage already. Let more of them agree"
                    " there, or choose other people.",
                )
            seen.add(who)
        return said

    def allowance(self, system: str, verb: str) -> dict[str, Any] | None:
        """Give the row as a document holds it; None for no row."""
        said = dict(self.cleaned_data)
        said["then"] = [
            {"decided_by": who} | ({"quorum": count} if (count or 1) > 1 else {})
            for who, count in (
                (said.pop(name), said.pop(f"{name}_quorum")) for name in THEN_NAMES
            )
            if who
        ]
        if not said["authority"]:
            return None
        if said.get("quorum") == 1:
            said["quorum"] = None
        if said.get("decided_by") == DecidedBy.REVIEWERS:
            said["decided_by"] = ""
        return {"system": system, "verb": verb, **said}


class CellsForm(forms.Form):
    """Many cells that get one answer. Each is named with what was seen of it."""

    authority = forms.ChoiceField(
        choices=[("", "No row"), *((each.value, each.value) for each in Authority)],
        required=False,
    )

    def cells(self, chosen: list[str]) -> list[tuple[str, str, str]]:
        """Read system, verb and fingerprint of each cell chosen: `billing.refund:3f…`."""
        found = []
        for text in chosen:
            place, _, seen = text[:CELLS_TEXT_MAX].partition(":")
            system, _, verb = place.partition(".")
            if is_slug(system) and verb in VERBS:
                found.append((system, verb, seen))
        return found


class MapToolForm(forms.Form):
    tool = forms.CharField(
        max_length=120,
        error_messages={"required": "Write the tool's name as the agent calls it."},
    )
    may_move = forms.BooleanField(required=False)


class PasteForm(forms.Form):
    """A block of cells as text."""

    text = forms.CharField(
        max_length=PASTED_LENGTH_MAX,
        strip=False,
        widget=forms.Textarea,
        error_messages={
            "required": "Paste some cells first.",
            "max_length": f"At most {PASTED_LENGTH_MAX // 1024} KiB fit in one paste.",
        },
    )
    at = forms.CharField(required=False, max_length=CELLS_TEXT_MAX)
    keeps_blank = forms.BooleanField(required=False)
