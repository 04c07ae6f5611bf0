"""Settings (配置). Everything a city changes comes from environment variables named YIWANG_…"""

import os
import secrets
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

ROOT = Path(__file__).resolve().parents[2]
DATA_DIR = Path(os.environ.get("YIWANG_DATA", ROOT / "var")).resolve()
try:
    DATA_DIR.mkdir(parents=True, exist_ok=True)
except OSError as _error:
    raise SystemExit(
        f"The data folder {DATA_DIR} cannot be made ({_error.strerror}). Set YIWANG_DATA to another."
    ) from _error


def _secret_key() -> str:
    """Return the installation's own key, made once and readable by its owner only."""
    if given := os.environ.get("YIWANG_SECRET_KEY"):
        return given
    path = DATA_DIR / "secret.key"
    try:
        with open(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(50))
    except FileExistsError:
        pass
    return path.read_text()


def _database(url: str) -> dict:
    """Turn sqlite:///path or postgresql://user:word@host:port/name?host=/socket into Django's form."""
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": unquote(parts.path[1:]) or ":memory:",
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                "init_command": (
                    "PRAGMA journal_mode=WAL;PRAGMA synchronous=FULL;"
                    "PRAGMA foreign_keys=ON;PRAGMA cache_size=-65536;"
                    # A batch folds its log in itself, before it comes to this: see registries.writing.
                    "PRAGMA wal_autocheckpoint=8000;"
                ),
            },
            "CONN_MAX_AGE": None,
        }
    if parts.scheme in ("postgresql", "postgres"):
        # Statements are sent apart from their values, so that the server plans each of them once.
        options = {"server_side_binding": True, **dict(parse_qsl(parts.query))}
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": unquote(parts.path[1:]),
            "USER": unquote(parts.username or ""),
            "PASSWORD": unquote(parts.password or ""),
            "HOST": options.pop("host", parts.hostname or ""),
            "PORT": str(parts.port or options.pop("port", "")),
            "OPTIONS": options,
            "CONN_MAX_AGE": None,
            "CONN_HEALTH_CHECKS": True,
        }
    raise SystemExit(
        f"YIWANG_DATABASE must start with sqlite:/// or postgresql://, not {parts.scheme!r}."
    )


SECRET_KEY = _secret_key()
# Keys that seal what is stored secretly, several by commas, the first seals; else one a line in the file.
FIELD_KEYS = os.environ.get("YIWANG_FIELD_KEYS", "")
FIELD_KEYS_FILE = os.environ.get("YIWANG_FIELD_KEYS_FILE", str(DATA_DIR / "field.keys"))
# The key of the city's documents, and former certificates of it: see yiwang.kernel.seals.keys.
DOCUMENT_KEY_FILE = os.environ.get("YIWANG_DOCUMENT_KEY", "")
DOCUMENT_CERTIFICATES_FILE = os.environ.get("YIWANG_DOCUMENT_CERTIFICATES", "")
DEBUG = os.environ.get("YIWANG_DEBUG") == "1"
ALLOWED_HOSTS = os.environ.get("YIWANG_HOSTS", "localhost,127.0.0.1,[::1],testserver").split(",")
CSRF_TRUSTED_ORIGINS = [o for o in os.environ.get("YIWANG_ORIGINS", "").split(",") if o]
DATABASES = {
    "default": _database(os.environ.get("YIWANG_DATABASE", f"sqlite:///{DATA_DIR}/yiwang.sqlite3"))
}
if _test_name := os.environ.get("YIWANG_TEST_DB"):
    DATABASES["default"]["TEST"] = {"NAME": _test_name}

INSTALLED_APPS = [
    "yiwang.kernel.audit",
    "yiwang.kernel.events",
    "yiwang.kernel.jobs",
    "yiwang.kernel.packs",
    "yiwang.kernel.seals",
    "yiwang.kernel.serials",
    "yiwang.kernel.stamps",
    "yiwang.kernel.calendar",
    "yiwang.kernel.codes",
    "yiwang.kernel.ui",
    "yiwang.identity.organisations",
    "yiwang.identity.accounts",
    "yiwang.identity.access",
    "yiwang.identity.tokens",
    "yiwang.engines.text",
    "yiwang.engines.clocks",
    "yiwang.engines.forms",
    "yiwang.engines.workflow",
    "yiwang.engines.decisions",
    "yiwang.engines.designer",
    "yiwang.engines.approvals",
    "yiwang.engines.formdesigner",
    "yiwang.engines.tabular",
    "yiwang.resources.geospatial",
    "yiwang.resources.registries",
    "yiwang.resources.housing",
    "yiwang.resources.catalogue",
    "yiwang.resources.virtual",
    "yiwang.resources.fusion",
    "yiwang.resources.quality",
    "yiwang.resources.landing",
    "yiwang.hall.messages",
    "yiwang.hall.matters",
    "yiwang.hall.reuse",
    "yiwang.hall.payments",
    "yiwang.hall.deliveries",
    "yiwang.hall.ratings",
    "yiwang.hall.licences",
    "yiwang.hall.counters",
    "yiwang.hall.promises",
    "yiwang.hall.receipts",
    "yiwang.hall.parties",
    "yiwang.hall.applications",
    "yiwang.hall.papers",
    "yiwang.hall.windows",
    "yiwang.hall.supervision",
    "yiwang.hall.lists",
    "yiwang.hall.disclosure",
    "yiwang.hall.guides",
    "yiwang.hall.companies",
    "yiwang.hall.projects",
    "yiwang.hall.bundles",
    "yiwang.hall.consultations",
    "yiwang.portal.sites",
    "yiwang.portal.spaces",
    "django_tasks",
    "django_tasks_db",
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.staticfiles",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "yiwang.kernel.ui.middleware.ErrorMiddleware",
    "yiwang.identity.access.middleware.AccessMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "yiwang.config.urls"
WSGI_APPLICATION = "yiwang.config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "yiwang.kernel.ui.templating.Templates",
        "DIRS": [],
        "APP_DIRS": True,
        "OPTIONS": {"environment": "yiwang.kernel.ui.templating.environment"},
    }
]
CSRF_FAILURE_VIEW = "yiwang.kernel.ui.views.csrf_failure"
FORM_RENDERER = "django.forms.renderers.Jinja2"

