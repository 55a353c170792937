"""Views of Django REST framework. Import this only if it is installed."""

from __future__ import annotations

from typing import Any

from django.urls import include, path
from rest_framework.authentication import BasicAuthentication
from rest_framework.decorators import api_view, authentication_classes, permission_classes, renderer_classes
from rest_framework.permissions import SAFE_METHODS, AllowAny, BasePermission, IsAuthenticated
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import SimpleRouter
from rest_framework.views import APIView
from rest_framework.viewsets import ViewSet

from django_sessionkit import Allow, Authenticated, Permission, Public, Role, enforce
from django_sessionkit.contrib.drf import Requires, RequiresByAction, SessionKitAuthentication


class ReadOnly(BasePermission):
    def has_permission(self, request: Request, view: APIView) -> bool:
        return request.method in SAFE_METHODS


class NoSuchObject(BasePermission):
    def has_object_permission(self, request: Request, view: APIView, obj: Any) -> bool:
        return obj != "secret"


class Page(APIView):
    authentication_classes = [SessionKitAuthentication]
    permission_classes = [Requires(Role("editor"))]
    renderer_classes = [JSONRenderer]

    def get(self, request: Request, **kwargs: Any) -> Response:
        self.check_object_permissions(request, request.query_params.get("object", ""))
        return Response("page")

    def post(self, request: Request, **kwargs: Any) -> Response:
        return Response("done")


class Basic(Page):
    """A view whose authentication is independent of SessionKit."""

    authentication_classes = [BasicAuthentication]


class Articles(ViewSet):
    authentication_classes = [SessionKitAuthentication]
    permission_classes = [RequiresByAction({"list": Public(), "create": Permission("posts:write")})]
    renderer_classes = [JSONRenderer]

    def list(self, request: Request) -> Response:
        return Response("list")

    def create(self, request: Request) -> Response:
        return Response("created")

    def retrieve(self, request: Request, pk: str) -> Response:
        return Response("one")


def fails(session: object) -> bool:
    raise LookupError


EDITOR, FAILS = Requires(Role("editor")), Requires(Allow(fails))
NOTES = RequiresByAction({"get": Role("editor")}, otherwise=Authenticated())

# name -> (permission, initials of the users who may GET: reader, editor, nobody)
COMPOSED = {
    "plain": (EDITOR, "e"),
    "and": (EDITOR & Requires(Permission("posts:write")), "e"),
    "and-foreign": (EDITOR & ReadOnly, "e"),
    "foreign-and": (ReadOnly & EDITOR, "e"),
    "or": (EDITOR | Requires(Role("reader")), "er"),
    "or-foreign": (EDITOR | AllowAny, "er-"),
    "foreign-or": (AllowAny | EDITOR, "er-"),
    "and-or-foreign": ((ReadOnly & EDITOR) | AllowAny, "er-"),
    "not": (~EDITOR, "r"),
    "not-not": (~~EDITOR, "e"),
    "not-failed": (~FAILS, ""),
    "failed-or": (FAILS | EDITOR, "e"),
    "not-and": (~(EDITOR & ReadOnly), "r"),
    "not-foreign-and": (~(ReadOnly & EDITOR), "r"),
    "not-or": (~(EDITOR | ~ReadOnly), "r"),
    "not-held-and": (~((ReadOnly | IsAuthenticated) & EDITOR), "r"),
    "not-and-held": (~(EDITOR & (ReadOnly | IsAuthenticated)), "r"),
    "not-single-and": (~(~~ReadOnly & EDITOR), "r"),
    "not-anonymous": (~(EDITOR & ~ReadOnly), "er"),
    "not-and-failed": (~(ReadOnly & FAILS), ""),
    "not-not-and": (~~(ReadOnly & EDITOR), "e"),
    "not-public": (~Requires(Public()), ""),
    "by-action": (NOTES, "e"),
    "not-by-action": (~NOTES, "r"),
    "not-named": (RequiresByAction({"post": Role("editor")}), ""),
    "not-not-named": (~RequiresByAction({"post": Role("editor")}), ""),
}


@api_view(["GET"])
@authentication_classes([SessionKitAuthentication])
@permission_classes([])
@renderer_classes([JSONRenderer])
def who(request: Request) -> Response:
    user = request.user
    return Response([user.is_authenticated, user.pk, getattr(user, "id", None), user.is_staff, str(user)])


@api_view(["GET"])
@authentication_classes([SessionKitAuthentication])
@permission_classes([])
@renderer_classes([JSONRenderer])
def enforced(request: Request) -> Response:
    enforce(Role("editor"))
    return Response("page")


router = SimpleRouter()
router.register("articles", Articles, basename="article")


def composed(name: str, permission: Any) -> Any:
    return path(f"composed/{name}/", Page.as_view(permission_classes=[permission]))


urlpatterns = [
    path("page/", Page.as_view()),
    path("ruled/", Page.as_view()),
    path("basic/", Basic.as_view()),
    path("both/", Page.as_view(permission_classes=[EDITOR, ~ReadOnly])),
    path("object/", Page.as_view(permission_classes=[EDITOR & NoSuchObject])),
    path("basic-public/", Basic.as_view(permission_classes=[Requires(Public())])),
    path("who/", who),
    path("enforced/", enforced),
    path("", include(router.urls)),
    *(composed(name, permission) for name, (permission, _) in COMPOSED.items()),
]
