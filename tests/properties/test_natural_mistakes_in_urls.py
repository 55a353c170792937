"""Mistakes that a newcomer makes in patterns and in what a rule needs beside it: routes, roles, middleware.

Each row has the beginning of the message and of the hint. Keys and values of settings have a table of their own.
"""

from __future__ import annotations

import pytest
from django.conf import settings as project
from django.conf.urls.i18n import i18n_patterns
from django.core.checks import run_checks
from django.http import HttpResponse
from django.test import override_settings
from django.urls import include, path

from django_sessionkit.decorators import require_role

SESSIONS = "django.contrib.sessions.middleware.SessionMiddleware"
OURS = "django_sessionkit.middleware.SessionKitMiddleware"
UPDATE = "django.middleware.cache.UpdateCacheMiddleware"
BRIDGE = [*project.INSTALLED_APPS, "django_sessionkit.contrib.auth.AuthBridge"]
ROLES = {"editor": {"permissions": ["posts:write"]}}


def view(request, **kwargs):
    return HttpResponse()


urlpatterns = [
    path("login/", view, name="login"),
    path("reports/", view, name="reports"),
    path("reports/<int:pk>/", view, name="report"),
    path("about/", view, name="about"),
    path("mine/", require_role("editor")(view), name="mine"),
    path("billing/", include(([path("", view, name="list")], "billing"))),
    *i18n_patterns(path("news/", view, name="news")),
]


def rule(**keys):
    return {"SESSIONKIT_PROTECT": [{"pattern": "/reports/**", "authenticated": True, **keys}]}


def only(**keys):
    return {"SESSIONKIT_PROTECT": [keys]}


def roles(**keys):
    return {"SESSIONKIT_ROLES": ROLES, **keys}


DEFAULT = {"SESSIONKIT_GLOBAL_PROTECT": True}

# what is written, and what the check says: the beginnings of the message and of the hint
MISTAKES = [
    # names of settings
    ({"SESSIONSKIT_ROLES": {}}, "SESSIONSKIT_ROLES: unknown setting.", 'Did you mean "SESSIONKIT_ROLES"?'),
    ({"SESSIONKIT_RULES": []}, "SESSIONKIT_RULES: unknown setting.", 'Did you mean "SESSIONKIT_PROTECT"?'),
    # rules
    (only(pattern="/reports"), "SESSIONKIT_PROTECT[0]: a rule needs a requirement.", 'Write "authenticated": True to'),
    (rule(login=True), 'SESSIONKIT_PROTECT[0]: unknown key "login".', 'Did you mean "login_url"?'),
    (rule(permission="posts:*"), 'SESSIONKIT_PROTECT[0]: "permission": "posts:*": a required', "Name each permission."),
    (rule(allow="shop.nope"), "SESSIONKIT_PROTECT[0]: Allow('shop.nope') cannot be imported", "A predicate is, for ex"),
    (rule(public=True), 'SESSIONKIT_PROTECT[0]: "public" cannot be combined', "Remove one of them."),
    (rule(public=False), 'SESSIONKIT_PROTECT[0]: "public": must be True if present.', "Remove the key otherwise."),
    # patterns
    (
        rule(pattern="reports/**"),
        "SESSIONKIT_PROTECT[0]['pattern']: 'reports/**': a pattern must",
        'Write "/reports/**"',
    ),
    (rule(pattern=r"^/reports/.*$"), "SESSIONKIT_PROTECT[0]['pattern']: '^/reports/.*$': the p", 'Write "/reports/**"'),
    (
        rule(pattern="/reports/<int:pk>/"),
        "SESSIONKIT_PROTECT[0]['pattern']: '/reports/<int:pk>/'",
        'Write "/reports/*/"',
    ),
    (
        rule(pattern="/rep*"),
        "SESSIONKIT_PROTECT[0]['pattern']: '/rep*': \"rep*\": a wildcard",
        'Write "*" or "**" between',
    ),
    (rule(pattern="/reports?x=1"), "SESSIONKIT_PROTECT[0]['pattern']: '/reports?x=1': the query", "Remove them."),
    (
        rule(pattern="billing:*"),
        "SESSIONKIT_PROTECT[0]['pattern']: 'billing:*': a pattern must",
        'Write "view" instead',
    ),
    (
        rule(pattern="http://x.example/a"),
        "SESSIONKIT_PROTECT[0]['pattern']: 'http://x.example/a'",
        "Write only the path",
    ),
    # what the URLconf does not have
    (
        rule(pattern="/reprots/**"),
        'SESSIONKIT_PROTECT[0]: the pattern "/reprots/**" matches no',
        'Did you mean "/reports/**"',
    ),
    (
        only(view="reprots", role="x"),
        'SESSIONKIT_PROTECT[0]: the view name "reprots" matches no',
        'Did you mean "reports"?',
    ),
    (
        only(view="biling:*", role="x"),
        'SESSIONKIT_PROTECT[0]: the view name "biling:*" matches',
        'Did you mean "billing:*"?',
    ),
    (
        {**DEFAULT, "SESSIONKIT_EXCLUDE": ["mine"]},
        'SESSIONKIT_EXCLUDE: "mine" does not open',
        'Remove "mine" from SESS',
    ),
    (
        only(pattern="/de/news/**", role="x"),
        'SESSIONKIT_PROTECT[0]: the pattern "/de/news/**" protects',
        'Write "/news/**"',
    ),
    (
        only(pattern="/reports/*", role="x"),
        'SESSIONKIT_PROTECT[0]: the pattern "/reports/*" does not',
        'Write "/reports/**"',
    ),
    # names of roles and permissions
    (
        roles(**rule(role="edtor")),
        'SESSIONKIT_PROTECT[0] requires the role "edtor"',
        'Correct the name (did you mean "editor"',
    ),
    (
        roles(**rule(permission="posts:wirte")),
        'SESSIONKIT_PROTECT[0] requires the permission "posts:wir',
        "Correct the",
    ),
    (
        {"SESSIONKIT_ROLES": {"a": {"permissions": ["posts:*"]}}},
        'SESSIONKIT_ROLES grants "posts:*"',
        "Set SESSIONKIT_WI",
    ),
    ({"SESSIONKIT_ROLES": {"a": {"inherit": ["b"]}}}, "SESSIONKIT_ROLES['a']: unknown key", 'Did you mean "inherits"?'),
    (
        {"SESSIONKIT_ROLES": {"a": ["posts:write"]}},
        "SESSIONKIT_ROLES['a']: must be a dict with",
        "SESSIONKIT_ROLES = {",
    ),
    (
        {"INSTALLED_APPS": BRIDGE, **rule(permission="auth.chnage_user")},
        'SESSIONKIT_PROTECT[0] requires the permission "auth.chnage_user"',
        'Correct the name (did you mean "auth.change_user"?)',
    ),
    # middleware
    ({"MIDDLEWARE": [OURS, SESSIONS]}, "SessionKitMiddleware is above SessionMiddleware", "Move "),
    ({"MIDDLEWARE": [SESSIONS, OURS, UPDATE]}, "UpdateCacheMiddleware is below SessionKitMiddleware", "Move "),
]


@pytest.mark.parametrize(("changed", "fault", "remedy"), MISTAKES, ids=[fault for _, fault, _ in MISTAKES])
def test_a_check_says_what_to_do(changed, fault, remedy):
    languages = [("de", "German"), ("en", "English")]
    with override_settings(ROOT_URLCONF=__name__, LANGUAGES=languages, **changed):
        found = [one for one in run_checks(tags=["sessionkit"]) if one.msg.startswith(fault)]
    (message,) = found
    assert message.hint.startswith(remedy)
