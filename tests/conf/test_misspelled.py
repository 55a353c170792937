"""Settings that look like ``SESSIONKIT_*``: in which spellings, and which other settings are left alone."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from django.conf import global_settings
from django.test import override_settings

from django_sessionkit import conf
from django_sessionkit.conf.misspelled import misspelled
from django_sessionkit.exceptions import InvalidPolicy
from django_sessionkit.middleware import SessionKitMiddleware

MEANT = {
    "SESSIONKIT_PROTEKT": "SESSIONKIT_PROTECT",
    "SESSION_KIT_PROTECT": "SESSIONKIT_PROTECT",
    "SESSIONSKIT_PROTECT": "SESSIONKIT_PROTECT",
    "SESSION_KITS_EXCLUDE": "SESSIONKIT_EXCLUDE",
    "SESIONKIT_ROLES": "SESSIONKIT_ROLES",
    "SESSIONIKT_ROLES": "SESSIONKIT_ROLES",
    "SESS_ION_KIT_LIMITS": "SESSIONKIT_LIMITS",
    "SESSIONKITPROTECT": "SESSIONKIT_PROTECT",
    "DJANGO_SESSIONKIT_PROTECT": "SESSIONKIT_PROTECT",
    "SESSION_KIT_GLOBALPROTECT": "SESSIONKIT_GLOBAL_PROTECT",
}
OTHERS = [
    *dir(global_settings),
    *("SESSION_ID", "SESSION_KEY", "SESSION_HIT_COUNT", "SESSION_TIMEOUT", "SESSION_SECURITY_WARN_AFTER"),
    *("PROTECT", "DJANGO_SESSION_KEY", "USER_SESSIONS", "SESSIONS"),
]


@pytest.mark.parametrize("name", MEANT)
def test_a_misspelled_setting_stops_the_server(name):
    with override_settings(**{name: []}), pytest.raises(InvalidPolicy) as caught:
        SessionKitMiddleware(lambda request: None)
    assert str(caught.value) == f'{name}: unknown setting; did you mean "{MEANT[name]}"?'


@pytest.mark.parametrize("name", ["SESSIONKIT", "SESSION_KIT", "DJANGO_SESSIONKIT", "SESSIONSKIT"])
def test_one_dict_with_all_settings_is_told_the_variables(name):
    text = f"{name}: unknown setting; write each setting as a variable of its own: "
    for value, names in [
        ({"PROTECT": [], "global_protect": True, "rubbish": 1, 7: 1}, "SESSIONKIT_PROTECT, SESSIONKIT_GLOBAL_PROTECT"),
        ({"SESSIONKIT_ROLES": {}}, "SESSIONKIT_ROLES"),
        ({}, "SESSIONKIT_PROTECT"),
        (["/secret"], "SESSIONKIT_PROTECT"),
    ]:
        with override_settings(**{name: value}), pytest.raises(InvalidPolicy) as caught:
            conf.current()
        assert str(caught.value) == f"{text}{names} = ..."


def test_other_settings_are_left_alone():
    settings = SimpleNamespace(**dict.fromkeys(OTHERS), **dict.fromkeys(conf.DEFAULTS), sessionkit_protect=[])
    assert list(misspelled(settings, conf.DEFAULTS)) == []
