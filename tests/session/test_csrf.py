"""Detect whether another site could have made a browser send a request with its session."""

from __future__ import annotations

import pytest
from django.test import RequestFactory

from django_sessionkit.session.csrf import has_csrf_token, needs_csrf_check
from django_sessionkit.sources import DjangoSessionSource, RequestAttributeSource


def request(method="POST", authorization=None):
    headers = {"Authorization": authorization} if authorization is not None else {}
    return RequestFactory().generic(method, "/", headers=headers)


def source(base, *headers):
    return type("Source", (base,), {"vary_headers": headers})


@pytest.mark.parametrize(
    ("headers", "reads_tokens"),
    [((), False), (("X-Token",), False), (("cookie",), False), (("Authorization",), True), (("authorization",), True)],
)
def test_djangos_session_is_found_by_a_cookie_whatever_a_subclass_says(settings, headers, reads_tokens):
    settings.SESSIONKIT_SOURCE = source(DjangoSessionSource, *headers)
    assert needs_csrf_check(request())
    assert needs_csrf_check(request(authorization="Basic x"))
    assert needs_csrf_check(request(authorization="Bearer x")) is not reads_tokens


@pytest.mark.parametrize(
    ("headers", "forged"), [((), False), (("AUTHORIZATION",), False), (("cookie",), True), (("Cookie", "X"), True)]
)
def test_another_source_says_what_it_reads_in_whatever_case(settings, headers, forged):
    settings.SESSIONKIT_SOURCE = source(RequestAttributeSource, *headers)
    assert needs_csrf_check(request()) is forged


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "TRACE"])
def test_a_safe_method_changes_nothing(method):
    assert not needs_csrf_check(request(method))


@pytest.mark.parametrize("header", [None, "", "Basic x", 'DIGEST username="a", uri="/"', " Negotiate x", "ntlm"])
def test_what_browsers_send_by_themselves_is_no_token(header):
    assert not has_csrf_token(request(authorization=header))


@pytest.mark.parametrize("header", ["Bearer x", "Token x", "JWT x"])
def test_what_a_script_has_to_send_is_one(header):
    assert has_csrf_token(request(authorization=header))
