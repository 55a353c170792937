"""Where a denial redirects to, and which page comes after the login, function by function."""

from __future__ import annotations

import pytest
from django.conf.urls.i18n import i18n_patterns
from django.contrib.auth.views import LoginView
from django.http import HttpResponse
from django.test import RequestFactory, override_settings
from django.urls import path, resolve, reverse_lazy
from django.utils.functional import lazystr
from django.utils.translation import override
from django.views import View

from django_sessionkit.guard import redirects
from django_sessionkit.policy.denial_options import DenialOptions

SITE = "http://testserver"


def page(request):
    return HttpResponse("page")


def other(request):
    return HttpResponse("other")


class Tenant:
    """A URLconf with a name that the root URLconf does not have."""

    urlpatterns = (path("tenant/login/", page, name="tenant-login"),)


@pytest.mark.parametrize(
    ("target", "found", "message"),
    [
        ("/a b/", None, "A redirect target is not a path on this site. Nobody is redirected to it."),
        ("/a/", "/a/", None),
        ("tenant-login", "/tenant/login/", None),
        (lazystr("tenant-login"), "/tenant/login/", None),
        (
            "no-such-name",
            None,
            'the URL name "no-such-name" cannot be reversed (NoReverseMatch). Nobody is redirected to it.',
        ),
        (
            reverse_lazy("no-such-name"),
            None,
            "a lazy URL cannot be reversed (NoReverseMatch). Nobody is redirected to it.",
        ),
    ],
)
def test_the_path_of_a_redirect_and_what_the_log_says_without_one(target, found, message, caplog):
    assert redirects.resolve_redirect(target, Tenant) == found
    assert caplog.messages == ([message] if message else [])


class Eager(LoginView):
    redirect_authenticated_user = True


class RedirectAuthenticatedUserMixin:
    """What allauth's views inherit from."""


class OfAllauth(RedirectAuthenticatedUserMixin, View):
    pass


class Logins:
    """A URLconf with login pages that the root URLconf does not have."""

    urlpatterns = (
        path("plain/", LoginView.as_view()),
        path("told/", LoginView.as_view(redirect_authenticated_user=True)),
        path("eager/", Eager.as_view()),
        path("eased/", Eager.as_view(redirect_authenticated_user=False)),
        path("allauth/", OfAllauth.as_view()),
        path("function/", page),
    )


@override_settings(SESSIONKIT_REAUTH_URL=None)
@pytest.mark.parametrize(
    ("url", "shows_form"),
    [
        ("/plain/", True),
        ("/told/", False),
        ("/told/?a=b#c", False),
        ("/eager/", False),
        ("/eased/", True),
        ("/allauth/", False),
        ("/function/", True),
        ("/nowhere/", True),
    ],
)
def test_a_login_page_that_sends_users_back_is_none_to_confirm_at(url, shows_form, caplog):
    line = "SESSIONKIT_REAUTH_URL is not set, and the login page redirects users who are logged in."
    assert redirects.reauth_path(DenialOptions(login_url=url), Logins) == (url if shows_form else None)
    assert caplog.messages == ([] if shows_form else [line])
    assert redirects.reauth_path(DenialOptions(login_url=url)) == url  # the root URLconf has none of them
    with override_settings(SESSIONKIT_REAUTH_URL="/confirm/"):
        assert redirects.reauth_path(DenialOptions(login_url=url), Logins) == "/confirm/"
        assert redirects.is_reauth_page("/confirm/", "/confirm/")
    assert not redirects.is_reauth_page(url, url)


@override_settings(SESSIONKIT_LOGIN_URL="/in/", SESSIONKIT_REAUTH_URL=None)
def test_the_login_page_of_the_options_comes_before_that_of_the_settings():
    options = DenialOptions(login_url="tenant-login")
    for find in (redirects.login_path, redirects.reauth_path):
        assert (find(), find(options, Tenant)) == ("/in/", "/tenant/login/")


@pytest.mark.parametrize(
    ("login", "target", "expected"),
    [
        ("/in/", None, "/in/"),
        ("/in/?a=1#b", "/x/?c=d&e", "/in/?a=1&next=/x/%3Fc%3Dd%26e#b"),
        ("/in/?next=/y/&a=1", "/x/", "/in/?next=/x/&a=1"),
    ],
)
def test_next_is_one_field_of_the_query(login, target, expected):
    assert redirects.with_next(login, target) == expected


@pytest.mark.parametrize(
    ("url", "target"),
    [
        (f"{SITE}/a/?b=c&d#e", "/a/?b=c&d"),
        (SITE, "/"),
        (f"{SITE}?a", "/?a"),
        ("", None),
        ("http://elsewhere/a/", None),
        (f"{SITE}//elsewhere/", None),
        (f"{SITE}/a/#".ljust(2000, "x"), "/a/"),
        (f"{SITE}/a/#".ljust(4000, "x"), None),
        (f"{SITE}/".ljust(len(SITE) + 2000, "x"), "/".ljust(2000, "x")),
        (f"{SITE}/".ljust(len(SITE) + 2001, "x"), None),
    ],
)
def test_the_page_with_the_form_is_where_the_user_comes_back_to(url, target):
    request = RequestFactory(headers={"referer": url, "hx-current-url": url}).post("/form/")
    assert redirects.next_of_form(request, "/confirm/") == redirects.next_of_htmx(request) == target


