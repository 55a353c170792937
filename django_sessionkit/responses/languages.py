"""The language of a response: Django's active language, or the one that ``LocaleMiddleware`` would activate.

If ``LocaleMiddleware`` is below ``SessionKitMiddleware``, it has not run when the guard denies a path.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from django.utils.cache import patch_vary_headers
from django.utils.translation import get_language, get_language_from_path, get_language_from_request, override

from django_sessionkit import conf
from django_sessionkit.conf import installed
from django_sessionkit.conf.urlconf import language_prefixes, urlconf_of

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.http.response import HttpResponseBase


@contextmanager
def language_of(request: HttpRequest) -> Iterator[None]:
    """Activate the language of ``request`` if ``LocaleMiddleware`` is installed and has not run yet."""
    if hasattr(request, "LANGUAGE_CODE") or not installed.negotiates_language():
        yield
        return
    with override(_negotiated(request)):
        yield


def _negotiated(request: HttpRequest) -> str:
    """Return the language that ``LocaleMiddleware`` would activate."""
    has_prefix, has_default_prefix = language_prefixes(urlconf_of(request))
    if has_prefix and not has_default_prefix and not get_language_from_path(request.path_info):
        return conf.current().language_code
    return get_language_from_request(request, check_path=has_prefix)


def declare(request: HttpRequest, response: HttpResponseBase) -> None:
    """Set ``Content-Language`` and ``Vary`` as ``LocaleMiddleware`` does, if it is installed.

    A response with a text of SessionKit has ``Content-Language`` already, because the text may not be translated.
    """
    if not installed.negotiates_language():
        return
    with language_of(request):
        language = get_language()
    if language and not response.has_header("Content-Language"):
        response["Content-Language"] = language
    if not (language_prefixes(urlconf_of(request))[0] and get_language_from_path(request.path_info)):
        patch_vary_headers(response, ["Accept-Language"])
