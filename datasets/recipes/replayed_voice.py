"""Fits the score of `replayed_voice` on simulated loudspeakers, and says how it does on others.

    python -m datasets.recipes.replayed_voice DATA --out FOLDER [--table FILE.npz]

Writes `replayed_voice.json` (the model) and the rows of `calibration.toml` and `conformal.toml`,
and prints the figures of the page. Persons of LibriSpeech and VCTK are parted in three by a hash of
their names: fit, calibration, test. AMI, GRID and web video are for tests alone, as are the tablet
and the smart speaker, whose loudspeakers and rooms are simulated in another way, and live speech in
shoebox rooms. Numpy and scipy alone; some ten minutes on one core. `--table` keeps the figures of
all recordings, or reads them where the file is there.
"""

from __future__ import annotations

import argparse
import json
import sys
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

from audit.calibration import clopper_pearson
from datasets.attacks import speech_channels, voice_replay
from datasets.attacks.speech_channels import Channel, Floats, read_speech
from datasets.limits import Scores, as_toml, calibration, conformal
from liveness.loudspeaker_traces import NAMES, traces

Array = NDArray[np.float64]
Random = np.random.Generator

CORPORA = {  # folder, how files end, which of them in name order, whether persons are folders
    "libri_clean": ("speech/real/libri_clean", ".flac", slice(70), True),
    "libri_other": ("speech/real/libri_other", ".flac", slice(0, None, 2), True),
    "vctk": ("speech/real/vctk", ".flac", slice(0, None, 2), True),
    "ami": ("speech/real/ami", ".flac", slice(None), False),
    "grid": ("video/grid", ".mpg", slice(None), False),
    "latentsync": ("video/latentsync", ".mp4", slice(None), False),
    "retalking": ("video/video_retalking", ".mp4", slice(None), False),
}
FITTED = ("libri_clean", "libri_other", "vctk")
CODECS = ("as-is", "as-is", "opus-24k", "aac-64k", "mp3-64k", "noise-20db")
SAMPLES = 64_600  # the middle of a recording, about one window of the detector
LEAST = 24_000
HELD_OUT = ("tablet", "smart_speaker")
UNTOUCHED, LIVE, LIVE_HELD_OUT = "untouched", "live", "live_shoebox"
RIDGE = 0.01
FAMILIAR = 0.99
ERRORS = (0.05, 0.1)
HYPOTHESES = ("speech from a loudspeaker", "a voice live at the microphone")


@dataclass(frozen=True, slots=True)
class Item:
    """One version of a recording: how it was made. `kind`: a chain, or a kind of live speech."""

    corpus: str
    person: str
    file: str
    kind: str
    strength: str
    codec: str

    @property
    def is_attack(self) -> bool:
        """Whether a loudspeaker played it."""
        return self.kind in voice_replay.CHAINS

    @property
    def is_held_out(self) -> bool:
        """Whether it was made in a way that neither fit nor calibration may see."""
        return self.kind in (*HELD_OUT, LIVE_HELD_OUT)

    @property
    def part(self) -> str:
        """`fit`, `calibration` or `test`, by the person alone."""
        if self.corpus not in FITTED:
            return "test"
        number = zlib.crc32((self.corpus + self.person).encode()) % 3
        return ("fit", "calibration", "test")[number]


@dataclass(frozen=True, slots=True)
class Table:
    """Items with their figures (n, 27)."""

    items: tuple[Item, ...]
    figures: Array

    def where(self, wanted: Callable[[Item], bool]) -> Table:
        """The items for which `wanted` holds."""
        rows = [i for i, item in enumerate(self.items) if wanted(item)]
        return Table(tuple(self.items[i] for i in rows), self.figures[rows])


# --- measuring ----------------------------------------------------------------------------------


