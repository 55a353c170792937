"""Questions about objects: whether a request has asked one, and what can be said before the object is known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django_sessionkit.exceptions import InvalidPolicy
from django_sessionkit.policy.decisions import FAILED, NO_OBJECT, Decision
from django_sessionkit.policy.view_marks import dotted_name_of, requires_object
from django_sessionkit.requirements import AllowObject, Requirement, leaves

if TYPE_CHECKING:
    from django.http import HttpRequest

# request attribute: a requirement was checked for an object
_ASKED = "_sessionkit_object_asked"
_HINT = (
    "call enforce(requirement, obj=...) in the view; a class-based view has self.get_object() with RequireObjectMixin, "
    "and a view of Django REST framework with Requires(...)"
)


def is_about_object(requirement: Requirement) -> bool:
    """Return ``True`` if ``requirement`` contains :class:`~django_sessionkit.AllowObject`."""
    return next(leaves(requirement, AllowObject), None) is not None


def refuse_without_object(requirement: Requirement, place: str, what: str, hint: str) -> Requirement:
    """Return ``requirement``. Raises ``InvalidPolicy`` if it is about an object, and ``what`` has none."""
    if (about_object := next(leaves(requirement, AllowObject), None)) is not None:
        raise InvalidPolicy(place, f"{about_object!r} needs an object, and {what} has none", hint)
    return requirement


def is_undecided(decision: Decision) -> bool:
    """Return ``True`` if a decision that was made without the object may change with the object.

    A grant stays, and so does a denial that is not due to the object. A check of another kind that failed may hide
    behind the missing object, so it counts as undecided too.
    """
    return not decision.allowed and (decision.failed or decision.reason in (NO_OBJECT, FAILED))


def note_question(request: HttpRequest | None) -> None:
    """Note that a requirement is checked for an object during this request."""
    if request is not None:
        vars(request)[_ASKED] = True


def refuse_unasked(request: HttpRequest, response: Any, place: str = "") -> None:
    """Raise ``InvalidPolicy`` if the view sent a 2xx response without checking a requirement for an object.

    Without ``place``, only a view with ``requires_object = True`` is looked at. ``OPTIONS`` is left out: Django and
    Django REST framework answer it without an object.
    """
    status = getattr(response, "status_code", 0)
    if _ASKED in vars(request) or request.method == "OPTIONS" or not 200 <= status < 300:
        return
    match = request.resolver_match
    if not place and match is not None and requires_object(match.func):
        place = dotted_name_of(match.func)
    if place:
        fault = f"sent the status {status} without checking a requirement for an object"
        raise InvalidPolicy(place, fault, _HINT)
