"""The portal's settings, with the few things that tests do differently."""

from jinja2 import FileSystemBytecodeCache

from portal.config.settings import *  # noqa: F403
from portal.config.settings import DATA_DIR, DATABASES, LOGGING, TEMPLATES

# Argon2 is slow on purpose; in tests that purpose is not served.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# A test speaks on one connection, its own, so that it can be rolled back.
DATABASES["default"]["OPTIONS"].pop("pool", None)
DATABASES["default"]["CONN_MAX_AGE"] = 60
LOGGING["root"]["level"] = "WARNING"
# Each test process and each server would otherwise compile every template anew.
_COMPILED = DATA_DIR / "compiled-templates"
_COMPILED.mkdir(mode=0o700, exist_ok=True)
TEMPLATES[0]["OPTIONS"]["bytecode_cache"] = FileSystemBytecodeCache(str(_COMPILED))
