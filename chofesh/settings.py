from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import dj_database_url
from csp.constants import NONCE, NONE, SELF

from chofesh import environment
from chofesh.data_folder import ensure_data_folder, signing_key

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = environment.folder("CHOFESH_DATA_DIR", "XDG_DATA_HOME", "~/.local/share", "chofesh")
# The key ring stands apart from the data, so that a copy of the data alone opens nothing.
KEYS_DIR = environment.folder("CHOFESH_KEYS_DIR", "XDG_CONFIG_HOME", "~/.config", "chofesh/keys")
KEYS = environment.text("CHOFESH_KEYS")
PRIMARY_KEY = environment.text("CHOFESH_PRIMARY_KEY")

HOST = environment.text("HOST", "127.0.0.1")
PORT = environment.number("PORT", 8000, most=65_535)
PUBLIC_URLS = environment.origins("CHOFESH_PUBLIC_URL")
# How many reverse proxies stand before this server and write X-Forwarded-For (chofesh/forwarded.py).
TRUSTED_PROXIES = environment.number("CHOFESH_TRUSTED_PROXIES", 0, least=0, most=10)
DEBUG = environment.switch("CHOFESH_DEBUG")
SECRET_KEY = environment.text("CHOFESH_SECRET_KEY") or signing_key(DATA_DIR)
# "invitation": after the first person, a link is needed. "open": anyone may start an organisation.
CHOFESH_SIGNUP = environment.choice("CHOFESH_SIGNUP", "invitation", "open")
ALLOWED_PRIVATE_HOSTS = environment.private_hosts("CHOFESH_ALLOWED_PRIVATE_HOSTS")
DATABASE_URL = environment.address("DATABASE_URL", "postgres", "postgresql")
REDIS_URL = environment.address("REDIS_URL", "redis", "rediss", "unix")
# With Redis, replies are written by workers (chofesh/celery.py), otherwise by this process.
SCALED = bool(REDIS_URL)
# Only people at this machine come here. With a public address others do, through a proxy on it.
LOOPBACK_ONLY = HOST in {"127.0.0.1", "localhost", "::1"} and not PUBLIC_URLS and not SCALED

LOCAL_URLS = [f"http://{host}:{PORT}" for host in ("127.0.0.1", "localhost", "[::1]")]
ORIGINS = PUBLIC_URLS or LOCAL_URLS
CSRF_TRUSTED_ORIGINS = PUBLIC_URLS
ALLOWED_HOSTS = [
    urlsplit(url).netloc.removesuffix(f":{urlsplit(url).port}") for url in PUBLIC_URLS
] + [
    "127.0.0.1",
    "localhost",
    "[::1]",
]

INSTALLED_APPS = [
    "daphne",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.humanize",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "channels",
    "django_htmx",
    "allauth",
    "allauth.account",
    "csp",
    "accounts",
    "routing",
    "usage",
    "answering",
    "chat",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "accounts.middleware.AccessMiddleware",
]

ROOT_URLCONF = "chofesh.urls"
ASGI_APPLICATION = "chofesh.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": False,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "accounts.context.membership",
            ],
            "loaders": [
                (
                    "django.template.loaders.cached.Loader",
                    [
                        "django.template.loaders.filesystem.Loader",
                        "django.template.loaders.app_directories.Loader",
                    ],
                )
            ],
        },
    }
]

if not DATABASE_URL:
    ensure_data_folder(DATA_DIR)
SQLITE = {
    "ENGINE": "django.db.backends.sqlite3",
    "NAME": DATA_DIR / "chofesh.sqlite3",
    # A request has a thread and so a connection of its own, as is Django's way under ASGI; the
    # threads of sockets, the journal and the schedule last, and their connections with them.
    "CONN_MAX_AGE": None,
    "OPTIONS": {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": (
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA mmap_size=134217728;"
            "PRAGMA journal_size_limit=27103364; PRAGMA cache_size=2000;"
        ),
    },
}
POOL = {"pool": {"min_size": 2, "max_size": 10, "timeout": 5}}
POSTGRESQL: dict[str, Any] = {}
if DATABASE_URL:
    POSTGRESQL |= dj_database_url.parse(
        DATABASE_URL, engine="chofesh.postgresql", conn_max_age=0, conn_health_checks=True
    )
