"""With ``DEBUG``, denials have a header and an explanatory 403 page. Without it, they have neither."""

from __future__ import annotations

import re
from html import unescape

import pytest
from django.http import HttpResponse
from django.test import RequestFactory, override_settings
from django.urls import ResolverMatch, path
from django.utils.decorators import method_decorator
from django.views import View
from support.loops import async_to_sync
from support.sessions import EDITOR, JSON, READER, abrowser, browser
from testsite import urls as testsite_urls
from testsite import views

from django_sessionkit import Permission, enforce
from django_sessionkit.access import AccessPolicy
from django_sessionkit.decorators import require_role
from django_sessionkit.exceptions import InvalidPolicy
from django_sessionkit.responses import annotate

HEADER = "X-SessionKit-Decision"
EVIL = "a\N{SNOWMAN};<script>"
RULES = [
    {"name": "health", "pattern": "/page/health", "public": True},
    {"name": "desk", "pattern": "/page/**", "role": "editor"},
    {"name": EVIL, "pattern": "/files/**", "role": "editor"},
    {"name": "hidden", "pattern": "/billing/**", "role": "admin", "on_deny": "not_found"},
    {"name": "long" * 100, "pattern": "/stream", "authenticated": True},
    {"name": "login", "pattern": "/login", "role": "admin"},
    {"name": "code", "pattern": "/apage", "allow": lambda session: session is not None},
]


def enforcing(request):
    enforce(Permission("posts:burn"))


@method_decorator(require_role("editor"), name="post")
class Posting(View):
    def get(self, request):
        return HttpResponse("page")

    post = get


def moving(request):
    request.path_info = "/elsewhere/"
    return HttpResponse("page")


urlpatterns = [
    *testsite_urls.urlpatterns,
    path("drafts/", require_role("editor")(views.page)),
    path("page/drafts/", require_role("editor")(views.page)),
    path("page/health/", views.page),
    path("enforcing/", enforcing),
    path("posting/", Posting.as_view()),
    path("moving/", moving),
]
handlers = type("urls", (), {"urlpatterns": urlpatterns, "handler403": f"{__name__}.own_page"})


def own_page(request, exception):
    return HttpResponse("our own page", status=403)


@pytest.fixture(autouse=True)
def site(settings):
    settings.ROOT_URLCONF = __name__
    settings.SESSIONKIT_PROTECT = RULES
    settings.DEBUG = True
    return settings


HEADERS = [
    ("/page/", EDITOR, "allowed; rule=desk; reason=granted"),
    ("/page/", READER, "denied; rule=desk; reason=missing_role"),
    ("/page/", None, "denied; rule=desk; reason=not_authenticated"),
    ("/page/health/", None, "allowed; rule=health; reason=public"),
    ("/page/drafts/", EDITOR, "allowed; rule=desk+view; reason=granted"),
    ("/drafts/", EDITOR, "allowed; rule=view; reason=granted"),
    ("/drafts/", READER, "denied; rule=view; reason=missing_role"),
    ("/enforcing/", READER, "denied; rule=view; reason=missing_permission"),
    ("/files/a", EDITOR, "allowed; rule=a??<script>; reason=granted"),
    ("/stream/", EDITOR, f"allowed; rule={'long' * 50}; reason=granted"),
    ("/login/", READER, "allowed; rule=login; reason=login_page"),
    ("/who/", READER, "allowed; rule=none; reason=unprotected"),
]


@pytest.mark.parametrize(("where", "session", "header"), HEADERS)
def test_the_header_says_what_was_decided(where, session, header):
    assert browser(session).get(where)[HEADER] == header
    assert async_to_sync(abrowser(session).get)(where)[HEADER] == header


DEFAULTS = [
    ("/open/", None, "allowed; rule=none; reason=@public"),
    ("/who/", None, "allowed; rule=none; reason=SESSIONKIT_EXCLUDE"),
    ("/upgrade/", READER, "allowed; rule=SESSIONKIT_GLOBAL_PROTECT; reason=granted"),
    ("/upgrade/", None, "denied; rule=SESSIONKIT_GLOBAL_PROTECT; reason=not_authenticated"),
]


@pytest.mark.parametrize(("where", "session", "header"), DEFAULTS)
def test_the_header_knows_the_global_default(site, where, session, header):
    site.SESSIONKIT_GLOBAL_PROTECT = True
    site.SESSIONKIT_EXCLUDE = ["/who"]
    assert browser(session).get(where)[HEADER] == header


def test_the_header_is_about_the_method_of_the_request():
    assert browser(EDITOR).get("/posting/")[HEADER] == "allowed; rule=none; reason=unprotected"
    assert browser(EDITOR).post("/posting/")[HEADER] == "allowed; rule=view; reason=granted"


