"""Loads the Celery application with Django, so that tasks find their broker."""

from django.apps import AppConfig


class ConfigConfig(AppConfig):
    name = "portal.config"
    label = "config"
    verbose_name = "Wiring"

    def ready(self) -> None:
        from portal.config import celery  # noqa: F401
