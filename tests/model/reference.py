"""The whole decision about a request in plain lines, written from the design and not from the package.

It imports nothing of ``django_sessionkit``, caches nothing and is not fast. ``python -m tests.model`` compares it with
the package, world by world. A world is a dict: ``rules`` (dicts with ``pattern`` or ``view``, ``methods``, ``require``
and perhaps ``public``), ``default`` and ``excluded``, ``path``, ``method``, ``session``, ``tenant`` and ``now``.
A requirement is a tuple such as ``("role", "r")``, ``("and", one, other)`` or ``("within", one)``.
"""

from __future__ import annotations

import re
import unicodedata

YES, NO, FAILED = "yes", "no", "failed"


# Requirements (design, sections 4, 12 and 13)


def meets(need, session, world, obj=None):
    """YES, NO or FAILED: Kleene's three values. Only YES opens."""
    kind, *of = need
    if kind in ("and", "or"):
        values = [meets(one, session, world, obj) for one in of]
        first, second, last = (NO, FAILED, YES) if kind == "and" else (YES, FAILED, NO)
        return first if first in values else second if second in values else last
    if kind == "not":
        value = meets(of[0], session, world, obj)
        if value == FAILED:
            return FAILED
        return YES if value == NO and session is not None else NO  # nobody is granted by absence
    if kind == "public":
        return YES
    if kind == "nobody":
        return NO
    if kind == "allow":  # a function of the project: True, False, or it raises
        return of[0]
    if kind == "object":  # a function about an object
        return FAILED if obj is None else of[0] if of[0] == FAILED else YES if obj == of[0] else NO
    if session is None:
        return NO
    return leaf(kind, of, session, world, obj)


def leaf(kind, of, session, world, obj):
    if kind == "authenticated":
        return YES
    if kind == "role":
        return YES if set(of) & ({session.get("role")} | set(session.get("roles", []))) else NO
    if kind == "permission":
        return YES if set(of) <= set(session.get("permissions", [])) else NO
    if kind == "any_permission":
        return YES if set(of) & set(session.get("permissions", [])) else NO
    if kind == "recent":
        age = None if session.get("auth_time") is None else world["now"] - session["auth_time"]
        if age is None or age < -60:
            return FAILED
        return YES if age <= of[0] else NO
    if kind == "factor":
        return YES if set(of) & set(session.get("amr", [])) else NO
    if kind == "impersonated":
        return YES if session.get("act") else NO
    assert kind == "within"
    rights = session.get("tenants", {}).get(world["tenant"])
    if rights is None:
        return FAILED
    inside = {key: value for key, value in session.items() if key not in ("role", "roles", "permissions")}
    return meets(of[0], {**inside, **rights}, world, obj)


# Patterns (section 6): `**` is zero or more segments, `*` one or more where something is required, one where it opens


def segments(path):
    bare = path[1:-1] if len(path) > 1 and path.endswith("/") else path[1:]
    return bare.split("/") if bare else []


def fits(pattern, path, opens):
    return glob(segments(pattern), segments(path), opens)


def glob(wanted, given, opens):
    if not wanted:
        return not given
    head, rest = wanted[0], wanted[1:]
    if head == "**":
        return any(glob(rest, given[skip:], opens) for skip in range(len(given) + 1))
    if head == "*":
        most = min(1, len(given)) if opens else len(given)
        return any(glob(rest, given[skip:], opens) for skip in range(1, most + 1))
    return bool(given) and given[0] == head and glob(rest, given[1:], opens)


# Readings (section 6, "Where it is decided")


def cleaned(path):
    path = "".join(one for one in path if not (ord(one) < 32 or 127 <= ord(one) < 160))
    kept = []
    for one in path.split("/"):
        one = one.strip()
        if one == "..":
            kept = kept[:-1]
        elif one not in ("", "."):
            kept.append(one)
    return "/" + "/".join(kept)


