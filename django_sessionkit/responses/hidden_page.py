"""Build the 404 response of a hidden page (``on_deny="not_found"``): the one that Django sends for an unknown URL.

A client cannot distinguish the two. Both get ``Cache-Control: no-store``. The middleware, if it is installed, sets it
on both, so that other middleware handles both in the same way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.handlers.exception import get_exception_response
from django.urls import Resolver404, URLResolver, get_resolver, get_urlconf
from django.urls.resolvers import LocalePrefixPattern, RegexPattern
from django.utils.cache import patch_vary_headers
from django.views.debug import technical_404_response

from django_sessionkit import conf
from django_sessionkit.conf.urlconf import language_prefixes, routed_by, urlconf_of
from django_sessionkit.policy.view_marks import views_are_hidden
from django_sessionkit.session.loader import own_context

from .caching import vary

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

_OF_THE_BODY = {
    "Allow",
    "Content-Disposition",
    "Content-Encoding",
    "Content-Length",
    "ETag",
    "Last-Modified",
    "Location",
}

# URLconfs without a page, one for each use of language prefixes: outer middleware reads that from the URLconf.
_NO_ROUTES: Any = (URLResolver(RegexPattern("(?!)"), []),)
_NO_ROUTES_BY_LANGUAGE: dict[bool, Any] = {
    is_default_prefixed: (URLResolver(LocalePrefixPattern(prefix_default_language=is_default_prefixed), []),)
    for is_default_prefixed in (True, False)
}


def has_hidden_views() -> bool:
    """Return ``True`` if any rule or view answers 404, so that unknown URLs need the same headers."""
    return conf.current().rules.hides or views_are_hidden.is_set()


def is_unknown(request: HttpRequest, response: HttpResponseBase) -> bool:
    """Return ``True`` for the 404 of an unknown URL or of a hidden page."""
    return response.status_code == 404 and request.resolver_match is None


def not_found(request: HttpRequest) -> HttpResponseBase:
    """Return the 404 of a hidden page, and give the request a URLconf without pages.

    Otherwise outer middleware would look for the page under another path (with a slash, with a language prefix), and a
    redirect would show that it exists.
    """
    views_are_hidden.set()
    urlconf = vars(request).setdefault("_sessionkit_urlconf", urlconf_of(request))
    request.resolver_match = None
    is_used, is_default_prefixed = language_prefixes(urlconf)
    nowhere = _NO_ROUTES_BY_LANGUAGE[is_default_prefixed] if is_used else _NO_ROUTES
    response: HttpResponseBase = _page(request, urlconf, nowhere)
    request.urlconf = nowhere
    if own_context(request) is None:
        make_final(response)
    return response


def make_final(response: HttpResponseBase) -> None:
    """Prevent caches from storing the response, and give hidden pages and unknown URLs the same ``Vary``."""
    response["Cache-Control"] = "no-store"
    patch_vary_headers(response, ["Cookie"])
    vary(response)


def finish(response: Any, dropped: HttpResponseBase) -> None:
    """Copy to the 404 the headers that inner middleware has set on the response that it replaces."""
    for name, value in dropped.items():
        if name not in _OF_THE_BODY and not response.has_header(name):
            response[name] = value
    if dropped.has_header("Content-Length"):
        response["Content-Length"] = str(len(response.content))


def _page(request: HttpRequest, urlconf: Any, nowhere: Any) -> Any:
    """Return the response that Django builds if its resolver finds no URL pattern."""
    path = request.path_info.removeprefix("/")
    with routed_by(urlconf):
        resolver = get_resolver(get_urlconf())
        if not conf.current().debug:
            response: Any = get_exception_response(request, resolver, 404, Resolver404({"tried": [], "path": path}))
            return response.render() if not getattr(response, "is_rendered", True) else response
    with routed_by(nowhere):  # the debug page of Django looks up the view of the path
        tried = _tried(resolver, request.path_info)
        found = {} if tried is None else {"tried": tried}
        return technical_404_response(request, Resolver404({**found, "path": path}))


def _tried(resolver: Any, path: str) -> list[list[Any]] | None:
    """Return the patterns that Django tries for a path without a match, as ``URLResolver.resolve`` lists them."""
    match = resolver.pattern.match(path)
    if not match:
        return None
    tried = []
    for pattern in resolver.url_patterns:
        below = _tried(pattern, match[0]) if isinstance(pattern, URLResolver) else None
        tried += [[pattern]] if below is None else [[pattern, *one] for one in below]
    return tried
