"""The checks of login pages, and of views that Django's ``@login_not_required`` marks as public."""

from __future__ import annotations

import pytest
from django.conf.urls.i18n import i18n_patterns
from django.contrib import admin
from django.contrib.auth.decorators import login_not_required
from django.core.checks import run_checks
from django.http import HttpResponse
from django.test import override_settings
from django.urls import include, path, re_path, reverse_lazy, set_script_prefix
from support.sessions import browser

from django_sessionkit import Nobody, Role, can_access, use_session
from django_sessionkit.decorators import public, require, require_authenticated


@login_not_required
def marked(request, **kwargs):
    return HttpResponse("page")


def unnamed(request):
    return HttpResponse("page")


login_not_required(unnamed)
account = ([path("signup/", marked, name="signup"), path("reset/<key>/", marked, name="reset")], "account")
URLS = [
    path("login/", marked, name="login"),
    path("account/", include(account)),
    path("unnamed/", unnamed),
    path("plain/", lambda request: HttpResponse("page")),
    path("public/", public(marked)),
    path("guarded/", require_authenticated(marked)),
    path("ruled/", marked),
    path("excluded/", marked),
]


def site(*patterns):
    return type("urls", (), {"urlpatterns": patterns})


def found(**settings):
    defaults = {
        "ROOT_URLCONF": site(*URLS),
        "SESSIONKIT_GLOBAL_PROTECT": True,
        "SESSIONKIT_PROTECT": [{"pattern": "/ruled", "role": "editor"}],
        "SESSIONKIT_EXCLUDE": ["/excluded"],
    }
    with override_settings(**{**defaults, **settings}):
        return [one for one in run_checks(tags=["sessionkit"]) if one.id == "sessionkit.W029"]


def test_the_closed_views_are_listed_with_the_excludes_to_paste():
    (message,) = found()
    assert message.msg == (
        "SESSIONKIT_GLOBAL_PROTECT: closes 3 views that @login_not_required marks as public: /account/signup/, "
        "/account/reset/<key>/, /unnamed/. Without a session, nobody can open them."
    )
    pasted = '["account:signup", "account:reset", "test_login_marks.unnamed"]'
    assert f"set SESSIONKIT_EXCLUDE = {pasted}" in message.hint.replace(f"{__name__}.", "test_login_marks.")
    assert "SESSIONKIT_HONOR_LOGIN_NOT_REQUIRED = True" in message.hint


def test_what_is_pasted_opens_them():
    names = ["account:signup", "account:reset", f"{__name__}.unnamed", "/excluded"]
    assert found(SESSIONKIT_EXCLUDE=names) == []
    with override_settings(ROOT_URLCONF=site(*URLS), SESSIONKIT_GLOBAL_PROTECT=True, SESSIONKIT_EXCLUDE=names):
        statuses = {browser().get(url).status_code for url in ("/account/signup/", "/account/reset/a/", "/unnamed/")}
    assert statuses == {200}


@pytest.mark.parametrize(
    "settings",
    [
        {"SESSIONKIT_HONOR_LOGIN_NOT_REQUIRED": True},
        {"SESSIONKIT_GLOBAL_PROTECT": False},
        {"SESSIONKIT_PROTECT": [{"pattern": "/**", "authenticated": True}]},
    ],
)
def test_nothing_is_listed_where_the_default_closes_nothing(settings):
    assert found(**settings) == []


def test_a_long_list_is_shortened_in_the_message_and_whole_in_the_hint():
    urls = [path(f"page{number}/", marked, name=f"page{number}") for number in range(7)]
    (message,) = found(ROOT_URLCONF=site(*urls), SESSIONKIT_EXCLUDE=[], LOGIN_URL="/page0/")
    assert message.msg.count("/page") == 5
    assert "closes 6 views" in message.msg
    assert message.hint.count('"page') == 6


def test_the_login_page_of_the_admin_is_not_listed():
    (message,) = found(ROOT_URLCONF=site(*URLS, path("admin/", admin.AdminSite().urls)))
    assert "closes 3 views" in message.msg
    assert "admin" not in message.hint


