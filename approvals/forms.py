"""What people may send when they decide or move a proposal. Validates; never saves."""

import re

from django import forms

from approvals.operations.decide import MESSAGE_LENGTH_MAX
from approvals.rules.reasons import REASON_CODES

DIGEST_PATTERN = re.compile(r"sha256:[0-9a-f]{64}")


class DigestForm(forms.Form):
    """Every decision carries the digest of what its page showed."""

    digest = forms.RegexField(r"^sha256:[0-9a-f]{64}$", widget=forms.HiddenInput)


class ApproveForm(DigestForm):
    message = forms.CharField(
        label="A note for the record",
        max_length=MESSAGE_LENGTH_MAX,
        required=False,
        widget=forms.Textarea,
    )


class RejectForm(DigestForm):
    reason_code = forms.ChoiceField(
        label="Why",
        choices=list(REASON_CODES.items()),
        widget=forms.RadioSelect,
        error_messages={"required": "Choose why."},
    )
    message = forms.CharField(
        label="In your own words",
        help_text="The agent is told this.",
        max_length=MESSAGE_LENGTH_MAX,
        required=False,
        widget=forms.Textarea,
    )


class RespondForm(DigestForm):
    message = forms.CharField(
        label="What the agent is told instead",
        help_text="Nothing runs. The agent gets these words as the answer.",
        max_length=MESSAGE_LENGTH_MAX,
        widget=forms.Textarea,
    )


class MessageForm(forms.Form):
    """One text: a question, a reason to escalate, a comment."""

    message = forms.CharField(
        label="Message", max_length=MESSAGE_LENGTH_MAX, widget=forms.Textarea
    )
