from __future__ import annotations

import pytest
from asgiref.sync import async_to_sync
from django.template import Context, Template, TemplateSyntaxError
from django.test import override_settings
from support import object_urls
from support.sessions import ADMIN, EDITOR, READER, abrowser, browser

from django_sessionkit import AllowObject, Role, use_session, validate_session
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


def test_the_tenant_and_the_actor_are_those_of_the_session():
    text = "{{ sessionkit.tenant|default:'-' }} {{ sessionkit.actor|default:'-' }} {{ sessionkit.roles|join:',' }}"
    data = {"user_id": "1", "role": "reader", "tenants": {"acme": {"roles": ["admin"]}}, "tenant": "none of ours"}
    assert render(text) == "- - "
    assert render(text, data) == "- - reader"
    session = validate_session({**data, "act": {"user_id": "9"}}).in_tenant("acme")
    assert render(text, session) == "acme 9 reader"


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


OWN = object_urls.OWN
OR_ADMIN = OWN | Role("admin")


@pytest.mark.parametrize(
    ("tag", "shown_to"),
    [
        ("if_meets 'support.object_urls.OWN' order", "r"),
        ("if_meets 'support.object_urls.OWN' orders.0", "r"),
        ("if_meets 'support.object_urls.OWN' none|default:order", "r"),
        ("if_meets own order", "r"),
        ("if_meets or_admin order", "ra"),
        ("if_meets not_own order", "ea"),
        ("if_meets role", "a"),
        ("if_meets role order", "a"),
    ],
)
def test_a_requirement_is_asked_about_an_object(tag, shown_to):
    text = f"{{% {tag} %}}yes{{% else %}}no{{% endif_meets %}}|{{% {tag} %}}yes{{% endif_meets %}}"
    order = object_urls.fetch(1)
    given = {
        "order": order,
        "orders": [order],
        "own": OWN,
        "or_admin": OR_ADMIN,
        "not_own": ~OWN,
        "role": Role("admin"),
    }
    for letter, session in (("r", READER), ("e", EDITOR), ("a", ADMIN), ("-", None)):
        assert render(text, session, none=None, **given) == ("yes|yes" if letter in shown_to else "no|"), letter


@pytest.mark.parametrize("engine", [{}, {"string_if_invalid": "(%s)"}])
@pytest.mark.parametrize(
    ("tag", "logged"),
    [
        ("if_meets 'support.object_urls.OWN' nothing", "the object for AllowObject(is_owner) is None or undefined"),
        (
            "if_meets 'support.object_urls.OWN' order.nothing",
            "the object for AllowObject(is_owner) is None or undefined",
        ),
        ("if_meets or_admin nothing", "is None or undefined in the template"),
        ("if_meets or_admin none", "is None or undefined in the template"),
        ("if_meets 'support.object_urls.OWN'", "AllowObject(is_owner) was checked without an object"),
        ("if_meets nothing order", "needs a requirement, not None"),
        ("if_meets path order", "needs a requirement, not str. Write its dotted path in quotes"),
        ("if_meets 'support.object_urls.OWN'|lower order", "needs a requirement, not SafeString"),
        ("if_meets 5 order", "needs a requirement, not int"),
        ("if_meets wrong order", "returned int instead of True or False"),
    ],
)
def test_without_object_or_requirement_nothing_is_shown_and_the_log_says_so(tag, logged, engine, caplog, settings):
    settings.TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "OPTIONS": engine}]
    text = f"{{% {tag} %}}yes{{% else %}}no{{% endif_meets %}}"
    given = {"order": object_urls.fetch(3), "or_admin": OR_ADMIN, "path": "support.object_urls.OWN", "none": None}
    assert render(text, ADMIN, wrong=AllowObject(lambda session, order: 1), **given) == "no"
    assert logged in caplog.text
    if "None or undefined" in logged:
        assert caplog.messages[0].startswith("if_meets shows nothing: the object for ")
        assert caplog.messages[0].endswith(" is None or undefined in the template.")
    if "needs a requirement" in logged:
        start, end = "if_meets shows nothing: it needs", "Write its dotted path in quotes, or pass it to the template."
        assert [(one.startswith(start), one.endswith(end)) for one in caplog.messages] == [(True, True)]


@pytest.mark.parametrize(
    ("tag", "message"),
    [
        ("if_meets", "takes a requirement and at most one object, so 1 or 2 argument(s), not 0"),
        ("if_meets own order order", "so 1 or 2 argument(s), not 3"),
        ("if_meets own not order", 'takes no operator such as "not"'),
        ("if_meets '' order", "has a blank name"),
        ("if_meets 'own' order", 'if_meets: "own" cannot be imported'),
        ("if_meets 'support.nowhere.OWN' order", '"support.nowhere.OWN" cannot be imported: No module named'),
        ("if_meets 'support.object_urls.NONE' order", "write the path of a module and a name"),
        ("if_meets 'support.object_urls.OWNERS' order", '"support.object_urls.OWNERS" is not a requirement, but dict'),
        ("if_meets 'support.object_urls.is_owner' order", "such as MAY = AllowObject(is_owner)"),
        ("meets own order", "Write {% if_meets ... %} and {% endif_meets %}"),
    ],
)
def test_what_the_tag_cannot_use_is_an_error_when_the_template_is_compiled(tag, message):
    with pytest.raises(TemplateSyntaxError) as caught:
        Template(f"{{% load sessionkit %}}{{% {tag} %}}{{% endif_meets %}}")
    assert message in str(caught.value)


def test_each_object_of_a_list_is_asked_about():
    orders = [object_urls.fetch(pk) for pk in (1, 2, 1, 3)]
    text = "{% for order in orders %}{% if_meets own order %}{{ order.pk }}{% else %}-{% endif_meets %}{% endfor %}"
    assert render(text, READER, orders=orders, own=OWN) == "1-1-"
    assert render(text, EDITOR, orders=orders, own=OWN) == "-2--"


def test_on_an_event_loop_the_session_must_be_loaded_and_the_function_sync():
    text = "{% if_meets own order %}yes{% else %}no{% endif_meets %}"
    order = object_urls.fetch(1)

    async def shown(own):
        return render(text, READER, own=own, order=order)

    assert async_to_sync(shown)(OWN) == "yes"
    with pytest.raises(AsyncRequired):
        async_to_sync(shown)(AllowObject(object_urls.ais_owner))
    assert render(text, READER, own=AllowObject(lambda s, o, request: request is None), order=order) == "yes"
