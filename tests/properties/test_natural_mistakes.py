"""Mistakes that a newcomer makes, and the message for each: it names the place, the fault and the remedy."""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime, timedelta, timezone
from decimal import Decimal

import pytest
from django.contrib.sessions.backends.signed_cookies import SessionStore
from django.http import HttpResponse
from django.template import Context, Template
from django.test import RequestFactory, override_settings
from django.urls import path
from django.views import View

import django_sessionkit
from django_sessionkit.context_processors import sessionkit
from django_sessionkit.session.context import SessionContext, activate
from django_sessionkit.session.loader import current_loader

ME = {"user_id": "1", "role": "editor", "plan": "free"}


def view(request):
    return HttpResponse()


urlpatterns = [path("page/", view, name="page")]


def request(*, with_store=True):
    made = RequestFactory().get("/page/")
    if with_store:
        made.session = SessionStore()
    return made


def page(mixin, **attributes):
    return type("Page", (getattr(django_sessionkit, mixin), View), attributes).as_view()


def render(text, **context):
    return Template("{% load sessionkit %}" + text).render(Context({**sessionkit(None), **context}))


def imported(line):
    exec(line, {})  # noqa: S102


def on_a_loop(function):
    """Call a sync function in an async view whose session is not loaded yet."""

    async def call():
        made = request()
        with activate(SessionContext(current_loader(), made)):
            return function()

    return asyncio.run(call())


NOW = datetime.now(timezone.utc)
PRICE = Decimal("9.99")
DAY = timedelta(days=1)

WRITE_REQUIREMENT = 'write Role("editor"), Permission("posts:write") or Allow(function)'

MISTAKES = {
    # imports
    "imported('from django_sessionkit import require_any_role')": "no require_any_role. Use require_role of",
    "imported('from django_sessionkit import login_required')": "no login_required. Use require_authenticated of",
    "imported('from django_sessionkit.mixins import RoleRequiredMixin')": "Use RequireRoleMixin of django_sessionkit.",
    "imported('from django_sessionkit import AnyRole')": "Use Role of django_sessionkit.",
    "imported('from django_sessionkit.middleware import SessionMiddleware')": "SessionKitMiddleware of django_session",
    "imported('from django_sessionkit import SessionkitMiddleware')": "Use SessionKitMiddleware of django_sessionkit.",
    "imported('import django_sessionkit.contrib.rest_framework')": "import from django_sessionkit.contrib.drf.",
    # decorators
    "require_role(view)": '@require_role: got view instead of names; write @require_role("...")',
    "require_role()": "@require_role: needs at least one name",
    "require_role('')": "@require_role: names must not be blank",
    "require_role(['editor'])": "@require_role: names must be strings, not list; unpack it: (*names)",
    "require_role(Role('editor'))": '@require_role: names must be strings, not Role; write them in quotes, such as "ed',
    "require_role(role='editor')": 'unknown option "role"; write names without a keyword, as in @require_role("...")',
    "require_role('a', redirect='/x/')": '@require_role: unknown option "redirect"; did you mean "redirect_to"?',
    "require_role('a', raise_exception=True)": '@require_role: unknown option "raise_exception"; allowed are',
    "require_role('a', on_deny='403')": '@require_role: "on_deny" must be one of "auto", "forbidden", "not_found"',
    "require_role('a', redirect_to='https://x.example/')": "must be a site-relative path or a URL name; other sites",
    "require_role('a', login_url=7)": "login_url']: must be a site-relative path or a URL name, not int",
    "require_role('a')(View)": "@require_role cannot decorate the class View: it decorates functions. Use a mixin",
    "require_role('a')(request())": "@require_role decorates a view, not WSGIRequest. Write it above a view.",
    "require_role('a')(view)(View())": "@require_role on view got View as its first argument instead of the request",
    "require_authenticated('/login/')": "@require_authenticated decorates a view, not str.",
    "require_permission('posts:*')": '"posts:*": a required permission cannot have a wildcard; name each permission',
    "require(Role)": f"@require: needs a requirement, not the class Role; {WRITE_REQUIREMENT}",
    "require(lambda session: True)": f"@require: needs a requirement, not function; {WRITE_REQUIREMENT}",
    "public('page')": "public() needs a view, not an object of the type str.",
    "public(View)": "public() cannot mark the class django.views.generic.base.View, because it is already defined.",
    # mixins
    "page('RequireRoleMixin')": 'Page.required_roles: is missing; write required_roles = ["name"]',
    "page('RequireRoleMixin', required_role='a')": 'Page.required_role: has no effect; write required_roles = ["name"]',
    "page('RequireRoleMixin', required_roles='a')": "Page.required_roles: must be a list of names, not str; write",
    "page('RequireRoleMixin', required_roles=[])": "Page.required_roles: is empty; write required_roles",
    "page('RequireRoleMixin', required_roles=['a'], required_permissions=['p'])": "has no effect; add RequirePerm",
    "page('RequirePermissionMixin', permission_required='a.b')": "Page.permission_required: has no effect; write req",
    "page('RequireMixin', requirement='admin')": f"Page.requirement: needs a requirement, not str; {WRITE_REQUIREMENT}",
    "page('RequireAuthenticatedMixin', get_requirement=lambda self: None)": "Page.get_requirement(): needs a requireme",
    "page('RequireAuthenticatedMixin', get_requirement=lambda self: self.request)": "must work without a request, but",
    # requirements
    "Role('a') and Role('b')": "A requirement has no truth value. Combine with & | ~",
    "Allow('is_owner')": 'Allow: needs a callable or its dotted path, not "is_owner"',
    "Allow(lambda: True)": "must take (session) or (session, request)",
    "enforce('admin')": f"enforce(): needs a requirement, not str; {WRITE_REQUIREMENT}",
    "enforce(has_role('admin'))": "enforce(): needs a requirement, not bool",
    "evaluate(None)": "evaluate(): needs a requirement, not None",
    # questions
    "has_role(['editor'])": "has_role() got a list where a name belongs. Unpack it: has_role(*names).",
    "has_role({'editor'})": "has_role() got a set where a name belongs. Unpack it: has_role(*names).",
    "can_access(7)": "can_access() takes a path or a URL name, not int.",
    "explain('/page/', caller='json')": 'explain() got the unknown caller "json"; allowed are',
    "session_public(['plan'])": 'session_public() takes names of fields, as in session_public("plan"), not list.',
    "on_a_loop(lambda: has_role('a'))": "Use `await ahas_role(...)`.",
    "on_a_loop(get_session)": "Use `await aget_session(...)`.",
    # the session
    "get_session().plan": 'no attribute "plan". A field of the dict is read as session["plan"]',
    "get_session().__setitem__('plan', 'x')": "A Session cannot be changed. Call update_session(request, {...})",
    "set_session(request(), {'userId': '1'})": 'user_id: is required; rename "userId" to "user_id"',
    "set_session(request(), {'user_id': 1})": "user_id: must be a string, not int; convert it with str(...)",
    "set_session(request(), view)": 'session: must be a mapping such as {"user_id": "42"}, not function',
    "set_session(request(), {**ME, 'roles': 'editor'})": "must be a list or tuple of strings, not str; write a",
    "set_session(request(), {**ME, 'roles': {'editor'}})": "not set; convert it with list(...)",
    "set_session(request(), {**ME, 'role': ['editor']})": 'role: must be a string (several go in "roles"), not list',
    "set_session(request(), {**ME, 'seen': NOW})": '"seen" has a value of the type datetime',
    "set_session(request(), {**ME, 'price': PRICE})": "which JSON does not have; convert it to a string",
    "set_session(request(), ME, ttl=DAY)": "ttl must be a positive number of seconds, not datetime",
    "set_session(request(with_store=False), ME)": "move the middleware that changes the session below Sess",
    "set_session(request().session, ME)": "as in set_session(request, data), not SessionStore.",
    "update_session(request(), {'plan': 'x'})": "update_session() found no session to change. Call set_session() first",
    "confirm_session(request())": "confirm_session() found no session to confirm. Call set_session() first",
    "use_session(view)": "use_session needs a session, not function. As a decorator, write @use_session({",
    # templates
    "render('{% has_role %}')": "There is no tag {% has_role %}. Write {% if_has_role ... %} and {% endif_has_role %}.",
    "render('{% if_role \"a\" %}')": "There is no tag {% if_role %}. Write {% if_has_role ... %}",
    'render(\'{% if_has_role "a" or "b" %}\')': '{% if_has_role %} takes no operator such as "or". Combine filters',
    "render('{% if_has_role %}')": "{% if_has_role %} takes at least 1 argument(s), not 0.",
    "render('{% if_has_role \"a\" %}')": "Unclosed tag on line 1: 'if_has_role'",
    "render('{% if_has_role names %}{% endif_has_role %}', names=['a'])": "In a tag, write each name.",
}

