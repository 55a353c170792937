"""No form of a URL bypasses the guard, and no ordinary URL is denied.

Each class of bypass names the vulnerability of another guard, its equivalent in Django, and what prevents it here. A
request counts only if Django routes it to a protected page when the guard is off.
"""

from __future__ import annotations

import logging
import re
from pathlib import Path

import pytest
from asgiref.sync import async_to_sync
from django.conf.urls.i18n import i18n_patterns
from django.contrib.sessions.backends.base import UpdateError
from django.core.cache import cache
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.template.response import TemplateResponse
from django.test import Client, override_settings
from django.urls import path, set_script_prefix
from django.utils import translation
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import cache_page
from django.views.decorators.vary import vary_on_headers
from support.attacks.corpus import HOSTILE
from support.attacks.ordinary import ORDINARY
from support.attacks.sending import HANDLERS, UNGUARDED, outcome, unguarded
from support.attacks.sites import ORDINARY as ORDINARY_PAGE
from support.attacks.sites import OURS, PROTECTED, SESSIONS, SETTINGS, Urls, ordinary, page, protected
from support.attacks.spellings import Wire
from support.examples import IS_THOROUGH
from support.sessions import ADMIN, READER, abrowser, browser

from django_sessionkit import (
    Role,
    aenforce,
    arequire_session,
    enforce,
    middleware,
    require_session,
    set_session,
    update_session,
)
from django_sessionkit.decorators import public, require_authenticated, require_role
from django_sessionkit.guard import engine
from django_sessionkit.mixins import RequireRoleMixin
from django_sessionkit.policy import path_variants, rules
from django_sessionkit.sources import SessionSource


@pytest.fixture(autouse=True)
def quiet():
    """Disable the log, because thousands of requests are denied. Reset the mount and the language after a test."""
    logging.disable(logging.WARNING)
    yield
    logging.disable(logging.NOTSET)
    set_script_prefix("/")
    translation.deactivate()


def stopped(*names: str, **settings) -> bool:
    """Return ``True`` if no request of these classes bypasses the guard. Without it, a quarter must reach the page."""
    for name in names:
        for handler in HANDLERS:
            found = outcome(handler, HOSTILE[name], **settings)
            assert len(found.reaching) * 4 >= len(HOSTILE[name]) > 0, (name, handler)
            assert found.escaped == [], (name, handler)
            assert found.kept_out == [], (name, handler)
    return True


def test_spring_cve_2016_5007():
    """Spring Security kept white space and control characters at the ends of a segment. Spring MVC removed them.

    In Django, the view of a catch-all route or a file system may remove them. The normalized path variant does the
    same before the rules are matched.
    """
    assert stopped("white space", "control characters")


def test_spring_cve_2022_22978():
    """In the expressions of RegexRequestMatcher, ``.`` did not match a newline. The router accepted it.

    ``<str:>`` matches ``%0A``, and ``$`` matches before it. In rule patterns, a newline is a character like any other,
    and the normalized path variant drops it.
    """
    assert stopped("newlines")


def test_spring_cve_2023_34034(settings):
    """``**`` without a leading slash matched nothing in WebFlux, so that a rule had no effect.

    With such a pattern the server does not start. ``/admin/**`` matches the path with empty segments too.
    """
    settings.SESSIONKIT_PROTECT = [{"pattern": "admin/**", "role": "admin"}]
    with pytest.raises(ImproperlyConfigured, match='must start with "/"'):
        middleware.SessionKitMiddleware(lambda request: None)
    settings.SESSIONKIT_PROTECT = []
    assert stopped("slashes", "nested")


def test_shiro_cve_2020_1957():
    """``/x/..;/admin/``: Shiro cut the path at the semicolon, the container only removed ``;...`` from it.

    Django does neither, but an unanchored expression finds ``admin/`` after anything. The text that the URL patterns
    matched is a path variant.
    """
    assert stopped("path parameters", "unanchored")


def test_shiro_cve_2020_11989():
    """``/;/admin/`` and twice-encoded slashes under a context path.

    Django's context path is SCRIPT_NAME. There are path variants with and without it. Nothing is decoded twice.
    """
    assert stopped("mounted")
    assert stopped("percent-encoding", FORCE_SCRIPT_NAME="/mount")


def test_shiro_cve_2020_13933():
    """``/admin/%3Bx``: decoded and then cut at the semicolon, the path no longer fitted ``/admin/*``.

    Percent-escapes are decoded once, by the server, and nothing is cut off: rules and resolver get the same path.
    """
    assert stopped("percent-encoding", "suffixes")


