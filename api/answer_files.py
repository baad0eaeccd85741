"""`fairwitness answers`: who answered which question of a recording, from marked answers."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from api.thread_told import NO_SUPPORT, support
from audit.check import Progress, open_interview, quiet, reading
from audit.errors import InputError
from audit.inference import Models, limited_threads
from audit.settings import Settings
from audit.types import Status
from identity.answers import PAST, Answers, Mark, answers_of, checked, sentence
from identity.thread import Compared, TraitThread
from identity.thread_words import placed

DETECTORS = ("face_reference", "voice_reference")
COLUMNS = ("question", "start_s", "end_s")


def read_marks(path: Path) -> tuple[Mark, ...]:
    """Marked answers from a CSV file with the columns question, start_s and end_s.

    Raises `InputError` where a row is none, or marks cannot be used together.
    """
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file)
        if set(rows.fieldnames or ()) != set(COLUMNS):
            raise InputError(f"{path.name}: its columns have to be {', '.join(COLUMNS)}.")
        try:
            marks = [Mark(r["question"], float(r["start_s"]), float(r["end_s"])) for r in rows]
        except (TypeError, ValueError):
            raise InputError(f"{path.name}: start_s and end_s have to be seconds.") from None
    return checked(marks)


def read_answers(
    recording: Path,
    marks: Sequence[Mark],
    settings: Settings,
    models: Models,
    *,
    references: Sequence[Path] = (),
    progress: Progress = quiet,
) -> Answers:
    """Reads a recording, and earlier ones of its candidate, and compares the answers.

    Raises:
        InputError: a recording cannot be used.
    """
    how = reading(settings, models, DETECTORS)
    with limited_threads(settings.threads):
        past = [open_interview(path, how, label=path.name) for path in references]
        interview = open_interview(recording, how, label="recording", progress=progress)
        return answers_of(interview, marks, past=past)


def answers_summary(marks: Sequence[Mark], found: Answers) -> Group:
    """The sentence, and a row for each answer; all texts are plain, whatever the marks hold."""
    numbers = {mark.question: n for n, mark in enumerate(marks, start=1)}
    table = Table("", "Question", "Face", "Voice", "Of another voice")
    people = {each.trait: _people(each) for each in found.found}
    for mark in marks:
        share = found.other_share[mark.question]
        table.add_row(
            str(numbers[mark.question]),
            Text(mark.question),
            *(_cell(found, people[trait], mark.question, trait) for trait in ("face", "voice")),
            "cannot be said" if share is None else f"{share:.0%} of its speech",
        )
    parts: list[RenderableType] = [Text(sentence(found, numbers), style="bold"), table]
    parts.append(Text("A number is a person, by one trait. Nothing here decides about anybody."))
    return Group(*parts)


def _people(thread: TraitThread) -> dict[str, int | None]:
    return dict(zip(thread.sessions, placed(thread), strict=True))


def _cell(found: Answers, people: dict[str, int | None], question: str, trait: str) -> Text:
    why = found.refused.get((question, trait))
    if why is not None:
        return Text(f"inconclusive: {why.text}", style="dim")
    person, past = people.get(question), people.get(PAST)
    who = "whose, inconclusive" if person is None else f"person {person}"
    if past is not None and person == past:
        who = "the person of the earlier recordings"
    rest = next((r for r in found.rest if (r.second, r.trait) == (question, trait)), None)
    return Text(f"{who}; against the rest: {_words(rest)}")


def _words(rest: Compared | None) -> str:
    """An answer against all others together, in a direction and a band."""
    if rest is None:
        return "nothing to compare with"
    if rest.log10 is None or rest.status is Status.INCONCLUSIVE:
        return "inconclusive"
    word = support(rest.log10)
    if word == NO_SUPPORT:
        return word
    return f"{word} for {'the same' if rest.log10 > 0 else 'another'} person"
