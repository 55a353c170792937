"""No form of a URL bypasses the guard, and no ordinary URL is denied.

Each class of bypass names the holes of other guards that it comes from, how they translate to Django, and what stops
them here. A request counts only if Django really routes it to a protected page when nobody guards it.
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
from support.hostile import Wire
from support.hostile_corpus import HOSTILE
from support.hostile_ordinary import ORDINARY
from support.hostile_run import HANDLERS, UNGUARDED, outcome
from support.hostile_sites import ORDINARY as ORDINARY_PAGE
from support.hostile_sites import OURS, PROTECTED, SESSIONS, SETTINGS, Urls, ordinary, page, protected
from support.sessions import ADMIN, READER, abrowser, browser

from django_sessionkit import (
    Role,
    aenforce,
    arequire_session,
    enforce,
    guard,
    middleware,
    readings,
    require_session,
    rules,
    set_session,
    update_session,
)
from django_sessionkit.decorators import public, require_authenticated, require_role
from django_sessionkit.mixins import RequireRoleMixin
from django_sessionkit.sources import SessionSource


@pytest.fixture(autouse=True)
def quiet():
    """Thousands of refused requests need no line in a log each; and no mount or language may stay behind."""
    logging.disable(logging.WARNING)
    yield
    logging.disable(logging.NOTSET)
    set_script_prefix("/")
    translation.deactivate()


def stopped(*names: str, **settings) -> bool:
    """Whether no request of these classes gets by, on both handlers; each class must really try."""
    for name in names:
        for handler in HANDLERS:
            found = outcome(handler, HOSTILE[name], **settings)
            assert len(found.reaching) * 4 >= len(HOSTILE[name]) > 0, (name, handler)
            assert found.escaped == [], (name, handler)
            assert found.kept_out == [], (name, handler)
    return True


def test_spring_cve_2016_5007():
    """Spring Security read white space and controls at the ends of a segment as part of it, Spring MVC cut them off.

    In Django it is the view behind a catch-all route, or a file system, that cuts them off. The cleaned reading does
    the same before the rules are asked.
    """
    assert stopped("white space", "control characters")


def test_spring_cve_2022_22978():
    """In the expressions of RegexRequestMatcher ``.`` did not match a newline; the router did not mind one.

    ``<str:>`` takes ``%0A``, and ``$`` matches before one. Patterns are globs over segments, to which a newline is a
    character like any other, and the cleaned reading drops it.
    """
    assert stopped("newlines")


def test_spring_cve_2023_34034(settings):
    """``**`` without a leading slash matched nothing in WebFlux, so that a rule was silently void.

    A pattern without a leading slash keeps the server from starting, and ``/admin/**`` covers the path with empty
    segments too.
    """
    settings.SESSIONKIT_PROTECT = [{"pattern": "admin/**", "role": "admin"}]
    with pytest.raises(ImproperlyConfigured, match='must start with "/"'):
        middleware.SessionKitMiddleware(lambda request: None)
    settings.SESSIONKIT_PROTECT = []
    assert stopped("slashes", "nested")


def test_shiro_cve_2020_1957():
    """``/x/..;/admin/``: Shiro cut the path at the semicolon, the container only took ``;...`` out of it.

    Django does neither, but an unanchored expression finds ``admin/`` behind anything. The span that the chain of URL
    patterns has matched is a reading.
    """
    assert stopped("path parameters", "unanchored")


def test_shiro_cve_2020_11989():
    """``/;/admin/`` and twice-encoded slashes under a context path.

    Django's context path is SCRIPT_NAME. The path is read with and without it; nothing is decoded twice.
    """
    assert stopped("mounted")
    assert stopped("percent-encoding", FORCE_SCRIPT_NAME="/mount")


def test_shiro_cve_2020_13933():
    """``/admin/%3Bx``: decoded and then cut at the semicolon, the path no longer fitted ``/admin/*``.

    Percent-escapes are decoded once, by the server, and nothing is cut off: the rule sees what the resolver sees.
    """
    assert stopped("percent-encoding", "suffixes")


def test_shiro_cve_2020_17523():
    """``/admin/%20``: the segment was trimmed away, and ``/admin/*`` asks for one.

    The exact reading is always asked, so that cleaning a path takes no rule away.
    """
    wires = [Wire(f"/admin/{text}") for text in ("%20", "%20%20", "%09", "%C2%A0", "%20/", "./", ".")]
    for handler in HANDLERS:
        found = outcome(handler, wires, SESSIONKIT_PROTECT=[{"pattern": "/admin/*", "role": "admin"}])
        assert found == (wires, [], [])


def test_shiro_cve_2022_32532():
    """As CVE-2022-22978, in Shiro's RegExPatternMatcher; optional parts and letter case go the same way.

    Case-insensitive expressions equate more letters than ``lower()`` does; the folded reading equates all of them. What
    an optional part adds is left out in the forms of a route.
    """
    assert stopped("letter case", "optional parts")


def test_shiro_cve_2023_34478():
    """Dot segments that the web framework resolved and the matcher did not.

    Django's resolver does not resolve them, but views do: ``django.views.static.serve``, or a catch-all that looks for
    files. The cleaned reading resolves them.
    """
    assert stopped("dot segments", "files")


def test_next_cve_2025_29927():
    """A request header, ``x-middleware-subrequest``, switched the middleware off.

    The guard reads neither headers nor the raw target: only ``path_info``, ``path`` and the method, as Django has them.
    """
    assert stopped("headers")


def test_clerk_cve_2026_41248():
    """The matcher saw the path before it was normalised and decoded, the router after.

    A rule is asked about every reading of a path, and again about what Django has routed. One no is enough.
    """
    assert stopped("percent-encoding", "slashes", "unicode", "answered inside")


def test_verbs():
    """A guard that lists methods forgets some; a function view runs on any, lower-case ones included."""
    assert stopped("verbs")


def test_languages():
    """``i18n_patterns`` put a language before the path; a path without it is a reading."""
    assert stopped("languages")


def test_aliases():
    """``int("007")`` is 7, and a converter may have many spellings for one value: its own ``to_url`` is a reading."""
    assert stopped("aliases")


def test_numbers_in_text():
    """A primary key is looked up as ``int()`` reads it: ``+7``, ``0_7``, digits of any script, white space around."""
    assert stopped("numbers in text")


def test_optional_characters():
    """``^crew`` and ``^/?settings/$`` take ``/crewsettings/`` for ``/crew/settings/``."""
    assert stopped("optional characters")


def test_combined_forms():
    """An optional part in one pattern and ``07`` in the next: every combination of what a chain can write is asked."""
    assert stopped("combined forms")


def test_pattern_classes_of_a_project():
    """A subclass of ``RoutePattern`` may match other paths than it spells."""
    assert stopped("pattern classes of a project")


def test_a_path_that_is_rewritten_inside_the_guard():
    """The path that Django routes in the end is decided about in ``process_view``."""
    assert stopped("rewritten inside")


def test_public_rules():
    """A public rule lifts only what it names in the exact, the cleaned and the matched spelling."""
    assert stopped("public rules")


def test_files_that_climb_out_of_their_folder():
    """``serve`` resolves ``/../private/x`` within its folder, and ``../uploads/private/x`` back into it."""
    assert stopped("files outside their folder")


def test_backslashes():
    """On Windows a file view takes a backslash for a separator: ``..%5Cprivate`` climbs there.

    A path with backslashes has one more strict reading, in which they are slashes, and so has a captured value.
    """
    assert stopped("backslashes")


def test_optional_parts_with_alternatives():
    """``^report(?:\\.json|\\.csv)?$`` is a spelling of ``/report``: the rule for it covers both."""
    assert stopped("optional alternatives")


def test_a_path_that_is_rewritten_at_the_login_page():
    """The log-in page is open, but not what somebody makes of it on the way in."""
    assert stopped("rewritten at the log-in page")


def test_pages_beside_the_login_page():
    """``/login//`` is not ``/login/``: a route such as ``login/<path:rest>`` leads elsewhere."""
    assert stopped("beside the log-in page")


def test_a_mount_at_the_login_page():
    """Gunicorn takes SCRIPT_NAME from a header: ``/login`` and nothing behind it is the root, not the log-in page."""
    assert stopped("mounted at the log-in page")


class Plain:
    """A URLconf as an object, with these pages and no others."""

    def __init__(self, *patterns):
        self.urlpatterns = [*patterns]


def other_urls(get_response):
    def middleware(request):
        request.urlconf = Plain(path("login/", protected), path("enter/", ordinary, name="login"))
        return get_response(request)

    return middleware


def statuses(*urls: str, **settings) -> list[int]:
    """The same under WSGI and ASGI."""
    with override_settings(SESSIONKIT_PROTECT=[{"pattern": "/**", "role": "admin"}], **settings):
        found = [browser().get(url).status_code for url in urls]
        assert found == [async_to_sync(abrowser().get)(url).status_code for url in urls]
    return found


def test_the_login_page_of_another_urlconf():
    """``/login/`` is the login page of the root URLconf. On the host of a tenant it may be any page."""
    chain = [SESSIONS, "test_bypasses.other_urls", OURS]
    root = Plain(path("login/", ordinary, name="login"))
    named = {"SESSIONKIT_LOGIN_URL": "login", "ROOT_URLCONF": root}
    assert statuses("/login/", "/enter/", MIDDLEWARE=chain, **named) == [302, 200]
    assert statuses("/login/", "/enter/", MIDDLEWARE=[SESSIONS, OURS], **named) == [200, 302]


def test_pages_beside_the_login_page_of_a_language():
    """``/login/`` stands for ``/de/login/`` where Django leads there, and for nothing else."""
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
    wires = [wire for many in HOSTILE.values() for wire in many]
    assert len(set(wires)) >= 1000
    for send in HANDLERS.values():
        with override_settings(**UNGUARDED):
            assert send(wires).count(PROTECTED) >= 1000


# What is legitimate


def by_default(**settings):
    """Everything needs a session, but for what is excluded; spelt with excludes instead of rules."""
    excluded = ["/wiki/**", "/files/**", "/people/**", "/forum/**", "/FORUM/**", "/Forum/**", "/open/**", "/login/**"]
    more = ["/administrator", "/admins", "/my/**", "/kiosks/**", "/item/**", "/media/public/**"]
    more += ["/tickets/**", "/parts/**"]
    return {**SETTINGS, "SESSIONKIT_GLOBAL_PROTECT": True, "SESSIONKIT_EXCLUDE": [*excluded, *more], **settings}


@pytest.mark.parametrize("handler", HANDLERS)
@pytest.mark.parametrize("policy", [SETTINGS, by_default()], ids=["rules", "default"])
@pytest.mark.parametrize("session", [None, READER, ADMIN], ids=["anonymous", "reader", "admin"])
def test_nothing_legitimate_is_blocked(handler, policy, session):
    assert len(set(ORDINARY)) >= 500
    with override_settings(**policy):
        pages = HANDLERS[handler](ORDINARY, session)
    assert [wire for wire, kind in zip(ORDINARY, pages, strict=True) if kind != ORDINARY_PAGE] == []


# The tests bite: with one part of the guard taken out, they find the hole


def nothing(*args, **kwargs):
    """A flow that lets everything pass."""
    return None
    yield


def unchanged(request, passage, response):
    return response
    yield


MUTATIONS = {
    "no cleaning": ([(readings, "clean", str)], ["white space", "dot segments", "control characters", "slashes"]),
    "no folding": ([(rules, "Folding", lambda texts: str), (rules, "fold", str)], ["letter case", "unicode"]),
    "lower() for folding": (
        [(rules, "Folding", lambda texts: str.lower), (rules, "fold", str.lower)],
        ["letter case", "unicode"],
    ),
    "no backslashes": ([(readings, "_with_slashes", str)], ["backslashes"]),
    "no span and no forms": ([(guard.routes, "may_be_respelt", lambda *args: False)], ["unanchored", "aliases"]),
    "no languages": ([(readings, "strip_language", lambda *args: None)], ["languages"]),
    "no mount": (
        [(readings.Reader, "_mounted", lambda *args: []), (readings, "_under", lambda *args: [])],
        ["mounted"],
    ),
    "process_view alone": (
        [(middleware, "_enter", nothing), (middleware, "_leave", unchanged)],
        ["answered inside"],
    ),
    "on entry alone": ([(middleware, "_before_view", nothing)], ["rewritten inside", "unanchored", "aliases"]),
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
    """A URL rule is about URLs: what is called from elsewhere needs its own decorator, which holds there too."""
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
    """``@public`` is about one view: not about what it wraps, nor about the subclasses of a class."""
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
    """A dict from a token in ``Authorization``."""

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
    """A page for the cache; an entry made by one test must not serve another."""
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
    """The page was let through for one session, so it varies on ``Cookie`` before it is stored."""
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
    """A view that is rendered after it has returned."""
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
    """On the routes ``report/`` and ``open/``, inside ``cache_page``, which no middleware of ours is inside of."""
    cache.clear()
    return override_settings(ROOT_URLCONF=Urls(path("report/", cache_page(60)(view)), path("open/", public(ordinary))))


async def apages_of(clients, url="/report/"):
    return [(await client.get(url)).headers.get("X-Page") for client in clients]


@pytest.mark.parametrize("name", SAYING_SO)
def test_a_page_that_a_guard_has_let_pass_is_cached_for_its_own_session(name):
    """A guard says at once what its page varies on: the middleware is further out than ``cache_page``."""
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
    """Nothing of ours stands between the view and ``cache_page``."""
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
    """A token source leaves no trace in the session: the guard itself says what the response varies on."""
    source = f"{__name__}.TokenSource"
    with override_settings(MIDDLEWARE=order, SESSIONKIT_PROTECT=[rule], SESSIONKIT_SOURCE=source):
        clients = [Client(headers={"authorization": f"Bearer {name}"}) for name in ("admin", "reader", "nobody")]
        assert pages_of([*clients, browser()]) == [PROTECTED, None, None, None]
        assert pages_of(clients) == [PROTECTED, None, None]
        assert {"Cookie", "Authorization"} <= set(clients[0].get("/report/")["Vary"].split(", "))


def test_a_role_in_another_spelling():
    """What is excluded by a name must be excluded in each form of it that looks the same."""
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
    """It stores all that it has read. The key is another one by then, so its save fails, and so does the old cookie."""
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
    """A protected page that nobody guards is open to everybody; if not, every test here would pass for nothing."""
    with override_settings(**UNGUARDED):
        response = Client().get("/admin/tasks/")
    assert isinstance(response, HttpResponse)
    assert (response.status_code, response.headers["X-Page"]) == (200, PROTECTED)
