"""Every setting, from the environment only.  `docs/operations.md` explains each; `fleet.checks` reports wrong ones."""

from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from fleet import env
from fleet.patience import Connection

BASE_DIR = Path(__file__).resolve().parent.parent
VERSION = "0.1.0"

# --- Secrets and addresses ---
SECRET_KEY = (
    env.text("SECRET_KEY") or "unset"
)  # Django refuses an empty one without a hint; fleet.E002 has one
DEBUG = env.switch("DEBUG", default=False)
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS")
BEHIND_PROXY = env.switch("BEHIND_PROXY", default=False)
SECURE_COOKIES = env.switch("SECURE_COOKIES", default=not any("localhost" in h for h in ALLOWED_HOSTS))
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_COOKIES
# `__Host-`: the browser keeps such a cookie only from HTTPS and for this host, so no sister site can plant one.
_cookie_prefix = "__Host-" if SECURE_COOKIES else ""
SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = f"{_cookie_prefix}sessionid", f"{_cookie_prefix}csrftoken"
SESSION_COOKIE_AGE = env.number("SESSION_HOURS", 24, least=1) * 3600
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_PROXY else None
SECURE_SSL_REDIRECT = SECURE_COOKIES and BEHIND_PROXY
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]  # asked over loopback, by machines
SECURE_HSTS_SECONDS = env.number("HSTS_SECONDS", 31_536_000) if SECURE_COOKIES else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SILENCED_SYSTEM_CHECKS = ["security.W021"]  # the browsers' preload list is for whoever owns the domain

_database = env.url("DATABASE_URL", "postgresql://localhost:5432/myofleet", ("postgresql", "postgres"))
# The web shares this many connections (fleet/asgi.py asks for it); every other process has one of its own.
_pool_size = env.number("DATABASE_POOL", 0)
_pool = (
    {
        "pool": {
            "min_size": 1,
            "max_size": _pool_size,
            "timeout": 2,
            "reconnect_timeout": 1,
            "connection_class": Connection,
        }
    }
    if _pool_size
    else {}
)
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": _database.path.lstrip("/") or "myofleet",
        "USER": env.credentials(_database)[0],
        "PASSWORD": env.credentials(_database)[1],
        "HOST": _database.hostname or "",
        "PORT": _database.port or 5432,
        "CONN_HEALTH_CHECKS": True,
        "CONN_MAX_AGE": 0,  # daphne answers each request in a thread of its own: kept connections would pile up
        "OPTIONS": {
            "connect_timeout": 5,
            # A machine that lost its power says nothing: without these, one waits for it a quarter of an hour.
            "keepalives_idle": 5,
            "keepalives_interval": 5,
            "keepalives_count": 2,
            "tcp_user_timeout": 15_000,  # ms
        }
        | _pool,
    }
}
REDIS_URL = env.text("REDIS_URL", "redis://localhost:6379/0")
env.url("REDIS_URL", "redis://localhost:6379/0", ("redis", "rediss"))
MQTT_URL = env.text("MQTT_URL", "mqtt://localhost:1883")
env.url("MQTT_URL", "mqtt://localhost:1883", ("mqtt", "mqtts"))

# The broker's password and ACL files are made from the database into this folder (`manage.py enrol --sync`).
MQTT_ACCOUNTS_DIR = env.text("MQTT_ACCOUNTS_DIR")
MQTT_PID_FILE = env.text("MQTT_PID_FILE")  # the broker to send SIGHUP to, where it runs on this machine
MQTT_BROKER_WATCHES = env.switch("MQTT_BROKER_WATCHES", default=False)  # it sees changed files by itself
MQTT_SERVER_ACCOUNTS = env.text("MQTT_SERVER_ACCOUNTS")  # "_ingest:password,_dispatch:…,_direct:…"
MQTT_BENCH_ACCOUNT = env.text(
    "MQTT_BENCH_ACCOUNT"
)  # "_bench:password": may publish anywhere; never in production
SERVER_ID = env.text("SERVER_ID", "myofleet")

