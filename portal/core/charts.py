"""What a chart shows, in words, numbers and a table; chart_svg draws it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import ceil, floor, log10

type Values = Sequence[float | None]

POINTS_MAX = 400
# Where an axis of durations may end, in seconds: half of each reads well too.
_DURATIONS = (
    *(1, 2, 4, 10, 20, 60, 120, 240, 600, 1_200, 2_400, 3_600, 7_200, 14_400),
    *(28_800, 43_200, 86_400, 172_800, 345_600, 864_000, 1_728_000, 3_456_000),
)


@dataclass(frozen=True)
class Drawing:
    """What is drawn: one main line or row of bars, and what lies behind or beside it.

    `lows` and `highs` are the interval of each value, `limits` the control limits of each
    point with `centre` between them, `out` the positions that lie outside. `more` are
    further lines on the same axis, `second` one line with an axis of its own.
    """

    labels: Sequence[str]
    values: Values
    kind: str = "line"
    axis: str = "share"
    lows: Values = ()
    highs: Values = ()
    limits: Sequence[tuple[float, float] | None] = ()
    centre: float | None = None
    target: float | None = None
    out: Sequence[int] = ()
    more: Sequence[tuple[str, Values]] = ()
    second: Values = ()
    second_name: str = ""
    second_axis: str = "number"
    target_word: str = "target"

    @property
    def is_empty(self) -> bool:
        lines = (self.values, self.second, *(values for _, values in self.more))
        return all(value is None for line in lines for value in line)

    def summary(self, name: str) -> str:
        """Say in words what the chart shows."""
        return summary_of(self, name)

    def key(self, name: str) -> list[tuple[str, str]]:
        """Give what each mark means, as its class and its words."""
        shown = shown_as(self.axis)
        is_bars = self.kind == "bars"
        found = [("plot-bar" if is_bars else "plot-first", name)]
        if has_any(self.lows):
            mark = "plot-whisker" if is_bars else "plot-band"
            found.append((mark, "95 % interval"))
        if has_any(self.limits):
            found.append(("plot-limit", "control limits"))
        if self.centre is not None:
            found.append(("plot-centre", f"centre {shown(self.centre)}"))
        if self.target is not None:
            found.append(("plot-target", f"{self.target_word} {shown(self.target)}"))
        if self.out:
            found.append(("plot-out", "outside the limits"))
        marks = ("plot-second", "plot-third", "plot-fourth")
        if is_bars:
            marks = ("plot-bar-second", *marks[1:])
        names = [line for line, _ in self.more]
        if has_any(self.second):
            names.append(f"{self.second_name} (right axis)")
        return [*found, *zip(marks, names, strict=False)]

    def headings(
        self, heading: str, name: str, columns: Sequence[tuple[str, Sequence[object]]]
    ) -> list[str]:
        """Give the headings of the table that says the same."""
        found = [heading, name]
        if has_any(self.lows):
            found += ["95 % from", "to"]
        if has_any(self.limits):
            found += ["Limit from", "to"]
        found += [line for line, _ in self.more]
        if has_any(self.second):
            found.append(self.second_name)
        return [*found, *(column for column, _ in columns)]

    def rows(
        self, columns: Sequence[tuple[str, Sequence[object]]]
    ) -> list[list[object]]:
        """Give the same as a table, row by row; a missing value is a dash."""
        shown, beside = shown_as(self.axis), shown_as(self.second_axis)
        found: list[list[object]] = []
        for at, label in enumerate(self.labels):
            row: list[object] = [label, shown(self.values[at])]
            if has_any(self.lows):
                row += [shown(self.lows[at]), shown(self.highs[at])]
            if has_any(self.limits):
                row += [shown(end) for end in self.limits[at] or (None, None)]
            row += [shown(values[at]) for _, values in self.more]
            if has_any(self.second):
                row.append(beside(self.second[at]))
            found.append([*row, *(cells[at] for _, cells in columns)])
        return found

    @cached_property
    def known(self) -> list[float]:
        """Every number on the first axis."""
        parts: list[Iterable[float | None]] = [self.values, self.lows, self.highs]
        parts += [pair for pair in self.limits if pair is not None]
        parts += [(self.centre, self.target), *(values for _, values in self.more)]
        return [float(value) for part in parts for value in part if value is not None]


def has_any(values: Sequence[object]) -> bool:
    """Say whether a line has a point at all."""
    return any(value is not None for value in values)


def known_in(values: Values) -> list[float]:
    """Give the values of a line without its gaps."""
    return [float(value) for value in values if value is not None]


def range_of(known: Sequence[float], *, axis: str = "number") -> tuple[float, float]:
    """Give where an axis begins and ends: from nothing, to a round number above all."""
    top, bottom = max(known, default=0.0), min(known, default=0.0)
    if axis == "share" and top <= 1 and bottom >= 0:
        return 0.0, next(end for end in (0.1, 0.2, 0.5, 1.0) if top <= end)
    if axis == "duration" and bottom >= 0 and top <= _DURATIONS[-1]:
        return 0.0, float(next(end for end in _DURATIONS if top <= end))
    low = 0.0 if bottom >= 0 else -_round_up(-bottom)
    high = _round_up(top) if top > 0 else 0.0
    return (low, high) if high > low else (low, low + 1.0)


def summary_of(drawing: Drawing, name: str) -> str:
    """Say in words what a chart shows, for who does not see it."""
    shown = _FORMATS[drawing.axis]
    known = [value for value in drawing.values if value is not None]
    count = len(drawing.values)
    if not known:
        return f"{name}: no data over {count} points"
    last = max(at for at, value in enumerate(drawing.values) if value is not None)
    parts = [f"{name}: {shown(drawing.values[last])} at {drawing.labels[last]}"]
    if last < len(drawing.lows) and drawing.lows[last] is not None:
        ends = f"{shown(drawing.lows[last])} to {shown(drawing.highs[last])}"
        parts.append(f"interval {ends}")
    parts.append(
        f"between {shown(min(known))} and {shown(max(known))} over {count} points"
    )
    if len(known) < count:
        parts.append(f"{count - len(known)} without data")
    if drawing.out:
        parts.append(f"{len(drawing.out)} outside the limits")
    return ", ".join(parts)


def shown_as(axis: str) -> Callable[[float | None], str]:
    """Give how a value reads on an axis of this kind."""
    return _FORMATS[axis]


def _round_up(value: float) -> float:
    """Give the next of 1, 2, 2.5, 5 times a power of ten."""
    power = 10.0 ** floor(log10(value))
    step = next(
        (one for one in (1, 2, 2.5, 5, 10) if value <= one * power * (1 + 1e-9)), 10
    )
    return float(step * power)


def _share(value: float | None) -> str:
    if value is None:
        return "–"
    percent = value * 100
    return (
        f"{percent:.1f} %"
        if 0 < abs(percent) < 10 and percent % 1
        else f"{percent:.0f} %"
    )


def _number(value: float | None) -> str:
    if value is None:
        return "–"
    if abs(value) >= 1_000_000:
        return f"{value / 1_000_000:,.1f} M"
    return (
        f"{value:,.0f}"
        if value == ceil(value) or abs(value) >= 100
        else f"{value:,.4g}"
    )


def _duration(value: float | None) -> str:
    if value is None:
        return "–"
    for seconds, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if abs(value) >= seconds:
            return f"{value / seconds:.3g} {unit}"
    return f"{value:.3g} s"


_FORMATS = {"share": _share, "number": _number, "duration": _duration}
