"""A candidate's own page: no key and no account, but an address that is signed and ends."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Path, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse
from fastapi.routing import APIRouter
from pydantic import TypeAdapter
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from api import own_page as pages
from api import own_page_facts as facts
from api.call import ServiceDep
from api.forms import form_fields
from api.guarding import GuardedRoute
from api.own_page import Around
from api.problems import Refusal, kinds
from api.routes.paths import ConsentId, RequestId
from api.scopes import public
from api.service import Service
from api.workplace.sessions import check_site
from audit.clocks import RequestKind
from audit.errors import AuditError, NotFound
from audit.operations import candidate_links, own_page
from audit.operations.candidate_links import Opened
from audit.operations.disclosures import Export
from audit.operations.languages import Language
from audit.operations.link_keys import nowhere
from audit.operations.own_page import LONGEST_DETAILS
from audit.store import ReadUnit, UnitOfWork
from audit.store.public import Organisation, organisation_of_candidate_link

T = TypeVar("T")
Handler = Callable[[Request], Coroutine[Any, Any, Response]]
_LINK = public("The address carries a signature; it ends, and can be taken back.", limited=True)
_OPEN = public("Style of the candidate's page; it holds nobody's data.")
_LASTING = {"Cache-Control": "public, max-age=3600"}
_DONE = frozenset({"asked", "withdrawn", "consent_withdrawn", "language"})
_LANGUAGES: Mapping[str, Language] = {"en": "en", "de": "de", "es": "es"}
_WRITTEN = {
    RequestKind.CORRECTION: ("wrong", "right"),
    RequestKind.APPEAL: ("appeal",),
    RequestKind.HUMAN_ALTERNATIVE: ("need",),
}
"""What a person can write with what they ask for."""
_NEEDED = frozenset({"wrong", "right"})
_LABELS = {"wrong": "Wrong: ", "right": "Right: "}


class OwnPageRoute(GuardedRoute):
    """An address of the page. What goes wrong is a page too, in the browser's language."""

    def get_route_handler(self) -> Handler:
        """The framework's handler; nobody learns why a link leads nowhere."""
        inner = super().get_route_handler()

        async def served(request: Request) -> Response:
            try:
                return await inner(request)
            except NotFound:
                return pages.stray_page(request, 404, "ended")
            except Refusal as refusal:
                status = kinds()[refusal.code].status
                answer = pages.stray_page(request, status, "busy" if status == 429 else "failed")
                answer.headers.update(refusal.headers or {})
                return answer
            except AuditError as error:
                return pages.stray_page(request, kinds()[error.code].status, "failed")
            except RequestValidationError:
                return pages.stray_page(request, 404, "ended")
            except HTTPException as error:
                return pages.stray_page(request, error.status_code, "failed")

        return served


@dataclass(frozen=True, slots=True)
class Visit:
    """One request through a link."""

    request: Request
    service: Service
    organisation: Organisation
    token: str = field(repr=False)
    form: Mapping[str, str] = field(repr=False)

    @property
    def path(self) -> str:
        """The address of the first page."""
        return f"/me/{self.token}"

    def read(self, act: Callable[[ReadUnit, Opened], T]) -> tuple[Opened, T]:
        """Reads, where the link leads somewhere. Raises `NotFound`."""
        with self.service.store.reading(self.organisation.tenant) as unit:
            opened = candidate_links.opened(unit, self.token, self.service.now())
            return opened, act(unit, opened)

    def work(self, act: Callable[[UnitOfWork, Opened], T]) -> T:
        """Does something in the person's name; the ledger has the link as who did it.

        Raises `NotFound`; the refusal where the form is of no page that was served here.
        """
        link = candidate_links.link_of(self.token) or ""
        with self.service.store.unit(self.organisation.tenant, actor=link) as unit:
            opened = candidate_links.opened(unit, self.token, unit.now())
            given = self.form.get("token", "").encode()
            if not hmac.compare_digest(opened.form_token.encode(), given):
                raise Refusal("forbidden", "This form is of no page of this link.")
            return act(unit, opened)

    def page(
        self, template: str, opened: Opened, /, *, status: int = 200, **values: object
    ) -> Response:
        """A page in the link's language."""
        around = Around(
            path=self.path,
            organisation=self.organisation.name,
            language=opened.link.language,
            form_token=opened.form_token,
            ends=opened.link.expires_at.date(),
            back=self.request.url.path.removeprefix(self.path),
        )
        done = self.request.query_params.get("done", "")
        shown = {"candidate": opened.candidate, "done": done if done in _DONE else "", **values}
        return pages.page(template, around, status=status, **shown)

    def go(self, below: str = "", done: str = "") -> Response:
        """After a form: on to a page of this link, which says what was done."""
        said = f"?done={done}" if done else ""
        return RedirectResponse(f"{self.path}{below}{said}", 303, headers=pages.HEADERS)


