"""Charts as SVG, drawn on the server by pygal and cleaned of all that it adds.

What comes out holds shapes, text and classes of ours: no style, script, comment, link,
id or tooltip, so that the strictest content policy lets it stand and our own sheets
give it its colours in light, dark, forced colours and print. Only elements and
attributes named here pass.
"""

import re
import sys
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pygal
from markupsafe import Markup, escape
from pygal.style import Style

from portal.core.charts import (
    POINTS_MAX,
    Drawing,
    Values,
    has_any,
    known_in,
    range_of,
    shown_as,
)

# The library adds an import hook of an old kind, which looks for chart plugins of which we
# have none; whoever asks every hook as today's Python does would stumble over it.
sys.meta_path[:] = [each for each in sys.meta_path if hasattr(each, "find_spec")]

# Small enough for a phone at its own size; text is 12 px there and grows with the chart.
NARROW = (340, 168)
WIDE = (760, 240)
LABELS_WIDE = 6
LABELS_NARROW = 3
# Names under bars are turned where they do not fit beside each other, so that all are read.
TURNED = 40
TURNED_HEIGHT = 44
_STYLE = Style(label_font_size=12, major_label_font_size=12, legend_font_size=12)
_SHAPES = frozenset({"g", "path", "circle", "rect", "text"})
_ATTRIBUTES = ("x", "y", "cx", "cy", "r", "width", "height", "d", "transform")
_CLASSES = {
    "axis": "plot-axis",
    "y": "plot-y",
    "y2": "plot-y2",
    "x": "plot-x",
    "guide": "plot-guide",
    "line": "plot-line",
    "dot": "plot-dot",
    "ci": "plot-whisker",
    "rect": "plot-bar",
    "serie-0": "plot-first",
    "serie-1": "plot-second",
    "serie-2": "plot-third",
    "serie-3": "plot-fourth",
    "plot-band": "plot-band",
    "plot-limit": "plot-limit",
    "plot-centre": "plot-centre",
    "plot-target": "plot-target",
    "plot-out": "plot-out",
}
_LEFT_OUT = frozenset({"titles", "tooltip-overlay", "text-overlay", "legends"})
_LONG_NUMBER = re.compile(r"-?\d+\.\d+")


def svg_of(drawing: Drawing, size: str = "small") -> Markup:
    """Draw, and give the SVG without its outer element's name: the macro names it."""
    width, height = WIDE if size == "wide" else NARROW
    fits = LABELS_WIDE if size == "wide" else LABELS_NARROW
    is_turned = drawing.kind == "bars" and fits < len(drawing.labels) <= LABELS_WIDE
    if is_turned:
        fits, height = LABELS_WIDE, height + TURNED_HEIGHT
    if len(drawing.labels) > POINTS_MAX:
        raise ValueError(f"A chart shows at most {POINTS_MAX} points.")
    low, high = range_of(drawing.known, axis=drawing.axis)
    made = (_Bars if drawing.kind == "bars" else _Lines)(
        width=width,
        height=height,
        style=_STYLE,
        css=[],
        js=[],
        show_legend=False,
        allow_interruptions=True,
        include_x_axis=False,
        range=(low, high),
        secondary_range=range_of(known_in(drawing.second), axis=drawing.second_axis),
        y_labels=[low, (low + high) / 2, high],
        value_formatter=shown_as(drawing.axis),
        x_labels=[str(label) for label in drawing.labels],
        x_labels_major=_some(drawing.labels, fits),
        x_label_rotation=TURNED if is_turned else 0,
        show_minor_x_labels=False,
        # Under bars stand names, which may be long; the table twin has them whole.
        truncate_label=None if drawing.kind == "bars" else -1,
        dots_size=3 if drawing.kind == "line" else 2.5,
        show_x_guides=False,
        spacing=6,
        margin=4,
        margin_right=30,
    )
    made.drawing = drawing
    made.add("", _points(drawing))
    for _, values in drawing.more:
        made.add("", _floats(values))
    if has_any(drawing.second):
        made.add(
            "",
            _floats(drawing.second),
            secondary=True,
            formatter=shown_as(drawing.second_axis),
        )
    inner = "".join(_cleaned(child) for child in made.render_tree())
    return Markup(  # noqa: S704 - every part was written by _cleaned, escaped
        f'viewBox="0 0 {width} {height}" width="{width}" height="{height}">{inner}'
    )


