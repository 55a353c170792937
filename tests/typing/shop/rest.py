"""Django REST framework, Django Ninja and Channels."""

from __future__ import annotations

from typing import Any, cast

from channels.generic.websocket import AsyncJsonWebsocketConsumer
from django.http import HttpRequest
from ninja import NinjaAPI
from rest_framework.permissions import BasePermission, IsAdminUser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from django_sessionkit import Permission, Public, Role
from django_sessionkit.contrib.channels import (
    RequireConsumerMixin,
    SessionKitChannelsMiddleware,
    SessionKitMiddlewareStack,
)
from django_sessionkit.contrib.drf import (
    Requires,
    RequiresByAction,
    SessionKitAuthentication,
    SessionUser,
    exception_handler,
)
from django_sessionkit.contrib.drf.spectacular import AutoSchema
from django_sessionkit.contrib.ninja import Caller, SessionAuth, answer_denials
from django_sessionkit.contrib.ninja.openapi import NinjaAPI as DocumentedAPI

from .access import OWN

Editors: type[BasePermission] = Requires(Role("editor"))


class Articles(APIView):
    authentication_classes = [SessionKitAuthentication]
    permission_classes = [Editors & ~Requires(Role("suspended")) | IsAdminUser]

    def get(self, request: Request) -> Response:
        user = cast("SessionUser", request.user)
        return Response({"user": user.pk, "roles": user.session.roles})


class Orders(APIView):
    permission_classes = [Requires(OWN, on_deny="not_found") | RequiresByAction({"list": Public()}, on_deny="auto")]
    requires_object = True


class Comments(APIView):
    permission_classes = [RequiresByAction({"get": Public(), "post": Permission("comments:write")}, Role("admin"))]


handle = exception_handler

api = NinjaAPI(auth=SessionAuth(Role("editor")))
answer_denials(api)


@api.get("/me", auth=[SessionAuth()])
def me(request: HttpRequest) -> dict[str, Any]:
    caller: Caller = cast("Any", request).auth
    return {"user": caller.session.user_id if caller.session is not None else None}


class Schema(AutoSchema):
    def get_tags(self) -> list[str]:
        return ["shop"]


documented = DocumentedAPI(auth=SessionAuth(), urls_namespace="documented")
document: dict[str, Any] = documented.get_openapi_schema()


class Chat(RequireConsumerMixin, AsyncJsonWebsocketConsumer):
    requirement = Role("member")
    recheck_every = 30
    accept_before_closing = True

    async def receive_json(self, content: Any, **kwargs: Any) -> None:
        await self.send_json(content)


application = SessionKitMiddlewareStack(Chat.as_asgi())
inside = SessionKitChannelsMiddleware(Chat.as_asgi())
