"""The table of numbers as files: every part of every number, formula version and as-of."""

from collections.abc import Iterator
from typing import Any

from portal.home.queries.kpis.figure import Figure
from portal.home.queries.measured.table import Line, NumbersTable, SeriesLine

CSV_HEAD = (
    "family",
    "key",
    "label",
    "answer",
    "value",
    "unit",
    "currency",
    "low",
    "high",
    "numerator",
    "denominator",
    "covered",
    "coverable",
    "excluded",
    "before",
    "baseline",
    "target",
    "met",
    "formula",
    "formula_version",
    "as_of",
    "first_day",
    "last_day",
    "why",
)


def csv_rows(page: NumbersTable) -> Iterator[tuple[str, ...]]:
    """Give a line a number, in the order of the head."""
    days = page.chosen.scope
    ends = (days.first.isoformat(), days.last.isoformat())
    for family, lines in page.families:
        for line in lines:
            now, kpi = line.now, line.kpi
            yield tuple(
                map(
                    _text,
                    (
                        *(family, kpi.key, kpi.label, now.answer.value, now.value),
                        *(kpi.unit.value, now.currency, now.low, now.high),
                        *(now.over, now.under, now.covered, now.coverable),
                        "; ".join(f"{count} {words}" for words, count in now.excluded),
                        line.before.value,
                        line.baseline.value if line.baseline else None,
                        line.aimed.words if line.aimed else None,
                        line.met,
                        *(kpi.formula, kpi.version, now.as_of.isoformat(), *ends),
                        now.why,
                    ),
                )
            )
    for each in page.series:
        yield tuple(map(_text, _series_row(each, page)))


def table_document(page: NumbersTable) -> dict[str, Any]:
    """Give the whole table as plain values."""
    scope = page.chosen.scope
    return {
        "first_day": scope.first.isoformat(),
        "last_day": scope.last.isoformat(),
        "work": page.chosen.work_words,
        "workflows": [each.slug for each in page.chosen.inside],
        "as_of": page.as_of.isoformat(),
        "numbers": [
            _line(family, line) for family, lines in page.families for line in lines
        ],
        "imported": [
            {
                "key": each.series.slug,
                "label": each.series.name,
                "unit": each.series.unit,
                "source": each.series.source,
                "value": each.now.value,
                "points": each.now.points,
                "n": each.now.n,
                "before": each.before.value,
                "weeks": list(each.weeks),
                "target": each.aimed.words if each.aimed else None,
                "met": each.met,
            }
            for each in page.series
        ],
    }


def _line(family: str, line: Line) -> dict[str, Any]:
    kpi = line.kpi
    return {
        "family": family,
        "key": kpi.key,
        "label": kpi.label,
        "unit": kpi.unit.value,
        "formula": kpi.formula,
        "formula_version": kpi.version,
        **_figure(line.now),
        "before": _figure(line.before),
        "weeks": list(line.weeks),
        "baseline": None
        if line.baseline is None
        else {
            "value": line.baseline.value,
            "n": line.baseline.n,
            "first_day": line.baseline.first.isoformat(),
            "last_day": line.baseline.last.isoformat(),
            "how": line.baseline.how,
            "packet_digest": line.baseline.packet_digest,
        },
        "target": line.aimed.words if line.aimed else None,
        "met": line.met,
    }


def _figure(figure: Figure) -> dict[str, Any]:
    return {
        "answer": figure.answer.value,
        "value": figure.value,
        "currency": figure.currency or None,
        "low": figure.low,
        "high": figure.high,
        "numerator": _plain(figure.over),
        "denominator": _plain(figure.under),
        "covered": _plain(figure.covered),
        "coverable": _plain(figure.coverable),
        "excluded": [{"what": words, "count": n} for words, n in figure.excluded],
        "details": [
            {"label": each.label, "value": each.value, "unit": each.unit.value}
            for each in figure.details
        ],
        "as_of": figure.as_of.isoformat(),
        "why": figure.why or None,
    }


def _series_row(each: SeriesLine, page: NumbersTable) -> tuple[Any, ...]:
    days = page.chosen.scope
    value = each.now.value
    return (
        *("Imported", each.series.slug, each.series.name),
        *("no_data" if value is None else "measured", value, each.series.unit, ""),
        *(None, None, None, each.now.n, None, None, "", each.before.value, None),
        each.aimed.words if each.aimed else None,
        each.met,
        *(each.series.from_words, None, page.as_of.isoformat()),
        *(days.first.isoformat(), days.last.isoformat(), ""),
    )


def _plain(value: Any) -> str | None:
    return None if value is None else f"{value.normalize():f}"


def _text(value: Any) -> str:
    return "" if value is None else str(value)
