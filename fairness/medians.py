"""The median of all assessed and who is strictly above it (NYC Local Law 144, 6 RCNY 5-300).

With the two middle scores a < b, who has b or more is above their mean and who has a or less is
not, so that no rounding of the mean can move a person. Scores strictly between occur only among
persons who do not count into the median (`median_over: known`); they are compared with the mean.
"""

from __future__ import annotations

import numpy as np

from fairness.cube_parts import Histogram, Median, MedianTable, ScoreFacts, halves, middle
from fairness.tables import Table
from fairness.types import Ints, Note


def histogram_median(part: Histogram, over: str) -> Median:
    """The median of everybody in a histogram's table; of bins, the middle of the median's bin."""
    counts = np.zeros(len(part.grid.points), np.int64)
    np.add.at(counts, part.table.dim("score"), part.table.measure("n"))
    persons = int(counts.sum())
    if not persons:
        note = Note("no_scores", f"Nobody here has a score {part.score!r}.")
        return Median(part.score, None, None, None, 0, 0, over, notes=(note,))
    low, high = halves(counts)
    points = part.grid.points
    lower, upper = float(points[low]), float(points[high])
    exact = part.grid.width == 0.0
    tied = int(counts[low]) if low == high else 0
    value = middle(lower, upper)
    return Median(
        part.score,
        value,
        lower,
        upper,
        persons,
        tied,
        over,
        exact,
        _notes(part.score, persons, tied, exact),
    )


def histogram_above(part: Histogram, median: Median, facts: ScoreFacts) -> Table:
    """The histogram's table with a measure `above`: on the favourable side of the median."""
    n = part.table.measure("n")
    points = part.grid.points[part.table.dim("score")]
    above: Ints = np.zeros_like(n)
    if median.lower is not None and median.upper is not None:
        a, b, mean = median.lower, median.upper, middle(median.lower, median.upper)
        if not facts.higher_is_better:
            points, a, b, mean = -points, -b, -a, -mean
        above = np.where((points > a) & ((points >= b) | (points > mean)), n, 0)
    return Table(part.table.dims, ("n", "above"), part.table.codes, np.stack([n, above], axis=1))


def exact_median(part: MedianTable, code: int, over: str) -> tuple[Table, Median]:
    """Persons of one level with who is above, and that level's median."""
    table = part.table
    if part.axis is not None:
        table = table.kept(table.dim(part.axis) == code)
    persons, tied = int(part.persons[code]), int(part.tied[code])
    if not persons:
        note = Note("no_scores", f"Nobody here has a score {part.score!r}.")
        return table, Median(part.score, None, None, None, 0, 0, over, notes=(note,))
    lower, upper = float(part.lower[code]), float(part.upper[code])
    notes = _notes(part.score, persons, tied, True)
    return table, Median(
        part.score, middle(lower, upper), lower, upper, persons, tied, over, True, notes
    )


def _notes(score: str, persons: int, tied: int, exact: bool) -> tuple[Note, ...]:
    facts: dict[str, float | int | str] = {"tied": tied, "persons": persons}
    if not exact:
        text = (
            f"Only bins of the score {score!r} are known here: the {tied} persons in the median's "
            f"bin count as not above it, so that up to {tied} more could be above."
        )
        return (Note("median_within_bin", text, facts),)
    if tied == persons:
        text = f"All {persons} scores {score!r} are equal: nobody is strictly above the median."
        return (Note("all_scores_tied", text, facts),)
    if tied:
        text = (
            f"{tied} of {persons} persons have exactly the median score {score!r}; they count as "
            "not above it."
        )
        return (Note("ties_at_median", text, facts),)
    return ()
