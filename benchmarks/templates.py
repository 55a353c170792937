"""The time of the block template tags, compared with ``{% if %}``."""

from __future__ import annotations

from collections.abc import Iterator

from django.contrib.auth.context_processors import PermWrapper
from django.template import Context, engines

from django_sessionkit.session.context import SessionContext, activate
from django_sessionkit.session.loader import current_loader

from .calls import request_with_session
from .report import Bound, Case, Pair, Scale, expect
from .timing import Timed, statement

_REPEATED = 20  # in one template, so that the cost of the template itself does not hide that of the tag

TAGS = (
    ("if_authenticated", "if_authenticated", "endif_authenticated"),
    ("if_has_role", 'if_has_role "reader"', "endif_has_role"),
    ("if_has_permission", 'if_has_permission "area3:read"', "endif_has_permission"),
)


def rows(scale: Scale) -> Iterator[Case]:
    """Yield the rows. Each tag grants access, and has an ``{% else %}``."""
    request = request_with_session()
    context = {"flag": True, "perms": PermWrapper(request.user)}  # type: ignore[attr-defined]
    flag, perms = (_rendered(f"if {what}", "endif", context) for what in ("flag", "perms.shop.change_order"))
    with activate(SessionContext(current_loader(), request)):
        for name, start, end in TAGS:
            ours = _rendered(start, end, context)
            yield _case(name, "{% if flag %}", Bound(0.8), ours, flag)
            yield _case(name, "{% if perms.a.b %}", Bound(0.25), ours, perms)


def _case(name: str, against: str, bound: Bound, ours: tuple[Timed, str], theirs: tuple[Timed, str]) -> Case:
    def check() -> None:
        expect(f"the block of {name}", ours[1], "yes" * _REPEATED)
        expect(f"the block of {against}", theirs[1], "yes" * _REPEATED)

    return Case(f"`{{% {name} %}}`", f"`{against}`", bound, [Pair("", ours[0], theirs[0])], check)


def _rendered(start: str, end: str, values: dict[str, object]) -> tuple[Timed, str]:
    block = f"{{% {start} %}}yes{{% else %}}no{{% {end} %}}"
    template = engines["django"].from_string("{% load sessionkit %}" + block * _REPEATED).template
    context = Context(values)
    return statement("render(context)", render=template.render, context=context), template.render(context)
