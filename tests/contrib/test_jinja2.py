"""The extension for Jinja2, compared with the Django tags. Skipped if Jinja2 is not installed."""

from __future__ import annotations

import traceback
from importlib.util import find_spec

import pytest
from asgiref.sync import async_to_sync
from django.template import Context, Template, TemplateSyntaxError, engines
from django.test import override_settings
from support import object_urls
from support.sessions import ADMIN, EDITOR, READER, abrowser, browser

from django_sessionkit import use_session
from django_sessionkit.context_processors import sessionkit
from django_sessionkit.exceptions import AsyncRequired

if find_spec("jinja2") is None:
    pytest.skip("needs Jinja2", allow_module_level=True)

import jinja2
from jinja2.sandbox import SandboxedEnvironment

from django_sessionkit.contrib.jinja2 import SessionKitExtension
from django_sessionkit.templatetags.block_tags import BLOCK_TAGS
from django_sessionkit.utils.near_names import TAGS as WRONG_TAGS

EXTENSION = "django_sessionkit.contrib.jinja2.SessionKitExtension"
PEOPLE = (READER, EDITOR, ADMIN, None)
ODD = {"user_id": "<9>", "role": "<b>", "permissions": ["a:*"]}


@pytest.fixture(autouse=True)
def backend(settings):
    """A project with both template engines."""
    options = {"extensions": [EXTENSION], "context_processors": ["django_sessionkit.context_processors.sessionkit"]}
    loader = jinja2.DictLoader(
        {
            "who.html": "{% if_authenticated %}{{ sessionkit.user_id }}{% endif_authenticated %}",
            "macros.html": (
                '{% macro edit() %}{% if_has_role "editor" %}{{ has_role("editor") }}'
                '{{ "editor"|has_role }}{% endif_has_role %}{% endmacro %}'
            ),
        }
    )
    settings.TEMPLATES = [
        {"BACKEND": "django.template.backends.jinja2.Jinja2", "OPTIONS": {**options, "loader": loader}},
        {"BACKEND": "django.template.backends.django.DjangoTemplates"},
    ]
    settings.SESSIONKIT_PROTECT = [
        {"pattern": "/admin/**", "role": "admin"},
        {"pattern": "/page", "role": "admin", "methods": ["POST"]},
    ]
    settings.SESSIONKIT_ROLES = {"admin": {"inherits": ["editor"], "permissions": ["users:manage"]}, "editor": {}}


def render(text, session=None, **context):
    with use_session(session):
        return engines["jinja2"].from_string(text).render({**sessionkit(None), **context})


def django(text, session=None, **context):
    with use_session(session):
        return Template("{% load sessionkit %}" + text).render(Context({**sessionkit(None), **context}))


TAGS = [
    "if_authenticated",
    'if_has_role "admin"',
    'if_has_role "editor" "admin"',
    'if_has_role "staff"',
    "if_has_role name",
    'if_has_role "nobody" name "staff"',
    "if_has_role nothing",
    "if_has_role number",
    "if_has_role '*'",
    'if_has_permission "posts:write"',
    'if_has_permission "posts:*"',
    'if_has_permission "users:manage"',
    "if_has_permission nothing",
    'if_has_all_permissions "posts:read" "posts:write"',
    'if_has_all_permissions "posts:read"',
    'if_has_any_permission "users:manage" "posts:write"',
    'if_has_role_permission "editor" "posts:write"',
    'if_has_role_permission "editor" number',
    'if_can_access "billing:invoices"',
    'if_can_access "/billing/invoices/"',
    'if_can_access "admin-page" "users/"',
    'if_can_access "admin-page" rest="users/"',
    'if_can_access "/page/" method="POST"',
    'if_can_access "/page/" method=verb',
    'if_can_access "/nowhere/"',
    'if_meets "support.object_urls.OWN" order',
    'if_meets "support.object_urls.OWN" nothing',
    'if_meets "support.object_urls.OWN" order.nothing',
    "if_meets own order",
    "if_meets own nothing",
    "if_meets own",
    "if_meets nothing order",
    "if_meets name order",
]


@pytest.mark.parametrize("tag", TAGS)
def test_tags_answer_as_the_tags_of_django_do(tag):
    name = tag.split()[0]
    text = f"{{% {tag} %}}yes{{% else %}}no{{% end{name} %}}|{{% {tag} %}}yes{{% end{name} %}}"
    given = {"name": "admin", "number": 7, "verb": "POST", "order": object_urls.fetch(1), "own": object_urls.OWN}
    answers = [render(text, session, **given) for session in PEOPLE]
    assert answers == [django(text, session, **given) for session in PEOPLE]
    assert set(answers) <= {"yes|yes", "no|"}