def test_one_view_is_told_in_the_singular():
    (message,) = found(ROOT_URLCONF=site(*URLS[2:3]), SESSIONKIT_EXCLUDE=[])
    assert "closes 1 view that" in message.msg


def test_only_true_and_false_are_valid():
    with override_settings(SESSIONKIT_HONOR_LOGIN_NOT_REQUIRED=None):
        assert [one.id for one in run_checks(tags=["sessionkit"])] == ["sessionkit.E026"]


# Login pages and redirect targets that do not exist -------------------------------------------------------------------

FLATPAGES = "django.contrib.flatpages.middleware.FlatpageFallbackMiddleware"
DESK = {"pattern": "/desk/**", "role": "editor"}


def page(request, **kwargs):
    return HttpResponse("page")


PAGES = [
    path("desk/", page, name="desk"),
    path("enter/", page, name="enter"),
    path("upgrade/", page, name="upgrade"),
    path("plans/<slug:plan>/", page, name="plan"),
]


def told(*rules, urls=PAGES, **settings):
    with override_settings(SESSIONKIT_PROTECT=list(rules), ROOT_URLCONF=site(*urls), **settings):
        return [one for one in run_checks(tags=["sessionkit"]) if one.id not in ("sessionkit.W016", "sessionkit.W005")]


def ids(*rules, **settings):
    return [one.id for one in told(*rules, **settings)]


@pytest.mark.parametrize("settings", [{"SESSIONKIT_GLOBAL_PROTECT": True}, {"SESSIONKIT_PROTECT": [DESK]}])
def test_a_login_page_that_does_not_exist_is_an_error_if_anybody_can_be_sent_there(settings):
    settings = {**settings, "LOGIN_URL": "/accounts/login/"}
    (message,) = told(*settings.pop("SESSIONKIT_PROTECT", ()), **settings)
    assert message.id == "sessionkit.E027"
    assert message.msg == (
        'LOGIN_URL: no route matches "/accounts/login/". '
        "An anonymous caller is redirected to a page that does not exist."
    )
    assert message.hint.startswith('Add a login page, such as path("accounts/", include("django.contrib.auth.urls"))')


@pytest.mark.parametrize(
    "rule",
    [
        {"pattern": "/desk/**", "public": True},
        {"pattern": "/desk/**", "deny": True},
        {**DESK, "api": True},
        {**DESK, "on_deny": "not_found"},
        {**DESK, "login_url": "/enter/"},
    ],
)
def test_it_is_a_warning_if_no_rule_sends_anybody_there(rule):
    (message,) = [one for one in told(rule, LOGIN_URL="/gone/") if one.id != "sessionkit.W019"]
    assert message.id == "sessionkit.W030"
    assert "An anonymous caller would be redirected to a page that does not exist." in message.msg
    assert ids(rule, LOGIN_URL="enter") == []


def test_a_view_sends_people_there_as_a_rule_does():
    for view, expected in (
        (require_authenticated(page), "E027"),
        (require(Role("a"), api=True)(page), "W030"),
        (require(Nobody())(page), "W030"),
        (public(page), "W030"),
    ):
        assert ids(urls=[path("view/", view)], LOGIN_URL="/gone/") == [f"sessionkit.{expected}"]


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("entr", 'Did you mean "enter"?'),
        ("/entre/", 'Did you mean "/enter/"?'),
        ("plan", 'The route "plan" has arguments, which a redirect cannot fill in. Name another page.'),
    ],
)
def test_the_nearest_page_is_named(name, hint):
    (message,) = told(DESK, LOGIN_URL=name)
    assert (message.id, message.hint) == ("sessionkit.E027", hint)
    if not name.startswith("/"):
        assert message.msg == (
            f'LOGIN_URL: the URL name "{name}" cannot be reversed. '
            "An anonymous caller is not redirected, and gets a 403 response."
        )
        with override_settings(ROOT_URLCONF=site(*PAGES), SESSIONKIT_PROTECT=[DESK], LOGIN_URL=name):
            assert browser().get("/desk/").status_code == 403


