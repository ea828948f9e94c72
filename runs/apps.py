from django.apps import AppConfig


class RunsConfig(AppConfig):
    name = "runs"
    label = "runs"
    verbose_name = "Runs"

    def ready(self) -> None:
        from runs.queries.told import give_to_notices

        give_to_notices()
