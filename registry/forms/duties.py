"""Forms about roles and positions: a person is picked, never typed."""

from django import forms

from portal.accounts.models import Agent, Department, Person
from registry.rules.gaps import ROLES

_PICK = {"required": "Pick somebody.", "invalid_choice": "Pick somebody from the list."}


class MemberForm(forms.Form):
    """One change to who belongs to a workflow."""

    change = forms.ChoiceField(
        choices=[
            (name, name)
            for name in (
                "assign",
                "vacate",
                "add_reviewer",
                "remove_reviewer",
                "assign_agent",
                "remove_agent",
            )
        ]
    )
    role = forms.ChoiceField(choices=list(ROLES.items()), required=False)
    person = forms.ModelChoiceField(Person.objects.all(), required=False)
    agent = forms.ModelChoiceField(Agent.objects.all(), required=False)


class BelongingForm(MemberForm):
    """One change to who belongs to a workflow, or to who may pause it."""

    change = forms.ChoiceField(
        choices=[
            *MemberForm.base_fields["change"].choices,  # type: ignore[attr-defined]
            ("assign_position", "assign_position"),
            ("add_pauser", "add_pauser"),
            ("remove_pauser", "remove_pauser"),
            ("assigning", "assigning"),
        ]
    )
    position = forms.UUIDField(required=False)
    # A reviewer may be a team, a position or a role too.
    named = forms.CharField(max_length=60, required=False)
    assigning = forms.BooleanField(required=False)


class HandOverForm(forms.Form):
    """Who receives a role, from when, and what they should know."""

    receiver = forms.ModelChoiceField(
        Person.objects.filter(is_active=True), error_messages=_PICK
    )
    starts_on = forms.DateField(
        required=False, error_messages={"invalid": "Write a day, such as 2026-12-01."}
    )
    note = forms.CharField(
        max_length=500, error_messages={"required": "Say what they should know."}
    )


class PositionForm(forms.Form):
    """One change of the positions: added, filled by somebody else, or left unfilled."""

    change = forms.ChoiceField(
        choices=[(each, each) for each in ("add", "fill", "vacate")]
    )
    position = forms.UUIDField(required=False)
    name = forms.CharField(max_length=120, required=False)
    department = forms.ModelChoiceField(
        Department.objects.all(), required=False, error_messages=_PICK
    )
    person = forms.ModelChoiceField(
        Person.objects.filter(is_active=True), required=False, error_messages=_PICK
    )
    note = forms.CharField(max_length=500, required=False)
