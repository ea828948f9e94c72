"""What differs between two signed versions of one week, as sentences."""

from collections.abc import Iterator, Mapping
from typing import Any

from runs.rules.questions import ANSWERS, QUESTIONS

Document = Mapping[str, Any]
SHORT = {question.key: question.short for question in QUESTIONS}


def differences(old: Document, new: Document) -> tuple[str, ...]:
    """Return what the newer version says otherwise, or that it says the same."""
    found = (
        *_estimates(old, new),
        *_reviews(old, new),
        *_findings(old, new),
        *_words(old, new),
    )
    return found or ("It says the same; only who signed, and when, is new.",)


def _estimates(old: Document, new: Document) -> Iterator[str]:
    before = {each["question"]: each["shown"] for each in old["estimates"]}
    for each in new["estimates"]:
        was = before.get(each["question"], "nothing")
        if was != each["shown"]:
            yield f"{SHORT.get(each['question'], each['question'])}: {each['shown']} instead of {was}."


def _reviews(old: Document, new: Document) -> Iterator[str]:
    before = {_reader(each): each for each in old["reviews"]}
    after = {_reader(each): each for each in new["reviews"]}
    for key, review in after.items():
        was = before.get(key)
        who = review["assessor"]["name"]
        if was is None:
            yield f"{who} read the run {_short(review['run'])}."
            continue
        for question, answer in review["answers"].items():
            earlier = was["answers"].get(question, "")
            if earlier != answer:
                yield (
                    f"{who} answers “{_word(answer)}” instead of “{_word(earlier)}” to"
                    f" {SHORT.get(question, question).lower()}, run {_short(review['run'])}."
                )
        if (was["reasons"], was["note"]) != (review["reasons"], review["note"]):
            yield f"{who} changed reasons or a note about the run {_short(review['run'])}."
    for key, review in before.items():
        if key not in after:
            yield f"The review of {review['assessor']['name']} of the run {_short(review['run'])} is gone."


def _findings(old: Document, new: Document) -> Iterator[str]:
    before = {each["id"]: each for each in old["findings"]}
    for each in new["findings"]:
        was = before.get(each["id"])
        if was is None:
            yield f"A finding was added: {each['text']}"
        elif was["closed_at"] != each["closed_at"]:
            yield f"A finding was {'closed' if each['closed_at'] else 'opened again'}: {each['text']}"
        elif (was["owner"], was["due_on"]) != (each["owner"], each["due_on"]):
            yield f"A finding is {each['owner']}'s, until {each['due_on']}: {each['text']}"


def _words(old: Document, new: Document) -> Iterator[str]:
    if old["summary"] != new["summary"]:
        yield "The summary was written anew."
    if old.get("released", "") != new.get("released", ""):
        yield "What is said of second readings that were not done was changed."
    if old.get("settled") != new.get("settled"):
        yield "What two readers of one run settled on was changed."
    gone_live = {each["version"] for each in old["launches"]}
    for each in new["launches"]:
        if each["version"] not in gone_live:
            yield f"Version {each['version']} of the rulebook went live."


def _reader(review: Mapping[str, Any]) -> tuple[str, str]:
    return review["run"], review["assessor"]["id"]


def _short(run: str) -> str:
    return f"…{run[-6:]}"


def _word(answer: str) -> str:
    return ANSWERS[answer][0].lower() if answer in ANSWERS else answer or "nothing"
