"""Who answered which question, in words: all answers in one sentence, and each by each trait."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from audit.types import Reason, Status
from identity.answers import PAST, Answers, Mark
from identity.thread import TRAITS, Compared, TraitOfPerson, TraitThread
from identity.thread_words import ORDINALS, placed, said_of
from identity.thread_words import sessions as named

MOSTLY = 0.5


@dataclass(frozen=True, slots=True)
class Told:
    """One answer by one trait.

    Attributes:
        person: a number, by first appearance; None where it cannot be said.
        as_before: whether that is the person of the earlier recordings; None where there are none,
            or it cannot be said.
        rest: it against all other answers together; None where it cannot be compared.
        refused: why it shows none of the trait.
    """

    question: str
    trait: TraitOfPerson
    person: int | None
    as_before: bool | None
    rest: Compared | None
    refused: Reason | None

    @property
    def words(self) -> str:
        """It in words: whose, and how like all others."""
        if self.refused is not None:
            return f"inconclusive: {self.refused.text}"
        who = "whose, inconclusive" if self.person is None else f"person {self.person}"
        if self.as_before:
            who = "the person of the earlier recordings"
        return f"{who}; against the rest: {_words(self.rest)}"


def told(found: Answers, marks: Sequence[Mark]) -> Iterator[Told]:
    """Each answer by face and by voice, in the order of the marks."""
    people = {
        each.trait: dict(zip(each.sessions, placed(each), strict=True)) for each in found.found
    }
    rest = {(each.second, each.trait): each for each in found.rest}
    for mark in marks:
        for trait in TRAITS:
            own = people.get(trait, {})
            person, past = own.get(mark.question), own.get(PAST)
            yield Told(
                question=mark.question,
                trait=trait,
                person=person,
                as_before=None if person is None or past is None else person == past,
                rest=rest.get((mark.question, trait)),
                refused=found.refused.get((mark.question, trait)),
            )


def _words(rest: Compared | None) -> str:
    """An answer against all others together, in a direction and a band."""
    if rest is None:
        return "nothing to compare with"
    if rest.log10 is None or rest.status is Status.INCONCLUSIVE:
        return "inconclusive"
    if rest.support == "no":
        return "no support either way"
    return f"{rest.support} support for {'the same' if rest.log10 > 0 else 'another'} person"


def sentence(answers: Answers, numbers: Mapping[str, int]) -> str:
    """All traits in plain words; `numbers` names the answers."""
    words = [f"{_clause(each, numbers)}." for each in answers.found]
    words += [
        f"By {each.trait}, {'two' if len(set(each.people)) == 2 else 'several'} people take turns."
        for each in answers.found
        if each.trait in answers.taking_turns
    ]
    other = [numbers[q] for q, share in answers.other_share.items() if share and share > MOSTLY]
    if other:
        which = named(other, "answer")
        words.append(f"Most speech in {which} is of another voice than the one heard most.")
    for trait in TRAITS:
        odd = [
            numbers[each.second]
            for each in answers.rest
            if each.trait == trait and each.status is Status.REVIEW
        ]
        if odd:
            verb = "are each" if len(odd) > 1 else "is"
            words.append(f"By {trait}, {named(odd, 'answer')} {verb} unlike all others together.")
    return " ".join(words)


def _clause(thread: TraitThread, numbers: Mapping[str, int]) -> str:
    """Who gave which answers by one trait; answers of which that cannot be said are named last."""
    by = f"By {thread.trait}, "
    if said_of(thread) == "too_few":
        return f"{by}fewer than two answers can be compared"
    groups: dict[int, list[int]] = {}
    unsure: list[int] = []
    past = None
    for label, person in zip(thread.sessions, placed(thread), strict=True):
        if label == PAST:
            past = person
        elif person is None:
            unsure.append(numbers[label])
        else:
            groups.setdefault(person, []).append(numbers[label])
    parts = []
    names = iter(ORDINALS if past is None else ORDINALS[1:])
    for person, own in groups.items():
        who = (
            "the person of the earlier recordings" if person == past else next(names, "yet another")
        )
        parts.append(f"{named(own, 'answer')} {'were' if len(own) > 1 else 'was'} given by {who}")
    if unsure:
        parts.append(f"who gave {named(unsure, 'answer')} cannot be said")
    return by + ", ".join(parts)