def test_shiro_cve_2020_17523():
    """``/admin/%20``: the segment was trimmed to nothing, and ``/admin/*`` requires a segment.

    The exact path is always checked too, so normalizing a path disables no rule.
    """
    wires = [Wire(f"/admin/{text}") for text in ("%20", "%20%20", "%09", "%C2%A0", "%20/", "./", ".")]
    for handler in HANDLERS:
        found = outcome(handler, wires, SESSIONKIT_PROTECT=[{"pattern": "/admin/*", "role": "admin"}])
        assert found == (wires, [], [])


def test_shiro_cve_2022_32532():
    """Like CVE-2022-22978, in Shiro's RegExPatternMatcher. Also tests optional parts and letter case.

    Case-insensitive expressions equate more letters than ``lower()``. The case-folded path variant equates all of them.
    The forms of a route leave the optional parts out.
    """
    assert stopped("letter case", "optional parts")


def test_shiro_cve_2023_34478():
    """Dot segments that the web framework resolved and the matcher did not.

    Django's resolver does not resolve them, but views do: ``django.views.static.serve``, or a catch-all view for files.
    The normalized path variant resolves them.
    """
    assert stopped("dot segments", "files")


def test_next_cve_2025_29927():
    """A request header, ``x-middleware-subrequest``, disabled the middleware.

    The guard reads no headers and not the raw target, only Django's ``path_info``, ``path`` and method.
    """
    assert stopped("headers")


def test_clerk_cve_2026_41248():
    """The matcher got the path before it was normalized and decoded, the router after.

    The rules are matched against every path variant, and again after Django has routed. One denial is enough.
    """
    assert stopped("percent-encoding", "slashes", "unicode", "answered inside")


def test_verbs():
    """A list of methods may be incomplete, but a function view runs for any method, also in lower case."""
    assert stopped("verbs")


def test_languages():
    """``i18n_patterns`` puts a language before the path. The path without it is a path variant."""
    assert stopped("languages")


def test_aliases():
    """``int("007")`` is 7, and a converter may accept many texts for a value. Its ``to_url()`` gives a path variant."""
    assert stopped("aliases")


def test_numbers_in_text():
    """A primary key is converted by ``int()``, which accepts ``+7``, ``0_7``, digits of any script, and white space."""
    assert stopped("numbers in text")


def test_optional_characters():
    """``^crew`` and ``^/?settings/$`` match ``/crewsettings/`` as well as ``/crew/settings/``."""
    assert stopped("optional characters")


def test_combined_forms():
    """An optional part in one pattern and ``07`` in the next: every combination of forms is checked."""
    assert stopped("combined forms")


def test_pattern_classes_of_a_project():
    """A subclass of ``RoutePattern`` may match other paths than its text."""
    assert stopped("pattern classes of a project")


def test_a_path_that_is_rewritten_inside_the_guard():
    """``process_view`` checks the path that Django has routed in the end."""
    assert stopped("rewritten inside")


def test_public_rules():
    """A public rule opens only paths that match it in the exact, the normalized and the matched form."""
    assert stopped("public rules")


def test_files_that_climb_out_of_their_folder():
    """``serve`` resolves ``/../private/x`` within its folder, and ``../uploads/private/x`` back into it."""
    assert stopped("files outside their folder")


def test_backslashes():
    """On Windows, a file view treats a backslash as a separator: ``..%5Cprivate`` leaves its folder.

    A path with backslashes has one more exact path variant, with slashes instead, and so has a captured value.
    """
    assert stopped("backslashes")


def test_optional_parts_with_alternatives():
    """``^report(?:\\.json|\\.csv)?$`` also matches ``/report``, and a rule for ``/report`` applies to all its forms."""
    assert stopped("optional alternatives")


def test_a_path_that_is_rewritten_at_the_login_page():
    """The login page is open, but not a path that middleware rewrites from or to it."""
    assert stopped("rewritten at the login page")


def test_pages_beside_the_login_page():
    """``/login//`` is not ``/login/``: a route such as ``login/<path:rest>`` leads to another page."""
    assert stopped("beside the login page")


def test_a_mount_at_the_login_page():
    """Gunicorn takes SCRIPT_NAME from a header. The mount ``/login`` without a path is the root, not the login page."""
    assert stopped("mounted at the login page")


class Plain:
    """A URLconf with these pages only."""

    def __init__(self, *patterns):
        self.urlpatterns = [*patterns]