def test_the_setting_that_counts_is_named():
    (message,) = told(DESK, LOGIN_URL="/enter/", SESSIONKIT_LOGIN_URL="/gone/")
    assert message.msg.startswith('SESSIONKIT_LOGIN_URL: no route matches "/gone/"')
    assert ids(DESK, LOGIN_URL="/gone/", SESSIONKIT_LOGIN_URL="/enter/") == []


def test_a_lazy_url_is_looked_at_too():
    assert ids(DESK, LOGIN_URL=reverse_lazy("enter")) == []
    (message,) = told(DESK, LOGIN_URL=reverse_lazy("gone"))
    assert "the lazy URL cannot be reversed" in message.msg


def test_the_login_page_of_the_project_is_proposed_and_else_that_of_the_admin():
    add = "Add a login page"
    with_admin = [*PAGES, path("admin/", admin.AdminSite().urls)]
    (message,) = told(DESK, urls=with_admin, LOGIN_URL="/accounts/login/")
    assert message.hint.startswith(
        'Write LOGIN_URL = "admin:login" to use the login page of the admin, which only lets'
    )
    assert add.lower() in message.hint
    (message,) = told(DESK, urls=[*with_admin, path("in/", page, name="login")], LOGIN_URL="/accounts/login/")
    assert message.hint == 'Write LOGIN_URL = "login", which is a page of this site.'
    (message,) = told({**DESK, "login_url": "/nowhere/"}, urls=with_admin, LOGIN_URL="admin:login")
    assert message.hint.startswith('Write "login_url": "admin:login" to use')


def test_a_stock_project_with_a_rule_for_the_admin_is_told_how_to_get_in():
    rule = {"pattern": "/admin/**", "role": "staff"}
    urls = [path("admin/", admin.AdminSite().urls)]
    assert "sessionkit.E027" in ids(rule, urls=urls, LOGIN_URL="/accounts/login/")
    assert "sessionkit.E027" not in ids(rule, urls=urls, LOGIN_URL="admin:login")
    with override_settings(ROOT_URLCONF=site(*urls), SESSIONKIT_PROTECT=[rule], LOGIN_URL="admin:login"):
        assert browser().get("/admin/").headers["Location"] == "/admin/login/?next=/admin/"
        with use_session(None):
            assert can_access("/admin/login/")


@pytest.mark.parametrize(
    ("options", "expected", "told_as"),
    [
        ({"redirect_to": "/upgrad/"}, "E027", 'no route matches "/upgrad/" in "redirect_to". A denied caller is'),
        (
            {"redirect_to": "upgrad"},
            "E027",
            'the URL name "upgrad" in "redirect_to" cannot be reversed. A denied caller',
        ),
        ({"login_url": "/entr/"}, "E027", 'no route matches "/entr/" in "login_url". An anonymous caller is'),
        ({"redirect_to": "/up/", "on_deny": "forbidden"}, "W030", "A denied caller would be"),
        ({"redirect_to": "/up/", "api": True}, "W030", "A denied caller would be"),
        ({"login_url": "/in/", "api": True}, "W030", "An anonymous caller would be"),
    ],
)
def test_the_targets_of_rules_and_views_must_exist(options, expected, told_as):
    (message,) = told({**DESK, **options}, LOGIN_URL="/enter/")
    assert message.id == f"sessionkit.{expected}"
    assert message.msg.startswith("SESSIONKIT_PROTECT[0]: ")
    assert told_as in message.msg
    view = require(Role("editor"), **options)(page)
    (message,) = told(urls=[*PAGES, path("view/", view)], LOGIN_URL="/enter/")
    assert (message.id, message.msg.startswith(f"{__name__}.page: ")) == (f"sessionkit.{expected}", True)
    assert told_as in message.msg


def test_a_long_list_of_missing_pages_has_near_names_for_the_first():
    rules = [{"pattern": f"/desk/{number}", "role": "a", "redirect_to": f"/upgrade{number}/"} for number in range(30)]
    hints = [
        one.hint.startswith("Did you mean") for one in told(*rules, LOGIN_URL="/enter/") if one.id.endswith("E027")
    ]
    assert hints == [True] * 20 + [False] * 10


