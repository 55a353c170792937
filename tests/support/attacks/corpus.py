"""The hostile requests, grouped by the kind of bypass that they attempt."""

from __future__ import annotations

from collections.abc import Iterable

from .spellings import (
    CONTROLS,
    SPACES,
    Wire,
    dot_segments,
    doubled_slashes,
    encoded,
    interrupted,
    newlines,
    other_verbs,
    padded,
    path_parameters,
    percent_encoded,
    recased,
    suffixed,
    unicode_forms,
    wires,
    with_headers,
)

TASKS = "/admin/tasks/"
KIOSK = "/kiosk/staff/"
CAFE = "/caf\u00e9/tasks/"
MEDIA = "/media/private/report.txt"


REWRITTEN = (TASKS, "/admin//tasks", "/admin/x/../y", "/admin/TASKS", "/admin/;")


# Texts that int() converts to 7.
_SEVENS = ["07", "0007", "+7", "+07", "0_7", "0_0_7", "%207", "7%20", "%C2%A07", "%E2%80%8307", "0" * 50 + "7"]
_SEVENS += ["%D9%A7", "%D9%A0%D9%A7", "%EF%BC%97", "%EF%BC%90%EF%BC%97", "%E0%A5%AD", "0%EF%BC%97", "+%D9%A7"]
_IN_SLUGS = ["07", "0007", "0_7", "0_0_7", "0" * 50 + "7"]


def _below(prefix: str, targets: Iterable[str]) -> list[str]:
    return [prefix + target for target in targets]


_SPELT = [*percent_encoded(TASKS), *doubled_slashes(TASKS), *dot_segments(TASKS)]
_TRANSLATED = [*doubled_slashes(TASKS), *recased(TASKS), *dot_segments(TASKS)]
# The file view resolves its argument and not the path, so ".." stays in its folder, or comes back into it.
_CLIMBS = [
    "/media//../private/report.txt",
    "/media//x/../../private/report.txt",
    "/media///../../../private/report.txt",
    "/media/%2F%2e%2e/private/report.txt",
    "/media/../uploads/private/report.txt",
    "/media/x/../../uploads/private/report.txt",
    "/media/../../attacked_site/uploads/private/report.txt",
    "/media/public/../../uploads//private/./report.txt",
]
_DETOURS = ["/media/public/../private/report.txt", "/media/./private/report.txt", "/media//private/report.txt"]
# For sites on which a backslash also separates segments.
_BACKSLASHES = [
    one.replace("\\", spelt)
    for spelt in ("\\", "%5C", "%5c")
    for one in (
        "/media/private\\report.txt",
        "/media/.\\private\\report.txt",
        "/media/public\\..\\private\\report.txt",
        "/media/public/..\\private/report.txt",
        "/media/x\\../private\\report.txt",
        "/media/..\\uploads\\private\\report.txt",
        "/media/x\\..\\..\\uploads/private/report.txt",
        "/media/../uploads\\private\\report.txt",
        "/media/PRIVATE\\report.txt",
        "/media/..\\..\\site\\uploads\\private\\report.txt",
        "/media/public\\/..\\/private\\/report.txt",
    )
]

