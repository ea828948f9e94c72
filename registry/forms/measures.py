"""Forms of targets and baselines."""

from typing import Any

from django import forms

from registry.forms.drafts import LINES_MAX, TypedDecimal
from registry.rules.amounts import decimal_of
from registry.rules.measures import INDICATORS, WITH_BASELINE, In


def indicator_choices() -> list[tuple[str, str]]:
    """Give the indicators by label, each with the unit that its target is said in."""
    found = []
    for each in sorted(INDICATORS.values(), key=lambda each: each.label):
        unit = "" if each.unit == In.COUNT else f" ({each.unit.value})"
        found.append((each.key, f"{each.label}{unit}"))
    return found


class TargetForm(forms.Form):
    """One target: at least, at most, or both."""

    key = forms.CharField(
        max_length=64, error_messages={"required": "Choose what the target is for."}
    )
    at_least = TypedDecimal()
    at_most = TypedDecimal()

    def clean(self) -> dict[str, Any]:
        said = dict(super().clean() or {})
        low, high = said.get("at_least"), said.get("at_most")
        if not self.errors and not low and not high:
            raise forms.ValidationError("Write at least one of the two bounds.")
        return said


class BaselineForm(forms.Form):
    """What an indicator was before launch."""

    key = forms.ChoiceField(choices=[(each.key, each.label) for each in WITH_BASELINE])
    value = TypedDecimal(required=True)
    n = forms.IntegerField(min_value=1, max_value=100_000_000)
    first = forms.DateField()
    last = forms.DateField()
    source = forms.CharField(max_length=300)
    cases = forms.CharField(max_length=4000, required=False, widget=forms.Textarea)

    def clean_cases(self) -> list[dict[str, Any]]:
        """Read one kind of case a line: kind; how many; value."""
        found = []
        for line in self.cleaned_data["cases"].splitlines()[:LINES_MAX]:
            if not line.strip():
                continue
            kind, _, rest = line.partition(";")
            n, _, value = rest.partition(";")
            number = decimal_of(value.strip().replace(",", "."))
            if not kind.strip() or not n.strip().isdecimal() or number is None:
                raise forms.ValidationError(
                    f"“{line[:60]}” is not read. Write: late; 110; 65"
                )
            found.append(
                {"kind": kind.strip(), "n": int(n), "value": f"{number.normalize():f}"}
            )
        return found

    def clean(self) -> dict[str, Any]:
        said = dict(super().clean() or {})
        first, last = said.get("first"), said.get("last")
        if first and last and last < first:
            raise forms.ValidationError("The last day is before the first.")
        return said

    def row(self) -> dict[str, Any]:
        """Give it as the page holds it."""
        said = self.cleaned_data
        row = {
            "key": said["key"],
            "value": said["value"],
            "n": said["n"],
            "first": said["first"].isoformat(),
            "last": said["last"].isoformat(),
            "how": "typed",
            "source": said["source"],
        }
        return row | ({"cases": said["cases"]} if said["cases"] else {})
