"""What `datasets.recipes.synthetic_speech` trains and measures: folds, limits, judged recordings.

Recordings are judged as the service judges them: windows that are unlike the known ones do not
count, the median of the others is the score, and where fewer than half are left there is none.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from audit.conformal import ConformalRecord
from datasets.attacks.speech import COPIES
from datasets.limits import Scores, conformal
from datasets.recipes.speech_material import TEST_ONLY, Material, Row
from datasets.recipes.speech_network import Group, Shipped, heard, shipped, trained
from liveness.speech_channel import SpeechChannel, describe
from liveness.vocoded_speech import is_clear, recording_score, unfit

Array = NDArray[np.float64]
Keep = Callable[[Row], bool]
Outcome = Literal["review", "cleared", "undecided", "abstained"]

ERRORS = (0.032, 0.1)  # stated, of captured and of synthetic speech; 31 persons allow no .03
FAMILIAR = (0.95, 0.98)  # of captured windows, and of conversions, count as like the training's
TAIL = 2.0  # per cent of a corpus's windows may lie outside of the ranges of channels
LEAST_WINDOWS = 10  # of a corpus that has a say in the ranges
ENGINES = tuple(
    f"speech_synthesis.{name}" for name in ("espeak_ng", "festival", "flite", "hibari", "piper")
)
CALIBRATED_ON = (*TEST_ONLY, *ENGINES)
"""Engines that the network takes for captured speech too: they say what may not be cleared."""
FIXED = {"level_low_db": -46.0, "most_clipped": 0.002}
"""Of `operating_points.toml`, not set here."""


@dataclass(frozen=True, slots=True)
class Fold:
    """What a training leaves out: corpora and species."""

    name: str
    corpora: tuple[str, ...]
    species: tuple[str, ...]

    def leaves_out(self, row: Row) -> bool:
        """Whether the row is of what this fold may not train on."""
        return row.corpus in self.corpora or row.species in self.species


NOTHING = Fold("nothing", (), ())


@dataclass(frozen=True, slots=True)
class Recording:
    """A file in one channel, captured or copied: the windows that the service would sample."""

    corpus: str
    person: str
    split: str
    species: str
    channel: int
    rows: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Fitted:
    """A network with its limits: what goes to `operating_points.toml` and `conformal.toml`."""

    network: Shipped
    point: dict[str, float]
    fits: ConformalRecord


@dataclass(frozen=True, slots=True)
class Judged:
    """A recording with its score (None where it abstains) and what the limits say of it."""

    recording: Recording
    score: float | None
    outcome: Outcome


class Bench:
    """The material, and the training and judging of networks on it."""

    def __init__(self, found: Material, work: Path) -> None:
        self.rows, self.sound = found.rows, found.sound
        self.work = work
        self.channels: dict[int, SpeechChannel | None] = {}
        self.known: tuple[Shipped | None, dict[int, tuple[float, float]]] = (None, {})

    def recordings(self, keep: Keep) -> list[Recording]:
        """Recordings of the rows that `keep` says yes to; two voices at once are for training."""
        found: dict[tuple[str, str, int], list[int]] = {}
        for place, row in enumerate(self.rows):
            if keep(row) and not row.item.endswith("_overlapped"):
                found.setdefault((row.recording, row.species, row.channel), []).append(place)
        made = []
        for rows in found.values():
            row = self.rows[rows[0]]
            person = f"{row.corpus} {row.person or row.recording}"
            made.append(
                Recording(row.corpus, person, row.split, row.species, row.channel, tuple(rows))
            )
        return made

    def captured(self, *splits: str, but: Fold = NOTHING) -> list[Recording]:
        """Captured speech of these splits, as recorded and through one channel."""
        return self.recordings(
            lambda r: (
                not r.species
                and r.split in splits
                and r.channel < 2
                and r.corpus not in but.corpora
            )
        )

    def attacks(self, species: Sequence[str], *splits: str, but: Fold = NOTHING) -> list[Recording]:
        """Made-up speech; engines belong to no split and count with any."""
        return self.recordings(
            lambda r: (
                r.species in species
                and r.channel < 2
                and (not r.split or r.split in splits)
                and r.corpus not in but.corpora
            )
        )

    def channel(self, row: int) -> SpeechChannel | None:
        """What a window was recorded through; measured once."""
        if row not in self.channels:
            self.channels[row] = describe(self.sound[row].astype(np.float32) / np.float32(32768))
        return self.channels[row]

    def heard(self, network: Shipped, rows: Sequence[int]) -> tuple[Array, Array]:
        """Logits and strangeness of windows; each is heard once by the network last asked."""
        if self.known[0] is not network:
            self.known = (network, {})
        known = self.known[1]
        fresh = [row for row in dict.fromkeys(rows) if row not in known]
        pairs = zip(*heard(network, self.sound, fresh), strict=True)
        known.update(zip(fresh, ((float(a), float(b)) for a, b in pairs), strict=True))
        both = np.array([known[row] for row in rows]).reshape(-1, 2)
        return both[:, 0], both[:, 1]

    def groups(self, fold: Fold) -> list[Group]:
        """Pairs of the training persons without what the fold leaves out."""
        by_key: dict[tuple[str, int], dict[str, int]] = {}
        for place, row in enumerate(self.rows):
            if row.split == "train" and not fold.leaves_out(row):
                by_key.setdefault((row.item, row.channel), {})[row.species] = place
        kept = [rows for rows in by_key.values() if "" in rows and len(rows) > 1]
        corpora = [self.rows[rows[""]].corpus for rows in kept]
        # Small corpora count for more than their share, large ones for less.
        return [
            Group(
                rows[""],
                tuple(place for species, place in rows.items() if species),
                1 / corpora.count(corpus) ** 0.5,
            )
            for rows, corpus in zip(kept, corpora, strict=True)
        ]

    def fitted(self, fold: Fold, steps: int, label: dict[str, Any], *, seed: int) -> Fitted:
        """A network trained without what the fold leaves out, and its limits.

        The limits are set on people that the training never saw: those of the calibration where
        nothing is left out. A fold is tested on what it leaves out, so that the people of the test
        can help: then each recording counts as a case, since few people are left.
        """
        groups = self.groups(fold)
        network = trained(self.sound, groups, steps, seed=seed)
        ready = shipped(
            network,
            heard(network, self.sound, [g.real for g in groups])[1],
            heard(network, self.sound, [g.copies[n % len(g.copies)] for n, g in enumerate(groups)])[
                1
            ],
        )
        splits = ("calibration", "test") if fold.corpora else ("calibration",)
        genuine = self.captured(*splits, but=fold)
        attacks = self.attacks(CALIBRATED_ON, *splits, but=fold)
        point = self.ranges(fold) | FIXED
        for name, share, kind in (
            ("captured", FAMILIAR[0], genuine),
            ("copied", FAMILIAR[1], [a for a in attacks if a.species in TEST_ONLY]),
        ):
            strange = self.heard(ready, [row for one in kind for row in one.rows])[1]
            point[f"most_strangeness_{name}"] = round(float(np.quantile(strange, share)), 3)
        kinds = [
            scores_of(self.scored(ready, point, kind), grouped=not fold.corpora)
            for kind in (attacks, genuine)
        ]
        return Fitted(ready, point, conformal(kinds[0], kinds[1], label, errors=ERRORS))

    def ranges(self, fold: Fold) -> dict[str, float]:
        """The channels of captured speech that at least two corpora hold.

        Each corpus reaches from its 2nd to its 98th percentile; of their ends the second outmost
        counts, since a room that one corpus alone knows says nothing of other rooms like it.
        """
        by_corpus: dict[str, list[SpeechChannel]] = {}
        for one in self.captured("train", "calibration", but=fold):
            for found in map(self.channel, one.rows):
                if found is not None:
                    by_corpus.setdefault(one.corpus, []).append(found)
        known = [kind for kind in by_corpus.values() if len(kind) >= LEAST_WINDOWS]

        def ends(name: str, share: float) -> list[float]:
            return sorted(
                float(np.percentile([getattr(c, name) for c in kind], share)) for kind in known
            )

        return {
            "least_snr_db": round(ends("snr_db", TAIL)[1], 1),
            "least_decay_db_s": round(ends("decay_db_s", TAIL)[1], 0),
            "least_bandwidth_hz": round(ends("bandwidth_hz", TAIL)[1], 0),
            "tilt_low_db": round(ends("tilt_db", TAIL)[1], 1),
            "tilt_high_db": round(ends("tilt_db", 100 - TAIL)[-2], 1),
        }

    def scored(
        self, network: Shipped, point: dict[str, float], recordings: Sequence[Recording]
    ) -> list[tuple[Recording, float | None]]:
        """The score of each recording, or None where too few of its windows are known."""
        rows = [row for one in recordings for row in one.rows]
        logits, strange = self.heard(network, rows)
        found: dict[int, float] = {}
        for row, logit, strangeness in zip(rows, logits, strange, strict=True):
            channel = self.channel(row)
            side = "copied" if logit > 0 else "captured"
            fits = channel is not None and not unfit(channel, point)
            is_known = fits and strangeness <= point[f"most_strangeness_{side}"]
            found[row] = float(logit) if is_known else float("nan")
        return [(one, recording_score([found[row] for row in one.rows])) for one in recordings]

    def judged(self, fitted: Fitted, recordings: Sequence[Recording]) -> list[Judged]:
        """What the limits say of each recording."""
        return [
            Judged(one, score, outcome_of(fitted.fits, score))
            for one, score in self.scored(fitted.network, fitted.point, recordings)
        ]

    def is_clear(self, recording: Recording) -> bool:
        """Whether at least half of the windows hold little noise and room, as at run time."""
        found = [channel for channel in map(self.channel, recording.rows) if channel]
        return 2 * sum(map(is_clear, found)) >= len(found)


def outcome_of(fits: ConformalRecord, score: float | None) -> Outcome:
    """What `liveness.synthetic_speech` makes of a score, AASIST aside."""
    if score is None:
        return "abstained"
    answers: dict[str, Outcome] = {"attack": "review", "bona fide": "cleared"}
    return answers.get(fits.answer(score), "undecided")


def scores_of(found: Sequence[tuple[Recording, float | None]], *, grouped: bool = True) -> Scores:
    """Of the recordings that have one, with the person, or a name for each recording."""
    kept = [(one, score) for one, score in found if score is not None]
    names = [one.person if grouped else str(place) for place, (one, _) in enumerate(kept)]
    return Scores(np.array([score for _, score in kept], np.float64), np.array(names, np.str_))


def kinds_of_copies(*, neural: Sequence[str]) -> tuple[str, ...]:
    """All species that training may see."""
    return (*(name for name in COPIES if name not in TEST_ONLY), *neural)
