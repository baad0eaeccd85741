"""What a reader of an impact table must know beside its numbers, in words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fairness.impact_rule import FEWEST_PERSONS
from fairness.types import Group, GroupCounts, Note

_MOST_NAMES = 10


def group_name(group: Group) -> str:
    """A group in a sentence: "Female / Asian"."""
    return " / ".join(group)


def excluded_words(counts: GroupCounts, i: int, under_share: float, justification: str) -> str:
    """Why a group has no ratio: its share, the limit, and the policy's justification."""
    share = int(counts.assessed[i]) / int(counts.assessed.sum())
    return (
        f"Excluded from ratios: {share:.2%} of the persons in the table, under {under_share:.2%}. "
        f"{justification.strip()}"
    )


def table_notes(
    counts: GroupCounts,
    *,
    reference: int | None,
    tied: Sequence[int],
    excluded: Sequence[int],
) -> tuple[Note, ...]:
    """Notes on unknown persons, exclusions, empty groups, the reference, and no variation."""
    found = (
        _unknown(counts),
        _excluded(counts, reference, excluded),
        _empty(counts),
        _variation(counts),
        _alone(counts, excluded),
        _tied(counts, tied),
        _small_reference(counts, reference),
        _flat(counts),
    )
    return tuple(note for note in found if note is not None)


def _names(counts: GroupCounts, numbers: Sequence[int]) -> str:
    names = [group_name(counts.groups[i]) for i in numbers[:_MOST_NAMES]]
    more = len(numbers) - len(names)
    return ", ".join(names) + (f" and {more} more" if more else "")


def _unknown(counts: GroupCounts) -> Note | None:
    if not counts.unknown_assessed:
        return None
    text = (
        f"{counts.unknown_assessed} persons are in no group because {' or '.join(counts.features)} "
        f"is unknown; {counts.unknown_selected} of them were selected."
    )
    facts: dict[str, float | int | str] = {
        "assessed": counts.unknown_assessed,
        "selected": counts.unknown_selected,
    }
    return Note("unknown_groups", text, facts)


def _excluded(counts: GroupCounts, reference: int | None, excluded: Sequence[int]) -> Note | None:
    if not excluded:
        return None
    text = f"Excluded from ratios and from the denominator: {_names(counts, excluded)}."
    if reference is None:
        text += " Nobody was selected in any other group, so nothing is compared."
    else:
        x2, n2 = int(counts.selected[reference]), int(counts.assessed[reference])
        above = [i for i in excluded if int(counts.selected[i]) * n2 > x2 * int(counts.assessed[i])]
        if above:
            text += f" A higher rate than the reference has: {_names(counts, above)}."
    return Note("excluded_groups", text, {"groups": len(excluded)})


def _empty(counts: GroupCounts) -> Note | None:
    empty = np.flatnonzero(counts.assessed == 0).tolist()
    if not empty:
        return None
    return Note(
        "empty_groups", f"Nobody was assessed in: {_names(counts, empty)}.", {"groups": len(empty)}
    )


def _variation(counts: GroupCounts) -> Note | None:
    assessed, selected = int(counts.assessed.sum()), int(counts.selected.sum())
    if not assessed:
        return Note("nobody_assessed", "Nobody with a known group was assessed.")
    if not selected:
        return Note("nobody_selected", "Nobody was selected in any group, so no ratio exists.")
    if selected == assessed:
        text = "Everybody was selected in every group, so every ratio is 1 by necessity."
        return Note("everybody_selected", text)
    return None


def _alone(counts: GroupCounts, excluded: Sequence[int]) -> Note | None:
    present = [i for i in np.flatnonzero(counts.assessed).tolist() if i not in excluded]
    if len(present) != 1:
        return None
    text = f"Only {group_name(counts.groups[present[0]])} can be rated, so nothing is compared."
    return Note("one_group", text)


def _tied(counts: GroupCounts, tied: Sequence[int]) -> Note | None:
    if len(tied) < 2 or not counts.selected.sum():
        return None
    text = "These groups share the highest rate, and the first is the reference: "
    return Note("reference_tied", f"{text}{_names(counts, tied)}.", {"groups": len(tied)})


def _small_reference(counts: GroupCounts, reference: int | None) -> Note | None:
    persons = 0 if reference is None else int(counts.assessed[reference])
    if reference is None or not 0 < persons < FEWEST_PERSONS:
        return None
    text = (
        f"The reference, {group_name(counts.groups[reference])}, has only {persons} persons; every "
        "ratio of the table hangs on them. See the chance that it has the highest rate."
    )
    return Note("small_reference", text, {"persons": persons})


def _flat(counts: GroupCounts) -> Note | None:
    nobody, everybody = counts.selected == 0, counts.selected == counts.assessed
    flat = np.flatnonzero((counts.assessed > 0) & (nobody | everybody)).tolist()
    if not flat or len(counts.groups) == len(flat):
        return None
    text = (
        "The bootstrap cannot show how uncertain the rate is where nobody or everybody of a group "
        f"was selected; read the Wilson or exact interval of: {_names(counts, flat)}."
    )
    return Note("bootstrap_without_variation", text, {"groups": len(flat)})
