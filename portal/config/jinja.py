"""The environment our own pages are rendered in: autoescaped, strict about names, with a few filters.

Nothing here queries or decides; a template gets finished values.
"""

from typing import Any

from django.middleware.csp import get_nonce
from django.templatetags.static import static
from django.urls import NoReverseMatch, reverse
from django_htmx.jinja import django_htmx_script, htmx_script
from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from portal.config import filters
from portal.core import icons
from portal.core.chart_svg import svg_of
from portal.core.charts import Drawing
from portal.core.visible_marks import safe_markdown, visible_marks
from runs.queries.shown import told


def environment(**options: Any) -> Environment:
    options = {
        name: value
        for name, value in options.items()
        if name not in ("autoescape", "undefined")
    }
    env = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        **options,
    )
    env.globals.update(
        static=static,
        url=url,
        url_or_none=url_or_none,
        icon=icon,
        drawing=Drawing,
        svg_of=svg_of,
        nonce=get_nonce,
        htmx_script=htmx_script,
        django_htmx_script=django_htmx_script,
    )
    env.filters.update(
        ago=filters.ago,
        left=filters.left,
        due=filters.due,
        clock=filters.clock,
        day=filters.day,
        moment=filters.moment,
        duration=filters.duration,
        money=filters.money,
        number=filters.number,
        percent=filters.percent,
        plural=filters.plural,
        initials=filters.initials,
        visible_marks=visible_marks,
        told=told,
        safe_markdown=safe_markdown,
    )
    return env


def url(name: str, *args: object, **kwargs: object) -> str:
    return reverse(name, args=args or None, kwargs=kwargs or None)


def url_or_none(name: str, *args: object, **kwargs: object) -> str | None:
    """Reverse a name that another room may not have yet."""
    try:
        return url(name, *args, **kwargs)
    except NoReverseMatch:
        return None


def icon(name: str, label: str = "", size: int = 16) -> Markup:
    return icons.icon(
        name,
        label=label,
        size=size,
        href=reverse("icons", args=[icons.sprite_digest()]),
    )
