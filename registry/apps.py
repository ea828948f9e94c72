from django.apps import AppConfig


class RegistryConfig(AppConfig):
    name = "registry"
    label = "registry"
    verbose_name = "Registry"

    def ready(self) -> None:
        from registry.queries.told import give_to_notices

        give_to_notices()