# What the address asks for, as sslmode, and ours beside it.
POSTGRESQL_OPTIONS = {**POSTGRESQL.get("OPTIONS", {}), **POOL}
DATABASES = {"default": {**POSTGRESQL, "OPTIONS": POSTGRESQL_OPTIONS} if DATABASE_URL else SQLITE}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AWAY_S = {"socket_connect_timeout": 2, "socket_timeout": 2}
CACHES = {
    "default": {"BACKEND": "chofesh.cache.SharedCache", "LOCATION": REDIS_URL, "OPTIONS": AWAY_S}
    if REDIS_URL
    else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
}
# Sockets have no channel layer: with Redis away, channels_redis closes every one of them
# (measured, docs/reliability.md). What passes between processes goes through chat/relay.py.
CHANNEL_LAYERS: dict[str, object] = {}
CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_REDIRECT_STDOUTS = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# A worker outlives any absence of Redis: it finds queued replies in the database meanwhile.
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_BEAT_SCHEDULE = {
    "tidy": {"task": "chofesh.tidy", "schedule": 24 * 3600.0},
    "probe": {"task": "chofesh.probe", "schedule": 60.0, "options": {"expires": 60}},
}
# When each was last sent: without it, a beat that is restarted every day would never tidy up.
CELERY_BEAT_SCHEDULE_FILENAME = str(DATA_DIR / "beat-schedule")
CELERY_BROKER_TRANSPORT_OPTIONS = {"socket_connect_timeout": 2, "socket_timeout": 5}

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
ACCOUNT_FORMS = {"login": "accounts.forms.LoginForm", "signup": "accounts.forms.SignupForm"}
ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_UNIQUE_EMAIL = True
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = True
# Whom a link invites is counted by the link (accounts/views.py): an office shares an address.
ACCOUNT_RATE_LIMITS = {
    "login_failed": "5/m/key,20/m/ip",
    "signup": None,
    "signup_uninvited": "5/h/ip",
    "signup_invited": "10/h/key",
}
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_LOGOUT_REDIRECT_URL = "/accounts/login/"

EMAIL_HOST = environment.text("CHOFESH_EMAIL_HOST")
EMAIL_PORT = environment.number("CHOFESH_EMAIL_PORT", 587)
EMAIL_HOST_USER = environment.text("CHOFESH_EMAIL_USER")
EMAIL_HOST_PASSWORD = environment.text("CHOFESH_EMAIL_PASSWORD")
EMAIL_USE_TLS = environment.switch("CHOFESH_EMAIL_TLS", default=True)
DEFAULT_FROM_EMAIL = environment.text("CHOFESH_EMAIL_FROM", "chofesh@localhost")
EMAIL_BACKEND = f"django.core.mail.backends.{'smtp' if EMAIL_HOST else 'console'}.EmailBackend"
# Without a mail server nobody could confirm an address, so nobody is asked to.
ACCOUNT_EMAIL_VERIFICATION = "optional" if EMAIL_HOST else "none"

LANGUAGE_CODE = "en"
# Each in its own words, for whoever cannot read the others.
LANGUAGES = [("en", "English"), ("he", "עברית")]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
FORMAT_MODULE_PATH = ["chofesh.formats"]
USE_TZ = True
TIME_ZONE = "UTC"

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
# Served from the source folders: nothing is collected or built before a start.
STATIC_ROOT = None
WHITENOISE_USE_FINDERS = True

HTTPS = bool(PUBLIC_URLS) and all(url.startswith("https://") for url in PUBLIC_URLS)
SECURE_SSL_REDIRECT = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_NAME = "__Host-session" if HTTPS else "chofesh_session"
CSRF_COOKIE_NAME = "__Host-csrf" if HTTPS else "chofesh_csrf"
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_HTTPONLY = True
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}

# Limits (docs/configuration.md): a person meets a sentence, never a dropped connection.
MESSAGE_MAX_CHARACTERS = 200_000
MESSAGE_MAX_BYTES = 512 * 1024
MESSAGES_PER_MINUTE = environment.number("CHOFESH_MESSAGES_PER_MINUTE", 20)
ACTIVE_REPLIES_PER_USER = environment.number("CHOFESH_ACTIVE_REPLIES_PER_USER", 5)
FRAME_MAX_BYTES = 1024 * 1024
FRAMES_PER_SECOND = 20
# What waits for a browser that does not read. All that five long replies send at once fits in.
OUTBOX_MAX_CHARACTERS = 8 * 1024 * 1024
SOCKETS_PER_USER = environment.number("CHOFESH_SOCKETS_PER_USER", 20)
TITLE_MAX_CHARACTERS = 200
DELETED_KEPT_DAYS = 30
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024

# Clocks of a running reply (docs/reliability.md).
LEASE_S = environment.number("CHOFESH_LEASE_SECONDS", 10)
HEARTBEAT_S = LEASE_S * 0.3
REAPER_S = LEASE_S * 0.5
QUEUE_GRACE_S = 2
JOURNAL_TICK_S = 0.05
JOURNAL_TICK_MAX_S = 0.25
DRAIN_S = environment.number("CHOFESH_DRAIN_SECONDS", 10)
# How many times as long as providers/clocks.py says a provider may be silent.
PATIENCE = environment.number("CHOFESH_PATIENCE_PERCENT", 100, least=10, most=1000) / 100

METRICS_TOKEN = environment.text("CHOFESH_METRICS_TOKEN")
WORKER_METRICS_PORT = environment.number("CHOFESH_WORKER_METRICS_PORT", 0, least=0, most=65_535)

# "text" for people, "json" for machines. Neither holds messages or keys.
LOG_FORMAT = environment.choice("CHOFESH_LOG_FORMAT", "text", "json")
LOG_LEVEL = environment.choice("CHOFESH_LOG_LEVEL", "WARNING", "ERROR", "INFO", "DEBUG")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "text": {"()": "chofesh.logs.LineFormatter"},
        "json": {"()": "chofesh.logs.ObjectFormatter"},
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": LOG_FORMAT,
        }
    },
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
}
