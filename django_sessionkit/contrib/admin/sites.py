"""An admin site that a requirement opens."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import update_wrapper
from typing import TYPE_CHECKING, Any

from django.contrib.admin import AdminSite
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.urls import URLPattern, URLResolver
from django.utils.decorators import method_decorator
from django.utils.module_loading import import_string
from django.views.decorators.cache import never_cache

from django_sessionkit.changes import clear_session
from django_sessionkit.conf.installed import require_middleware_for_views
from django_sessionkit.conf.urlconf import urlconf_of
from django_sessionkit.exceptions import AccessDenied, InvalidPolicy, NotAuthenticated, ReadOnlySource
from django_sessionkit.guard.denial_choice import Denial
from django_sessionkit.guard.evaluator import as_requirement
from django_sessionkit.guard.redirects import is_login_page
from django_sessionkit.policy.decisions import DENIED, Decision
from django_sessionkit.policy.view_marks import ViewRequirement, mark_view, next_number
from django_sessionkit.requirements import AllowObject, Requirement, leaves
from django_sessionkit.responses import deny
from django_sessionkit.responses.caching import vary
from django_sessionkit.session.loader import context_for
from django_sessionkit.utils.sansio import run

from .access import SessionOnlyUser, decision_for, has_no_user, is_of, kept_denial

if TYPE_CHECKING:
    from django.http import HttpRequest

_HINT = 'write SessionKitAdminSite(Role("staff")), or requirement = Role("staff") in a subclass'


class SessionKitAdminSite(AdminSite):
    """An admin site for every session that meets ``requirement``. It does not ask for ``is_staff``.

    The pages of a model also need the permissions of its ``ModelAdmin``, as in every admin site: give it a
    :class:`RequireModelAdminMixin`, or let ``SessionPermissions`` answer ``user.has_perm()``.

    An anonymous visitor is sent to the login page of the project. A session without the right gets 403.

    :param requirement: what a session needs to open any page of the site. A subclass may set the attribute of this name
        instead, for ``AdminConfig.default_site``.
    :param name: the namespace of the URLs, as for Django's ``AdminSite``.
    :param allow_without_user: ``True`` to open the site to a session without a Django user too. By default, the
        session must be that of ``request.user``, an active user. A subclass may set the attribute instead.

    Raises :class:`~django_sessionkit.exceptions.InvalidPolicy` if there is no requirement or an argument is wrong.
    """

    requirement: Requirement | None = None
    allow_without_user: bool = False

    def __init__(
        self, requirement: Requirement | None = None, name: str = "admin", *, allow_without_user: bool | None = None
    ) -> None:
        super().__init__(name)
        require_middleware_for_views()
        place, given = type(self).__name__, requirement if requirement is not None else self.requirement
        if given is None:
            raise InvalidPolicy(place, "has no requirement", _HINT)
        self._requirement = self.requirement = as_requirement(given, f"{place}.requirement")
        if (about_object := next(leaves(self._requirement, AllowObject), None)) is not None:
            hint = 'ask it in RequireModelAdminMixin: requirements = {"change": ...}'
            raise InvalidPolicy(f"{place}.requirement", f"{about_object!r} needs an object, and a site has none", hint)
        if allow_without_user is not None:
            self.allow_without_user = allow_without_user
        if not isinstance(self.allow_without_user, bool):
            raise InvalidPolicy(f"{place}.allow_without_user", "must be True or False", "leave it out for False")

    def has_permission(self, request: HttpRequest) -> bool:
        """Return ``True`` if the session may open the site. A subclass may require more, with ``super()``."""
        return self._decision(request).allowed

    def _decision(self, request: HttpRequest) -> Decision:
        return decision_for(request, self._requirement, without_user=self.allow_without_user)

    def _deny(self, request: HttpRequest) -> Any:
        """Return the response to a denial. If the session meets the requirement, a subclass has required more."""
        decision = self._decision(request)
        denial = Denial(Decision(False, DENIED) if decision.allowed else decision)
        return run(deny(request, denial, context_for(request)))

    def admin_view(self, view: Callable[..., Any], cacheable: bool = False) -> Any:
        """Return ``view`` as a page of the site, which checks the requirement. Use it as that of Django's site."""
        guarded: Any = super().admin_view(view, cacheable)

        def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            if not self.has_permission(request):
                return guarded(request) if self._is_logout(request) else self._deny(request)
            self._stand_in(request)
            try:
                return vary(guarded(request, *args, **kwargs))
            except PermissionDenied as error:
                if isinstance(error, (NotAuthenticated, AccessDenied)):
                    raise
                raise AccessDenied(kept_denial(request)) from error

        update_wrapper(checked, guarded)
        return mark_view(checked, ViewRequirement(self._requirement), next_number())

    def _is_logout(self, request: HttpRequest) -> bool:
        """Return ``True`` for the logout page. Django sends a visitor who may not open it to the index."""
        match = request.resolver_match
        return match is not None and match.view_name == f"{self.name}:logout"

    def _stand_in(self, request: Any) -> None:
        """Set ``request.user`` for a session without a Django user."""
        session = context_for(request).peek()
        if self.allow_without_user and session is not None and not is_of(request, session):
            request.user = SessionOnlyUser(session)

    def get_urls(self) -> list[Any]:
        """Return the URL patterns. Each page has the requirement as a mark, for ``sessionkit_routes`` and others."""
        urls: list[Any] = super().get_urls()
        for callback in _callbacks(urls):
            owner = getattr(callback, "model_admin", callback)
            if getattr(owner, "admin_site", None) is self:
                mark_view(callback, ViewRequirement(self._requirement), next_number())
        return urls

    @method_decorator(never_cache)
    @login_not_required
    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Show the login form if this is the login page of the project. Else send the visitor to that page."""
        if is_login_page(request.path, request.path_info, urlconf_of(request), request.resolver_match):
            self.login_form = self.login_form or import_string("django.contrib.auth.forms.AuthenticationForm")
            return super().login(request, extra_context)
        if not self.has_permission(request):
            return self._deny(request)
        if request.method not in ("GET", "HEAD"):
            raise Http404("The login page of the project is another one.")
        return super().login(request, extra_context)

    def logout(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Log out of Django, and end a session that has no Django user."""
        if request.method == "POST" and has_no_user(request):
            with suppress(ReadOnlySource):
                clear_session(request)
        return super().logout(request, extra_context)

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Change the password of the Django user. It is a 404 for a session without one."""
        if has_no_user(request):
            raise Http404("A session without a Django user has no password.")
        return super().password_change(request, extra_context)


def _callbacks(urls: Iterable[URLPattern | URLResolver]) -> Iterator[Any]:
    for one in urls:
        if isinstance(one, URLResolver):
            yield from _callbacks(one.url_patterns)
        else:
            yield one.callback
