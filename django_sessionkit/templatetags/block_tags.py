"""The block tags of both template languages: what each one checks, and how many arguments it takes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from django_sessionkit import api
from django_sessionkit.guard.questions import meets, role_and_permission
from django_sessionkit.requirements import AnyPermission, Authenticated, Permission, Requirement, Role
from django_sessionkit.utils.near_names import TAGS

_MANY = float("inf")


class BlockTag(NamedTuple):
    """A block tag. ``requirement`` builds the requirement that ``condition`` checks, from the same arguments."""

    condition: Callable[..., bool]
    at_least: int
    at_most: float
    requirement: Callable[..., Requirement] | None = None
    takes_keywords: bool = False
    #: whether the first argument is a requirement or its dotted path, and the second an object
    is_about_object: bool = False

    def fault_in(self, name: str, count: int, literals: Iterable[object]) -> str:
        """Return what is wrong with the arguments of the tag ``name``, or an empty string.

        ``literals`` are those of the ``count`` arguments that are known when the template is compiled.
        """
        if not self.at_least <= count <= self.at_most:
            wanted = f"at least {self.at_least}" if self.at_most == _MANY else f"{self.at_most}"
            if self.is_about_object:
                wanted = "a requirement and at most one object, so 1 or 2"
            return f"{{% {name} %}} takes {wanted} argument(s), not {count}."
        if not all(str(one).strip() for one in literals):
            return f"{{% {name} %}} has a blank name. A name must be a non-blank string."
        return ""


OPERATORS = frozenset({"and", "or", "not", "in", "==", "!="})


def wrong_operator(name: str, operator: str) -> str:
    """Return the error for an operator among the arguments of the tag ``name``."""
    return f'{{% {name} %}} takes no operator such as "{operator}". Combine filters: {{% if "a"|has_role or ... %}}.'


def wrong_tag(name: str) -> str:
    """Return the error for a tag of :data:`~django_sessionkit.utils.near_names.TAGS`, which does not exist."""
    right = TAGS[name]
    return f"There is no tag {{% {name} %}}. Write {{% {right} ... %}} and {{% end{right} %}}."


BLOCK_TAGS = {
    "if_authenticated": BlockTag(api.is_authenticated, 0, 0, Authenticated),
    "if_has_role": BlockTag(api.has_role, 1, _MANY, Role),
    "if_has_permission": BlockTag(api.has_permission, 1, _MANY, Permission),
    "if_has_all_permissions": BlockTag(api.has_all_permissions, 1, _MANY, Permission),
    "if_has_any_permission": BlockTag(api.has_any_permission, 1, _MANY, AnyPermission),
    "if_has_role_permission": BlockTag(api.has_role_permission, 2, 2, role_and_permission),
    "if_can_access": BlockTag(api.can_access, 1, _MANY, takes_keywords=True),
    "if_meets": BlockTag(meets, 1, 2, is_about_object=True),
}