# --- Stops past the house (docs/dispatch.md): dispatch's port, and what it needs for it; unset: there is none ---
DIRECT_LISTEN = env.endpoint("DIRECT_LISTEN")  # where dispatch listens
DIRECT_URL = env.endpoint("DIRECT_URL")  # where the web finds it
DIRECT_MQTT_URL = env.text("DIRECT_MQTT_URL")  # the account `_direct`, for dispatch
if DIRECT_MQTT_URL:
    env.url("DIRECT_MQTT_URL", "mqtt://localhost:1883", ("mqtt", "mqtts"))
JOURNAL_DIR = env.text("JOURNAL_DIR", str(BASE_DIR / "var" / "journal"))

# --- How long things take and are kept ---
TELEMETRY_DAYS = env.number("TELEMETRY_DAYS", 90, least=1)
REJECT_DAYS = env.number("REJECT_DAYS", 30, least=1)
ROLLUP_SECONDS = env.seconds("ROLLUP_SECONDS", 10)
WATERMARK_STUCK_SECONDS = env.seconds("WATERMARK_STUCK_SECONDS", 10)
PLACING_WINDOW_SECONDS = env.seconds("PLACING_WINDOW_SECONDS", 600)
SLOW_BATCH_MS = env.number("SLOW_BATCH_MS", 500, least=1)
SLOW_REQUEST_MS = env.number("SLOW_REQUEST_MS", 1000, least=1)

# --- Telling people about alerts (docs/paging.md) ---
DUTY_HOURS = env.number("DUTY_HOURS", 16, least=1)  # whoever took over and forgot to end it went home
PUBLIC_URL = env.text("PUBLIC_URL").rstrip("/")  # where people open the pages; links in messages begin so
if PUBLIC_URL:
    env.url("PUBLIC_URL", "https://myofleet.example", ("https", "http"))
EMAIL_URL = env.text("EMAIL_URL")  # unset: no e-mail
_mail = (
    env.url("EMAIL_URL", "smtp://localhost:25", ("smtp", "smtp+tls", "smtps"))
    if EMAIL_URL
    else urlsplit("smtp://localhost:25")
)
EMAIL_HOST, EMAIL_PORT = (
    _mail.hostname or "",
    _mail.port or {"smtps": 465, "smtp+tls": 587}.get(_mail.scheme, 25),
)
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = env.credentials(_mail)
EMAIL_USE_TLS, EMAIL_USE_SSL = _mail.scheme == "smtp+tls", _mail.scheme == "smtps"
EMAIL_TIMEOUT = TELL_SECONDS = env.seconds("TELL_SECONDS", 10)  # for one message, from name to last answer
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.text("EMAIL_FROM") or "myofleet@localhost"
VAPID_PRIVATE_KEY = env.text("VAPID_PRIVATE_KEY")  # `manage.py vapid` makes one; unset: no push
VAPID_CONTACT = env.text("VAPID_CONTACT")  # mailto: or https:, for the browser makers' push services
TELL_PRIVATE_NETWORKS = env.words("TELL_PRIVATE_NETWORKS")  # where webhooks may lead inside the house

# --- How often somebody may ask (dashboards/limits.py); 0 a minute: no limit ---
API_REQUESTS_PER_MINUTE = env.number("API_REQUESTS_PER_MINUTE", 3000)
API_BURST = env.number("API_BURST", 600, least=1)
PAGE_REQUESTS_PER_MINUTE = env.number("PAGE_REQUESTS_PER_MINUTE", 600)
PAGE_BURST = env.number("PAGE_BURST", 300, least=1)
LOGINS_PER_MINUTE = env.number("LOGINS_PER_MINUTE", 60)  # from one address, whoever is named
LOGIN_BURST = env.number("LOGIN_BURST", 120, least=1)