HOSTILE: dict[str, list[Wire]] = {
    "percent-encoding": wires("", percent_encoded(TASKS)) + wires("lenient", percent_encoded(KIOSK)),
    "white space": wires("lenient", padded(TASKS, SPACES)) + wires("", [f"/admin/{encoded(one)}" for one in SPACES]),
    "slashes": wires("lenient", doubled_slashes(TASKS)) + wires("", doubled_slashes(TASKS)),
    "dot segments": wires("lenient", dot_segments(TASKS)) + wires("", dot_segments(TASKS)),
    "control characters": wires("lenient", padded(TASKS, CONTROLS), interrupted(TASKS, CONTROLS))
    + wires("", [f"/admin/{encoded(one)}" for one in CONTROLS]),
    "letter case": wires("any-case", recased(KIOSK))
    + wires("any-case-include", recased(KIOSK))
    + wires("lenient", recased(KIOSK)),
    "unicode": wires("lenient", unicode_forms(CAFE)),
    "path parameters": wires("unanchored", path_parameters(TASKS)) + wires("", path_parameters(TASKS)),
    "newlines": wires("newline", newlines(TASKS)) + wires("dollar", newlines(TASKS)) + wires("", newlines(TASKS)),
    "unanchored": wires("unanchored", _below("/x", [TASKS]), _below("/x/..;", [TASKS]), ["/xxadmin/", "/%0Aadmin/x"])
    + wires("unanchored-include", ["/admin/x/tasks/", "/zadmin/tasks/", "/open/admin/tasks/"]),
    "optional parts": wires("optional", ["/admin", "/admin/", "//admin", "//admin/", "/admin/x", "//admin//"])
    + wires("suffixes", ["/report", "/report/"]),
    "optional alternatives": wires("optional-report", ["/report.json", "/report.csv", "/report.json/", "/report.JSON"])
    + wires("optional-word", ["/report.json", "/report.x", "/report%2ejson/"]),
    "suffixes": wires("", suffixed(TASKS)) + wires("suffixes", suffixed("/report"), ["/reportage"]),
    "nested": wires("nested", _SPELT, newlines(TASKS)),
    "languages": wires("translated", _below("/de", _TRANSLATED), _below("/en", _TRANSLATED), ["/pt-br/admin/x"]),
    "aliases": wires("aliases", [f"/item/{'0' * many}7/" for many in range(1, 12)])
    + wires("aliases", [f"/tag/{text}/" for text in ("Secret", "SECRET", "sEcReT", "secreT")])
    + wires("", ["/item/07/", "/item/0000000007/"]),
    "numbers in text": [
        wire
        for site in ("numbers", "numbers-below", "numbers-captured", "numbers-included")
        for wire in wires(
            site, [f"/item/{seven}/" if site != "numbers-below" else f"/item/{seven}" for seven in _SEVENS]
        )
    ]
    + wires("numbers-in-slugs", [f"/item/{seven}/" for seven in _IN_SLUGS]),
    "optional characters": wires("optional-character", ["/crewsettings/", "/crew/settings/"])
    + wires("optional-class", ["/crewsettings", "/crew-settings", "/crew/-/settings/", "/crew---settings/"])
    + wires("optional-group", ["/crewsettings/", "/crew--settings/"]),
    "combined forms": wires(
        "many-forms",
        [f"/{team}red/a/b/c/items/{'0' * many}7/" for team in ("team-", "") for many in range(3)],
    ),
    "pattern classes of a project": wires("own-class", ["/stage-door/tasks/", "/backstage/tasks/"])
    + wires("own-class-include", ["/stage-door/tasks/"]),
    "verbs": other_verbs(TASKS) + other_verbs("/admin/"),
    "headers": with_headers(TASKS, "/open/page/") + with_headers("/admin/", "/login/"),
    "mounted": [wire._replace(mount=mount) for wire in wires("", _SPELT) for mount in ("/mount", "/open", "/login")]
    + [Wire(target, mount="/mounted", site="mounted") for target in ("/wiki/", "/%77iki/", "/wik%69/")],
    "rewritten inside": [
        Wire(target, headers=(("X-Original-URL", to),), site="rewritten")
        for target in ("/page/", "/open/page/", "/login/help/", "/")
        for to in REWRITTEN
    ],
    "rewritten at the login page": [
        Wire(target, headers=(("X-Original-URL", to),), site="rewritten")
        for target in ("/login/", "/login", "/login//")
        for to in REWRITTEN
    ],
    "answered inside": wires("answered", _SPELT, recased(KIOSK), padded(TASKS, SPACES), unicode_forms(CAFE)),
    "public rules": wires("lenient", _below("/open/..", [TASKS, KIOSK]), _below("/open/%2e%2e", [TASKS, KIOSK]))
    + wires(
        "lenient", _below("/open/x/../..", [TASKS]), _below("/open/.%00.", [TASKS]), _below("/open/%20../", [TASKS])
    )
    + wires("unanchored", _below("/open", [TASKS]), _below("/open/page", ["/admin/"])),
    "beside the login page": wires("beside", ["/login//", "/login///", "/login/%2F"]),
    "mounted at the login page": [Wire("/", mount=mount, site="home") for mount in ("/login", "/login/")],
    "files": wires("", [MEDIA, *_DETOURS], percent_encoded(MEDIA)),
    "files outside their folder": wires("", _CLIMBS),
    "backslashes": wires("windows", _BACKSLASHES) + wires("windows-folder", _BACKSLASHES),
}