def other_urls(get_response):
    def middleware(request):
        request.urlconf = Plain(path("login/", protected), path("enter/", ordinary, name="login"))
        return get_response(request)

    return middleware


def statuses(*urls: str, **settings) -> list[int]:
    """Return the status codes, which must be the same under WSGI and ASGI."""
    with override_settings(SESSIONKIT_PROTECT=[{"pattern": "/**", "role": "admin"}], **settings):
        found = [browser().get(url).status_code for url in urls]
        assert found == [async_to_sync(abrowser().get)(url).status_code for url in urls]
    return found


def test_the_login_page_of_another_urlconf():
    """``/login/`` is the login page of the root URLconf. With another URLconf it may be any page."""
    chain = [SESSIONS, f"{__name__}.other_urls", OURS]
    root = Plain(path("login/", ordinary, name="login"))
    named = {"SESSIONKIT_LOGIN_URL": "login", "ROOT_URLCONF": root}
    assert statuses("/login/", "/enter/", MIDDLEWARE=chain, **named) == [302, 200]
    assert statuses("/login/", "/enter/", MIDDLEWARE=[SESSIONS, OURS], **named) == [200, 302]


def test_pages_beside_the_login_page_of_a_language():
    """``/login/`` means ``/de/login/`` if Django redirects there, and no other path."""
    pages = [path("login/", ordinary), path("login/<path:rest>", protected), path("de/login/", protected)]
    chain = [SESSIONS, "django.middleware.locale.LocaleMiddleware", OURS]
    for prefix in (True, False):
        site = Plain(*i18n_patterns(*pages, prefix_default_language=prefix))
        beside = ("/de/login//", "/de/login/x", "/de/de/login/", "/DE/login/", "/de//login/", "/de/x/../login/")
        assert set(statuses(*beside, ROOT_URLCONF=site, MIDDLEWARE=chain)) == {302}
        assert statuses("/de/login/", ROOT_URLCONF=site, MIDDLEWARE=chain) == [200]
    site = Plain(path("login/", ordinary), *i18n_patterns(path("login/", protected)))
    assert statuses("/de/login/", ROOT_URLCONF=site, MIDDLEWARE=chain) == [302]


def test_every_class_has_a_test():
    tried = "".join(re.findall(r"stopped\((.*)\)\n", Path(__file__).read_text()))
    assert {name for name in HOSTILE if f'"{name}"' not in tried} == set()


def test_the_corpus_is_large_and_reaches():
    assert len({wire for wires in HOSTILE.values() for wire in wires}) >= 1000
    for handler in HANDLERS:
        pages = [page for wires in HOSTILE.values() for page in unguarded(handler, tuple(wires))]
        assert pages.count(PROTECTED) >= 1000


# Ordinary requests


def by_default(**settings):
    """Return settings that open pages by excludes instead of rules. All others require a session."""
    excluded = ["/wiki/**", "/files/**", "/people/**", "/forum/**", "/FORUM/**", "/Forum/**", "/open/**", "/login/**"]
    more = ["/administrator", "/admins", "/my/**", "/kiosks/**", "/item/**", "/media/public/**"]
    more += ["/tickets/**", "/parts/**"]
    return {**SETTINGS, "SESSIONKIT_GLOBAL_PROTECT": True, "SESSIONKIT_EXCLUDE": [*excluded, *more], **settings}


@pytest.mark.parametrize("handler", HANDLERS)
@pytest.mark.parametrize("policy", [SETTINGS, by_default()], ids=["rules", "default"])
@pytest.mark.parametrize("session", [None, READER, ADMIN], ids=["anonymous", "reader", "admin"])
def test_nothing_legitimate_is_blocked(handler, policy, session):
    assert len(set(ORDINARY)) >= 500
    wires = ORDINARY if IS_THOROUGH or session is READER else ORDINARY[::3]
    with override_settings(**policy):
        pages = HANDLERS[handler](wires, session)
    assert [wire for wire, kind in zip(wires, pages, strict=True) if kind != ORDINARY_PAGE] == []


# The tests detect a defect: without one part of the guard, they fail


def nothing(*args, **kwargs):
    """A flow that allows everything."""
    return None
    yield


def unchanged(request, evaluation, response):
    return response
    yield