# --- Django ---
# The largest request: a protocol document has 64 kB at most, the form of the longest one less than 0.5 MB.
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_621_440  # bytes
# The form of a protocol: 64 steps of 10 boxes, and of 3 more for each of 16 channels.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 4_000
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "channels",
    "devices",
    "fleet",
    "fleet.access",
    "fleet.control",
    "fleet.safety",
    "fleet.paging",
    "fleet.protocols",
    "fleet.rollouts",
    "dashboards",  # before the admin and allauth: their pages wear our look
    "django.contrib.admin.apps.SimpleAdminConfig",  # only `fleet.admin` shows anything
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "axes",
]
MIDDLEWARE = [
    "dashboards.system.heart.Timing",
    "django.middleware.security.SecurityMiddleware",
    "dashboards.middleware.ContentSecurityPolicy",
    "dashboards.middleware.Bounded",
    "dashboards.middleware.KnownClient",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "dashboards.unseen.UnseenPresses",
    "dashboards.errors.Answers",
    "dashboards.limits.RateLimits",
    "allauth.account.middleware.AccountMiddleware",
    "dashboards.middleware.SecondFactor",
    "axes.middleware.AxesMiddleware",  # last: it answers for whoever was locked out
]
CSRF_FAILURE_VIEW = "dashboards.errors.csrf_failure"
ROOT_URLCONF = "fleet.urls"
ASGI_APPLICATION = "fleet.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "dashboards.context.navigation",
            ]
        },
    }
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
PASSWORD_RESET_TIMEOUT = 7 * 24 * 3600  # s; how long a link lasts by which somebody chooses their password
LOGIN_URL = "/login/"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = ACCOUNT_LOGOUT_REDIRECT_URL = "/login/"

# --- Logging in: a name and a password, then a second factor for whoever set one up ---
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",  # first: who is locked out is not even asked for a password
    "django.contrib.auth.backends.ModelBackend",
]
ACCOUNT_ADAPTER = "dashboards.access.door.Door"
ACCOUNT_FORMS = {"login": "dashboards.access.door.LoginForm"}
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]  # nobody signs up: there is no such page
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False  # every other session ends; the one that changed it goes on
ACCOUNT_RATE_LIMITS = {"login": None, "signup": None, "login_failed": "5/5m/key"}  # codes; passwords: axes
MFA_ADAPTER = "fleet.access.mfa.SecondFactors"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_TOTP_ISSUER = "Myofleet"
MFA_TOTP_TOLERANCE = 1  # 30 s: phones' clocks differ
MFA_REQUIRED_ROLES = frozenset(env.words("MFA_REQUIRED_ROLES"))
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]  # nobody locks a colleague out from another machine
AXES_FAILURE_LIMIT = env.number("LOGIN_FAILURES", 5, least=1)
AXES_COOLOFF_TIME = timedelta(minutes=env.number("LOGIN_LOCK_MINUTES", 15, least=1))
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_RESET_ON_SUCCESS = True
AXES_DISABLE_ACCESS_LOG = True  # the audit has it
AXES_ENABLE_ADMIN = False  # fleet.access.admin shows the same, read-only
AXES_VERBOSE = False
AXES_CLIENT_IP_CALLABLE = "fleet.access.clients.address_of"
AXES_USERNAME_CALLABLE = "fleet.access.clients.name_to_count"
AXES_LOCKOUT_CALLABLE = "dashboards.access.door.locked_out"

# Stored times are UTC, and so is the process: Django would otherwise move TZ for every library in it.
USE_TZ = True
TIME_ZONE = "UTC"
DISPLAY_TIME_ZONE = env.text("TIME_ZONE", "UTC")
USE_I18N = True
LANGUAGE_CODE = "en"
LOCALE_PATHS = [BASE_DIR / "locale"]
# Only what is translated: Django's own words in the reader's language between English ones help nobody.
LANGUAGES = [("en", "English")]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

STATIC_URL = "/static/"
STATIC_ROOT = env.text("STATIC_ROOT", str(BASE_DIR / "var" / "static"))
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG or env.switch("PLAIN_STATIC", default=False)
        else "dashboards.storage.ModuleStorage"
    },
}

