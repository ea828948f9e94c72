"""A week on one screen: a line for each section, and what is still to be done. No query."""

from collections.abc import Iterator
from dataclasses import dataclass

from runs.queries.week_page.page import WeekPage
from runs.rules.estimating import Result
from runs.rules.phrases import count, listed


@dataclass(frozen=True)
class SummaryLine:
    """What a section says, in a few words; `opens` is its place on the page."""

    name: str
    words: str
    opens: str
    is_odd: bool = False


def lines_of(page: WeekPage) -> tuple[SummaryLine, ...]:
    """Give the sections in the order of the page."""
    return (
        SummaryLine("Looked at", _looked_at(page), "#looked-at"),
        *(
            SummaryLine(
                each.short, _share(page, each), "#found", each.key in _not_final(page)
            )
            for each in page.estimates.results
        ),
        SummaryLine("Readers", _agreed(page), "#agreement", bool(_not_final(page))),
        SummaryLine("Alarms", _alarms(page), "#drift", page.drift.has_open),
        SummaryLine("What the week saw", _seen(page), "#observed"),
        *_known(page),
        SummaryLine("Findings", _findings(page), "#findings", _late(page) > 0),
    )


def todos_of(page: WeekPage) -> tuple[SummaryLine, ...]:
    """Say what must be done, the next thing first; nothing for a week that is signed."""
    return () if page.is_signed else tuple(_todos(page))


def _todos(page: WeekPage) -> Iterator[SummaryLine]:
    if page.mine_left:
        words = f"Read {count(page.mine_left, 'run')} that {'is' if page.mine_left == 1 else 'are'} yours"
        yield SummaryLine("read", words, "?show=mine#rows")
    if page.left:
        yield SummaryLine(
            "unread",
            f"{count(page.left, 'run')} not read by anybody",
            "?show=unread#rows",
        )
    if page.waiting:
        words = f"{count(page.waiting, 'run')} read once of twice"
        yield SummaryLine("waiting", words, "?show=waiting#rows")
    if page.unsettled:
        words = f"Settle {count(page.unsettled, 'run')} that two readers answered differently"
        yield SummaryLine("unsettled", words, "?show=unsettled#rows")
    open_alarms = sum(alarm.is_open for alarm in page.drift.alarms)
    if open_alarms:
        yield SummaryLine("alarms", f"Settle {count(open_alarms, 'alarm')}", "#drift")
    if late := _late(page):
        words = f"{count(late, 'finding')} past {'its' if late == 1 else 'their'} day"
        yield SummaryLine("late", words, "#findings")
    if not page.left and not page.unsettled:
        yield SummaryLine("sign", "Sign the week", "#sign")


def _looked_at(page: WeekPage) -> str:
    if not page.population:
        return "No run ended in this week"
    words = f"{page.read} of {len(page.rows)} runs read, of {page.population:,}"
    if page.counted < page.read:
        words += f"; {page.counted} count so far"
    return words


def _share(page: WeekPage, result: Result) -> str:
    if result.interval is None:
        return result.shown
    low, high = (
        round(each * 100) for each in (result.interval.low, result.interval.high)
    )
    words = f"{round(result.interval.share * 100)} % yes ({low}–{high})"
    return f"{words}, not final" if result.key in _not_final(page) else words


def _agreed(page: WeekPage) -> str:
    if not page.agreement.pairs_past:
        return "No run was read by two people yet"
    rows = page.agreement.rows
    odd = [row.past.short for row in rows if row.past.key in _not_final(page)]
    if odd:
        return f"Agree too little about: {listed(odd).lower()}"
    judged = [row for row in rows if row.past.is_calibrated]
    return f"Agree on {len(judged)} of {count(len(rows), 'question')}"


def _alarms(page: WeekPage) -> str:
    still = sum(alarm.is_open for alarm in page.drift.alarms)
    settled = len(page.drift.alarms) - still
    if not page.drift.alarms:
        return "None"
    return f"{still} open, {settled} settled"


def _seen(page: WeekPage) -> str:
    seen = page.observed
    if not seen.is_gathered:
        return "Being gathered"
    fired = [rule for rule in seen.rules if rule.fired or rule.held]
    never = len(seen.rules) - len(fired)
    corrections = sum(line.count for line in seen.corrections)
    weak = sum(line.count for _, line in seen.weak) + sum(x.count for x in seen.unread)
    parts = [
        f"{count(len(fired), 'stop rule')} fired in twelve weeks, {never} never",
        f"{count(corrections, 'correction')}",
        f"data missing or stale {count(weak, 'time')}",
    ]
    if seen.unknown:
        parts.append(count(len(seen.unknown), "unknown tool"))
    return "; ".join(parts)


def _known(page: WeekPage) -> Iterator[SummaryLine]:
    """Say how many known faults were found, where some were given that may be told."""
    week, lately = page.known.caught, page.known.lately
    if lately.given:
        words = f"{lately.found} of {lately.given} faults found in twelve weeks"
        if week.given:
            words = f"{week.found} of {week.given} faults found, {lately.found} of {lately.given} in twelve weeks"
        yield SummaryLine("Known cases", words, "#known")


def _findings(page: WeekPage) -> str:
    still = [each for each in page.findings if each.closed_at is None]
    late = _late(page)
    return f"{len(still)} open" + (f", {late} late" if late else "")


def _late(page: WeekPage) -> int:
    return sum(each.is_late for each in page.findings)


def _not_final(page: WeekPage) -> frozenset[str]:
    return page.agreement.not_final
