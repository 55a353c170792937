"""Add the policy to the operations of an OpenAPI document: ``security``, the denial responses and a sentence."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import reduce
from http import HTTPStatus
from operator import and_, or_
from typing import Any, NamedTuple

from django_sessionkit.matrix.deciders import deciders_of
from django_sessionkit.matrix.lines import few
from django_sessionkit.matrix.route_paths import RoutePaths, request_for
from django_sessionkit.policy.denial_options import DenialOptions
from django_sessionkit.requirements import Factor, Public, Recent, Requirement, leaves
from django_sessionkit.session.loader import current_loader
from django_sessionkit.urlconf.inventory import list_routes
from django_sessionkit.urlconf.routes import Route
from django_sessionkit.utils import client_texts

from .security import BY_SESSION, Way, all_of, anonymous_decision, as_security, is_elsewhere, ways_of

#: the name of the schema of a denial
PROBLEM = "SessionKitProblem"
PROBLEM_SCHEMA: dict[str, Any] = {
    "type": "object",
    "description": "Why access was denied (RFC 9457).",
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
    },
    "required": ["type", "title", "status", "detail"],
}
_REFERENCE = {"$ref": f"#/components/schemas/{PROBLEM}"}
_DESCRIPTIONS = {
    HTTPStatus.UNAUTHORIZED: "The request has no valid login.",
    HTTPStatus.FORBIDDEN: "The session has no access.",
    HTTPStatus.NOT_FOUND: "There is no such resource, or no access to it.",
}
_PROBLEMS = {
    HTTPStatus.UNAUTHORIZED: (client_texts.UNAUTHORIZED, client_texts.NEEDS_SESSION),
    HTTPStatus.FORBIDDEN: (client_texts.FORBIDDEN, client_texts.LACKS_RIGHT),
}

# What CommonMark, the format of descriptions in OpenAPI, would read as markup.
_MARKUP = re.compile(r"[\\`*<>\[\]]|(?<!\w)_|_(?!\w)")


class Required(NamedTuple):
    """What an operation requires at some of its paths. An empty ``paths`` stands for all of them."""

    requirement: Requirement
    paths: tuple[str, ...] = ()


class ViewPolicy(NamedTuple):
    """What the view of an operation requires, apart from URL rules.

    - ``requirement``: all that it requires, ``Public()`` if it requires nothing.
    - ``ways``: the ways to log in for the view.
    - ``answers``: whether the response to a denial of the view is a problem document.
    - ``hides``: whether that response is 404. It has both values if some of them are.
    """

    requirement: Requirement = Public()
    ways: tuple[Way, ...] = (BY_SESSION,)
    answers: bool = True
    hides: frozenset[bool] = frozenset([False])


class OperationPolicy(NamedTuple):
    """What one operation requires.

    - ``rules``: what URL rules require, one entry for all paths, or several for different paths.
    - ``hides``: whether rules respond to a denial with 404. It has both values if some do.
    - ``doubt``: why ``rules`` may be incomplete; empty if they are complete.
    """

    rules: tuple[Required, ...]
    view: ViewPolicy
    hides: frozenset[bool] = frozenset()
    doubt: str = ""

    @property
    def is_foreign(self) -> bool:
        """Whether SessionKit decides nothing about the operation, and another check does."""
        return self._has_no_rules and is_elsewhere(self.view.requirement)

    @property
    def is_open(self) -> bool:
        """Whether every caller has access."""
        return all(anonymous_decision(one.requirement).allowed for one in self._cases)

    @property
    def refers_to_problem(self) -> bool:
        """Whether the responses that :meth:`describe` adds refer to the schema :data:`PROBLEM`."""
        return not self.is_open and (self.view.answers or isinstance(self.view.requirement, Public))

    @property
    def _has_no_rules(self) -> bool:
        return all(isinstance(one.requirement, Public) for one in self.rules)

    @property
    def _cases(self) -> list[Required]:
        """All that is required, by rules and by the view."""
        return [Required(combined((one.requirement, self.view.requirement)), one.paths) for one in self.rules]

    def security(self, *, with_names: bool) -> list[dict[str, list[str]]]:
        """Return the ``security`` of the operation; an empty list if every caller has access.

        ``with_names``: the version of OpenAPI allows the names of roles, see :func:`~.security.as_security`.
        """
        if self.is_open:
            return []
        by_rules = ways_of(reduce(or_, (one.requirement for one in self.rules)))
        return as_security(all_of([by_rules, ways_of(self.view.requirement, self.view.ways)]), with_names=with_names)

    def describe(self, operation: dict[str, Any]) -> None:
        """Add what is required to the description of ``operation``, and the responses to a denial.

        A response that the operation has already is kept.
        """
        if self.is_open:
            return
        operation["description"] = "\n\n".join(filter(None, (operation.get("description"), self.sentence())))
        responses = operation["responses"]
        kind = type(next(iter(responses), ""))  # drf-spectacular has texts, Ninja numbers
        for status in self._statuses():
            responses.setdefault(kind(status.value), self._response(status))

    def sentence(self) -> str:
        """Return what is required as a sentence in CommonMark."""
        cases = self._cases
        if all(one.requirement.is_closed for one in cases):
            return "Nobody has access."
        if len(cases) == 1:
            text = _escaped(cases[0].requirement.in_words())
        else:
            texts = (f"{_escaped(one.requirement.in_words())} for paths such as {_shown(one.paths)}" for one in cases)
            text = "; ".join(texts)
        return f"Required: {text}.{' Other paths may require something else.' if self.doubt else ''}"

    def _statuses(self) -> Iterator[HTTPStatus]:
        by_rules = [(one.requirement, hides) for one in self.rules for hides in self.hides]
        asked = (*by_rules, *((self.view.requirement, hides) for hides in self.view.hides))
        denying = [(one, hides) for one, hides in asked if not isinstance(one, Public)]
        if any(not hides and not one.is_closed for one, hides in denying):
            yield HTTPStatus.UNAUTHORIZED
        if any(not hides for _, hides in denying):
            yield HTTPStatus.FORBIDDEN
        if any(hides for _, hides in denying):
            yield HTTPStatus.NOT_FOUND

    def _description(self, status: HTTPStatus) -> str:
        asks_login = any(True for one in self._cases for _ in leaves(one.requirement, Recent, Factor))
        if status is HTTPStatus.UNAUTHORIZED and asks_login:
            return "The request has no valid login, or one that is too old or too weak."
        return _DESCRIPTIONS[status]

    def _response(self, status: HTTPStatus) -> dict[str, Any]:
        response: dict[str, Any] = {"description": self._description(status)}
        if status is HTTPStatus.NOT_FOUND:
            return response
        if status is HTTPStatus.UNAUTHORIZED:
            challenge = current_loader().source.challenge
            header = {"description": "How to log in.", "schema": {"type": "string"}, "example": challenge}
            response["headers"] = {"WWW-Authenticate": header}
        if self.refers_to_problem:
            title, detail = map(str, _PROBLEMS[status])
            example = {"type": "about:blank", "title": title, "status": status.value, "detail": detail}
            response["content"] = {"application/problem+json": {"schema": _REFERENCE, "example": example}}
        return response


class PolicyReader:
    """Finds what operations require. It lists the routes of the project once, so make one for each document."""

    def __init__(self) -> None:
        self.routes: list[Route] = list_routes()
        self._paths = RoutePaths(self.routes)

    def of(self, routes: Iterable[Route], method: str, view: ViewPolicy) -> OperationPolicy:
        """Return what the operation ``method`` of these routes requires. Without a route, no rule applies."""
        paths: dict[Requirement, list[str]] = {}
        hides: set[bool] = set()
        doubts: list[str] = []
        for route in routes:
            chosen, doubt = self._paths.of(route)
            doubts += [doubt] if doubt else []
            for path in chosen:
                found = deciders_of(request_for(route, method, path)).requirements
                paths.setdefault(combined(one for one, _ in found), []).append(path)
                hides.update(is_hiding(options) for _, options in found)
        rules = tuple(Required(requirement, tuple(those)) for requirement, those in paths.items())
        return OperationPolicy(rules or (Required(Public()),), view, frozenset(hides), "; ".join(doubts))


def combined(requirements: Iterable[Requirement]) -> Requirement:
    """Return all requirements joined by ``&``, each once; ``Public()`` if there are none."""
    asked = dict.fromkeys(one for one in requirements if not isinstance(one, Public))
    return reduce(and_, asked) if asked else Public()


def is_hiding(options: DenialOptions) -> bool:
    """Return ``True`` if a denial with these options is a 404."""
    return options.on_deny == "not_found"


def _escaped(text: str) -> str:
    return _MARKUP.sub(r"\\\g<0>", text)


def _shown(paths: Sequence[str]) -> str:
    return few([f"`{path}`" for path in paths], ", ")