async def _visit(
    request: Request,
    service: ServiceDep,
    token: Annotated[str, Path(max_length=100)],
) -> Visit:
    form: dict[str, str] = {}
    if request.method == "POST":
        check_site(request, hidden=True)
        form = form_fields(await request.body())
    link = candidate_links.link_of(token)
    if link is None:
        raise nowhere()
    found = await run_in_threadpool(organisation_of_candidate_link, service.store, link)
    if found is None:
        raise nowhere()
    return Visit(request, service, found, token, form)


VisitDep = Annotated[Visit, Depends(_visit)]
router = APIRouter(prefix="/me", route_class=OwnPageRoute, include_in_schema=False)
files = APIRouter(prefix="/me-page", route_class=GuardedRoute, include_in_schema=False)


@router.get("/{token}", dependencies=[_LINK])
def home(visit: VisitDep) -> Response:
    """What is used, what can be done at once, what was asked for."""
    now = visit.service.now()
    base_url = visit.service.settings.api.base_url

    def read(unit: ReadUnit, opened: Opened) -> facts.Home:
        language = opened.link.language
        return facts.home(unit, opened.candidate, now=now, language=language, base_url=base_url)

    opened, found = visit.read(read)
    shown = [facts.shown(each, now) for each in found.asked]
    return visit.page("home.html", opened, home=found, asked=shown, offered=facts.OFFERED)


@router.get("/{token}/data", dependencies=[_LINK])
def own_data(visit: VisitDep) -> Response:
    """What is kept until when, consents, and what can be corrected."""
    now = visit.service.now()
    opened, found = visit.read(lambda unit, own: facts.data(unit, own.candidate, now=now))
    language = opened.link.language
    places = [pages.place_name(each, language) for each in opened.candidate.jurisdictions]
    return visit.page("data.html", opened, data=found, places=places)


@router.get("/{token}/ask/{kind}", dependencies=[_LINK])
def ask_page(visit: VisitDep, kind: RequestKind) -> Response:
    """What will happen, and the button: the second click."""
    return _ask_page(visit, kind, {})


@router.post("/{token}/ask/{kind}", dependencies=[_LINK])
def ask(visit: VisitDep, kind: RequestKind) -> Response:
    """Takes in what is asked for; its clocks start."""
    names = _WRITTEN.get(kind, ())
    given = {name: visit.form.get(name, "").strip() for name in names}
    faults = {name: "missing" for name in names if name in _NEEDED and not given[name]}
    details = "\n".join(f"{_LABELS.get(name, '')}{text}" for name, text in given.items() if text)
    if len(details) > LONGEST_DETAILS:
        faults |= {name: "long" for name in names if given[name]}
    if faults:
        return _ask_page(visit, kind, faults)
    asked = visit.work(lambda unit, own: own_page.ask(unit, own.candidate, kind, details))
    return visit.go(f"/requests/{asked.id}", "asked")


@router.get("/{token}/requests/{request_id}", dependencies=[_LINK])
def request_page(visit: VisitDep, request_id: RequestId) -> Response:
    """How a request stands: due date, answer, what was done."""
    opened, found = visit.read(
        lambda unit, own: own_page.request_of(unit, own.candidate, request_id)
    )
    return visit.page("request.html", opened, asked=facts.shown(found, visit.service.now()))


