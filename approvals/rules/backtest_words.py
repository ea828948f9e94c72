"""The sentences of a backtest: what would be different, what people had said, how it was done."""

from collections.abc import Iterable, Mapping, Sequence

from approvals.rules.backtests import PEOPLE_DECIDED, Change, Verdict

CHANGE_WORDS: Mapping[str, str] = {
    Change.ALLOW: "newly allowed",
    Change.REVIEW: "newly reviewed",
    Change.ESCALATE: "newly escalated",
    Change.REFUSE: "newly refused",
    Change.SAME: "unchanged",
}
VERDICT_WORDS: Mapping[str, str] = {
    Verdict.APPROVED: "approved by people",
    Verdict.EDITED: "edited and approved by people",
    Verdict.REJECTED: "rejected by people",
    Verdict.RESPONDED: "answered by people instead",
    Verdict.EXPIRED: "not decided in time",
    Verdict.WITHDRAWN: "withdrawn by the agent",
    Verdict.WAITING: "still waiting for people",
    Verdict.ALONE: "run without a person",
    Verdict.REFUSED: "refused by the rulebook",
}
_PEOPLE_DID = (
    (Verdict.APPROVED, "approved"),
    (Verdict.EDITED, "edited"),
    (Verdict.REJECTED, "rejected"),
    (Verdict.RESPONDED, "answered"),
)
_OTHERWISE = (
    (Verdict.ALONE, "{0} had run without a person"),
    (Verdict.REFUSED, "{0} had been refused"),
    (Verdict.WAITING, "{0} still waited for people"),
    (Verdict.EXPIRED, "nobody had decided {0} in time"),
    (Verdict.WITHDRAWN, "the agent had withdrawn {0}"),
)


def period(days: int) -> str:
    """Say over which time: "in 90 days"."""
    return f"in {days} days" if days else "since the first request"


def in_a_sentence(
    rows: int, days: int, numbers: Mapping[str, int], allowed: Mapping[str, int]
) -> str:
    """Say in one or two sentences what would be different.

    `numbers` is by change; `allowed` is what had become of the newly allowed.
    """
    when = period(days)
    if not rows:
        return f"Nothing was asked {when}, so there is nothing to compare."
    of = f"Of {rows:,} {_word('request', rows)} {when}, "
    if not sum(number for change, number in numbers.items() if change != Change.SAME):
        return f"{of}every one would be answered as it is now."
    stricter = _stricter(numbers)
    count = numbers.get(Change.ALLOW, 0)
    if not count:
        return f"{of}none would newly run without a person. {_capital(stricter)}."
    first = of + _newly_alone(count, allowed)
    return f"{first} {_capital(stricter)}." if stricter else first


def telling(change: str, verdicts: Mapping[str, int]) -> str:
    """Say what had become of the requests of one change: the line that tells most.

    "Of the 41 newly allowed, people had approved 38, edited 2 and rejected 1."
    """
    count = sum(verdicts.values())
    if not count:
        return ""
    people = [
        f"{word} {verdicts[verdict]:,}"
        for verdict, word in _PEOPLE_DID
        if verdicts.get(verdict)
    ]
    parts = [f"people had {listed(people)}"] if people else []
    parts += [
        words.format(f"{verdicts[verdict]:,}")
        for verdict, words in _OTHERWISE
        if verdicts.get(verdict)
    ]
    return f"Of the {count:,} {CHANGE_WORDS[change]}, {'; '.join(parts)}."


def assumptions(
    *, live_number: int | None, number: int, has_caps: bool, warm_hours: int
) -> tuple[str, ...]:
    """Say how a backtest was computed: what is of then, what is of now, what is left out."""
    now = (
        f"version {live_number}, which was live when this began"
        if live_number
        else "no rulebook, because none was live when this began: everything is refused"
    )
    lines = [
        f"Every request was ruled on twice, by {now}, and by version {number} as it"
        " stood. Both times all else was the same, so what differs is the rulebook's doing.",
        "Of then: the request byte for byte, its claimed risk, amount and confidence, what"
        " its run had told by that moment, and what people decided by the end of the time"
        " looked at.",
        "Of now: the systems, AI models and ceilings of the catalogue, as they stood when"
        " this began.",
        "Left out, because they were only of a day: pauses, holds of a run by an earlier"
        " request, staged resumes, vacant roles, lapsed training, switched-off agents.",
    ]
    if has_caps:
        lines.append(
            "Caps and daily counts were added up anew for each rulebook, request by request."
            " What the rulebook allows counts; what it sends to people counts if it really"
            " went ahead, with the amount that was asked. They count from when it was asked."
        )
    if warm_hours:
        lines.append(
            f"To begin with full caps, the requests of {_hours(warm_hours)} before were"
            " ruled on too; they are in no number here."
        )
    lines.append(
        "The answer of its own day stands beside each row. Where it differs from today's"
        " answer, the rulebook or the circumstances of that day were others."
    )
    return tuple(lines)


def listed(parts: Sequence[str]) -> str:
    """Join as a sentence does: one, two and three."""
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} and {parts[-1]}"


def _newly_alone(count: int, allowed: Mapping[str, int]) -> str:
    decided = _sum_of(allowed, PEOPLE_DECIDED)
    rejected = allowed.get(Verdict.REJECTED, 0)
    if not decided:
        return f"{count:,} would newly run without a person."
    tail = f"{rejected:,} of them people had rejected."
    tail = tail if rejected else "people had rejected none of them."
    if decided == count:
        return (
            f"{count:,} would run without a person that people decided before; {tail}"
        )
    return (
        f"{count:,} would newly run without a person; people decided {decided:,} of them"
        f" before, and {'rejected ' + format(rejected, ',') if rejected else 'rejected none'}."
    )


def _stricter(numbers: Mapping[str, int]) -> str:
    parts = [
        f"{numbers[change]:,} would newly {words}"
        for change, words in (
            (Change.REVIEW, "wait for a person"),
            (Change.ESCALATE, "be escalated"),
            (Change.REFUSE, "be refused"),
        )
        if numbers.get(change)
    ]
    return listed(parts)


def _sum_of(numbers: Mapping[str, int], keys: Iterable[str]) -> int:
    return sum(numbers.get(key, 0) for key in keys)


def _hours(hours: int) -> str:
    return f"{hours} hours" if hours < 48 else f"{hours // 24} days"


def _word(word: str, count: int) -> str:
    return word if count == 1 else f"{word}s"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
