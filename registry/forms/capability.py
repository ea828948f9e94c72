"""Forms of requests for more: they validate and never save."""

from django import forms

from registry.operations.asking_more import DAYS_MAX, TEXT_MAX


class AskForm(forms.Form):
    """What a team asks for."""

    kind = forms.ChoiceField(
        choices=[
            ("waiver", "To pass a ceiling"),
            ("system", "To be let into a system"),
            ("model", "To use an AI model"),
            ("tool", "To use a retired tool again"),
        ]
    )
    ceiling_id = forms.UUIDField(
        required=False, error_messages={"invalid": "Choose from the list."}
    )
    system = forms.CharField(max_length=60, required=False)
    other_system = forms.CharField(max_length=60, required=False)
    verb = forms.CharField(max_length=40, required=False)
    ai_model = forms.CharField(max_length=120, required=False)
    tool = forms.UUIDField(
        required=False, error_messages={"invalid": "Choose from the list."}
    )
    amount_max = forms.DecimalField(
        required=False,
        min_value=0,
        max_digits=18,
        decimal_places=2,
        error_messages={"invalid": "Write digits and a point, such as 1000.00."},
    )
    currency = forms.CharField(max_length=3, required=False)
    days = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=DAYS_MAX,
        error_messages={"invalid": "Write a whole number of days, such as 30."},
    )
    why = forms.CharField(max_length=TEXT_MAX)


class AnswerForm(forms.Form):
    """How a request is answered; an approval may give less than was asked."""

    change = forms.ChoiceField(
        choices=[(name, name) for name in ("approve", "reject", "withdraw", "end")]
    )
    answer = forms.CharField(max_length=TEXT_MAX, required=False)
    days = forms.IntegerField(required=False, min_value=1, max_value=DAYS_MAX)
    amount_max = forms.DecimalField(
        required=False,
        min_value=0,
        max_digits=18,
        decimal_places=2,
        error_messages={"invalid": "Write digits and a point, such as 1000.00."},
    )
    alone = forms.BooleanField(required=False)
