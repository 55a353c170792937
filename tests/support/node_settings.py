"""Settings of the example site with two more pages, which block a request and show the content of the store."""

from __future__ import annotations

from support.site_settings import *  # noqa: F403

ROOT_URLCONF = "support.node_urls"
