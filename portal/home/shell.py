"""What the frame around every page shows: where one can go, who is signed in, which theme.

A finished value for the template. It runs one query, who administrates: counts are loaded
by their own addresses. A page that no room offers yet is left out, never a dead link.
"""

from dataclasses import dataclass

from django.db import DatabaseError
from django.http import HttpRequest  # noqa: TID251 - a context processor is given the request
from django.urls import NoReverseMatch, reverse
from django.utils.functional import SimpleLazyObject

from portal.accounts.actors import actor_for
from portal.accounts.queries import is_administrator

THEME_COOKIE = "theme"
KEYS_COOKIE = "keys"
THEMES = ("system", "light", "dark")

# On the bottom bar of a phone a long name would be cut.
SHORT_LABELS = {"Weekly review": "Reviews"}

# (url name, label, icon, keys, url name of its count)
PLACES = (
    ("inbox", "Inbox", "inbox", "g i", "inbox_count"),
    ("exceptions", "Exceptions", "triangle-alert", "g e", "exceptions_count"),
    ("runs", "Runs", "route", "g r", None),
    ("weeks", "Weekly review", "calendar-check", "g w", "weeks_count"),
    ("findings", "Findings", "flag", "g d", None),
    ("workflows", "Workflows", "workflow", "g f", None),
    ("numbers", "Numbers", "chart-line", "g n", None),
    ("portfolio", "Portfolio", "chart-no-axes-column", "g o", None),
    ("programme", "Programme", "list-checks", "g p", None),
    ("readiness", "Readiness", "list-checks", "", None),
    ("journal", "Journal", "book-text", "g j", None),
    ("agents", "Agents", "bot", "g a", None),
)
# Part of the place above it, and shown under it.
PARTS = ("findings", "portfolio", "readiness")
# Pages that belong to a place without standing under its address.
ELSEWHERE = {
    "numbers": ("series",),
    "programme": (
        "capability_requests",
        "ceilings",
        "decision_rights",
        "models",
        "phases",
        "systems",
        "tools",
        "training",
    ),
}
PERSON_PLACES = (
    ("me", "My account", "user"),
    ("break_glass_list", "Emergencies", "triangle-alert"),
    ("incidents", "Incidents", "triangle-alert"),
    ("grants_untold", "No outcome yet", "circle-question-mark"),
    ("callbacks", "Callbacks", "webhook"),
    ("teams", "Teams", "user-check"),
    ("acceptable_use", "Acceptable use", "book-open"),
    ("feedback", "What got in the way", "message-square"),
    ("shortcuts", "Keyboard shortcuts", "keyboard"),
)
ADMINISTRATION = (
    ("people", "People and departments", "users"),
    ("times", "Working time", "clock"),
    ("notice_hooks", "Where notices are posted", "bell"),
    ("style", "Style page", "grid-3x3"),
)
GENERAL_SHORTCUTS = (
    ("?", "Show this sheet"),
    ("/", "Search (also Ctrl K)"),
    ("j", "Next in a list"),
    ("k", "Previous in a list"),
    ("g h", "Go to the start page"),
)
REVIEW_SHORTCUTS = (
    ("1", "In a review: the first question, and so on to 5"),
    ("y", "Yes"),
    ("n", "No; then choose why"),
    ("a", "Not applicable"),
    ("c", "Cannot judge; then choose why"),
    ("s", "Save and read the next"),
    ("f", "Add a finding about this run"),
    ("j", "Next run of the sample"),
    ("k", "Previous run of the sample"),
    ("Esc", "Leave a field, so that keys work again"),
)
INBOX_SHORTCUTS = (
    ("o", "In the inbox: open the proposal (also Enter)"),
    ("a", "Approve; in a batch, all that are selected"),
    ("e", "Edit and approve"),
    ("r", "Reject"),
    ("q", "Ask the agent"),
    ("h", "Escalate"),
    ("s", "Snooze"),
    ("t", "Take on"),
    ("c", "Comment"),
    ("b", "Show the exact bytes"),
    ("u", "Undo the last approval"),
    ("x", "Select the proposal for a batch"),
    ("d", "Decide the selected together"),
    ("l", "Decide all like this one together"),
    ("f", "Narrow the list"),
    ("Esc", "Close, or let go of what is selected"),
)


@dataclass(frozen=True)
class Place:
    label: str
    href: str
    icon: str
    key: str = ""
    is_current: bool = False
    count_href: str | None = None
    short_label: str = ""
    is_part: bool = False


