"""Forms of ceilings and decision rights: they validate and never save."""

from typing import Any
from uuid import UUID

from django import forms

from portal.accounts.models import Department, Person, Team
from registry.queries.ceiling_reach import CeilingSaid
from registry.queries.ceilings import names_to_pick
from registry.rules.data import DATA_CLASSES
from registry.rules.rights import KINDS
from registry.rules.verbs import VERBS, Tier

_PICK = {"invalid_choice": "Pick from the list.", "required": "Pick from the list."}


class PlaceField(forms.CharField):
    """Where something holds: `enterprise`, `department:<id>` or `team:<id>`."""

    def clean(self, value: str) -> tuple[str, Department | None, Team | None]:
        kind, _, identity = (super().clean(value) or "").partition(":")
        if kind == "enterprise" and not identity:
            return "enterprise", None, None
        try:
            wanted = UUID(identity)
        except ValueError:
            raise forms.ValidationError("Pick from the list.") from None
        if kind == "department":
            department = Department.objects.filter(id=wanted).first()
            if department is not None:
                return "department", department, None
        if kind == "team":
            team = Team.objects.select_related("department").filter(id=wanted).first()
            if team is not None:
                return "team", team.department, team
        raise forms.ValidationError("Pick from the list.")


class CeilingForm(forms.Form):
    """A limit above workflows, as it is previewed and then set."""

    where = PlaceField(max_length=60, error_messages=_PICK)
    name = forms.CharField(max_length=120)
    sentence = forms.CharField(max_length=300)
    authority = forms.ChoiceField(choices=[("review", "review"), ("never", "never")])
    tiers = forms.MultipleChoiceField(
        choices=[(tier.value, tier.value.capitalize()) for tier in Tier], required=False
    )
    verbs = forms.MultipleChoiceField(
        choices=[(verb.slug, verb.label) for verb in VERBS.values()], required=False
    )
    systems = forms.MultipleChoiceField(required=False)
    ai_models = forms.MultipleChoiceField(required=False)
    data_classes = forms.MultipleChoiceField(
        choices=list(DATA_CLASSES.items()), required=False
    )
    amount_max = forms.DecimalField(
        required=False,
        min_value=0,
        max_digits=18,
        decimal_places=2,
        error_messages={"invalid": "Write digits and a point, such as 1000.00."},
    )
    currency = forms.RegexField(
        r"^[A-Z]{3}$",
        required=False,
        error_messages={"invalid": "Write three capital letters, such as EUR."},
    )
    accepted_because = forms.CharField(max_length=300, required=False)
    because = forms.CharField(max_length=280, required=False)

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        systems, models = names_to_pick()
        self.fields["systems"].choices = systems  # type: ignore[attr-defined]
        self.fields["ai_models"].choices = models  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        said = dict(super().clean() or {})
        if said.get("amount_max") is not None and not said.get("currency"):
            self.add_error("currency", "Say in which currency the amount is.")
        return said

    def parts(self) -> dict[str, Any]:
        """Give what the operation takes, of a form that is valid."""
        said = dict(self.cleaned_data)
        level, department, team = said.pop("where")
        said.pop("because")
        return said | {"level": level, "department": department, "team": team}

    def said(self) -> CeilingSaid:
        return CeilingSaid(**self.parts())


class RightForm(forms.Form):
    """Who holds one kind of decision at one level."""

    kind = forms.ChoiceField(choices=[(key, kind.label) for key, kind in KINDS.items()])
    where = PlaceField(max_length=60, error_messages=_PICK)
    holder = forms.CharField(max_length=60)

    def clean_holder(self) -> tuple[Person | None, UUID | None]:
        """Give the person, or the id of the position."""
        kind, _, identity = self.cleaned_data["holder"].partition(":")
        try:
            wanted = UUID(identity)
        except ValueError:
            raise forms.ValidationError("Pick a person or a position.") from None
        if kind == "position":
            return None, wanted
        found = Person.objects.filter(id=wanted).first()
        if kind != "person" or found is None:
            raise forms.ValidationError("Pick a person or a position.")
        return found, None
