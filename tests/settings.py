"""The server's own settings, with everything on disk in a throw-away folder."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

FOLDER = Path(tempfile.mkdtemp(prefix="chofesh-tests-"))
os.environ.setdefault(
    "CHOFESH_SECRET_KEY", "a signing key for tests, of no use anywhere else: 0123456789"
)
os.environ["CHOFESH_DATA_DIR"] = str(FOLDER / "data")
os.environ["CHOFESH_KEYS_DIR"] = str(FOLDER / "keys")

from chofesh.settings import *  # noqa: E402, F403
from chofesh.settings import DATABASE_URL, DATABASES, SQLITE  # noqa: E402

ALLOWED_HOSTS = ["*"]
ORIGINS = ["http://localhost"]
# A fast hash: the tests sign people up by the hundred.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# Every test client has a WhiteNoise of its own: let it look for a file when asked, not for all at once.
WHITENOISE_AUTOREFRESH = True
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
if not DATABASE_URL:
    # A file, not memory: sockets and replies use the database from several threads.
    DATABASES = {"default": SQLITE | {"TEST": {"NAME": str(FOLDER / "test.sqlite3")}}}
