"""The session as an immutable value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from django_sessionkit.access import Grants

#: the key of the version in a stored dict; it is not a field of the session
STAMP = "__version__"

#: the standard fields with one value, and those with a list of names
SINGLE_FIELDS, LIST_FIELDS = ("user_id", "email", "role"), ("roles", "permissions")
#: the standard fields about the login: its time, its factors, and who acts as the user
LOGIN_FIELDS = ("auth_time", "amr", "act")
#: all of them, in the order of a validated dict
FIELDS = (*SINGLE_FIELDS, *LIST_FIELDS, "tenants", *LOGIN_FIELDS)
#: the fields that hold rights
_RIGHTS = ("role", *LIST_FIELDS)


class Session(Mapping[str, Any]):
    """A validated session: a mapping of the whole session dict, with typed attributes for the standard fields.

    Create sessions with :func:`django_sessionkit.validate_session`, because the constructor validates nothing. Lists
    and dicts are returned as copies, so a session cannot be changed. To change the stored session, call
    :func:`django_sessionkit.update_session`. Sessions compare by content, are hashable, and can be pickled and copied.
    """

    __slots__ = ("_data", "_permissions", "_tenant", "_within", "grants_cache")

    def __init__(self, data: dict[str, Any], tenant: str | None = None) -> None:
        self._data = data
        self._tenant = tenant
        self._permissions: frozenset[str] | None = None
        self._within: Session | None = None
        self.grants_cache = None  # set by access.AccessPolicy

    @property
    def user_id(self) -> str:
        """The id of the user, 1 to 255 characters."""
        return cast("str", self._data["user_id"])

    @property
    def email(self) -> str | None:
        """The e-mail address, or ``None`` if the dict has none. It may be an empty string."""
        return self._data.get("email")

    @property
    def role(self) -> str | None:
        """The primary role, or ``None`` if the dict has none."""
        return self._data.get("role")

    @property
    def roles(self) -> tuple[str, ...]:
        """All roles in the dict, without those that they inherit: the primary role first, then ``roles`` in order."""
        role, roles = self._data.get("role"), self._data.get("roles") or ()
        return tuple(roles) if role is None else (role, *(one for one in roles if one != role))

    @property
    def permissions(self) -> frozenset[str]:
        """The permissions in the dict, without those that roles grant."""
        if self._permissions is None:
            self._permissions = frozenset(self._data.get("permissions") or ())
        return self._permissions

    @property
    def auth_time(self) -> int | None:
        """When the user logged in or last confirmed the login, in seconds since the epoch; ``None`` if unknown."""
        return self._data.get("auth_time")

    @property
    def amr(self) -> tuple[str, ...]:
        """The factors of the login, such as ``("pwd", "otp")`` (RFC 8176); empty if unknown."""
        return tuple(self._data.get("amr") or ())

    @property
    def actor(self) -> str | None:
        """The id of the user who really acts; ``None`` if that is the user of the session (RFC 8693)."""
        act = self._data.get("act")
        return act["user_id"] if act is not None else None

    @property
    def tenant(self) -> str | None:
        """The id of the current tenant, by ``SESSIONKIT_TENANT``; ``None`` if there is none. It is not in the dict."""
        return self._tenant

    def in_tenant(self, tenant: str | None) -> Session:
        """Return this session with another current tenant, whose id must be valid. This is not for projects."""
        return Session(self._data, tenant)

    def within_tenant(self) -> Session | None:
        """Return this session with only the rights that it has in the current tenant; ``None`` if it is no member."""
        if self._within is None and self.tenant is not None:
            rights = (self._data.get("tenants") or {}).get(self.tenant)
            if rights is not None:
                data = {key: value for key, value in self._data.items() if key not in _RIGHTS}
                self._within = Session({**data, **rights}, self.tenant)
        return self._within

    @property
    def grants_key(self) -> tuple[str | None, tuple[str, ...], tuple[str, ...]]:
        """The primary role, the additional roles and the permissions as in the dict. The value is hashable."""
        get = self._data.get
        return get("role"), tuple(get("roles") or ()), tuple(get("permissions") or ())

    def to_dict(self) -> dict[str, Any]:
        """Return the whole session as a new plain dict that can be serialized to JSON."""
        return {key: _copy(value) for key, value in self._data.items()}

    if TYPE_CHECKING:
        grants_cache: Grants | None
    else:

        def __getattr__(self, name: str) -> object:
            """Raise the error for an attribute that does not exist. It says how to read a field of the dict."""
            raise AttributeError(
                f'A Session has no attribute "{name}". A field of the dict is read as session["{name}"], or as '
                f'session.get("{name}") if it may be missing.'
            )

        def __setitem__(self, key: str, value: object) -> None:
            """Raise the error for an assignment. It says how to change the stored session."""
            raise TypeError(
                "A Session cannot be changed. Call update_session(request, {...}) to change the stored one."
            )

    def __getitem__(self, key: str) -> Any:
        return _copy(self._data[key])

    def __iter__(self) -> Iterator[str]:
        return iter(self._data)

    def __len__(self) -> int:
        return len(self._data)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Session) and other.tenant != self.tenant:
            return False  # a cache of the project must not mix answers for two tenants
        return super().__eq__(other)

    def __hash__(self) -> int:
        return hash((self.user_id, self.email, self.role, self.roles, self.permissions))

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle and copy the data and the tenant, but not the cached grants, which refer to those of other users."""
        return type(self), (self.to_dict(), self.tenant)

    def __repr__(self) -> str:
        """Show no values, because a repr may appear in logs and error reports."""
        return f"<Session with {len(self._data)} fields>"


def _copy(value: Any) -> Any:
    """Return a copy of JSON-like data. The validation has limited its depth, so recursion is safe."""
    if type(value) is dict:
        return {key: _copy(item) for key, item in value.items()}
    if type(value) is list:
        return [_copy(item) for item in value]
    return value
