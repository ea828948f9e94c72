"""Forms of training: a course, what a duty needs, a completion, a file."""

from django import forms

from registry.queries.training import DUTIES, MONTHS_MAX, TIERS


class CourseForm(forms.Form):
    name = forms.CharField(max_length=120)
    tier = forms.ChoiceField(choices=TIERS)
    months_valid = forms.IntegerField(required=False, min_value=1, max_value=MONTHS_MAX)
    about = forms.CharField(max_length=300, required=False)


class NeedsForm(forms.Form):
    duty = forms.ChoiceField(choices=DUTIES)
    tiers = forms.MultipleChoiceField(choices=TIERS, required=False)
    courses = forms.TypedMultipleChoiceField(required=False)

    def __init__(self, *args, courses: tuple[tuple[str, str], ...] = (), **more):
        super().__init__(*args, **more)
        self.fields["courses"].choices = courses  # type: ignore[attr-defined]


class RetireCourseForm(forms.Form):
    course = forms.UUIDField()


class CompletionForm(forms.Form):
    person = forms.UUIDField()
    course = forms.UUIDField()
    completed_on = forms.DateField(input_formats=["%Y-%m-%d"])
    note = forms.CharField(max_length=300, required=False)
