"""Which changes belong to which kind of finding, the one that is likeliest first."""

from collections.abc import Mapping

from runs.rules.proposing import cells, guardrails, stop_rules
from runs.rules.proposing.shapes import Change, Document, Given, Problems, Way

WITHOUT_DRAFT = ("TRAINING",)


def ways_for(kind: str, document: Document, *, about: str = "") -> tuple[Way, ...]:
    """Return what a finding of this kind could change on this page.

    `about` is what the finding named: the key of a stop rule, a field, a cell; what fits
    it comes first.
    """
    found = _OF_KIND.get(kind)
    ways = found(document, about) if found else ()
    return tuple(sorted(ways, key=lambda way: not (about and way.key.endswith(f":{about}"))))  # fmt: skip


def way_called(ways: tuple[Way, ...], key: str) -> Way | None:
    """Return the way with this key, or the first one."""
    return next((way for way in ways if way.key == key), ways[0] if ways else None)


def change_by(way: Way, given: Given) -> tuple[Change | None, Problems]:
    """Return the change that what was given makes, or what is wrong with it."""
    made = way.build(given)
    return (made, {}) if isinstance(made, Change) else (None, made)


def _loose(document: Document, about: str) -> tuple[Way, ...]:
    del about
    return (
        *stop_rules.stricter(document),
        *guardrails.confidence(document, is_stricter=True),
        *guardrails.amount(document, is_stricter=True),
        stop_rules.new_words_rule(document),
        stop_rules.new_confidence_rule(document),
    )


def _tight(document: Document, about: str) -> tuple[Way, ...]:
    del about
    return (
        *stop_rules.milder(document),
        *guardrails.confidence(document, is_stricter=False),
        *guardrails.amount(document, is_stricter=False),
    )


def _corrected(document: Document, about: str) -> tuple[Way, ...]:
    return (*cells.checked(document, about), *cells.reviewed(document, about))


def _weak(document: Document, about: str) -> tuple[Way, ...]:
    return _missing(document, about or "before.")


def _context(document: Document, about: str) -> tuple[Way, ...]:
    return _missing(document, about or "evidence")


def _missing(document: Document, field: str) -> tuple[Way, ...]:
    verbs = cells.verbs_of(document)
    usual = "" if field.endswith(".") else field
    return (
        stop_rules.missing_data(document, field=usual, verbs=verbs),
        *stop_rules.more_fields(document, usual),
    )


def _scoped(document: Document, about: str) -> tuple[Way, ...]:
    return (
        *cells.limited(document, about),
        stop_rules.outside_category(document),
        *cells.reviewed(document, about),
    )


_OF_KIND: Mapping = {
    "LOOSE_RULE": _loose,
    "TIGHT_RULE": _tight,
    "REPEATED_CORRECTION": _corrected,
    "WEAK_DATA": _weak,
    "MISSING_CONTEXT": _context,
    "POORLY_SCOPED": _scoped,
}
