"""Sign-in through a company's identity provider: who is let in, as what, and what is refused."""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey
from pydantic import SecretStr, ValidationError

from api.identity_provider import CompanyRefused, Provider
from api.workplace import users
from audit.errors import StepRefused
from audit.records.access import Role
from audit.records.users import User
from audit.settings import Company
from tests.api.client import TestClient
from tests.api.workplace.conftest import Office

ISSUER = "https://id.acme.example/realm"
COMPANY = Company(
    issuer=ISSUER,
    client_id="fairwitness",
    client_secret=SecretStr("s3cret"),
    label="Acme account",
    roles={"fw-compliance": Role.COMPLIANCE, "fw-audit": Role.AUDITOR},
)
Change = Callable[[dict[str, Any]], None]


class Maker:
    """An identity provider that answers as OpenID Connect says, unless told to lie."""

    def __init__(self) -> None:
        self.key = ECKey.generate_key("P-256", {"kid": "one"})
        self.signs_with: Any = self.key
        self.header: dict[str, Any] = {"alg": "ES256", "kid": "one"}
        self.issuer = ISSUER
        self.lies: Change = lambda claims: None
        self.claims: dict[str, Any] = {}
        self.exit: object = f"{ISSUER}/logout"
        self.codes: dict[str, dict[str, str]] = {}
        self.asked: list[str] = []

    def authorize(self, address: str, **who: Any) -> str:
        """The person signs in there: the query that the browser brings back."""
        query = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        code = f"code-{len(self.codes)}"
        self.codes[code] = query
        self.claims = {
            "iss": ISSUER,
            "aud": query["client_id"],
            "sub": "person-1",
            "nonce": query["nonce"],
            "iat": int(time.time()),
            "exp": int(time.time()) + 300,
            **who,
        }
        return f"code={code}&state={query['state']}"

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url.path)
        if request.url.path.endswith("openid-configuration"):
            found: dict[str, Any] = {
                "issuer": self.issuer,
                "authorization_endpoint": f"{ISSUER}/authorize",
                "token_endpoint": f"{ISSUER}/token",
                "jwks_uri": f"{ISSUER}/keys",
                "end_session_endpoint": self.exit,
            }
            return httpx.Response(200, json=found)
        if request.url.path.endswith("/keys"):
            return httpx.Response(200, json={"keys": [self.key.as_dict(private=False)]})
        form = {name: values[0] for name, values in parse_qs(request.content.decode()).items()}
        begun = self.codes.pop(form["code"], None)
        proof = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest())
        basic = "Basic " + base64.b64encode(b"fairwitness:s3cret").decode()
        fits = begun is not None and begun["code_challenge"] == proof.decode().rstrip("=")
        if not fits or request.headers["authorization"] != basic:
            return httpx.Response(400, json={"error": "invalid_grant"})
        self.lies(self.claims)
        token = jwt.encode(self.header, self.claims, self.signs_with)
        return httpx.Response(200, json={"id_token": token, "token_type": "Bearer"})


@pytest.fixture
def maker(office: Office) -> Maker:
    """acme's provider, known to the app."""
    made = Maker()
    provider = Provider(COMPANY, lambda: httpx.Client(transport=httpx.MockTransport(made.answer)))
    office.world.frame.client.app.state.frame.companies["acme"] = provider  # type: ignore[attr-defined]
    return made


@pytest.fixture
def client(office: Office) -> TestClient:
    return TestClient(office.world.frame.client.app, client=("127.0.0.1", 40001))


def begun(client: TestClient, to: str = "/app/review") -> str:
    answer = client.get(f"/app/sign-in/company/acme?to={to}", follow_redirects=False)
    assert answer.status_code == 303
    return str(answer.headers["location"])


def come_back(client: TestClient, query: str) -> httpx.Response:
    return client.get(f"/app/sign-in/company/acme/back?{query}", follow_redirects=False)


def user_of(office: Office, name: str) -> User:
    with office.service.store.reading("acme") as unit:
        found = unit.find(User, name=name)
    assert found is not None
    return found


