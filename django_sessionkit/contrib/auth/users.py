"""Find the users that ``contrib.auth`` knows for a request: ``request.user``, and the user of the stored login."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext, suppress
from typing import TYPE_CHECKING, Any

from asgiref.sync import sync_to_async
from django.contrib.auth import SESSION_KEY, aget_user, get_user, get_user_model
from django.contrib.sessions.backends.base import SessionBase
from django.core.exceptions import ValidationError
from django.utils.functional import LazyObject, empty

from django_sessionkit.session.context import SessionContext, activate, current_context, loads
from django_sessionkit.utils.users import user_id as user_id

if TYPE_CHECKING:
    from django.http import HttpRequest

# Only the name, because this module cannot be imported before the apps are ready.
_MIDDLEWARE = "django.contrib.auth.middleware"


def find_user(name: str) -> Any:
    """Return the user with this login name, or else this primary key. Raises ``LookupError`` if there is none."""
    model: Any = get_user_model()
    for field in (model.USERNAME_FIELD, "pk"):
        with suppress(ValueError, ValidationError):
            found = model._default_manager.filter(**{field: name}).first()
            if found is not None:
                return found
    raise LookupError(f'no user has the login name or the primary key "{name}"')


def email_of(user: Any) -> str | None:
    """Return the e-mail address of the user, or ``None`` if the user model has none."""
    return getattr(user, user.get_email_field_name(), None) if hasattr(user, "get_email_field_name") else None


def is_inactive(user: Any) -> bool:
    """Return ``True`` for an authenticated user who is not active, as ``AllowAllUsersModelBackend`` allows."""
    return getattr(user, "is_authenticated", False) is True and user_id(user) is None


def may_have_session(user: Any, known: object) -> bool:
    """Return ``True`` if :func:`user_id` is ``known``, or if the user is not loaded yet. This does no I/O."""
    return (isinstance(user, LazyObject) and vars(user)["_wrapped"] is empty) or user_id(user) == known


def user_of(request: HttpRequest) -> Any:
    """Return ``request.user``, or the user of the stored login if the attribute is not set."""
    if hasattr(request, "user"):
        return request.user
    return get_user(request) if hasattr(request, "session") else None


async def auser_of(request: HttpRequest) -> Any:
    """Async variant of :func:`user_of`. It awaits ``request.auser()``, unless only ``request.user`` was replaced."""
    auser = getattr(request, "auser", None)
    if auser is not None and (_is_djangos(request.__dict__.get("user")) or not _is_djangos(auser)):
        return await auser()
    if hasattr(request, "user"):
        return await sync_to_async(_looked_up)(request)
    return await aget_user(request) if hasattr(request, "session") else None


def reload_user(request: HttpRequest, user: Any) -> Any:
    """Return ``user`` as currently stored in the database, also if it is not the user of the stored login."""
    if is_logged_in(request, user):
        return get_user(request)
    users = getattr(user.__class__, "_default_manager", None)
    return users.filter(pk=user.pk).first() if users is not None else user


def forget_user(request: HttpRequest) -> None:
    """Make the user of the request anonymous, as ``logout()`` does. The store is empty by then, so no query runs."""
    nobody = get_user(request)

    async def auser() -> Any:
        return nobody

    if hasattr(request, "user"):
        request.user = nobody
    if hasattr(request, "auser"):
        request.auser = auser


def is_logged_in(request: HttpRequest | None, user: Any) -> bool:
    """Return ``True`` if ``login()`` has stored ``user`` in the session of ``request``."""
    key = getattr(request, "session", {}).get(SESSION_KEY)
    return key is not None and str(key) == str(user.pk)


def is_other_user(request: HttpRequest, user: Any) -> bool:
    """Return ``True`` if ``user`` is active and is not the user of the stored login."""
    return user_id(user) is not None and not is_logged_in(request, user)


def without_session() -> AbstractContextManager[object]:
    """Let ``SessionPermissions`` grant nothing in a ``with`` block.

    The bridge reads the permissions of a user in such a block. The old session must not put its own permissions into
    the new one, because no permission would ever be lost. While the session is loading, the backend grants nothing
    anyway.
    """
    context = current_context()
    if context is None or loads.is_under_way(context):
        return nullcontext()
    return activate(SessionContext.fixed(None))


def _looked_up(request: HttpRequest) -> Any:
    user_id(request.user)  # loads a lazy user now, in a thread
    return request.user


def _is_djangos(found: Any) -> bool:
    """Return ``True`` if a ``request.user`` or ``request.auser`` comes from Django's middleware. This does no I/O."""
    if isinstance(found, LazyObject):
        found = vars(found).get("_setupfunc")
    return getattr(getattr(found, "func", found), "__module__", "") == _MIDDLEWARE


class RequestStore(SessionBase):
    """A temporary session store for one request. It has the interface of a store, and saves nothing."""

    def __init__(self) -> None:
        super().__init__()
        self._session_cache: dict[str, Any] = {}

    def _do_nothing(self, *args: Any, **kwargs: Any) -> None:
        pass

    save: Any = _do_nothing
    create: Any = _do_nothing
    delete: Any = _do_nothing
