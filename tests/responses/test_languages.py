"""Denials in the language of the request: on each surface, sync and async, wherever ``LocaleMiddleware`` is."""

from __future__ import annotations

import asyncio
import pickle

import asgiref.sync
import pytest
from babel.messages import Catalog
from babel.messages.mofile import write_mo
from django.conf.urls.i18n import i18n_patterns
from django.http import HttpResponse
from django.middleware.locale import LocaleMiddleware
from django.test import AsyncClient, Client, override_settings
from django.urls import path
from django.utils import translation
from django.views import View
from support.loops import async_to_sync
from support.sessions import JSON, READER, sign_in
from testsite import views

from django_sessionkit import AccessDenied, Nobody, NotAuthenticated, Role, aenforce, enforce
from django_sessionkit.decorators import require, require_role
from django_sessionkit.exceptions import SessionUnavailable
from django_sessionkit.mixins import RequireRoleMixin
from django_sessionkit.sources import SessionSource
from django_sessionkit.testing import asign_in

SESSIONS = "django.contrib.sessions.middleware.SessionMiddleware"
LOCALE = "django.middleware.locale.LocaleMiddleware"
OURS = "django_sessionkit.middleware.SessionKitMiddleware"
ORDERS = {"outside": [SESSIONS, LOCALE, OURS], "inside": [SESSIONS, OURS, LOCALE], "absent": [SESSIONS, OURS]}
HTMX = {"hx-request": "true"}
TEXT = "Sie haben nicht das Recht, das zu tun."
ENGLISH = "This session does not have the right to do that."
PLAIN = {"OPTIONS": {"loaders": [("django.template.loaders.locmem.Loader", {})]}}
OWN = """{% load i18n %}{% get_current_language as code %}{{ code }}: {{ exception }}"""


class Mixed(RequireRoleMixin, View):
    required_roles = ["admin"]

    def get(self, request):
        return HttpResponse("page")


async def aenforced(request):
    await aenforce(Role("admin"))


def enforced(request):
    enforce(Role("admin"))


def answered(request, exception):
    return HttpResponse(f"{translation.get_language()}: {exception}", status=403)


urlpatterns = [
    path("rule/", views.page),
    path("rule/named/", views.page, name="named"),
    path("decorated/", require_role("admin")(views.page)),
    path("nobody/", require(Nobody())(views.page)),
    path("mixed/", Mixed.as_view()),
    path("enforced/", enforced),
    path("aenforced/", aenforced),
    *i18n_patterns(path("login/", views.page, name="enter"), path("shop/", require_role("admin")(views.page))),
]


def templates(**pages):
    loader = (
        "django.template.loaders.locmem.Loader",
        {f"{name.strip('_')}.html": text for name, text in pages.items()},
    )
    return [{"BACKEND": "django.template.backends.django.DjangoTemplates", "OPTIONS": {"loaders": [loader]}}]


@pytest.fixture(autouse=True)
def site(settings):
    """A site with the guard inside of ``LocaleMiddleware``. The language of an earlier request is still active."""
    settings.ROOT_URLCONF = __name__
    settings.LANGUAGE_CODE = "en"
    settings.LOGIN_URL = "enter"
    settings.MIDDLEWARE = ORDERS["outside"]
    settings.TEMPLATES = templates()
    settings.SESSIONKIT_PROTECT = [{"pattern": "/rule/**", "role": "admin"}]
    translation.activate("fr")
    yield settings
    translation.deactivate()


def get(url, session=READER, *, asgi=False, language="de", **headers):
    client = AsyncClient() if asgi else Client()
    if session is not None:
        sign_in(client, session)
    call = async_to_sync(client.get) if asgi else client.get
    return call(url, headers={"accept": "text/html", "accept-language": language, **headers})


def marks(response):
    """The language of a response, and whether a cache has to know that it was negotiated."""
    vary = [name.strip() for name in response["Vary"].split(",")]
    assert "Cookie" in vary
    assert vary.count("Accept-Language") <= 1
    return dict(response.items()).get("Content-Language"), "Accept-Language" in vary


SURFACES = ["/rule/", "/rule/named/", "/decorated/", "/mixed/", "/enforced/", "/aenforced/"]
BOTH = pytest.mark.parametrize("asgi", [False, True], ids=["wsgi", "asgi"])
NEGOTIATED = pytest.mark.parametrize("order", ["outside", "inside"])


@BOTH
@NEGOTIATED
@pytest.mark.parametrize("url", SURFACES)
def test_a_page_in_the_language_of_the_request(site, url, order, asgi):
    site.MIDDLEWARE = ORDERS[order]
    response = get(url, asgi=asgi)
    assert response.status_code == 403
    assert response["Content-Type"] == "text/html; charset=utf-8"
    body = response.content.decode()
    assert '<html lang="de">' in body
    assert f"<h1>Zugriff verweigert</h1><p>{TEXT}</p>" in body
    assert marks(response) == ("de", True)


