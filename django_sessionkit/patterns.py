"""URL patterns: globs over whole path segments.

``*`` matches one or more segments where a pattern protects, and exactly one where it opens (public rules and excludes).
``**`` matches zero or more; everything else is literal. A trailing slash makes no difference. A pattern is matched by a
bit-parallel automaton (Shift-And, over segments instead of characters). It never backtracks, so matching is linear in
the length of the path for every pattern.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import partial, reduce
from operator import or_

from .exceptions import InvalidPattern
from .policy.regex_style import as_pattern, is_regex
from .utils.bounded_cache import LONG, BoundedCache
from .utils.text import CONTROL

MAX_PATTERN_LENGTH = 1000

WILDCARDS = ("*", "**")

# The number of literals that are searched for in the end of a long path.
_FEW_LITERALS = 32

_CONVERTER = re.compile("<[^<>]*>")
_PERCENT_ESCAPE = re.compile(r"%[0-9A-Fa-f]{2}")


def matches(pattern: str, path: str, *, opens: bool = False) -> bool:
    """Return ``True`` if ``pattern`` matches ``path``. Case matters, and the path is not percent-decoded.

    >>> matches("/reports/**", "/reports"), matches("/reports/*", "/reports"), matches("/reports/*", "/reports/a/b/")
    (True, False, True)
    >>> matches("/help/*", "/help/faq/", opens=True), matches("/help/*", "/help/faq/prices", opens=True)
    (True, False)

    :param opens: read the pattern as that of a public rule or an exclude, where ``*`` matches exactly one segment.

    Raises :class:`~django_sessionkit.exceptions.InvalidPattern` if the pattern is not valid.
    """
    return compile_pattern(pattern, opens=opens).matches(split(path))


def split(path: str, most: int = -1) -> list[str]:
    """Return the segments of a path, without the leading slash and without one trailing slash.

    With ``most``, what follows after so many segments is not split: it is one more item of the list.
    """
    segments = path.removeprefix("/").split("/", most)
    if segments[-1] == "":
        segments.pop()
    return segments


class ShiftAndMatcher:
    """Match several patterns, given as :attr:`Pattern.segments`, in parallel.

    Each pattern has its own bits in an integer. The ``n``-th is set if its first ``n`` steps are matched.
    """

    __slots__ = ("_any", "_longest", "_loops", "accepting", "accepts", "literals", "start")

    def __init__(self, patterns: Iterable[Sequence[str]]) -> None:
        #: the literal segments of the patterns, each with the bits of the steps that it matches
        self.literals: dict[str, int] = {}
        self._any = 0
        self._loops = 0
        self._longest = 0
        self.start: int = 0
        #: for each pattern, the bit that means "the pattern matches"
        self.accepts: list[int] = []
        bit = 1
        for segments in patterns:
            self.start |= bit
            self._longest = max(self._longest, len(segments) + 1)
            bit = self._add(segments, bit)
            self.accepts.append(bit)
            bit <<= 1
        #: all bits in ``accepts``
        self.accepting: int = reduce(or_, self.accepts, 0)

    def _add(self, segments: Sequence[str], bit: int) -> int:
        for segment in segments:
            if segment == "**":
                self._loops |= bit
                continue
            if segment == "*":
                self._any |= bit
            else:
                self.literals[segment] = self.literals.get(segment, 0) | bit
            bit <<= 1
        return bit

    def step(self, bits: int, segment: str) -> int:
        """Return the bits that are set after one more segment."""
        return (bits & (self.literals.get(segment, 0) | self._any)) << 1 | bits & self._loops

    def run_below(self, path: str, depth: int) -> int:
        """Return the bits that are set after the segments of ``path``, without the first ``depth`` of them.

        If the end of a long path has no literal, most of it is not split, because it cannot change the bits any more.
        """
        most = depth + self._longest if len(path) > LONG else -1
        segments = split(path, most)
        if 0 <= most < len(segments):
            end = segments.pop().removesuffix("/")
            is_plain = len(self.literals) <= _FEW_LITERALS and not any(literal in end for literal in self.literals)
            segments += end.split("/", self._longest if is_plain else -1)
        return self.run(segments[depth:])

    def run(self, segments: Iterable[str]) -> int:
        """Return the bits that are set after a path that was split by :func:`split`."""
        literals, others, loops = self.literals, self._any, self._loops
        bits, is_settled = self.start, False  # settled: another segment that is no literal changes nothing
        for segment in segments:
            known = literals.get(segment)
            if known is None and is_settled:
                continue
            following = (bits & (others if known is None else known | others)) << 1 | bits & loops
            if not following:
                return 0
            is_settled = known is None and following == bits
            bits = following
        return bits


class Pattern:
    """A parsed pattern. With ``opens``, it is that of a public rule or an exclude."""

    __slots__ = ("_matcher", "opens", "segments", "text")

    def __init__(self, text: str, *, opens: bool = False) -> None:
        self.text: str = text
        self.opens: bool = opens
        star = ("*",) if opens else ("*", "**")
        #: the segments, in which ``*`` stands for exactly one segment: one or more are written as ``*`` and ``**``
        self.segments: tuple[str, ...] = tuple(part for one in parse(text) for part in (star if one == "*" else (one,)))
        self._matcher: ShiftAndMatcher | None = None  # built on first use; an index of patterns does not need it

    def matches(self, segments: Sequence[str]) -> bool:
        """Return ``True`` if the pattern matches a path that was split by :func:`split`."""
        return bool(self.matcher.run(segments) & self.matcher.accepting)

    @property
    def matcher(self) -> ShiftAndMatcher:
        """The automaton that matches the pattern."""
        if self._matcher is None:
            self._matcher = ShiftAndMatcher([self.segments])
        return self._matcher


_patterns = BoundedCache(Pattern)
_opening_patterns = BoundedCache(partial(Pattern, opens=True))


def compile_pattern(text: str, *, opens: bool = False) -> Pattern:
    """Return the parsed pattern. It is cached if it is not too long."""
    return (_opening_patterns if opens else _patterns)[text]


def parse(text: object) -> list[str]:
    """Split a pattern into its segments. Raises :class:`InvalidPattern` if the pattern is not valid."""
    if not isinstance(text, str):
        raise InvalidPattern("", f"a pattern must be a str, not {type(text).__name__}")
    fault = _fault(text)
    if fault:
        raise InvalidPattern(repr(text[:100]), *fault)
    return split(text)


def _fault(text: str) -> tuple[str, str] | None:
    if len(text) > MAX_PATTERN_LENGTH:
        return f"a pattern must have at most {MAX_PATTERN_LENGTH} characters", ""
    if text != text.strip():
        return "the pattern starts or ends with white space", "remove it"
    if CONTROL.search(text):
        return "the pattern contains control characters, which never match", "remove them"
    if not text.startswith(("/", "^")):
        return 'a pattern must start with "/"', _with_slash(text)
    return _style_fault(text) or _segment_fault(split(text))


def _with_slash(text: str) -> str:
    """Return the hint for a pattern that does not start with ``/``: a URL, a name of a view, or a path."""
    site, _, path = text.partition("://")
    if path:
        return f"write only the path, without {site[:20]}:// and the host"
    if ":" in text:
        return 'write "view" instead of "pattern" for the name of a view'
    fault = _fault(f"/{text}")
    return f'write "/{text[:100]}"' if fault is None else f"also, {fault[0]}; {fault[1]}"


def _style_fault(text: str) -> tuple[str, str] | None:
    if is_regex(text):
        meant = as_pattern(text)
        is_right = meant and _fault(meant) is None
        hint = f'write "{meant}"' if is_right else 'the only wildcards are "*" and "**", each as a whole segment'
        return "the pattern looks like a regular expression", hint
    if _PERCENT_ESCAPE.search(text):
        return "percent-escapes never match, because Django decodes paths", "write the decoded character"
    if "?" in text or "#" in text:
        return "the query and the fragment are not part of the path", "remove them"
    if "<" in text:
        return "patterns have no path converters", f'write "{_CONVERTER.sub("*", text)}", or use a "view" rule'
    return None


def _segment_fault(segments: list[str]) -> tuple[str, str] | None:
    for segment in segments:
        if segment == "":
            return "the pattern has an empty segment", 'write a single "/"'
        if segment in (".", ".."):
            return f'the pattern has the dot segment "{segment}"', "write the path without it"
        if segment != segment.strip():
            return "a segment starts or ends with white space", "remove it"
        if "*" in segment and segment not in WILDCARDS:
            return f'"{segment[:100]}": a wildcard must be a whole segment', 'write "*" or "**" between slashes'
    return None
