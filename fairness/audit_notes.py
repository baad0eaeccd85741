"""What an audit could not compute, and which field of the specification would let it."""

from __future__ import annotations

from collections.abc import Iterator

from fairness.cube import Cube
from fairness.types import Note

_NEEDS = (
    ("funnel", "stage", "stages and the bottom line"),
    ("drift", "period", "change over time"),
    ("conditional", "job", "disparity within jobs"),
    ("settings_compared", "mode", "AI-led against human-led interviews"),
    ("settings_compared", "coached", "coached candidates against others"),
)


def not_computed(cube: Cube, *, ratings: bool, interviewers: bool, items: bool) -> Iterator[Note]:
    """One note per section that stays empty for want of a column."""
    for part, axis, words in _NEEDS:
        if len(cube.levels(axis)) < 2:
            have = "one level only" if cube.levels(axis) else "no such column"
            yield _note(part, axis, f"{words}: {have}")
    labelled = bool((cube.persons[0].dim("label") >= 0).any())
    human = "human_led" in cube.levels("mode")
    for there, part, needs, words in (
        (cube.scores, "distances", "scores", "distances, sweep and scoring rates: no score"),
        (labelled, "accuracy", "label", "error rates and calibration: no label of performance"),
        (cube.moment_tables, "validity", "performance", "validity: no performance beside a score"),
        (human, "validity_gain", "mode", "the tool against what it replaced: no human-led mode"),
        (items, "dif", "items", "questions: no scores of single questions"),
        (ratings, "structure", "ratings", "interview structure: no table of ratings"),
        (interviewers, "agreement", "ratings.interviewer", "agreement: no interviewer is named"),
        (cube.events_kept, "events", "overridden", "overrides, opt-outs, flags: no such column"),
    ):
        if not there:
            yield _note(part, needs, words)


def _note(part: str, needs: str, text: str) -> Note:
    sentence = f"Not computed: {text} ({needs!r} in the specification)."
    return Note("not_computed", sentence, {"part": part, "field": needs})
