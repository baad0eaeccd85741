"""`fairwitness answers`: who answered which question of a recording, from marked answers."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from audit.check import Progress, open_interview, quiet, reading
from audit.errors import InputError
from audit.inference import Models, limited_threads
from audit.settings import Settings
from identity.answer_words import Told, sentence, told
from identity.answers import Answers, Mark, answers_of, checked
from identity.thread import TRAITS

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
        marks = [
            Mark(
                row["question"], *(_seconds(path, rows.line_num, row, name) for name in COLUMNS[1:])
            )
            for row in rows
        ]
    return checked(marks)


def _seconds(path: Path, line: int, row: Mapping[str, str | None], name: str) -> float:
    try:
        return float(row[name] or "")
    except ValueError:
        text = f"{path.name}, line {line}: {name} is {row[name]!r}, and has to be seconds."
        raise InputError(text) from None


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
    by_answer = {(each.question, each.trait): each for each in told(found, marks)}
    for mark in marks:
        share = found.other_share[mark.question]
        table.add_row(
            str(numbers[mark.question]),
            Text(mark.question),
            *(_cell(by_answer[mark.question, trait]) for trait in TRAITS),
            "cannot be said" if share is None else f"{share:.0%} of its speech",
        )
    parts: list[RenderableType] = [Text(sentence(found, numbers), style="bold"), table]
    parts.append(Text("A number is a person, by one trait. Nothing here decides about anybody."))
    return Group(*parts)


def _cell(each: Told) -> Text:
    return Text(each.words, style="dim" if each.refused else "")
