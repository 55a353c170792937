"""Jinja2: the template tags and filters with the same names, and the access functions as global functions.

Add ``"django_sessionkit.contrib.jinja2.SessionKitExtension"`` to the ``extensions`` of the environment. A tag only
hides parts of a page, it does not protect the view: protect the view as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.html import json_script
from jinja2 import Undefined, nodes, pass_context
from jinja2.ext import Extension

from django_sessionkit import api
from django_sessionkit.exceptions import InvalidPolicy
from django_sessionkit.guard import questions
from django_sessionkit.guard.questions import imported_requirement
from django_sessionkit.templatetags.block_tags import BLOCK_TAGS, wrong_operator, wrong_tag
from django_sessionkit.utils.near_names import TAGS

if TYPE_CHECKING:
    from jinja2 import Environment
    from jinja2.parser import Parser


_JSON = "sessionkit_json"
_OPERATORS = (nodes.And, nodes.Or, nodes.Not, nodes.Compare)
_FUNCTIONS = (
    *(api.is_authenticated, api.has_role, api.has_any_role, api.has_permission, api.has_all_permissions),
    *(api.has_any_permission, api.has_role_permission, api.can_access),
    api.session_public,
)


class SessionKitExtension(Extension):
    """Block tags (``{% if_has_role "a" %}`` to ``{% endif_has_role %}``, with ``{% else %}``), the filters ``has_role``
    and ``has_permission``, and the functions with the same names as in Python (``{% if has_role("a") %}``).
    ``{% sessionkit_json "plan", id="me" %}`` writes ``session_public("plan")`` as JSON for scripts.

    The arguments of a tag are expressions, separated by commas or spaces.
    """

    tags: set[str] = {*BLOCK_TAGS, *TAGS, _JSON}  # noqa: RUF012 - Jinja2 declares it so

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        # pass_context, because Jinja2 evaluates other filters of a literal at compile time: once, for all users.
        environment.filters |= {one.__name__: pass_context(one) for one in (has_role, has_permission)}
        environment.globals |= {function.__name__: function for function in (*_FUNCTIONS, meets)}

    def parse(self, parser: Parser) -> nodes.Node:
        """Compile a block tag to an ``if``, and ``sessionkit_json`` to an output."""
        opening = next(parser.stream)
        if opening.value in TAGS:
            parser.fail(wrong_tag(opening.value), opening.lineno)
        make = self._script if opening.value == _JSON else self._block
        return make(parser, opening.value, opening.lineno)

    def _script(self, parser: Parser, name: str, line: int) -> nodes.Node:
        fields, kwargs = _arguments(parser, with_keywords=True)
        if [one.key for one in kwargs] not in ([], ["id"]):
            parser.fail(f'{{% {name} %}} takes field names, and id="..." at most once.', line)
        return nodes.Output([self.call_method("_json", fields, kwargs, lineno=line)])

    def _block(self, parser: Parser, name: str, line: int) -> nodes.Node:
        args, kwargs = _arguments(parser, BLOCK_TAGS[name].takes_keywords)
        if operator := next((arg for arg in args if isinstance(arg, _OPERATORS)), None):
            parser.fail(wrong_operator(name, type(operator).__name__.lower()), line)
        literals = [arg.value for arg in args if isinstance(arg, nodes.Const)]
        if fault := BLOCK_TAGS[name].fault_in(name, len(args), literals):
            parser.fail(fault, line)
        method = "_evaluate"
        if BLOCK_TAGS[name].is_about_object and isinstance(args[0], nodes.Const):
            method = "_evaluate_path"
            self._check_path(parser, args[0].value, line)
        test = self.call_method(method, [nodes.Const(name), *args], kwargs)
        granted = parser.parse_statements(("name:else", f"name:end{name}"))
        otherwise: list[nodes.Node] = []
        if next(parser.stream).value == "else":
            otherwise = parser.parse_statements((f"name:end{name}",), drop_needle=True)
        return nodes.If(test, granted, [], otherwise, lineno=line)

    def _evaluate(self, name: str, *args: Any, **kwargs: Any) -> bool:
        return BLOCK_TAGS[name].condition(*(_defined(arg) for arg in args), **kwargs) is True

    def _evaluate_path(self, name: str, path: str, *objects: Any) -> bool:
        return self._evaluate(name, imported_requirement(path), *objects)

    def _check_path(self, parser: Parser, path: object, line: int) -> None:
        try:
            imported_requirement(str(path))
        except InvalidPolicy as error:
            parser.fail(str(error), line)

    def _json(self, *fields: str, id: str = "sessionkit") -> str:
        return json_script(api.session_public(*fields), id)


def _arguments(parser: Parser, with_keywords: bool) -> tuple[list[nodes.Expr], list[nodes.Keyword]]:
    args: list[nodes.Expr] = []
    kwargs: list[nodes.Keyword] = []
    while parser.stream.current.type != "block_end":
        if with_keywords and parser.stream.current.type == "name" and parser.stream.look().type == "assign":
            key = next(parser.stream).value
            next(parser.stream)
            kwargs.append(nodes.Keyword(key, _expression(parser)))
        else:
            args.append(_expression(parser))
        parser.stream.skip_if("comma")
    return args, kwargs


def _expression(parser: Parser) -> nodes.Expr:
    """Parse one argument. Jinja2 would join two adjacent strings to one name, which the template does not contain."""
    current = parser.stream.current
    if current.type == "string" and parser.stream.look().type == "string":
        next(parser.stream)
        return nodes.Const(current.value)
    return parser.parse_expression()


def _defined(value: Any) -> Any:
    return None if isinstance(value, Undefined) else value


def meets(requirement: object, *obj: object) -> bool:
    """Return ``True`` if the session meets a requirement, for an object if one is given.

    In a template: ``{% if meets(own, order) %}``.

    ``requirement`` is a requirement, not its dotted path: pass it to the template, or use ``{% if_meets %}``.
    """
    return questions.meets(_defined(requirement), *map(_defined, obj))


def has_role(context: Any, role: Any) -> bool:
    """Return ``True`` if the session has the role: ``{% if "admin"|has_role %}``."""
    return api.has_role(role)


def has_permission(context: Any, permission: Any) -> bool:
    """Return ``True`` if the session has the permission: ``{% if "posts:write"|has_permission %}``."""
    return api.has_permission(permission)
