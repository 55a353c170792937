"""``{% load sessionkit %}``: show a part of a template only to sessions that meet a requirement.

Each block tag may contain an ``{% else %}``. Its end tag is ``end`` plus the name of the tag. A tag only hides parts of
a page, it does not protect the view: protect the view as well.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from django import template
from django.template.base import FilterExpression, NodeList, Parser, Token, token_kwargs
from django.template.context import Context
from django.utils.html import json_script

from django_sessionkit import api
from django_sessionkit.exceptions import InvalidPolicy
from django_sessionkit.guard.evaluator import cached_decision
from django_sessionkit.guard.questions import imported_requirement, is_met
from django_sessionkit.requirements import Requirement
from django_sessionkit.utils.near_names import TAGS

from .block_tags import BLOCK_TAGS, OPERATORS, BlockTag, wrong_operator, wrong_tag

register: template.Library = template.Library()


class ConditionNode(template.Node):
    """A block that renders one of its two parts."""

    child_nodelists: tuple[str, ...] = ("granted", "otherwise")

    granted: NodeList
    otherwise: NodeList


class RequirementNode(ConditionNode):
    """A block with a requirement that is built when the template is compiled."""

    def __init__(self, name: str, requirement: Requirement) -> None:
        self.name = name
        self.requirement = requirement

    def render(self, context: Context) -> str:
        decision = cached_decision(self.requirement)
        granted = decision.allowed if decision is not None else is_met(self.requirement, self.name, "aget_session")
        return (self.granted if granted else self.otherwise).render(context)


class CallNode(ConditionNode):
    """A block that calls ``condition`` when the template is rendered, with the resolved arguments of the tag."""

    def __init__(
        self,
        condition: Callable[..., bool],
        args: list[FilterExpression],
        kwargs: dict[str, FilterExpression],
        undefined_is_none: bool = False,
    ) -> None:
        self.condition = condition
        self.args = args
        self.kwargs = kwargs
        self.undefined_is_none = undefined_is_none

    def render(self, context: Context) -> str:
        args = [arg.resolve(context, self.undefined_is_none) for arg in self.args]
        kwargs = {name: value.resolve(context) for name, value in self.kwargs.items()}
        return (self.granted if self.condition(*args, **kwargs) is True else self.otherwise).render(context)


def _register(name: str, tag: BlockTag) -> None:
    def compile_tag(parser: Parser, token: Token) -> ConditionNode:
        bits = token.split_contents()[1:]
        if operators := OPERATORS.intersection(bits):
            raise template.TemplateSyntaxError(wrong_operator(name, min(operators)))
        keywords = [bit for bit in bits if tag.takes_keywords and _is_keyword(bit)]
        args = [parser.compile_filter(bit) for bit in bits if bit not in keywords]
        if fault := tag.fault_in(name, len(args), [arg.var for arg in args if not arg.is_var]):
            raise template.TemplateSyntaxError(fault)
        node = _node(name, tag, args, token_kwargs(keywords, parser))
        node.granted = parser.parse(("else", f"end{name}"))
        node.otherwise = NodeList()
        if parser.next_token().contents == "else":
            node.otherwise = parser.parse((f"end{name}",))
            parser.delete_first_token()
        return node

    register.tag(name, compile_tag)


def _node(name: str, tag: BlockTag, args: list[FilterExpression], kwargs: dict[str, FilterExpression]) -> ConditionNode:
    literal = _spelt_out(tag.requirement, args) if tag.requirement is not None else None
    if literal is not None:
        return RequirementNode(name, literal)
    if tag.is_about_object and not (args[0].is_var or args[0].filters):
        try:
            condition = partial(tag.condition, imported_requirement(args[0].var))
        except InvalidPolicy as error:
            raise template.TemplateSyntaxError(str(error)) from error
        return CallNode(condition, args[1:], kwargs, undefined_is_none=True)
    return CallNode(tag.condition, args, kwargs, undefined_is_none=tag.is_about_object)


def _spelt_out(requirement: Callable[..., Requirement], args: list[FilterExpression]) -> Requirement | None:
    """Return the requirement if all names are valid literals. If not, ``None``: ``condition`` reports invalid names."""
    if any(arg.is_var or arg.filters for arg in args):
        return None
    try:
        return requirement(*(arg.var for arg in args))
    except InvalidPolicy:
        return None


def _is_keyword(bit: str) -> bool:
    name, sign, _ = bit.partition("=")
    return bool(sign) and name.isidentifier()


def _refuse(name: str) -> None:
    def compile_tag(parser: Parser, token: Token) -> ConditionNode:
        raise template.TemplateSyntaxError(wrong_tag(name))

    register.tag(name, compile_tag)


for _name, _tag in BLOCK_TAGS.items():
    _register(_name, _tag)
for _name in TAGS:
    _refuse(_name)


@register.filter(is_safe=False)
def has_role(role: Any) -> bool:
    """Return ``True`` if the session has the role: ``{% if "admin"|has_role %}``."""
    return api.has_role(role)


@register.filter(is_safe=False)
def has_permission(permission: Any) -> bool:
    """Return ``True`` if the session has the permission: ``{% if "posts:write"|has_permission %}``."""
    return api.has_permission(permission)


@register.simple_tag
def sessionkit_json(*fields: str, id: str = "sessionkit") -> str:
    """Write ``session_public("plan")`` as JSON for scripts: ``{% sessionkit_json "plan" id="me" %}``.

    The value is ``null`` for anonymous callers.
    """
    return json_script(api.session_public(*fields), id)
