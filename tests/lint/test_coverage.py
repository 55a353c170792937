from __future__ import annotations

import pytest
from django.conf.urls.i18n import i18n_patterns
from django.urls import include, path, re_path

from django_sessionkit.lint.coverage import beginning_of
from django_sessionkit.urlconf.candidates import ANY
from django_sessionkit.urlconf.inventory import list_routes


def page(request):
    raise NotImplementedError


@pytest.mark.parametrize(
    ("route", "beginning"),
    [
        (re_path(r"^shop/(?:old/)?list/$", page), ("shop", ANY)),
        (re_path(r"(?i)^shop/", page), ("shop", ANY)),
        (re_path(r"^shop/lists?/$", page), ("shop", ANY)),
        (re_path(r"^shop/list/?", page), ("shop", ANY)),
        (re_path(r"^(?:shop|till)/", page), (ANY,)),
        (re_path(r"shop/", page), (ANY,)),
        (re_path(r"^a\.b/c\-d/(?P<rest>.*)$", page), ("a.b", "c-d", ANY)),
        (path("shop/", include([re_path(r"^list/(?:a/)?b/$", page)])), ("shop", "list", ANY)),
        (path("shop/<int:pk>/", include([re_path(r"^(?:a/)?b/$", page)])), ("shop", ANY)),
        (path("shop/", include([re_path(r"b/$", page)])), ("shop", "b", ANY)),
        (path("shop/", include([re_path(r"b/", page)])), ("shop", ANY)),
        (i18n_patterns(re_path(r"^list/(?:a/)?b/$", page))[0], ("list", ANY)),
        (re_path(r"^shop/$", include([path("a/", page)])), ("shop", "a", ANY)),
    ],
)
def test_what_is_sure_of_a_path_that_cannot_be_derived(route, beginning):
    (found,) = list_routes(_module(route))
    assert beginning_of(found) == beginning


class _module:
    def __init__(self, route):
        self.urlpatterns = [route]
