"""A candidate's own page: what it shows, what each action leads to, whom it lets in."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy import event

from audit.clocks import RequestKind
from audit.operations import candidate_links, holds, references, requests
from audit.operations.erasure import erase_candidate
from audit.operations.references import NewReference
from audit.operations.requests import Asked, Decided
from audit.records.evidence import MediaKind, Reference
from audit.records.oversight import Request, Review
from audit.records.register import Candidate, Consent, Stopped
from audit.requests import Answer, RequestState
from audit.store import Store
from reports.document.catalogue import LANGUAGES, catalogue
from tests import databases
from tests.api.conftest import Frame
from tests.api.test_candidate_links import entries
from tests.api.world import Person, World, served

FORMS = {
    RequestKind.CORRECTION: {"wrong": "My place is not Berlin.", "right": "It is Hamburg."},
    RequestKind.HUMAN_ALTERNATIVE: {"need": "Captions, please."},
}
WRITTEN = {
    RequestKind.CORRECTION: "Wrong: My place is not Berlin.\nRight: It is Hamburg.",
    RequestKind.HUMAN_ALTERNATIVE: "Captions, please.",
}
MOST_QUERIES = 12
ENDED = "This link leads nowhere"


@pytest.fixture(scope="module")
def frame(tmp_path_factory: pytest.TempPathFactory, templates: dict[str, str]) -> Iterator[Frame]:
    folder: Path = tmp_path_factory.mktemp("own")
    url = databases.new_sqlite(folder / "fairwitness.db", templates)
    store = Store.open(url, databases.master_keys(), pool_size=5)
    store.add_tenant("acme", "Acme & Sons")
    store.add_tenant("globex", "Globex")
    made = served(store, folder)
    with made.client:
        yield made
    store.close()


@pytest.fixture(scope="module")
def world(frame: Frame) -> World:
    return World(frame, "acme")


@pytest.fixture(scope="module")
def other(frame: Frame) -> World:
    return World(frame, "globex")


@dataclass
class Own:
    """A candidate at their own page."""

    world: World
    person: Person
    link: str
    token: str

    @property
    def id(self) -> str:
        return self.person.candidate.id

    @property
    def candidate(self) -> Candidate:
        with self.world.store.reading(self.world.tenant) as unit:
            return unit.get(Candidate, self.id)

    @property
    def form_token(self) -> str:
        return self.get().text.partition('name="token" value="')[2].partition('"')[0]

    def get(self, below: str = "", **headers: str) -> httpx.Response:
        path = f"/me/{self.token}{below}"
        return self.world.frame.client.get(path, headers=headers, follow_redirects=False)

    def post(
        self, below: str, form: dict[str, str] | None = None, **headers: str
    ) -> httpx.Response:
        return self.world.frame.client.post(
            f"/me/{self.token}{below}",
            data={"token": self.form_token, **(form or {})},
            headers=headers,
            follow_redirects=False,
        )

    def asked(self, **equals: object) -> tuple[Request, ...]:
        with self.world.store.reading(self.world.tenant) as unit:
            return unit.every(Request, candidate_id=self.id, **equals)

    def decide(self, request: str, answer: Answer = Answer.GRANTED, withheld: str = "") -> None:
        with self.world.store.unit(self.world.tenant) as unit:
            decided = Decided(answer=answer, rationale="Because it is so.", withheld=withheld)
            requests.answer(unit, request, decided)


def owner(world: World, *places: str) -> Own:
    person = world.person(*places)
    _, link, token = world.own_page(person)
    return Own(world, person, link, token)


@pytest.fixture
def own(world: World) -> Own:
    return owner(world, "DE")


@contextmanager
def counted(store: Store) -> Iterator[list[str]]:
    """The statements that are sent meanwhile, but for those that begin transactions."""
    seen: list[str] = []

    def note(_c: object, _k: object, statement: str, *_: object) -> None:
        if statement != "BEGIN":
            seen.append(statement)

    event.listen(store.engine, "before_cursor_execute", note)
    yield seen
    event.remove(store.engine, "before_cursor_execute", note)


def test_what_is_used_is_said_in_plain_words(own: Own) -> None:
    page = own.get().text
    assert "Acme &amp; Sons uses software in your interview." in page
    assert "Structured video interview, version 4.2, made by Example Talent" in page
    assert "The software leads the interview." in page
    assert "The result of the software is a main part of the decision." in page
    assert "You have not asked for anything yet." in page
    assert "European Union: your data" in page and "We answer within 1 month." in page
    assert "Regulation (EU) 2016/679, Art. 12 to 17" in page
    assert "New York" not in page and "{" not in page


def test_rights_are_those_of_the_place(world: World) -> None:
    illinois = owner(world, "US-IL").get().text
    assert "We use artificial intelligence when we decide on applications." in illinois
    assert "Above you can read" not in illinois and "2016/679" not in illinois
    city = owner(world, "US-NY-NYC").get().text
    assert "use “I want a human” on this page." in city
    assert "It does not say that we must offer one." in city


@pytest.mark.parametrize("kind", list(RequestKind))
def test_each_action_leads_to_the_same_request_as_over_the_api(
    own: Own, world: World, kind: RequestKind
) -> None:
    assert own.get(f"/ask/{kind.value}").status_code == 200  # the first click; this is the second:
    answer = own.post(f"/ask/{kind.value}", FORMS.get(kind))
    [made] = own.asked()
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/me/{own.token}/requests/{made.id}?done=asked"
    twin = world.person("DE").candidate.id
    body = {"candidate_id": twin, "kind": kind.value, "channel": "own page"}
    body["details"] = WRITTEN.get(kind, "")
    sent = world.frame.send("POST", "/v1/requests", world.keys["platform"], json=body)
    with world.store.reading("acme") as unit:
        same = unit.get(Request, sent.json()["id"])
        reviews = [[r.kind for r in unit.every(Review, request_id=e.id)] for e in (made, same)]
    assert made.state is same.state and made.done == same.done and made.due_at == same.due_at
    assert made.request.details == same.request.details == WRITTEN.get(kind, "")
    clocks = [[d.clock for d in each.request.deadlines] for each in (made, same)]
    assert clocks[0] == clocks[1] and made.request.notes == same.request.notes
    assert reviews[0] == reviews[1]
    [(_, actor, told)] = [e for e in entries(world, made.id) if e[0] == "request_opened"]
    assert actor == own.link and told["channel"] == "own page" and told["kind"] == kind.value
    assert "details" not in told
    page = own.get(f"/requests/{made.id}").text
    if made.due_at is not None:
        assert "An answer is due by" in page and "Art. 12(3)" in page
    assert ("Captions, please." in page) == (kind is RequestKind.HUMAN_ALTERNATIVE)


def test_an_opt_out_stops_everything_in_two_clicks_and_can_be_taken_back(
    own: Own, world: World
) -> None:
    assert "/ask/opt_out" in own.get().text
    own.post("/ask/opt_out")
    [made] = own.asked()
    assert own.candidate.stopped is Stopped.OPTED_OUT
    assert ("opted_out", own.link) in [e[:2] for e in entries(world, own.id)]
    page = own.get().text
    assert "You said no to automated processing on" in page and "/ask/opt_out" not in page
    assert "stopped: you said no" in own.get("/data").text
    assert "Programs stop looking at your interviews" in own.get(f"/requests/{made.id}").text
    assert own.get(f"/requests/{made.id}/withdraw").status_code == 200
    for _ in range(2):
        back = own.post(f"/requests/{made.id}/withdraw")
        assert back.headers["location"].endswith(f"/requests/{made.id}?done=withdrawn")
    assert own.candidate.stopped is Stopped.NOT_STOPPED
    assert [e[0] for e in entries(world, own.id)].count("opt_out_ended") == 1


def test_a_form_that_is_sent_twice_has_one_effect(own: Own) -> None:
    for kind in RequestKind:
        for _ in range(2):
            assert own.post(f"/ask/{kind.value}", FORMS.get(kind)).status_code == 303
    assert len(own.asked()) == len(RequestKind)
    own.post("/ask/correction", {"wrong": "Another thing.", "right": "This."})
    assert len(own.asked(kind=RequestKind.CORRECTION)) == 2


def test_a_correction_has_to_say_what_is_wrong_and_right(own: Own) -> None:
    answer = own.post("/ask/correction", {"wrong": " ", "right": "<b>This</b>"})
    assert answer.status_code == 422 and own.asked() == ()
    assert 'aria-describedby="fault-wrong"' in answer.text and "fault-right" not in answer.text
    assert "&lt;b&gt;This&lt;/b&gt;" in answer.text
    long = own.post("/ask/correction", {"wrong": "a" * 2500, "right": "b" * 2500})
    assert long.status_code == 422 and "Please write less." in long.text and own.asked() == ()


def test_a_consent_is_taken_back_and_what_rests_on_it_is_erased(own: Own, world: World) -> None:
    media = world.media(own.person, MediaKind.REFERENCE)
    new = NewReference(media_id=media.id, consent_id=own.person.consent.id, label="First")
    with world.store.unit("acme") as unit:
        reference = references.add_reference(unit, own.id, new).id
    page = own.get("/data").text
    assert "Comparing your face and voice" in page and "Measures of face and voice, of" in page
    path = f"/consents/{own.person.consent.id}/withdraw"
    assert "What rests on it is erased at once" in own.get(path).text
    with world.store.reading("acme") as unit:
        assert unit.get(Consent, own.person.consent.id).withdrawn_at is None
    for _ in range(2):
        done = own.post(path)
        assert done.headers["location"] == f"/me/{own.token}/data?done=consent_withdrawn"
    with world.store.reading("acme") as unit:
        assert unit.get(Consent, own.person.consent.id).withdrawn_at is not None
        assert unit.find(Reference, id=reference) is None
    [(_, actor, told)] = [
        e for e in entries(world, own.person.consent.id) if e[0] == "consent_withdrawn"
    ]
    assert actor == own.link and told["references_erased"] == [reference]
    assert "Taken back on" in own.get("/data").text
    assert own.get(path).status_code == 303


def test_data_are_handed_out_once_after_access_was_granted(own: Own, world: World) -> None:
    own.post("/ask/access")
    [made] = own.asked()
    path = f"/requests/{made.id}"
    assert own.post(f"{path}/data").status_code == 409
    own.decide(made.id)
    assert "Your data are ready" in own.get(path).text
    file = own.post(f"{path}/data")
    assert file.status_code == 200 and "attachment" in file.headers["content-disposition"]
    body = file.json()
    assert body["candidate"]["id"] == own.id and body["demographics"]["sex"] == "Female"
    assert own.post(f"{path}/data").status_code == 409
    page = own.get(path).text
    assert "Your data were handed out." in page and "Because it is so." in page
    exported = [e for e in entries(world, own.id) if e[0] == "subject_data_exported"]
    assert [(actor, told["request"]) for _, actor, told in exported] == [(own.link, made.id)]


def test_an_answer_is_shown_without_who_gave_it(own: Own) -> None:
    own.post("/ask/deletion")
    [made] = own.asked()
    with own.world.store.unit("acme", actor="key_SECRET") as unit:
        decided = Decided(answer=Answer.REFUSED, rationale="A law keeps it.", by="p-olga")
        requests.answer(unit, made.id, decided)
    page = own.get(f"/requests/{made.id}").text
    assert ">No</h2>" in page and "A law keeps it." in page
    assert "olga" not in page and "SECRET" not in page
    assert own.get(f"/requests/{made.id}/withdraw").status_code == 303
    own.post(f"/requests/{made.id}/withdraw")
    assert own.asked()[0].state is RequestState.ANSWERED


def test_what_is_kept_is_said_with_its_end_and_nothing_of_results(own: Own, world: World) -> None:
    world.media(own.person)
    world.outcome_of(own.person)
    plain = own.get("/data").text
    assert re.search(r"Recording of \d+ \w+ 20\d\d: until \d+ \w+ 20\d\d", plain)
    assert "Your answers about yourself, of" in plain and "Germany" in plain
    assert "legal case" not in plain
    assert "Female" not in plain and "advanced" not in plain + own.get().text
    with world.store.unit("acme") as unit:
        holds.set_hold(unit, reason="Case 12 of Mr. Doe", candidate_id=own.id)
    held = own.get("/data").text
    assert "some of it is kept longer" in held and "Doe" not in held


def test_languages_are_changed_for_the_page_and_for_letters(own: Own, world: World) -> None:
    assert own.post("/language?back=/data", {"language": "es"}).headers["location"] == (
        f"/me/{own.token}/data"
    )
    page = own.get("/data").text
    assert '<html lang="es">' in page and "Mis datos" in page and own.candidate.locale == "en"
    assert re.search(r"Dado el \d+ de \w+ de 20\d\d", page)
    own.post("/letters", {"language": "de"})
    own.post("/letters", {"language": "de"})
    assert own.candidate.locale == "de"
    changes = [e for e in entries(world, own.id) if e[0] == "candidate_changed"]
    assert [(actor, told["fields"]) for _, actor, told in changes] == [(own.link, ["locale"])]
    assert own.post("/language", {"language": "fr"}).status_code == 400
    for back in ("//evil.example", "https://evil.example", "/../app"):
        answer = own.post(f"/language?back={back}", {"language": "en"})
        assert answer.headers["location"] == f"/me/{own.token}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_of_each_language_is_rendered(own: Own, world: World, language: str) -> None:
    own.post("/language", {"language": language})
    pages = [own.get(), own.get("/data")]
    for kind in RequestKind:
        pages.append(own.get(f"/ask/{kind.value}"))
        own.post(f"/ask/{kind.value}", FORMS.get(kind))
    for made in own.asked():
        pages += [own.get(f"/requests/{made.id}"), own.get(f"/requests/{made.id}/withdraw")]
    pages.append(own.get(f"/consents/{own.person.consent.id}/withdraw"))
    for page in pages:
        assert page.status_code == 200 and f'<html lang="{language}">' in page.text
        assert not re.search(r"own_page\.(?!css)|letter_|\{[a-z_]+\}|None", page.text)


def test_languages_have_the_same_texts_and_names() -> None:
    shape = {
        language: {
            key: sorted({name for form in phrase.forms.values() for name in form[1::2]})
            for key, phrase in catalogue(language).phrases.items()
            if key.startswith("own_page.")
        }
        for language in LANGUAGES
    }
    assert shape["en"] == shape["de"] == shape["es"] and len(shape["en"]) > 100
    groups = {name for name in catalogue("en").words if name.startswith("own_")}
    for name in groups:
        held = [catalogue(language).words[name].keys() for language in LANGUAGES]
        assert held[0] == held[1] == held[2]


def everything(own: Own) -> list[str]:
    """Addresses below a link, for GET and for POST."""
    consent = own.person.consent.id
    return ["", "/data", "/ask/opt_out", f"/consents/{consent}/withdraw", "/language", "/letters"]


def test_dead_links_answer_the_same_page_in_the_browsers_language(
    own: Own, world: World, other: World
) -> None:
    ended, erased = owner(world, "DE"), owner(world, "DE")
    with world.store.unit("acme") as unit:
        candidate_links.revoke_link(unit, ended.link)
        erase_candidate(unit, erased.id)
    name, _, mac = own.token.partition(".")
    foreign = owner(other).token
    wrong = [f"{name}.{'A' * 43}", f"{foreign.partition('.')[0]}.{mac}", "nothing"]
    client, texts = world.frame.client, set()
    for token in (ended.token, erased.token, *wrong):
        for below in everything(own):
            for answer in (
                client.get(f"/me/{token}{below}"),
                client.post(f"/me/{token}{below}", data={"token": own.form_token}),
            ):
                if answer.status_code != 405:
                    assert answer.status_code == 404 and ENDED in answer.text
                    texts.add(answer.text)
    assert len(texts) == 1
    german = client.get("/me/nothing", headers={"Accept-Language": "de-AT,en;q=0.5"})
    assert "Dieser Link führt nirgendwohin" in german.text


def test_an_expired_link_leads_nowhere(
    own: Own, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert own.get().status_code == 200
    later = world.store.now() + timedelta(days=91)
    monkeypatch.setattr(world.store, "now", lambda: later)
    assert own.get().status_code == 404
    assert own.post("/ask/opt_out").status_code == 404 and own.asked() == ()


def test_nothing_of_somebody_else_is_behind_a_link(own: Own, world: World, other: World) -> None:
    for stranger in (owner(world, "DE"), owner(other, "DE")):
        stranger.post("/ask/access")
        [theirs] = stranger.asked()
        stranger.decide(theirs.id)
        consent = stranger.person.consent.id
        for below in (f"/requests/{theirs.id}", f"/requests/{theirs.id}/withdraw"):
            assert own.get(below).status_code == 404
        for below in (f"/requests/{theirs.id}/withdraw", f"/requests/{theirs.id}/data"):
            assert own.post(below).status_code == 404
        assert own.post(f"/consents/{consent}/withdraw").status_code == 404
        assert "Your data are ready" in stranger.get(f"/requests/{theirs.id}").text


def test_forms_of_other_sites_and_without_our_token_do_nothing(own: Own) -> None:
    strange = (
        {"origin": "https://evil.example"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site", "origin": "null"},
    )
    for headers in strange:
        assert own.post("/ask/opt_out", **headers).status_code == 403
    assert own.post("/ask/opt_out", {"token": "x" * 43}).status_code == 403
    stolen = owner(own.world, "DE").form_token
    assert own.post("/ask/opt_out", {"token": stolen}).status_code == 403
    assert own.asked() == () and own.candidate.stopped is Stopped.NOT_STOPPED
    hidden = {"origin": "null", "sec-fetch-site": "same-origin"}
    assert own.post("/ask/opt_out", **hidden).status_code == 303


def test_headers_keep_the_address_and_the_page_to_the_person(own: Own) -> None:
    for answer in (own.get(), own.get("/data"), own.get("/ask/opt_out"), own.post("/ask/access")):
        headers = answer.headers
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cache-control"] == "no-store"
        assert headers["x-robots-tag"] == "noindex, nofollow"
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy and "script" not in policy
        assert "set-cookie" not in headers
        assert "<script" not in answer.text and "style=" not in answer.text


def test_the_page_is_for_a_few_requests_a_minute(
    light_store: Store, frame_of: Callable[..., Frame]
) -> None:
    world = World(frame_of(light_store, public_per_minute=3), "acme")
    _, _, token = world.own_page()
    answers = [world.frame.client.get(f"/me/{token}") for _ in range(4)]
    assert [each.status_code for each in answers] == [200, 200, 200, 429]
    assert "Please wait a moment" in answers[-1].text and "retry-after" in answers[-1].headers


def test_no_page_sends_more_than_twelve_queries(own: Own, world: World) -> None:
    world.media(own.person)
    for kind in RequestKind:
        own.post(f"/ask/{kind.value}", FORMS.get(kind))
    made = own.asked()[0].id
    for below in (*everything(own)[:4], f"/requests/{made}", f"/requests/{made}/withdraw"):
        with counted(world.store) as seen:
            assert own.get(below).status_code == 200
        assert len(seen) <= MOST_QUERIES, (below, seen)


def test_what_a_person_wrote_goes_with_their_data(own: Own, world: World) -> None:
    own.post("/ask/correction", FORMS[RequestKind.CORRECTION])
    with world.store.unit("acme") as unit:
        asked = Asked(
            candidate_id=own.id, kind=RequestKind.DELETION, channel="letter", details="My face."
        )
        requests.receive(unit, asked)
        erase_candidate(unit, own.id)
    assert [each.request.details for each in own.asked()] == ["", ""]
