"""Settings of the example site with a quick password hasher. With Argon2, a login costs as much as forty requests."""

from __future__ import annotations

from newsroom.settings import *  # noqa: F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
