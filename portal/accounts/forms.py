"""What people type into the pages of accounts. Forms validate and never save."""

import zoneinfo
from typing import Any

from django import forms
from django.contrib.auth.password_validation import validate_password

from portal.accounts.models import Department, NoticeSettings, Person
from portal.accounts.notice_kind import WAY_LABELS
from portal.accounts.notice_kinds import GROUPS, KINDS, ways_for
from portal.accounts.notice_settings import Wishes
from portal.accounts.queries import TEAM_MEANINGS, TEAMS

NAME_LENGTH_MAX = 120
EMAIL_LENGTH_MAX = 200
PASSWORD_LENGTH_MAX = 200


def offer_departments(field) -> None:
    """Read the departments to choose from now, so that no template asks for them."""
    field.queryset = Department.objects.order_by("name", "id")
    field.choices = [
        ("", field.empty_label),
        *((str(each.id), each.name) for each in field.queryset),
    ]


class SignInForm(forms.Form):
    username = forms.EmailField(
        label="E-mail",
        max_length=EMAIL_LENGTH_MAX,
        widget=forms.EmailInput(attrs={"autocomplete": "username"}),
    )
    password = forms.CharField(
        label="Password",
        max_length=PASSWORD_LENGTH_MAX,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


class ConfirmForm(forms.Form):
    """The password once more, of whoever is signed in."""

    password = forms.CharField(
        label="Your password",
        max_length=PASSWORD_LENGTH_MAX,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


class PersonForm(forms.Form):
    name = forms.CharField(label="Name", max_length=NAME_LENGTH_MAX)
    email = forms.EmailField(
        label="E-mail",
        max_length=EMAIL_LENGTH_MAX,
        help_text="The address they sign in with.",
        widget=forms.EmailInput(attrs={"autocomplete": "username"}),
    )
    job_title = forms.CharField(
        label="Job title", max_length=NAME_LENGTH_MAX, required=False
    )
    department = forms.ModelChoiceField(
        label="Department",
        queryset=Department.objects.none(),
        required=False,
        empty_label="No department",
        help_text="They see the workflows of their department.",
    )
    teams = forms.MultipleChoiceField(
        label="Teams",
        required=False,
        choices=[(team, f"{team}: {TEAM_MEANINGS[team]}") for team in TEAMS],
        widget=forms.CheckboxSelectMultiple,
    )
    password = forms.CharField(
        label="First password",
        max_length=PASSWORD_LENGTH_MAX,
        strip=False,
        help_text="At least 12 characters. Tell them yourself; they can change it.",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        offer_departments(self.fields["department"])

    def clean_password(self) -> str:
        password = self.cleaned_data["password"]
        named = Person(
            name=self.cleaned_data.get("name", ""),
            email=self.cleaned_data.get("email", ""),
        )
        validate_password(password, named)
        return password


class DepartmentForm(forms.Form):
    name = forms.CharField(label="Name of the department", max_length=NAME_LENGTH_MAX)


class PasswordForm(forms.Form):
    """A new password, by somebody who knows the present one."""

    present = forms.CharField(
        label="Present password",
        max_length=PASSWORD_LENGTH_MAX,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    password = forms.CharField(
        label="New password",
        max_length=PASSWORD_LENGTH_MAX,
        strip=False,
        help_text="At least 12 characters. A sentence is easier to keep than a riddle.",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, *args, person: Person, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.person = person

    def clean_present(self) -> str:
        present = self.cleaned_data["present"]
        if not self.person.check_password(present):
            raise forms.ValidationError("This is not your present password.")
        return present

    def clean_password(self) -> str:
        password = self.cleaned_data["password"]
        validate_password(password, self.person)
        return password


class WaysForm(forms.Form):
    """How a person wants to be told: one choice a kind, the digest, quiet hours."""

    digest = forms.ChoiceField(label="Digest", choices=NoticeSettings.Digest.choices)
    digest_at = forms.TimeField(
        label="Daily digest at",
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
    )
    time_zone = forms.CharField(
        label="Your time zone",
        max_length=64,
        required=False,
        help_text="Like Europe/Berlin. Empty is the portal's.",
    )
    quiet_from = forms.TimeField(
        label="Quiet hours from",
        required=False,
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
    )
    quiet_until = forms.TimeField(
        label="Quiet hours until",
        required=False,
        help_text="No e-mail is sent in between, urgent or not. The portal goes on.",
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
    )

    def __init__(self, data: Any, *, wishes: Wishes) -> None:
        initial = {
            "digest": wishes.digest,
            "digest_at": wishes.digest_at,
            "time_zone": wishes.time_zone,
            "quiet_from": wishes.quiet_from,
            "quiet_until": wishes.quiet_until,
        }
        super().__init__(data, initial=initial)
        for kind in KINDS.values():
            self.fields[f"way_{kind.key}"] = forms.ChoiceField(
                label=kind.label,
                choices=[(way.value, WAY_LABELS[way]) for way in ways_for(kind)],
                initial=wishes.way_of(kind).value,
            )

    def clean_time_zone(self) -> str:
        name = self.cleaned_data["time_zone"].strip()
        if name and name not in zoneinfo.available_timezones():
            raise forms.ValidationError(
                "No such time zone; write it like Europe/Berlin."
            )
        return name

    def clean(self) -> dict:
        found = super().clean() or {}
        if (found.get("quiet_from") is None) != (found.get("quiet_until") is None):
            self.add_error("quiet_until", "Say when the quiet hours begin and end.")
        return found

    @property
    def chosen(self) -> dict:
        data = dict(self.cleaned_data)
        ways = {key: data.pop(f"way_{key}") for key in KINDS}
        return data | {"ways": ways}

    def groups(self) -> list[tuple[str, list]]:
        """Give the choices under the headings of the page."""
        return [
            (
                group,
                [
                    self[f"way_{kind.key}"]
                    for kind in KINDS.values()
                    if kind.group == group
                ],
            )
            for group in GROUPS
        ]


class HookForm(forms.Form):
    """An address that notices are posted to."""

    name = forms.CharField(
        label="Name", max_length=60, help_text="Like “Care team chat”."
    )
    url = forms.CharField(
        label="Address",
        max_length=500,
        help_text="An https:// address of the receiver.",
    )
    department = forms.ModelChoiceField(
        label="For",
        queryset=Department.objects.none(),
        required=False,
        empty_label="The whole organisation",
    )
    kinds = forms.MultipleChoiceField(
        label="Kinds of notices",
        choices=[(kind.key, kind.label) for kind in KINDS.values()],
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args, **more) -> None:
        super().__init__(*args, **more)
        offer_departments(self.fields["department"])
