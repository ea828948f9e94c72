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