@BOTH
@NEGOTIATED
@pytest.mark.parametrize("url", SURFACES)
def test_htmx_and_programs_too(site, url, order, asgi):
    site.MIDDLEWARE = ORDERS[order]
    response = get(url, asgi=asgi, **HTMX)
    assert (response.status_code, response.content.decode()) == (403, TEXT)
    assert marks(response) == ("de", True)
    response = get(url, asgi=asgi, **JSON)
    problem = {"type": "about:blank", "title": "Zugriff verweigert", "status": 403, "detail": TEXT}
    assert response.json() == problem
    assert response.content.isascii()
    assert marks(response) == ("de", True)


@BOTH
@NEGOTIATED
def test_without_a_session(site, order, asgi):
    site.MIDDLEWARE = ORDERS[order]
    text = "Dafür müssen Sie angemeldet sein."
    response = get("/rule/", None, asgi=asgi, **JSON)
    assert (response.status_code, response.json()["title"], response.json()["detail"]) == (
        401,
        "Nicht angemeldet",
        text,
    )
    response = get("/rule/", None, asgi=asgi, **HTMX)
    assert (response.status_code, response.content.decode()) == (401, text)
    assert response["HX-Redirect"] == "/de/login/"
    response = get("/rule/", None, asgi=asgi)
    assert (response.status_code, response["Location"]) == (302, "/de/login/?next=/rule/")
    assert marks(response) == ("de", True)


@pytest.mark.parametrize("language", ["de", "en", "fr"])
def test_nobody_and_each_language_of_a_visitor(language):
    texts = {
        "de": "Niemand hat das Recht, das zu tun.",
        "en": "Nobody has the right to do that.",
        "fr": "Personne n\u2019a le droit d\u2019effectuer cette action.",
    }
    for headers in ({}, HTMX, JSON):
        response = get("/nobody/", language=language, **headers)
        assert texts[language] in (response.json()["detail"] if headers is JSON else response.content.decode())
        assert marks(response) == (language, True)


class Down(SessionSource):
    def read(self, request):
        raise SessionUnavailable


class Refused(SessionSource):
    def read(self, request):
        return {"user_id": ""}


@BOTH
@NEGOTIATED
def test_a_session_that_is_unknown_or_refused(site, order, asgi):
    site.MIDDLEWARE = ORDERS[order]
    site.SESSIONKIT_SOURCE = Down
    text = "Ihre Sitzung kann zurzeit nicht abgerufen werden. Bitte versuchen Sie es später erneut."
    for headers in ({}, HTMX, JSON):
        response = get("/rule/", asgi=asgi, **headers)
        assert response.status_code == 503
        assert text in (response.json()["detail"] if headers is JSON else response.content.decode())
        assert marks(response) == ("de", True)
    assert "<title>Dienst nicht verfügbar</title>" in get("/rule/", asgi=asgi).content.decode()
    site.SESSIONKIT_SOURCE = Refused
    for headers in ({}, HTMX, JSON):
        response = get("/rule/", asgi=asgi, **headers)
        assert response.status_code == 403
        text = "Mit dieser Anmeldung erhalten Sie keine gültige Sitzung."
        assert text in (response.json()["detail"] if headers is JSON else response.content.decode())


@BOTH
@NEGOTIATED
def test_pages_of_the_project_are_rendered_in_the_language(site, order, asgi):
    site.MIDDLEWARE, site.TEMPLATES = ORDERS[order], templates(_403=OWN, _503=OWN)
    response = get("/rule/", asgi=asgi)
    assert response.content.decode() == f"de: {TEXT}"
    assert marks(response) == ("de", True)
    site.SESSIONKIT_SOURCE = Down
    response = get("/rule/", asgi=asgi)
    assert (response.status_code, response.content.decode()) == (503, "de: ")
    assert marks(response) == ("de", True)


@BOTH
def test_without_locale_middleware_the_site_has_one_language(site, asgi):
    site.MIDDLEWARE = ORDERS["absent"]
    translation.deactivate()
    assert marks(get("/rule/", asgi=asgi)) == ("en", False)
    site.LANGUAGE_CODE = "de"
    for headers in ({}, HTMX, JSON):
        response = get("/rule/", asgi=asgi, language="en", **headers)
        assert TEXT in (response.json()["detail"] if headers is JSON else response.content.decode())
        assert marks(response) == ("de", False)