@router.get("/{token}/requests/{request_id}/withdraw", dependencies=[_LINK])
def withdraw_page(visit: VisitDep, request_id: RequestId) -> Response:
    """What taking a request back means, and the button."""
    opened, found = visit.read(
        lambda unit, own: own_page.request_of(unit, own.candidate, request_id)
    )
    if not own_page.may_withdraw(found):
        return visit.go(f"/requests/{request_id}")
    return visit.page("withdraw.html", opened, request=found)


@router.post("/{token}/requests/{request_id}/withdraw", dependencies=[_LINK])
def withdraw(visit: VisitDep, request_id: RequestId) -> Response:
    """Takes a request back; again changes nothing."""
    visit.work(lambda unit, own: own_page.withdraw(unit, own.candidate, request_id))
    return visit.go(f"/requests/{request_id}", "withdrawn")


@router.post("/{token}/requests/{request_id}/data", dependencies=[_LINK])
def save_data(visit: VisitDep, request_id: RequestId) -> Response:
    """The person's data as a file, once, where access was granted."""
    made = visit.work(lambda unit, own: own_page.hand_out(unit, own.candidate, request_id))
    name = f'attachment; filename="{request_id}.json"'
    content = TypeAdapter(Export).dump_json(made, indent=1)
    headers = {**pages.HEADERS, "Content-Disposition": name}
    return Response(content, headers=headers, media_type="application/json")


@router.get("/{token}/consents/{consent_id}/withdraw", dependencies=[_LINK])
def consent_page(visit: VisitDep, consent_id: ConsentId) -> Response:
    """What taking a consent back means, and the button."""
    opened, found = visit.read(
        lambda unit, own: own_page.consent_of(unit, own.candidate, consent_id)
    )
    if found.withdrawn_at is not None:
        return visit.go("/data")
    return visit.page("consent.html", opened, consent=found)


@router.post("/{token}/consents/{consent_id}/withdraw", dependencies=[_LINK])
def withdraw_consent(visit: VisitDep, consent_id: ConsentId) -> Response:
    """Takes a consent back; what rests on it is erased. Again changes nothing."""
    visit.work(lambda unit, own: own_page.withdraw_consent(unit, own.candidate, consent_id))
    return visit.go("/data", "consent_withdrawn")


@router.post("/{token}/language", dependencies=[_LINK])
def show_in(visit: VisitDep, back: Annotated[str, Query(max_length=100)] = "") -> Response:
    """Shows the page in another language from now on."""
    visit.work(lambda unit, own: candidate_links.show_in(unit, own.link.id, _language(visit)))
    return visit.go(_below(back))


@router.post("/{token}/letters", dependencies=[_LINK])
def write_in(visit: VisitDep) -> Response:
    """Corrects the language of letters."""
    visit.work(lambda unit, own: own_page.write_in(unit, own.candidate, _language(visit)))
    return visit.go("/data", "language")


@files.get("/own_page.css", dependencies=[_OPEN])
async def style() -> Response:
    """The style sheet of the page."""
    return Response(pages.style(), media_type="text/css", headers=_LASTING)


def _ask_page(visit: Visit, kind: RequestKind, faults: Mapping[str, str]) -> Response:
    opened, _ = visit.read(lambda unit, own: None)
    return visit.page(
        "ask.html",
        opened,
        status=422 if faults else 200,
        kind=kind.value,
        fields=_WRITTEN.get(kind, ()),
        needed=_NEEDED,
        faults=faults,
        given=visit.form,
        longest=LONGEST_DETAILS // 2,
    )


def _language(visit: Visit) -> Language:
    found = _LANGUAGES.get(visit.form.get("language", ""))
    if found is None:
        raise Refusal("malformed_request", "Choose one of the languages of the page.")
    return found


def _below(back: str) -> str:
    """A page of this link, or its first one: never another address."""
    plain = all(each.isalnum() or each in "/_" for each in back)
    return back if plain and back.startswith("/") and "//" not in back else ""
