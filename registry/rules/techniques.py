"""Which technique fits a problem: a short tree that is asked before AI is chosen.

The first “yes” names the technique; five times “no” leaves an agent. Most AI problems are
orchestration problems, so that is asked first.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

YES, NO = "yes", "no"
AGENT = "agent"


@dataclass(frozen=True)
class Technique:
    """One technique: what kind of problem it is for, and what to do when it fits."""

    key: str
    label: str
    kind: str
    instead: str
    is_ai: bool


@dataclass(frozen=True)
class TechniqueQuestion:
    """One question of the tree; “yes” ends it with its technique."""

    key: str
    text: str
    help: str
    technique: str


_TECHNIQUES = (
    Technique("workflow", "Workflow", "an orchestration problem", "Automate the steps and the hand-overs as they are, with tools that run fixed steps. No model has to reason about them.", False),
    Technique("rules", "Rules", "a rules problem", "Write the rules down and let them decide. They are cheaper, quicker and always answer the same.", False),
    Technique("optimiser", "Optimiser", "an optimisation problem", "Let a solver find the best plan under your constraints. A language model guesses; a solver proves.", False),
    Technique("search", "Search", "a search problem", "Let it find the passage and show its source. It answers from documents and changes nothing.", True),
    Technique("classifier", "Classifier", "a pattern problem", "Train a classifier on past cases and measure how often it is right, before anything acts on it.", True),
    Technique(AGENT, "Agent", "a problem that needs judgement", "Let an agent work inside a matrix, limits and stop rules, with people where it matters.", True),
)  # fmt: skip
TECHNIQUES: Mapping[str, Technique] = MappingProxyType(
    {each.key: each for each in _TECHNIQUES}
)
QUESTIONS = (
    TechniqueQuestion("steps", "Is it moving work along steps that are known beforehand?", "Collecting, handing over, reminding, retrying: the order is known and no case needs thought.", "workflow"),
    TechniqueQuestion("written", "Could an expert write down the rules, so that two people always agree?", "Such as “below EUR 20 and within 14 days, refund”.", "rules"),
    TechniqueQuestion("best_plan", "Is it about the best plan, price or use of something scarce?", "Schedules, routes, prices, staffing.", "optimiser"),
    TechniqueQuestion("in_documents", "Does the answer stand in documents that you have?", "Policies, manuals, contracts, earlier cases.", "search"),
    TechniqueQuestion("pattern", "Is it sorting, scoring or spotting, with many past cases to learn from?", "Fraud or not, which queue, how urgent.", "classifier"),
)  # fmt: skip


def best_fit(answers: Mapping[str, str]) -> Technique | None:
    """Return the technique that the answers lead to; None while one is still open."""
    for question in QUESTIONS:
        answer = answers.get(question.key, "")
        if answer == YES:
            return TECHNIQUES[question.technique]
        if answer != NO:
            return None
    return TECHNIQUES[AGENT]


def technique_of(said: Mapping[str, str]) -> Technique | None:
    """Return the technique of a page: the one chosen, or the one that the answers lead to.

    None while a question is open; a choice without its answers counts for nothing.
    """
    fit = best_fit(said)
    return TECHNIQUES.get(said.get("choice", ""), fit) if fit else None


def is_fixed(said: Mapping[str, str]) -> bool:
    """Say whether the technique is one of fixed steps, so that no model reasons."""
    technique = technique_of(said)
    return technique is not None and not technique.is_ai


def next_question(answers: Mapping[str, str]) -> TechniqueQuestion | None:
    """Return the first question that is still open, or None when the tree has ended."""
    if best_fit(answers) is not None:
        return None
    return next(each for each in QUESTIONS if answers.get(each.key) not in (YES, NO))


def _named(technique: Technique) -> str:
    article = "an" if technique.label[0] in "AO" else "a"
    plain = technique.label.lower()
    return plain if technique.key in ("rules", "search") else f"{article} {plain}"


def technique_sentences(said: Mapping[str, str]) -> tuple[str, ...]:
    """Say what was chosen and why, for the page and the packet; nothing while not asked."""
    fit, chosen = best_fit(said), technique_of(said)
    if fit is None or chosen is None:
        return ()
    lines = [f"The technique that fits is {_named(chosen)}: it is {fit.kind}."]
    if chosen != fit:
        lines = [
            f"The technique is {_named(chosen)}, although the answers lead to {_named(fit)}:"
            f" {said.get('because', '').strip() or 'nobody has said why'}"
        ]
    for question in QUESTIONS:
        answer = said.get(question.key)
        if answer in (YES, NO):
            lines.append(f"{question.text} {answer.capitalize()}.")
    return tuple(lines)
