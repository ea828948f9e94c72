"""The door for an asynchronous web server: long waits and live updates."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.config.settings")

application = get_asgi_application()