MUTATIONS = {
    "no cleaning": (
        [(path_variants, "normalize", str)],
        ["white space", "dot segments", "control characters", "slashes"],
    ),
    "no folding": ([(rules, "Folding", lambda texts: str), (rules, "fold", str)], ["letter case", "unicode"]),
    "lower() for folding": (
        [(rules, "Folding", lambda texts: str.lower), (rules, "fold", str.lower)],
        ["letter case", "unicode"],
    ),
    "no backslashes": ([(path_variants, "_with_slashes", str)], ["backslashes"]),
    "no span and no forms": ([(engine.routes, "has_other_spellings", lambda *args: False)], ["unanchored", "aliases"]),
    "no languages": ([(path_variants, "strip_language", lambda *args: None)], ["languages"]),
    "no mount": (
        [(path_variants.VariantReader, "_mounted", lambda *args: []), (path_variants, "_under", lambda *args: [])],
        ["mounted"],
    ),
    "process_view alone": (
        [(middleware, "_check_path", nothing), (middleware, "_check_unrouted_response", unchanged)],
        ["answered inside"],
    ),
    "on entry alone": ([(middleware, "_check_view", nothing)], ["rewritten inside", "unanchored", "aliases"]),
}


@pytest.mark.parametrize("mutation", MUTATIONS)
def test_a_guard_without_one_of_its_parts_is_caught(mutation, monkeypatch):
    patches, names = MUTATIONS[mutation]
    for patch in patches:
        monkeypatch.setattr(*patch)
    for name in names:
        assert outcome("WSGI", HOSTILE[name]).escaped, name


# Around the guard


def inner(request):
    return page(PROTECTED)


guarded = require_role("admin")(inner)


def calling(request):
    return guarded(request)


@pytest.mark.parametrize(("session", "expected"), [(None, 302), (READER, 403), (ADMIN, 200)])
def test_a_view_that_calls_another_view(session, expected):
    """A URL rule applies to URLs only. A view that other code calls needs a decorator, which applies there too."""
    with override_settings(ROOT_URLCONF=Urls(path("outer/", calling))):
        assert browser(session).get("/outer/").status_code == expected
        assert async_to_sync(abrowser(session).get)("/outer/").status_code == expected


class Opened(View):
    def dispatch(self, request):
        return page(request)


class Below(Opened):
    pass


Opened = method_decorator(public, name="dispatch")(Opened)


@override_settings(SESSIONKIT_GLOBAL_PROTECT=True)
def test_a_mark_that_spreads():
    """``@public`` applies to one view only, not to the function that it wraps or to subclasses of a class."""
    open_routes = path("open/", public(page)), path("class/", Opened.as_view())
    closed_routes = path("closed/", page), path("below/", Below.as_view())
    with override_settings(ROOT_URLCONF=Urls(*open_routes, *closed_routes)):
        for name, status in (("open", 200), ("class", 200), ("closed", 302), ("below", 302)):
            assert browser().get(f"/{name}/").status_code == status
            assert async_to_sync(abrowser().get)(f"/{name}/").status_code == status


def rewriting(get_response):
    def middleware(request):
        request.path_info = request.headers.get("X-Original-URL", request.path_info)
        request.method = request.headers.get("X-HTTP-Method-Override", request.method)
        return get_response(request)

    return middleware


def is_own_page(session, request):
    return session is not None and request.path_info == f"/people/{session.user_id}/" and request.method == "GET"


@pytest.mark.parametrize("headers", [{"x-original-url": "/people/2/"}, {"x-http-method-override": "DELETE"}])
def test_a_predicate_is_asked_again_when_the_request_has_changed(headers):
    rule = {"pattern": "/people/**", "allow": is_own_page}
    middleware = [SESSIONS, OURS, f"{__name__}.rewriting"]
    urls = Urls(path("people/<str:name>/", protected))
    with override_settings(ROOT_URLCONF=urls, MIDDLEWARE=middleware, SESSIONKIT_PROTECT=[rule]):
        assert browser(READER).get("/people/1/").status_code == 200
        assert browser(READER).get("/people/2/").status_code == 403
        assert browser(READER).get("/people/1/", headers=headers).status_code == 403


class TokenSource(SessionSource):
    """Takes the dict from a token in ``Authorization``."""

    def read(self, request: HttpRequest):
        return {"Bearer admin": ADMIN, "Bearer reader": READER}.get(request.headers.get("Authorization", ""))


UPDATE = "django.middleware.cache.UpdateCacheMiddleware"
FETCH = "django.middleware.cache.FetchFromCacheMiddleware"
BY_PATH = {"pattern": "/report", "role": "admin"}
BY_VIEW = {"view": "report", "role": "admin"}
OUTER = [UPDATE, FETCH, SESSIONS, OURS]
AROUND = [UPDATE, SESSIONS, OURS, FETCH]
BEHIND_SESSIONS = [SESSIONS, UPDATE, OURS, FETCH]