def test_each_tag_of_django_is_there_under_its_name():
    library = engines["django"].engine.template_libraries["sessionkit"]
    assert set(library.tags) == SessionKitExtension.tags
    assert set(library.filters) <= set(engines["jinja2"].env.filters)
    assert {tag.split()[0] for tag in TAGS} == set(BLOCK_TAGS)
    assert SessionKitExtension.tags - {"sessionkit_json", *WRONG_TAGS} == set(BLOCK_TAGS)


@pytest.mark.parametrize("name", sorted(WRONG_TAGS))
def test_a_tag_that_does_not_exist_names_the_right_one_in_both(name):
    right = WRONG_TAGS[name]
    wanted = f"There is no tag {{% {name} %}}. Write {{% {right} ... %}} and {{% end{right} %}}."
    with pytest.raises(jinja2.TemplateSyntaxError) as caught:
        render(f"text {{% {name} 'editor' %}}")
    assert caught.value.message == wanted
    with pytest.raises(TemplateSyntaxError) as caught:
        django(f"text {{% {name} 'editor' %}}")
    assert str(caught.value) == wanted


@pytest.mark.parametrize(
    "tag",
    [
        "sessionkit_json",
        'sessionkit_json "email"',
        'sessionkit_json "email" "plan" name',
        'sessionkit_json "plan" id="me"',
        'sessionkit_json "plan" id=name',
        "sessionkit_json id=nothing",
    ],
)
def test_scripts_are_told_what_the_tag_of_django_tells_them(tag):
    odd = {**ODD, "email": "</script><b>@example.org", "plan": ["<!--", "\u2028", "&'\""]}
    for session in (*PEOPLE, odd):
        told = render(f"<p>{{% {tag} %}}</p>", session, name='"><b>', nothing=None)
        assert told == django(f"<p>{{% {tag} %}}</p>", session, name='"><b>', nothing=None)
        assert told.startswith("<p><script")
        assert told.count("<") == 4


def test_what_scripts_are_told_may_have_commas_and_is_the_same_in_every_environment():
    plan = r'{"plan": "\u003Cb\u003E", "user_id": "1", "roles": [], "permissions": []}'
    for options in ({}, {"autoescape": True}, {"enable_async": True, "autoescape": True}):
        for kind in (jinja2.Environment, SandboxedEnvironment):
            template = kind(extensions=[EXTENSION], **options).from_string('{% sessionkit_json "plan", id="me", %}')
            for session, told in (({"user_id": "1", "plan": "<b>"}, plan), (None, "null")):
                with use_session(session):
                    assert template.render({}) == f'<script id="me" type="application/json">{told}</script>'


def test_the_function_and_the_tag_name_a_field_that_is_no_string():
    for text in ("{% sessionkit_json ['plan'] %}", "{{ session_public(['plan']) }}"):
        with pytest.raises(TypeError, match="takes names of fields"):
            render(text, EDITOR)


def test_commas_between_arguments_are_as_good_as_spaces():
    for text in ('"nobody", "editor"', '"nobody" "editor"', '"nobody", "editor",', '"nob" ~ "ody", "editor"'):
        tag = f"{{% if_has_role {text} %}}yes{{% endif_has_role %}}"
        assert [render(tag, session) for session in PEOPLE] == ["", "yes", "yes", ""]
    assert render('{% if_can_access "admin-page", rest="users/" %}yes{% endif_can_access %}', ADMIN) == "yes"


def test_strings_side_by_side_do_not_become_one_name():
    session = {"user_id": "1", "role": "editoradmin"}
    assert render('{% if_has_role "editor" "admin" %}yes{% endif_has_role %}', session) == ""


QUESTIONS = [
    ("is_authenticated()", "sessionkit.is_authenticated"),
    ('has_role("editor")', '"editor"|has_role'),
    ('"editor"|has_role', '"editor"|has_role'),
    ('"posts:write"|has_permission', '"posts:write"|has_permission'),
    ('has_permission("posts:write")', '"posts:write"|has_permission'),
    ("nothing|has_role", "nothing|has_role"),
    ('has_any_role("staff", "editor")', '"staff"|has_role or "editor"|has_role'),
    ('has_any_permission("no", "posts:write")', '"posts:write"|has_permission'),
    (
        'has_all_permissions("posts:read", "users:manage")',
        '"posts:read"|has_permission and "users:manage"|has_permission',
    ),
    ('has_role_permission("editor", "posts:write")', '"editor"|has_role and "posts:write"|has_permission'),
    ("not sessionkit.is_authenticated", "not sessionkit.is_authenticated"),
]


