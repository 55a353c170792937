"""Django Ninja: ``auth=SessionAuth(requirement)`` on an operation, a router or an API, sync and async."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any

from asgiref.sync import sync_to_async
from django.http import HttpRequest
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError
from ninja.utils import check_csrf

from django_sessionkit.exceptions import AccessDenied, InvalidPolicy, NotAuthenticated
from django_sessionkit.guard import audit as guard_audit
from django_sessionkit.guard import denial_choice
from django_sessionkit.guard.evaluator import as_requirement, decide, denial_of
from django_sessionkit.guard.objects import refuse_without_object
from django_sessionkit.guard.raised_denials import reporting
from django_sessionkit.openapi.security import security_scheme
from django_sessionkit.policy.decisions import Decision
from django_sessionkit.requirements import Authenticated, Requirement
from django_sessionkit.responses.caching import hold_back
from django_sessionkit.session import audit
from django_sessionkit.session.context import SessionContext
from django_sessionkit.session.csrf import needs_csrf_check
from django_sessionkit.session.loader import context_for
from django_sessionkit.session.value import Session
from django_sessionkit.utils import client_texts
from django_sessionkit.utils.sansio import Flow, IOStep, arun, on_event_loop, run
from django_sessionkit.utils.text import described

if TYPE_CHECKING:
    from django.http import HttpResponse

# request attribute: the denial of an operation, which answer_denials() reads
_REFUSAL = "_sessionkit_refusal"


class Forbidden(AccessDenied, HttpError):
    """The session lacks a right, needs a confirmed login, or is refused or unknown for now.

    Ninja's exception handler answers 403, 401 or 503.
    """

    def __init__(self, denial: AccessDenied, status: int) -> None:
        HttpError.__init__(self, status, str(denial))
        self.decision: Decision | None = denial.decision


class Caller:
    """The value of ``request.auth``. ``session`` is ``None`` if the requirement allows a request without a session."""

    def __init__(self, session: Session | None) -> None:
        self.session = session

    def __str__(self) -> str:
        """Return a text that is unique for each user and does not name the user. Ninja's throttles count by it."""
        return audit.user_digest(self.session) or "anonymous"


class SessionAuth:
    """The requirement of an operation. ``request.auth`` is a :class:`Caller` with the ``session``.

    - No session: Ninja tries the next ``auth``, and answers 401 after the last one.
    - A session without the right, or a login that gives no valid session: 403.
    - A login that is too old or lacks a factor: 401.
    - A session that cannot be looked up at the moment: 503.

    Unsafe methods need a CSRF token if the session comes from a cookie, unless the operation is ``csrf_exempt``.
    Raises :class:`~django_sessionkit.exceptions.InvalidPolicy` if ``requirement`` is not a requirement.
    """

    def __init__(self, requirement: Requirement | None = None) -> None:
        if isinstance(requirement, HttpRequest):  # Ninja calls the class as if it were an instance
            raise InvalidPolicy("auth=SessionAuth", "is the class, not an instance", "write auth=SessionAuth()")
        given = Authenticated() if requirement is None else requirement
        checked, hint = as_requirement(given, "SessionAuth"), "call enforce(requirement, obj=...) in the operation"
        self.requirement: Requirement = refuse_without_object(checked, "SessionAuth", "auth", hint)

    @property
    def openapi_security_schema(self) -> dict[str, Any]:
        """The security scheme for OpenAPI: the session cookie, or what the source reads."""
        return security_scheme()

    @property
    def is_async(self) -> bool:
        """``True`` on an event loop. Ninja reads it to know whether the result has to be awaited."""
        return on_event_loop()

    def __call__(self, request: HttpRequest) -> Caller | Awaitable[Caller | None] | None:
        flow = _authenticate(request, self.requirement)
        return arun(flow) if self.is_async else run(flow)


def _authenticate(request: HttpRequest, requirement: Requirement) -> Flow[Caller | None]:
    context: SessionContext = context_for(request)
    decision = yield from decide(context, requirement, request)
    guard_audit.decided(decision, request)
    session = context.peek()
    if not decision:
        denial = denial_of(context, decision)
        if isinstance(denial, AccessDenied):
            status = 401 if decision.needs_step_up else denial_choice.status_of(context.fault)
            raise (yield from reporting(Forbidden(denial, status), context))
        vars(request)[_REFUSAL] = decision
        return None
    if session is not None and needs_csrf_check(request) and not getattr(request, "_ninja_csrf_exempt", False):
        # The CSRF token may be in the session store, so the check may do I/O.
        refused = yield IOStep(lambda: check_csrf(request), lambda: sync_to_async(check_csrf)(request))
        if refused is not None:
            raise HttpError(403, str(client_texts.CSRF_FAILED))
    hold_back(request)
    return Caller(session)


def answer_denials(api: NinjaAPI) -> None:
    """Let the middleware send and report the usual responses to the denials of ``api``.

    This includes the denials of :class:`SessionAuth`, and the exceptions of ``enforce()`` and ``require_session()`` in
    an operation. Ninja handles all other exceptions. Raises :class:`~django_sessionkit.exceptions.InvalidPolicy` if
    ``api`` is not a ``NinjaAPI``, but for example a router.
    """
    if not isinstance(api, NinjaAPI):
        raise InvalidPolicy("answer_denials()", f"needs a NinjaAPI, not {described(api)}", "call it once for each API")

    def unauthorized(request: HttpRequest, error: Any) -> HttpResponse:
        refusal: Decision | None = getattr(request, _REFUSAL, None)
        if refusal is not None:
            raise NotAuthenticated(refusal)
        response: HttpResponse = api.create_response(request, {"detail": str(error)}, status=error.status_code)
        return response

    api.add_exception_handler(AccessDenied, _pass_on)
    api.add_exception_handler(NotAuthenticated, _pass_on)
    api.add_exception_handler(AuthenticationError, unauthorized)


def answers_denials(api: NinjaAPI) -> bool:
    """Return ``True`` if :func:`answer_denials` was called for ``api``."""
    return _pass_on in api._exception_handlers.values()


def _pass_on(request: HttpRequest, error: Any) -> HttpResponse:
    """Raise the error to the middleware. Ninja itself would send a traceback while ``DEBUG`` is on."""
    raise error
