"""Load the session of a request: read it from the source, validate it, check its version."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied, SuspiciousOperation

from django_sessionkit import conf
from django_sessionkit.exceptions import AsyncRequired, InvalidSession, SessionUnavailable, VersionUnavailable
from django_sessionkit.guard.evaluator import prepare
from django_sessionkit.policy.decisions import REFUSED, UNKNOWN_FOR_NOW
from django_sessionkit.sources import CallableSource, SessionSource
from django_sessionkit.utils.sansio import Flow, Step, run

from . import audit
from .context import Fault, Loaded, Slot, current_slot, loads
from .validation import Validation, Validator
from .value import Session
from .versioning import Freshness, without_stamp

if TYPE_CHECKING:
    from django.http import HttpRequest

# Exceptions that are not failures of the load. They are raised for the developer, or answered to the client.
_PASSED_ON = (AsyncRequired, SuspiciousOperation)


class SessionOrigin:
    """Load sessions from the configured source. One instance serves all requests with the same settings."""

    def __init__(self, snapshot: conf.Snapshot) -> None:
        self.snapshot = snapshot
        source = snapshot.source
        self.source: SessionSource = source if hasattr(source, "aread") else CallableSource(source)
        #: the ``Vary`` header of a response that depends on the session; ``None`` if the source depends on no header
        self.vary = ("Vary", ", ".join(self.source.varies_on)) if self.source.varies_on else None
        #: validates with the limits and the validator of the settings
        self.validate = Validation(snapshot.limits, _named(snapshot.validator)).session
        self.freshness = Freshness(snapshot, self.source, self.validate)

    def opened(self, raw: object) -> Session:
        """Validate a stored dict, which may contain a version, and return the session."""
        return self.validate(without_stamp(raw) if self.freshness.is_on else raw)

    def keeps_another(self, request: HttpRequest, data: Mapping[str, Any]) -> bool:
        """Return ``True`` if ``request.session`` contains a session dict that differs from ``data``."""
        kept = without_stamp(request.session.get(self.snapshot.session_key))
        return kept is not None and kept != without_stamp(data)

    def load(self, request: HttpRequest) -> Flow[Loaded]:
        """Read and validate the session. If this fails, its state is "unknown for now" and the store is not changed."""
        try:
            return (yield from self._load(request))
        except _PASSED_ON:
            raise
        except SessionUnavailable as error:
            return _unknown(error, None)
        except InvalidSession as error:
            return self._refused(error)
        except PermissionDenied as error:
            return self._refused(InvalidSession("session", f"was refused by the source: {type(error).__name__}"))
        except Exception as error:
            return _unknown(error, None)

    def _refused(self, error: InvalidSession, raw: object = None, watch: Callable[[], object] | None = None) -> Loaded:
        """Log and return that the user is logged in but the login gives no valid session, now and in later requests."""
        layer = "contrib.auth" if self.source.follows_user else "SESSIONKIT_SOURCE"
        audit.refused(layer, self.source.maker, error)
        return Loaded(None, raw, watch, fault=Fault(REFUSED, str(error)))

    def _load(self, request: HttpRequest) -> Flow[Loaded]:
        """Load the session. A malformed dict is removed and reported; then there is no session."""
        source = self.source
        raw = yield Step(partial(source.read, request), partial(source.aread, request))
        watch = source.watch(request)
        if raw is None:
            return Loaded(None, None, watch)
        try:
            session = self.opened(raw)
        except SessionUnavailable as error:
            return _unknown(error, raw, watch)
        except InvalidSession as error:
            refused = error
        else:
            if not self.freshness.is_on:
                loaded = Loaded(session, raw, watch)
            else:
                loaded = yield from self.freshness.admit(request, session, raw, watch)
            prepare(loaded, self.snapshot)
            return loaded
        yield Step(partial(source.remove, request), partial(source.aremove, request))
        yield from audit.rejected(request, refused)
        now = watch() if watch is not None else None
        return self._refused(refused, now, watch) if _only_reads(source) else Loaded(None, now, watch)

    def reload(self, request: HttpRequest, loaded: Loaded, raw: object) -> Loaded:
        """Validate a dict that changed during the request. The store is loaded, so this does no I/O."""
        if raw is None:
            return loaded.changed_to(None)
        try:
            return self._reload(request, loaded, raw)
        except Exception as error:
            return _unknown(error, raw, loaded.watch)

    def _reload(self, request: HttpRequest, loaded: Loaded, raw: object) -> Loaded:
        try:
            session = self.opened(raw)
            if self.freshness.is_kept(loaded, raw):
                return loaded.changed_to(session, raw)
            audit.unversioned()
            return loaded.changed_to(None, raw).withholding(session, _UNVERSIONED)
        except SessionUnavailable:
            raise
        except InvalidSession as error:
            refused = error
        self.source.remove(request)
        run(audit.rejected(request, refused))
        return loaded.changed_to(None, loaded.watch())


_UNVERSIONED = Fault(REFUSED, "session: has no current version; store it with set_session()")


def _only_reads(source: SessionSource) -> bool:
    """Return ``True`` if ``source`` cannot remove a dict, so that the next request will read the same dict."""
    return all(getattr(type(source), name) is getattr(SessionSource, name) for name in ("remove", "aremove"))


def _unknown(error: Exception, raw: object, watch: Callable[[], object] | None = None) -> Loaded:
    """Log and return that it is unknown whether there is a session. The stored dict is kept."""
    why = audit.told(error)
    tell = audit.out_of_reach if isinstance(error, VersionUnavailable) else audit.unavailable
    tell(why)
    return Loaded(None, raw, watch, fault=Fault(UNKNOWN_FOR_NOW, why))


def _named(validator: Validator | None) -> Validator | None:
    if validator is None:
        return None

    def checked(data: dict[str, Any]) -> Mapping[str, Any]:
        with loads.calling("SESSIONKIT_SESSION_VALIDATOR", "use its argument, the dict"):
            return validator(data)

    return checked


_origin: SessionOrigin | None = None


def current_origin() -> SessionOrigin:
    """Return the origin for the current settings."""
    global _origin
    if _origin is None or _origin.snapshot is not conf.latest:
        _origin = SessionOrigin(conf.current())
    return _origin


def slot_for(request: HttpRequest) -> Slot:
    """Return the current slot, else the slot on ``request``, else (without the middleware) a new slot."""
    slot = current_slot() or own_slot(request)
    return slot if slot is not None else Slot(current_origin(), request)


def own_slot(request: HttpRequest) -> Slot | None:
    """Return the slot that the middleware stored on ``request``, or ``None``."""
    slot = getattr(request, "sessionkit", None)
    return slot if isinstance(slot, Slot) else None
