"""The settings, with every key of a rule."""

from __future__ import annotations

from django.urls import reverse_lazy

from django_sessionkit import (
    Allow,
    AnyPermission,
    Authenticated,
    Factor,
    Impersonated,
    Nobody,
    Permission,
    Public,
    Recent,
    Role,
    Within,
    has_role,
)
from django_sessionkit.contrib.debug_toolbar import SessionKitPanel
from django_sessionkit.contrib.jinja2 import SessionKitExtension
from django_sessionkit.types import OnDeny, Rule

from .access import ShopPolicy, is_premium, is_weekday
from .sources import HeaderSource, versions

HIDDEN: OnDeny = "not_found"

SESSIONKIT_PROTECT: list[Rule] = [
    {"pattern": "/health/", "public": True, "name": "health"},
    {"pattern": ["/reports/**", "/invoices/*"], "methods": ["GET", "POST"], "role": "editor", "i18n": False},
    {"pattern": ("/drafts/**",), "methods": "unsafe", "roles": ["editor", "author"], "on_deny": HIDDEN},
    {"view": "billing:*", "permission": "billing:read", "redirect_to": "/upgrade/"},
    {"view": ["shop:edit", "shop:delete"], "permissions": ["posts:read", "posts:write"], "api": True},
    {"pattern": "/news/**", "any_permission": ("posts:read", "posts:write"), "login_url": reverse_lazy("news-login")},
    {"pattern": "/premium/**", "allow": lambda session: session is not None and session["plan"] == "premium"},
    {"pattern": "/office/**", "allow": lambda session, request: request is not None and request.is_secure()},
    {"pattern": "/basic/**", "allow": "shop.access.is_premium", "on_deny": "forbidden"},
    {"pattern": "/weekdays/**", "allow": is_weekday},
    {"pattern": "/account/**", "authenticated": True},
    {"pattern": "/old/**", "deny": True},
    {"pattern": "/vip/**", "require": Role("vip", "owner") & ~Role("suspended") | Permission("vip") & Authenticated()},
    {"pattern": "/staff/**", "require": AnyPermission("a", "b") | Nobody() | Allow(is_premium)},
    {"pattern": "/transfer/**", "authenticated": True, "recent": 600, "factor": ["otp", "hwk"]},
    {"pattern": "/team/**", "role": "editor", "within": True},
    {"pattern": "/payment/**", "require": Recent(600) & Factor("otp") & ~Impersonated() & Within(Role("owner"))},
    {"pattern": "/all/**", "require": Public()},
]
SESSIONKIT_SOURCE = HeaderSource
SESSIONKIT_VERSION = versions
SESSIONKIT_ACCESS_POLICY = ShopPolicy

PANELS = [SessionKitPanel]
JINJA_EXTENSIONS = [SessionKitExtension]
JINJA_FILTERS = {"has_role": has_role}