@pytest.mark.parametrize("method", ["get", "head", "post"])
def test_the_requested_page_is_next_if_it_can_be_requested_again(method):
    headers = {"referer": f"{SITE}/form/", "hx-current-url": f"{SITE}/form/", "hx-boosted": "true"}
    request = getattr(RequestFactory(headers=headers), method)("/a/?b")
    expected = "/form/" if method == "post" else "/a/?b"
    assert redirects.next_of_page(request) == (None if method == "post" else "/a/?b")
    assert redirects.next_of_form(request, "/confirm/") == redirects.next_of_htmx(request) == expected
    assert redirects.next_of_form(RequestFactory().post("/a/"), "/confirm/") is None
    assert redirects.next_of_htmx(RequestFactory().get("/a/")) is None


@pytest.mark.parametrize("page", ["/caf%C3%A9/", "/caf\u00e9", "/caf%C3%A9?a=1"])
def test_the_page_where_a_user_confirms_is_not_its_own_next(page):
    headers = {"referer": f"{SITE}/caf%C3%A9/?b"}
    assert redirects.next_of_form(RequestFactory(headers=headers).post("/a/"), page) is None
    assert redirects.next_of_form(RequestFactory(headers=headers).post("/a/"), "/cafe/") == "/caf%C3%A9/?b"
    assert redirects.leads_to(page, "/caf\u00e9/")
    assert redirects.leads_to("/", "")
    assert not redirects.leads_to(page, "/caf%C3%A9/")


def test_a_path_is_a_page_of_the_settings_whatever_stands_in_front_of_it():
    """A name that the URLconf does not contain does not hide the pages after it."""
    rules = [{"pattern": "/a", "role": "a", "login_url": url} for url in ("no-such-name", "/in/")]
    with override_settings(SESSIONKIT_PROTECT=rules):
        found = [redirects.is_login_page(one, one) for one in ("/in/", "/in", "/other/")]
    assert found == [True, True, False]


@pytest.mark.parametrize(
    ("location", "path", "path_info", "arrives"),
    [
        ("/", "/", "/", True),
        ("/login/?a=b", "/login", "/login", True),
        ("/mount/login/", "/mount/login/", "/login/", True),
        ("/mount/X/", "/mount/X/", "/X/", True),
        ("/mount/login/", "/mount/login/", "/other/", False),
        ("/mount/", "/mount/", "/", False),
    ],
)
def test_a_redirect_arrives_at_the_path_with_the_mount_prefix(location, path, path_info, arrives):
    assert redirects.arrives_at(location, path, path_info) is arrives


class Translated:
    """A URLconf with pages in several languages."""

    urlpatterns = (*i18n_patterns(path("shop/", page), path("caf\u00e9/", other)),)


@pytest.mark.parametrize(
    ("location", "path", "path_info", "arrives"),
    [
        ("/shop/?a#b", "/en/shop/", "/en/shop/", True),
        ("/caf%C3%A9/", "/en/caf\u00e9/", "/en/caf\u00e9/", True),
        ("/mount/shop/", "/mount/en/shop/", "/en/shop/", True),
        ("/mount/shop/", "/mount/en/caf\u00e9/", "/en/caf\u00e9/", False),
        ("/shop/", "/mount/en/shop/", "/en/shop/", False),
        ("/mountshop/", "/mount/en/shop/", "/en/shop/", False),
        ("/shop/", "/en/shop/", "/rewritten/", False),
        ("/mount/", "/mount", "", False),
        ("/mount/", "/mount/", "/", False),
    ],
)
def test_a_redirect_arrives_where_the_language_leads(location, path, path_info, arrives):
    assert redirects.arrives_at(location, path, path_info, Translated) is arrives
    assert redirects.arrives_at(location, path, path_info) is False


def test_a_page_of_the_settings_is_found_in_the_urlconf_and_by_its_match():
    with override_settings(SESSIONKIT_LOGIN_URL="/shop/", SESSIONKIT_REAUTH_URL="/shop/"), override("en"):
        for is_page in (redirects.is_login_page, redirects.is_reauth_page):
            assert is_page("/en/shop/", "/en/shop/", Translated)
            assert is_page("/mount/en/shop/", "/en/shop/", Translated) is False
            assert is_page("/en/shop/", "/en/shop/") is False
            assert is_page("/en/shop/", "/en/shop/", Translated, resolve("/en/caf\u00e9/", Translated)) is False
