"""The home room."""

from django.apps import AppConfig


class HomeConfig(AppConfig):
    name = "portal.home"
    label = "home"

    def ready(self) -> None:
        from portal.home.queries.told import give_to_notices

        give_to_notices()
