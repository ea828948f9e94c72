"""The portal's settings, with the few things that tests do differently."""

from portal.config.settings import *  # noqa: F403
from portal.config.settings import DATABASES, LOGGING

# Argon2 is slow on purpose; in tests that purpose is not served.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# A test speaks on one connection, its own, so that it can be rolled back.
DATABASES["default"]["OPTIONS"].pop("pool", None)
DATABASES["default"]["CONN_MAX_AGE"] = 60
LOGGING["root"]["level"] = "WARNING"
