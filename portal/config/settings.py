"""Django's settings: what the environment says, and what never changes.

Operators change the environment (see environment.py), not this file.
"""

from __future__ import annotations

import os
from datetime import timedelta

from django.core.exceptions import ImproperlyConfigured
from django.utils.csp import CSP
from whitenoise.compress import Compressor

from portal.config.environment import (
    CHECKOUT,
    DatabaseAddress,
    EnvironmentRefused,
    current,
)
from portal.config.logs import LOGGING  # noqa: F401 - Django reads it here

try:
    ENVIRONMENT = current()
except EnvironmentRefused as refusal:
    raise ImproperlyConfigured(str(refusal)) from None

BASE_DIR = CHECKOUT
DATA_DIR = ENVIRONMENT.data_dir
DEBUG = ENVIRONMENT.is_debug
SECRET_KEY = ENVIRONMENT.secret_key
SECRET_KEY_FALLBACKS = list(ENVIRONMENT.secret_key_fallbacks)
PUBLIC_URL = ENVIRONMENT.public_url
BROKER_URL = ENVIRONMENT.broker_url
METRICS_TOKEN = ENVIRONMENT.metrics_token

# --- What the portal is made of ---

INSTALLED_APPS = [
    "portal.config",
    "portal.core",
    "portal.audit",
    "portal.accounts",
    "registry",
    "runs",
    "approvals",
    "portal.home",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.admin",
    "django_htmx",
    "guardian",
    "axes",
    "ninja",
]
MIDDLEWARE = [
    "portal.config.middleware.bind_request_to_log",
    "portal.config.problems.DenialMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "portal.config.middleware.end_old_sessions",
    "portal.config.bodies.refuse_large_bodies",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "portal.config.problems.ProblemMiddleware",
    # Last, so that it sees every refused sign-in.
    "axes.middleware.AxesMiddleware",
]
ROOT_URLCONF = "portal.config.urls"
WSGI_APPLICATION = "portal.config.wsgi.application"
ASGI_APPLICATION = "portal.config.asgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
# A redirect for a missing slash makes exporters drop data without a word.
APPEND_SLASH = False
CSRF_FAILURE_VIEW = "portal.config.errors.csrf_failed"

_CONTEXT_PROCESSORS = [
    "django.template.context_processors.request",
    "django.template.context_processors.csp",
    "django.contrib.auth.context_processors.auth",
    "django.contrib.messages.context_processors.messages",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.jinja2.Jinja2",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": False,
        "OPTIONS": {
            "environment": "portal.config.jinja.environment",
            "context_processors": [
                *_CONTEXT_PROCESSORS,
                "portal.home.shell.shell",
            ],
        },
    },
    {
        # Pages of Django's admin and of libraries.
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates" / "library"],
        "APP_DIRS": True,
        "OPTIONS": {"context_processors": _CONTEXT_PROCESSORS},
    },
]

# --- People, sessions, rights ---

AUTH_USER_MODEL = "accounts.Person"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
    "guardian.backends.ObjectPermissionBackend",
]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}", "OPTIONS": options}
    for name, options in (
        ("UserAttributeSimilarityValidator", {}),
        ("MinimumLengthValidator", {"min_length": 12}),
        ("CommonPasswordValidator", {}),
    )
]
LOGIN_URL = "/login/"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = LOGIN_URL

# Nobody is a person only because they are not signed in.
ANONYMOUS_USER_NAME = None
GUARDIAN_RAISE_403 = False

AXES_FAILURE_LIMIT = 5
# What our page and the admin's both send; the default would count nobody's guesses.
AXES_USERNAME_FORM_FIELD = "username"
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_HTTP_RESPONSE_CODE = 429
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False

SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_IDLE_SECONDS = 30 * 60
SESSION_AGE_SECONDS_MAX = 12 * 60 * 60
SESSION_COOKIE_AGE = SESSION_AGE_SECONDS_MAX
SESSION_COOKIE_NAME = "countersign_session"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = ENVIRONMENT.is_https
CSRF_COOKIE_NAME = "countersign_csrf"
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SECURE = ENVIRONMENT.is_https
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

# --- The door ---

