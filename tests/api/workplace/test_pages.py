"""What pages show, whom they let in, and how many queries each needs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import event

from api.scopes import ROLE_SCOPES
from api.workplace import ROUTERS
from api.workplace.framing import PageRoute
from audit.operations import reviewers
from audit.records.access import Role
from audit.records.evidence import Check
from audit.records.oversight import Flag, Policy, Review
from audit.records.register import Interview
from audit.records.searches import AlikePair
from tests.api.workplace.conftest import Office, Person

MOST_QUERIES = 12
ARCHIVES = ("/app/reports/{report_id}/bundle", "/app/ledger/{sequence}/proof")
"""No pages: put together while they are fetched."""
NOBODYS = ("/app/settings/models/", "/app/settings/signals/", "/app/settings/rule-packs/")
"""Beginnings of pages about the installed service: the same for every organisation."""
ALSO = {
    "/app/reports/{report_id}/cancel": "fairness_audits:read",
    "/app/reports/schedules/{schedule_id}/end": "fairness_audits:read",
}
"""What making reports of such a kind needs besides, as over the API."""


@pytest.fixture(scope="module")
def people(office: Office) -> dict[str, Person]:
    """One of each role of acme, and compliance of globex."""
    found = {role.value: office.signed_in(role.value) for role in Role}
    found["foreign"] = office.signed_in("compliance", "globex")
    with office.service.store.unit("acme") as unit:
        for each in found.values():
            reviewers.register(
                unit, person=each.reference, may_change=True, training="course-3", teams=()
            )
    return found


@pytest.fixture(scope="module")
def case(office: Office) -> str:
    """A case that a flag of a check opened."""
    return opened_case(office)


def opened_case(office: Office) -> str:
    """A new case of a flag."""
    flag_id = office.world.flags()["needs_human_review"]
    with office.service.store.reading("acme") as unit:
        return str(unit.get(Flag, flag_id).review_id)


@pytest.fixture(scope="module")
def checked(office: Office) -> Check:
    """A finished check."""
    made = office.world.check(finished=True)
    with office.service.store.reading("acme") as unit:
        return unit.get(Check, made)


@contextmanager
def counted(office: Office) -> Iterator[list[str]]:
    """The statements that are sent meanwhile, but for those that begin transactions."""
    seen: list[str] = []

    def note(_c: object, _k: object, statement: str, *_: object) -> None:
        if statement != "BEGIN":
            seen.append(statement)

    event.listen(office.service.store.engine, "before_cursor_execute", note)
    yield seen
    event.remove(office.service.store.engine, "before_cursor_execute", note)


@pytest.fixture(scope="module")
def ids(office: Office, case: str, checked: Check) -> dict[str, str]:
    """What stands in the addresses of pages: something of acme of each kind."""
    report, link, _ = office.world.link()
    person = office.world.person()
    return {
        "review_id": case,
        "interview_id": checked.interview_id,
        "media_id": checked.media_id,
        "audit_id": office.world.audited(),
        "table_id": office.table(b"id,sex,hired\n1,F,yes\n2,M,no\n"),
        "name": "groups",
        "form": "json",
        "report_id": report,
        "link_id": link,
        "system_id": person.system.id,
        "candidate_id": person.candidate.id,
        "consent_id": person.consent.id,
        "schedule_id": office.world.schedule(),
        "request_id": office.world.request("opt_out"),
        "key_id": office.world.key(),
        "policy_id": policy_id(office),
        "endpoint_id": office.world.endpoint(),
        "delivery_id": office.world.delivery(),
        "hold_id": office.world.hold(),
        "weight": "face_mesh",
        "signal": "faces",
        "pack_id": "ll144",
        "user_id": office.person("auditor", name="looked-at").id,
        "sequence": str(office.last_entry()),
    }


def policy_id(office: Office) -> str:
    """A stored version of a policy."""
    name = office.world.policy()
    with office.service.store.reading("acme") as unit:
        found = unit.find(Policy, name=name)
    assert found is not None
    return found.id


def paths(ids: dict[str, str]) -> dict[str, str]:
    return {
        route.path: route.path.format(**ids)
        for router in ROUTERS
        for route in router.routes
        if isinstance(route, PageRoute)
    }


def test_each_page_and_action_with_each_role_and_a_foreign_tenant(
    office: Office, people: dict[str, Person], ids: dict[str, str]
) -> None:
    filled = paths(ids)
    for route in (each for router in ROUTERS for each in router.routes):
        if not isinstance(route, PageRoute) or "sign-out" in route.path:
            continue
        for method in route.methods or ():
            for role, person in people.items():
                path = filled[route.path]
                answer = person.get(path) if method == "GET" else person.post(path)
                held = ROLE_SCOPES[Role("compliance" if role == "foreign" else role)]
                needed = {route.guard.scope, ALSO.get(route.path)} - {None}
                if not needed <= held:
                    assert answer.status_code == 403, (path, role)
                elif role == "foreign" and "{" in route.path and not path.startswith(NOBODYS):
                    assert answer.status_code == 404, (path, role)
                else:
                    assert answer.status_code < 500, (path, role)
                    assert answer.status_code not in (401, 403, 404), (path, role)
                assert answer.headers["content-security-policy"].count("unsafe") == 0
    assert office.world.tenant == "acme"


def test_without_a_session_each_page_asks_to_sign_in(office: Office, ids: dict[str, str]) -> None:
    stranger = office.person("compliance", name="stranger")
    for path in paths(ids).values():
        for answer in (stranger.get(path), stranger.plain(path, {})):
            assert answer.status_code in (303, 405), path
            if answer.status_code == 303:
                assert answer.headers["location"].startswith("/app/sign-in")


def test_no_page_sends_more_than_twelve_queries(
    office: Office, people: dict[str, Person], ids: dict[str, str]
) -> None:
    for _ in range(3):
        office.world.check()
    for route, path in paths(ids).items():
        if route in ARCHIVES or people["compliance"].get(path).status_code != 200:
            continue
        with counted(office) as seen:
            people["compliance"].get(path)
        assert len(seen) <= MOST_QUERIES, (path, seen)


def test_navigation_shows_what_a_role_may_open(people: dict[str, Person]) -> None:
    shown = {role: person.get("/app").text for role, person in people.items()}
    assert 'href="/app/review"' in shown["compliance"] and 'href="/app/review"' in shown["auditor"]
    assert "/app/interviews" in shown["platform"] and "/app/review" not in shown["platform"]
    assert "/app/review" not in shown["admin"] and "/app/interviews" not in shown["admin"]


def test_an_interview_shows_where_to_look(people: dict[str, Person], checked: Check) -> None:
    page = people["compliance"].get(f"/app/interviews/{checked.interview_id}?t=12.5").text
    assert f'src="/app/media/{checked.media_id}#t=12.5"' in page
    assert "Where to look" in page and "l-face" in page and "l-signal" in page
    assert "<style" not in page and 'style="' not in page


def test_lists_are_filtered_and_paged(office: Office, people: dict[str, Person]) -> None:
    for _ in range(27):
        office.world.person()
    person = people["compliance"]
    first = person.get("/app/interviews").text
    assert first.count('<th scope="row">') == 25
    older = first.partition('rel="next" href="')[2].partition('"')[0].replace("&amp;", "&")
    assert person.get(older).text.count('<th scope="row">') >= 2
    assert "No interview is like that" in person.get("/app/interviews?job=none-such").text


def test_a_recording_plays_from_where_it_is_asked(
    people: dict[str, Person], checked: Check
) -> None:
    person, path = people["compliance"], f"/app/media/{checked.media_id}"
    whole = person.get(path)
    assert whole.status_code == 200 and len(whole.content) == int(whole.headers["content-length"])
    some = person.get(path, headers={"Range": "bytes=100-199"})
    assert some.status_code == 206 and some.content == whole.content[100:200]
    assert some.headers["content-range"] == f"bytes 100-199/{len(whole.content)}"
    rest = person.get(path, headers={"Range": f"bytes={len(whole.content) - 7}-"})
    assert rest.content == whole.content[-7:]
    assert person.get(path, headers={"Range": "bytes=99999999-"}).status_code == 422


def test_a_case_is_taken_decided_and_closed_on_its_page(
    office: Office, people: dict[str, Person]
) -> None:
    case = opened_case(office)
    person, path = people["compliance"], f"/app/review/{case}"
    newcomer = office.signed_in("compliance", name="newcomer")
    assert "not registered as a reviewer" in newcomer.get(path).text
    assert newcomer.post(f"{path}/take").status_code == 404
    assert person.post(f"{path}/take").headers["location"] == f"{path}?done=assigned"
    page = person.get(path)
    assert "No score is shown" in page.text and "log10" not in page.text
    empty = person.post(f"{path}/decide", {"rationale": "  "})
    assert empty.status_code == 422
    assert all(f'id="fault-{each}"' in empty.text for each in ("outcome", "evidence", "rationale"))
    with office.service.store.reading("acme") as unit:
        evidence = list(unit.get(Review, case).case.evidence)
    form = {"outcome": "upheld", "evidence": evidence, "rationale": "I looked at it <b>twice</b>."}
    other = opened_case(office)
    done = person.post(f"{path}/decide", form | {"then": "next"})
    onward = done.headers["location"].partition("?")[0]
    assert onward.startswith("/app/review/rev_") and onward != path
    assert person.get(f"{onward}/next").headers["location"] != onward
    assert newcomer.post(f"/app/review/{other}/decide", form).status_code == 404
    assert "&lt;b&gt;twice" in person.get(path).text
    with office.service.store.ledger("acme") as ledger:
        told = [e.kind.value for e in ledger.entries() if e.subject == case]
    assert {"review_decided", "score_withheld"} <= set(told)


def test_a_case_of_an_audit_leads_to_the_audit(office: Office, people: dict[str, Person]) -> None:
    audit = office.world.audited()
    with office.service.store.reading("acme") as unit:
        raised = next(each for each in unit.every(Flag, subject=audit) if each.review_id)
    page = people["compliance"].get(f"/app/review/{raised.review_id}").text
    assert f'href="/app/fairness/{audit}"' in page and "not about a recording" not in page


def test_a_case_of_two_who_are_alike_leads_to_the_sessions_of_both(
    office: Office, people: dict[str, Person]
) -> None:
    made = office.world.pair()
    with office.service.store.reading("acme") as unit:
        pair = unit.get(AlikePair, made)
        review = unit.get(Flag, str(pair.flag_id)).review_id
        whom = {pair.candidate_id, str(pair.other_id)}
        sessions = [unit.find(Interview, candidate_id=each) for each in whom]
    page = people["compliance"].get(f"/app/review/{review}").text
    assert "By face: alike" in page and "no ground to decline anybody" in page
    for each in sessions:
        assert each is not None and f"/app/interviews/{each.id}" in page
