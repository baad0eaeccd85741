"""Pairs of candidates who are alike: each is flagged once, for a person to look at.

A pair says that somebody stands out in a gallery, and nothing of why: one person under two names,
twins, siblings, or people who look or sound alike. It changes nothing for any candidate. Flag and
review name the pair alone, so that nothing of a candidate who is erased stays in what is about the
other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from audit.canonical import canonical_hash
from audit.ids import new_id
from audit.operations.changes import change
from audit.operations.flags import FlagContext, inform
from audit.operations.redaction import redact_flags
from audit.records.oversight import Flag, Review
from audit.records.register import Interview
from audit.records.searches import AlikePair, Search
from audit.reviews import CaseState, Outcome
from audit.store import Listing, Page, ReadUnit, UnitOfWork

FLAG = "alike_candidates"
_BATCH = 200
NOTE = (
    "Two candidates are more alike than strangers usually are. Twins, siblings and look-alikes are "
    "so too: this is for a person to look at, and no ground to decline anybody."
)
SHARED_NOTE = (
    "Somebody in a shared gallery is more like this candidate than strangers usually are. Twins, "
    "siblings and look-alikes are so too: this is for a person to look at, with the other "
    "organisation, and no ground to decline anybody."
)

State = Literal["needs_look", "same_person", "different_people", "unclear"]
_FOUND: Mapping[Outcome, State] = {
    Outcome.UPHELD: "same_person",
    Outcome.REVERSED: "different_people",
    Outcome.MODIFIED: "unclear",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Other:
    """Who was found: a candidate of one's own, or somebody opaque in a shared gallery."""

    candidate_id: str | None = None
    gallery_id: str | None = None
    subject_id: str | None = None


def note(unit: UnitOfWork, search: Search, other: Other, likeness: Mapping[str, str]) -> AlikePair:
    """Stores a pair with its flag and review, or adds what is new to the one that is known.

    `likeness`: words by modality. A pair that was found before raises no flag again, whatever its
    review said.
    """
    one, two = search.candidate_id, other.candidate_id
    if two is not None:
        one, two = sorted((one, two))
    known = unit.find(AlikePair, candidate_id=one, other_id=two, subject_id=other.subject_id)
    if known is not None:
        return change(
            unit, AlikePair, known.id, lambda p: replace(p, likeness={**p.likeness, **likeness})
        )
    pair = unit.add(
        AlikePair(
            id=new_id("pai"),
            candidate_id=one,
            other_id=two,
            gallery_id=other.gallery_id,
            subject_id=other.subject_id,
            likeness=dict(likeness),
            search_id=search.id,
        )
    )
    interview = unit.get(Interview, search.interview_id)
    flag = inform(
        unit,
        pair.id,
        kind=FLAG,
        reason=NOTE if other.subject_id is None else SHARED_NOTE,
        result_sha256=canonical_hash({"pair": pair.id, "likeness": dict(likeness)}),
        context=FlagContext(
            candidate_id=search.candidate_id,
            interview_id=interview.id,
            system_id=interview.system_id,
        ),
        needs_review=True,
    )
    return unit.put(replace(pair, flag_id=flag.id))


def state_of(unit: ReadUnit, pair: AlikePair) -> tuple[State, str | None]:
    """What a review found of a pair, and the review: `needs_look` until it is closed."""
    flag = unit.find(Flag, id=pair.flag_id) if pair.flag_id else None
    review = unit.find(Review, id=flag.review_id) if flag and flag.review_id else None
    if review is None or review.state is not CaseState.CLOSED or review.outcome is None:
        return "needs_look", review.id if review else None
    return _FOUND[review.outcome], review.id


def remove_pairs(unit: UnitOfWork, candidate_id: str) -> int:
    """Removes all pairs that a candidate is in, with what flags and reviews say of them."""
    pairs = pairs_of(unit, candidate_id)
    for pair in pairs:
        redact_flags(unit, pair.id)
        unit.remove(pair)
    return len(pairs)


def pairs_of(unit: ReadUnit, candidate_id: str) -> tuple[AlikePair, ...]:
    """The pairs that a candidate is in, on either side."""
    mine = unit.every(AlikePair, candidate_id=candidate_id)
    return (*mine, *unit.every(AlikePair, other_id=candidate_id))


def list_pairs(
    unit: ReadUnit, page: Page, *, candidate_id: str | None = None, state: State | None = None
) -> Listing[AlikePair]:
    """Pairs, the newest first: of a candidate on either side, and standing so, where said."""
    found: list[AlikePair] = []
    before, more = page.before, True
    while more and len(found) <= page.limit:
        listing = unit.page(AlikePair, Page(limit=_BATCH, before=before))
        found += [
            each
            for each in listing.items
            if candidate_id in (None, each.candidate_id, each.other_id)
            and (state is None or state_of(unit, each)[0] == state)
        ]
        more = listing.more
        before = listing.items[-1].id if listing.items else before
    return Listing(tuple(found[: page.limit]), more=len(found) > page.limit)