def test_a_redirect_target_without_a_near_page():
    (message,) = told({**DESK, "redirect_to": "/premium/offer/"}, LOGIN_URL="/enter/")
    assert message.hint == "Name a page of this site: a URL name, or a path."


@pytest.mark.parametrize(
    "changes",
    [
        {"LOGIN_URL": "/enter/?a=b#c"},
        {"LOGIN_URL": "/enter"},
        {"LOGIN_URL": "/%65nter/"},
        {"LOGIN_URL": "/plans/any/"},
        {"LOGIN_URL": "/static/login.html"},
        {"LOGIN_URL": "/gone/", "MORE_MIDDLEWARE": [FLATPAGES]},
        {"LOGIN_URL": "/de/gone-by/", "urls": i18n_patterns(path("gone-by/", page))},
        {"LOGIN_URL": "/gone-by/", "urls": i18n_patterns(path("gone-by/", page))},
        {"LOGIN_URL": "/gone-by/", "urls": i18n_patterns(path("gone-by/", page), prefix_default_language=False)},
        {"LOGIN_URL": "/any/thing", "urls": [re_path(r"^any/", page)]},
        {"LOGIN_URL": "https://sso.example.org/", "SESSIONKIT_LOGIN_URL": "enter"},
        {"LOGIN_URL": "/gone/", "urls": []},
    ],
)
def test_a_page_that_may_exist_is_no_fault(changes, settings):
    changes = {"LANGUAGES": [("en", "English"), ("de", "German")], "LANGUAGE_CODE": "en", **changes}
    changes["MIDDLEWARE"] = [*settings.MIDDLEWARE, *changes.pop("MORE_MIDDLEWARE", [])]
    assert not {"sessionkit.E027", "sessionkit.W030"} & set(ids(DESK, **changes))


def test_without_append_slash_the_slash_matters():
    assert ids(DESK, LOGIN_URL="/enter", APPEND_SLASH=False) == ["sessionkit.E027"]


def test_the_mount_prefix_is_part_of_a_path():
    set_script_prefix("/mount/")
    try:
        assert ids(DESK, LOGIN_URL="/mount/enter/") == []
        assert ids(DESK, LOGIN_URL="/mounts/enter/") == ["sessionkit.E027"]
    finally:
        set_script_prefix("/")


def test_a_page_that_does_not_exist_is_not_called_covered():
    rule = {"pattern": "/gone/**", "role": "editor"}
    assert ids(rule, LOGIN_URL="/gone/in/") == ["sessionkit.E027"]
    assert ids({**rule, "pattern": "/enter/**"}, LOGIN_URL="/enter/") == ["sessionkit.W023"]


@pytest.mark.parametrize("target", ["/enter/", "/enter", "enter", "/enter/?next=/"])
def test_a_redirect_to_the_login_page_is_named(target):
    for rule in ({**DESK, "redirect_to": target}, {"pattern": "/**", "role": "a", "redirect_to": target}):
        (message,) = [one for one in told(rule, LOGIN_URL="/enter/") if one.id != "sessionkit.W023"]
        assert message.id == "sessionkit.W022"
        assert message.msg.startswith('SESSIONKIT_PROTECT[0]: "redirect_to" is the login page /enter')
        assert message.hint.startswith('Remove "redirect_to".')
    view = require(Role("editor"), redirect_to=target)(page)
    (message,) = told(urls=[*PAGES, path("view/", view)], LOGIN_URL="/enter/")
    assert (message.id, message.msg.startswith(f"{__name__}.page: ")) == ("sessionkit.W022", True)


def test_a_redirect_to_the_login_page_of_another_rule_counts_too():
    rules = [{**DESK, "redirect_to": "upgrade"}, {"pattern": "/plans/*", "role": "a", "login_url": "/upgrade/"}]
    assert ids(*rules, LOGIN_URL="/enter/") == ["sessionkit.W022"]


def test_a_redirect_that_is_never_used_is_no_round_trip():
    assert ids({**DESK, "redirect_to": "/enter/", "on_deny": "forbidden"}, LOGIN_URL="/enter/") == []
