"""The project's own pages for a denial (``handler403``, ``403.html`` and ``503.html``), and a plain page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.template import TemplateDoesNotExist
from django.template.loader import get_template
from django.urls import get_resolver, get_urlconf
from django.utils.functional import Promise
from django.utils.html import format_html
from django.views.defaults import ERROR_403_TEMPLATE_NAME, permission_denied

from django_sessionkit.conf.urlconf import urlconf_of
from django_sessionkit.session import audit
from django_sessionkit.utils import client_texts

if TYPE_CHECKING:
    from django.http import HttpRequest

_PAGE_503 = "503.html"
_PLAIN = """<!doctype html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
</head>
<body dir="auto"><h1>{title}</h1><p>{text}</p></body>
</html>
"""


def has_own_page(request: HttpRequest, status: int) -> bool:
    """Return ``True`` if the project has an error page for ``status``.

    For 403 this is ``handler403`` or ``403.html``, for 503 ``503.html``.
    """
    urlconf = urlconf_of(request)
    resolver: Any = get_resolver(get_urlconf() if urlconf is None else urlconf)
    if status == 403 and resolver.resolve_error_handler(403) is not permission_denied:
        return True
    try:
        get_template(ERROR_403_TEMPLATE_NAME if status == 403 else _PAGE_503)
    except TemplateDoesNotExist:
        return False
    return True


def plain(title: Promise, text: str) -> str:
    """Return the page of a project without an own page, in the active language."""
    return format_html(_PLAIN, language=client_texts.LANGUAGE, title=title, text=text)


def service_unavailable() -> str | None:
    """Render the template ``503.html`` without a context, as Django renders ``500.html``.

    Return ``None`` if there is no such template, or if it raises an exception.
    """
    try:
        return get_template(_PAGE_503).render()
    except TemplateDoesNotExist:
        pass
    except Exception as error:
        audit.logger.error("The template %s raised %s. A plain page is sent.", _PAGE_503, type(error).__name__)
    return None