@pytest.fixture
def report():
    """A page that is cached. The cache is empty before and after each test."""
    cache.clear()
    with override_settings(ROOT_URLCONF=Urls(path("report/", protected, name="report"), path("open/", ordinary))):
        yield
    cache.clear()


def pages_of(clients, url="/report/"):
    return [client.get(url).headers.get("X-Page") for client in clients]


@pytest.mark.usefixtures("report")
@pytest.mark.parametrize("rule", [BY_PATH, BY_VIEW], ids=["pattern", "view"])
@pytest.mark.parametrize("order", [OUTER, AROUND], ids=["outer", "around"])
def test_a_cached_page_is_for_its_own_session(order, rule):
    """The page was allowed for one session, so it varies on ``Cookie`` before it is stored."""
    with override_settings(MIDDLEWARE=order, SESSIONKIT_PROTECT=[rule]):
        admin = browser(ADMIN)
        assert pages_of([admin, admin, browser(READER), browser()]) == [PROTECTED, PROTECTED, None, None]
        assert admin.get("/report/")["Vary"] == "Cookie"
        assert "Vary" not in browser(READER).get("/open/")


@pytest.mark.usefixtures("report")
def test_a_cached_page_is_for_its_own_session_where_the_cache_stands_behind_the_sessions():
    with override_settings(MIDDLEWARE=BEHIND_SESSIONS, SESSIONKIT_PROTECT=[BY_VIEW]):
        assert pages_of([browser(ADMIN), browser(READER), browser()]) == [PROTECTED, None, None]


async def aprotected(request):
    return protected(request)


class Mixed(RequireRoleMixin, View):
    required_roles = ["admin"]

    def get(self, request):
        return protected(request)


class AsyncMixed(RequireRoleMixin, View):
    required_roles = ["admin"]

    async def get(self, request):
        return protected(request)


@method_decorator(cache_page(60), name="dispatch")
@method_decorator(require_role("admin"), name="get")
class Decorated(View):
    def get(self, request):
        return protected(request)


def drawn(request):
    """A view with a response that is rendered after the view has returned."""
    response = TemplateResponse(request, engines["django"].from_string("drawn"))
    response["X-Page"] = PROTECTED
    return response


def enforcing(request):
    enforce(Role("admin"))
    return protected(request)


async def aenforcing(request):
    await aenforce(Role("admin"))
    return protected(request)


def requiring(request):
    return protected(request) if require_session()["role"] == "admin" else None


async def arequiring(request):
    return protected(request) if (await arequire_session())["role"] == "admin" else None


SAYING_SO = {
    "sync": require_role("admin")(protected),
    "async": require_role("admin")(aprotected),
    "stacked": require_authenticated(require_role("admin")(protected)),
    "rendered": require_role("admin")(drawn),
    "varied": require_role("admin")(vary_on_headers("Accept-Language")(protected)),
    "mixin": Mixed.as_view(),
    "async mixin": AsyncMixed.as_view(),
    "method": Decorated.as_view(),
}
ASKING = {"sync": enforcing, "async": aenforcing, "session": requiring, "async session": arequiring}


def cached(view):
    """Route ``report/`` to the view inside ``cache_page``, where our middleware cannot see the response first."""
    cache.clear()
    return override_settings(ROOT_URLCONF=Urls(path("report/", cache_page(60)(view)), path("open/", public(ordinary))))


async def apages_of(clients, url="/report/"):
    return [(await client.get(url)).headers.get("X-Page") for client in clients]


@pytest.mark.parametrize("name", SAYING_SO)
def test_a_page_that_a_guard_has_let_pass_is_cached_for_its_own_session(name):
    """A guard sets ``Vary`` immediately, because the middleware is outside of ``cache_page``."""
    seen = []

    def counted(request):
        seen.append(request)
        return SAYING_SO[name](request)

    async def acounted(request):
        seen.append(request)
        return await SAYING_SO[name](request)

    view = acounted if "async" in name else counted
    with cached(view):
        admin = browser(ADMIN)
        assert pages_of([admin, admin, browser(READER), browser()]) == [PROTECTED, PROTECTED, None, None]
        assert len(seen) == 3
        assert "Cookie" in admin.get("/report/")["Vary"].split(", ")
    with cached(view):
        answers = async_to_sync(apages_of)([abrowser(ADMIN), abrowser(READER), abrowser()])
        assert answers == [PROTECTED, None, None]
    with cached(view), override_settings(SESSIONKIT_SOURCE=f"{__name__}.TokenSource"):
        clients = [Client(headers={"Authorization": f"Bearer {name}"}) for name in ("admin", "reader")]
        assert pages_of([*clients, Client()]) == [PROTECTED, None, None]
        assert {"Cookie", "Authorization"} <= set(clients[0].get("/report/")["Vary"].split(", "))
        assert "Vary" not in Client().get("/open/")


