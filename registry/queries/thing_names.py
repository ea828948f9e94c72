"""What systems and AI models are called: pages say names, and rules, agents and requests keep slugs."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from registry.models import AiModel, System
from registry.rules.sentences import system_label


@dataclass(frozen=True)
class Names:
    """The names of some slugs. One that the catalogue does not know is said as it can be read."""

    systems: Mapping[str, str]
    models: Mapping[str, str]

    def system(self, slug: str) -> str:
        return self.systems.get(slug) or system_label(slug)

    def model(self, slug: str) -> str:
        return self.models.get(slug) or slug


def names_of(*, systems: Iterable[str] = (), models: Iterable[str] = ()) -> Names:
    """Give the names of these systems and AI models. At most two queries."""
    return Names(_named(System, systems), _named(AiModel, models))


def _named(model: type[System] | type[AiModel], slugs: Iterable[str]) -> dict[str, str]:
    wanted = {slug for slug in slugs if slug}
    if not wanted:
        return {}
    rows = model._default_manager.filter(slug__in=wanted)
    return dict(rows.values_list("slug", "name"))
