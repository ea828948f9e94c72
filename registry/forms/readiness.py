"""Forms about readiness: the gate, who is asked, what is closed, chosen and ended."""

from collections.abc import Mapping
from decimal import Decimal

from django import forms

from portal.accounts.models import Person
from portal.core.errors import Malformed
from registry.rules.readiness import PILLARS_BY_KEY, QUESTIONS, keys_of

_PICK = {"required": "Pick somebody.", "invalid_choice": "Pick somebody from the list."}
_DAY = {"required": "Choose a day.", "invalid": "Write a day, such as 2026-12-01."}
HALVES = tuple(Decimal(each) / 2 for each in range(2, 11))


class GateForm(forms.Form):
    is_on = forms.BooleanField(required=False)
    minimum = forms.TypedChoiceField(
        choices=[(f"{each.normalize():f}", f"{each.normalize():f}") for each in HALVES],
        coerce=Decimal,
    )
    valid_days = forms.IntegerField(min_value=30, max_value=730)
    reason = forms.CharField(
        max_length=500, error_messages={"required": "Say why this is set."}
    )


class OpenForm(forms.Form):
    people = forms.ModelMultipleChoiceField(
        Person.objects.filter(is_active=True),
        error_messages={"required": "Choose at least two people."},
    )


class AskForm(forms.Form):
    person = forms.ModelChoiceField(
        Person.objects.filter(is_active=True), error_messages=_PICK
    )


class CloseForm(forms.Form):
    left_out = forms.TypedMultipleChoiceField(required=False)
    reason = forms.CharField(max_length=500, required=False)

    def __init__(self, *args, missing: list[str], **more):
        super().__init__(*args, **more)
        self.fields["left_out"].choices = [(each, each) for each in missing]  # type: ignore[attr-defined]


class PriorityForm(forms.Form):
    question = forms.ChoiceField(choices=[(each, each) for each in QUESTIONS])
    text = forms.CharField(
        max_length=200, error_messages={"required": "Say what is to be done."}
    )
    owner = forms.ModelChoiceField(
        Person.objects.filter(is_active=True), error_messages=_PICK
    )
    due_on = forms.DateField(error_messages=_DAY)


class EndForm(forms.Form):
    priority = forms.UUIDField()
    how = forms.ChoiceField(choices=[("DONE", "Done"), ("DROPPED", "Dropped")])
    words = forms.CharField(
        max_length=500,
        error_messages={
            "required": "Say what shows that it is done, or why it is dropped."
        },
    )


def answers_in(
    sent: Mapping[str, str], pillar: str
) -> tuple[dict[str, int], dict[str, str]]:
    """Read the levels and words that one pillar's page sent. Raises Malformed."""
    if pillar not in PILLARS_BY_KEY:
        raise Malformed("This form is not one of ours. Open the page again.")
    levels, notes = {}, {}
    for key in keys_of(PILLARS_BY_KEY[pillar]):
        level = sent.get(key, "")
        if level not in ("", "1", "2", "3", "4", "5"):
            raise Malformed("This form is not one of ours. Open the page again.")
        if level:
            levels[key], notes[key] = int(level), sent.get(f"note-{key}", "").strip()
    return levels, notes
