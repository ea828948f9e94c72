"""The pages of the portal: every door that shows a person a page."""

from django.urls import reverse

from tests.doors.table import DOORS, Door
from tests.doors.test_doors import address_of, addresses
from tests.doors.world import KNOCKERS, World

# What answers a GET with something else than a page.
NO_PAGES = frozenset(
    [
        "healthz",
        "readyz",
        "metrics",
        "icons",
        "api_docs",
        "workflow_page_toml",
        "workflow_page_pdf",
        "workflow_page_text",
        "version_page_toml",
        "version_page_pdf",
        "version_page_text",
        "packet_json",
        "packet_pdf",
        "version_packet_json",
        "version_packet_pdf",
        "run_markdown",
        "run_json",
        "run_live",
        "runs_compare",
        "change_import_report",
        "series_points",
        "numbers_csv",
        "numbers_json",
        "number_rows_csv",
        "portfolio_csv",
        "import_report",
        "backtest_rows",
        "import_undo",
        "inbox_count",
        "runs_picked",
        "inbox_live",
        "exceptions_count",
        "break_glass_count",
        "weeks_count",
        "week_population",
        "week_json",
        "week_zip",
        "week_pdf",
        "notices_count",
    ]
)
# Parts that another page loads; alone they are fragments.
FRAGMENTS = frozenset(
    {
        "runs_recent",
        "reveals",
        "runs_new",
        "agent_seen",
        "notices_live",
        "run_story_fragment",
        "break_glass_band",
        "break_glass_band_of_run",
        "refused_above",
        "refused_above_of_run",
    }
)
_WHO_LOOKS = ("administrator", "owner", "risk", "reviewer")


def _shows_a_page(door: Door) -> bool:
    return (
        door.method == "get"
        and "I" in door.letters
        and ":" not in door.name
        and door.name not in NO_PAGES | FRAGMENTS
    )


# A door that shows another page where two people read a run and differ.
SETTLE = Door("review", "LLHDIIDD", slug="settle")
PAGES = (*(door for door in DOORS if _shows_a_page(door)), SETTLE)


def named(door: Door) -> str:
    """Name a page: its door, and which of two where the door shows two."""
    return "review_settle" if door is SETTLE else door.name


def looker_at(door: Door) -> str:
    """Name who looks at a page: somebody who gets in and sees as much as possible."""
    if door.name in ("login",):
        return "anonymous"
    inside = dict(zip(KNOCKERS, door.letters, strict=True))
    order = ("reviewer",) if door.name.startswith("inbox") else ()
    # Whom something is asked of.
    order += ("risk",) if door.name in ("follow_ups", "weeks") else ()
    if door.name not in ("people", "person_add", "person", "departments", "agent_add"):
        order += ("owner",)
    return next(who for who in (*order, *_WHO_LOOKS) if inside[who] == "I")


def path_of(world: World, door: Door) -> str:
    if door is SETTLE:
        values = world.values
        return reverse("review", args=[values["week_id"], values["settle_run_id"]])
    return address_of(world, door.name, dict(addresses())[door.name], door.slug)
