"""Looking at what was hidden: with the right, a reason, and a record that stays."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from portal.accounts import access
from portal.accounts.actors import Actor
from portal.accounts.confirming import is_fresh
from portal.audit.operation import operation, record
from portal.core.errors import ConfirmFirst, Forbidden, Gone, Invalid
from portal.core.sealing import CannotOpen, unseal
from runs.models import Reveal, SealedText
from runs.operations.redacting import PURPOSE, bound_to
from runs.operations.redaction_rules import reason_problem
from runs.queries.redactions import hidden_in, revealers_of
from runs.rules.redacting.tokens import kind_of, words


@dataclass(frozen=True)
class Revealed:
    """An original, to be shown once."""

    text: str
    kind: str


@operation(leaves="token.revealed")
def reveal_token(
    *, actor: Actor, run_id: UUID, token: str, reason: str, now: datetime
) -> Revealed:
    """Open the original behind a token of a run, and put on record who, why and which.

    Raises NotFound, Forbidden, Invalid, ConfirmFirst, and Gone when no original is kept.
    """
    run = hidden_in(actor, run_id=run_id, token=token)
    if not access.may(actor, access.REVEAL, run.workflow_id):
        raise Forbidden(
            "Only the business owner and the risk owner may look at what is hidden.",
            code="token.not_yours",
            who_can_help=" or ".join(revealers_of(run.workflow_id))
            or "An administrator, who fills the workflow's roles.",
        )
    if problem := reason_problem(reason):
        raise Invalid({"reason": problem})
    if not is_fresh(actor.confirmed_at):
        raise ConfirmFirst(
            "What is hidden is shown to who confirmed a moment ago that it is they.",
            who_can_help="You, with your password.",
        )
    text = _original(run.workflow_id, token)
    Reveal.objects.create(
        workflow_id=run.workflow_id,
        run_id=run_id,
        token=token,
        person_id=actor.id,
        confirmed_by=actor.confirmed_by[:20],
        reason=reason.strip(),
        at=now,
    )
    record(
        "token.revealed",
        actor=actor,
        subject=("run", run_id),
        workflow_id=run.workflow_id,
        run=run.agent_run_id,
        what=words(kind_of(token)),
        token=token,
        reason=reason.strip(),
    )
    return Revealed(text, kind_of(token))


def _original(workflow_id: UUID, token: str) -> str:
    row = (
        SealedText.objects.filter(token=token, workflow_id=workflow_id)
        .order_by("sealed_at", "id")
        .first()
    )
    if row is None:
        raise Gone("token.not_kept", "The original of this was not kept, or is erased.")
    try:
        opened = unseal(
            bytes(row.sealed), purpose=PURPOSE, bound_to=bound_to(workflow_id, token)
        )
    except CannotOpen as error:
        raise Gone(
            "token.cannot_open",
            "The original cannot be opened: the key that sealed it is not in the"
            " portal's settings any more.",
            who_can_help="Whoever keeps the portal's keys.",
        ) from error
    return opened.decode("utf-8", "surrogatepass")