@pytest.mark.parametrize(("mine", "theirs"), QUESTIONS)
def test_functions_and_filters_answer_as_django_does(mine, theirs):
    text = "{%% if %s %%}yes{%% endif %%}"
    template = engines["jinja2"].from_string(text % mine)
    answers = []
    for session in PEOPLE:
        with use_session(session):
            answers.append(template.render(sessionkit(None)))
    assert answers == [django(text % theirs, session) for session in PEOPLE]


def test_a_template_compiled_for_one_caller_answers_for_the_next():
    text = '{{ "admin"|has_role }} {% if_has_role "admin" %}yes{% else %}no{% endif_has_role %} {{ has_role("admin") }}'
    for template in (
        engines["jinja2"].from_string(text),
        SandboxedEnvironment(extensions=[EXTENSION]).from_string(text),
    ):
        for session, shown in ((ADMIN, "True yes True"), (READER, "False no False"), (None, "False no False")):
            with use_session(session):
                assert template.render({}) == shown


def test_can_access_is_a_function_too():
    text = '{{ can_access("admin-page", rest="users/") }} {{ can_access("/page/", method="POST") }}'
    assert [render(text, session) for session in PEOPLE] == ["False False", "False False", "True True", "False False"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{% if_has_role %}{% endif_has_role %}", "if_has_role %} takes at least 1 argument"),
        ("{% if_authenticated 'x' %}{% endif_authenticated %}", "takes 0 argument"),
        ("{% if_has_permission %}{% endif_has_permission %}", "takes at least 1 argument"),
        ("{% if_has_role_permission 'a' %}{% endif_has_role_permission %}", "takes 2 argument"),
        ("{% if_can_access method='GET' %}{% endif_can_access %}", "takes at least 1 argument"),
        ("{% if_has_role '' %}{% endif_has_role %}", "non-blank string"),
        ("{% if_has_role 'a' ' ' %}{% endif_has_role %}", "non-blank string"),
        ("{% if_has_role role='a' %}{% endif_has_role %}", "unexpected '='"),
        ("{% if_has_role 'a' or 'b' %}{% endif_has_role %}", r'if_has_role %} takes no operator such as "or"'),
        ("{% if_has_role not 'a' %}{% endif_has_role %}", r'no operator such as "not". Combine filters'),
        ("{% if_has_role 'a' %}", "endif_has_role"),
        ("{% if_has_role 'a' %}{% else %}{% else %}{% endif_has_role %}", "else"),
        ("{% if_has_role 'a' %}{% endif %}", "endif"),
        ("{% sessionkit_json ident='me' %}", r'sessionkit_json %} takes field names, and id="..." at most once'),
        ("{% sessionkit_json id='me' id='you' %}", "once"),
    ],
)
def test_a_wrong_tag_is_a_syntax_error_in_both(text, message):
    with pytest.raises(jinja2.TemplateSyntaxError, match=message):
        render(text)
    with pytest.raises(TemplateSyntaxError):
        django(text)


@pytest.mark.parametrize(
    "tag",
    [
        f"{{% {sorted(WRONG_TAGS)[0]}\n 'editor' %}}",
        "{% sessionkit_json\n ident='me' %}",
        "{% if_has_role\n %}{% endif_has_role %}",
        "{% if_has_role\n 'a' or 'b' %}{% endif_has_role %}",
        "{% if_has_permission\n '' %}{% endif_has_permission %}",
        "{% if_meets\n 'nowhere.OWN', order %}{% endif_meets %}",
    ],
)
def test_a_wrong_tag_is_named_with_the_line_where_it_begins(tag):
    with pytest.raises(jinja2.TemplateSyntaxError) as caught:
        render(f"first\n\n{tag}")
    assert caught.value.lineno == 3


@pytest.mark.parametrize(
    "text",
    [
        "{% sessionkit_json\n ['plan'] %}",
        "{% if_has_role\n nothing.name %}{% endif_has_role %}",
        "{% if_has_role\n 'a' 'b' nothing.name %}{% endif_has_role %}",
        "{% sessionkit_json\n ['plan'] %}{% endset %}",
    ],
)
def test_an_exception_in_a_tag_has_the_line_of_the_tag(text):
    before = "{% set data %}" if "endset" in text else ""
    with pytest.raises((TypeError, jinja2.UndefinedError)) as caught:
        render(f"{before}first\n\n{text}")
    frames = traceback.extract_tb(caught.value.__traceback__)
    assert [frame.lineno for frame in frames if frame.filename == "<template>"][:1] == [3]