ALLOWED_HOSTS = list(ENVIRONMENT.allowed_hosts)
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SECURE_HSTS_SECONDS = 31_536_000 if ENVIRONMENT.is_https else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = ENVIRONMENT.is_https
SECURE_HSTS_PRELOAD = ENVIRONMENT.is_https
SECURE_SSL_REDIRECT = ENVIRONMENT.is_https
# Machines never follow a redirect with their data; they get an error instead.
SECURE_REDIRECT_EXEMPT = [
    r"^api/",
    r"^v1/",
    r"^otlp/",
    r"^access/",
    r"^openai/",
    r"^mcp$",
    r"^healthz$",
    r"^readyz$",
    r"^metrics$",
]
if ENVIRONMENT.is_behind_proxy:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    MIDDLEWARE.insert(0, "portal.config.middleware.believe_proxy")
SECURE_CSP = {
    "default-src": [CSP.NONE],
    "script-src": [CSP.SELF, CSP.NONCE],
    "style-src": [CSP.SELF],
    "img-src": [CSP.SELF, "data:"],
    "font-src": [CSP.SELF],
    "connect-src": [CSP.SELF],
    "manifest-src": [CSP.SELF],
    "form-action": [CSP.SELF],
    "frame-ancestors": [CSP.NONE],
    "base-uri": [CSP.NONE],
}
# Batches of events are read as a stream, with a limit of their own.
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000
DATA_UPLOAD_MAX_NUMBER_FILES = 10
FILE_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024

# --- Storage ---


def _database(address: DatabaseAddress) -> dict[str, object]:
    session = {"lock_timeout": "3s", "idle_in_transaction_session_timeout": "10s"}
    if ENVIRONMENT.statement_timeout_seconds:
        session["statement_timeout"] = f"{ENVIRONMENT.statement_timeout_seconds}s"
    if ENVIRONMENT.process == "command":
        # Commands may think between two statements; pages may not.
        session.pop("idle_in_transaction_session_timeout")
    options: dict[str, object] = {
        **address.options,
        "application_name": f"countersign-{ENVIRONMENT.process}",
        "connect_timeout": 5,
        "options": " ".join(f"-c {name}={value}" for name, value in session.items()),
    }
    if ENVIRONMENT.process == "web" and ENVIRONMENT.pool_size_max:
        # Threads outnumber connections by far: most of them wait for a person.
        options["pool"] = {
            "min_size": 1,
            "max_size": ENVIRONMENT.pool_size_max,
            "timeout": 5,
            "max_idle": 60,
        }
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": address.name,
        "USER": address.user,
        "PASSWORD": address.password,
        "HOST": address.host,
        "PORT": address.port,
        "OPTIONS": options,
        "CONN_MAX_AGE": 0 if "pool" in options else 60,
        "CONN_HEALTH_CHECKS": True,
    }


DATABASES = {"default": _database(ENVIRONMENT.database)}
DATABASE_APPLICATION_ROLE = ENVIRONMENT.database.user
# Who owns the tables; used only by `prepare_database`, never by web or worker.
DATABASE_OWNER = {
    "USER": ENVIRONMENT.database_owner.user,
    "PASSWORD": ENVIRONMENT.database_owner.password,
    "HOST": ENVIRONMENT.database_owner.host,
    "PORT": ENVIRONMENT.database_owner.port,
    "NAME": ENVIRONMENT.database_owner.name,
}
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": BROKER_URL,
        "KEY_PREFIX": "countersign",
        "OPTIONS": {"socket_timeout": 0.5, "socket_connect_timeout": 0.5},
    }
}

# --- Background work ---

# Celery and redis-py write the address of a socket differently.
CELERY_BROKER_URL = (
    BROKER_URL.replace("unix://", "redis+socket://", 1).replace(
        "?db=", "?virtual_host="
    )
    if BROKER_URL.startswith("unix://")
    else BROKER_URL
)
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_TIME_LIMIT = 120
CELERY_TASK_SOFT_TIME_LIMIT = 90
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_MAX_TASKS_PER_CHILD = 10_000
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_WORKER_ENABLE_REMOTE_CONTROL = False
CELERY_WORKER_SEND_TASK_EVENTS = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
# With the defaults, the task of a killed worker would wait for an hour.
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 120,
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
    "socket_timeout": 10,
    "socket_connect_timeout": 2,
}
CELERY_TASK_PUBLISH_RETRY_POLICY = {
    "max_retries": 1,
    "interval_start": 0,
    "interval_step": 0.2,
    "interval_max": 0.2,
}
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE_FILENAME = str(DATA_DIR / "beat-schedule")


