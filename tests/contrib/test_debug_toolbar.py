"""The panel for django-debug-toolbar, in the real toolbar. Skipped if the toolbar is not installed."""

from __future__ import annotations

import html
from importlib import import_module
from importlib.util import find_spec

import pytest
from asgiref.sync import async_to_sync
from django.test import override_settings
from support.sessions import EDITOR, READER, abrowser, browser

pytestmark = pytest.mark.skipif(find_spec("debug_toolbar") is None, reason="needs django-debug-toolbar")

PANEL = "django_sessionkit.contrib.debug_toolbar.SessionKitPanel"


@pytest.fixture(autouse=True)
def toolbar(settings):
    """A project with the toolbar. Yield the list of the toolbars that were created."""
    settings.DEBUG = True
    settings.ROOT_URLCONF = "support.toolbar_urls"
    settings.INTERNAL_IPS = ["127.0.0.1"]
    settings.INSTALLED_APPS = [*settings.INSTALLED_APPS, "django.contrib.staticfiles", "debug_toolbar"]
    settings.MIDDLEWARE = ["debug_toolbar.middleware.DebugToolbarMiddleware", *settings.MIDDLEWARE]
    settings.TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]
    settings.DEBUG_TOOLBAR_PANELS = [PANEL]
    settings.DEBUG_TOOLBAR_CONFIG = {"IS_RUNNING_TESTS": False}
    settings.SESSIONKIT_PROTECT = [{"name": "desk<b>", "pattern": ["/desk", "/adesk"], "role": "editor"}]
    made = []
    created = import_module("debug_toolbar.toolbar").DebugToolbar._created  # can only be imported as an installed app
    created.connect(keep := lambda toolbar, **kwargs: made.append(toolbar), weak=False)
    yield made
    created.disconnect(keep)


def shown(made) -> str:
    """Return the text of the panel."""
    panel = made[-1].get_panel_by_id("SessionKitPanel")
    return panel.content


def test_the_panel_explains_a_request_that_was_let_in(toolbar):
    response = browser(EDITOR).get("/desk/")
    assert response.status_code == 200
    assert "allowed by desk&lt;b&gt;" in response.content.decode()
    assert "allowed by the rule desk&lt;b&gt;" in shown(toolbar)
    assert "desk<b>" not in shown(toolbar)
    assert "granted</span> <code>Role(&#x27;editor&#x27;)</code>" in shown(toolbar)


def test_the_panel_explains_a_denial_on_the_page_of_the_denial(toolbar):
    response = browser(READER).get("/desk/")
    assert response.status_code == 403
    assert "403: access denied" in response.content.decode()
    assert "djDebug" in response.content.decode()
    assert "needs the role &quot;editor&quot;" in shown(toolbar)


def test_the_panel_tells_what_the_view_itself_asks(toolbar):
    assert browser(EDITOR).get("/drafts/").status_code == 200
    assert "Required by the view" in html.unescape(shown(toolbar))


@pytest.mark.parametrize(("session", "outcome"), [(EDITOR, "allowed"), (READER, "denied")])
def test_the_panel_works_under_asgi(toolbar, session, outcome):
    client = abrowser(session)
    response = async_to_sync(client.get)("/adesk/")
    assert response.status_code == (200 if outcome == "allowed" else 403)
    assert f"{outcome} by the rule" in shown(toolbar)


def test_a_public_page_stays_without_session(toolbar):
    response = browser(READER).get("/open/")
    assert not response.has_header("Vary")
    assert "not read" in shown(toolbar)
    panel = toolbar[-1].get_panel_by_id("SessionKitPanel")
    assert panel.nav_subtitle == "allowed"
    toolbar[-1].stats.clear()  # as while the panel is switched off
    assert panel.nav_subtitle == ""


def test_without_the_toolbar_shown_nothing_is_explained(toolbar):
    with override_settings(INTERNAL_IPS=[]):
        assert browser(READER).get("/desk/").status_code == 403
    assert toolbar == []
