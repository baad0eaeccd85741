"""The tables of `datasets.recipes.synthetic_speech`, as Markdown, worst first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from audit.calibration import clopper_pearson
from datasets.recipes.speech_bench import Judged, Recording

Array = NDArray[np.float64]

CHANNELS = ("as recorded", "degraded")
HEAD = """\
# Training of `vocoded_speech`: figures of the run that ships

Written by `{command}` (seed {seed}, one thread, {seconds:.0f} CPU-s in all, {trained:.0f} of them
the network that ships). Files: `{files}` (SHA-256 over the sorted lines `hash path`). Model:
`{model}`, {size} bytes; torch {torch}. A run is a *recording*: the median of up to three windows,
or an abstention. Shares carry exact 95 % intervals (Clopper and Pearson), and the recordings of one
person are counted as if they were independent. *Degraded*: through a random microphone, room, noise
and codec. {cost}
"""


def area(captured: Array, synthetic: Array) -> float:
    """Area under the ROC curve: how often synthetic speech scores above captured speech."""
    ranks = stats.rankdata(np.concatenate([captured, synthetic]))[len(captured) :]
    count = len(synthetic)
    return float((ranks.sum() - count * (count + 1) / 2) / (count * len(captured)))


def share(hits: int, count: int) -> str:
    """Hits, count, per cent and the exact interval, for a cell."""
    if not count:
        return "none"
    low, high = clopper_pearson(hits, count)
    return f"{hits}/{count} = {hits / count:.0%} ({low:.0%} to {high:.0%})"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def by(judged: Sequence[Judged], name: Callable[[Judged], str]) -> dict[str, list[Judged]]:
    """Judged recordings by a name, in the order of their names."""
    found: dict[str, list[Judged]] = {}
    for one in judged:
        found.setdefault(name(one), []).append(one)
    return dict(sorted(found.items()))


def outcomes(judged: Sequence[Judged], *, species: bool) -> str:
    """What became of captured speech by corpus, or of made-up speech by species."""
    rows = []
    for name, group in by(
        judged, lambda j: j.recording.species if species else j.recording.corpus
    ).items():
        for number, channel in enumerate(CHANNELS):
            some = [j for j in group if j.recording.channel == number]
            if some:
                count = Counter(j.outcome for j in some)
                reviewed = share(count["review"], len(some))
                rest = (str(count[o]) for o in ("cleared", "undecided", "abstained"))
                rows.append((count["review"] / len(some), [name, channel, reviewed, *rest]))
    rows.sort(key=lambda row: row[0], reverse=not species)
    head = ("made by" if species else "corpus", "", "review", "cleared", "undecided", "abstained")
    return table(head, [row for _, row in rows])


def beside(
    captured: Sequence[Recording],
    attacks: Sequence[Recording],
    methods: Mapping[str, tuple[Mapping[int, float], float]],
) -> str:
    """Other methods on first windows as recorded: flagged at their limits, and AUC.

    `methods`: scores by row, and the limit from which a window is flagged.
    """
    rows = []
    for name, group in sorted(first_rows(captured, key=lambda r: r.corpus).items()):
        rows.append((f"captured {name}", str(len(group)), group, True))
    everyone = [row for _, _, group, _ in rows for row in group]
    for name, group in sorted(first_rows(attacks, key=lambda r: r.species).items()):
        rows.append((name, str(len(group)), group, False))
    lines = []
    for name, count, group, is_captured in rows:
        cells = []
        for scores, limit in methods.values():
            mine = np.array([scores[row] for row in group])
            flagged = int(np.sum(mine > limit))
            cell = share(flagged, len(group))
            if not is_captured and everyone:
                cell += f", AUC {area(np.array([scores[row] for row in everyone]), mine):.2f}"
            cells.append(cell)
        lines.append([name, count, *cells])
    return table(("windows", "n", *methods), lines)


def first_rows(
    recordings: Sequence[Recording], key: Callable[[Recording], str]
) -> dict[str, list[int]]:
    """The first window of each recording as recorded, by a name."""
    found: dict[str, list[int]] = {}
    for one in recordings:
        if one.channel == 0:
            found.setdefault(key(one), []).append(one.rows[0])
    return found
