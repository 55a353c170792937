"""The session as an immutable value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

#: the key of a stored dict under which its version stands; it is no field of the session
STAMP = "__version__"


class Session(Mapping[str, Any]):
    """A validated session: a mapping over the whole dict, with typed attributes for the fields SessionKit knows.

    Made by :func:`django_sessionkit.validate_session`, never by hand: the constructor checks nothing. Lists and dicts
    are handed out as copies, so that nothing can change the value; change the stored session with
    :func:`django_sessionkit.update_session`. Sessions with equal content are equal, and hashable.
    They can be pickled and copied.
    """

    __slots__ = ("_data", "_grants", "_permissions")

    def __init__(self, data: dict[str, Any]) -> None:
        self._data = data
        self._permissions: frozenset[str] | None = None
        self._grants: object = None  # kept by access.AccessPolicy, one per session value

    @property
    def user_id(self) -> str:
        """The id of the user, 1 to 255 characters."""
        return cast("str", self._data["user_id"])

    @property
    def email(self) -> str | None:
        """The e-mail address, ``None`` if the dict has none; may be empty."""
        return self._data.get("email")

    @property
    def role(self) -> str | None:
        """The primary role, ``None`` if the dict has none."""
        return self._data.get("role")

    @property
    def roles(self) -> tuple[str, ...]:
        """The further roles, in the order of the dict."""
        return tuple(self._data.get("roles") or ())

    @property
    def permissions(self) -> frozenset[str]:
        """The permissions that the dict itself grants, without those of the roles."""
        if self._permissions is None:
            self._permissions = frozenset(self._data.get("permissions") or ())
        return self._permissions

    @property
    def rights(self) -> tuple[str | None, tuple[str, ...], tuple[str, ...]]:
        """Primary role, further roles and permissions as the dict has them; hashable."""
        ask = self._data.get
        return ask("role"), tuple(ask("roles") or ()), tuple(ask("permissions") or ())

    def to_dict(self) -> dict[str, Any]:
        """The whole session as a new plain dict, fit for JSON."""
        return {key: _copy(value) for key, value in self._data.items()}

    def __getitem__(self, key: str) -> Any:
        return _copy(self._data[key])

    def __iter__(self) -> Iterator[str]:
        return iter(self._data)

    def __len__(self) -> int:
        return len(self._data)

    def __hash__(self) -> int:
        return hash((self.user_id, self.email, self.role, self.roles, self.permissions))

    def __reduce__(self) -> tuple[Any, ...]:
        """A pickle or a copy has the data of this session alone: its grants lead to those of other users."""
        return type(self), (self.to_dict(),)

    def __repr__(self) -> str:
        """Without values: a repr ends up in logs and error reports."""
        return f"<Session with {len(self._data)} fields>"


def _copy(value: Any) -> Any:
    """A copy of JSON-like data; scalars are shared. The depth was limited by the validation."""
    if type(value) is dict:
        return {key: _copy(item) for key, item in value.items()}
    if type(value) is list:
        return [_copy(item) for item in value]
    return value
