"""Charts: what they show, in a drawing, in words and in a table; and what never comes out."""

import re
import sys
from xml.etree import ElementTree

import pytest
from django.template.loader import get_template
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.core.chart_svg import svg_of
from portal.core.charts import POINTS_MAX, Drawing, range_of

WEEKS = ("2 Nov", "9 Nov", "16 Nov", "23 Nov")
SHARES = st.one_of(st.none(), st.floats(0, 1))
KINDS = ("line", "bars", "control")


def parsed(drawing, size="small"):
    return ElementTree.fromstring(f"<svg {svg_of(drawing, size)}</svg>")


def marks(svg, name, tag="*"):
    return [
        node for node in svg.iter(tag if tag != "*" else None)
        if name in node.get("class", "").split()
    ]  # fmt: skip


def rendered(source, **context):
    engine = get_template("base.html").backend.env
    start = '{% from "components/chart.html" import chart %}'
    return engine.from_string(start + source).render(**context)


@pytest.mark.parametrize("size", ["small", "wide"])
@pytest.mark.parametrize("kind", KINDS)
def test_nothing_comes_out_that_a_strict_policy_would_stop(kind, size):
    hostile = '"><script>alert(1)</script><a href="http://evil.example">'
    drawing = Drawing(
        labels=[hostile, *WEEKS[1:]],
        values=[0.1, None, 0.3, 0.4],
        kind=kind,
        lows=[0.0, None, 0.2, 0.3],
        highs=[0.2, None, 0.5, 0.6],
        limits=[(0.05, 0.5), None, (0.1, 0.5), (0.1, 0.5)],
        more=[(hostile, [0.2, 0.2, 0.2, 0.2])],
        second=[1, 2, 3, 4],
        out=[3],
    )

    svg = parsed(drawing, size)

    assert {node.tag for node in svg.iter()} <= {
        "svg",
        "g",
        "path",
        "circle",
        "rect",
        "text",
    }
    names = {name for node in svg.iter() for name in node.attrib}
    assert not names & {"style", "href", "id", "onload", "onclick"}
    assert {name for name in names if ":" in name or "{" in name} == set()
    page = rendered(
        "{{ chart('Rate', labels, values, hrefs=['/runs/']) }}",
        labels=[hostile, "b"],
        values=[0.1, 0.2],
    )
    assert not re.search(r"<style|<script|style=|<a href=\"http|xlink|<!--", page)


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
@settings(max_examples=15, deadline=None)
def test_any_values_are_drawn_and_a_gap_stays_a_gap(kind, data):
    size = data.draw(st.integers(1, 14))
    values = data.draw(st.lists(SHARES, min_size=size, max_size=size))
    drawing = Drawing(
        labels=[str(at) for at in range(size)],
        values=values,
        kind=kind,
        lows=[None if value is None else value / 2 for value in values],
        highs=[None if value is None else (1 + value) / 2 for value in values],
    )

    svg = parsed(drawing)

    known = sum(value is not None for value in values)
    shape = "plot-bar" if kind == "bars" else "plot-dot"
    assert len(marks(svg, shape)) == known
    assert "nan" not in ElementTree.tostring(svg, encoding="unicode").lower()
    assert len(drawing.rows(())) == size


def test_the_band_breaks_where_a_week_is_missing():
    drawing = Drawing(
        WEEKS,
        [0.1, 0.2, None, 0.4],
        lows=[0, 0.1, None, 0.3],
        highs=[0.2, 0.3, None, 0.5],
    )

    assert len(marks(parsed(drawing), "plot-band")) == 2


def test_six_names_under_bars_are_all_written_on_a_phone_and_turned_there():
    names = ["Strategy", "Governance", "Data", "Technology", "People", "Process"]
    drawing = Drawing(names, [1, 2, 3, 4, 5, 3], kind="bars", axis="number")

    small, wide = str(svg_of(drawing)), str(svg_of(drawing, "wide"))

    for name in names:
        assert f">{name}</text>" in small
        assert f">{name}</text>" in wide
    assert small.count("rotate(") == len(names)
    assert "rotate(" not in wide


def test_an_axis_begins_at_nothing_and_ends_at_a_round_number():
    assert range_of([0.03, 0.08], axis="share") == (0.0, 0.1)
    assert range_of([0.3], axis="share") == (0.0, 0.5)
    assert range_of([0.97, 1.0], axis="share") == (0.0, 1.0)
    assert range_of([3, 17]) == (0.0, 20.0)
    assert range_of([-3, 17]) == (-5.0, 20.0)
    assert range_of([]) == (0.0, 1.0)
    assert range_of([0, 0]) == (0.0, 1.0)
    assert range_of([1.2], axis="share") == (0.0, 2.0)
    assert range_of([2_100], axis="duration") == (0.0, 2_400.0)
    assert range_of([5e6], axis="duration") == (0.0, 5e6)


def test_the_name_says_what_the_chart_says():
    drawing = Drawing(
        WEEKS,
        [0.1, 0.2, 0.4, None],
        lows=[0.0, 0.1, 0.3, None],
        highs=[0.2, 0.3, 0.5, None],
        out=[2],
    )

    assert drawing.summary("Override rate") == (
        "Override rate: 40 % at 16 Nov, interval 30 % to 50 %, "
        "between 10 % and 40 % over 4 points, 1 without data, 1 outside the limits"
    )
    assert Drawing(WEEKS, [None] * 4).summary("Rate") == "Rate: no data over 4 points"


def test_the_table_twin_holds_every_number_that_is_drawn():
    page = rendered(
        "{{ chart('Rate', labels, values, lows=lows, highs=highs, more=[('Cost', cost)],"
        " heading='Week', hrefs=['/a/', '', ''], columns=[('Runs', [7, 8, 9])]) }}",
        labels=WEEKS[:3],
        values=[0.125, None, 1],
        lows=[0.1, None, 0.8],
        highs=[0.2, None, 1],
        cost=[0.5, 0.25, 0],
    )

    cells = re.findall(r"<t[hd](?: scope=\"col\")?>(.*?)</t[hd]>", page)
    assert cells[:6] == ["Week", "Rate", "95 % from", "to", "Cost", "Runs"]
    assert cells[6:12] == [
        '<a href="/a/">2 Nov</a>',
        "12 %",
        "10 %",
        "20 %",
        "50 %",
        "7",
    ]
    assert cells[12:18] == ["9 Nov", "–", "–", "–", "25 %", "8"]


def test_a_chart_without_a_value_says_so_and_draws_nothing():
    page = rendered("{{ chart('Rate', ['a', 'b'], [none, none]) }}")

    assert "Rate: no data yet." in page
    assert "<svg" not in page


def test_a_chart_has_a_limit_of_points():
    labels = [str(at) for at in range(POINTS_MAX)]
    assert svg_of(Drawing(labels, [0.5] * POINTS_MAX))

    with pytest.raises(ValueError, match="at most"):
        svg_of(Drawing([*labels, "x"], [0.5] * (POINTS_MAX + 1)))


def test_drawing_leaves_no_import_hook_behind_that_python_no_longer_knows():
    assert all(hasattr(hook, "find_spec") for hook in sys.meta_path)
