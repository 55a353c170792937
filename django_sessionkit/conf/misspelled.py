"""Find settings that look like ``SESSIONKIT_*`` but do not exist."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from difflib import SequenceMatcher
from functools import lru_cache

from django_sessionkit.exceptions import InvalidPolicy
from django_sessionkit.utils.near_names import SETTING_SYNONYMS
from django_sessionkit.utils.text import did_you_mean, nearest

_NAME, _PREFIX = "SESSIONKIT", "SESSIONKIT_"
# "SESSIONSKIT" and "SESIONKIT" are nearer than this, "SESSION_ID" is not.
_NEAR = 0.9
# "SESS_ION_KIT" has the most underscores that are expected.
_MOST_PARTS = 3


def misspelled(settings: object, known: Collection[str]) -> Iterator[InvalidPolicy]:
    """Yield an error for each name in ``settings`` that is not ``known``, but begins (nearly) like the known ones."""
    for name in dir(settings):
        rest = None if name in known or not name.isupper() else _after_prefix(name)
        if rest:
            yield InvalidPolicy(name, "unknown setting", _nearest(rest, known))
        elif rest is not None:
            yield InvalidPolicy(name, "unknown setting", _as_variables(getattr(settings, name), known))


def _nearest(rest: str, known: Collection[str]) -> str:
    """Return the hint for a setting of which ``rest`` follows the prefix. The prefix would make all names similar."""
    bare = {name.removeprefix(_PREFIX) for name in known}
    near = SETTING_SYNONYMS.get(rest) or nearest(rest, bare, cutoff=0.6)
    return f'did you mean "{_PREFIX}{near}"?' if near else did_you_mean("", known)


@lru_cache(maxsize=1024)
def _after_prefix(name: str) -> str | None:
    """Return what follows the prefix, which may be misspelled: ``PROTECT`` for ``SESSION_KIT_PROTECT``.

    It is empty for ``SESSIONKIT``, and ``None`` for a name without such a prefix.
    """
    parts = name.removeprefix("DJANGO_").split("_")
    for count in range(1, min(len(parts), _MOST_PARTS) + 1):
        if _is_near("".join(parts[:count])):
            return "_".join(parts[count:])
    return "_".join(parts).removeprefix(_NAME) if parts[0].startswith(_NAME) else None


def _is_near(word: str) -> bool:
    return sorted(word) == sorted(_NAME) or SequenceMatcher(None, word, _NAME).ratio() > _NEAR


def _as_variables(value: object, known: Collection[str]) -> str:
    """Return the hint for one dict with all settings: the variables to write instead."""
    keys = [str(key).upper() for key in value] if isinstance(value, Mapping) else []
    names = [name for name in known if name.removeprefix(_PREFIX) in {key.removeprefix(_PREFIX) for key in keys}]
    return f"write each setting as a variable of its own: {', '.join(names or [f'{_PREFIX}PROTECT'])} = ..."
