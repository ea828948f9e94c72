from django.apps import AppConfig


class ApprovalsConfig(AppConfig):
    name = "approvals"
    verbose_name = "Approvals"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from approvals.queries.minted import tell_runs
        from approvals.queries.told import give_to_notices

        give_to_notices()
        tell_runs()
