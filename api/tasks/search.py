"""The job `search_gallery`: a session's face and voice among those of other candidates."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from api.tasks.bench import Bench
from api.tasks.thread_evidence import segment_of
from audit.interview import Floats
from audit.jobs import JobContext
from audit.operations import galleries, searches, shared
from audit.operations.searches import Alike, Answer
from audit.operations.shared import Link
from audit.operations.templates import Opened
from identity import alike
from identity.alike import Named
from identity.enrolment import pooled_segments
from identity.gallery import Galleries
from identity.thread import TRAITS, TraitOfPerson

_AMONG = ((100, "fewer than 100"), (1_000, "100 to 999"), (10_000, "1,000 to 9,999"))


@dataclass(frozen=True, slots=True)
class Question:
    """One trait of a session, pooled. `space`: as it is stored."""

    trait: TraitOfPerson
    space: str
    vector: Floats


@dataclass(frozen=True, slots=True)
class Among:
    """A gallery to look in. `rows`: identifiers with owners; `read`: their vectors; `gallery_id`:
    of a shared one, whose owners are opaque.
    """

    name: str
    space: str
    rows: Mapping[str, str]
    read: Callable[[Sequence[str]], Floats]
    gallery_id: str | None = None


def run_search(bench: Bench, context: JobContext) -> None:
    """Searches for one session, and stores bands; what stands out becomes a pair for a reviewer."""
    with context.unit() as unit:
        work = searches.begin(unit, context.subject)
    if work is None:
        return
    answers = []
    linked = [
        link
        for link in shared.links(bench.store, context.tenant, bench.store.now())
        if work.consent_text in link.membership.consent_texts
    ]
    for trait in TRAITS:
        asked = question_of(trait, work.templates)
        if asked is None:
            answers.append(Answer(modality=trait, answer="inconclusive", reason="no_template"))
            continue
        context.check_cancelled()
        context.progress(0.5, f"searching by {trait}")
        own = own_gallery(bench, context.tenant, asked.space)
        answers.append(answer_of(bench.galleries, asked, own, {work.search.candidate_id}))
        for link in linked:
            theirs, among = shared_gallery(bench, context.tenant, link, asked)
            answers.append(answer_of(bench.galleries, theirs, among, set()))
    with context.completing() as unit:
        searches.finish(unit, work.search.id, answers)


def question_of(trait: TraitOfPerson, templates: Sequence[Opened]) -> Question | None:
    """What a session's templates of a trait ask, as one vector of the space used last."""
    own = [each for each in templates if each.template.modality.value == trait]
    if not own:
        return None
    space = own[-1].template.space
    pooled, _ = pooled_segments([segment_of(each) for each in own if each.template.space == space])
    return Question(trait, space, pooled)


def own_gallery(bench: Bench, tenant: str, space: str) -> Among:
    """The organisation's own gallery of a space, as the store has it now."""
    with bench.store.reading(tenant) as unit:
        rows = galleries.rows_of(unit, space, bench.store.now())

    def read(wanted: Sequence[str]) -> Floats:
        with bench.store.reading(tenant) as unit:
            return galleries.vectors_of(unit, wanted)

    return Among(tenant, space, rows, read)


def shared_gallery(
    bench: Bench, tenant: str, link: Link, asked: Question
) -> tuple[Question, Among]:
    """What others have in a shared gallery now, and the question as its transform has it.

    One's own candidates are left out: one's own gallery has them.
    """
    with bench.store.reading(tenant) as unit:
        space, vector = shared.question_of(unit, link, asked.space, asked.vector)
    rows, of = {}, {}
    for member in link.members:
        if member != tenant:
            with bench.store.reading(member) as unit:
                found = galleries.shared_rows_of(unit, space, bench.store.now())
            rows.update(found)
            of.update(dict.fromkeys(found, member))

    def read(wanted: Sequence[str]) -> Floats:
        opened: dict[str, Floats] = {}
        for member in dict.fromkeys(of[row] for row in wanted):
            with bench.store.reading(member) as unit:
                own = [row for row in wanted if of[row] == member]
                opened.update(shared.vectors_of(unit, own))
        return galleries.stacked([opened[row] for row in wanted if row in opened], wanted)

    gallery = link.membership.gallery_id
    among = Among(f"{gallery}/{tenant}", space, rows, read, gallery_id=gallery)
    return replace(asked, space=space, vector=vector), among


def answer_of(kept: Galleries, asked: Question, among: Among, without: set[str]) -> Answer:
    """The answer of one gallery in bands; scores stay here."""
    trait = asked.trait
    encoder = asked.space.split("/")[1]
    others = len(set(among.rows.values()) - without)
    answer = Answer(
        modality=trait,
        gallery_id=among.gallery_id,
        answer="inconclusive",
        among=among_band(others),
    )
    level = alike.level_for(trait, encoder, others)
    if level is None:
        return answer.because(
            "few_candidates" if alike.measured(trait, encoder) else "not_measured"
        )
    dim = len(asked.vector)
    with kept.current(among.name, among.space, dim, among.rows, among.read) as gallery:
        hits = gallery.search(among.space, asked.vector, alike.NEXT_TO, without=without)
    named = alike.standing_out(hits, level)
    found = tuple(_alike(each, opaque=among.gallery_id is not None) for each in named)
    return replace(answer, answer="alike_found" if found else "none_found", alike=found)


def among_band(others: int) -> str:
    """How many others were looked at, in words."""
    return next((word for most, word in _AMONG if others < most), "10,000 or more")


def _alike(named: Named, *, opaque: bool) -> Alike:
    if opaque:
        return Alike(likeness=named.likeness, subject_id=named.owner)
    return Alike(likeness=named.likeness, candidate_id=named.owner)
