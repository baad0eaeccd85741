"""Links to a candidate's own page: signed, recorded, ended by time, by hand, or with the data.

Who holds a link can see what is kept of the candidate and ask for what the candidate can ask for.
A token is the link's identifier and an HMAC-SHA256 over what it stands for, under a key of the
tenant that the key ring seals; without the row there is no link. It is shown once.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from audit.canonical import Json
from audit.ids import new_id
from audit.ledger import EventKind, timestamp
from audit.operations.changes import change
from audit.operations.languages import Language, nearest
from audit.operations.link_keys import id_in, link_key, nowhere, signed, stored_link_key
from audit.operations.register import refuse_erased
from audit.records.oversight import CandidateLink
from audit.records.register import Candidate
from audit.store import ReadUnit, UnitOfWork

SHORTEST = timedelta(hours=1)
LONGEST = timedelta(days=365)
USUAL = timedelta(days=90)
_NAME = "candidate_links"
_FORMAT = "fairwitness-candidate-link/1"


@dataclass(frozen=True, slots=True)
class Opened:
    """A link that was followed: whose page, and the token that forms of the page carry."""

    link: CandidateLink
    candidate: Candidate
    form_token: str


def make_link(
    unit: UnitOfWork,
    candidate_id: str,
    *,
    language: Language | None = None,
    lasts: timedelta = USUAL,
) -> tuple[CandidateLink, str]:
    """A link to a candidate's page, and its token, which is shown this once.

    `language`: of the page; None: the candidate's language of letters, or English.

    Raises:
        NotFound: there is no such candidate.
        CandidateErased: the candidate's data were erased.
    """
    candidate = unit.get(Candidate, candidate_id)
    refuse_erased(candidate)
    link = unit.add(
        CandidateLink(
            id=new_id("cpl"),
            candidate_id=candidate.id,
            language=language or nearest(candidate.locale),
            expires_at=unit.now() + min(max(lasts, SHORTEST), LONGEST),
            created_by=unit.actor,
        )
    )
    body: dict[str, Json] = {"link": link.id, "expires_at": timestamp(link.expires_at)}
    unit.record(EventKind.CANDIDATE_LINKED, candidate.id, body)
    return link, _token(unit, link, link_key(unit, _NAME))


def opened(unit: ReadUnit, token: str, at: datetime) -> Opened:
    """What a token leads to at a time.

    Raises `NotFound` where it leads nowhere: not made here, ended, taken back, or the candidate's
    data were erased; nobody learns which.
    """
    link = unit.find(CandidateLink, id=link_of(token) or "")
    key = stored_link_key(unit, _NAME)
    if link is None or key is None or not _is_of(unit, link, token, key):
        raise nowhere()
    if not lives(link, at):
        raise nowhere()
    candidate = unit.get(Candidate, link.candidate_id)
    if candidate.erased_at is not None:
        raise nowhere()
    return Opened(link, candidate, _form_token(key, link))


def revoke_link(unit: UnitOfWork, link_id: str) -> CandidateLink:
    """Ends a link now. Again is no error. Raises `NotFound`."""
    now = unit.now()

    def revoked(link: CandidateLink) -> CandidateLink:
        return link if link.revoked_at is not None else replace(link, revoked_at=now)

    link = change(unit, CandidateLink, link_id, revoked)
    if link.revoked_at == now:
        unit.record(EventKind.CANDIDATE_LINK_REVOKED, link.candidate_id, {"link": link.id})
    return link


def show_in(unit: UnitOfWork, link_id: str, language: Language) -> None:
    """Shows the page in another language from now on."""
    change(unit, CandidateLink, link_id, lambda link: replace(link, language=language))


def lives(link: CandidateLink, at: datetime) -> bool:
    """Whether a link is neither over nor taken back."""
    return link.revoked_at is None and link.expires_at > at


def link_of(token: str) -> str | None:
    """The identifier in a token that is written as one."""
    return id_in(token, "cpl")


def _is_of(unit: ReadUnit, link: CandidateLink, token: str, key: bytes) -> bool:
    return hmac.compare_digest(token, _token(unit, link, key))


def _token(unit: ReadUnit, link: CandidateLink, key: bytes) -> str:
    said: dict[str, Json] = {
        "format": _FORMAT,
        "tenant": unit.tenant,
        "link": link.id,
        "candidate": link.candidate_id,
        "expires_at": timestamp(link.expires_at),
    }
    return signed(key, link.id, said)


def _form_token(key: bytes, link: CandidateLink) -> str:
    """What each form of the page carries: only a page that was served here has it."""
    made = hmac.digest(key, f"{_FORMAT}/form/{link.id}".encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(made).decode().rstrip("=")
