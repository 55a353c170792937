"""The page about OpenID Connect and bearer tokens, with a provider whose keys are created here."""

from __future__ import annotations

import base64
import hmac
import json
import time
from functools import lru_cache
from importlib.util import find_spec
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import Group, User
from django.test import AsyncClient, Client, RequestFactory
from support.manual.callers import BROWSER, PROGRAM, caller
from support.manual.markdown import Block
from support.manual.project import Project, Run
from support.manual.responses import same_response
from support.sessions import untimed

from django_sessionkit import conf
from django_sessionkit.sources import SessionSource

if HAS_JWT := bool(find_spec("jwt") and find_spec("cryptography")):
    import jwt
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
    from jwt.algorithms import RSAAlgorithm

pytest_plugins = ["support.manual.fixtures"]

PAGE = "docs/how-to/oidc-and-jwt.md"
ISSUER, API = "https://id.example.org", "https://shop.example.org/api"
CLAIMS = {"iss": "https://id.example", "sub": "4", "email": "a@b", "groups": ["admin", "newsroom-editors"]}


def logged_in(page: Project, claims: dict[str, Any]) -> Any:
    request = RequestFactory().get("/callback/")
    request.session = Client().session
    assert page.module("shop.oidc").finish_login(request, claims)["Location"] == "/"
    return untimed(request.session["__session__"])


def test_log_in(run: Run) -> None:
    page = run(PAGE)
    page.apply({"SESSIONKIT_SOURCE": conf.DEFAULT_SOURCE})
    known = {"user_id": "https://id.example|4", "email": "", "roles": ["editor"]}
    assert logged_in(page, CLAIMS) == known
    assert logged_in(page, {**CLAIMS, "email_verified": "true"}) == known
    assert logged_in(page, {**CLAIMS, "email_verified": True, "groups": None}) == {**known, "email": "a@b", "roles": []}


GROUPS = [
    ({}, []),
    ({"groups": "newsroom-admins"}, ["admin"]),
    ({"groups": "not-newsroom-admins"}, []),
    ({"groups": ["newsroom-admins", "newsroom-editors", 7, {}]}, ["editor", "admin"]),
]


@pytest.mark.parametrize(("claims", "expected"), GROUPS)
def test_groups_follow_the_claims(run: Run, claims: Any, expected: list[str]) -> None:
    page = run(PAGE)
    Group.objects.bulk_create(Group(name=name) for name in ("editor", "admin", "by-hand"))
    user = User.objects.create_user("ann")
    user.groups.set(Group.objects.filter(name__in=["admin", "by-hand"]))
    page.module("shop.groups").follow_claims(user, claims)
    assert {group.name for group in user.groups.all()} == {"by-hand", *expected}


SCOPES = [
    ({}, []),
    ({"scope": "openid stock.read"}, ["stock:read"]),
    ({"scope": ["stock.write", "stock.read"]}, ["stock:read", "stock:write"]),
    ({"scope": "stock.reading admin"}, []),
]


@pytest.mark.parametrize(("claims", "expected"), SCOPES)
def test_scopes(run: Run, claims: Any, expected: list[str]) -> None:
    assert run(PAGE).module("shop.claims").scopes(claims) == expected


