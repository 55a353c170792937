"""Sources of the session, versions, and the bridge."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.http import HttpRequest

from django_sessionkit import Session, arevoke_sessions, revoke_sessions
from django_sessionkit.contrib import auth
from django_sessionkit.contrib.auth import AuthBridge, AuthSource, SessionPermissions, refresh
from django_sessionkit.sources import CallableSource, DjangoSessionSource, RequestAttributeSource, SessionSource
from django_sessionkit.versions import CacheVersions, cached_version


class HeaderSource(SessionSource):
    vary_headers = ("X-User",)
    challenge = "Header"

    def read(self, request: HttpRequest) -> object:
        user = request.headers.get("X-User")
        return {"user_id": user} if user else None


class ShopSource(DjangoSessionSource):
    def write(self, request: HttpRequest, data: dict[str, Any]) -> None:
        super().write(request, {**data, "shop": "main"})


BRIDGES: list[type[auth.AuthBridge]] = [AuthBridge]


class BridgeSource(AuthSource):
    async def aread(self, request: HttpRequest) -> object:
        return await super().aread(request)


class ShopPermissions(SessionPermissions):
    def has_perm(self, user_obj: AbstractBaseUser, perm: str, obj: object = None) -> bool:
        return perm.startswith("shop.") and super().has_perm(user_obj, perm, obj)

    async def names(self, user: AbstractBaseUser) -> list[str]:
        may = await self.ahas_perm(user, "shop.see") and await self.ahas_module_perms(user, "shop")
        found = await self.aget_all_permissions(user) | await self.aget_user_permissions(user)
        return sorted(found | self.get_group_permissions(user)) if may else []


class TokenSource(RequestAttributeSource):
    vary_headers = ["Authorization"]


def from_header(request: HttpRequest) -> dict[str, str] | None:
    return {"user_id": request.headers["X-User"]} if "X-User" in request.headers else None


source: SessionSource = CallableSource(from_header)
versions = CacheVersions("default")


class Bridge(AuthBridge):
    verbose_name = "Logins of the shop"
    staff_role = "employee"
    superuser_role = None

    def session_of(self, user: AbstractBaseUser) -> dict[str, Any]:
        return {**super().session_of(user), "plan": "free"}


def refreshed(session: Session, request: HttpRequest) -> dict[str, Any] | None:
    return refresh(session, request)


async def demote(user_id: str) -> int:
    revoke_sessions(user_id)
    await arevoke_sessions(user_id, refresh=False)
    return cached_version(user_id) + versions(user_id)
