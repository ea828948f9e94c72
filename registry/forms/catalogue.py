"""Forms of the catalogue: systems and ceilings."""

from typing import Any

from django import forms

from portal.accounts.models import Department
from registry.rules.verbs import VERBS, Tier


class SystemForm(forms.Form):
    slug = forms.SlugField(max_length=60)
    name = forms.CharField(max_length=120)
    description = forms.CharField(max_length=300, required=False)
    is_approved = forms.BooleanField(required=False)


class CeilingForm(forms.Form):
    """A limit above workflows. Without a department it is the enterprise's."""

    department = forms.ModelChoiceField(Department.objects.all(), required=False)
    name = forms.CharField(max_length=120)
    sentence = forms.CharField(max_length=300)
    authority = forms.ChoiceField(choices=[("review", "review"), ("never", "never")])
    verbs = forms.MultipleChoiceField(
        choices=[(verb.slug, verb.label) for verb in VERBS.values()], required=False
    )
    tiers = forms.MultipleChoiceField(
        choices=[(tier.value, tier.value) for tier in Tier], required=False
    )
    amount_max = forms.DecimalField(
        required=False, min_value=0, max_digits=18, decimal_places=2
    )
    currency = forms.RegexField(r"^[A-Z]{3}$", required=False)

    def clean(self) -> dict[str, Any]:
        said = dict(super().clean() or {})
        said["level"] = "department" if said.get("department") else "enterprise"
        return said


class CatalogueChangeForm(forms.Form):
    change = forms.ChoiceField(
        choices=[
            (name, name) for name in ("add", "approve", "withdraw", "limit", "lift")
        ]
    )
    system = forms.UUIDField(required=False)
    ceiling = forms.UUIDField(required=False)
