"""Django Ninja: operations in the OpenAPI document show who may call them."""

from __future__ import annotations

from copy import deepcopy
from functools import reduce
from operator import or_
from typing import Any

import ninja
from ninja.openapi.schema import OpenAPISchema

from django_sessionkit.openapi.operations import PROBLEM, PROBLEM_SCHEMA, PolicyReader, ViewPolicy, combined, is_hiding
from django_sessionkit.openapi.security import SCHEME, Elsewhere, security_scheme
from django_sessionkit.policy.view_marks import requirements_of
from django_sessionkit.requirements import Public, Requirement
from django_sessionkit.urlconf.views import ninja_operations

from . import SessionAuth, answers_denials


class NinjaAPI(ninja.NinjaAPI):
    """A ``ninja.NinjaAPI`` whose OpenAPI document shows the policy.

    Each operation gets what its ``auth`` and the URL rules require: ``security``, the responses 401 and 403, and a
    sentence in its description. An operation that every caller may call gets ``security: []``. What ``response`` and
    ``openapi_extra`` state is kept; its ``security`` names more ways to log in.
    """

    def get_openapi_schema(self, *, path_prefix: str | None = None, path_params: Any = None) -> OpenAPISchema:
        """Return the document."""
        return _PolicySchema(self, self.get_root_path(path_params or {}) if path_prefix is None else path_prefix)


class _PolicySchema(OpenAPISchema):
    """Ninja's document, with the policy for each method: a rule may name methods."""

    def __init__(self, api: ninja.NinjaAPI, path_prefix: str) -> None:
        self._reader = PolicyReader()
        super().__init__(api, path_prefix)

    def methods(self, operations: list[Any]) -> dict[str, Any]:
        documented = super().methods(operations)
        for one in operations:
            for method in one.methods if one.include_in_schema else ():
                documented[method.lower()] = self._documented(documented[method.lower()], one, method)
        return documented

    def _documented(self, details: dict[str, Any], operation: Any, method: str) -> dict[str, Any]:
        routes = [route for route in self._reader.routes if operation in ninja_operations(route.callback)]
        policy = self._reader.of(routes, method, self._view_policy(operation, method))
        if policy.is_foreign:
            return details
        details = deepcopy(details)
        own = (operation.openapi_extra or {}).get("security", [])
        details["security"] = [*policy.security(with_names=True), *own]
        policy.describe(details)
        if policy.refers_to_problem:
            self.schemas[PROBLEM] = deepcopy(PROBLEM_SCHEMA)
        if not policy.is_open:
            self.securitySchemes[SCHEME] = security_scheme()
        return details

    def _view_policy(self, operation: Any, method: str) -> ViewPolicy:
        marks = requirements_of(operation.view_func, method)
        auths = [self._requirement(one) for one in operation.auth_callbacks]
        by_auth = reduce(or_, auths) if auths else Public()
        return ViewPolicy(
            combined([by_auth, *(mark.requirement for mark in marks)]),
            answers=answers_denials(self.api) and (not auths or any(map(_is_ours, operation.auth_callbacks))),
            hides=frozenset([*(False for _ in auths), *(is_hiding(mark.options) for mark in marks)]),
        )

    def _requirement(self, auth: Any) -> Requirement:
        if isinstance(auth, SessionAuth):
            return auth.requirement
        name = getattr(auth, "__name__", type(auth).__name__)
        is_described = hasattr(auth, "openapi_security_schema")
        return Elsewhere(f'the authentication "{name}"', (frozenset([(name, "")]),) if is_described else ())

    def operation_security(self, operation: Any) -> Any:
        found = super().operation_security(operation)
        for one in filter(_is_ours, operation.auth_callbacks):
            self.securitySchemes.pop(type(one).__name__, None)
        return found


def _is_ours(auth: Any) -> bool:
    return isinstance(auth, SessionAuth)
