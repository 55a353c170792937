"""The app config that Django finds for ``"django_sessionkit.contrib.auth"`` in ``INSTALLED_APPS``."""

from __future__ import annotations

from . import AuthBridge


class DefaultBridge(AuthBridge):
    """The bridge, for an entry that names the package and not the class."""

    default = True
