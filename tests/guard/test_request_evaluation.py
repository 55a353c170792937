"""The short cut for requests that no rule can deny. What it answers for whole requests is tested with the engine."""

from __future__ import annotations

import pytest
from django.test import RequestFactory, override_settings

from django_sessionkit.guard.request_evaluation import RequestEvaluation
from django_sessionkit.session.context import SessionContext


@pytest.mark.parametrize("urlconf", [[], ""])
@pytest.mark.parametrize("root", [None, "testsite.urls"])
def test_a_urlconf_that_cannot_be_read_is_not_taken_for_the_root(root, urlconf):
    """It cannot be told whether a language comes first, so each form of the path is looked at."""
    request = RequestFactory().get("/de/admin/")
    with override_settings(ROOT_URLCONF=root, SESSIONKIT_PROTECT=[{"pattern": "/admin/**", "role": "admin"}]):
        evaluation = RequestEvaluation(SessionContext.fixed(None))
        assert evaluation.needs_no_evaluation(request) == (root is not None)
        request.urlconf = urlconf
        assert not evaluation.needs_no_evaluation(request)