# --- Redis: nothing that must be right lives there ---
CHANNEL_LAYERS = {
    "default": {"BACKEND": "fleet.live.layer.SharedRedisLayer", "CONFIG": {"hosts": [REDIS_URL]}}
}
# Django's cache holds counts of wrong codes: in the database, so that a dead Redis keeps nobody out.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "access_cache",
        "OPTIONS": {"MAX_ENTRIES": 10_000},
    }
}
CELERY_BROKER_URL = REDIS_URL
CELERY_TIMEZONE = "UTC"
CELERY_TASK_IGNORE_RESULT = True
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
# Alerts have a worker of their own, which does nothing else: no mail, report or rollout can hold them up.  All the
# rest goes to the courier.
CELERY_TASK_ROUTES = {
    "fleet.tasks.tick": {"queue": "safety"},
    "fleet.safety.tasks.tick": {"queue": "safety"},
    "fleet.control.tasks.tick": {"queue": "safety"},
    "fleet.paging.tasks.plan": {"queue": "safety"},
    "fleet.paging.tasks.*": {"queue": "paging"},
    "fleet.rollouts.tasks.*": {"queue": "rollouts"},
}
CELERY_BEAT_SCHEDULE = {
    "tick": {"task": "fleet.tasks.tick", "schedule": 1.0},
    "alerts": {"task": "fleet.safety.tasks.tick", "schedule": 1.0},
    "proofs": {"task": "fleet.control.tasks.tick", "schedule": 1.0},
    "telling": {"task": "fleet.paging.tasks.plan", "schedule": 1.0},
    "errands": {"task": "fleet.tasks.errands", "schedule": 1.0},
    "replays": {"task": "fleet.safety.tasks.rehearse", "schedule": 2.0},
    "rollouts": {"task": "fleet.rollouts.tasks.tick", "schedule": 1.0},
    "prune": {"task": "devices.tasks.prune", "schedule": 3600.0},
}

# --- Alerts: how long time takes with them ---
ALERT_CLOSE_SECONDS = env.seconds("ALERT_CLOSE_SECONDS", 600)
ALERT_CALM_SECONDS = env.seconds("ALERT_CALM_SECONDS", 60)
ALERT_SETTLE_SECONDS = env.seconds("ALERT_SETTLE_SECONDS", 60)
ALERT_PART_SILENT_SECONDS = env.seconds("ALERT_PART_SILENT_SECONDS", 10)
ALERT_HOLD_SECONDS = env.seconds("ALERT_HOLD_SECONDS", 10)

# --- Commands ---
CONTROL_PROOF_SECONDS = env.seconds("CONTROL_PROOF_SECONDS", 3)
PROTOCOL_PAD_CM2 = env.number("PROTOCOL_PAD_CM2", 25, least=1)  # a protocol names no pad

# --- Logs ---
LOG_FORMAT = env.text("LOG_FORMAT", "json")
if LOG_FORMAT not in ("json", "console"):
    env.problems.append(("LOG_FORMAT", repr(LOG_FORMAT), "set it to json or console"))
    LOG_FORMAT = "json"
LOG_LEVEL = env.text("LOG_LEVEL", "INFO").upper()
if LOG_LEVEL not in ("DEBUG", "INFO", "WARNING", "ERROR"):
    env.problems.append(("LOG_LEVEL", repr(LOG_LEVEL), "set it to DEBUG, INFO, WARNING or ERROR"))
    LOG_LEVEL = "INFO"
DEFAULT_EXCEPTION_REPORTER_FILTER = "fleet.debugging.ReporterFilter"
LOGGING_CONFIG = None  # fleet.logs sets structlog and the standard library up in one place

SENTRY_DSN = env.text("SENTRY_DSN")

from fleet import logs, redaction  # noqa: E402  after LOG_FORMAT and LOG_LEVEL are known

logs.configure(LOG_FORMAT, LOG_LEVEL)
if SENTRY_DSN:
    import sentry_sdk

    sentry_sdk.init(
        dsn=SENTRY_DSN,
        release=VERSION,
        send_default_pii=False,
        before_send=redaction.clean_event,
        before_send_transaction=redaction.clean_event,
        before_breadcrumb=redaction.clean_event,
    )
