"""Load the session of a request: read it from the source, validate it, check its version."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied, SuspiciousOperation

from django_sessionkit import conf
from django_sessionkit.conf import installed
from django_sessionkit.conf.limits import Validator
from django_sessionkit.exceptions import (
    AsyncRequired,
    InvalidPolicy,
    InvalidSession,
    NotEvaluated,
    SessionUnavailable,
    VersionUnavailable,
)
from django_sessionkit.policy.decisions import REFUSED, UNKNOWN_FOR_NOW
from django_sessionkit.sources import CallableSource, DjangoSessionSource, SessionSource
from django_sessionkit.utils.sansio import Flow, IOStep, run, user_call

from . import audit
from .context import Fault, LoadedSession, SessionContext, current_context, loads, within
from .login_fields import without_login
from .tenants import answer_for, placed, tenant_id
from .validation import SessionValidator
from .value import Session
from .versioning import NoSessionHere, VersionChecker, split_version, without_version

if TYPE_CHECKING:
    from django.http import HttpRequest

# Exceptions that are not failures of the load. They are raised for the developer, or answered to the client.
_PASSED_ON = (AsyncRequired, NotEvaluated, SuspiciousOperation)


class SessionLoader:
    """Load sessions from the configured source. One instance serves all requests with the same settings."""

    def __init__(self, snapshot: conf.Settings) -> None:
        self.settings = snapshot
        source = snapshot.source
        self.source: SessionSource = source if isinstance(source, SessionSource) else CallableSource(source)
        headers = self.source.vary_headers
        #: the ``Vary`` header of a response that depends on the session; ``None`` if the source depends on no header
        self.vary: tuple[str, str] | None = ("Vary", ", ".join(headers)) if headers else None
        #: whether the session cookie is all that it depends on
        self.reads_cookie: bool = tuple(headers) == ("Cookie",)
        #: validates with the limits and the validator of the settings
        validator = SessionValidator(snapshot.limits, _validator_in_use(snapshot.validator))
        self.validate: Callable[[object], Session] = validator.session
        self.versions: VersionChecker = VersionChecker(snapshot, self.source, self.validate)
        self.calls_project_code: bool = (
            type(source) is not DjangoSessionSource
            or snapshot.validator is not None
            or self.versions.is_on
            or not installed.stores_in_djangos_cache()
        )

    def parse_stored(self, raw: object) -> tuple[Session, str | None]:
        """Validate a stored dict, and return the session and its version, ``None`` if sessions have no versions."""
        data, stamp = split_version(raw) if self.versions.is_on else (raw, None)
        return self.validate(data), stamp

    def keeps_another(self, request: HttpRequest, data: Mapping[str, Any]) -> bool:
        """Return ``True`` if ``request.session`` contains a session dict that differs from ``data``.

        The time of the login and its factors do not count.
        """
        kept = without_version(request.session.get(self.settings.session_key))
        return kept is not None and without_login(kept) != without_login(without_version(data))

    def load(self, request: HttpRequest) -> Flow[LoadedSession]:
        """Read and validate the session. If this fails, its state is "unknown for now" and the store is not changed."""
        source = self.source
        try:
            raw = yield IOStep(partial(source.read, request), partial(source.aread, request), blocks=True)
            watch = source.watch(request)
            if raw is None:
                return LoadedSession(None, None, watch)
            try:
                if not self.versions.is_on:
                    return LoadedSession(self.validate(raw), raw, watch)
                session, stamp = self.parse_stored(raw)
            except SessionUnavailable as error:
                return _unavailable(error, raw, watch)
            except InvalidSession as error:
                return (yield from self._reject(request, error, watch))
            return (yield from self.versions.check(request, session, stamp, raw, watch))
        except _PASSED_ON:
            raise
        except SessionUnavailable as error:
            return _unavailable(error, None)
        except InvalidSession as error:
            return self._refused(error)
        except PermissionDenied as error:
            return self._refused(InvalidSession("session", f"was refused by the source: {type(error).__name__}"))
        except Exception as error:
            return _unavailable(error, None)

    def _refused(
        self, error: InvalidSession, raw: object = None, watch: Callable[[], object] | None = None
    ) -> LoadedSession:
        """Log and return that the user is logged in but the login gives no valid session, now and in later requests."""
        layer = "contrib.auth" if self.source.follows_user else "SESSIONKIT_SOURCE"
        audit.refused(layer, self.source.maker, error)
        return LoadedSession(None, raw, watch, fault=Fault(REFUSED, str(error)))

    def _reject(
        self, request: HttpRequest, error: InvalidSession, watch: Callable[[], object] | None
    ) -> Flow[LoadedSession]:
        """Remove a malformed dict and report it. There is no session then."""
        source = self.source
        yield IOStep(partial(source.remove, request), partial(source.aremove, request))
        yield from audit.rejected(request, error)
        now = watch() if watch is not None else None
        return self._refused(error, now, watch) if _only_reads(source) else LoadedSession(None, now, watch)

    def reload(self, request: HttpRequest, loaded: LoadedSession, raw: object) -> LoadedSession:
        """Validate a dict that changed during the request. The store is loaded, so this does no I/O."""
        if raw is None:
            return loaded.changed_to(None)
        try:
            return self._reload(request, loaded, raw)
        except Exception as error:
            return _unavailable(error, raw, loaded.current_value)

    def _reload(self, request: HttpRequest, loaded: LoadedSession, raw: object) -> LoadedSession:
        try:
            session, stamp = self.parse_stored(raw)
            if self.versions.carries_version(loaded, stamp):
                return loaded.changed_to(session, raw)
            audit.unversioned()
            return loaded.changed_to(None, raw).made_unavailable(session, _UNVERSIONED)
        except SessionUnavailable:
            raise
        except InvalidSession as error:
            refused = error
        self.source.remove(request)
        run(audit.rejected(request, refused))
        return loaded.changed_to(None, loaded.current_value())


class TenantLoader(SessionLoader):
    """The loader if ``SESSIONKIT_TENANT`` is set. Every session of a request has the current tenant of that request."""

    def load(self, request: HttpRequest) -> Flow[LoadedSession]:
        yield from ask_tenant(request, self.settings)
        return _placed((yield from super().load(request)), request)

    def reload(self, request: HttpRequest, loaded: LoadedSession, raw: object) -> LoadedSession:
        return _placed(super().reload(request, loaded, raw), request)


def _placed(loaded: LoadedSession, request: HttpRequest) -> LoadedSession:
    if loaded.session is not None:
        loaded.session = placed(loaded.session, request)
    return loaded


_ASKING = NoSessionHere(
    "SESSIONKIT_TENANT", "use its argument, the request", "must not read the session, which may be for another tenant"
)


def ask_tenant(request: HttpRequest, settings: conf.Settings) -> Flow[None]:
    """Ask ``SESSIONKIT_TENANT`` for the current tenant of ``request``, unless that has been done.

    If the answer is not valid, or the function raises an exception, the request has no tenant.
    """
    answer = answer_for(request)
    if answer.is_known or settings.tenant is None:
        return
    if current_context() is _ASKING:  # the function itself changes the session, for which it would be loaded
        raise InvalidPolicy(*_ASKING.error)
    tenant = None
    try:
        found = yield within(_ASKING, user_call(settings.tenant, request))
        if found is not None:
            tenant = tenant_id(found, settings.limits)
    except (AsyncRequired, NotEvaluated):
        raise
    except InvalidSession as error:
        audit.no_tenant(f"returned an id that {error.reason}")
    except Exception as error:
        audit.no_tenant(f"failed: {audit.error_text(error)}")
    answer.set_once(tenant)


_UNVERSIONED = Fault(REFUSED, "session: has no current version; store it with set_session()")


def _only_reads(source: SessionSource) -> bool:
    """Return ``True`` if ``source`` cannot remove a dict, so that the next request will read the same dict."""
    return all(getattr(type(source), name) is getattr(SessionSource, name) for name in ("remove", "aremove"))


def _unavailable(error: Exception, raw: object, watch: Callable[[], object] | None = None) -> LoadedSession:
    """Log and return that it is unknown whether there is a session. The stored dict is kept."""
    why = audit.error_text(error)
    tell = audit.version_unavailable if isinstance(error, VersionUnavailable) else audit.unavailable
    tell(why)
    return LoadedSession(None, raw, watch, fault=Fault(UNKNOWN_FOR_NOW, why))


def _validator_in_use(validator: Validator | None) -> Validator | None:
    if validator is None:
        return None

    def checked(data: dict[str, Any]) -> Mapping[str, Any]:
        with loads.calling("SESSIONKIT_SESSION_VALIDATOR", "use its argument, the dict"):
            return validator(data)

    return checked


_loader: SessionLoader | None = None


def current_loader() -> SessionLoader:
    """Return the origin for the current settings."""
    global _loader
    if _loader is None or _loader.settings is not conf.latest:
        settings = conf.current()
        _loader = (SessionLoader if settings.tenant is None else TenantLoader)(settings)
    return _loader


def context_for(request: HttpRequest) -> SessionContext:
    """Return the current context, else the context on ``request``, else (without the middleware) a new context."""
    context = current_context() or own_context(request)
    return context if context is not None else _context_without_middleware(request)


def _context_without_middleware(request: HttpRequest) -> SessionContext:
    installed.require_middleware()
    loader = current_loader()
    if loader.settings.debug and not installed.is_guarded():
        audit.logger.warning("%s %s", installed.MIDDLEWARE_MISSING, installed.MIDDLEWARE_REMEDY)
    return SessionContext(loader, request)


def own_context(request: HttpRequest) -> SessionContext | None:
    """Return the context that the middleware stored on ``request``, or ``None``."""
    context = getattr(request, "sessionkit", None)
    return context if isinstance(context, SessionContext) else None
