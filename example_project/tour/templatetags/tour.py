"""The parts of the tour that templates show. Without DEBUG they show nothing, because they name rules and roles."""

from __future__ import annotations

from typing import Any

from django import template
from django.conf import settings
from django.http import HttpRequest

from tour import guards, people, stops

register = template.Library()


@register.inclusion_tag("tour/strip.html", takes_context=True)
def guard_strip(context: dict[str, Any]) -> dict[str, Any]:
    """Show what guards the current page, and what that means for each person."""
    request = context.get("request")
    if not settings.DEBUG or request is None:
        return {}
    denied_by = context.get("decision")
    look = guards.look_at_request(request, people.demo_people(), denied_by)
    return {"look": look, "csrf_token": context["csrf_token"], "next": _return_to(context, request)}


@register.inclusion_tag("tour/strip.html", takes_context=True)
def public_guard_strip(context: dict[str, Any]) -> dict[str, Any]:
    """Show what guards a page that reads no session. It has no buttons, because they would need a CSRF cookie."""
    return {"look": guards.look_without_session(context["request"])} if settings.DEBUG else {}


@register.inclusion_tag("tour/map.html", takes_context=True)
def tour_map(context: dict[str, Any]) -> dict[str, Any]:
    """Show the people of the demo with buttons to sign in, and the pages to try."""
    if not settings.DEBUG:
        return {}
    persons = people.demo_people()
    visitors = [people.ANONYMOUS, *persons]
    return {
        "people": persons,
        "visitors": visitors,
        "visits": stops.visits(visitors),
        "csrf_token": context["csrf_token"],
        "sessionkit": context["sessionkit"],
    }


def _return_to(context: dict[str, Any], request: HttpRequest) -> str:
    """Return the page to show after signing in: this one, or what the login page was asked for."""
    if "next" in context:
        return str(context["next"])
    return request.get_full_path() if request.method in ("GET", "HEAD") else ""
