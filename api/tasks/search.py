"""The job `search_gallery`: a session's face and voice among those of other candidates."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from api.tasks.bench import Bench
from api.tasks.thread_evidence import segment_of
from audit.interview import Floats
from audit.jobs import JobContext
from audit.operations import galleries, searches
from audit.operations.searches import Alike, Answer
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
    """A gallery to look in. `rows`: identifiers with owners; `read`: their vectors."""

    name: str
    space: str
    rows: Mapping[str, str]
    read: Callable[[Sequence[str]], Floats]


def run_search(bench: Bench, context: JobContext) -> None:
    """Searches for one session, and stores bands; what stands out becomes a pair for a reviewer."""
    with context.unit() as unit:
        work = searches.begin(unit, context.subject)
    if work is None:
        return
    answers = []
    for trait in TRAITS:
        asked = question_of(trait, work.templates)
        if asked is None:
            answers.append(Answer(modality=trait, answer="inconclusive", reason="no_template"))
            continue
        context.check_cancelled()
        context.progress(0.5, f"searching by {trait}")
        own = own_gallery(bench, context.tenant, asked.space)
        answers.append(answer_of(bench.galleries, asked, own, {work.search.candidate_id}))
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


def answer_of(kept: Galleries, asked: Question, among: Among, without: set[str]) -> Answer:
    """The answer of one gallery in bands; scores stay here."""
    trait = asked.trait
    encoder = asked.space.split("/")[1]
    others = len(set(among.rows.values()) - without)
    inconclusive = Answer(modality=trait, answer="inconclusive", among=among_band(others))
    level = alike.level_for(trait, encoder, others)
    if level is None:
        return inconclusive.because(
            "few_candidates" if alike.measured(trait, encoder) else "not_measured"
        )
    dim = len(asked.vector)
    with kept.current(among.name, among.space, dim, among.rows, among.read) as gallery:
        hits = gallery.search(among.space, asked.vector, alike.NEXT_TO, without=without)
    named = alike.standing_out(hits, level)
    return Answer(
        modality=trait,
        answer="alike_found" if named else "none_found",
        alike=tuple(_alike(each) for each in named),
        among=among_band(others),
    )


def among_band(others: int) -> str:
    """How many others were looked at, in words."""
    return next((word for most, word in _AMONG if others < most), "10,000 or more")


def _alike(named: Named) -> Alike:
    return Alike(likeness=named.likeness, candidate_id=named.owner)
