"""The stops of the tour: pages to try, each with what it shows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from django.urls import reverse

from .guards import Look, look_at
from .people import Visitor


class Stop(NamedTuple):
    view_name: str
    title: str
    text: str
    caller: str = "page"


STOPS = (
    Stop("articles:list", "Read articles", "A rule keeps suspended people out, and a mixin requires a permission."),
    Stop("articles:new", "Write an article", "Editors inherit what readers may do, and may write as well."),
    Stop("articles:export", "Export as CSV", "A decorator asks for a permission that only some sessions have."),
    Stop("articles:premium", "Read Premium", "A predicate looks at the plan. A denial leads to the upgrade page."),
    Stop("articles:embargo", "Look for stories under embargo", "For others, the page does not exist: 404."),
    Stop("admin-area", "Open the admin area", "One rule protects all pages below this path."),
    Stop("admin:index", "Open the desk", "The Django admin, opened by a role. No account needs is_staff."),
    Stop("dashboard", "Open the dashboard", "An async view, and a fragment that HTMX fetches."),
    Stop("articles:live", "Follow the live page", "The stream ends with the session, also if it ends elsewhere."),
    Stop("accounts:session", "See your session", "No rule matches, so the global default requires any session."),
    Stop("articles:api-me", "Call the API", "A denial is 401 or 403 as application/problem+json.", "api"),
    Stop("articles:graphql-page", "Ask GraphQL", "Anybody may ask. Each field has its own requirement."),
    Stop("about", "Open a public page", "It reads no session, so a shared cache may store it."),
)


class Visit(NamedTuple):
    """A stop, with what happens there to each visitor."""

    stop: Stop
    url: str
    look: Look


def visits(visitors: Sequence[Visitor]) -> list[Visit]:
    """Return all stops with what happens to the visitors there, in their order."""
    urls = [reverse(stop.view_name) for stop in STOPS]
    return [Visit(stop, url, look_at(url, visitors, stop.caller)) for stop, url in zip(STOPS, urls, strict=True)]
