"""drf-spectacular: operations show who may call them. Only a project that uses drf-spectacular imports this module."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from typing import Any

from drf_spectacular import openapi
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.plumbing import ResolvedComponent
from drf_spectacular.settings import spectacular_settings
from rest_framework import permissions
from rest_framework.permissions import SAFE_METHODS

from django_sessionkit.openapi.operations import (
    PROBLEM,
    PROBLEM_SCHEMA,
    OperationPolicy,
    PolicyReader,
    ViewPolicy,
    combined,
    is_hiding,
)
from django_sessionkit.openapi.security import BY_SESSION, SCHEME, Elsewhere, Way, security_scheme
from django_sessionkit.policy.view_marks import ViewRequirement, requirements_of
from django_sessionkit.requirements import Authenticated, Public, Requirement
from django_sessionkit.session.loader import current_loader
from django_sessionkit.urlconf.routes import Route

from .authentication import SessionKitAuthentication
from .denials import exception_handler
from .permissions import CombinedPermission, RequirementPermission

_MIXINS = "django_sessionkit.mixins"

# attribute of the registry of a document: what is the same for all of its operations
_READER = "_sessionkit_reader"


class SessionKitScheme(OpenApiAuthenticationExtension):
    """The security scheme of ``SessionKitAuthentication``: the session cookie, or what the source reads."""

    target_class: Any = SessionKitAuthentication
    name: Any = SCHEME
    match_subclasses = True

    def get_security_definition(self, auto_schema: Any) -> Any:
        """Return the Security Scheme Object."""
        return security_scheme()


class AutoSchema(openapi.AutoSchema):
    """The schema class that documents the policy. Use it as ``REST_FRAMEWORK["DEFAULT_SCHEMA_CLASS"]``.

    Each operation gets what its permission classes and URL rules require: ``security``, the responses 401 and 403, and
    a sentence in its description. An operation that every caller may call gets ``security: []``. What a view states by
    ``@extend_schema`` is kept.
    """

    def get_operation(self, path: str, path_regex: str, path_prefix: str, method: str, registry: Any) -> Any:
        """Return the operation, with the policy."""
        operation = super().get_operation(path, path_regex, path_prefix, method, registry)
        if operation is None:
            return None
        policy = self._policy()
        if not policy.is_foreign:
            operation.setdefault("security", [])
            policy.describe(operation)
            self._register(policy)
        return operation

    def get_description(self) -> Any:  # type: ignore[override]  # as in drf-spectacular
        """Return the description, without that of a mixin of SessionKit, which drf-spectacular takes for the view's."""
        found = super().get_description()
        bases = (one for one in type(self.view).__mro__ if one.__module__.startswith(_MIXINS))
        return "" if found in map(inspect.getdoc, bases) else found

    def get_auth(self) -> Any:
        """Return the ``security`` of the operation."""
        policy = self._policy()
        if policy.is_foreign:
            return super().get_auth()
        return policy.security(with_names=not spectacular_settings.OAS_VERSION.startswith("3.0"))

    def _policy(self) -> OperationPolicy:
        kept = vars(self.registry)
        reader: PolicyReader = kept.get(_READER) or kept.setdefault(_READER, PolicyReader())
        routes = _routes_of(reader.routes, self.path_regex, type(self.view))
        return reader.of(routes, self.method, self._view_policy(routes))

    def _view_policy(self, routes: list[Route]) -> ViewPolicy:
        ways = tuple(frozenset((scheme, "") for scheme in one) for one in super().get_auth() if one)
        asked = self.view.get_permissions()
        marks = self._marks(routes)
        return ViewPolicy(
            combined([*(mark.requirement for mark in marks), *(self._requirement(one, ways) for one in asked)]),
            ways if ways and current_loader().source.follows_user else (BY_SESSION,),
            self.view.get_exception_handler() is exception_handler and not any(map(_is_foreign, asked)),
            _hiding(asked, marks),
        )

    def _marks(self, routes: list[Route]) -> list[ViewRequirement]:
        """Return the requirements of decorators and mixins, on the view and on the method that handles the action."""
        handler = getattr(self.view, getattr(self.view, "action", None) or self.method.lower(), None)
        views = [*(route.callback for route in routes), handler]
        return list(dict.fromkeys(mark for view in views for mark in requirements_of(view, self.method)))

    def _requirement(self, permission: Any, ways: tuple[Way, ...]) -> Requirement:
        """Return a permission as a requirement. One of another package is only known by its name."""
        if isinstance(permission, RequirementPermission):
            return permission.required(self.view.request, self.view)
        if isinstance(permission, CombinedPermission):
            return self._requirement(permission.joined, ways)
        kind = type(permission)
        if kind is permissions.AND:
            return combined([self._requirement(permission.op1, ways), self._requirement(permission.op2, ways)])
        if kind is permissions.OR:
            return self._requirement(permission.op1, ways) | self._requirement(permission.op2, ways)
        reads = kind is permissions.IsAuthenticatedOrReadOnly and self.method in SAFE_METHODS
        if kind is permissions.AllowAny or reads:
            return Public()
        if kind in (permissions.IsAuthenticated, permissions.IsAuthenticatedOrReadOnly):
            return Authenticated() if ways == (BY_SESSION,) else Elsewhere("a login", ways)
        name = type(permission.op1).__name__ if kind is permissions.NOT else kind.__name__
        return Elsewhere(f'{"not " if kind is permissions.NOT else ""}the permission class "{name}"', ways)

    def _register(self, policy: OperationPolicy) -> None:
        """Add what the operation refers to to the components of the document."""
        found = []
        if policy.refers_to_problem:
            found.append(ResolvedComponent(PROBLEM, ResolvedComponent.SCHEMA, PROBLEM_SCHEMA))
        if not policy.is_open:
            kind = ResolvedComponent.SECURITY_SCHEMA
            found.append(ResolvedComponent(SCHEME, kind, security_scheme(), SessionKitAuthentication))
        for one in found:
            self.registry.register_on_missing(one)


def _is_foreign(permission: Any) -> bool:
    """Return ``True`` if a permission that is not of SessionKit may deny: DRF then responds in its own form."""
    if isinstance(permission, CombinedPermission):
        return _is_foreign(permission.joined)
    if type(permission) in (permissions.AND, permissions.OR):
        return _is_foreign(permission.op1) or _is_foreign(permission.op2)
    return not isinstance(permission, (RequirementPermission, permissions.AllowAny))


def _hiding(asked: Iterable[Any], marks: Iterable[ViewRequirement]) -> frozenset[bool]:
    """Return whether denials are a 404. Of permission classes, only a denied object may be one."""
    by_permissions = {hides for one in asked for hides in (False, getattr(one, "hides", False))}
    return frozenset(by_permissions.union(is_hiding(mark.options) for mark in marks))


def _routes_of(routes: list[Route], expression: str, view: type) -> list[Route]:
    """Return the routes of an operation. A document of an included URLconf does not know how the paths begin."""
    texts = [(route, "".join(str(link.pattern) for link in route.chain)) for route in routes]
    exact = [route for route, text in texts if text == expression]
    if exact:
        return exact[:1]
    return [
        route
        for route, text in texts
        if text.endswith(expression) and issubclass(view, getattr(route.callback, "cls", ()))
    ]
