"""Ask the package and the reference about the same worlds."""

from __future__ import annotations

import random
from functools import cache
from typing import Any

from django_sessionkit import validate_session

from . import harness, reference, worlds

PATHS = worlds.paths()

# The reference caches nothing, so that it can be read. These results depend on their arguments alone.
for name in ("fits", "cleaned", "folded", "routed"):
    setattr(reference, name, cache(getattr(reference, name)))


def compare_settings(
    part: tuple[list[tuple[list[dict[str, Any]], bool, list[str]]], float | None],
) -> tuple[int, list[str]]:
    """Compare all paths, methods and sessions under each list of rules; with a share, that share of the paths.

    Returns how many worlds were compared, and those that differ.
    """
    settings, share = part
    count, wrong = 0, []
    with harness.running() as package:
        for rules, default, excluded in settings:
            rng = random.Random(repr((rules, default, excluded)))
            paths = PATHS if share is None else rng.sample(PATHS, int(len(PATHS) * share))
            with package.under(rules, default, excluded):
                for path in paths:
                    for method in worlds.METHODS:
                        for session in worlds.SESSIONS:
                            world = {
                                "rules": rules,
                                "default": default,
                                "excluded": excluded,
                                "path": path,
                                "method": method,
                                "session": session,
                                "tenant": worlds.TENANT,
                                "now": worlds.NOW,
                            }
                            expected, answer = reference.decide(world), package.decide(path, method, session)
                            count += 1
                            if answer != expected:
                                wrong.append(f"package {answer}, model {expected}: {world}")
    return count, wrong


def compare_requirements(seed: int, most: int) -> tuple[int, list[str]]:
    """Compare random requirements with objects, for every session: allowed, denied or failed."""
    rng, wrong = random.Random(seed), []
    world = {"tenant": worlds.TENANT, "now": worlds.NOW}
    with harness.running():
        sessions = [
            (one, None if one is None else validate_session(one).in_tenant(worlds.TENANT)) for one in worlds.SESSIONS
        ]
        for _ in range(most // len(sessions)):
            tree, obj = worlds.trees(rng), rng.choice([None, "mine", "other"])
            asked = harness.requirement(tree)
            for session, checked in sessions:
                decision = asked.check(checked, obj=obj)
                value = "yes" if decision.allowed else "failed" if decision.failed else "no"
                expected = reference.meets(tree, session, world, obj)
                if value != expected:
                    wrong.append(f"package {value}, model {expected}: {tree} for {session} and the object {obj}")
    return most, wrong
