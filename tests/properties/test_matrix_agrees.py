"""On generated sites, the simulation never contradicts the decision of the guard for a real path."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from django.conf.urls.i18n import i18n_patterns
from django.test import override_settings
from django.urls import path, re_path
from django.utils.translation import override

from django_sessionkit.guard.preview import access_request_of, preview
from django_sessionkit.matrix.lines import ALLOWED, DENIED, DEPENDS
from django_sessionkit.matrix.principals import default_principals
from django_sessionkit.matrix.simulation import simulate
from django_sessionkit.session.context import SessionContext
from django_sessionkit.urlconf.inventory import list_routes
from django_sessionkit.utils.sansio import run

WORDS = ["a", "b", "c", "admin", "x", "1", "en", "de", "a-x", "y"]
SEGMENTS = ["a", "b", "admin", "<int:i{}>", "<slug:s{}>", "<str:t{}>", "a-<slug:u{}>"]
EXPRESSIONS = ["a", "admin", r"(\d+)", r"([\w-]+)", r"([\w-]*)", "(?:a|b)", "(?:a/b|c)", "a(?:-b)?", ".*", "(?:x/)?a"]
REQUIREMENTS = [{"role": "r"}, {"authenticated": True}, {"public": True}, {"deny": True}, {"role": "q"}]
LANGUAGES = {"LANGUAGE_CODE": "en", "LANGUAGES": [("en", "English"), ("de", "German"), ("fr", "French")]}


class Urls:
    def __init__(self, patterns):
        self.urlpatterns = patterns


def a_route(dice):
    def view(request): ...

    if dice.random() < 0.4:
        rest = "/".join(dice.choice(EXPRESSIONS) for _ in range(dice.randint(1, 3)))
        return re_path(f"{dice.choice(['^', '(?i)^'])}{rest}{dice.choice(['/$', '/?$', '$'])}", view)
    segments = [dice.choice(SEGMENTS).format(number) for number in range(dice.randint(0, 3))]
    return path("/".join([*segments, dice.choice(["", "<path:p>"])]), view)


def a_pattern(dice):
    return "/" + "/".join(dice.choice([*WORDS[:8], "*", "**"]) for _ in range(dice.randint(1, 3)))


def a_rule(dice):
    methods = {"methods": [dice.choice(["GET", "POST"])]} if dice.random() < 0.3 else {}
    return {"pattern": a_pattern(dice), **dice.choice(REQUIREMENTS), **methods}


def a_site(dice):
    routes = [a_route(dice) for _ in range(dice.randint(1, 6))]
    if dice.random() < 0.3:
        routes = [*routes[:1], *i18n_patterns(*routes[1:], prefix_default_language=dice.random() < 0.5)]
    return {
        "ROOT_URLCONF": Urls(routes),
        "SESSIONKIT_PROTECT": [a_rule(dice) for _ in range(dice.randint(0, 4))],
        "SESSIONKIT_GLOBAL_PROTECT": dice.random() < 0.3,
        "SESSIONKIT_EXCLUDE": [a_pattern(dice) for _ in range(dice.randint(0, 2))],
        "LOGIN_URL": "/log-in-elsewhere/",
        **LANGUAGES,
    }


def zip_routes(routes, lines):
    """Yield each line with its route."""
    doubles = Counter()
    known = {}
    for route in routes:
        doubles[route.text] += 1
        known[route.text, doubles[route.text]] = route
    return ((known[line.route, line.number], line) for line in lines)


def contradictions(dice):
    routes = list_routes()
    callers = default_principals(routes)
    lines = [*zip_routes(routes, simulate(routes, callers))]
    for _ in range(60):
        url = "/" + "/".join(dice.choice(WORDS) for _ in range(dice.randint(0, 4))) + dice.choice(["", "/"])
        verb, language = dice.choice(["GET", "POST"]), url.split("/")[1]
        with override(language if language in ("en", "de", "fr") else "en"):
            target = access_request_of(url, verb, None) if "//" not in url else None
            for number, caller in enumerate(callers if target is not None else ()):
                said = DENIED if run(preview(target, SessionContext.fixed(caller.session))) else ALLOWED
                mine = [line for route, line in lines if route.callback is target.match.func]
                told = {line.squares[number].outcome for line in mine if {verb, "any"} & {*line.methods.split()}}
                if told and not told & {said, DEPENDS}:
                    yield url, verb, caller.name, said


@pytest.mark.parametrize("start", [0, 1000, 2407])
def test_what_is_told_to_be_open_or_shut_is(start):
    for seed in range(start, start + 25):
        dice = random.Random(seed)
        with override_settings(**a_site(dice)):
            assert (seed, list(contradictions(dice))) == (seed, [])