def test_a_person_comes_in_by_their_company_and_keeps_one_account(
    office: Office, maker: Maker, client: TestClient
) -> None:
    assert "Acme account" in client.get("/app/sign-in").text
    address = begun(client)
    query = parse_qs(urlsplit(address).query)
    assert address.startswith(f"{ISSUER}/authorize?") and query["scope"] == ["openid profile"]
    assert query["code_challenge_method"] == ["S256"]
    who = {"preferred_username": "Jo.Doe@acme.example", "groups": ["staff", "fw-audit"]}
    done = come_back(client, maker.authorize(address, **who))
    assert done.status_code == 303 and done.headers["location"] == "/app/review"
    assert client.get("/app/review").status_code == 200
    user = user_of(office, "jo.doe@acme.example")
    assert user.role is Role.AUDITOR and user.password_hash is None
    who["groups"] = ["fw-audit", "fw-compliance"]
    assert come_back(client, maker.authorize(begun(client), **who)).status_code == 303
    again = user_of(office, "jo.doe@acme.example")
    assert again.id == user.id and again.role is Role.COMPLIANCE
    other = {**who, "sub": "person-2"}
    assert come_back(client, maker.authorize(begun(client), **other)).status_code == 303
    with office.service.store.ledger("acme") as ledger:
        entries = [each for each in ledger.entries() if each.subject == user.id]
        told = b"".join(each.line() for each in ledger.entries())
    assert [each.kind.value for each in entries].count("signed_in") == 2
    assert b"jo.doe" not in told and b"person-1" not in told


def test_who_signs_out_here_is_offered_to_sign_out_at_the_company(
    office: Office, maker: Maker, client: TestClient
) -> None:
    who = {"sub": "p-leaves", "preferred_username": "lea", "groups": ["fw-audit"]}
    assert come_back(client, maker.authorize(begun(client), **who)).status_code == 303
    token = client.get("/app").text.partition('name="token" value="')[2].partition('"')[0]
    done = client.post("/app/sign-out", data={"token": token}, follow_redirects=False)
    assert done.headers["location"] == "/app/sign-in?left=acme&done=signed_out"
    assert client.get("/app", follow_redirects=False).status_code == 303
    page = client.get(done.headers["location"]).text
    assert 'href="/app/sign-in/company/acme/leave"' in page and "You are signed out." in page
    there = client.get("/app/sign-in/company/acme/leave", follow_redirects=False)
    address = urlsplit(there.headers["location"])
    assert there.status_code == 303 and address._replace(query="").geturl() == f"{ISSUER}/logout"
    base = office.service.settings.api.base_url.rstrip("/")
    assert parse_qs(address.query) == {
        "client_id": ["fairwitness"],
        "post_logout_redirect_uri": [f"{base}/app/sign-in"],
    }
    assert "/leave" not in client.get("/app/sign-in?left=globex").text
    by_password = office.signed_in("auditor", name="by-password")
    assert "left" not in by_password.post("/app/sign-out").headers["location"]


@pytest.mark.parametrize(
    "lie", [None, 7, "http://id.acme.example/logout", "javascript:alert(1)", "/logout"]
)
def test_nobody_is_sent_to_an_exit_that_is_none(
    maker: Maker, client: TestClient, lie: object
) -> None:
    maker.exit = lie
    page = client.get("/app/sign-in/company/acme/leave", follow_redirects=False)
    assert page.status_code == 200 and "has no address to sign out at" in page.text


def test_whoever_has_no_role_or_was_disabled_stays_out(
    office: Office, maker: Maker, client: TestClient
) -> None:
    nobody = come_back(client, maker.authorize(begun(client), sub="p-9", groups=["staff"]))
    assert nobody.status_code == 401 and "no role here" in nobody.text
    who = {"sub": "p-8", "preferred_username": "eve", "groups": ["fw-audit"]}
    assert come_back(client, maker.authorize(begun(client), **who)).status_code == 303
    with office.service.store.unit("acme") as unit:
        users.disable(unit, user_of(office, "eve"))
    assert client.get("/app/review", follow_redirects=False).status_code == 303
    over = come_back(client, maker.authorize(begun(client), **who))
    assert over.status_code == 401 and "access has ended" in over.text


def test_a_name_that_somebody_has_is_not_their_account(
    office: Office, maker: Maker, client: TestClient
) -> None:
    owner = office.person("compliance", name="taken")
    who = {"sub": "p-7", "preferred_username": "taken", "groups": ["fw-audit"]}
    assert come_back(client, maker.authorize(begun(client), **who)).status_code == 303
    assert user_of(office, "taken").id == owner.id
    assert user_of(office, "taken").subject_hash is None