@pytest.mark.parametrize("name", ASKING)
def test_a_page_whose_code_has_asked_is_not_cached_inside_the_middleware(name):
    """None of our code runs between the view and ``cache_page``."""
    with cached(ASKING[name]):
        admin = browser(ADMIN)
        assert pages_of([admin, admin]) == [PROTECTED, PROTECTED]
        assert browser().get("/report/").status_code == 302
    with cached(ASKING[name]):
        assert async_to_sync(apages_of)([abrowser(ADMIN)]) == [PROTECTED]
        assert async_to_sync(abrowser().get)("/report/").status_code == 302


@pytest.mark.parametrize("name", ASKING)
def test_a_page_whose_code_has_asked_is_cached_outside_of_the_middleware(name):
    with cached(ASKING[name]), override_settings(MIDDLEWARE=OUTER):
        admin = browser(ADMIN)
        assert "Age" not in admin.get("/report/")
        assert "Age" in admin.get("/report/")
        assert browser().get("/report/").status_code == 302


@pytest.mark.usefixtures("report")
@pytest.mark.parametrize("rule", [BY_PATH, BY_VIEW], ids=["pattern", "view"])
@pytest.mark.parametrize("order", [OUTER, AROUND], ids=["outer", "around"])
def test_a_cached_page_is_for_its_own_token(order, rule):
    """A token source does not access ``request.session``, so the guard itself sets ``Vary``."""
    source = f"{__name__}.TokenSource"
    with override_settings(MIDDLEWARE=order, SESSIONKIT_PROTECT=[rule], SESSIONKIT_SOURCE=source):
        clients = [Client(headers={"authorization": f"Bearer {name}"}) for name in ("admin", "reader", "nobody")]
        assert pages_of([*clients, browser()]) == [PROTECTED, None, None, None]
        assert pages_of(clients) == [PROTECTED, None, None]
        assert {"Cookie", "Authorization"} <= set(clients[0].get("/report/")["Vary"].split(", "))


def test_a_role_in_another_spelling():
    """A role that is excluded by name is excluded in each form of the name that looks the same."""
    rule = {"pattern": "/admin/**", "require": ~Role("caf\u00e9")}
    banned = ["caf\u00e9", "cafe\u0301", "caf\u00e9\u200b", "\u2060cafe\u0301", "ca\u00adf\u00e9"]
    with override_settings(**UNGUARDED):
        assert (
            pages_of([browser({"user_id": "1", "role": role}) for role in banned], "/admin/tasks/") == [PROTECTED] * 5
        )
    with override_settings(**{**SETTINGS, "SESSIONKIT_PROTECT": [rule]}):
        assert pages_of([browser({"user_id": "1", "role": role}) for role in banned], "/admin/tasks/") == [None] * 5
        assert pages_of([browser(READER)], "/admin/tasks/") == [PROTECTED]


@pytest.mark.parametrize("verb", [set_session, update_session])
def test_a_slow_request_that_saves_old_rights(verb):
    """It saves all that it has read. The key has changed by then, so the save fails, and the old cookie is invalid."""
    with override_settings(**SETTINGS):
        admin = browser(ADMIN)
        slow, quick = admin.session, HttpRequest()
        assert slow["__session__"]["role"] == "admin"
        quick.session = admin.session
        verb(quick, {**ADMIN, "role": "reader", "permissions": []})
        quick.session.save()
        slow["page"] = 3
        with pytest.raises(UpdateError):
            slow.save()
        current = browser()
        current.cookies["sessionid"] = quick.session.session_key
        assert pages_of([admin, current], "/admin/tasks/") == [None, None]


def test_the_views_of_this_suite_answer_as_they_say():
    """Without the guard, a protected page is open to everyone. Otherwise the tests in this module prove nothing."""
    with override_settings(**UNGUARDED):
        response = Client().get("/admin/tasks/")
    assert isinstance(response, HttpResponse)
    assert (response.status_code, response.headers["X-Page"]) == (200, PROTECTED)
