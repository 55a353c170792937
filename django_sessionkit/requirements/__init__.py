"""The requirements: roles, permissions, functions and so on. Combine them with ``&``, ``|`` and ``~``."""

from __future__ import annotations

from . import words as words
from .algebra import And, Not, Or, Requirement
from .algebra import leaves as leaves
from .functions import Allow, AllowObject
from .leaf import Leaf
from .names import AnyPermission, Permission, Role
from .names import role_names as role_names
from .presence import Authenticated, Impersonated, Nobody, Public
from .step_up import Factor, Recent
from .tenant import Within

__all__ = [
    "Allow",
    "AllowObject",
    "And",
    "AnyPermission",
    "Authenticated",
    "Factor",
    "Impersonated",
    "Leaf",
    "Nobody",
    "Not",
    "Or",
    "Permission",
    "Public",
    "Recent",
    "Requirement",
    "Role",
    "Within",
]
