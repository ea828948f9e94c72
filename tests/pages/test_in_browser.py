"""Every page in Chromium: accessible, quiet, and narrow enough for a phone."""

import pytest

from tests.axe import violations
from tests.pages.pages import PAGES, looker_at, named, path_of

pytestmark = pytest.mark.browser

WIDTHS = (1440, 360)
SCHEMES = ("light", "dark")
NARROWEST = 320


@pytest.mark.parametrize("door", PAGES, ids=named)
def test_page_has_no_violation_and_fits(committed_world, look, door):
    page, response, said = look(path_of(committed_world, door), looker_at(door))
    assert response.status == 200, page.inner_text("body")[:500]

    found = []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            # In the dark only colours differ.
            rules = {"runOnly": ["cat.color"]} if scheme == "dark" else {}
            found += [
                f"{width} {scheme} {wrong}" for wrong in violations(page, **rules)
            ]
    page.set_viewport_size({"width": NARROWEST, "height": 900})
    is_wider = page.evaluate(
        "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    )

    assert found == []
    assert said == []
    assert not is_wider, "the page scrolls sideways at 320 px"
