"""The example site with two pages more, for tests that need to hold a request and to see what lies in the store."""

from __future__ import annotations

from newsroom.settings import *  # noqa: F403

ROOT_URLCONF = "support.node_urls"