def test_the_header_does_not_guess_why_if_the_view_has_changed_the_path(site):
    site.SESSIONKIT_GLOBAL_PROTECT = True
    site.SESSIONKIT_EXCLUDE = ["/moving"]
    assert browser().get("/moving/")[HEADER] == "allowed; rule=none; reason=unknown"


def test_the_header_is_on_the_redirect_that_adds_a_slash(site):
    site.SESSIONKIT_GLOBAL_PROTECT = True
    site.MIDDLEWARE = [*site.MIDDLEWARE, "django.middleware.common.CommonMiddleware"]
    site.MIDDLEWARE.remove("django.middleware.common.CommonMiddleware")
    answer = browser().get("/open")
    assert (answer.status_code, answer[HEADER]) == (301, "allowed; rule=none; reason=not_routed")


def test_the_header_is_on_every_kind_of_denial():
    client = browser(READER)
    assert client.get("/page/", headers=JSON)[HEADER] == "denied; rule=desk; reason=missing_role"
    assert client.get("/page/", headers={"hx-request": "true"})[HEADER] == "denied; rule=desk; reason=missing_role"


def test_a_view_that_needs_an_object_and_asked_about_none_is_named():
    def unasked(request):
        return HttpResponse("order")

    unasked.requires_object = True
    request = RequestFactory().get("/order/")
    request.resolver_match = ResolverMatch(unasked, (), {})
    with pytest.raises(InvalidPolicy, match="unasked: sent the status 200 without checking"):
        annotate(request, unasked(request))


def test_the_header_reads_no_session():
    response = browser(READER).get("/open/")
    assert response[HEADER].startswith("allowed")
    assert not response.has_header("Vary")


@pytest.mark.parametrize("where", ["/nowhere/", "/billing/delete/"])
def test_the_header_tells_no_hidden_page_from_an_unknown_one(where):
    assert not browser(READER).get(where).has_header(HEADER)


@pytest.mark.parametrize(("where", "session"), [(where, session) for where, session, _ in HEADERS])
def test_without_debug_there_is_neither_header_nor_explanation(site, where, session):
    site.DEBUG = False
    response = browser(session).get(where)
    assert not response.has_header(HEADER)
    assert not response.has_header("Content-Security-Policy")
    if not response.streaming:
        assert "SessionKit" not in response.content.decode()
        assert "desk" not in response.content.decode()


def shown(where: str, session=READER) -> str:
    response = browser(session).get(where)
    assert response.status_code == 403
    return response.content.decode()


def test_the_403_page_explains():
    page = shown("/page/")
    assert "<title>Access denied: GET /page/</title>" in page
    assert "<h1>403: access denied</h1>" in page
    assert "denied by the rule desk: needs the role &quot;editor&quot;" in page
    assert '<span class="sessionkit-denied">denied</span> <code>Role(&#x27;editor&#x27;)</code>' in page
    assert "neither a <code>handler403</code> nor a template" in page


def test_the_403_page_explains_under_asgi(site):
    response = async_to_sync(abrowser(READER).get)("/page/")
    assert "denied by the rule desk" in response.content.decode()
    assert fact("Roles", response.content.decode()) == "reader"


def fact(name: str, page: str) -> str:
    """The text of one row of the facts, or an empty string."""
    found = re.search(rf'<th scope="row">{name}</th><td>(.*?)</td>', page)
    return unescape(re.sub(r"<[^>]+>", "", found.group(1))) if found else ""


def test_the_403_page_shows_the_pattern_of_the_rule():
    assert fact("Rule", shown("/page/")) == "desk, for /page/**"
    assert "<td><code>desk</code></td><td><code>/page/**</code></td>" in shown("/page/")
    assert fact("Rule", shown("/drafts/")) == ""


def test_the_403_page_shows_the_views_of_a_rule(site):
    site.SESSIONKIT_PROTECT = [{"name": "views", "view": ["page", "shop:*"], "role": "editor"}]
    assert fact("Rule", shown("/page/")) == "views, for view page, view shop:*"


MOMENTS = [
    ("/page/", "from the path alone, before Django looked for the view"),
    ("/drafts/", "by a decorator or mixin of the view, before the code of the view ran"),
    ("/enforcing/", "by code inside the view, while it ran"),
]


@pytest.mark.parametrize(("where", "words"), MOMENTS)
def test_the_403_page_says_when_it_was_decided(where, words):
    assert fact("Decided", shown(where)) == words


def test_the_403_page_says_that_a_rule_waited_for_the_view(site):
    site.SESSIONKIT_PROTECT = [{"name": "views", "view": "page", "role": "editor"}]
    assert fact("Decided", shown("/page/")) == "after Django had found the view, before the view ran"
    site.SESSIONKIT_PROTECT = [{"view": "other", "role": "x"}, {"pattern": "/**", "role": "editor"}]
    assert fact("Decided", shown("/nowhere/")) == "after Django had looked for a view and found none"