def _every(seconds: int, task: str) -> dict[str, object]:
    # A run that nobody took before the next one is due is dropped, so a worker
    # that was away does not come back to a thousand of them.
    return {"task": task, "schedule": seconds, "options": {"expires": seconds}}


CELERY_BEAT_SCHEDULE = {
    "relay-outbox": _every(5, "portal.core.tasks.relay_outbox"),
    "sweep-inbox": _every(10, "runs.tasks.sweep_inbox"),
    "sweep-runs": _every(60, "runs.tasks.sweep_runs"),
    "count-runs": _every(30, "runs.tasks.count_runs"),
    "seal-journal": _every(60, "portal.audit.tasks.seal_journal"),
    "settle-duties": _every(30, "registry.tasks.settle_duties"),
    "remind-trainees": _every(3600, "registry.tasks.remind_trainees"),
    "sweep-imports": _every(15, "registry.tasks.apply_imports"),
    "sweep-due": _every(15, "approvals.tasks.sweep_due"),
    "chase-grants": _every(60, "approvals.tasks.chase_grants"),
    "send-deliveries": _every(10, "approvals.tasks.send_deliveries"),
    "match-changes": _every(15, "approvals.tasks.match_changes"),
    "sweep-backtests": _every(15, "approvals.tasks.run_backtests"),
    "send-notices": _every(10, "portal.accounts.tasks.send_notices"),
    "tidy-notices": _every(3600, "portal.accounts.tasks.tidy_notices"),
    "tidy": _every(3600, "portal.core.tasks.tidy"),
    "open-weeks": _every(3600, "runs.tasks.open_weeks"),
    "sweep-findings": _every(900, "runs.tasks.sweep_findings"),
}

# --- The journal ---

# A file outside the database; in production on a volume of its own.
JOURNAL_ANCHOR_FILE = os.environ.get("JOURNAL_ANCHOR_FILE") or str(
    DATA_DIR / "journal" / "checkpoints.log"
)
JOURNAL_SIGNING_KEY = os.environ.get("JOURNAL_SIGNING_KEY") or SECRET_KEY

# --- Runs ---

# They seal what must not be stored readable, and make equal values comparable: newest
# first. Without an older one, what it sealed cannot be revealed any more.
REDACTION_KEYS = ENVIRONMENT.redaction_keys

# --- Approvals ---

# How long an approval can be taken back before its grant is usable.
APPROVALS_UNDO_SECONDS = ENVIRONMENT.undo_seconds
# The same for what cannot be undone at high risk; None is six times as long.
APPROVALS_IRREVERSIBLE_SECONDS = ENVIRONMENT.irreversible_seconds
# Hosts that outgoing webhooks may reach though they are private; all others are refused.
WEBHOOK_PRIVATE_HOSTS = ENVIRONMENT.webhook_private_hosts

# --- E-mail ---

# Without EMAIL_URL nothing leaves: each e-mail is a file in the data folder.
MAILERS = {"default": ENVIRONMENT.mailer}
# Without EMAIL_URL nothing leaves and e-mails are kept as files: a choice, also in production.
SILENCED_SYSTEM_CHECKS = ["mail.E001"]
DEFAULT_FROM_EMAIL = ENVIRONMENT.email_from

# --- Words, times, files ---

LANGUAGE_CODE = "en"
USE_I18N = True
USE_TZ = True
TIME_ZONE = ENVIRONMENT.time_zone
# What an hour of a person costs, by role and in one currency each: for cost per unit.
HOUR_RATES = ENVIRONMENT.hour_rates

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = ENVIRONMENT.static_root
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if STATIC_ROOT
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
# Without collected files, they are served from where they lie.
WHITENOISE_USE_FINDERS = STATIC_ROOT is None
WHITENOISE_AUTOREFRESH = False
WHITENOISE_MAX_AGE = 60
# Only a debugger asks for the maps of libraries; squeezing them is half of a build.
WHITENOISE_SKIP_COMPRESS_EXTENSIONS = (*Compressor.SKIP_COMPRESS_EXTENSIONS, "map")

LOGGING_CONFIG = "logging.config.dictConfig"
