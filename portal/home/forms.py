"""What people type into the pages of home. Forms validate and never save."""

from django import forms

from portal.accounts.forms import offer_departments
from portal.accounts.keys import DEFAULT_SCOPES, SCOPES
from portal.accounts.models import AgentKind, Department, Person

SCOPE_MEANINGS = {
    "actions": "ask for actions and redeem grants",
    "events": "tell what it did",
    "read": "read its own boundaries",
    "changes": "report changes, for a system of record",
}


class AgentForm(forms.Form):
    name = forms.CharField(
        label="Name", max_length=120, help_text="As it will stand in every record."
    )
    kind = forms.ChoiceField(label="What it is", choices=AgentKind.choices)
    department = forms.ModelChoiceField(
        label="Department",
        queryset=Department.objects.none(),
        required=False,
        empty_label="No department",
    )
    model_name = forms.CharField(
        label="AI model",
        max_length=120,
        required=False,
        help_text="The model it runs on, as its maker calls it.",
    )

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        offer_departments(self.fields["department"])


class KeyForm(forms.Form):
    label = forms.CharField(
        label="Where it will be used",
        max_length=80,
        required=False,
        help_text="So that you know later which key to revoke.",
    )
    scopes = forms.MultipleChoiceField(
        label="What it may do",
        choices=[(scope, f"{scope}: {SCOPE_MEANINGS[scope]}") for scope in SCOPES],
        initial=list(DEFAULT_SCOPES),
        widget=forms.CheckboxSelectMultiple,
    )
    days = forms.ChoiceField(
        label="It expires after",
        choices=[("30", "30 days"), ("90", "90 days"), ("180", "180 days")],
        initial="180",
    )


class RotateForm(forms.Form):
    overlap = forms.ChoiceField(
        label="The old key goes on for",
        choices=[
            ("0", "no longer: revoke it at once"),
            ("1", "one hour"),
            ("24", "one day"),
            ("168", "seven days"),
        ],
        initial="24",
        help_text="Long enough to bring the new key to every place that uses the old.",
    )
    days = forms.ChoiceField(
        label="The new key expires after",
        choices=[("30", "30 days"), ("90", "90 days"), ("180", "180 days")],
        initial="180",
    )


class SponsorForm(forms.Form):
    """Who sponsors the programme; nobody means that the post is vacant."""

    person = forms.ModelChoiceField(
        Person.objects.filter(is_active=True), required=False
    )
    reason = forms.CharField(
        max_length=500, error_messages={"required": "Say why, as people will read it."}
    )
