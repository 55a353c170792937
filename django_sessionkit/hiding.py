"""The 404 of a page that is not to be found (``on_deny="not_found"``): the one that Django sends for an unknown URL.

Nobody can tell the two apart. Both are marked as not to be stored, by the middleware where there is one, so that other
middleware meets them alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.handlers.exception import get_exception_response
from django.urls import Resolver404, URLResolver, get_resolver, get_urlconf
from django.urls.resolvers import LocalePrefixPattern, RegexPattern
from django.utils.cache import patch_vary_headers
from django.views.debug import technical_404_response

from . import conf
from .caching import vary
from .declared import views_are_hidden
from .origin import own_slot
from .urlconfs import language_prefixes, routed_by, urlconf_of

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

# URLconfs without a page, one for each way to use languages; a middleware further out asks for that.
_NO_ROUTES = (URLResolver(RegexPattern("(?!)"), []),)
_NO_ROUTES_BY_LANGUAGE = {
    is_default_prefixed: (URLResolver(LocalePrefixPattern(prefix_default_language=is_default_prefixed), []),)
    for is_default_prefixed in (True, False)
}


def something_is_hidden() -> bool:
    """Whether there is a rule or a view that answers 404, so that an unknown URL must be treated alike."""
    return conf.current().rules.hides or views_are_hidden.is_set()


def is_unknown(request: HttpRequest, response: HttpResponseBase) -> bool:
    """Whether this is the 404 of a path that leads nowhere, or of a page that is hidden."""
    return response.status_code == 404 and request.resolver_match is None


def answer(request: HttpRequest) -> HttpResponseBase:
    """The 404 for a hidden page. From here on the request leads nowhere.

    A middleware further out would else look for the page elsewhere (with a slash, under a language) and betray it.
    """
    views_are_hidden.set()
    urlconf = getattr(request, "_sessionkit_urlconf", urlconf_of(request))
    request._sessionkit_urlconf = urlconf  # type: ignore[attr-defined]
    request.resolver_match = None
    is_used, is_default_prefixed = language_prefixes(urlconf)
    nowhere = _NO_ROUTES_BY_LANGUAGE[is_default_prefixed] if is_used else _NO_ROUTES
    response: HttpResponseBase = _page(request, urlconf, nowhere)
    request.urlconf = nowhere  # type: ignore[assignment]
    if own_slot(request) is None:
        seal(response)
    return response


def seal(response: HttpResponseBase) -> None:
    """Neither answer may be kept for somebody else, nor for later."""
    response["Cache-Control"] = "no-store"
    patch_vary_headers(response, ["Cookie"])
    vary(response)


def dress(response: HttpResponseBase, dropped: HttpResponseBase) -> None:
    """Give the 404 what middleware further in has put on the response that it stands for, as on any other."""
    for name, value in dropped.items():
        if name not in _OF_THE_BODY and not response.has_header(name):
            response[name] = value
    if dropped.has_header("Content-Length"):
        response["Content-Length"] = str(len(response.content))  # type: ignore[attr-defined]


def _page(request: HttpRequest, urlconf: Any, nowhere: Any) -> Any:
    """What Django makes of the exception that its resolver raises for an unknown URL."""
    path = request.path_info.removeprefix("/")
    with routed_by(urlconf):
        resolver = get_resolver(get_urlconf())
        if not conf.current().debug:
            response: Any = get_exception_response(request, resolver, 404, Resolver404({"tried": [], "path": path}))
            return response.render() if not getattr(response, "is_rendered", True) else response
    with routed_by(nowhere):  # the page of developers looks up the view of the path
        return technical_404_response(
            request, Resolver404({"tried": _tried(resolver, request.path_info), "path": path})
        )


def _tried(resolver: Any, path: str) -> list[list[Any]] | None:
    """The patterns that Django tries for a path that none of them fits, as ``URLResolver.resolve`` lists them."""
    match = resolver.pattern.match(path)
    if not match:
        return None
    tried = []
    for pattern in resolver.url_patterns:
        below = _tried(pattern, match[0]) if isinstance(pattern, URLResolver) else None
        tried += [[pattern]] if below is None else [[pattern, *one] for one in below]
    return tried
