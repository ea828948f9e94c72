"""The five maturity phases: what each is for, what it controls, and what it never grants.

A phase is a control profile, not a rung of power (settled question 14). A workflow goes up
one step at a time, through a gate, and is taken back at once. The database holds each grant
to `never_granted` as well: `approvals/migrations/0019_grants_obey_their_phase` and 0020.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from registry.rules.answers import Authority
from registry.rules.rulebook import ActionGroup, Ceiling, Level
from registry.rules.verbs import CONVERSATION, Tier, verbs_of_tier

FIRST, LAST = 1, 5
TALKS, GROUPED = 2, 4
EMOTIONS = frozenset({"ambiguity", "emotion", "distress", "complaint"})


@dataclass(frozen=True)
class Phase:
    """One phase, in the words that people read and in the ceilings that hold."""

    number: int
    name: str
    short: str
    purpose: str
    capability: str
    example: str
    controls: tuple[str, ...]
    risk_profile: str
    never_granted: tuple[str, ...]
    ceilings: tuple[Ceiling, ...] = ()
    # Those that hold as well where the page's technique is not one of fixed steps.
    ceilings_on_reasoning: tuple[Ceiling, ...] = ()

    def ceilings_for(self, *, is_fixed: bool) -> tuple[Ceiling, ...]:
        """Return the ceilings over a page whose technique is one of fixed steps, or not."""
        return self.ceilings if is_fixed else self.ceilings + self.ceilings_on_reasoning


def _ceiling(
    sentence: str,
    tiers: tuple[str, ...],
    authority: Authority,
    verbs: tuple[str, ...] = (),
) -> Ceiling:
    return Ceiling(
        Level.PHASE, "phase", (), verbs, tiers, authority, None, None, sentence
    )


_BEYOND_TALK = tuple(
    verb.slug for verb in verbs_of_tier(Tier.CHANGE) if verb.slug not in CONVERSATION
)
_PHASES = (
    Phase(
        1,
        "Operational efficiency",
        "fixed steps and no AI, a person decides every change",
        "Reduce the cost of digital labour.",
        "Deterministic automation of a workflow.",
        "IT remediation, sorting refunds, orchestrating deliveries.",
        ("Every step is on record.", "What fails is tried again, then escalated.", "A workflow whose technique is not fixed steps only reads, and so does an agent with an AI model.", "A person decides every change of a record."),
        "No reasoning and no agents: fixed steps only.",
        ("Anything that an AI model reasoned about, whoever decides it.", "A change of a record that no person decided."),
        (_ceiling("In phase 1 a person decides every change of a record.", (Tier.CHANGE,), Authority.REVIEW),),
        (_ceiling("In phase 1 nothing reasons: a workflow whose technique is not fixed steps only reads.", (Tier.PREPARE, Tier.STAGE, Tier.CHANGE), Authority.NEVER),),
    ),
    Phase(
        2,
        "Customer loyalty",
        "talks with customers, supervised beyond that",
        "Protect the brand and the trust of customers.",
        "Service by voice and by message.",
        "A voice service desk: call, case, text message.",
        ("A person takes over on ambiguity or emotion.", "A change beyond the conversation is supervised."),
        "Narrow in scope; every interaction is supervised.",
        ("Anything that writes, once the customer is upset or the case is ambiguous, unless a person decided it.", "A change beyond the conversation that no person decided."),
        (_ceiling("In phase 2 a change beyond the conversation with a customer is supervised.", (Tier.CHANGE,), Authority.REVIEW, _BEYOND_TALK),),
    ),
    Phase(
        3,
        "Decision quality",
        "advises and writes nothing",
        "Better judgement in complex situations.",
        "Analysis that supports a person's decision.",
        "Resolving escalations; an analyst's synthesis of several sources.",
        ("Nothing is executed.", "No system is written to: analysis only."),
        "Advice only.",
        ("Anything that writes, whoever decides it.",),
        (_ceiling("In phase 3 the agent advises and writes nothing.", (Tier.STAGE, Tier.CHANGE), Authority.NEVER),),
    ),
    Phase(
        4,
        "Governed autonomy",
        "acts inside its action groups",
        "Make limited action by agents safe.",
        "Agents held by the platform inside hard bounds.",
        "A service-desk agent that acts only inside permitted action groups.",
        ("Each action that writes is in a named action group.", "The matrix, its limits and the guardrails bound each of them.", "Every step is on record."),
        "Hard-bounded execution.",
        ("Anything that writes and is in none of the page's action groups, whoever decides it.",),
    ),
    Phase(
        5,
        "Enterprise adoption",
        "proposes everything, executes nothing alone",
        "Make AI a habit of every business unit.",
        "AI proposes, people approve.",
        "Proposals inside the tools that people use already.",
        ("Each action that writes is approved by a person.", "Each decision is recorded with who made it."),
        "No autonomous execution at all.",
        ("Anything that writes and that no person decided.",),
        (_ceiling("In phase 5 nothing is executed without a person.", (Tier.STAGE, Tier.CHANGE), Authority.REVIEW),),
    ),
)  # fmt: skip
PHASES: Mapping[int, Phase] = MappingProxyType({each.number: each for each in _PHASES})


def group_of(
    groups: Iterable[ActionGroup], system: str, verb: str
) -> ActionGroup | None:
    """Return the first action group that names an action, or None."""
    return next((each for each in groups if (system, verb) in each.actions), None)


def is_one_step(before: int, after: int) -> bool:
    """Return whether a move goes up by exactly one."""
    return after == before + 1 and FIRST <= before < LAST
