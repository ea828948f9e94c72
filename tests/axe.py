"""Asks axe what is wrong with a page; one sentence for each place."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

_SCRIPT = Axe().axe_script
# Axe describes every place of every rule unless told; only what is wrong is of use.
_RUN = """options => axe.run({...options, resultTypes: ["violations"]}).then(found =>
    found.violations.flatMap(each => each.nodes.map(node => `${each.id}: ${node.html.slice(0, 200)}`)))"""


def violations(page: Page, **options: object) -> list[str]:
    """Run axe on a page as it is now; options are axe's own."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(_SCRIPT)
    return page.evaluate(_RUN, options)
