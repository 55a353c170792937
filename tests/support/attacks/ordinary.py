"""Ordinary requests that the guard must not deny because of the form of their path."""

from __future__ import annotations

from urllib.parse import quote

from .spellings import Wire

NAMES = [
    *(
        "Caf\u00e9",
        "cafe\u0301",
        "Zo\u00eb",
        "\u6771\u4eac",
        "\u041c\u043e\u0441\u043a\u0432\u0430",
        "\u05e2\u05d1\u05e8",
    ),
    *("\u0130stanbul", "\u0131s\u0131", "stra\u00dfe", "\u017ftadt", "\u212aelvin", "\u1e9e", "\ufb01n", "\u2168"),
    *(
        "a b",
        "a  b",
        "a\u00a0b",
        "a\u3000b",
        "caf\u00e9 au lait",
        "\U0001f469\u200d\U0001f680",
        "a\u200bb",
        "\u202eabc",
    ),
    *("v1.2.3.tar.gz", ".hidden", "..hidden", "...", "a..b", "file.", "-", "_", "~me", "*", "**", "$", "^", "|"),
    *("a;b", "a;b=c", "user@example.org", "@me", "a,b", "a:b", "a=b", "a&b", "a+b", "it's", '"q"', "(x)", "[1]", "{x}"),
    *("100%", "50%25", "%41dmin", "%2e%2e", "%2Fadmin%2F", "%252e", "%0A", "%00", "C:\\temp", "\\\\host\\share"),
    *("what?", "c#", "<b>", "Admin", "ADMIN", "admin", "kiosk", "KIOSK", "AD-MIN", "x" * 500, "\u00fc" * 300),
]
# Scripts with joiners and marks, composed and decomposed, and texts that only look like a Windows path.
MARKED = [
    "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
    "\u06a9\u062a\u0627\u0628\u200c\u0647\u0627\u06cc \u06f1\u06f4\u06f0\u06f3",
    "\u0642\u064f\u0631\u0652\u0622\u0646",
    "\u05e9\u05b8\u05c1\u05dc\u05d5\u05b9\u05dd",
    "\u0915\u094d\u0937\u0924\u094d\u0930\u093f\u092f",
    *("\ud55c\uad6d\uc5b4", "\u1112\u1161\u11ab\u1100\u116e\u11a8"),
    *("Ti\u1ebfng Vi\u1ec7t", "Tie\u0302\u0301ng Vie\u0323\u0302t"),
    *("e\u0301\u0323" * 40, "z\u0317\u0301\u0335" * 9, "\u0301" * 70),
]
BACKSLASHED = [
    *("C:\\Users\\me", "AC\\DC", "a\\b\\c", "\\alpha", "\\frac{a}{b}", "\\", "a\\", ".\\x"),
    *("\\\\", "x\\.\\y", "\u00e9\\E\u0301", "admin\\x", "x\\admin", "1.\\2.\\"),
]
NAMES += [*MARKED, *BACKSLASHED]
PLACES = ["/wiki/{}", "/wiki/Main/{}/talk/", "/files/{}", "/files/2024/{}.pdf", "/people/{}/", "/forum/{}"]
# Text ids that look like numbers, which no rule names, and `+` and `_` in slugs.
NUMBERED = [
    "007",
    "0042",
    "00",
    "+49-30-1234",
    "+1",
    "1_000",
    "2024_01_05",
    "_7",
    "7_",
    "a_b",
    "a+b",
    "-07",
    "\u0664\u0662",
]
NUMBERED += [
    "\uff14\uff12",
    "08.15",
    "0x07",
    "1e5",
    "07 08",
    " 8",
    "8 ",
    "9" * 60,
    "0" * 60 + "8",
    "1.0",
    "\u06f4\u06f2",
]
IN_SLUGS = ["007", "0042", "1_000", "2024_01_05", "_7", "7_", "-07", "a_b", "0x07", "1e5", "0" * 60 + "8"]
NUMBERED_PLACES = [
    "/people/{}/",
    "/wiki/{}",
    "/wiki/2024/{}/talk",
    "/files/{}/09.pdf",
    "/parts/{}/",
    "/parts/{}/print/",
]
NEIGHBOURS = [
    "/administrator/",
    "/admins/",
    "/my/admin/",
    "/kiosks/x",
    "/item/70/",
    "/item/8/",
    "/item/08/",
    "/item/17/",
]
AS_TYPED = [
    "/wiki/http://example.org/x",
    "/wiki/a//b",
    "/wiki/a/b/c/",
    "/wiki/C%2B%2B",
    "/wiki/AC%2FDC",
    "/wiki/My/admin/page",
    "/wiki/a;v=1/b;v=2",
    "/wiki/%E2%82%AC",
    "/wiki/%e2%82%ac",
    "/wiki/%7Eme",
    "/wiki/caf%C3%A9?next=/admin/",
    "/wiki/?q=../../admin",
    "/wiki/?q=%2Fadmin%2F%0A",
    "/FORUM/Admin/",
    "/Forum/x",
    "/open/page/",
    "/login/?next=/admin/",
    "/media/public/report.txt",
    "/files/" + "/".join(["deep"] * 300),
    "/files/" + "a.b/" * 200 + "c",
    "/files/" + "a%5Cb/" * 200 + "c",
    "/files/" + "%C3%A9/" * 400,
    "/files/" + "e%CC%81%CC%A3/" * 300,
    "/wiki/" + "%D9%85%DB%8C%E2%80%8C" * 200,
    "/wiki/notes/%5C%5Chost%5Cshare%5Cadmin",
    "/files/2024/..%5C2023/plan.txt",
    "/forum/e%CC%81%CC%A3" + "%CC%81" * 500,
]

ORDINARY = [
    *(Wire(place.format(quote(name, safe="/;@"))) for place in PLACES for name in NAMES),
    *(Wire(place.format(quote(text, safe="+"))) for place in NUMBERED_PLACES for text in NUMBERED),
    *(Wire(f"/tickets/{text}/") for text in IN_SLUGS),
    *(Wire(target) for target in (*NEIGHBOURS, *AS_TYPED)),
    *(Wire(target, method=verb) for verb in ("HEAD", "OPTIONS", "POST", "PROPFIND") for target in AS_TYPED[:12]),
    *(Wire(place.format("x"), mount=mount) for place in PLACES for mount in ("/mount", "/a/b", "/wiki")),
    *(Wire("/wiki/x", headers=(("X-Original-URL", "/admin/"),)) for _ in range(1)),
]
