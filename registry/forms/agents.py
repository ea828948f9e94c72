"""Forms about the agents of a workflow; they validate and never save."""

from django import forms

from portal.accounts.models import Agent, AgentKind, Person


class AgentPickForm(forms.Form):
    agent = forms.ModelChoiceField(Agent.objects.filter(is_active=True))


class NewAgentForm(forms.Form):
    name = forms.CharField(label="Name", max_length=120)
    operator = forms.ModelChoiceField(
        Person.objects.filter(is_active=True), label="Operator"
    )
    model_name = forms.CharField(label="AI model", max_length=120, required=False)
    kind = forms.ChoiceField(label="What it is", choices=AgentKind.choices)


class ModelForm(forms.Form):
    """A new AI model of the catalogue."""

    name = forms.CharField(label="Name", max_length=120)
    slug = forms.RegexField(
        r"^[A-Za-z0-9][A-Za-z0-9._:/-]*$",
        label="Name in requests",
        max_length=120,
        error_messages={
            "invalid": "Letters, digits, and . _ : / - only, such as gpt-5."
        },
    )
    is_approved = forms.BooleanField(label="Agents may run on it", required=False)


class ModelOwnerForm(forms.Form):
    model = forms.UUIDField()
    owner = forms.UUIDField(required=False)
    was = forms.CharField(required=False, max_length=40)


class ModelChangeForm(forms.Form):
    slug = forms.CharField(max_length=120)
    is_approved = forms.TypedChoiceField(
        choices=[("yes", "yes"), ("no", "no")], coerce=lambda word: word == "yes"
    )
