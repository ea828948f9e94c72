"""The closed list of journal entries: each name with its sentence.

`{actor}` is who did it; the other fields come from the facts that `record` is given,
and a missing one is shown as "…". A name that nothing records, and a record whose
name is not here, fail a test.
"""

SENTENCES: dict[str, str] = {
    # people, agents and keys
    "person.created": "{actor} added {person}.",
    "person.changed": "{actor} changed {person}: {what}.",
    "person.deactivated": "{actor} deactivated {person}; every session ended.",
    "person.signed_in": "{actor} signed in.",
    "person.signed_out": "{actor} signed out.",
    "department.created": "{actor} added the department {department}.",
    "agent.created": "{actor} registered the agent {agent}.",
    "agent.changed": "{actor} changed the agent {agent}: {what}.",
    "agent.key_issued": "{actor} issued a key for {agent}, ending in {hint}.",
    "agent.key_rotated": "{actor} put a key of {agent} ending in {new_hint} in the place of the one ending in {hint}.",
    "agent.key_revoked": "{actor} revoked the key of {agent} ending in {hint}.",
    "catalogue.system_changed": "{actor} changed the system {system}: {what}.",
    "catalogue.system_retired": "{actor} retired the system {system}: {reason}",
    "catalogue.model_retired": "{actor} retired the AI model {model}: {reason}",
    "catalogue.model_changed": "{actor} changed the model {model}: {what}.",
    "ceiling.changed": "{actor} changed a ceiling at {level} level: {sentence}",
    # workflows
    "workflow.registered": "{actor} registered the workflow {workflow}.",
    "workflow.draft_saved": "{actor} changed the draft of {workflow}: {what}.",
    "workflow.draft_discarded": "{actor} discarded the draft of {workflow}.",
    "workflow.version_submitted": "{actor} submitted version {version} of {workflow} for signature.",
    "workflow.version_withdrawn": "{actor} took version {version} of {workflow} back; its signatures are void.",
    "workflow.packet_signed": "{actor} signed version {version} of {workflow} as {role}.",
    "workflow.evidence_attached": "{actor} attached a backtest to version {version} of {workflow}: {summary} Signatures withdrawn: {withdrawn}.",
    "workflow.packet_changed": "{actor} changed who holds the roles of {workflow} while version {version} was up for signature. Signatures withdrawn: {withdrawn}.",
    "workflow.signature_withdrawn": "{actor} withdrew the signature on version {version} of {workflow}.",
    "workflow.version_launched": "{actor} put version {version} of {workflow} live ({label}).",
    "workflow.rolled_back": "{actor} took {workflow} back to version {version}: {reason}",
    "workflow.paused": "{actor} paused {workflow}: {reason}",
    "workflow.resumed": "{actor} resumed {workflow}: {reason}",
    "workflow.role_assigned": "{actor} made {person} the {role} of {workflow}.",
    "workflow.role_vacated": "{actor} left the role {role} of {workflow} vacant.",
    "workflow.role_offered": "{actor} offered the role {role} of {workflow} to {person}, {when}: {note}",
    "workflow.role_accepted": "{actor} accepted the role {role} of {workflow}.",
    "workflow.role_declined": "{actor} declined the role {role} of {workflow}. {note}",
    "workflow.role_offer_withdrawn": "The role {role} of {workflow} was not handed to {person}. {note}",
    "workflow.pauser_added": "{actor} let {person} pause {workflow}.",
    "workflow.pauser_removed": "{actor} took the right to pause {workflow} from {person}.",
    "workflow.stage_begun": "{actor} resumed {workflow} in a stage until {until}. {sentence}",
    "workflow.stage_ended": "The staged resume of {workflow} is over: {how}.",
    "position.added": "{actor} added the position {position}, filled by {person}.",
    "position.filled": "{actor} let {person} fill the position {position} after {former}: {note}",
    "position.vacated": "{actor} left the position {position} unfilled after {former}: {note}",
    "workflow.reviewer_added": "{actor} made {person} a reviewer of {workflow}.",
    "workflow.reviewer_removed": "{actor} removed {person} as a reviewer of {workflow}.",
    "workflow.agent_assigned": "{actor} let the agent {agent} serve {workflow}.",
    "workflow.agent_removed": "{actor} took the agent {agent} off {workflow}.",
    "registry.exported": "{actor} exported {count} {what} of the registry.",
    "view.saved": "{actor} saved the view {view} of the registry list.",
    "view.changed": "{actor} changed the view {view} of the registry list: {what}.",
    "view.removed": "{actor} removed the view {view} of the registry list.",
    "workflow.withdrawn": "{actor} withdrew {workflow}, which nobody had changed: {reason}.",
    # inventories
    "inventory.uploaded": "{actor} uploaded the inventory {file}, {rows} rows.",
    "inventory.checked": "{actor} checked {file}: {ready} rows would be registered, {others} not.",
    "inventory.asked": "{actor} asked to register {ready} workflows from {file}.",
    "inventory.applied": "{actor} registered {made} workflows from {file}; {others} rows were not registered.",
    "inventory.failed": "Nothing was registered from {file}: {reason}",
    "inventory.undone": "{actor} took back {undone} workflows from {file}; {kept} stay.",
    "inventory.discarded": "{actor} discarded the inventory {file}; nothing had been registered from it.",
    # rulings, proposals, grants
    "action.ruled": "{actor} asked to {headline} The rulebook answered {answer}.",
    "action.withdrawn": "{actor} withdrew: {headline}",
    "proposal.decided": "{actor} decided {verdict}: {headline}",
    "proposal.edited": "{actor} edited and approved: {headline}",
    "proposal.vote_counted": "{actor} approved, {votes} of {quorum}: {headline}",
    "proposal.question_asked": "{actor} asked the agent about: {headline}",
    "proposal.question_answered": "{actor} answered a question about: {headline}",
    "proposal.escalated": "{actor} escalated: {headline} {reason}",
    "proposal.claimed": "{actor} took on: {headline}",
    "proposal.commented": "{actor} commented on: {headline}",
    "proposal.expired": "Nobody decided in time, so {resolution}: {headline}",
    "proposal.undone": "{actor} took the approval back: {headline}",
    "evidence.opened": "{actor} opened evidence for: {headline}",
    "grant.issued": "{actor} was granted: {headline}",
    "grant.redeemed": "{actor} redeemed the grant for: {headline}",
    "grant.refused": "{actor} could not redeem a grant: {reason}.",
    "grant.revoked": "{actor} revoked the grant for: {headline}",
    "grant.expired": "The grant ran out unused: {headline}",
    "outcome.reported": "{actor} reported {status}: {headline}",
    # runs and reviews
    "run.batch_accepted": "{actor} sent {count} run events.",
    "run.batch_folded": "{accepted} run events were folded, {duplicate} repeated, {rejected} refused.",
    "run.batch_buried": "A batch of run events could not be read: {reason}",
    "run.batch_redriven": "{actor} sent {count} buried batches through again.",
    "run.held": "{actor} put run {run} on hold: {sentence}",
    "run.resumed": "{actor} let run {run} go on: {reason}",
    "run.flagged": "{actor} flagged run {run} for the weekly review.",
    "run.tallies_rebuilt": "{actor} counted {count} tallies anew; {wrong} were wrong.",
    "review.week_opened": "{actor} opened the week of {week} with {count} runs to read.",
    "review.reserved": "{actor} took run {run} to read.",
    "review.begun": "{actor} began to review run {run}.",
    "review.saved": "{actor} reviewed run {run}.",
    "review.finding_added": "{actor} added a finding: {text}",
    "review.finding_closed": "{actor} closed a finding: {text}",
    "review.week_signed": "{actor} signed off the week of {week}.",
    # the portal itself
    "portal.demo_loaded": "{actor} loaded the demo company.",
    "portal.replay_finished": "{actor} replayed {count} recorded conversations as {workflow}.",
    "journal.exported": "{actor} exported {count} journal entries.",
}


class _Gaps(dict):
    def __missing__(self, key: str) -> str:
        return "…"


def sentence_for(name: str, actor_name: str, facts: dict[str, object]) -> str:
    """Write the sentence of an entry. Raises KeyError for a name outside the list."""
    return SENTENCES[name].format_map(_Gaps(facts, actor=actor_name))[:500]
