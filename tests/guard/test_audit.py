"""With ``DEBUG``, the log says that a user is logged in to Django, and that nothing makes a session of it."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from support.loops import async_to_sync
from support.sessions import READER, abrowser, browser, sign_in

from django_sessionkit import NotAuthenticated, require_session

LINE = "The user is logged in to Django, but has no SessionKit session"
BRIDGE = "django_sessionkit.contrib.auth.AuthBridge"

pytestmark = pytest.mark.django_db


@pytest.fixture
def ann():
    return User.objects.create_user("ann", password="anns")


@pytest.fixture(autouse=True)
def site(settings):
    settings.DEBUG = True
    settings.SESSIONKIT_PROTECT = [{"pattern": "/page", "authenticated": True}]


@pytest.mark.parametrize("path", ["/page/", "/needs/"])
@pytest.mark.parametrize("kind", ["sync", "async"])
def test_a_login_without_the_bridge_is_named_in_the_log(ann, caplog, path, kind):
    client = abrowser() if kind == "async" else browser()
    client.force_login(ann)
    get = async_to_sync(client.get) if kind == "async" else client.get
    assert get(path).headers["Location"].startswith("/login/")
    assert caplog.text.count(LINE) == 1
    assert f'Add "{BRIDGE}" to INSTALLED_APPS, or call set_session() in your login.' in caplog.text


def test_where_nothing_is_amiss_the_log_does_not_say_it(ann, caplog, settings):
    browser().get("/page/")
    client = sign_in(browser(), READER)
    client.force_login(ann)
    client.get("/page/")
    settings.SESSIONKIT_PROTECT = [{"pattern": "/page", "role": "admin"}]
    sign_in(client, READER).get("/page/")  # another reason
    client.session.flush()
    settings.SESSIONKIT_SOURCE = "django_sessionkit.sources.RequestAttributeSource"
    client.force_login(ann)
    client.get("/page/")
    del settings.SESSIONKIT_SOURCE
    settings.DEBUG = False
    client.get("/page/")
    assert "access denied" in caplog.text
    assert LINE not in caplog.text


def bring(get_response):
    def middleware(request):
        request.sessionkit_data = {"user_id": "1"}
        return get_response(request)

    return middleware


def test_data_for_another_source_is_named_in_the_log(caplog, settings):
    settings.MIDDLEWARE = [f"{__name__}.bring", *settings.MIDDLEWARE]
    line = 'Write SESSIONKIT_SOURCE = "django_sessionkit.sources.RequestAttributeSource".'
    assert browser().get("/page/").status_code == 302
    assert caplog.text.count(line) == 1
    settings.SESSIONKIT_SOURCE = "django_sessionkit.sources.RequestAttributeSource"
    assert browser().get("/page/").status_code == 200


def test_outside_a_request_there_is_no_login(caplog):
    with pytest.raises(NotAuthenticated, match="outside a request"):
        require_session()
    assert LINE not in caplog.text
