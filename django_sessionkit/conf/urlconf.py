"""The URLconf of a request: reversing its URL names, and the language prefixes of ``i18n_patterns``.

A middleware may set ``request.urlconf``, for a host or a tenant. Django uses it only when it routes the request. Here
it applies as soon as it is set.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from django.conf.urls.i18n import is_language_prefix_patterns_used
from django.urls import Resolver404, get_urlconf, resolve, set_urlconf
from django.utils.translation import get_language_from_path, override

from django_sessionkit import conf

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.urls import ResolverMatch


def urlconf_of(request: HttpRequest | None) -> Any:
    """Return the URLconf that was set on ``request``, or ``None`` for ``ROOT_URLCONF``."""
    return getattr(request, "urlconf", None)


@contextmanager
def routed_by(urlconf: Any) -> Iterator[None]:
    """Make ``reverse()``, lazy URLs and ``{% url %}`` use ``urlconf``. ``None`` changes nothing."""
    before = get_urlconf()
    set_urlconf(before if urlconf is None else urlconf)
    try:
        yield
    finally:
        set_urlconf(before)


def uses_language_prefix(urlconf: Any) -> bool:
    """Return ``True`` if the URLconf has ``i18n_patterns``, or if it cannot be loaded. ``None`` is ``ROOT_URLCONF``.

    With ``True``, rules are applied to more forms of a path. This can only add denials.
    """
    try:
        return is_language_prefix_patterns_used(_root() if urlconf is None else urlconf)[0]
    except Exception:
        return True


def language_prefixes(urlconf: Any) -> tuple[bool, bool]:
    """Return the result of :func:`uses_language_prefix`, and whether the default language has a prefix too."""
    try:
        return is_language_prefix_patterns_used(_root() if urlconf is None else urlconf)
    except Exception:
        return True, False


def _root() -> Any:
    return conf.current().root_urlconf


def is_translated_from(path_info: str, bare: str, urlconf: Any, routed: ResolverMatch | None = None) -> bool:
    """Return ``True`` if ``path_info`` is the page of ``bare`` in some language.

    If the default language has a prefix, ``bare`` must match no URL pattern, so that ``LocaleMiddleware`` redirects it
    to ``path_info``. Otherwise there is no redirect, and both paths must match the same URL pattern with the same view.

    :param bare: a path without a language prefix.
    :param routed: the match that Django found in the active language; it must be the same page.
    """
    language = get_language_from_path(path_info)
    first = f"/{language}{bare}"
    if language is None or path_info not in (first, f"{first}/") or get_language_from_path(bare) is not None:
        return False
    is_used, has_default = language_prefixes(urlconf)
    try:
        page, match = _found(first, urlconf, language)
        _, other = _found(bare, urlconf, conf.current().language_code)
    except Exception:
        return False  # a URLconf that cannot be loaded has no pages
    if not is_used or match is None or page != path_info or not _may_be(match, routed):
        return False
    return other is None if has_default else other is not None and _is_same(match, other, language)


def _found(path_info: str, urlconf: Any, language: str) -> tuple[str, ResolverMatch | None]:
    """Resolve a path in a language. If it does not resolve, try it with the slash that ``APPEND_SLASH`` adds.

    Return the path that was resolved, and its match or ``None``.
    """
    has_more = conf.current().append_slash and not path_info.endswith("/")
    with override(language):
        for path in (path_info, f"{path_info}/") if has_more else (path_info,):
            with suppress(Resolver404):
                return path, resolve(path, urlconf)
    return path_info, None


def _may_be(match: ResolverMatch, routed: ResolverMatch | None) -> bool:
    """Return ``True`` if the matches may be the same page.

    The policy matrix creates matches without arguments, so ``routed`` may lack them.
    """
    if routed is None:
        return True
    is_alike = (match.func, match.view_name) == (routed.func, routed.view_name)
    return is_alike and (match.kwargs == routed.kwargs or not routed.kwargs)


def _is_same(match: ResolverMatch, other: ResolverMatch, language: str) -> bool:
    ours = (match.func, match.args, match.kwargs, match.route)
    return ours == (other.func, other.args, other.kwargs, f"{language}/{other.route}")
