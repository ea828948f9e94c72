"""The sentence of a notice, made of its kind and of names alone."""

from portal.accounts.notice_kind import Kind

OUTCOMES = {
    "APPROVED": "was approved",
    "REJECTED": "was rejected",
    "EDITED": "was edited and approved",
    "RESPONDED": "was answered by a person",
    "EXPIRED": "ran out of time",
    "WITHDRAWN": "was withdrawn by the agent",
    "accepted": "agreed",
    "declined": "declined",
}


def sentence_of(kind: Kind, *, workflow: str, by: str, outcome: str, count: int) -> str:
    """Make the sentence of a notice, or of many that became one line."""
    template = kind.many if count > 1 and kind.many else kind.sentence
    return template.format(
        workflow=workflow or "Countersign",
        by=by or "Countersign",
        outcome=OUTCOMES.get(outcome, "is over"),
        count=f"{count:,}",
    )
