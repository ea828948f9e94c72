"""The ten questions of the one page, with a short name and an example for each."""

from dataclasses import dataclass

from registry.rules import gaps

_SHORT = {
    "what_changes": "What changes",
    "who_owns": "Who owns it",
    "reads": "What it reads",
    "writes": "What it writes",
    "allowed_without_approval": "Allowed alone",
    "always_reviewed": "Always reviewed",
    "stop_rules": "Stop rules",
    "what_is_logged": "What is logged",
    "how_evaluated": "How it is evaluated",
    "who_can_pause": "Who can pause",
}
_EXAMPLES = {
    "what_changes": (
        "Refund requests for late or damaged orders. Today two people check each one by "
        "hand for two days; afterwards small, clear cases are paid within the hour."
    ),
    "who_owns": (
        "Maya Adler, head of customer care. She answers for refund cost and for how "
        "long customers wait."
    ),
    "reads": (
        "Orders and shipping, to see what was bought and when it came. Customer "
        "records, to see earlier refunds. No payment details."
    ),
    "writes": ("Billing: one refund per order. Orders: a note. Nothing else."),
    "allowed_without_approval": (
        "Refund up to EUR 25 for one order, when confidence is 0.9 or more and the "
        "records agree."
    ),
    "always_reviewed": (
        "Every refund above EUR 25, every second refund to the same customer in a "
        "month."
    ),
    "stop_rules": (
        "It stops when records conflict, when the customer speaks of a lawyer and when "
        "the reason is missing, because those are the cases we got wrong before."
    ),
    "what_is_logged": (
        "Every record that was read, each refund asked, who decided after how long, and "
        "what billing confirmed."
    ),
    "how_evaluated": (
        "Ten runs a week are read against the five questions. Refund time below two "
        "hours, fewer than one refund in a hundred taken back."
    ),
    "who_can_pause": (
        "Maya Adler and Erik Sandberg at any time; the risk owner when a pattern looks "
        "like fraud. Pausing needs a reason and no permission."
    ),
}


@dataclass(frozen=True)
class Question:
    """One question: its words, what a good answer holds, and one."""

    key: str
    text: str
    short: str
    help: str
    example: str


QUESTIONS = tuple(
    Question(
        key=question.key,
        text=question.text,
        short=_SHORT[question.key],
        help=question.help,
        example=_EXAMPLES[question.key],
    )
    for question in gaps.QUESTIONS
)
BY_KEY = {question.key: question for question in QUESTIONS}
