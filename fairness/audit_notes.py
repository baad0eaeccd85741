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
    if not cube.scores:
        yield _note("distances", "scores", "score distances, cut sweep and scoring rates: no score")
    counts = cube.persons[0]
    if not (counts.dim("label") >= 0).any():
        yield _note("accuracy", "label", "error rates and calibration: no label of performance")
    if not cube.moment_tables:
        yield _note("validity", "performance", "validity: no later performance beside a score")
    if not items:
        yield _note("dif", "items", "questions: no scores of single questions")
    if not ratings:
        yield _note("structure", "ratings", "interview structure: no table of ratings")
    if not interviewers:
        yield _note("agreement", "ratings.interviewer", "agreement: no interviewer is named")
    if not cube.events_kept:
        text = "overrides, opt-outs, withdrawals, flags, reviews: no such column"
        yield _note("events", "overridden", text)


def _note(part: str, needs: str, text: str) -> Note:
    sentence = f"Not computed: {text} ({needs!r} in the specification)."
    return Note("not_computed", sentence, {"part": part, "field": needs})
