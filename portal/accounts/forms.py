"""What people type into the pages of accounts. Forms validate and never save."""

from django import forms
from django.contrib.auth.password_validation import validate_password

from portal.accounts.models import Department, Person
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
