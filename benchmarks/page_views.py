"""Every page that a person can see, in an organisation: who looks, where, and what they fill in.

Pages of the workplace are read from its routes. All others are listed here; `unlisted` names what
the service answers besides, so that a page cannot be forgotten.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, get_args

from fastapi.routing import APIRoute
from pydantic import SecretStr

from api.identity_provider import Provider
from api.workplace import users
from api.workplace.fairness import Name
from audit.operations import candidate_links, reviewers, reviews
from audit.operations.languages import nearest
from audit.records.access import Role
from audit.records.oversight import Review
from audit.records.register import Candidate, Consent
from audit.settings import Company
from benchmarks import page_plenty, page_world
from benchmarks.page_world import EMPTY, LONG, OVERFULL, Places, long_name
from reports.document.catalogue import LANGUAGES
from tests.api.workplace.conftest import Person
from tests.api.world import POLICY, World

NO_PAGES = {
    "/healthz": "for tools",
    "/readyz": "for tools",
    "/metrics": "for tools",
    "/openapi.json": "a document",
    "/docs/pages.css": "a file of the program",
    "/challenge-page/capture.js": "a file of the program",
    "/challenge-page/capture.css": "a file of the program",
    "/me-page/own_page.css": "a file of the program",
    "/app/files/{name}": "a file of the program",
    "/app/scheme": "leads back",
    "/app/sign-in/company/{tenant}": "leads to the company",
    "/app/sign-in/company/{tenant}/leave": "leads to the company, or shows the sign-in page",
    "/app/sign-in/company/{tenant}/back": "leads on, or shows the sign-in page",
    "/app/media/{media_id}": "a recording",
    "/app/jobs": "a part of Today",
    "/app/review/{review_id}/next": "leads to the next case",
    "/app/fairness/{audit_id}/progress": "a part of the audit's page",
    "/app/fairness/{audit_id}/cut/rows": "a part of the page of cuts",
    "/app/reports/{report_id}/progress": "a part of the report's page",
    "/app/reports/{report_id}/files/{form}": "a file of a report",
    "/app/reports/{report_id}/bundle": "a file of a report",
    "/app/ledger/{sequence}/proof": "a file",
    "/links/{token}": "a file of a report",
    "/public/{slug}/versions/{number}/files/{format}": "a file of a report",
    "/public/{name}/report-keys.json": "a document",
}
"""Addresses that are read and answer no whole page, each with what it does instead."""
_COMPANY = Company(
    issuer="https://id.example/realm",
    client_id="fairwitness",
    client_secret=SecretStr("not-asked-for"),
    label="Sign in with your account of the Example company",
    roles={"auditors": Role.AUDITOR},
)


@dataclass(frozen=True, slots=True)
class View:
    """A page as somebody sees it.

    Attributes:
        name: of its pictures. route: the address in the program. path: the address to go to.
        who: whose session it is, or None. status: what is answered.
        does: what is filled in or, where the text is empty, clicked, one after the other.
    """

    name: str
    route: str
    path: str
    who: Person | None = None
    status: int = 200
    does: tuple[tuple[str, str], ...] = ()


def unlisted(app: Any, listed: Iterable[View]) -> list[str]:
    """Addresses that the app answers, beside the API, and that are neither a view nor no page."""
    known = {each.route for each in listed} | set(NO_PAGES)
    return sorted(
        route.path
        for route in app.routes
        if "GET" in (getattr(route, "methods", None) or ())
        and not route.path.startswith("/v1")
        and route.path not in known
    )


def views(places: Places, state: str) -> Iterator[View]:
    """All pages of an organisation in a state; what has nothing to show in it is left out."""
    places.office.service.store.seal(state)
    yield from _workplace(places, state)
    yield from _strays(places, state)
    yield from _open(places, state)
    if state != EMPTY:
        world = places.world(state)
        yield from _forms(places, state)
        yield from _odd(places, world)
        yield from _of_candidates(places, world)


def _workplace(places: Places, state: str) -> Iterator[View]:
    store = places.office.service.store
    for route in page_world.pages():
        if route.path in NO_PAGES:
            continue
        person = places.who(state, route.guard.scope)
        path = page_world.address(store, state, route)
        if path is None:
            continue
        name = _slug(route)
        if not path.endswith(str(get_args(Name)[0])):
            yield View(name, route.path, path, person)
            continue
        head = path.rpartition("/")[0]
        for each in get_args(Name):
            yield View(f"{name}-{each}", route.path, f"{head}/{each}", person)


def _strays(places: Places, state: str) -> Iterator[View]:
    """What is shown where there is nothing, or where somebody may not go."""
    person, auditor = places.who(state, "reviews:read"), places.who(state, "keys:write")
    yield View("stray", "", "/app/candidates/cand_0123456789ABCDEFGHJKMNPQRS", person, 404)
    yield View("refused", "", "/app/candidates", auditor, 403)
    yield View("me-stray", "", "/me/0123456789", None, 404)
    yield View("challenge-stray", "", "/challenge/0123456789", None, 404)


def _open(places: Places, state: str) -> Iterator[View]:
    """Pages that need neither a session nor a link."""
    app: Any = places.office.world.frame.client.app
    yield View("sign-in", "/app/sign-in", "/app/sign-in?to=/app/review")
    wrong = (("#name", "somebody"), ("#password", "wrong"), ("#code", "123456"), ("main .main", ""))
    yield View("sign-in-wrong", "/app/sign-in", "/app/sign-in", status=401, does=wrong)
    app.state.frame.companies[state] = Provider(_COMPANY)
    yield View("sign-in-company", "/app/sign-in", "/app/sign-in")
    left = f"/app/sign-in?left={state}&done=signed_out"
    yield View("sign-in-left", "/app/sign-in", left)
    del app.state.frame.companies[state]
    with places.office.service.store.unit(state) as unit:
        name = long_name(len(places.people)) if state == OVERFULL else f"newcomer-{state}"
        _, link = users.add(unit, f"{name[:36]}-new", Role.AUDITOR)
    yield View("welcome", "/app/welcome/{link}", f"/app/welcome/{link}")
    yield View("api", "/docs", "/docs")
    yield View("problems", "/problems", "/problems")
    yield View("problem", "/problems/{code}", "/problems/not_found")


def _forms(places: Places, state: str) -> Iterator[View]:
    """What is answered to forms: shown once, tried, or refused with its fields."""
    admin = places.who(state, "keys:write")
    name = long_name(0) if state == OVERFULL else "Import of interviews"
    made = (("#name", name), ("main .main", ""))
    new = "/app/settings/keys/new?role=platform"
    yield View("key-made", "/app/settings/keys/new", new, admin, does=made)
    tried = (("#text", POLICY.format(name="tried", number=1)), ("main .line button", ""))
    path = "/app/settings/policies/new"
    yield View("policy-tried", path, path, admin, does=tried)
    wrong = (("#text", "policy: no\nrules: 3\n"), ("main .line button", ""))
    yield View("policy-wrong", path, path, admin, status=422, does=wrong)


def _odd(places: Places, world: World) -> Iterator[View]:
    """A check that failed, cases with and without evidence, sessions of two persons."""
    person, store = places.who(world.tenant, "reviews:write"), world.store
    interview = page_plenty.failed_check(world)
    route = "/app/interviews/{interview_id}"
    yield View("interview-failed", route, route.format(interview_id=interview), person)
    case, route = page_plenty.flagged_case(world), "/app/review/{review_id}"
    yield View("case-evidence", route, route.format(review_id=case), person)
    decided, _ = world.review(decided=True)
    yield View("case-decided", route, route.format(review_id=decided), person)
    mine = page_plenty.flagged_case(world)
    with store.unit(world.tenant) as unit:
        reviewers.register(unit, person=person.reference, may_change=True, training="c-3", teams=())
        reviews.assign(unit, mine, person.reference)
    yield View("case-deciding", route, route.format(review_id=mine), person)
    asked = world.request("opt_out")
    with store.reading(world.tenant) as unit:
        [without] = unit.every(Review, request_id=asked)
    yield View("case-no-evidence", route, route.format(review_id=without.id), person)
    many = world.tenant == OVERFULL
    ref, persons = (long_name(777), "AAAAAAABAAAC") if many else ("two-persons", "AAB")
    route, threaded = "/app/candidates/{candidate_id}", page_plenty.thread(world, ref, persons)
    path = route.format(candidate_id=threaded)
    yield View("candidate-thread", route, path, person)
    yield View("candidate-thread-whole", f"{route}/thread", f"{path}/thread", person)


def _of_candidates(places: Places, world: World) -> Iterator[View]:
    """The candidate's own page in each language, the page that records, and what is posted."""
    for language in LANGUAGES:
        yield from _own_page(world, language)
    route, kinds = "/challenge/{token}", ("open", "answered")
    for kind in kinds:
        _, token = world.challenge(answered=kind == "answered")
        yield View(f"challenge-{kind}", route, route.format(token=token))
    _, slug = world.publication()
    yield View("public", "/public/{slug}", f"/public/{slug}")
    route = "/public/{slug}/versions/{number}"
    yield View("public-version", route, route.format(slug=slug, number=1))