def measured(data: Path) -> Table:
    """Every recording live and replayed, each version through a codec or noise by chance."""
    through = speech_channels.channels(data)
    items, figures = [], []
    for corpus, (folder, suffix, some, folders) in CORPORA.items():
        paths = sorted(p for p in (data / folder).rglob(f"*{suffix}"))[some]
        for path in paths:
            samples = read_speech(path)
            if len(samples) < LEAST:
                continue
            first = max(0, (len(samples) - SAMPLES) // 2)
            cut = samples[first : first + SAMPLES]
            person = path.parent.name if folders else path.stem
            for number, (kind, strength, made) in enumerate(versions()):
                random = np.random.default_rng([number, zlib.crc32(path.name.encode())])
                heard = made(cut, random)
                codec = "as-is" if kind == UNTOUCHED else str(random.choice(CODECS))
                found = traces(through[codec](heard, random))
                if found is not None:
                    items.append(Item(corpus, person, path.name, kind, strength, codec))
                    figures.append(found)
        sys.stdout.write(f"{corpus}: {len(paths)} recordings\n")
    return Table(tuple(items), np.array(figures))


def versions() -> Iterator[tuple[str, str, Channel]]:
    """Kind, strength and maker of each version of a recording."""
    yield UNTOUCHED, "", speech_channels.untouched
    yield "coded", "", speech_channels.untouched
    for _ in range(3):
        yield LIVE, "", voice_replay.live
    for _ in range(2):
        yield LIVE_HELD_OUT, "", _live_in_shoebox
    for chain in voice_replay.CHAINS:
        for strength in voice_replay.STRENGTHS:
            yield chain, strength, _replay(chain, strength)


def _live_in_shoebox(samples: Floats, random: Random) -> Floats:
    return voice_replay.live(samples, random, shoebox=True)


def _replay(chain: str, strength: str) -> Channel:
    def made(samples: Floats, random: Random) -> Floats:
        return voice_replay.replayed(samples, random, chain=chain, strength=strength)

    return made


def kept(table: Table, file: Path) -> None:
    """Write a table."""
    rows = [(i.corpus, i.person, i.file, i.kind, i.strength, i.codec) for i in table.items]
    np.savez_compressed(file, figures=table.figures, items=np.array(rows))


def read(file: Path) -> Table:
    """A table as `kept` left it."""
    held = np.load(file)
    return Table(tuple(Item(*map(str, row)) for row in held["items"]), held["figures"])


# --- fitting ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Fit:
    """The logistic score and the region of familiar figures; fields as in the shipped model."""

    mean: Array
    scale: Array
    weights: Array
    offset: float
    whitening: Array
    most_distance: float

    def scores(self, figures: Array) -> Array:
        """Log odds for a loudspeaker, (n,)."""
        return np.asarray(((figures - self.mean) / self.scale) @ self.weights + self.offset)

    def as_json(self) -> str:
        """The file that ships."""
        held = {
            "figures": NAMES,
            "mean": self.mean.round(5).tolist(),
            "scale": self.scale.round(5).tolist(),
            "weights": self.weights.round(5).tolist(),
            "offset": round(self.offset, 5),
            "whitening": self.whitening.round(4).tolist(),
            "most_distance": round(self.most_distance, 3),
            "source": "python -m datasets.recipes.replayed_voice DATA --out FOLDER",
        }
        return json.dumps(held, indent=1) + "\n"


def fitted(table: Table) -> Fit:
    """Ridge logistic regression; corpora, and live speech with and without a room, weigh alike."""
    attack = np.array([i.is_attack for i in table.items], dtype=np.float64)
    weights = _weights(table.items)
    mean, scale = table.figures.mean(0), table.figures.std(0) + 1e-9
    unit = (table.figures - mean) / scale

    def cost(theta: Array) -> tuple[float, Array]:
        odds = unit @ theta[:-1] + theta[-1]
        loss = weights @ (np.logaddexp(0, odds) - attack * odds)
        slope = weights * (special.expit(odds) - attack)
        inner = unit.T @ slope + 2 * RIDGE * theta[:-1]
        return float(loss + RIDGE * theta[:-1] @ theta[:-1]), np.append(inner, slope.sum())

    start = np.zeros(unit.shape[1] + 1)
    theta = optimize.minimize(cost, start, jac=True, method="L-BFGS-B").x
    values, vectors = np.linalg.eigh(np.cov(unit.T))
    whitening = vectors.T / np.sqrt(np.maximum(values, 1e-3))[:, None]
    distances = np.linalg.norm(unit @ whitening.T, axis=1)
    far = float(np.quantile(distances, FAMILIAR))
    return Fit(mean, scale, theta[:-1], float(theta[-1]), whitening, far)


def _weights(items: Sequence[Item]) -> Array:
    def key(item: Item) -> tuple[str, str]:
        live = "roomless" if item.kind in (UNTOUCHED, "coded") else "live"
        return item.corpus, "attack" if item.is_attack else live

    keys = [key(item) for item in items]
    share = {k: (1.0 if k[1] == "attack" else 0.5) / keys.count(k) for k in set(keys)}
    weights = np.array([share[k] for k in keys])
    return np.asarray(weights / weights.sum())


def scored(fit: Fit, table: Table) -> Scores:
    """Scores with the person of each."""
    persons = np.array([f"{i.corpus} {i.person}" for i in table.items], np.str_)
    return Scores(fit.scores(table.figures), persons)


# --- telling ------------------------------------------------------------------------------------


def report(fit: Fit, table: Table, limit: float) -> Iterator[str]:
    """Rates above the limit on the test part, by corpus and kind, each with a 95 % interval."""
    test = table.where(lambda i: i.part == "test")
    for corpus in CORPORA:
        for kind in (UNTOUCHED, "coded", LIVE, LIVE_HELD_OUT, *voice_replay.CHAINS):
            for strength in voice_replay.STRENGTHS if kind in voice_replay.CHAINS else ("",):
                some = test.where(
                    lambda i, c=corpus, k=kind, s=strength: (
                        (i.corpus, i.kind, i.strength)  # type: ignore[misc]
                        == (c, k, s)
                    )
                )
                yield _line(f"{corpus} {kind} {strength}".strip(), fit, some, limit)


def left_out(table: Table) -> Iterator[str]:
    """Leave one corpus out: area under the curve, held-out chains against live speech of it."""
    for corpus in (*FITTED, "ami"):
        learnt = (*FITTED, "ami")
        fit = fitted(
            table.where(
                lambda i, c=corpus, n=learnt: (
                    i.corpus in n  # type: ignore[misc]
                    and i.corpus != c
                    and not i.is_held_out
                )
            )
        )
        own = table.where(lambda i, c=corpus: i.corpus == c)  # type: ignore[misc]
        live = fit.scores(own.where(lambda i: i.kind == LIVE_HELD_OUT).figures)
        for chain in HELD_OUT:
            played = fit.scores(own.where(lambda i, k=chain: i.kind == k).figures)  # type: ignore[misc]
            area = float(np.mean(played[:, None] > live[None, :]))
            yield f"without {corpus}: {chain} against live speech of {corpus}, AUC {area:.3f}"


def _line(name: str, fit: Fit, some: Table, limit: float) -> str:
    above = int((fit.scores(some.figures) > limit).sum())
    low, high = clopper_pearson(above, len(some.items))
    return f"{name}: {above} of {len(some.items)} above the limit ({low:.3f} to {high:.3f})"


def main(arguments: Sequence[str]) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--table", type=Path)
    parser.add_argument("--date", default="2026-11-23", help="day of the fit, YYYY-MM-DD")
    chosen = parser.parse_args(arguments)
    stored = chosen.table is not None and chosen.table.exists()
    table = read(chosen.table) if stored else measured(chosen.data)
    if chosen.table is not None and not stored:
        kept(table, chosen.table)
    known = table.where(lambda i: not i.is_held_out)
    fit = fitted(known.where(lambda i: i.part == "fit"))
    held = known.where(lambda i: i.part == "calibration")
    attacks = scored(fit, held.where(lambda i: i.is_attack))
    genuine = scored(fit, held.where(lambda i: not i.is_attack))
    label = {
        "id": "replayed_voice",
        "score": "log odds of one window",
        "model": "replayed_voice",
        "model_version": "1",
        "datasets": FITTED,
        "conditions": "read speech, one window each; loudspeakers and rooms simulated",
        "date": chosen.date,
        "source": "python -m datasets.recipes.replayed_voice DATA --out FOLDER",
    }
    ratio = calibration(attacks, genuine, label | {"hypotheses": HYPOTHESES})
    limits = conformal(attacks, genuine, label, errors=ERRORS)
    chosen.out.mkdir(parents=True, exist_ok=True)
    (chosen.out / "replayed_voice.json").write_text(fit.as_json(), encoding="utf-8")
    (chosen.out / "calibration.toml").write_text(as_toml(ratio), encoding="utf-8")
    (chosen.out / "conformal.toml").write_text(as_toml(limits), encoding="utf-8")
    lines = [*report(fit, table, limits.bona_fide_limit), *left_out(table)]
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