class _Behind:
    """Draws band, limits, centre and target under the values; through pygal's own view."""

    drawing: Drawing
    svg: Any
    view: Any
    nodes: Any
    _x_pos: Any

    def _compute_secondary(self) -> None:
        """Label the right axis in its own unit; the library takes the left one's."""
        super()._compute_secondary()  # type: ignore[misc]
        labels = getattr(self, "_y_2nd_labels", None)
        if not labels:
            return
        shown = shown_as(self.drawing.second_axis)
        low, high = range_of(
            known_in(self.drawing.second), axis=self.drawing.second_axis
        )
        step = (high - low) / ((len(labels) - 1) or 1)
        self._y_2nd_labels = [
            (shown(low + at * step), place) for at, (_, place) in enumerate(labels)
        ]

    def _plot(self) -> None:
        self._band()
        self._limits()
        end = self.drawing.labels and len(self.drawing.labels) - 1
        for value, name in (
            (self.drawing.centre, "plot-centre"),
            (self.drawing.target, "plot-target"),
        ):
            if value is not None and end is not None:
                y = self.view.y(value)
                self._path([(0.0, y), (self.view.width, y)], name)
        super()._plot()  # type: ignore[misc]
        for at in self.drawing.out:
            value = self.drawing.values[at]
            if value is not None:
                x, y = self.view((self._x_pos[at], value))
                self.svg.node(
                    self.nodes["overlay"], "rect", x=x - 5, y=y - 5, width=10, height=10,
                    class_="plot-out",
                )  # fmt: skip

    def _band(self) -> None:
        """Fill between the bounds, piece by piece; a gap stays a gap."""
        if self.drawing.kind == "bars":
            return
        bounds = zip(self.drawing.lows, self.drawing.highs, strict=True)
        for piece in _pieces(list(bounds)):
            upper = [self.view((self._x_pos[at], ends[1])) for at, ends in piece]
            lower = [self.view((self._x_pos[at], ends[0])) for at, ends in piece]
            if len(piece) == 1:
                (x, y), (_, foot) = upper[0], lower[0]
                upper, lower = [(x - 4, y), (x + 4, y)], [(x - 4, foot), (x + 4, foot)]
            self._path([*upper, *reversed(lower)], "plot-band", closes=True)

    def _limits(self) -> None:
        """Draw each point's limits as a step as wide as the point's share of the axis."""
        for piece in _pieces(list(self.drawing.limits)):
            for side in (0, 1):
                steps: list[tuple[float, float]] = []
                for at, ends in piece:
                    left, right = self._around(at)
                    y = self.view.y(ends[side])
                    steps += [(left, y), (right, y)]
                self._path(steps, "plot-limit")

    def _around(self, at: int) -> tuple[float, float]:
        places = [self.view.x(place) for place in self._x_pos]
        edges = [
            places[0],
            *((one + two) / 2 for one, two in pairwise(places)),
            places[-1],
        ]
        return edges[at], edges[at + 1]

    def _path(
        self, points: Sequence[tuple[float, float]], name: str, *, closes: bool = False
    ) -> None:
        d = "M" + " L".join(f"{x:.1f} {y:.1f}" for x, y in points)
        self.svg.node(
            self.nodes["plot"], "path", d=d + (" Z" if closes else ""), class_=name
        )


class _Lines(_Behind, pygal.Line):  # type: ignore[misc]
    """Lines over their band."""


class _Bars(_Behind, pygal.Bar):  # type: ignore[misc]
    """Bars with whiskers."""


def _points(drawing: Drawing) -> list[Any]:
    """Give the main values; bars carry their interval as whiskers."""
    values = _floats(drawing.values)
    if drawing.kind != "bars" or not drawing.lows:
        return values
    return [
        value
        if value is None or low is None or high is None
        else {"value": value, "ci": {"low": float(low), "high": float(high)}}
        for value, low, high in zip(values, drawing.lows, drawing.highs, strict=True)
    ]


def _floats(values: Values) -> list[float | None]:
    return [None if value is None else float(value) for value in values]


def _pieces(pairs: Sequence[Any]) -> list[list[tuple[int, tuple[float, float]]]]:
    """Split into runs without a gap."""
    found: list[list[tuple[int, tuple[float, float]]]] = [[]]
    for at, pair in enumerate(pairs):
        if pair is None or pair[0] is None or pair[1] is None:
            found.append([])
        else:
            found[-1].append((at, (float(pair[0]), float(pair[1]))))
    return [piece for piece in found if piece]


def _some(labels: Sequence[str], most: int) -> list[str]:
    """Choose the labels that fit: the first, the last and some between."""
    last = len(labels) - 1
    if last < most:
        return [str(label) for label in labels]
    places = {round(at * last / (most - 1)) for at in range(most)}
    return [str(labels[place]) for place in sorted(places)]


def _cleaned(node: Any) -> str:
    """Write one element with what may pass, and nothing else."""
    name = str(node.tag).rpartition("}")[2] if isinstance(node.tag, str) else ""
    words = node.get("class", "").split()
    if name not in _SHAPES or _LEFT_OUT.intersection(words):
        return ""
    if "background" in words or node.get("style"):
        return ""
    classes = " ".join(_CLASSES[word] for word in words if word in _CLASSES)
    kept = [f' class="{classes}"'] if classes else []
    for attribute in _ATTRIBUTES:
        value = node.get(attribute)
        if value is not None:
            kept.append(f' {attribute}="{escape(_LONG_NUMBER.sub(_shorter, value))}"')
    inner = str(escape(node.text or "")) if name == "text" else ""
    inner += "".join(_cleaned(child) for child in node)
    if name == "g" and not inner:
        return ""
    return f"<{name}{''.join(kept)}>{inner}</{name}>"


def _shorter(found: re.Match[str]) -> str:
    return f"{float(found[0]):.1f}".removesuffix(".0")