@dataclass(frozen=True)
class Shell:
    items: tuple[Place, ...]
    person_items: tuple[Place, ...]
    administration: tuple[Place, ...]
    person_name: str
    person_initials: str
    person_role: str
    theme: str
    has_keys: bool
    shortcuts: tuple[tuple[str, str], ...]
    here: str
    start_href: str
    search_href: str | None
    search_query: str
    theme_href: str | None
    keys_href: str | None
    keys_switch_href: str | None
    login_href: str | None
    logout_href: str | None


def shell(request: HttpRequest) -> dict[str, object]:
    """Give every page its `shell`; a context processor.

    It is made when a template first reads it, so an error page that does not read it asks nobody who is signed in.
    Who administrates is asked before, and only of a person who is known by then: templates ask the database nothing.
    """
    administers = _administers(request)
    return {"shell": SimpleLazyObject(lambda: shell_for(request, administers))}


def _administers(request: HttpRequest) -> bool:
    """Say whether the person, if one was asked for already, looks after accounts. One query."""
    person = getattr(request, "_cached_user", None)
    if person is None or not person.is_authenticated:
        return False
    try:
        return is_administrator(actor_for(person))
    except DatabaseError:
        # An error page about the database must not need it.
        return False


def _of_the_page(request: HttpRequest) -> tuple[tuple[str, str], ...]:
    """Give the keys of the page that is open; of most pages, those of the inbox."""
    place = request.resolver_match
    is_review = place is not None and place.url_name == "review"
    return REVIEW_SHORTCUTS if is_review else INBOX_SHORTCUTS


def shell_for(request: HttpRequest, administers: bool) -> Shell:
    person = getattr(request, "user", None)
    is_known = person is not None and person.is_authenticated
    name = _name_of(person) if is_known else ""
    items = _places(request.path) if is_known else ()
    theme = request.COOKIES.get(THEME_COOKIE, "system")
    return Shell(
        items=items,
        person_items=_named(PERSON_PLACES) if is_known else (),
        administration=_named(ADMINISTRATION) if administers else (),
        person_name=name,
        person_initials=_initials(name),
        person_role=str(
            getattr(person, "job_title", "") or getattr(person, "email", "")
        )
        if is_known
        else "",
        theme=theme if theme in THEMES else "system",
        has_keys=request.COOKIES.get(KEYS_COOKIE) != "off",
        shortcuts=GENERAL_SHORTCUTS
        + tuple((item.key, f"Go to {item.label}") for item in items if item.key)
        + (_of_the_page(request) if is_known else ()),
        here=request.get_full_path() if request.method == "GET" else request.path,
        start_href=_reverse("start") or "/",
        search_href=_reverse("search") if is_known else None,
        search_query=request.GET.get("q", "")[:200]
        if request.path == _reverse("search")
        else "",
        theme_href=_reverse("set_theme"),
        keys_href=_reverse("shortcuts"),
        keys_switch_href=(_reverse("me_keys") if is_known else None)
        or _reverse("set_keys"),
        login_href=_reverse("login"),
        logout_href=_reverse("logout"),
    )


def _places(path: str) -> tuple[Place, ...]:
    places = []
    hrefs = [href for name, *_ in PLACES if (href := _reverse(name)) is not None]
    # A part of a place may stand under its address: only the nearest is where one is.
    nearest = max(
        (each for each in hrefs if path.startswith(each)), key=len, default=""
    )
    for name, label, icon, key, count_name in PLACES:
        href = _reverse(name)
        if href is None:
            continue
        place = Place(
            label=label,
            href=href,
            icon=icon,
            key=key,
            is_current=href == nearest or path.startswith(_also_of(name)),
            count_href=_reverse(count_name) if count_name else None,
            short_label=SHORT_LABELS.get(label, ""),
            is_part=name in PARTS,
        )
        places.append(place)
    return tuple(places)


def _also_of(name: str) -> tuple[str, ...]:
    """Give the addresses elsewhere that belong to a place: imported series are numbers."""
    hrefs = (_reverse(each) for each in ELSEWHERE.get(name, ()))
    return tuple(href for href in hrefs if href is not None)


def _named(named: tuple[tuple[str, str, str], ...]) -> tuple[Place, ...]:
    pairs = ((_reverse(name), label, icon) for name, label, icon in named)
    return tuple(
        Place(label, href, icon) for href, label, icon in pairs if href is not None
    )


def _reverse(name: str) -> str | None:
    try:
        return reverse(name)
    except NoReverseMatch:
        return None


def _name_of(person: object) -> str:
    for attribute in ("name", "full_name", "display_name"):
        value = getattr(person, attribute, "")
        if isinstance(value, str) and value:
            return value
    return str(person)


def _initials(name: str) -> str:
    words = name.split()
    return "".join(word[0] for word in words[:1] + words[1:][-1:]).upper()
