"""Forms of the catalogue: systems and what they hold."""

from django import forms

from registry.queries.catalogue import MARK_LENGTH
from registry.rules.data import DATA_CLASSES


class SystemForm(forms.Form):
    slug = forms.SlugField(max_length=60)
    name = forms.CharField(max_length=120)
    description = forms.CharField(max_length=300, required=False)
    is_approved = forms.BooleanField(required=False)
    data_classes = forms.MultipleChoiceField(
        choices=list(DATA_CLASSES.items()), required=False
    )


class CatalogueChangeForm(forms.Form):
    change = forms.ChoiceField(
        choices=[
            (name, name) for name in ("add", "approve", "withdraw", "data", "component")
        ]
    )
    system = forms.UUIDField(required=False)
    data_classes = forms.MultipleChoiceField(
        choices=list(DATA_CLASSES.items()), required=False
    )
    owner = forms.UUIDField(required=False)
    capability = forms.CharField(max_length=60, required=False)
    is_reference = forms.BooleanField(required=False)
    # The mark of what was read on the page that this was sent from.
    was = forms.CharField(max_length=MARK_LENGTH, required=False)
