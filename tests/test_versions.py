"""The built-in versions, on Django's own caches."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from time import sleep

import pytest
from django.core.cache import cache, caches
from django.core.cache.backends.locmem import LocMemCache
from django.core.management import call_command

from django_sessionkit.versions import CacheVersions, cached_version

LOCMEM = "django.core.cache.backends.locmem.LocMemCache"
BACKENDS = {
    "locmem": (LOCMEM, "versions"),
    "file": ("django.core.cache.backends.filebased.FileBasedCache", "versions"),
    "database": ("django.core.cache.backends.db.DatabaseCache", "versions"),
}


class Deaf(LocMemCache):
    """Fails like an unavailable memcached: nothing is stored, and no exception is raised."""

    def set(self, *args, **kwargs):
        pass

    def incr(self, key, delta=1, version=None):
        return self.get(key, version=version) + delta


class Counting(LocMemCache):
    gets = 0

    def get(self, *args, **kwargs):
        Counting.gets += 1
        return super().get(*args, **kwargs)


@pytest.fixture(autouse=True)
def empty():
    cache.clear()
    yield
    cache.clear()


@pytest.fixture(params=BACKENDS)
def versions(request, settings, tmp_path, db):
    backend, location = BACKENDS[request.param]
    location = str(tmp_path / location) if request.param == "file" else location
    settings.CACHES = {
        "default": {"BACKEND": LOCMEM},
        "shared": {"BACKEND": backend, "LOCATION": location, "TIMEOUT": 1},
    }
    if request.param == "database":
        call_command("createcachetable")
    caches["shared"].clear()
    return CacheVersions("shared")


def test_a_version_stays_until_it_is_bumped(versions):
    first = versions("7")
    assert versions("7") == first
    versions.bump("7")
    second = versions("7")
    assert versions("7") == second
    versions.bump("7", refresh=False)
    assert versions("7") not in (first, second)
    assert first != second


def test_a_version_outlives_what_has_no_time_of_its_own(versions):
    drawn = versions("7")
    versions.bump("8")
    counted = versions("8")
    versions.bump("9", refresh=False)
    ended = versions("9")
    sleep(1.1)
    assert (versions("7"), versions("8"), versions("9")) == (drawn, counted, ended)


def test_changed_rights_may_be_renewed_and_ended_sessions_may_not(versions):
    stamp = str(versions("7"))
    versions.bump("7")
    versions.bump("7")
    assert versions.may_refresh(stamp, str(versions("7")))
    versions.bump("7", refresh=False)
    assert not versions.may_refresh(stamp, str(versions("7")))
    versions.bump("7")
    assert not versions.may_refresh(stamp, str(versions("7")))


def counted_up(alias: str, by: int) -> None:
    """Increase the version, as this number of changes of rights does, on any cache."""
    cache_, key = CacheVersions(alias)._entry("7")
    cache_.set(key, cache_.get(key) + by, timeout=None)


@pytest.mark.parametrize("changes", [2**20 - 1, 2**20, 2**20 + 1, 2**21, 2**22])
def test_a_million_changes_of_rights_are_no_ending(versions, changes):
    lenient = CacheVersions("shared", adopt_unversioned=True, refresh_when_lost=True)
    stamp = str(versions("7"))
    counted_up("shared", changes - 1)
    last = str(versions("7"))
    versions.bump("7")
    now = str(versions("7"))
    assert now not in (stamp, last)
    assert versions.may_refresh(stamp, now)
    assert versions.may_refresh(last, now)
    assert lenient.may_refresh(None, now)
    versions.bump("7", refresh=False)
    ended = str(versions("7"))
    assert not any(versions.may_refresh(one, ended) for one in (stamp, last, now))
    assert not any(lenient.may_refresh(one, ended) for one in (stamp, now, None))
    counted_up("shared", changes - 1)
    versions.bump("7")
    assert not any(lenient.may_refresh(one, str(versions("7"))) for one in (stamp, now, None))
    assert versions.may_refresh(ended, str(versions("7")))


def test_a_session_that_slept_through_more_changes_than_anybody_makes_is_like_one_whose_version_was_lost(versions):
    stamp = str(versions("7"))
    counted_up("shared", 2**24)
    assert not versions.may_refresh(stamp, str(versions("7")))
    assert CacheVersions("shared", refresh_when_lost=True).may_refresh(stamp, str(versions("7")))


def test_a_session_that_never_had_a_version_is_not_renewed(versions):
    """It is unknown whether its user had been logged out before the version was lost."""
    assert not versions.may_refresh(None, str(versions("7")))


def test_a_project_that_introduces_versions_may_renew_those_until_their_user_is_signed_out(versions):
    lenient = CacheVersions("shared", adopt_unversioned=True)
    assert lenient.may_refresh(None, str(lenient("7")))
    lenient.bump("7")
    assert lenient.may_refresh(None, str(lenient("7")))
    assert not lenient.may_refresh("1", str(lenient("7")))
    lenient.bump("7", refresh=False)
    lenient.bump("7")
    assert not lenient.may_refresh(None, str(lenient("7")))


def test_what_was_lost_is_another_version_and_not_renewed():
    stamp = cached_version("7")
    cache.clear()
    now = cached_version("7")
    assert now != stamp
    assert not cached_version.may_refresh(str(stamp), str(now))


def test_a_project_may_choose_to_renew_what_was_lost_but_not_what_was_ended():
    lenient = CacheVersions(refresh_when_lost=True)
    stamp = str(lenient("7"))
    cache.clear()
    assert lenient.may_refresh(stamp, str(lenient("7")))
    lenient.bump("7", refresh=False)
    assert not lenient.may_refresh(stamp, str(lenient("7")))


@pytest.mark.parametrize(
    "stamp", ["", "x", "-1", "\N{ARABIC-INDIC DIGIT SEVEN}", "\N{SUPERSCRIPT TWO}", "9" * 30, "9" * 5000]
)
def test_a_stamp_of_another_store_is_not_renewed(stamp):
    assert not cached_version.may_refresh(stamp, str(cached_version("7")))


def test_every_user_has_a_version_of_its_own():
    one, other = cached_version("7"), cached_version("8")
    cached_version.bump("7")
    assert cached_version("7") != one
    assert cached_version("8") == other


def test_an_ending_is_never_undone_by_a_change_of_rights_at_the_same_time():
    for _ in range(20):
        stamp = str(cached_version("7"))
        with ThreadPoolExecutor(4) as pool:
            done = [pool.submit(cached_version.bump, "7", refresh=refresh) for refresh in (True, False, True, True)]
            assert [one.result() for one in done] == [None] * 4
        assert not cached_version.may_refresh(stamp, str(cached_version("7")))


def test_whoever_is_first_draws_the_version():
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(cached_version, ["7"] * 50))) == 1


def test_a_look_up_is_one_get(settings):
    settings.CACHES = {"default": {"BACKEND": f"{__name__}.Counting", "LOCATION": "counting"}}
    cached_version("7")
    Counting.gets = 0
    cached_version("7")
    assert Counting.gets == 1


def test_the_keys_fit_every_cache_and_name_nobody(settings):
    settings.CACHES = {"default": {"BACKEND": LOCMEM, "LOCATION": "keys"}}
    user_id = "ann@example.org \N{SNOWMAN}" + "x" * 230
    cached_version(user_id)
    (key,) = caches["default"]._cache
    assert len(key) < 200
    assert "ann" not in key
    assert key.isascii()


def test_the_number_fits_the_signed_64_bits_of_redis():
    for _ in range(100):
        cached_version.bump("7", refresh=False)
        assert 0 < cached_version("7") < 2**62 + 2**61


def test_a_cache_that_keeps_nothing_is_an_error(settings):
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}
    with pytest.raises(LookupError):
        cached_version("7")
    for refresh in (True, False):
        with pytest.raises(LookupError):
            cached_version.bump("7", refresh=refresh)


@pytest.mark.parametrize("refresh", [True, False])
def test_a_change_that_was_not_kept_is_an_error(settings, refresh):
    settings.CACHES = {"default": {"BACKEND": f"{__name__}.Deaf", "LOCATION": "deaf"}}
    before = cached_version("7")
    with pytest.raises(LookupError, match="did not store the new version"):
        cached_version.bump("7", refresh=refresh)
    assert cached_version("7") == before


def test_somebody_elses_entry_is_no_version(settings):
    settings.CACHES = {"default": {"BACKEND": LOCMEM, "LOCATION": "foreign"}}
    cached_version("7")
    (key,) = caches["default"]._cache
    caches["default"].set(key.split(":", 2)[2], True)
    with pytest.raises(LookupError):
        cached_version("7")
