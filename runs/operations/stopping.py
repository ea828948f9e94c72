"""Runs that a stop rule stops are held in the transaction that learnt of it."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from uuid import UUID

from portal.accounts.actors import SYSTEM
from portal.audit.operation import step
from registry.queries.rulebooks import RulebookInForce
from runs.models import Run
from runs.operations.moments import hold_run
from runs.queries.facts import tool_calls
from runs.rules import stopping
from runs.rules.events import Event


@step
def hold_hits(
    runs: Mapping[UUID, Run],
    fresh: Mapping[UUID, list[Event]],
    books: Iterable[RulebookInForce],
    now: datetime,
) -> list[UUID]:
    """Hold the runs that the rules of their workflow stop; say which are held anew."""
    rules = {
        book.workflow_id: book.rulebook.stop_rules
        for book in books
        if book.rulebook is not None
    }
    held: list[UUID] = []
    for run_id in sorted(fresh):
        run = runs[run_id]
        of_run = rules.get(run.workflow_id, ())
        if not any(rule.effect == "hold" for rule in of_run):
            continue
        calls = tool_calls(run_id) if run.fold.get("tool_errors") else ()
        for hit in stopping.hits(rules=of_run, events=fresh[run_id], calls=calls):
            is_new = hold_run(
                run_id=run_id,
                rule_key=hit.rule_key,
                sentence=hit.sentence,
                actor=SYSTEM,
                now=now,
            )
            if is_new:
                held.append(run_id)
    return held
