"""What ``contrib.auth`` knows of a request: who has been proven, and who is logged in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from asgiref.sync import sync_to_async
from django.contrib.auth import SESSION_KEY, aget_user, get_user
from django.contrib.sessions.backends.base import SessionBase
from django.utils.functional import LazyObject, empty

if TYPE_CHECKING:
    from django.http import HttpRequest

# Not imported: it cannot be before the apps are ready.
_MIDDLEWARE = "django.contrib.auth.middleware"


def user_id(user: Any) -> str | None:
    """``None`` for whom Django would not log in."""
    is_in = getattr(user, "is_authenticated", False) is True and getattr(user, "is_active", False)
    pk = getattr(user, "pk", None) if is_in else None
    return str(pk) if pk is not None else None


def is_inactive(user: Any) -> bool:
    """Whether somebody is logged in whom Django would not log in, as ``AllowAllUsersModelBackend`` lets them."""
    return getattr(user, "is_authenticated", False) is True and user_id(user) is None


def may_be(user: Any, known: object) -> bool:
    """Whether :func:`user_id` is ``known``; also if that would have to be looked up first, for this does no I/O."""
    return (isinstance(user, LazyObject) and vars(user)["_wrapped"] is empty) or user_id(user) == known


def user_of(request: HttpRequest) -> Any:
    """``request.user``; where nothing has set that, who is logged in."""
    if hasattr(request, "user"):
        return request.user
    return get_user(request) if hasattr(request, "session") else None


async def auser_of(request: HttpRequest) -> Any:
    """:func:`user_of` for ASGI: ``request.auser()``, unless only ``request.user`` has been exchanged."""
    auser = getattr(request, "auser", None)
    if auser is not None and (_is_djangos(request.__dict__.get("user")) or not _is_djangos(auser)):
        return await auser()
    if hasattr(request, "user"):
        return await sync_to_async(_looked_up)(request)
    return await aget_user(request) if hasattr(request, "session") else None


def read_again(request: HttpRequest, user: Any) -> Any:
    """The user as the database has it now; also if it is not the one who is logged in."""
    if is_logged_in(request, user):
        return get_user(request)
    users = getattr(user.__class__, "_default_manager", None)
    return users.filter(pk=user.pk).first() if users is not None else user


def forget_user(request: HttpRequest) -> None:
    """What Django's ``logout()`` does with the request once the store is empty; that is why it makes no query."""
    nobody = get_user(request)

    async def auser() -> Any:
        return nobody

    if hasattr(request, "user"):
        request.user = nobody
    if hasattr(request, "auser"):
        request.auser = auser


def is_logged_in(request: HttpRequest | None, user: Any) -> bool:
    """Whether ``login()`` has stored ``user`` in the session of ``request``."""
    key = getattr(request, "session", {}).get(SESSION_KEY)
    return key is not None and str(key) == str(user.pk)


def has_login(request: HttpRequest) -> bool:
    """Whether ``login()`` has stored anybody in the session of ``request``."""
    return SESSION_KEY in getattr(request, "session", ())


def is_another(request: HttpRequest, user: Any) -> bool:
    """Whether somebody has been proven who is not the one who is logged in."""
    return user_id(user) is not None and not is_logged_in(request, user)


def _looked_up(request: HttpRequest) -> Any:
    user_id(request.user)  # a lazy object does it now, in a thread
    return request.user


def _is_djangos(found: Any) -> bool:
    """Whether a ``request.user`` or ``request.auser`` is the one of Django's middleware; nothing is looked up."""
    if isinstance(found, LazyObject):
        found = vars(found).get("_setupfunc")
    return getattr(getattr(found, "func", found), "__module__", "") == _MIDDLEWARE


class Loan(SessionBase):
    """What counts for one request, in the place of the store: changed in the same way, and kept by nobody."""

    def __init__(self) -> None:
        super().__init__()
        self._session_cache: dict[str, Any] = {}

    def _do_nothing(self, *args: Any, **kwargs: Any) -> None:
        pass

    save = create = delete = _do_nothing