def as_text(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode()


def encoded(part: Any) -> str:
    return as_text(json.dumps(part).encode())


@pytest.mark.skipif(not HAS_JWT, reason="needs PyJWT[crypto]")
class TestTokens:
    @pytest.fixture
    def page(self, run: Run) -> Project:
        """Run both parts in one site. ``tokens_only`` removes the pages with cookies."""
        page = run(PAGE)
        page.module("shop.tokens").KEYS.fetch_data = lambda: {"keys": [public_key()]}  # the provider's response
        return page

    def tokens_only(self, page: Project) -> None:
        for block in page.under("Accept access tokens in an API"):
            if block.file == "settings.py":
                page.run_block(block)

    def get(self, token: str, **more: Any) -> Any:
        return Client(headers={"authorization": f"Bearer {token}"}).get("/api/stock/", **more)

    def test_a_good_token_opens_what_its_scope_says(self, page: Project) -> None:
        self.tokens_only(page)
        assert self.get(token()).json() == {"stock": 5}
        assert self.get(token(scope="openid")).status_code == 403
        poster = Client(headers={"authorization": f"bearer {token()}"}, enforce_csrf_checks=True)
        assert poster.post("/api/stock/").status_code == 403
        writer = Client(headers={"authorization": f"Bearer {token(scope='stock.write')}"}, enforce_csrf_checks=True)
        assert writer.post("/api/stock/").status_code == 200

    def test_an_expired_token_is_told_so(self, page: Project) -> None:
        self.tokens_only(page)
        (shown,) = page.under("Accept access tokens in an API", "http")
        assert same_response(shown, self.get(token(exp=int(time.time()) - 1)))
        without = Block(shown.page, shown.line, "http", shown.code.replace(', error="invalid_token"', ""), "")
        assert same_response(without, Client().get("/api/stock/"))
        assert Client(headers={"authorization": "Bearer x"}).get("/news/").status_code == 200

    WRONG = {
        "another issuer": {"iss": "https://id.example.com"},
        "another audience": {"aud": "https://other.example.org"},
        "for the client, as an ID token is": {"aud": "shop-web"},
        "no expiry": {"exp": None},
        "no audience": {"aud": None},
        "no issuer": {"iss": None},
        "no subject": {"sub": None},
        "a subject that no session can have": {"sub": "x" * 300},
        "not valid yet": {"nbf": int(time.time()) + 600},
    }

    @pytest.mark.parametrize("fault", WRONG)
    def test_a_wrong_claim_is_refused(self, page: Project, fault: str, caplog: pytest.LogCaptureFixture) -> None:
        assert self.get(token(**self.WRONG[fault])).status_code == 401
        (line,) = [record.getMessage() for record in caplog.records if record.name == "shop.tokens"]
        assert line.startswith("a token was refused: ")
        assert "example" not in line

    def test_the_short_function_answers_401_and_503(self, page: Project, monkeypatch: pytest.MonkeyPatch) -> None:
        self.tokens_only(page)
        middleware = [one for one in page._settings["MIDDLEWARE"] if one != "shop.tokens.TokenMiddleware"]
        page.apply({"SESSIONKIT_SOURCE": "shop.short.from_token", "MIDDLEWARE": middleware})
        assert self.get(token()).json() == {"stock": 5}
        assert self.get(token(scope="openid")).status_code == 403
        for wrong in (token(exp=1), token(iss="https://id.example.com"), token(head={"kid": "2"}), "x", ""):
            answer = self.get(wrong)
            assert (answer.status_code, answer["WWW-Authenticate"]) == (401, 'Bearer realm="shop"')
        assert Client().get("/api/stock/").status_code == 401

        def unreachable(token: str) -> None:
            raise jwt.PyJWKClientConnectionError("no route to host")

        monkeypatch.setattr(page.module("shop.tokens").KEYS, "get_signing_key_from_jwt", unreachable)
        assert self.get(token()).status_code == 503

    def test_a_wrong_signature_is_refused(self, page: Project) -> None:
        head, body, signature = token().split(".")
        richer = encoded({**claims(), "scope": "stock.write"})
        forged = {
            "none": f"{encoded({'alg': 'none', 'kid': '1'})}.{body}.",
            "None": f"{encoded({'alg': 'None', 'kid': '1'})}.{body}.",
            "changed claims": f"{head}.{richer}.{signature}",
            "no signature": f"{head}.{body}.",
            "the public key as a secret": signed_with_secret(pem()),
            "another key of the provider": token(head={"kid": "2"}),
            "no key": token(head={"kid": None}),
            "not a token": "x",
            "nothing": "",
            "half": f"{head}.{body}",
        }
        assert {name: self.get(text).status_code for name, text in forged.items()} == dict.fromkeys(forged, 401)

    def test_each_side_ignores_the_credentials_of_the_other(self, page: Project) -> None:
        page.apply({"SESSIONKIT_PROTECT": [*page._settings["SESSIONKIT_PROTECT"], {"pattern": "/news", "role": "x"}]})
        both = {**BROWSER, "authorization": f"Bearer {token()}"}
        assert caller(role="x", permissions=["stock:read"]).get("/news/").status_code == 200
        assert caller(role="x", permissions=["stock:read"]).get("/api/stock/").status_code == 401
        assert caller(both, role="x").get("/api/stock/").status_code == 200
        assert caller(both, role="x").get("/news/").status_code == 302
        assert Client(headers=PROGRAM).get("/news/")["WWW-Authenticate"] == SessionSource.challenge
        assert caller({**BROWSER, "authorization": "Basic eDp5"}, role="x").get("/news/").status_code == 200

    def test_the_same_under_asgi(self, page: Project) -> None:
        page.apply({"SESSIONKIT_PROTECT": [*page._settings["SESSIONKIT_PROTECT"], {"pattern": "/news", "role": "x"}]})
        client = AsyncClient()
        client.cookies = caller(role="x").cookies
        bearer = {**BROWSER, "authorization": f"Bearer {token()}"}

        async def answers() -> list[int]:
            paths = ("/api/stock/", "/news/")
            return [(await client.get(path, headers=head)).status_code for head in (bearer, BROWSER) for path in paths]

        assert async_to_sync(answers)() == [200, 302, 401, 200]

    def test_no_other_site_can_make_a_visitor_write(self, page: Project) -> None:
        """The exempt view accepts only a token. The pages keep their CSRF protection."""
        visitor = caller(BROWSER, role="x", permissions=["stock:write"])
        visitor.handler.enforce_csrf_checks = True
        assert visitor.post("/api/stock/").status_code == 401
        assert visitor.post("/news/").status_code == 403
        writer = Client(headers={"authorization": f"Bearer {token(scope='stock.write')}"}, enforce_csrf_checks=True)
        assert writer.post("/api/stock/").status_code == 200


@lru_cache
def private_key() -> Any:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def public_key() -> dict[str, Any]:
    return {**RSAAlgorithm.to_jwk(private_key().public_key(), as_dict=True), "kid": "1", "alg": "RS256", "use": "sig"}


def pem() -> bytes:
    return private_key().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def claims(**changes: Any) -> dict[str, Any]:
    usual = {"iss": ISSUER, "aud": API, "sub": "4", "exp": int(time.time()) + 60, "scope": "openid stock.read"}
    return {name: value for name, value in {**usual, **changes}.items() if value is not None}


def token(head: dict[str, Any] | None = None, **changes: Any) -> str:
    headers = {name: value for name, value in {"kid": "1", **(head or {})}.items() if value is not None}
    return jwt.encode(claims(**changes), private_key(), algorithm="RS256", headers=headers)


def signed_with_secret(secret: bytes) -> str:
    """Sign without PyJWT, which refuses to sign with a public key."""
    text = f"{encoded({'alg': 'HS256', 'kid': '1'})}.{encoded(claims())}"
    return f"{text}.{as_text(hmac.digest(secret, text.encode(), 'sha256'))}"
