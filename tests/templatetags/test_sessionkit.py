from __future__ import annotations

import pytest
from asgiref.sync import async_to_sync
from django.template import Context, Template, TemplateSyntaxError
from django.test import override_settings
from support.sessions import ADMIN, EDITOR, READER, abrowser, browser

from django_sessionkit import use_session
from django_sessionkit.context_processors import sessionkit
from django_sessionkit.exceptions import AsyncRequired


def render(text, session=None, **context):
    with use_session(session):
        return Template("{% load sessionkit %}" + text).render(Context({**sessionkit(None), **context}))


@pytest.mark.parametrize(
    ("tag", "shown_to"),
    [
        ("if_authenticated", "rea"),
        ("if_has_role 'admin'", "a"),
        ("if_has_role 'editor' 'admin'", "ea"),
        ("if_has_role 'staff'", "e"),
        ("if_has_role name", "a"),
        ("if_has_permission 'posts:write'", "ea"),
        ("if_has_permission 'posts:'|add:'write'", "ea"),
        ("if_has_permission 'posts:read' 'users:manage'", "a"),
        ("if_has_permission posts 'users:manage'", "a"),
        ("if_has_all_permissions 'posts:read' 'posts:write'", "ea"),
        ("if_has_any_permission 'users:manage' 'posts:write'", "ea"),
        ("if_has_role_permission 'editor' 'posts:write'", "e"),
        ("if_can_access 'billing:invoices'", "rea-"),
        ("if_can_access '/billing/invoices/'", "rea-"),
        ("if_can_access 'admin-page' 'users/'", "a"),
        ("if_can_access 'admin-page' rest='users/'", "a"),
        ("if_can_access '/page/' method='POST'", "a"),
        ("if_can_access '/nowhere/'", ""),
    ],
)
@override_settings(
    SESSIONKIT_PROTECT=[
        {"pattern": "/admin/**", "role": "admin"},
        {"pattern": "/page", "role": "admin", "methods": ["POST"]},
    ]
)
def test_block_tags(tag, shown_to):
    name = tag.split()[0]
    text = f"{{% {tag} %}}yes{{% else %}}no{{% end{name} %}}|{{% {tag} %}}yes{{% end{name} %}}"
    for letter, session in (("r", READER), ("e", EDITOR), ("a", ADMIN), ("-", None)):
        assert render(text, session, name="admin", posts="posts:read") == (
            "yes|yes" if letter in shown_to else "no|"
        ), letter


@override_settings(SESSIONKIT_ROLES={"editor": {"inherits": ["author"], "permissions": ["posts:all"]}, "author": {}})
def test_roles_and_permissions_are_the_effective_ones():
    text = "{{ sessionkit.role }}: {{ sessionkit.roles|join:' ' }}; {{ sessionkit.permissions|join:' ' }}"
    assert render(text, EDITOR) == "editor: author editor staff; posts:all posts:read posts:write"
    assert render(text) == ": ; "


@pytest.mark.parametrize(
    "tag",
    ["if_has_role nothing", "if_has_permission nothing", "if_has_permission '*'", "if_has_role number"],
)
def test_a_name_that_cannot_be_hides(tag, caplog):
    name = tag.split()[0]
    assert render(f"{{% {tag} %}}yes{{% else %}}no{{% end{name} %}}", ADMIN, number=7) == "no"
    assert "() returns False: " in caplog.text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{% if_has_role %}{% endif_has_role %}", "if_has_role %} takes at least 1 argument"),
        ("{% if_authenticated 'x' %}{% endif_authenticated %}", "takes 0 argument"),
        ("{% if_has_permission %}{% endif_has_permission %}", "takes at least 1 argument"),
        ("{% if_has_role_permission 'a' %}{% endif_has_role_permission %}", "takes 2 argument"),
        ("{% if_can_access method='GET' %}{% endif_can_access %}", "takes at least 1 argument"),
        ("{% if_has_role '' %}{% endif_has_role %}", "non-blank string"),
        ("{% if_has_role 'a' or 'b' %}{% endif_has_role %}", r'if_has_role %} takes no operator such as "or"'),
        ("{% if_has_role not 'a' %}{% endif_has_role %}", r'no operator such as "not". Combine filters'),
        ("{% if_has_role 'a' %}", "endif_has_role"),
        ("{% if_has_role 'a' %}{% else %}{% else %}{% endif_has_role %}", "else"),
        ("{% if_has_role 'a' %}{% endif %}", "endif"),
    ],
)
def test_a_wrong_tag_is_a_syntax_error(text, message):
    with pytest.raises(TemplateSyntaxError, match=message):
        render(text)


def test_tags_nest():
    text = (
        "{% if_authenticated %}in{% if_has_role 'admin' %} admin{% else %} other{% endif_has_role %}"
        "{% else %}out{% endif_authenticated %}"
    )
    assert [render(text, one) for one in (None, READER, ADMIN)] == ["out", "in other", "in admin"]


def test_filters_inside_if():
    text = (
        "{% if 'admin'|has_role %}A{% endif %}"
        "{% if 'posts:write'|has_permission and not 'admin'|has_role %}W{% endif %}"
    )
    assert [render(text, one) for one in (None, READER, EDITOR, ADMIN)] == ["", "", "W", "A"]


def test_the_context_processor_shows_the_session():
    text = "{{ sessionkit.user_id }}|{{ sessionkit.is_authenticated }}|{{ sessionkit.plan }}|{{ sessionkit.none }}"
    assert render(text, {**READER, "plan": "premium"}) == "1|True|premium|"
    assert render(text) == "|False||"


def test_no_field_pretends_to_be_authenticated():
    assert render("{{ sessionkit.is_authenticated }}", {"user_id": "1", "is_authenticated": "yes"}) == "True"


def test_values_are_escaped():
    assert render("{{ sessionkit.name }}", {"user_id": "1", "name": "<script>&"}) == "&lt;script&gt;&amp;"
    assert render("{{ sessionkit.user_id }}", {"user_id": "<b>"}) == "&lt;b&gt;"


def test_in_a_page():
    assert browser(READER).get("/template/").content == b"1\n"
    assert browser().get("/template/").content == b"anonymous\n"


def test_under_asgi_an_async_view_must_have_loaded_the_session():
    with pytest.raises(AsyncRequired, match="await aget_session"):
        async_to_sync(abrowser(READER).get)("/atemplate/")
    with override_settings(SESSIONKIT_PROTECT=[{"pattern": "/atemplate", "authenticated": True}]):
        assert async_to_sync(abrowser(READER).get)("/atemplate/").content == b"1\n"
    assert async_to_sync(abrowser(READER).get)("/template/").content == b"1\n"