def test_blocks_nest_with_each_other_and_with_those_of_jinja2():
    text = (
        '{% for n in "ab" %}{% if_authenticated %}{% if n == "a" %}{% if_has_role "editor" %}{{ n }}'
        "{% else %}-{% endif_has_role %}{% else %}.{% endif %}{% set last = n %}{% else %}?{% endif_authenticated %}"
        "{% endfor %}"
    )
    assert [render(text, session) for session in PEOPLE] == ["-.", "a.", "a.", "??"]


def test_what_jinja2_has_itself_stays():
    environment = jinja2.Environment(extensions=[SessionKitExtension], autoescape=True)
    assert environment.from_string('{{ "a"|upper }}{{ range(2)|list }}').render({}) == "A[0, 1]"
    (extension,) = environment.extensions.values()
    assert extension.environment is environment


def test_an_imported_macro_knows_them_for_each_caller():
    template = engines["jinja2"].from_string('{% from "macros.html" import edit %}{{ edit() }}')
    for session, shown in ((EDITOR, "TrueTrue"), (READER, ""), (EDITOR, "TrueTrue")):
        with use_session(session):
            assert template.render({}) == shown


def test_autoescape_holds_inside_a_tag():
    text = "{% if_has_role role %}{{ sessionkit.user_id }}<i>{{ role }}</i>{% endif_has_role %}"
    assert render(text, ODD, role="<b>") == "&lt;9&gt;<i>&lt;b&gt;</i>" == django(text, ODD, role="<b>")


def test_pages_of_the_backend_see_the_session_of_their_request():
    assert browser(EDITOR).get("/template/").content == b"2"
    assert browser().get("/template/").content == b""


def test_an_unloaded_session_on_the_event_loop_is_a_clear_error_and_a_loaded_one_is_seen():
    with pytest.raises(AsyncRequired, match="aget_session"):
        async_to_sync(abrowser(EDITOR).get)("/atemplate/")
    with override_settings(SESSIONKIT_PROTECT=[{"pattern": "/atemplate", "authenticated": True}]):
        assert async_to_sync(abrowser(EDITOR).get)("/atemplate/").content == b"2"


def test_an_environment_that_renders_with_await():
    environment = jinja2.Environment(extensions=[SessionKitExtension], enable_async=True, autoescape=True)
    template = environment.from_string('{% if_has_role "editor" %}yes{% else %}no{% endif_has_role %}')
    for session, shown in ((EDITOR, "yes"), (READER, "no")):
        with use_session(session):
            assert async_to_sync(template.render_async)() == shown


@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize("undefined", [jinja2.Undefined, jinja2.StrictUndefined])
def test_requirements_are_asked_about_objects(is_async, undefined, caplog):
    environment = jinja2.Environment(
        extensions=[EXTENSION], enable_async=is_async, undefined=undefined, autoescape=True
    )
    orders = [object_urls.fetch(pk) for pk in (1, 2, 1, 3)]
    text = (
        '{% for order in orders %}{% if_meets "support.object_urls.OWN", order %}{{ order.pk }}{% else %}-'
        "{% endif_meets %}{% if meets(own, order) %}{{ order.pk }}{% endif %}{% endfor %}"
        "{% if meets(own, nothing) or meets(nothing, orders) or meets(own) %}!{% endif %}"
    )
    template = environment.from_string(text)
    with use_session(READER):
        assert template.render(orders=orders, own=object_urls.OWN) == "11-11-"
        if is_async:
            assert async_to_sync(template.render_async)(orders=orders, own=object_urls.OWN) == "11-11-"
    assert "is None or undefined in the template" in caplog.text
    assert "needs a requirement, not None" in caplog.text


@pytest.mark.parametrize(
    ("tag", "message"),
    [
        ('if_meets "nowhere.OWN", order', '"nowhere.OWN" cannot be imported'),
        ('if_meets "support.object_urls.is_owner", order', "such as MAY = AllowObject(is_owner)"),
        ("if_meets 5, order", '"5" cannot be imported'),
        ("if_meets own, order, order", "so 1 or 2 argument(s), not 3"),
    ],
)
def test_a_path_that_leads_to_no_requirement_is_an_error_when_the_template_is_compiled(tag, message):
    with pytest.raises(jinja2.TemplateSyntaxError) as caught:
        render(f"{{% {tag} %}}{{% endif_meets %}}")
    assert message in caught.value.message
