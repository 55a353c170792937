"""Find out whether a page can be opened without calling its view: check the URL rules, then the view's requirements."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from django.urls import Resolver404, get_script_prefix, resolve, reverse
from django.utils.translation import get_language

from django_sessionkit.conf.urlconf import urlconf_of, uses_language_prefix
from django_sessionkit.policy.path_variants import is_canonical
from django_sessionkit.policy.view_marks import ViewRequirement, requirements_of
from django_sessionkit.session.context import SessionContext, current_context
from django_sessionkit.utils.sansio import Flow

from . import redirects
from .denial_choice import Denial
from .engine import authorize
from .evaluator import warn_outside
from .request_evaluation import AccessRequest, RequestEvaluation
from .view_denials import denial_of_marks

if TYPE_CHECKING:
    from django.urls import ResolverMatch


def can_reach(where: str, args: tuple[Any, ...], kwargs: Mapping[str, Any], method: str) -> Flow[bool]:
    """Implement :func:`django_sessionkit.can_access`."""
    if not isinstance(where, str):
        raise TypeError(f"can_access() takes a path or a URL name, not {type(where).__name__}.")
    current = current_context()
    warn_outside(current, "can_access")
    context = current or SessionContext.fixed(None)
    urlconf = urlconf_of(context.request)
    target = access_request_of(resolve_path(where, urlconf, args, kwargs), method, urlconf)
    if target is None:
        return False
    return (yield from preview(target, context)) is None


def resolve_path(where: str, urlconf: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> str:
    """Return the decoded path of a local path or of a URL name, without query and fragment."""
    url = where if where.startswith("/") else reverse(where, urlconf, args, dict(kwargs))
    return unquote(urlsplit(url).path) if not url.startswith("//") else url


def access_request_of(path: str, method: str, urlconf: Any) -> AccessRequest | None:
    """Return the target of a path (with or without the mount prefix), or ``None`` if no URL pattern matches."""
    target = unrouted(path, method, urlconf)
    match = match_of(target)
    return target._replace(match=match) if match is not None else None


def unrouted(path: str, method: str, urlconf: Any) -> AccessRequest:
    """Return the target of a path (with or without the mount prefix), without its view."""
    prefix = get_script_prefix()
    path_info = "/" + path[len(prefix) :] if path.startswith(prefix) else path
    return AccessRequest(path_info, prefix.removesuffix("/") + path_info, method.upper(), urlconf, resolved=True)


def match_of(target: AccessRequest) -> ResolverMatch | None:
    """Return the match that Django finds for ``target``, or ``None``."""
    try:
        return resolve(target.path_info, target.urlconf)
    except Resolver404:
        return None


def preview(target: AccessRequest, context: SessionContext) -> Flow[Denial | None]:
    """Return the denial that a routed request would get from a rule or from its view, or ``None``.

    A path that is canonical needs no check on entry, because the middleware denies nothing then that it allows later.
    """
    evaluation, denial = RequestEvaluation(context), None
    if not is_canonical(target.path_info):
        entry = target._replace(match=None, resolved=False, forms=None)
        denial = yield from authorize(entry, evaluation, with_default=False)
    if denial is None:
        return (yield from preview_route(target, evaluation))
    return (yield from before_step_up(denial, target, evaluation))


def preview_route(target: AccessRequest, evaluation: RequestEvaluation) -> Flow[Denial | None]:
    """Do the same as :func:`preview` with a given evaluation, which may hold earlier decisions or record a trace."""
    denial = yield from authorize(target, evaluation, with_default=True)
    if denial is not None:
        return (yield from before_step_up(denial, target, evaluation))
    denial = yield from denial_of_marks(_marks_of(target), partial(evaluation.decide, None))
    page = (target.path, target.path_info, target.urlconf, target.match)
    if denial is not None and denial.decision.needs_step_up and redirects.is_reauth_page(*page):
        evaluation.is_reauth_page = True
        return None
    return denial


def before_step_up(denial: Denial, target: AccessRequest, evaluation: RequestEvaluation) -> Flow[Denial]:
    """Return what decorators and mixins of the view deny for good, if a rule only asks to confirm the login.

    Otherwise return ``denial``. So nobody confirms the login to be told that a right is missing.
    """
    if not denial.decision.needs_step_up:
        return denial
    other = yield from denial_of_marks(_marks_of(target), partial(evaluation.decide, None))
    return denial if other is None or other.decision.needs_step_up else other


def _marks_of(target: AccessRequest) -> list[ViewRequirement]:
    match = target.match or match_of(target)
    return requirements_of(match.func, target.method) if match is not None else []


def behind_slash(target: AccessRequest) -> AccessRequest | None:
    """Return the page that ``APPEND_SLASH`` redirects an unknown path to, or ``None``."""
    if target.path_info.endswith("/"):
        return None
    return access_request_of(f"{target.path_info}/", target.method, target.urlconf)


def behind_language(target: AccessRequest) -> list[AccessRequest]:
    """Return the pages that ``LocaleMiddleware`` redirects an unknown path to, with or without a final slash."""
    if not uses_language_prefix(target.urlconf):
        return []
    path = f"/{get_language()}{target.path_info}"
    pages = [access_request_of(one, target.method, target.urlconf) for one in (path, f"{path}/")]
    return [page for page in pages if page is not None]


def hidden_behind(target: AccessRequest, context: SessionContext) -> Flow[Denial | None]:
    """Return the denial of a hidden page (``on_deny="not_found"``) that Django redirects ``target`` to, or ``None``.

    ``target`` is a path without a view. Its redirect would show that the hidden page exists.
    """
    for page in (behind_slash(target), *behind_language(target)):
        denial = (yield from hidden_at(page, context)) if page is not None else None
        if denial is not None:
            return denial
    return None


def hidden_at(target: AccessRequest, context: SessionContext) -> Flow[Denial | None]:
    """Return the denial of ``target`` if it is a hidden page (``on_deny="not_found"``), else ``None``."""
    denial = yield from preview(target, context)
    return denial if denial is not None and denial.options.on_deny == "not_found" else None
