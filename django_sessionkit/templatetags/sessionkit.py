"""``{% load sessionkit %}``: show a part of a template by what the session may do.

Each block tag may have an ``{% else %}`` and ends with ``end`` and its own name. A tag hides; it protects nothing:
guard the view as well.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import template
from django.template.base import FilterExpression, NodeList, Parser, Token, token_kwargs
from django.template.context import Context

from django_sessionkit import api

register = template.Library()


class ConditionNode(template.Node):
    """A block that is rendered if ``ask`` answers ``True`` for the arguments of the tag."""

    child_nodelists = ("granted", "otherwise")

    def __init__(
        self,
        ask: Callable[..., bool],
        args: list[FilterExpression],
        kwargs: dict[str, FilterExpression],
        granted: NodeList,
        otherwise: NodeList,
    ) -> None:
        self.ask = ask
        self.args = args
        self.kwargs = kwargs
        self.granted = granted
        self.otherwise = otherwise

    def render(self, context: Context) -> str:
        args = [arg.resolve(context) for arg in self.args]
        kwargs = {name: value.resolve(context) for name, value in self.kwargs.items()}
        return (self.granted if self.ask(*args, **kwargs) is True else self.otherwise).render(context)


def _block_tag(name: str, ask: Callable[..., bool], at_least: int, at_most: float, *, keywords: bool = False) -> None:
    def compile_tag(parser: Parser, token: Token) -> ConditionNode:
        bits = token.split_contents()[1:]
        args = [parser.compile_filter(bit) for bit in bits if not keywords or not _is_keyword(bit)]
        kwargs = token_kwargs([bit for bit in bits if _is_keyword(bit)], parser) if keywords else {}
        _check(name, args, at_least, at_most)
        granted = parser.parse(("else", f"end{name}"))
        otherwise = NodeList()
        if parser.next_token().contents == "else":
            otherwise = parser.parse((f"end{name}",))
            parser.delete_first_token()
        return ConditionNode(ask, args, kwargs, granted, otherwise)

    register.tag(name, compile_tag)


def _is_keyword(bit: str) -> bool:
    name, sign, _ = bit.partition("=")
    return bool(sign) and name.isidentifier()


def _check(name: str, args: list[FilterExpression], at_least: int, at_most: float) -> None:
    if not at_least <= len(args) <= at_most:
        wanted = f"{at_least}" if at_least == at_most else f"at least {at_least}"
        raise template.TemplateSyntaxError(f"{{% {name} %}} takes {wanted} argument(s), not {len(args)}.")
    for arg in args:
        if not arg.is_var and not str(arg.var).strip():
            raise template.TemplateSyntaxError(f"{{% {name} %}}: a name must be a non-blank string.")


_MANY = float("inf")
_block_tag("if_authenticated", api.is_authenticated, 0, 0)
_block_tag("if_has_role", api.has_any_role, 1, _MANY)
_block_tag("if_has_permission", api.has_permission, 1, 1)
_block_tag("if_has_all_permissions", api.has_all_permissions, 1, _MANY)
_block_tag("if_has_any_permission", api.has_any_permission, 1, _MANY)
_block_tag("if_has_role_permission", api.has_role_permission, 2, 2)
_block_tag("if_can_access", api.can_access, 1, _MANY, keywords=True)


@register.filter(is_safe=False)
def has_role(role: Any) -> bool:
    """``{% if "admin"|has_role %}``"""
    return api.has_role(role)


@register.filter(is_safe=False)
def has_permission(permission: Any) -> bool:
    """``{% if "posts:write"|has_permission %}``"""
    return api.has_permission(permission)