def test_the_language_of_a_page_of_the_project_is_its_own_affair(site):
    site.TEMPLATES = templates(_403=OWN)
    site.MIDDLEWARE = ORDERS["absent"]
    assert marks(get("/rule/")) == (None, False)
    site.MIDDLEWARE = ORDERS["inside"]
    site.TEMPLATES = templates()
    assert marks(get("/rule/", language="fi")) == ("en", True)  # the site speaks Finnish, SessionKit does not
    site.TEMPLATES = templates(_403=OWN)
    response = get("/rule/", language="fi")
    assert response.content.decode() == f"fi: {ENGLISH}"
    assert marks(response) == ("fi", True)


@pytest.mark.parametrize("order", ORDERS)
def test_a_language_without_a_translation_gets_the_language_that_django_falls_back_to(site, order):
    site.MIDDLEWARE, site.LANGUAGE_CODE = ORDERS[order], "de"
    site.LOCALE_PATHS = []  # Django forgets the catalogues, which know the former default language
    translation.activate("fi")
    response = get("/decorated/", language="fi", **JSON)
    assert response.json()["detail"] == TEXT
    assert marks(response) == ("de", order != "absent")


@pytest.mark.parametrize(("asked", "found"), [("de-at", "de"), ("pt-br", "pt"), ("zh-cn", "zh-hans"), ("zh-tw", "en")])
def test_a_variant_of_a_language(asked, found):
    assert get("/decorated/", language=asked, **JSON)["Content-Language"] == found


@override_settings(MIDDLEWARE=ORDERS["inside"])
def test_a_path_with_a_language_is_not_negotiated(site):
    for session, status in ((READER, 403), (None, 302)):
        response = get("/de/shop/", session, language="fr")
        assert response.status_code == status
        assert marks(response) == ("de", False)
    site.SESSIONKIT_PROTECT = [{"pattern": "/shop", "role": "admin"}]
    response = get("/de/shop/", language="fr", **HTMX)
    assert response.content.decode() == TEXT
    assert marks(response) == ("de", False)


class Shop:
    """The URLconf of some requests. That of the project has no language prefixes."""

    urlpatterns = i18n_patterns(path("shop/", views.page))


def of_a_shop(get_response):
    def middleware(request):
        request.urlconf = Shop
        return get_response(request)

    return middleware


@BOTH
def test_the_language_prefixes_are_those_of_the_urlconf_of_the_request(site, asgi):
    site.ROOT_URLCONF, site.MIDDLEWARE = Untranslated, [SESSIONS, f"{__name__}.of_a_shop", OURS, LOCALE]
    site.SESSIONKIT_PROTECT = [{"pattern": "/shop", "role": "admin"}]
    response = get("/de/shop/", language="fr", asgi=asgi, **HTMX)
    assert (response.status_code, response.content.decode()) == (403, TEXT)
    assert marks(response) == ("de", False)


class WithoutPrefix:
    urlpatterns = [
        path("rule/", views.page),
        *i18n_patterns(path("login/", views.page, name="enter"), prefix_default_language=False),
    ]


@NEGOTIATED
def test_a_path_without_prefix_is_in_the_default_language(site, order):
    """``i18n_patterns(..., prefix_default_language=False)``: Django does not look at ``Accept-Language``."""
    site.MIDDLEWARE, site.ROOT_URLCONF, site.LANGUAGE_CODE = ORDERS[order], WithoutPrefix, "es"
    assert marks(get("/rule/"))[0] == "es"
    assert get("/rule/", None)["Location"] == "/login/?next=/rule/"
    site.SESSIONKIT_PROTECT = [{"pattern": "/rule/**", "role": "admin"}, {"pattern": "/secret", "role": "admin"}]
    assert marks(get("/de/secret/")) == ("de", False)


@NEGOTIATED
def test_concurrent_requests_keep_their_languages(site, order):
    """On one event loop, with the threads of asgiref."""
    site.MIDDLEWARE = ORDERS[order]
    titles = {"de": "Zugriff verweigert", "fr": "Accès refusé", "nl": "Toegang geweigerd", "en": "Forbidden"}

    async def ask(language, url):
        client = AsyncClient()
        await asign_in(client, role="reader")
        headers = {"accept": "text/html", "accept-language": language}
        response = await client.get(url, headers=headers)
        return response["Content-Language"], titles[language] in response.content.decode()

    async def ask_all():
        return await asyncio.gather(*(ask(one, url) for url in SURFACES for one in titles))

    assert asgiref.sync.async_to_sync(ask_all)() == [(one, True) for _ in SURFACES for one in titles]
    assert translation.get_language() == "fr"


def answering(get_response):
    """A middleware between the guard and ``LocaleMiddleware`` that responds itself."""
    return lambda request: HttpResponse("answered")


