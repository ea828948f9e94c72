"""What went wrong with an agent's last calls, in plain words, from what is stored.

Calls turned away are counted by minute and code and not kept one by one; what the
rulebook answered is kept whole.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from approvals.queries.of_agent import RuledCall, rulings_of_agent
from portal.accounts.actors import Actor
from portal.audit.queries import denials_of

LOOKS_BACK = timedelta(days=7)
SHOWN_MAX = 20

# What each code means to whoever wrote the agent, and what to do.
MEANINGS: Mapping[str, str] = {
    "key.revoked": "It sends a key that was revoked. Give it the new key.",
    "key.expired": "It sends a key that has expired. Give it a new one.",
    "key.scope": "Its key may not do this. Issue a key with the scope that it needs.",
    "unauthenticated": "It sends no valid key. Send: Authorization: Bearer cs_…",
    "not_found": "It asks about something that is not there for it: a workflow that it does"
    " not serve, another agent's action, or an address that does not exist.",
    "grant.unknown": "It redeems a token that was never issued. Send the token as it came.",
    "grant.not_yours": "It redeems a grant that another agent was given.",
    "malformed": "Its body cannot be read as strict JSON, or a number, key or text in it"
    " is not allowed.",
    "invalid": "Fields of its body are missing, wrong or not known. The answer's “fields”"
    " names them.",
    "unsupported_media": "Its body is not sent as application/json.",
    "too_large": "Its body is larger than is read here. Send less, or in more batches.",
    "rate_limited": "It calls too often. Wait as long as Retry-After says.",
    "idempotency.key_missing": "It sends no Idempotency-Key. Send one for each new request.",
    "idempotency.key_invalid": "Its Idempotency-Key is longer than 255 characters or not"
    " printable.",
    "idempotency.key_reused": "It sends a key again with another body. A new request needs"
    " a new key.",
    "idempotency.in_progress": "It repeats a request that still runs. Wait, then repeat it.",
    "grant.redeemed": "It redeems a grant twice. A grant is used once.",
    "grant.revoked": "It redeems a grant that was revoked.",
    "grant.stale": "The authority changed after the grant. Ask again, with a new key.",
    "digest.mismatch": "It sends another digest than the one it was granted. Send"
    " action_digest as it came.",
    "grant.not_yet": "It redeems before not_before. Wait, then try with a new"
    " Idempotency-Key: a refusal is kept under its key.",
    "grant.expired": "It redeems too late. Ask again.",
    "workflow.paused": "The workflow is paused; nothing runs until it is resumed.",
    "run.on_hold": "A stop rule holds the run; its escalation owner can resume it.",
    "agent.inactive": "The agent is switched off.",
    "agent.removed": "The agent no longer serves this workflow.",
}
_BY_STATUS = {
    "http.404": MEANINGS["not_found"],
    "http.405": "It uses a method that this address does not know.",
    "http.429": MEANINGS["rate_limited"],
}


@dataclass(frozen=True)
class TurnedAway:
    """Calls that did not get as far as the rulebook: one line per code and minute."""

    at: datetime
    code: str
    meaning: str
    path: str
    count: int


@dataclass(frozen=True)
class Diagnosis:
    turned_away: tuple[TurnedAway, ...]
    rulings: tuple[RuledCall, ...]

    @property
    def is_empty(self) -> bool:
        return not (self.turned_away or self.rulings)


def diagnosis_for(
    *, actor: Actor, agent_id: UUID, may_manage: bool, now: datetime
) -> Diagnosis:
    """Give an agent's last calls with what was wrong. At most three queries.

    Addresses that it knocked at are for those who look after it: one may name a
    workflow that others may not see.
    """
    return Diagnosis(
        turned_away=_turned_away(agent_id, now) if may_manage else (),
        rulings=rulings_of_agent(actor=actor, agent_id=agent_id),
    )


def meaning_of(code: str) -> str:
    """Say what a code means and what to do; an unknown one stays with its code."""
    told = MEANINGS.get(code) or _BY_STATUS.get(code)
    return told or "The answer's “detail” says what was wrong."


def _turned_away(agent_id: UUID, now: datetime) -> tuple[TurnedAway, ...]:
    found = denials_of(
        principal=f"agent:{agent_id}", since=now - LOOKS_BACK, at_most=SHOWN_MAX
    )
    return tuple(
        TurnedAway(each.at, each.code, meaning_of(each.code), each.path, each.count)
        for each in found
    )
