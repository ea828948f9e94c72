"""What the form for matching columns sent, as the query wants it. Nothing is trusted twice."""

from collections.abc import Mapping

from django.http import QueryDict

from portal.core.errors import Malformed
from registry.queries.importing_columns import Wanted
from registry.queries.inventory_files import Reading
from registry.queries.templates import template_choices
from registry.rules.inventory import COLUMNS_MAX, VALUES_MAPPED_MAX
from registry.rules.inventory_rows import NEW_DEPARTMENT
from registry.rules.inventory_text import DELIMITERS, ENCODINGS

_SHEET_LENGTH_MAX = 100
_VALUE_LENGTH_MAX = 10_000
NEW = "new"


def wanted_of(sent: QueryDict) -> Wanted:
    """Read the form. Raises Malformed for what our form cannot send."""
    return Wanted(
        reading=Reading(
            encoding=_one_of(sent, "encoding", ENCODINGS),
            delimiter=_one_of(sent, "delimiter", DELIMITERS),
            sheet=sent.get("sheet", "")[:_SHEET_LENGTH_MAX],
            header_line=_whole(sent.get("header_line", "")),
        ),
        mapping={
            index: sent.get(f"column_{index}", "")
            for index in range(COLUMNS_MAX)
            if f"column_{index}" in sent
        },
        departments=_departments(sent),
        default_department=sent.get("default_department", "")[:60],
        template=_one_of(
            sent, "template", {each.key: "" for each in template_choices()}
        ),
        headings=sent.get("headings", "")[:64],
    )


def _departments(sent: QueryDict) -> dict[str, str]:
    found = {}
    for index in range(VALUES_MAPPED_MAX):
        value = sent.get(f"value_{index}", "")[:_VALUE_LENGTH_MAX]
        said = sent.get(f"department_{index}", "")[:60]
        if value:
            found[value] = f"{NEW_DEPARTMENT}{value}" if said == NEW else said
    return found


def _one_of(sent: QueryDict, name: str, known: Mapping[str, object]) -> str:
    said = sent.get(name, "")
    if said and said not in known:
        raise Malformed("This form is not one of ours. Open the page again.")
    return said


def _whole(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 7 else 0