def test_an_answer_counts_once_and_for_the_browser_that_asked(
    office: Office, maker: Maker, client: TestClient
) -> None:
    query = maker.authorize(begun(client), groups=["fw-audit"])
    stranger = TestClient(office.world.frame.client.app, client=("127.0.0.1", 40002))
    assert come_back(stranger, query).status_code == 401
    assert come_back(client, query.replace("state=", "state=x")).status_code == 401
    assert come_back(client, "error=access_denied&state=").status_code == 401
    query = maker.authorize(begun(client), groups=["fw-audit"])
    assert come_back(client, query).status_code == 303
    assert come_back(client, query).status_code == 401
    away = begun(client, to="https://evil.example/")
    assert (
        come_back(client, maker.authorize(away, groups=["fw-audit"])).headers["location"] == "/app"
    )
    assert client.get("/app/sign-in/company/globex", follow_redirects=False).status_code == 404


LIES: dict[str, Change] = {
    "another issuer": lambda claims: claims.update(iss="https://id.other.example"),
    "another audience": lambda claims: claims.update(aud="somebody-else"),
    "many audiences, none of them the asker": lambda claims: claims.update(
        aud=["fairwitness", "other"], azp="other"
    ),
    "another nonce": lambda claims: claims.update(nonce="x"),
    "no nonce": lambda claims: claims.pop("nonce"),
    "over": lambda claims: claims.update(exp=int(time.time()) - 3600),
    "no end": lambda claims: claims.pop("exp"),
    "nobody": lambda claims: claims.pop("sub"),
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
def test_a_token_that_does_not_hold_is_refused(
    maker: Maker, client: TestClient, lie: Change
) -> None:
    maker.lies = lie
    refused = come_back(client, maker.authorize(begun(client), groups=["fw-audit"]))
    assert refused.status_code == 401 and "does not hold" in refused.text


def test_only_keys_that_the_provider_publishes_sign(maker: Maker, client: TestClient) -> None:
    maker.signs_with = ECKey.generate_key("P-256", {"kid": "one"})
    forged = come_back(client, maker.authorize(begun(client), groups=["fw-audit"]))
    assert forged.status_code == 401 and "not signed by a key" in forged.text
    maker.signs_with, maker.header = (
        OctKey.import_key("s3cret-of-32-bytes-or-more-here"),
        {"alg": "HS256"},
    )
    shared = come_back(client, maker.authorize(begun(client), groups=["fw-audit"]))
    assert shared.status_code == 401 and "not signed by a key" in shared.text
    maker.key = maker.signs_with = ECKey.generate_key("P-256", {"kid": "two"})  # keys are turned
    maker.header = {"alg": "ES256", "kid": "two"}
    assert come_back(client, maker.authorize(begun(client), groups=["fw-audit"])).status_code == 303


def test_a_provider_that_is_away_or_another_is_said(maker: Maker) -> None:
    def away(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("no route")

    for transport, words in (
        (httpx.MockTransport(away), "cannot be reached"),
        (httpx.MockTransport(lambda _: httpx.Response(200, text="<html>")), "cannot be reached"),
        (httpx.MockTransport(lambda _: httpx.Response(500, json={})), "answers 500"),
        (httpx.MockTransport(maker.answer), "another issuer"),
    ):
        maker.issuer = "https://id.other.example"
        provider = Provider(COMPANY, lambda t=transport: httpx.Client(transport=t))  # type: ignore[misc]
        with pytest.raises(CompanyRefused, match=words):
            provider.begin("https://here/back", "/app")


def test_what_a_provider_publishes_is_kept_for_an_hour(maker: Maker) -> None:
    now = [0.0]
    transport = httpx.MockTransport(maker.answer)
    provider = Provider(COMPANY, lambda: httpx.Client(transport=transport), lambda: now[0])
    for _ in range(3):
        provider.begin("https://here/back", "/app")
    assert len(maker.asked) == 1
    now[0] = 3601.0
    provider.begin("https://here/back", "/app")
    assert len(maker.asked) == 2


def test_the_last_who_can_sign_in_may_be_of_the_company(office: Office) -> None:
    with office.service.store.unit("globex") as unit:
        first, _ = users.add(unit, "g-first", Role.ADMIN)
        first = unit.put(replace(first, subject_hash=b"x" * 32))
        with pytest.raises(StepRefused):
            users.refuse_last(unit, first)


@pytest.mark.parametrize(
    "wrong", [{"issuer": "http://id.acme.example"}, {"roles": {}}, {"roles": {"a": "king"}}]
)
def test_settings_of_a_company_are_checked(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Company.model_validate({**COMPANY.model_dump(), **wrong})