AUTH_USER_MODEL = "identity_accounts.Account"
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
LOGIN_URL = "/identity/accounts/sign-in/"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
SESSION_ENGINE = "yiwang.identity.accounts.sessions"
SESSION_COOKIE_AGE = 8 * 3600
# How many proxies of our own stand in front; only their entries in X-Forwarded-For are believed.
PROXIES = int(os.environ.get("YIWANG_PROXIES", "0"))
# A view without a route policy is a defect: shown as 500 in development and tests, else as 403.
STRICT_ROUTES = os.environ.get("YIWANG_STRICT") == "1"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = os.environ.get("YIWANG_HTTPS") == "1"

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "简体中文"), ("en", "English")]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Asia/Shanghai"

STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
MEDIA_ROOT = DATA_DIR / "files"
STORAGES = {
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": MEDIA_ROOT},
    },
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 12 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5000
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
FILE_UPLOAD_HANDLERS = [
    "yiwang.kernel.ui.uploads.CountingUploadHandler",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]
# By the beginning of an address: MB of one file that are kept, and of a request that is read at all.
UPLOAD_LIMITS_MB = {
    "": (50, 256),
    "/resources/": (2048, 2304),
    "/api/v1/resources/": (2048, 2304),
}

# How long an upload that nothing refers to is kept.
UPLOADS_KEPT_DAYS = int(os.environ.get("YIWANG_UPLOADS_KEPT_DAYS", "30"))

TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SILENCED_SYSTEM_CHECKS = ["auth.W004"]

# The city (城市): what differs from one installation to the next.
CITY = {
    "name": {"zh": "苏州市（演示）", "en": "Suzhou (demonstration)"},
    "area_code": "320500",
    # A demonstration city shows its accounts on the sign-in page; ./start sets this, `yw serve` not.
    "demo": os.environ.get("YIWANG_DEMO") == "1",
}
# The address that codes on paper lead to.
SITE_ADDRESS = os.environ.get("YIWANG_ADDRESS", "http://127.0.0.1:8000")
# Business hours for limits in hours and for the last moment of a due date; a city replaces them.
OFFICE_HOURS = [("09:00", "12:00"), ("13:00", "17:00")]
# An applicant may urge a running application once within so many hours.
URGE_HOURS = int(os.environ.get("YIWANG_URGE_HOURS", "24"))
# Folders of this machine from which a page may take data: watched folders, SQLite files of departments.
SOURCE_DIRS = [d for d in os.environ.get("YIWANG_SOURCE_DIRS", "").split(":") if d]
PACK_DIRS = [ROOT / "yiwang" / "packs"]

# Ways to pay (支付渠道) in the order they are offered: sandbox, wechat, alipay (keys in docs/areas/hall.md).
PAYMENT_PROVIDERS = os.environ.get("YIWANG_PAYMENT_PROVIDERS", "sandbox").split(",")
# Stands before every bill and payment number, so that two installations at one merchant do not collide.
PAYMENT_NUMBER_PREFIX = os.environ.get("YIWANG_PAYMENT_NUMBER_PREFIX", "")
# Couriers (承运方) that carry paper results; only one to practise with exists so far.
COURIERS = os.environ.get("YIWANG_COURIERS", "practice").split(",")

# How messages leave the house (消息渠道): folder writes files, practice reports on them as well; smtp and http are set
# up in docs/areas/hall.md.
_CHANNEL = "practice" if CITY["demo"] else "folder"
MESSAGE_CHANNELS = {
    "EMAIL": os.environ.get("YIWANG_EMAIL_CHANNEL", _CHANNEL),
    "SMS": os.environ.get("YIWANG_SMS_CHANNEL", _CHANNEL),
}
MAIL_SECRET = os.environ.get("YIWANG_MAIL_SECRET", "")
MAIL_FROM = os.environ.get("YIWANG_MAIL_FROM", "no-reply@yiwang.example")
SMTP_SERVER = os.environ.get("YIWANG_SMTP", "smtp://localhost:25")
SMS_GATEWAY = {
    "url": os.environ.get("YIWANG_SMS_URL", ""),
    "secret": os.environ.get("YIWANG_SMS_SECRET", ""),
}
