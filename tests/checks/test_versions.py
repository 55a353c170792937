"""The system checks of session versions, and of the source that a bridge provides."""

from __future__ import annotations

import pytest
from django.core.checks import run_checks
from django.test import override_settings

from django_sessionkit import conf
from django_sessionkit.checks.settings import SETTING_IDS
from django_sessionkit.contrib.auth import AuthSource
from django_sessionkit.sources import DjangoSessionSource
from django_sessionkit.versions import CacheVersions

BRIDGE = "django_sessionkit.contrib.auth.AuthBridge"
SHIPPED = "django_sessionkit.versions.cached_version"
REDIS = {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://127.0.0.1:6379"}
LOCMEM = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
DUMMY = {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}


def found(deploy=False):
    about = {"sessionkit.E025", "sessionkit.W025", "sessionkit.W026", "sessionkit.W027"}
    return {one.id: one for one in run_checks(include_deployment_checks=deploy) if one.id in about}


def refresh(session, request):
    return None


@pytest.mark.parametrize(
    ("name", "value", "id_"),
    [
        ("SESSIONKIT_VERSION", 5, "sessionkit.E022"),
        ("SESSIONKIT_VERSION_INTERVAL", -1, "sessionkit.E023"),
        ("SESSIONKIT_REFRESH", len, "sessionkit.E024"),
    ],
)
def test_a_faulty_setting_has_an_id_of_its_own(name, value, id_):
    with override_settings(**{name: value}):
        assert [one.id for one in run_checks() if one.id in SETTING_IDS.values()] == [id_]


def test_a_cache_that_does_not_exist_is_an_error():
    with override_settings(SESSIONKIT_VERSION=CacheVersions("defualt")):
        message = found()["sessionkit.E025"]
    assert '"defualt"' in message.msg
    assert message.hint == 'Did you mean "default"?'
    with override_settings(SESSIONKIT_VERSION=CacheVersions("x" * 20)):
        assert found()["sessionkit.E025"].hint
    with override_settings(SESSIONKIT_VERSION=SHIPPED):
        assert found() == {}


@pytest.mark.parametrize(
    "settings",
    [{"SESSIONKIT_VERSION_INTERVAL": 5}, {"SESSIONKIT_REFRESH": refresh}],
)
def test_what_does_nothing_without_versions_is_told(settings):
    with override_settings(**settings):
        message = found()["sessionkit.W025"]
        assert next(iter(settings)) in message.msg
        with override_settings(SESSIONKIT_VERSION=SHIPPED):
            assert found() == {}
        with override_settings(SESSIONKIT_VERSION=5):
            assert found() == {}


def test_a_bridge_that_nobody_listens_to_is_told(settings):
    settings.INSTALLED_APPS = [*settings.INSTALLED_APPS, BRIDGE]
    assert found() == {}
    settings.SESSIONKIT_SOURCE = conf.DEFAULT_SOURCE
    assert "django_sessionkit.contrib.auth.AuthSource" in found()["sessionkit.W026"].msg
    settings.SESSIONKIT_SOURCE = f"{__name__}.own_source"
    assert set(found()) == {"sessionkit.W026"}
    settings.SESSIONKIT_SOURCE = f"{__name__}.Inheriting"
    assert found() == {}
    settings.SESSIONKIT_SOURCE = 5
    assert found() == {}


def own_source(request):
    return None


class Inheriting(AuthSource):
    pass


def test_without_a_bridge_any_source_will_do(settings):
    settings.SESSIONKIT_SOURCE = DjangoSessionSource
    assert found() == {}


@pytest.mark.parametrize(("backend", "is_private"), [(REDIS, False), (LOCMEM, True), (DUMMY, True)])
def test_versions_that_the_next_process_does_not_see_are_told(backend, is_private):
    with override_settings(SESSIONKIT_VERSION=CacheVersions("shared"), CACHES={"default": LOCMEM, "shared": backend}):
        assert ("sessionkit.W027" in found(deploy=True)) is is_private
        assert found() == {}
    with override_settings(SESSIONKIT_VERSION=lambda user_id: 1):
        assert found(deploy=True) == {}
