"""Where the agent's words say otherwise than the record, or speak to the reviewer.

A flag is no verdict: it is where to look twice. Text is compared as a person would read it
aloud, so that an invisible character inside a word hides nothing. Nothing is obeyed.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from registry.rules.answers import Reversibility, Risk, risk_rank
from registry.rules.verbs import Tier, tier_of

TEXT_READ_MAX = 20_000
ALL_TEXT_READ_MAX = 60_000
FLAGS_MAX = 20
QUOTE_LENGTH_MAX = 120
# Where the agent's own figures stand; every other place is one of its texts.
ITS_CLAIMS = "its claims"
TAG_FIRST, TAG_LAST = 0xE0020, 0xE007E
LIMIT_CODES = ("limit.", "cap.", "guardrail.amount", "ceiling.", "amount.")


@dataclass(frozen=True)
class Said:
    """One text of the agent, and where on the card it stands."""

    where: str
    text: str


@dataclass(frozen=True)
class Flag:
    """Words to look at twice, with why; `is_aimed` marks words to the reviewer."""

    quote: str
    where: str
    why: str
    is_aimed: bool = False


@dataclass(frozen=True)
class OnRecord:
    """What is certain: made by the server from stored bytes and rows."""

    verb: str
    risk: Risk
    reversibility: Reversibility
    codes: tuple[str, ...] = ()
    is_approved: bool = False
    claimed_risk: Risk | None = None
    claimed_reversibility: Reversibility | None = None


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns), re.IGNORECASE)


_APPROVED = _any(
    r"\b(?:already|pre|been)[ -]?(?:approved|authori[sz]ed|signed[ -]off|cleared)\b",
    r"\b(?:approved|authori[sz]ed|signed[ -]off|cleared) by\b",
    r"\b(?:manager|management|legal|compliance|finance|ceo|cfo|boss|supervisor|team lead)"
    r" (?:has |have |already ){0,4}(?:approved|authori[sz]ed|agreed|signed off)\b",
)
_DONE = _any(
    r"\balready (?:been )?(?:done|executed|paid|refunded|sent|processed|completed)\b"
)
_REVERSIBLE = _any(
    r"(?<![a-z])(?<!not )(?<!ir)reversible\b",
    r"\b(?:can|could|may) (?:always |easily |simply |later ){0,4}be (?:undone|reverted|rolled back|reversed|taken back)\b",
    r"\beasily (?:undone|reverted|reversed)\b",
)
_HARMLESS = _any(
    r"\b(?:no|low|zero|minimal|little)[ -]risk\b",
    r"\brisk[ -]free\b",
    r"\b(?:completely|perfectly|totally|entirely) safe\b",
    r"\bharmless\b",
)
_NO_CHANGE = _any(
    r"\bread[ -]only\b",
    r"\bdry[ -]run\b",
    r"\b(?:just|only) (?:a )?(?:test|simulation|preview|draft)\b",
    r"\b(?:no|without) (?:any )?changes?\b",
    r"\b(?:nothing|no record) (?:is|will be|gets) changed\b",
)
_WITHIN = _any(
    r"\b(?:within|below|under) (?:the |our |all |your ){0,4}(?:limits?|polic(?:y|ies)|thresholds?|caps?|budget)\b",
    r"\bdoes not (?:need|require) (?:an? )?(?:approval|review)\b",
    r"\bno (?:approval|review) (?:is )?(?:needed|required|necessary)\b",
)
_AIMED = _any(
    r"\b(?:ignore|disregard|forget|override)\b[^.\n]{0,40}\b(?:instruction|rule|polic|warning|previous|above|check|guideline|flag|limit)\w*",
    r"\b(?:please |just |must |should ){0,4}approve\b[^.\n]{0,40}\b(?:immediately|now|at once|asap|right away|without|quickly|urgently|directly)\b",
    r"\b(?:do not|don['’]?t|never|no need to|skip|without) (?:the |this |any |your |to ){0,4}(?:show|tell|mention|reveal|display|escalate|reject|ask|open|check|review|read|inspect|verify|question|inform|notify|checking|reviewing|asking|reading)\b",
    r"\b(?:click|press|hit|choose|select)\b[^.\n]{0,20}\bapprove\b",
    r"\byou (?:must|have to|need to|should) approve\b",
    r"\b(?:dear|note to|attention|message (?:to|for)) (?:the )?(?:reviewer|approver|auditor)\b",
    r"(?:^|\n)\s{0,9}(?:reviewer|approver|system|assistant) ?:",
    r"\bsystem prompt\b",
)

_TOO_LONG = "There is more text than is looked through here: read the rest yourself."


def flags_in(said: Iterable[Said], record: OnRecord) -> tuple[Flag, ...]:
    """Give what to look at twice: words to the reviewer first, then contradictions."""
    found: dict[tuple[str, str], Flag] = {}
    left = ALL_TEXT_READ_MAX
    for text in said:
        read = text.text[: min(TEXT_READ_MAX, left)]
        left -= len(read)
        if len(read) < len(text.text):
            found.setdefault(("", _TOO_LONG), Flag("", text.where, _TOO_LONG))
        for flag in _flags(Said(text.where, read), record):
            found.setdefault((flag.quote.casefold(), flag.why), flag)
    for flag in _claims(record):
        found.setdefault((flag.quote, flag.why), flag)
    in_order = sorted(found.values(), key=lambda flag: not flag.is_aimed)
    return tuple(in_order[:FLAGS_MAX])


def read_aloud(text: str) -> str:
    """Give a text as it sounds: compatible letters, hidden tags told, nothing invisible."""
    shown = []
    compatible = unicodedata.normalize("NFKC", text[:TEXT_READ_MAX])
    # Cut once more: one letter may have become eighteen.
    for character in compatible[:TEXT_READ_MAX]:
        point = ord(character)
        if TAG_FIRST <= point <= TAG_LAST:
            shown.append(chr(point - 0xE0000))
        elif character in "\n\t" or unicodedata.category(character) not in (
            "Cc",
            "Cf",
            "Co",
            "Cn",
        ):
            shown.append(character)
    return re.sub(r"[ \t]+", " ", "".join(shown))


def _flags(said: Said, record: OnRecord) -> Iterator[Flag]:
    text = read_aloud(said.text)
    for match in _AIMED.finditer(text):
        why = "This speaks to you, not about the work. It changes nothing here."
        yield Flag(_quote(match), said.where, why, is_aimed=True)
    for pattern, why in _contradicted(record):
        for match in pattern.finditer(text):
            yield Flag(_quote(match), said.where, why)


def _contradicted(record: OnRecord) -> Iterator[tuple[re.Pattern[str], str]]:
    """Give each kind of claim that this record contradicts, with what the record says."""
    if not record.is_approved:
        yield _APPROVED, "No approval of this is on record here."
        yield _DONE, "Nothing of this was done through a grant of this request."
    if record.reversibility == Reversibility.IRREVERSIBLE:
        yield _REVERSIBLE, "By the rulebook this cannot be undone."
    elif record.reversibility == Reversibility.COMPENSABLE:
        yield _REVERSIBLE, "By the rulebook this can be made good, not undone."
    if record.risk != Risk.LOW:
        yield _HARMLESS, f"By the rulebook the risk is {record.risk}."
    if tier_of(record.verb) in (Tier.STAGE, Tier.CHANGE):
        yield _NO_CHANGE, "The action is one that changes something."
    if any(code.startswith(LIMIT_CODES) for code in record.codes):
        yield _WITHIN, "The rulebook found it above a limit."


def _claims(record: OnRecord) -> Iterator[Flag]:
    """Give the agent's own figures that are milder than the record's."""
    claimed = record.claimed_risk
    if claimed is not None and risk_rank(claimed) < risk_rank(record.risk):
        why = f"By the rulebook the risk is {record.risk}."
        yield Flag(f"risk: {claimed}", ITS_CLAIMS, why)
    way = record.claimed_reversibility
    ways = list(Reversibility)
    if way is not None and ways.index(way) < ways.index(record.reversibility):
        why = f"By the rulebook it is {record.reversibility}."
        yield Flag(f"reversibility: {way}", ITS_CLAIMS, why)


def _quote(match: re.Match[str]) -> str:
    return " ".join(match.group().split())[:QUOTE_LENGTH_MAX]
