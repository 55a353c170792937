"""Strawberry: ``strawberry.field(extensions=[Requires(requirement)])`` for the fields of a GraphQL schema.

A URL rule protects the whole view. This extension protects single queries, mutations, subscriptions and nested fields,
sync and async.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from inspect import isawaitable
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from django.http import HttpRequest
from strawberry.extensions import FieldExtension

from django_sessionkit.exceptions import AccessDenied, InvalidPolicy, NotAuthenticated
from django_sessionkit.guard import audit as guard_audit
from django_sessionkit.guard.denial_choice import status_of
from django_sessionkit.guard.evaluator import as_requirement, cached_decision, decide, denial_of, warn_outside
from django_sessionkit.policy.decisions import NOBODY, Decision
from django_sessionkit.requirements import Public, Requirement
from django_sessionkit.responses import text_for_api
from django_sessionkit.responses.caching import hold_back, hold_back_current
from django_sessionkit.session.context import SessionContext, current_context
from django_sessionkit.session.loader import context_for
from django_sessionkit.utils.sansio import Flow, arun, on_event_loop, run

if TYPE_CHECKING:
    from strawberry.types import Info
    from strawberry.types.field import StrawberryField

_WRITE = "write strawberry.field(extensions=[Requires(...)])"

# For each session, or without the middleware for each request: the execution of a GraphQL operation that was last
# checked, and the decisions that it has logged.
_logged: WeakKeyDictionary[object, tuple[object, set[tuple[object, ...]]]] = WeakKeyDictionary()

# For each session that is loading: the lock that lets one field load it.
_loads: WeakKeyDictionary[SessionContext, asyncio.Lock] = WeakKeyDictionary()


class Requires(FieldExtension):
    """The requirement of a field. It is checked before the resolver and before the other extensions of the field.
    The object of :class:`~django_sessionkit.AllowObject` is the one that the field belongs to.

    A denied field has no value: it is ``null``, or if it cannot be ``null``, the object that it belongs to. The error
    has ``UNAUTHENTICATED`` or ``FORBIDDEN`` as ``extensions.code``, and the reason. A denial in the items of a list is
    reported once. A subscription is checked when it starts.

    The description of the field in the schema says what is required.

    Raises :class:`~django_sessionkit.exceptions.InvalidPolicy` if ``requirement`` is not a requirement.
    """

    def __init__(self, requirement: Requirement) -> None:
        self.requirement: Requirement = as_requirement(requirement, "Requires")

    def __call__(self, *args: object, **kwargs: object) -> Any:
        raise InvalidPolicy("Requires", "is neither a decorator nor one of the permission_classes", _WRITE)

    def __bool__(self) -> bool:
        raise TypeError("Requires has no truth value. Combine the requirements: Requires(Role(...) & Permission(...)).")

    def apply(self, field: StrawberryField | None = None) -> None:
        """Become the first extension to be called, which is the last one in the list, and describe the field."""
        if field is None:  # Strawberry calls the class as if it were an instance
            raise InvalidPolicy("extensions=[Requires]", "has the class, not an instance", _WRITE)
        field.extensions = sorted(field.extensions, key=lambda one: isinstance(one, Requires))
        sentence = f"Required: {self.requirement.in_words()}."
        if self.requirement != Public() and sentence not in (field.description or ""):
            field.description = "\n\n".join(filter(None, [field.description, sentence]))

    def resolve(self, next_: Any, source: Any, info: Info[Any, Any], **kwargs: Any) -> Any:
        """Check the requirement, and call a sync resolver. On an event loop the result may have to be awaited."""
        if not self._is_known_to_be_met():
            if on_event_loop():  # an async execution, which awaits the results of sync resolvers
                return self.resolve_async(next_, source, info, **kwargs)
            run(self._check(source, info))
        return next_(source, info, **kwargs)

    async def resolve_async(self, next_: Any, source: Any, info: Info[Any, Any], **kwargs: Any) -> Any:
        """Check the requirement, and call an async resolver, or an async generator."""
        if not self._is_known_to_be_met():
            await _load_session()
            await arun(self._check(source, info))
        result = next_(source, info, **kwargs)
        return await result if isawaitable(result) else result

    def _is_known_to_be_met(self) -> bool:
        decision = cached_decision(self.requirement)
        if decision is None or not decision.allowed:
            return False
        hold_back_current()
        return True

    def _check(self, source: object, info: Info[Any, Any]) -> Flow[None]:
        """Raise an exception if the requirement is not met."""
        context, request = current_context(), _request_in(info.context)
        logs = context or request
        if context is None and request is not None:
            context = context_for(request)
        elif context is not None:
            request = context.request or request
        warn_outside(context, "Requires")
        decision = yield from decide(context, self.requirement, request, source)
        if request is not None:
            hold_back(request)  # of a denial too: the response has the status 200
        decision = replace(decision, rule=f"{info._raw_info.parent_type.name}.{info.field_name}")
        is_first = _is_first(logs, info, decision)
        if is_first:
            guard_audit.decided(decision, request)
        if not decision:
            error, status = _error(context, decision)
            if is_first:
                session = context.peek() if context is not None else None
                yield from guard_audit.denied(request, decision, status if request is not None else None, session)
            raise error


async def _load_session() -> None:
    """Load the session once for all fields of a list, which are resolved concurrently."""
    context = current_context()
    if context is not None and not context.is_loaded:
        async with _loads.setdefault(context, asyncio.Lock()):
            await context.aget()
        _loads.pop(context, None)


def _request_in(given: Any) -> HttpRequest | None:
    """Return the request in the context of the operation: an attribute, a key, or the context itself."""
    found = given.get("request") if isinstance(given, Mapping) else getattr(given, "request", given)
    return found if isinstance(found, HttpRequest) else None


def _is_first(logs: object, info: Info[Any, Any], decision: Decision) -> bool:
    """Return ``True`` unless this execution has logged the same decision for another item of the same list."""
    if logs is None:
        return True
    execution = info._raw_info.fragments  # each execution of an operation has its own dict
    last, logged = _logged.get(logs, (None, set()))
    if last is not execution:
        _logged[logs] = (execution, logged := set())
    key = (decision.allowed, *(one for one in info.path.as_list() if isinstance(one, str)))
    is_first = key not in logged
    logged.add(key)
    return is_first


def _error(context: SessionContext | None, decision: Decision) -> tuple[NotAuthenticated | AccessDenied, int]:
    """Return the exception for a field, with the sentence that an API gets, and the status that an API would get."""
    kind = AccessDenied if decision.reason == NOBODY else type(denial_of(context))
    status = 401 if kind is NotAuthenticated else status_of(context.fault if context is not None else None)
    error = kind(decision, text_for_api(status, decision))
    error.is_reported = True
    return error, status
