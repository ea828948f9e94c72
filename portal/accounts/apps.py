from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "portal.accounts"
    label = "accounts"
    verbose_name = "Accounts"

    def ready(self) -> None:
        from portal.accounts.operations import telling
        from portal.core import outbox

        outbox.handles(telling.NEWS, telling.spread)
        outbox.handles(telling.SETTLED, telling.settle)