def test_the_403_page_shows_the_rights_of_the_session(site):
    site.SESSIONKIT_ROLES = {"reader": {"permissions": ["posts:read"]}, "author": {"inherits": ["reader"]}}
    page = shown("/page/", {"user_id": "7", "role": "author", "roles": ["guest"], "permissions": ["a:b", EVIL]})
    assert fact("Roles", page) == "author, guest, reader (by SESSIONKIT_ROLES)"
    assert fact("Permissions", page) == f"a:b, {EVIL}, posts:read (by SESSIONKIT_ROLES)"
    assert "<script>" not in page
    assert fact("Permissions", shown("/page/", {"user_id": "7", "role": "guest"})) == "none"


def test_the_403_page_shows_the_first_fifty_names():
    page = shown("/page/", {"user_id": "7", "permissions": [f"p{number:02}" for number in range(53)]})
    assert fact("Permissions", page).endswith(", p48, p49 and 3 more")


def test_the_403_page_shows_no_other_value_of_the_session():
    page = shown("/page/", {"user_id": "the-user", "email": "secret@example.org", "role": "reader", "plan": "platinum"})
    assert not re.search("the-user|secret@|platinum", page)


class AddingPolicy(AccessPolicy):
    def get_roles(self, session):
        return [*super().get_roles(session), "guest"]


class FailingPolicy(AccessPolicy):
    def get_permissions(self, session):
        raise LookupError("a value of the session")


@pytest.mark.parametrize("client", [browser, abrowser])
def test_the_403_page_shows_the_rights_that_a_policy_gives(site, client):
    get = client(READER).get if client is browser else async_to_sync(client(READER).get)
    site.SESSIONKIT_ACCESS_POLICY = AddingPolicy
    assert fact("Roles", get("/page/").content.decode()) == "guest (added by the access policy), reader"
    site.SESSIONKIT_ACCESS_POLICY = FailingPolicy
    page = get("/page/").content.decode()
    assert fact("Roles", page) == fact("Permissions", page) == "none"
    assert "a value of the session" not in page


def test_the_403_page_shows_no_rights_without_a_session(site):
    site.SESSIONKIT_PROTECT = [{"pattern": "/page/**", "deny": True}]
    page = shown("/page/", None)
    assert fact("Roles", page) == fact("Permissions", page) == ""


def test_the_403_page_is_not_kept_and_lets_no_script_in():
    response = browser(READER).get("/page/")
    assert response["Cache-Control"] == "no-store"
    assert "default-src 'self'" in response["Content-Security-Policy"]
    assert "script-src" not in response["Content-Security-Policy"]


def test_the_403_page_escapes_the_path_and_the_names():
    page = shown("/files/<img src=x>")
    assert "<script>" not in page
    assert "<img" not in page
    assert "a\N{SNOWMAN};&lt;script&gt;" in page


def test_the_403_page_says_that_a_wildcard_opens_one_segment(site):
    site.SESSIONKIT_PROTECT = [{"pattern": "/files/*", "public": True, "name": "open"}, *RULES]
    assert "Not opened by <code>open &quot;/files/*&quot;</code>" in shown("/files/a/b")
    assert "Not opened" not in shown("/page/")


def test_code_inside_a_view_is_told_from_rules():
    page = shown("/enforcing/")
    assert "Code inside the view denied it" in page
    assert "denied by code inside the view: needs the permission &quot;posts:burn&quot;" in page
    assert '<th scope="row">Response</th><td>403</td>' in page
    assert "allowed" not in page.partition("</style>")[2]
    assert "Code inside the view denied it" not in shown("/drafts/")


def test_a_page_of_the_project_is_left_alone(site):
    site.ROOT_URLCONF = handlers
    assert shown("/page/") == "our own page"
    site.ROOT_URLCONF = __name__
    engine = {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "OPTIONS": {"loaders": [("django.template.loaders.locmem.Loader", {"403.html": "our template"})]},
    }
    with override_settings(TEMPLATES=[engine]):
        assert shown("/page/") == "our template"


def test_a_hidden_page_is_not_explained():
    response = browser(READER).get("/billing/delete/")
    assert response.status_code == 404
    assert "hidden" not in response.content.decode()


def test_other_answers_are_as_ever():
    assert browser().get("/page/").status_code == 302
    assert browser(READER).get("/page/", headers=JSON)["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("session", [{"user_id": "1", "role": "root"}, {"user_id": "1", "role": "reader"}])
def test_the_page_says_why_every_permission_is_not_enough(site, session):
    site.SESSIONKIT_ROLES = {"root": {"permissions": ["*"]}, "reader": {}}
    page = browser(session).get("/page/").content.decode()
    assert ("This session has every permission" in page) is (session["role"] == "root")