def _own_page(world: World, language: str) -> Iterator[View]:
    ref = LONG[:38] + language if world.tenant == OVERFULL else f"person-{language}"
    candidate, consent = _candidate(world, ref)
    waits = world.request_of(candidate.id, "explanation")
    with world.store.unit(world.tenant) as unit:
        _, token = candidate_links.make_link(unit, candidate.id, language=nearest(language))
    base, here = "/me/{token}", f"/me/{token}"
    for name, below, filled in (
        ("home", "", ""),
        ("data", "/data", "/data"),
        ("ask-opt-out", "/ask/{kind}", "/ask/opt_out"),
        ("ask-correction", "/ask/{kind}", "/ask/correction"),
        ("request", "/requests/{request_id}", f"/requests/{waits}"),
        ("request-withdraw", "/requests/{request_id}/withdraw", f"/requests/{waits}/withdraw"),
        (
            "consent-withdraw",
            "/consents/{consent_id}/withdraw",
            f"/consents/{consent.id}/withdraw",
        ),
    ):
        yield View(f"me-{name}-{language}", base + below, here + filled)


def _candidate(world: World, ref: str) -> tuple[Candidate, Consent]:
    """A candidate of Germany who has sessions, consents and a request that was answered."""
    candidate = page_plenty.thread(world, ref, "AAA" if world.tenant == OVERFULL else "A")
    with world.store.reading(world.tenant) as unit:
        found, consent = unit.get(Candidate, candidate), unit.find(Consent, candidate_id=candidate)
    assert consent is not None
    world.request_of(candidate, "access")
    return found, consent


def _slug(route: APIRoute) -> str:
    return route.path.strip("/").replace("/", "-").replace("{", "").replace("}", "")
