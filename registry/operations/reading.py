"""Whether a document can be read as a rulebook, in the words that a form understands."""

import json
from collections.abc import Mapping
from typing import Any

from portal.core.digest import canonical
from portal.core.errors import Invalid, TooLarge
from registry.rules.document import DocumentError, rulebook_of
from registry.rules.rulebook import Rulebook

DOCUMENT_BYTES_MAX = 256 * 1024


def readable(document: Mapping) -> Rulebook:
    """Read the document as a rulebook. Raises Invalid field by field, or TooLarge."""
    if len(canonical(document)) > DOCUMENT_BYTES_MAX:
        raise TooLarge(f"One page holds at most {DOCUMENT_BYTES_MAX // 1024} KiB.")
    try:
        return rulebook_of(document)
    except DocumentError as error:
        raise Invalid(fields_of(error)) from error


def plain(document: Mapping) -> dict[str, Any]:
    """Give the document as it is stored: plain JSON, decimals as text."""
    return json.loads(canonical(document))


def fields_of(error: DocumentError) -> dict[str, str]:
    """Give the problems of a document by the place they stand at."""
    return {problem.where or "document": problem.text for problem in error.problems}
