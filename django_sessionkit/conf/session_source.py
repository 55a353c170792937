"""The base class of session sources, which the settings check."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from asgiref.sync import sync_to_async

from django_sessionkit.exceptions import ReadOnlySource

if TYPE_CHECKING:
    from django.http import HttpRequest


class SessionSource:
    """Base class of session sources. Name a subclass in ``SESSIONKIT_SOURCE``.

    A read-only source overrides only :meth:`read`. Other sources also override the methods that write. The async
    variants call the sync methods in a thread; override them if the source has native async I/O. The returned dict may
    come from an untrusted store, because it is validated.
    """

    #: the request headers that the dict depends on; they are added to ``Vary`` of each response that the session is
    #: read for. If ``Cookie`` is one of them, unsafe requests may need a CSRF token.
    vary_headers: Sequence[str] = ("Cookie", "Authorization")
    #: the ``WWW-Authenticate`` header of a 401: a scheme with its parameters, such as ``Bearer realm="shop"``
    #: (RFC 9110, section 15.5.2 requires one; no registered scheme means "log in on the site")
    challenge = 'Session realm="site"'
    #: whether the dict always belongs to ``request.user``, so that authenticating the user authenticates the session
    follows_user = False
    #: the name of the code that makes the dict, for the log line about an invalid dict
    maker = "SESSIONKIT_SOURCE"

    def read(self, request: HttpRequest) -> object:
        """Return the session dict of this request, or ``None``. Called at most once per request."""
        raise NotImplementedError

    async def aread(self, request: HttpRequest) -> object:
        """Async variant of :meth:`read`."""
        return await sync_to_async(self.read)(request)

    def watch(self, request: HttpRequest) -> Callable[[], object] | None:
        """Return a callable that returns the current dict, or ``None`` if the dict does not change in the request.

        It is called after :meth:`read`, to notice later changes. The callable must do no I/O, and must not refer to
        ``request``, which would create a reference cycle.
        """
        return None

    def is_current(self, request: HttpRequest) -> bool:
        """Return ``True`` if the dict that was read is still the right one, ``False`` to read it again. No I/O."""
        return True

    def write(self, request: HttpRequest, data: dict[str, Any]) -> None:
        """Store ``data``, which is validated."""
        raise _read_only(self)

    async def awrite(self, request: HttpRequest, data: dict[str, Any]) -> None:
        """Async variant of :meth:`write`."""
        await sync_to_async(self.write)(request, data)

    def remove(self, request: HttpRequest) -> None:
        """Remove only the dict. It is also called for malformed dicts; a read-only source does nothing."""

    async def aremove(self, request: HttpRequest) -> None:
        """Async variant of :meth:`remove`."""
        await sync_to_async(self.remove)(request)

    def end(self, request: HttpRequest) -> None:
        """Remove the dict of a session that has ended, and all data from which the source would create it again."""
        self.remove(request)

    async def aend(self, request: HttpRequest) -> None:
        """Async variant of :meth:`end`."""
        await self.aremove(request)

    def rotate(self, request: HttpRequest, *, empty_for: str | None = None) -> None:
        """Replace the session key, which makes the old key invalid. With ``empty_for``, a user id, empty the store.

        Raises Django's ``SessionInterrupted`` if another request has ended the session or replaced its key.
        """
        raise _read_only(self)

    async def arotate(self, request: HttpRequest, *, empty_for: str | None = None) -> None:
        """Async variant of :meth:`rotate`."""
        await sync_to_async(self.rotate)(request, empty_for=empty_for)

    def expire_in(self, request: HttpRequest, seconds: float | None) -> None:
        """Let the stored session expire after ``seconds``, or with ``None`` after the default time of the store."""
        raise _read_only(self)

    async def aexpire_in(self, request: HttpRequest, seconds: float | None) -> None:
        """Async variant of :meth:`expire_in`."""
        await sync_to_async(self.expire_in)(request, seconds)

    def touch(self, request: HttpRequest) -> None:
        """Make the store renew the expiry at the end of the request. This must do no I/O."""


def _read_only(source: SessionSource) -> ReadOnlySource:
    return ReadOnlySource(
        f"SESSIONKIT_SOURCE {type(source).__qualname__} is read-only. Change the data where your login stores it."
    )