def folded(path):
    path = unicodedata.normalize("NFC", path)
    path = "".join({"\u0130": "i", "\u0131": "i", "\u017f": "s", "\u212a": "k"}.get(one, one) for one in path)
    return unicodedata.normalize("NFC", path.lower())


ROUTES = [  # what the URLconf of the worlds has: a name, and the expression that Django matches from the start
    ("a", r"/a\Z"),
    ("number", r"/a/(?P<n>[0-9]+)\Z"),
    ("word", r"/a/(?P<w>[^/]+)/?\Z"),
    ("deep", r"/(?:a|b)/b/(?P<w>[^/]+)\Z"),
    ("open", r"/c"),
    ("b", r"/b/?\Z"),
]


def routed(path):
    """The name of the view, and what the URL pattern itself spells; ``None`` if no pattern matches."""
    for name, expression in ROUTES:
        if match := re.match(expression, path):
            spelt = [match.group()]
            if name == "number":
                spelt.append(f"/a/{int(match['n'])}")
            if ".." in match.groupdict().values():  # a view may look the value up in a folder
                spelt.append(spelt[0].removesuffix("/").removesuffix(".."))
            return name, spelt
    return None, []


# The decision


def view_fits(rule, view):
    return "view" not in rule or (view is not None and re.fullmatch(rule["view"].replace("*", ".*"), view) is not None)


def method_fits(rule, method):
    methods = rule.get("methods")
    if methods == "unsafe":
        return method not in ("GET", "HEAD", "OPTIONS", "TRACE")
    return not methods or method in methods or (method == "HEAD" and "GET" in methods)


def first(world, path, view, is_routed, *, fold, opened):
    """The number of the rule that decides about one reading; ``None``, or "wait" before the view is known.

    ``opened``: which public rules may end the search: "any" in an exact reading, else the numbers of some;
    "later" if that is known when the view is.
    """
    for number, rule in enumerate(world["rules"]):
        pattern = rule.get("pattern", "/**")
        if not fits(folded(pattern) if fold else pattern, path, rule.get("public", False)):
            continue
        if not method_fits(rule, world["method"]):
            continue
        if rule.get("public") and opened != "any" and (opened == "later" or number not in opened):
            if "view" in rule and opened == "later":
                return "wait"
            continue
        if "view" in rule and not is_routed:
            return "wait"
        if view_fits(rule, view):
            return number
    return None


def decide(world):
    """``(True, None)``, or ``(False, the number of the rule that denied)``; "default" is the global default."""
    view, spelt = routed(world["path"])
    for is_routed in (False, True):
        exact = list(dict.fromkeys([world["path"], cleaned(world["path"]), *(spelt[:1] if is_routed else [])]))
        ends = [first(world, one, view, is_routed, fold=False, opened="any") for one in exact]
        others = [one for one in spelt if is_routed and one not in exact]
        is_open = all(isinstance(end, int) and world["rules"][end].get("public") for end in ends)
        found = list(zip(exact, ends, strict=True))
        for base, end in [*found, *((one, None) for one in others)]:
            opened = (set(ends) if base in others else {end}) if is_open else set()
            if "wait" in ends and len({one.rstrip("/") for one in exact}) == 1:
                opened = "later"  # a path that must be cleaned does not wait: it counts as not opened
            if base in others:
                found.append((None, first(world, base, view, is_routed, fold=False, opened=opened)))
            found.append((None, first(world, folded(base), view, is_routed, fold=True, opened=opened)))
        for path, end in found:
            if isinstance(end, int):
                if meets(world["rules"][end]["require"], world["session"], world) != YES:
                    return False, end
            elif end is None and path is not None and is_routed and view is not None and world["default"]:
                lifted = any(fits(one, path, True) if one[0] == "/" else one == view for one in world["excluded"])
                if not lifted and world["session"] is None:
                    return False, "default"
    return True, None
