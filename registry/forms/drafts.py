"""Forms of registering a workflow and of its draft."""

from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms
from django.utils.text import slugify

from portal.accounts.models import Department, Person
from registry.rules.answers import Risk
from registry.rules.rulebook import CapKind, Effect
from registry.rules.typed import stop_rule_of, stop_rule_row
from registry.rules.verbs import VERBS

LINES_MAX = 50
LIST_TEXT_MAX = 4000


class TypedDecimal(forms.CharField):
    """A plain number as it was typed: 25 stays 25 and 84.20 stays 84.20."""

    def __init__(self, *, maximum: int | None = None, **more: Any) -> None:
        self.maximum = maximum
        super().__init__(max_length=20, required=more.pop("required", False), **more)

    def clean(self, value: str) -> str:
        text = super().clean(value).replace(",", ".").strip()
        if not text:
            return ""
        try:
            number = Decimal(text)
        except InvalidOperation as error:
            raise forms.ValidationError(
                "Write a plain number, such as 25 or 0.9."
            ) from error
        if not number.is_finite() or number < 0:
            raise forms.ValidationError("Write a number of at least zero.")
        if self.maximum is not None and number > self.maximum:
            raise forms.ValidationError(f"At most {self.maximum}.")
        return text


class ListField(forms.CharField):
    """Several texts, one a line or separated by commas."""

    widget = forms.Textarea

    def __init__(self, **more: Any) -> None:
        super().__init__(
            max_length=LIST_TEXT_MAX, required=more.pop("required", False), **more
        )

    def clean(self, value: str) -> list[str]:
        text = super().clean(value).replace(",", "\n")
        found = list(
            dict.fromkeys(part.strip() for part in text.splitlines() if part.strip())
        )
        if len(found) > LINES_MAX:
            raise forms.ValidationError(f"At most {LINES_MAX}.")
        return found


class NameForm(forms.Form):
    """What a new workflow is called and whose it is."""

    name = forms.CharField(
        max_length=120, error_messages={"required": "Give the workflow a name."}
    )
    department = forms.ModelChoiceField(
        Department.objects.all(), error_messages={"required": "Choose a department."}
    )


class PickForm(forms.Form):
    """Somebody picked for a role, or a position."""

    person = forms.ModelChoiceField(
        Person.objects.filter(is_active=True), required=False
    )
    position = forms.UUIDField(required=False)

    def clean(self) -> dict[str, Any]:
        said = dict(super().clean() or {})
        if not said.get("person") and not said.get("position"):
            raise forms.ValidationError("Pick somebody from the list.")
        return said


class BasicsForm(forms.Form):
    name = forms.CharField(max_length=120)
    purpose = forms.CharField(max_length=300, required=False)
    units = forms.CharField(max_length=60, required=False)
    phase = forms.TypedChoiceField(
        choices=[(number, str(number)) for number in range(1, 6)], coerce=int
    )
    risk = forms.ChoiceField(
        choices=[(risk.value, risk.value.capitalize()) for risk in Risk]
    )
    currency = forms.RegexField(
        r"^[A-Z]{3}$", error_messages={"invalid": "Three capital letters, such as EUR."}
    )


class GuardrailForm(forms.Form):
    confidence_min = TypedDecimal(maximum=1)
    confidence_escalate = TypedDecimal(maximum=1)
    risk_review = forms.ChoiceField(
        choices=[("", "-"), *((each.value, each.value) for each in Risk)],
        required=False,
    )
    risk_escalate = forms.ChoiceField(
        choices=[("", "-"), *((each.value, each.value) for each in Risk)],
        required=False,
    )
    amount_review = TypedDecimal()
    amount_escalate = TypedDecimal()
    currency = forms.RegexField(
        r"^[A-Z]{3}$",
        required=False,
        error_messages={"invalid": "Three capital letters, such as EUR."},
    )

    def guardrail(self) -> dict[str, Any]:
        return {name: value for name, value in self.cleaned_data.items() if value}


class StopRuleForm(forms.Form):
    """A stop rule of one kind; only the fields of its kind are asked."""

    sentence = forms.CharField(max_length=400, required=False)
    effect = forms.ChoiceField(choices=[(each.value, each.value) for each in Effect])
    applies_to = forms.MultipleChoiceField(
        choices=[(verb.slug, verb.label) for verb in VERBS.values()], required=False
    )
    fields_missing = ListField()
    signals = ListField()
    pairs = forms.CharField(max_length=LIST_TEXT_MAX, required=False)
    topics = ListField()
    words = ListField()
    amount_above = TypedDecimal()
    currency = forms.RegexField(r"^[A-Z]{3}$", required=False)
    below = TypedDecimal(maximum=1)
    categories = ListField()
    failures = forms.IntegerField(required=False, min_value=1, max_value=100)
    within_steps = forms.IntegerField(required=False, min_value=1, max_value=10_000)
    source = forms.CharField(max_length=1000, required=False)

    def row(self, kind: str, key: str) -> tuple[dict[str, Any], dict[str, str]]:
        """Give the rule as a document holds it, and what is wrong by field.

        A rule without a sentence gets one, and a new rule's key is its sentence, cut short.
        """
        row = stop_rule_row(kind, key, self.cleaned_data)
        rule, wrong = stop_rule_of(row)
        if rule is None:
            return row, wrong
        if not key:
            row["key"] = slugify(rule.sentence)[:40].strip("-") or slugify(kind)
        return {**row, "sentence": rule.sentence}, {}


class CapForm(forms.Form):
    key = forms.CharField(max_length=60)
    kind = forms.ChoiceField(choices=[(each.value, each.value) for each in CapKind])
    limit = TypedDecimal(required=True)
    currency = forms.RegexField(r"^[A-Z]{3}$", required=False)
    window_hours = forms.IntegerField(min_value=1, max_value=24 * 366)
    verbs = forms.MultipleChoiceField(
        choices=[(verb.slug, verb.label) for verb in VERBS.values()], required=False
    )

    def row(self) -> dict[str, Any]:
        said = dict(self.cleaned_data)
        said["key"] = slugify(said["key"])[:60]
        if said["kind"] == CapKind.COUNT:
            said["currency"] = ""
        return said


class CheckForm(forms.Form):
    name = forms.CharField(max_length=120)
    required_for = forms.MultipleChoiceField(
        choices=[(verb.slug, verb.label) for verb in VERBS.values()], required=False
    )


class ToolForm(forms.Form):
    name = forms.CharField(max_length=120)
    system = forms.CharField(max_length=60)
    verb = forms.ChoiceField(
        choices=[(verb.slug, verb.label) for verb in VERBS.values()]
    )


class FileForm(forms.Form):
    """The file form of the one page, uploaded or pasted."""

    file = forms.FileField(required=False, max_length=200)
    text = forms.CharField(required=False, max_length=1_000_000)