@BOTH
@pytest.mark.parametrize("stale", ["de", "fr", "en"])
@pytest.mark.parametrize("order", [*(ORDERS[name] for name in ("outside", "inside")), [SESSIONS, OURS, "answering"]])
def test_the_login_page_is_open_in_each_language(site, order, stale, asgi):
    """Whatever language an earlier request has left active."""
    site.MIDDLEWARE = order
    if order[-1] == "answering":
        site.MIDDLEWARE = [SESSIONS, OURS, f"{__name__}.answering", LOCALE]
    site.SESSIONKIT_PROTECT = [{"pattern": "/**", "authenticated": True}]
    for urls, pages in ((__name__, ["/de/login/", "/fr/login/"]), (WithoutPrefix, ["/login/", "/de/login/"])):
        site.ROOT_URLCONF = urls
        for page in pages:
            translation.activate(stale)
            assert get(page, None, asgi=asgi).status_code == 200, page
        translation.activate(stale)
        assert get("/rule/", None, asgi=asgi)["Location"] == f"{pages[0]}?next=/rule/"
    site.ROOT_URLCONF = WithoutPrefix
    translation.activate(stale)
    assert get("/en/login/", None, asgi=asgi).status_code == 302  # no page of the site


class OwnLocale(LocaleMiddleware):
    pass


def test_a_subclass_of_locale_middleware_counts(site):
    site.MIDDLEWARE = [SESSIONS, OURS, f"{__name__}.OwnLocale"]
    assert marks(get("/rule/")) == ("de", True)


@pytest.mark.parametrize("order", ORDERS)
def test_without_translation_the_texts_are_english(site, order, monkeypatch):
    monkeypatch.setattr(translation, "_trans", type(translation._trans)())
    site.USE_I18N, site.LANGUAGE_CODE, site.MIDDLEWARE = False, "de", ORDERS[order]
    for headers in ({}, HTMX, JSON):
        response = get("/rule/", **headers)
        assert ENGLISH in response.content.decode()
        assert response["Content-Language"] == "en"
    assert '<html lang="en">' in get("/rule/").content.decode()
    if order == "inside":
        assert marks(get("/rule/")) == ("en", False)


@NEGOTIATED
def test_no_language_is_active(site, order):
    """``translation.override(None)`` around a view turns the translation off."""
    site.MIDDLEWARE, site.TEMPLATES = ORDERS[order], templates(_403="own")
    with override_settings(ROOT_URLCONF=Untranslated):
        assert get("/off/").content == b"own"


def untranslated(request):
    translation.deactivate_all()
    enforce(Role("admin"))


class Untranslated:
    urlpatterns = [path("off/", untranslated)]


def test_the_page_for_developers_is_english(site):
    site.DEBUG = True
    response = get("/rule/")
    assert '<html lang="en">' in response.content.decode()
    assert marks(response) == ("en", True)
    assert get("/rule/", **JSON).json()["detail"] == f'{TEXT} Access denied: needs the role "admin".'


def test_the_earlier_language_is_active_again(site):
    site.MIDDLEWARE = ORDERS["inside"]
    assert get("/rule/").status_code == 403
    assert translation.get_language() == "fr"


def test_an_exception_is_translated_when_it_is_read():
    denied, anonymous = AccessDenied(), NotAuthenticated()
    with translation.override("de"):
        assert (str(denied), str(anonymous)) == (TEXT, "Dafür müssen Sie angemeldet sein.")
        copied = pickle.loads(pickle.dumps(denied))  # noqa: S301
        assert TEXT in repr(denied)
    with translation.override("en"):
        assert str(denied) == ENGLISH
        assert str(copied) == TEXT
        assert str(AccessDenied(None, "own")) == "own"


def test_a_text_of_the_project_cannot_break_the_page(site, tmp_path):
    """The project may translate the texts itself. They are escaped where they are put into HTML or JSON."""
    catalog = Catalog(locale="de")
    hostile = '<script>alert("1")</script>\n</p>'
    catalog.add(ENGLISH, hostile)
    folder = tmp_path / "de" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    with (folder / "django.mo").open("wb") as file:
        write_mo(file, catalog)
    site.LOCALE_PATHS = [tmp_path]
    assert b"<script>" not in get("/rule/").content
    assert get("/rule/", **JSON).json()["detail"] == hostile
    assert get("/rule/", **HTMX)["Content-Type"] == "text/plain; charset=utf-8"


def test_japanese_whatever_the_charset_of_the_project(site):
    site.DEFAULT_CHARSET = "iso-8859-1"
    assert "この操作を行う権限がありません。" in get("/rule/", language="ja").content.decode("utf-8")
