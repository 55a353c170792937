"""Find the redirect for a denial: the login page with ``next``, or the page named by a rule. Never another site."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit, urlunsplit

from django.http import QueryDict
from django.urls import Resolver404, get_script_prefix, resolve, reverse
from django.utils.functional import Promise
from django.utils.http import url_has_allowed_host_and_scheme

from django_sessionkit import conf
from django_sessionkit.conf.urlconf import is_translated_from, routed_by
from django_sessionkit.policy.denial_options import DEFAULT_OPTIONS, DenialOptions, is_local_path
from django_sessionkit.session import audit

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.urls import ResolverMatch

MAX_NEXT_LENGTH = 2000


def resolve_redirect(target: str | Promise, urlconf: Any = None) -> str | None:
    """Return the path for a local path or a URL name, or ``None`` with an error in the log if there is no such page.

    ``urlconf``: the URLconf of the request, in which names are looked up.
    """
    try:
        found = _path_of(target, urlconf)
    except Exception as error:
        name = "a lazy URL" if isinstance(target, Promise) else f'the URL name "{target}"'
        audit.logger.error("%s cannot be reversed (%s). Nobody is redirected to it.", name, type(error).__name__)
        return None
    if not is_local_path(found):
        audit.logger.error("A redirect target is not a path on this site. Nobody is redirected to it.")
        return None
    return found


def _path_of(target: str | Promise, urlconf: Any) -> str:
    """Reverse names only. Given a path, ``reverse()`` would search the URLconf for a view of that name, and would raise
    an error for any route that it cannot reverse.
    """
    with routed_by(urlconf):
        text = str(target)
        return text if text.startswith("/") else reverse(text)


def login_path(options: DenialOptions = DEFAULT_OPTIONS, urlconf: Any = None) -> str | None:
    """Return the path of the login page for a denial with these options, or ``None`` if there is none."""
    page = options.login_url if options.login_url is not None else conf.current().login_url
    if page is None:
        audit.logger.error("%s: nobody is redirected to the login page", conf.current().login_fault)
        return None
    return resolve_redirect(page, urlconf)


def is_login_page(path: str, path_info: str, urlconf: Any = None, match: ResolverMatch | None = None) -> bool:
    """Return ``True`` if ``path`` (with the mount prefix) is a login page of the settings or of any rule.

    Login pages must be reachable. The pages of all rules count, because two rules could otherwise redirect an anonymous
    caller to each other's login page in a loop.
    """
    return _is_one_of(conf.current().login_urls, path, path_info, urlconf, match)


def reauth_path(options: DenialOptions = DEFAULT_OPTIONS, urlconf: Any = None) -> str | None:
    """Return the path of the page where a user confirms the login, or ``None`` if there is none.

    Without ``SESSIONKIT_REAUTH_URL`` it is the login page, unless that would send a user who is logged in back at once.
    """
    page = conf.current().reauth_url
    if page is not None:
        return resolve_redirect(page, urlconf)
    login = login_path(options, urlconf)
    if login is not None and _sends_users_back(login, urlconf):
        audit.logger.error("SESSIONKIT_REAUTH_URL is not set, and the login page redirects users who are logged in.")
        return None
    return login


def _sends_users_back(path: str, urlconf: Any) -> bool:
    """Return ``True`` if the login view does not show its form to users who are logged in, as Django's can be told to.

    The views of allauth inherit from ``RedirectAuthenticatedUserMixin``.
    """
    try:
        mount = get_script_prefix().removesuffix("/")
        view: Any = resolve(urlsplit(path).path.removeprefix(mount), urlconf).func
    except Resolver404:
        return False
    kind = getattr(view, "view_class", object)
    options = getattr(view, "view_initkwargs", {})
    if options.get("redirect_authenticated_user", getattr(kind, "redirect_authenticated_user", False)):
        return True
    return any(base.__name__ == "RedirectAuthenticatedUserMixin" for base in kind.__mro__)


def is_reauth_page(path: str, path_info: str, urlconf: Any = None, match: ResolverMatch | None = None) -> bool:
    """Return ``True`` if ``path`` (with the mount prefix) is the page where a user confirms the login."""
    page = conf.current().reauth_url
    return page is not None and _is_one_of((page,), path, path_info, urlconf, match)


def _is_one_of(
    pages: tuple[str | Promise, ...], path: str, path_info: str, urlconf: Any, match: ResolverMatch | None
) -> bool:
    for url in pages:
        with suppress(Exception):  # a name that this URLconf does not contain is not a page of it
            if arrives_at(_path_of(url, urlconf), path, path_info, urlconf, match):
                return True
    return False


def arrives_at(
    location: str, path: str, path_info: str, urlconf: Any = None, match: ResolverMatch | None = None
) -> bool:
    """Return ``True`` if a redirect to ``location`` ends at ``path``, directly or with the language that Django adds.

    Return ``False`` if ``path_info`` has been rewritten to another page, or if ``path`` is only the mount prefix,
    which some servers take from a header.
    """
    if path != path_info and not (path_info.strip("/") and path.endswith(path_info)):
        return False
    if leads_to(location, path):
        return True
    mount = path.removesuffix(path_info)
    bare = unquote(urlsplit(location).path)
    return bare.startswith(f"{mount}/") and is_translated_from(path_info, bare.removeprefix(mount), urlconf, match)


def leads_to(location: str, path: str) -> bool:
    """Return ``True`` if a redirect to ``location`` requests ``path`` again, with or without a final slash."""
    return unquote(urlsplit(location).path).removesuffix("/") == path.removesuffix("/")


def with_next(login: str, target: str | None) -> str:
    """Return ``login`` with ``next`` added to its query, or unchanged if ``target`` is ``None``."""
    if target is None:
        return login
    parts = urlsplit(login)
    query = QueryDict(parts.query, mutable=True)
    query["next"] = target
    return urlunsplit(parts._replace(query=query.urlencode(safe="/")))


def next_of_page(request: HttpRequest) -> str | None:
    """Return the requested page as the value of ``next``, or ``None`` if a second request for it could do harm.

    Only ``GET`` and ``HEAD`` requests with at most ``MAX_NEXT_LENGTH`` characters are safe.
    """
    if request.method not in ("GET", "HEAD") or len(request.path) > MAX_NEXT_LENGTH:
        return None
    return _checked_next(request, request.get_full_path())


def next_of_htmx(request: HttpRequest) -> str | None:
    """Return the page that sent the HTMX request as the value of ``next``, or ``None`` if it has another origin.

    A request with ``hx-boost`` asks for a page, so ``next`` is that page, as for any link.
    """
    if request.headers.get("HX-Boosted") == "true" and request.method in ("GET", "HEAD"):
        return next_of_page(request)
    return _next_of_url(request, request.headers.get("HX-Current-URL", ""))


def next_of_form(request: HttpRequest, page: str) -> str | None:
    """Return the value of ``next`` for the redirect to ``page``, where a user confirms the login.

    For ``GET`` and ``HEAD`` it is the requested page. For other methods it is the page with the form, by the header
    ``Referer``, unless that is on another site or is ``page`` itself.
    """
    if request.method in ("GET", "HEAD"):
        return next_of_page(request)
    target = _next_of_url(request, request.headers.get("Referer", ""))
    return None if target is None or leads_to(page, unquote(urlsplit(target).path)) else target


def _next_of_url(request: HttpRequest, url: str) -> str | None:
    """Return the path and the query of an absolute URL that a client has sent, or ``None`` for another origin."""
    if not _is_own(request, url):
        return None
    parts = urlsplit(url)
    return _checked_next(request, urlunsplit(("", "", parts.path or "/", parts.query, "")))


def _checked_next(request: HttpRequest, target: str) -> str | None:
    if len(target) > MAX_NEXT_LENGTH or not is_local_path(target) or not _is_own(request, target):
        return None
    return target


def _is_own(request: HttpRequest, url: str) -> bool:
    return url_has_allowed_host_and_scheme(url, allowed_hosts={request.get_host()}, require_https=request.is_secure())
