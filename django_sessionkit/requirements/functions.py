"""The requirements that call a function of the project: ``Allow`` and ``AllowObject``."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from inspect import Parameter, signature
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias, overload

from django.utils.module_loading import import_string

from django_sessionkit.exceptions import InvalidPolicy
from django_sessionkit.policy.decisions import NO_OBJECT, PREDICATE, Decision
from django_sessionkit.utils.sansio import Flow, user_call
from django_sessionkit.utils.text import described

from .check_input import UNKNOWN_OBJECT, CheckInput
from .leaf import Leaf, logger

if TYPE_CHECKING:
    from django.http import HttpRequest

    from django_sessionkit.session.value import Session

    #: ``fn(session)``, or ``fn(session, request)``
    Predicate: TypeAlias = (
        Callable[[Session | None], bool | Awaitable[bool]]
        | Callable[[Session | None, HttpRequest | None], bool | Awaitable[bool]]
    )
    #: ``fn(session, obj)``, or ``fn(session, obj, request)``
    ObjectPredicate: TypeAlias = (
        Callable[[Session | None, Any], bool | Awaitable[bool]]
        | Callable[[Session | None, Any, HttpRequest | None], bool | Awaitable[bool]]
    )

_DOTTED_PATH = re.compile(r"\w+(\.\w+)+")


class _Function(Leaf):
    """Base class of the requirements that call a function of the project."""

    __slots__ = ("_known",)
    _known: tuple[Callable[..., object], bool]  # the function as last imported; tests may patch it

    #: the arguments that the function always receives
    _arguments: ClassVar[tuple[str, ...]] = ("session",)

    def __init__(self, fn: Callable[..., object] | str) -> None:
        if not (_DOTTED_PATH.fullmatch(fn) if isinstance(fn, str) else callable(fn)):
            raise InvalidPolicy(type(self).__name__, f"needs a callable or its dotted path, not {_shown(fn)}")
        super().__init__((fn,))
        known = (None, False) if isinstance(fn, str) else (fn, self._wants_request(fn))
        object.__setattr__(self, "_known", known)

    def __hash__(self) -> int:
        try:
            return super().__hash__()
        except TypeError:  # an object with __call__ may have no hash, such as one of a dataclass
            return hash(type(self))

    def __repr__(self) -> str:
        fn = self.parts[0]
        name = repr(fn) if isinstance(fn, str) else getattr(fn, "__qualname__", type(fn).__qualname__)
        return f"{type(self).__name__}({name})"

    def resolve(self) -> tuple[Callable[..., object], bool]:
        """Return the function, and whether it takes the request.

        Raises ``ImportError``, or :class:`~django_sessionkit.exceptions.InvalidPolicy` if the function is wrong.
        """
        fn = self.parts[0]
        found = import_string(fn) if isinstance(fn, str) else fn
        if self._known[0] is not found:
            if not callable(found):
                raise InvalidPolicy(repr(self), f"{fn} is not callable")
            object.__setattr__(self, "_known", (found, self._wants_request(found)))
        return self._known

    def _call(self, asked: CheckInput, *arguments: object) -> Flow[Decision]:
        fn, with_request = self.resolve()
        result = yield user_call(fn, *arguments, *([asked.request] if with_request else []))
        return self._verdict(result, PREDICATE, repr(self))

    def _wants_request(self, fn: Callable[..., object]) -> bool:
        """Return ``True`` if the function also takes the request: as a further parameter that has no default value or
        is named ``request``.

        Raises :class:`~django_sessionkit.exceptions.InvalidPolicy` if it can be called in neither way.
        """
        try:
            parameters = list(signature(fn).parameters.values())
        except (TypeError, ValueError):
            return False  # a built-in function without a signature
        kinds = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
        positional = [one for one in parameters if one.kind in kinds]
        catch_all = any(one.kind is Parameter.VAR_POSITIONAL for one in parameters)
        required = [one for one in positional if one.default is Parameter.empty]
        keyword_only = any(one.kind is Parameter.KEYWORD_ONLY and one.default is Parameter.empty for one in parameters)
        count = len(self._arguments)
        if keyword_only or len(required) > count + 1 or not (len(positional) >= count or catch_all):
            given = ", ".join(self._arguments)
            name = getattr(fn, "__qualname__", fn)
            raise InvalidPolicy(type(self).__name__, f"{name!s} must take ({given}) or ({given}, request)")
        last = positional[count] if len(positional) > count else None
        return catch_all if last is None else last in required or last.name == "request"


def _shown(fn: object) -> str:
    return f'"{fn}"' if isinstance(fn, str) else described(fn)


class Allow(_Function):
    """Require that a function of the project returns ``True``.

    :param fn: a function ``fn(session)`` or ``fn(session, request)``, sync or async, or its dotted path, which is
        imported on first use. It must return ``True`` or ``False``.

    For an anonymous caller, ``session`` is ``None``. The function receives the request (``None`` outside a request) if
    its second parameter has no default value or is named ``request``. If it raises an exception or returns another
    value, access is denied. Raises :class:`~django_sessionkit.exceptions.InvalidPolicy` if ``fn`` is neither callable
    nor a dotted path, or takes other parameters.
    """

    __slots__ = ()

    if TYPE_CHECKING:

        @overload
        def __init__(self, fn: str) -> None: ...
        @overload
        def __init__(self, fn: Callable[[Session | None], bool | Awaitable[bool]]) -> None: ...
        @overload
        def __init__(self, fn: Callable[[Session | None, HttpRequest | None], bool | Awaitable[bool]]) -> None: ...
        def __init__(self, fn: Any) -> None: ...

    def _judge(self, asked: CheckInput) -> Flow[Decision]:
        return (yield from self._call(asked, asked.session))


class AllowObject(_Function):
    """Require that a function of the project returns ``True`` for an object, such as one order.

    :param fn: a function ``fn(session, obj)`` or ``fn(session, obj, request)``, sync or async, or its dotted path,
        which is imported on first use. It must return ``True`` or ``False``.

    Pass the object to ``evaluate(requirement, obj=order)`` or ``enforce(requirement, obj=order)``, or use
    :class:`~django_sessionkit.RequireObjectMixin`. Without an object, or with ``None``, the check fails: access
    is denied, also under ``~``. For an anonymous caller, ``session`` is ``None``. If the function raises an exception
    or returns another value, access is denied. A URL rule and a view decorator have no object, so they refuse this
    requirement. Raises :class:`~django_sessionkit.exceptions.InvalidPolicy` if ``fn`` is neither callable nor a dotted
    path, or takes other parameters.
    """

    __slots__ = ()
    _arguments = ("session", "obj")

    if TYPE_CHECKING:

        @overload
        def __init__(self, fn: str) -> None: ...
        @overload
        def __init__(self, fn: Callable[[Session | None, Any], bool | Awaitable[bool]]) -> None: ...
        @overload
        def __init__(self, fn: Callable[[Session | None, Any, HttpRequest | None], bool | Awaitable[bool]]) -> None: ...
        def __init__(self, fn: Any) -> None: ...

    def _judge(self, asked: CheckInput) -> Flow[Decision]:
        if asked.obj is UNKNOWN_OBJECT:
            return self._denied(NO_OBJECT, failed=True)
        if asked.obj is None:
            logger.error("%r was checked without an object. Access was denied. Pass it as obj=...", self)
            return self._denied(NO_OBJECT, failed=True)
        return (yield from self._call(asked, asked.session, asked.obj))