SILENT = {
    "has_role(7)": "has_role() returns False: names must be strings, not int.",
    "has_role('')": "has_role() returns False: names must not be blank.",
    "has_role()": "has_role() returns False: needs at least one name.",
    "has_permission('posts:*')": '"posts:*": a required permission cannot have a wildcard.',
    "render('{% if_has_role editor %}yes{% endif_has_role %}')": "In a template, a name without quotes is a variable.",
}


@pytest.fixture(autouse=True)
def site(caplog):
    caplog.set_level(logging.WARNING, "django_sessionkit")
    with override_settings(ROOT_URLCONF=__name__):
        yield


def run(mistake):
    names = {name: getattr(django_sessionkit, name) for name in django_sessionkit.__all__}
    return eval(mistake, {**globals(), **names})  # noqa: S307


@pytest.mark.parametrize("mistake", MISTAKES)
def test_the_error_says_what_to_do(mistake):
    with django_sessionkit.use_session(ME), pytest.raises(Exception) as caught:  # noqa: PT011
        run(mistake)
    assert MISTAKES[mistake] in str(caught.value)


@pytest.mark.parametrize("mistake", SILENT)
def test_where_no_error_is_raised_the_log_says_why_the_answer_is_no(mistake, caplog):
    with django_sessionkit.use_session(ME):
        assert not run(mistake)
    assert SILENT[mistake] in caplog.text


@pytest.mark.parametrize("call", ["enforce(Role('editor'))", "require_session()"])
def test_outside_a_request_the_error_names_use_session(call):
    with pytest.raises(django_sessionkit.NotAuthenticated, match="outside a request") as caught:
        run(call)
    assert 'run it in "with use_session(data):"' in str(caught.value)
