"""One run of a story: what its agent tells and asks, what people decide, what happens.

Every method is one or two operations, as the API or a page would call them, at the time
that the clockwork says it is.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from approvals.operations.ask import Asked, ask_action
from approvals.operations.break_glass import break_glass
from approvals.operations.decide import (
    approve_proposal,
    reject_proposal,
    respond_to_proposal,
)
from approvals.operations.edit import edit_and_approve
from approvals.operations.exceptions import settle_hold
from approvals.operations.expire import expire_grant
from approvals.operations.grants import Redeemed, redeem_grant
from approvals.operations.looking import note_first_look
from approvals.operations.moves import (
    answer_question,
    ask_question,
    comment_on_proposal,
    escalate_proposal,
    open_evidence,
)
from approvals.operations.outcomes import Report, report_outcome
from approvals.queries.actions import GrantTold, action_told
from approvals.queries.envelope import Asking, action_bytes, parsed
from approvals.rules.fields import edit_fields
from portal.accounts.keys import AgentPrincipal
from portal.core import strict_json
from portal.home.demo.company import Company
from runs.operations.accepting import accept_batch
from runs.operations.batch_bytes import look_at
from runs.operations.folding import fold_batch
from runs.queries.holds import unsettled_of_run

JSON = "application/json"


@dataclass
class Scene:
    """A run that is being played."""

    company: Company
    principal: AgentPrincipal
    workflow: str
    run: str
    ledger: AgentPrincipal | None = None
    told: list[datetime] = field(default_factory=list)
    _events: list[dict[str, Any]] = field(default_factory=list)
    _number: int = 0

    @property
    def now(self) -> datetime:
        return self.told[0]

    def tell(self, kind: str, **facts: Any) -> None:
        """Keep one event for the next sending."""
        self._events.append(self._event(kind, facts))

    def start(self, trigger: str, **belongs: str) -> None:
        """Tell what set the run off, and its `case`, `case_type` and `requester`."""
        self.tell("run.started", trigger=trigger, **belongs)

    def read(self, system: str, resource: str, *fields: str) -> None:
        self.tell("data.read", system=system, resource=resource, fields=list(fields))

    def tool(
        self,
        tool: str,
        system: str,
        args: Mapping[str, Any],
        *,
        result: object = "ok",
        error: str = "",
        attempt: int = 1,
        milliseconds: int = 240,
    ) -> None:
        outcome: dict[str, Any] = {"status": "ok", "result": result}
        if error:
            outcome = {"status": "error", "error": error}
        self.tell(
            "tool.called",
            tool=tool,
            system=system,
            args=dict(args),
            attempt=attempt,
            duration_ms=milliseconds,
            **outcome,
        )

    def think(self, text: str, confidence: float | None = None) -> None:
        more = {} if confidence is None else {"confidence": str(confidence)}
        self.tell("decision.made", text=text, **more)

    def model(self, name: str, tokens_in: int, tokens_out: int, cost: str) -> None:
        self.tell(
            "model.called",
            model=name,
            input_tokens=tokens_in,
            output_tokens=tokens_out,
            cost={"value": cost, "currency": "EUR"},
        )

    def finish(
        self, summary: str, *, status: str = "completed", units: int = 1
    ) -> None:
        self.tell("run.finished", status=status, summary=summary, units=units)
        self.flush()

    def flush(self) -> None:
        """Send what was told and let it be folded at once."""
        if not self._events:
            return
        self._send(self.principal, self._events)
        self._events = []

    def confirm(self, resource: str, name: str, after: str, grant: UUID) -> None:
        """Let the system of record confirm a change that was made under a grant."""
        if self.ledger is None:
            return
        change = {
            "system": "billing",
            "resource": resource,
            "field": name,
            "after": after,
            "grant": str(grant),
        }
        self._send(self.ledger, [self._event("change.made", change)])

    def ask(self, body: Mapping[str, Any]) -> Asked:
        """Ask for leave, after sending what was told so far."""
        self.flush()
        whole = {"workflow": self.workflow, "run": self.run, **body}
        raw = json.dumps(whole, ensure_ascii=False).encode()
        asking = Asking(
            workflow=self.workflow,
            run=self.run,
            raw=raw,
            action=action_bytes(raw),
            body=strict_json.parse_object(raw),
        )
        return ask_action(principal=self.principal, asking=asking, now=self.now)

    def approve(self, asked: Asked, who: str, message: str = "") -> object:
        return approve_proposal(
            actor=self.company.confirmed(who, self.now),
            proposal_id=proposal_of(asked),
            digest=asked.action_request.digest,
            message=message,
            now=self.now,
        )

    def break_glass(self, asked: Asked, who: str, why: str) -> object:
        return break_glass(
            actor=self.company.confirmed(who, self.now),
            proposal_id=proposal_of(asked),
            digest=asked.action_request.digest,
            why=why,
            now=self.now,
        )

    def edit(
        self, asked: Asked, who: str, edits: Mapping[str, str], message: str
    ) -> object:
        """Change arguments, named by their paths, and approve what comes out."""
        args = cast(
            Mapping[str, object], parsed(bytes(asked.action_request.action))["args"]
        )
        names = {field.path: field.name for field in edit_fields(args, None)}
        return edit_and_approve(
            actor=self.company.confirmed(who, self.now),
            proposal_id=proposal_of(asked),
            digest=asked.action_request.digest,
            edits={names[path]: value for path, value in edits.items()},
            message=message,
            now=self.now,
        )

    def reject(self, asked: Asked, who: str, reason_code: str, message: str) -> None:
        reject_proposal(
            actor=self.company.actor(who),
            proposal_id=proposal_of(asked),
            digest=asked.action_request.digest,
            reason_code=reason_code,
            message=message,
            now=self.now,
        )

    def respond(self, asked: Asked, who: str, message: str) -> None:
        respond_to_proposal(
            actor=self.company.actor(who),
            proposal_id=proposal_of(asked),
            digest=asked.action_request.digest,
            message=message,
            now=self.now,
        )

    def question(self, asked: Asked, who: str, message: str) -> None:
        ask_question(
            actor=self.company.actor(who),
            proposal_id=proposal_of(asked),
            message=message,
            now=self.now,
        )

    def answer(self, asked: Asked, message: str) -> None:
        answer_question(
            actor=self.principal.actor,
            action_id=asked.action_request.id,
            message=message,
            evidence=[],
            now=self.now,
        )

    def escalate(self, asked: Asked, who: str, reason: str) -> None:
        escalate_proposal(
            actor=self.company.actor(who),
            proposal_id=proposal_of(asked),
            reason=reason,
            now=self.now,
        )

    def comment(self, asked: Asked, who: str, message: str) -> None:
        comment_on_proposal(
            actor=self.company.actor(who),
            proposal_id=proposal_of(asked),
            message=message,
            now=self.now,
        )

    def look(self, asked: Asked, who: str, positions: Sequence[int] = (0,)) -> None:
        """Let somebody see the card for the first time, and open evidence."""
        self.see(asked, who)
        for position in positions:
            open_evidence(
                actor=self.company.actor(who),
                proposal_id=proposal_of(asked),
                position=position,
                now=self.now,
            )

    def see(self, asked: Asked, who: str) -> None:
        """Let somebody see the card for the first time."""
        note_first_look(
            actor=self.company.actor(who),
            proposal_id=proposal_of(asked),
            now=self.now,
        )

    def settle(
        self, asked: Asked, who: str, reason: str, *, ends: str = "RESUMED", code: str
    ) -> None:
        """Settle what holds the run of a request."""
        hold_id, _, _ = unsettled_of_run(run_id=asked.action_request.run_id)[0]
        settle_hold(
            actor=self.company.actor(who),
            hold_id=hold_id,
            disposition=ends,
            reason_code=code,
            text=reason,
            now=self.now,
        )

    def redeem(self, asked: Asked) -> GrantTold | None:
        """Use the grant of a request, if there is one."""
        told = action_told(
            agent_id=self.principal.agent_id, action_id=asked.action_request.id
        )
        if told.grant is None:
            return None
        done = redeem_grant(
            actor=self.principal.actor,
            key_id=self.principal.key_id,
            token=told.grant.token,
            action_digest=told.resolved_digest or told.digest,
        )
        return told.grant if isinstance(done, Redeemed) else None

    def grant_of(self, asked: Asked) -> GrantTold | None:
        """Say what the agent is told it was granted; of what ran out, nothing."""
        return action_told(
            agent_id=self.principal.agent_id, action_id=asked.action_request.id
        ).grant

    def let_run_out(self, grant: GrantTold) -> None:
        """Do what the sweep does with a grant that nobody used in time."""
        expire_grant(grant_id=grant.id, now=self.now)

    def report(
        self,
        asked: Asked,
        *,
        status: str = "SUCCEEDED",
        detail: str = "",
        reference: str = "",
        changes: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        report_outcome(
            actor=self.principal.actor,
            action_id=asked.action_request.id,
            report=Report(
                status=status,
                detail=detail,
                external_ref=reference,
                changes=tuple(dict(change) for change in changes),
            ),
            now=self.now,
        )

    def _event(self, kind: str, facts: Mapping[str, Any]) -> dict[str, Any]:
        self._number += 1
        return {
            "id": f"{self.run}/{self._number}",
            "workflow": self.workflow,
            "run": self.run,
            "at": self.now.isoformat(),
            "kind": kind,
            **facts,
        }

    def _send(self, principal: AgentPrincipal, events: list[dict[str, Any]]) -> None:
        raw = json.dumps({"events": events}, ensure_ascii=False).encode()
        looked = look_at(
            raw,
            form="NATIVE",
            content_type=JSON,
            is_system_of_record=principal is self.ledger,
            now=self.now,
        )
        if looked.rejected:
            raise ValueError(f"the demo tells what is not taken: {looked.rejected}")
        accepted = accept_batch(
            principal=principal,
            raw=raw,
            form="NATIVE",
            content_type=JSON,
            looked=looked,
            now=self.now,
        )
        fold_batch(batch_id=accepted.batch_id, now=self.now)


def proposal_of(asked: Asked) -> UUID:
    """Give the proposal that people see; a story that expects one has one."""
    if asked.proposal is None:
        raise ValueError("the story expects people, and the rulebook asked none")
    return asked.proposal.id
