"""Fit the fusion of `liveness/presentation_attack.py`, its calibration and its limits.

    python -m datasets.recipes.presentation_attack --data DIR [--people 240] [--seed 0]
        [--cache FILE] [--write]

`DIR` holds `faces/fairface/train` and an LFW subset. Of each person there are bona fide pictures
(the photo as it is, and before the simulated camera) and one attack of each species that is
`trained_on`. All people fit what is shipped. Likelihood ratios and limits are set on the scores
that each fifth of the people gets from a fit without it (cross-conformal prediction, V. Vovk,
Annals of Mathematics and Artificial Intelligence 74, 2015). The figures printed are for people
(and, in the last column, species) left out. `--cache` keeps the crops, which take nearly all of the
time. Photos of the validation part, other sets and people, clips and all other species are never
looked at.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from audit.calibration import cllr, elub, fit_logistic
from audit.conformal import limits
from audit.inference import Models
from audit.media.plan import Picture
from audit.perception.faces import FaceReader, Networks
from audit.perception.mesh import region_of
from audit.settings import Sampling, Settings
from audit.weights import WeightStore
from datasets.attacks.presentations import SPECIES, Person, bona_fide, present
from datasets.attacks.recapture import Camera
from liveness.presentation_attack import PresentationAttack, inputs_of, log_odds
from liveness.presentation_fusion import INPUTS, Fusion

Image = NDArray[np.uint8]
Floats = NDArray[np.float64]

RIDGE = 0.01
ERRORS = (0.02, 0.065)
"""Stated errors of the conformal limits: bona fide held for an attack, and the reverse."""
PARTS = 5
"""Folds by person; a wearer belongs to the fold of the one who is shown."""
DATASETS = ("FairFace train and five people of LFW", "simulated instruments")
LFW_PEOPLE, LFW_FIRST = 5, 1_000_000
LEAST_FACE, LEAST_QUALITY = 48.0, 0.15
TUNED = tuple(s.id for s in SPECIES if s.trained_on and not s.id.endswith("_video"))
CROPS = tuple(c.name for c in PresentationAttack.spec.crops)


@dataclass(frozen=True, slots=True)
class Examples:
    """Rows of the set: 1 = attack, species, person (index of the photo), crops by name."""

    labels: NDArray[np.int64]
    species: NDArray[np.str_]
    people: NDArray[np.int64]
    crops: dict[str, Image]


class Studio:
    """Finds people, photographs them with and without instruments, cuts out their faces."""

    def __init__(self, models: Models, paths: Sequence[Path], seed: int) -> None:
        self._models, self._paths = models, paths
        self._nets = Networks.of(models)
        self._rng = np.random.default_rng(seed)

    def people(self) -> Iterator[tuple[int, Person]]:
        """Photos of frontal faces with their meshes, in a shuffled order."""
        for number in self._rng.permutation(len(self._paths)):
            picture = np.asarray(cv2.imread(str(self._paths[number])), np.uint8)
            seen = self._nets.detector.find(picture)
            if not seen:
                continue
            mesh = self._nets.mesh.fit(picture, region_of(seen[0]), passes=2).points
            left, right, nose = (float(mesh[i, 0]) for i in (234, 454, 1))
            if abs(nose - (left + right) / 2) < 0.18 * abs(right - left):
                yield int(number), Person((picture,), (mesh,))

    def pictures(self, person: Person, wearer: Person) -> Iterator[tuple[str, Image]]:
        """Bona fide pictures (species "") of a person, and one attack of each tuned species."""
        yield "", person.pictures[0]
        yield "", self.filmed(person.pictures[0])
        for species in (s for s in SPECIES if s.id in TUNED):
            strength = species.strengths[int(self._rng.integers(len(species.strengths)))]
            worn = species.id.startswith(("cutout", "mask"))
            camera = self._camera(square=worn)
            shown = present(
                species.id, strength, person, seed=self._seed(), wearer=wearer, camera=camera
            )
            yield species.id, next(shown)

    def filmed(self, photo: Image) -> Image:
        """The photo as a scene before the simulated camera, nothing between."""
        camera = self._camera(square=True)
        return next(bona_fide(Person((photo,)), seed=self._seed(), camera=camera))

    def crops(self, picture: Image) -> dict[str, Image] | None:
        """The detector's crops of the face after an encoder, None where it is not usable."""
        coded = self._coded(picture)
        reader = FaceReader(
            self._models, PresentationAttack.spec.crops, Sampling(), networks=self._nets
        )
        small = cv2.resize(coded[:, :, 1], (32, 24), interpolation=cv2.INTER_AREA)
        reader.add(Picture(0.0, 0, False, np.asarray(small, np.uint8), coded))
        log = reader.finish()
        for sample in log.samples:
            large = float(log.track(sample.track).sizes[0]) >= LEAST_FACE
            if sample.track == log.main and large and sample.quality >= LEAST_QUALITY:
                return dict(sample.crops)
        return None

    def _seed(self) -> int:
        return int(self._rng.integers(2**31))

    def _camera(self, *, square: bool) -> Camera:
        high = int(self._rng.choice([360, 480]))
        return Camera(
            width=high if square else high * 4 // 3,
            height=high,
            defocus=float(self._rng.uniform(0.3, 1.1)),
            noise=float(self._rng.uniform(0.004, 0.025)),
            sharpen=float(self._rng.uniform(0.0, 0.8)),
        )

    def _coded(self, picture: Image) -> Image:
        """As it is, or through JPEG, H.264 or VP8 at some rate."""
        kind = int(self._rng.integers(4))
        if kind == 0:
            return picture
        if kind == 1:
            quality = int(self._rng.integers(50, 96))
            data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
            return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)
        if kind == 2:
            crf = str(self._rng.integers(20, 34))
            return _through("libx264", {"crf": crf, "preset": "veryfast"}, 0, picture)
        rate = int(self._rng.integers(250, 1500)) * 1000
        fast = {"deadline": "realtime", "cpu-used": "-5", "qmin": "8", "qmax": "45"}
        return _through("libvpx", fast, rate, picture)


def _through(encoder: str, options: dict[str, str], rate: int, picture: Image) -> Image:
    high, wide = (side // 2 * 2 for side in picture.shape[:2])
    even = np.ascontiguousarray(picture[:high, :wide])
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="matroska") as container:
        stream = container.add_stream(encoder, rate=25)
        stream.width, stream.height, stream.pix_fmt = wide, high, "yuv420p"
        stream.options = {**options, "threads": "1"}
        if rate:
            stream.bit_rate = rate
        for _ in range(2):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(even, format="bgr24")))
        container.mux(stream.encode(None))
    buffer.seek(0)
    with av.open(buffer) as container:
        last = [f.to_ndarray(format="bgr24") for f in container.decode(video=0)][-1]
    return np.asarray(last, np.uint8)


def examples(studio: Studio, wanted: int) -> Examples:
    """Crops of all pictures of `wanted` people; each wears the instrument of the one before."""
    rows: list[tuple[int, str, int]] = []
    crops: dict[str, list[Image]] = {name: [] for name in CROPS}
    # A wearer belongs to the same part of the people: nobody who fits is seen in calibration.
    before: dict[int, Person] = {}
    for count, (number, person) in enumerate(studio.people()):
        if count > wanted + len(before):
            break
        wearer = before.get(number % PARTS)
        for species, picture in studio.pictures(person, wearer) if wearer else ():
            found = studio.crops(picture)
            if found is not None:
                rows.append((int(species != ""), species, number))
                for name in CROPS:
                    crops[name].append(found[name])
        before[number % PARTS] = person
    labels, species_of, people = zip(*rows, strict=True)
    return Examples(
        np.array(labels), np.array(species_of), np.array(people),
        {k: np.stack(v) for k, v in crops.items()},
    )  # fmt: skip


def wider(studio: Studio, data: Path) -> Examples:
    """Bona fide pictures with more around the face: the first five people of the LFW subset.

    Each photo as it is and before the simulated camera. FairFace's photos are cut so close that
    they alone would teach to distrust what the networks see around a face.
    """
    folders = sorted(data.glob("faces/lfw*/images/*"))[:LFW_PEOPLE]
    rows: list[int] = []
    crops: dict[str, list[Image]] = {name: [] for name in CROPS}
    for number, folder in enumerate(folders):
        for path in sorted(folder.glob("*.jpg")):
            photo = np.asarray(cv2.imread(str(path)), np.uint8)
            for found in (studio.crops(photo), studio.crops(studio.filmed(photo))):
                if found is not None:
                    rows.append(LFW_FIRST + number)
                    for name in CROPS:
                        crops[name].append(found[name])
    none = np.zeros(len(rows), np.int64)
    return Examples(
        none, np.full(len(rows), ""), np.array(rows, np.int64),
        {k: np.stack(v) for k, v in crops.items()},
    )  # fmt: skip


def joined(first: Examples, second: Examples) -> Examples:
    """Both sets one after the other."""
    return Examples(
        np.concatenate([first.labels, second.labels]),
        np.concatenate([first.species, second.species]),
        np.concatenate([first.people, second.people]),
        {k: np.concatenate([v, second.crops[k]]) for k, v in first.crops.items()},
    )


# --- fitting ------------------------------------------------------------------------------------


def fit(inputs: Floats, labels: NDArray[np.int64], species: NDArray[np.str_]) -> Fusion:
    """Ridge logistic regression; both kinds weigh alike, and all species within attacks."""
    mean, scale = inputs.mean(axis=0), inputs.std(axis=0) + 1e-6
    blank = Fusion(mean, scale, np.zeros(2 * len(mean)), 0.0)
    rows = blank.expanded(inputs)
    weights = np.zeros(len(labels))
    for name in np.unique(species):
        same = species == name
        kinds = len(np.unique(species[labels == labels[same][0]]))
        weights[same] = 0.5 / kinds / same.sum()

    def cost(theta: Floats) -> tuple[float, Floats]:
        z = rows @ theta[:-1] + theta[-1]
        loss = float(weights @ (np.logaddexp(0.0, z) - labels * z))
        pull = weights * (1.0 / (1.0 + np.exp(-z)) - labels)
        slope = np.append(rows.T @ pull + 2 * RIDGE * theta[:-1], pull.sum())
        return loss + RIDGE * float(theta[:-1] @ theta[:-1]), slope

    found = minimize(
        cost, np.zeros(rows.shape[1] + 1), jac=True, method="L-BFGS-B", options={"maxiter": 400}
    ).x
    return Fusion(mean, scale, found[:-1], float(found[-1]))


def left_out(inputs: Floats, found: Examples, *, species_too: bool) -> Floats:
    """Probability of bona fide for each row by a fit without its person (and its species)."""
    live = np.zeros(len(found.labels))
    for fold in range(PARTS):
        rest = found.people % PARTS != fold
        for name in np.unique(found.species):
            rows = ~rest & (found.species == name)
            used = rest & ~(species_too & (found.labels == 1) & (found.species == name))
            model = fit(inputs[used], found.labels[used], found.species[used])
            live[rows] = model.live(inputs[rows])
    return live


def report(found: Examples, by_person: Floats, by_species: Floats) -> None:
    """Print shares of attacks that pass at the 5th percentile of bona fide, by species."""
    point = float(np.quantile(by_person[found.labels == 0], 0.05))
    print(f"{len(found.labels)} pictures; at BPCER 5 % of people left out, APCER:")
    for name in np.unique(found.species[found.labels == 1]):
        rows = found.species == name
        passed, unseen = (by_person[rows] >= point).mean(), (by_species[rows] >= point).mean()
        print(f"  {name:14s} n {rows.sum():4d}  {passed:.3f}  species left out {unseen:.3f}")


def write(inputs: Floats, found: Examples, live: Floats, stated: dict[str, object]) -> None:
    """Store coefficients; print the calibration and the conformal record for left-out scores."""
    target = Path(__file__).resolve().parents[2] / "liveness" / "presentation_fusion.json"
    model = fit(inputs, found.labels, found.species)
    stored = {
        "about": "coefficients of liveness/presentation_fusion.py, from its recipe",
        "recipe": "python -m datasets.recipes.presentation_attack --data DIR --write",
        **stated, "ridge": RIDGE, "species": list(TUNED), "pictures": len(found.labels),
        "people": len(np.unique(found.people)), "inputs": list(INPUTS),
        "mean": model.mean.round(6).tolist(), "scale": model.scale.round(6).tolist(),
        "weights": model.weights.round(6).tolist(), "offset": round(model.offset, 6),
    }  # fmt: skip
    target.write_text(json.dumps(stored, indent=1) + "\n", encoding="utf-8")
    print(f"wrote {target}; rows for calibration.toml and conformal.toml:\n")
    print(_calibration(live, found.labels, found.people))
    print(_conformal(live, found.labels, found.people))


def _calibration(live: Floats, labels: NDArray[np.int64], people: NDArray[np.int64]) -> str:
    odds = np.array([log_odds(float(v)) for v in live])
    attack, genuine = odds[labels == 1], odds[labels == 0]
    count = len(np.unique(people))
    slope, offset = fit_logistic(attack, genuine, counts=(count, count))
    ratios = attack * slope + offset, genuine * slope + offset
    low, high = elub(*ratios)
    cost = cllr(np.clip(ratios[0], low, high), np.clip(ratios[1], low, high))
    rows = {
        "id": "presentation_attack_pictures",
        "score": "natural log odds of an attack, median over the sampled faces",
        "model": "presentation_attack", "model_version": "3",
        "slope": round(slope, 4), "offset": round(offset, 4), "lower": low, "upper": high,
        "hypotheses": ["a print, a screen or a paper mask is shown", "a live face is shown"],
        "n_mated": len(attack), "n_nonmated": len(genuine), "n_persons": count,
        "datasets": list(DATASETS),
        "conditions": "one picture, faces of 48 px or more, as it is, JPEG, H.264 or VP8",
    }  # fmt: skip
    return _row(rows) + f"cllr = {cost:.4f}\n"


def _conformal(live: Floats, labels: NDArray[np.int64], people: NDArray[np.int64]) -> str:
    genuine, attack = live[labels == 0], live[labels == 1]
    groups = people[labels == 0].tolist(), people[labels == 1].tolist()
    told = limits(genuine, attack, errors=ERRORS, attack_high=False, groups=groups)
    rows = {
        "id": "presentation_attack_pictures",
        "score": "probability of a bona fide presentation, median over the sampled faces",
        "model": "presentation_attack", "model_version": "3", **told,
        "datasets": list(DATASETS),
        "conditions": "one picture, faces of 48 px or more, as it is, JPEG, H.264 or VP8",
    }  # fmt: skip
    return _row(rows)


def _row(values: Mapping[str, object]) -> str:
    lines = [f"{key} = {json.dumps(value)}" for key, value in values.items()]
    today = datetime.now(UTC).date()
    source = "python -m datasets.recipes.presentation_attack --data DIR --write"
    return "\n".join(["[[record]]", *lines, f'date = "{today}"', f'source = "{source}"', ""])


def _cached(path: Path | None) -> Examples | None:
    if path is None or not path.exists():
        return None
    with np.load(path) as stored:
        crops = {name: stored[f"crop {name}"] for name in CROPS}
        return Examples(stored["labels"], stored["species"], stored["people"], crops)


def main(arguments: list[str]) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--people", type=int, default=240)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--cache", type=Path, help="crops are kept here and read again")
    parser.add_argument("--write", action="store_true")
    chosen = parser.parse_args(arguments)
    settings = Settings()
    models = Models(WeightStore(settings.weights_dir), threads=1, settings=settings)
    paths = sorted((chosen.data / "faces" / "fairface" / "train").glob("*.jpg"))
    found = _cached(chosen.cache)
    if found is None:
        found = examples(Studio(models, paths, chosen.seed), chosen.people)
        if chosen.cache:
            columns = {"labels": found.labels, "species": found.species, "people": found.people}
            np.savez(chosen.cache, **columns, **{f"crop {k}": v for k, v in found.crops.items()})  # type: ignore[arg-type]
    found = joined(found, wider(Studio(models, paths, chosen.seed), chosen.data))
    pictures = [{name: found.crops[name][i] for name in CROPS} for i in range(len(found.labels))]
    inputs = inputs_of(models, pictures)
    live = left_out(inputs, found, species_too=False)
    report(found, live, left_out(inputs, found, species_too=True))
    if chosen.write:
        names = hashlib.sha256("\n".join(p.name for p in paths).encode()).hexdigest()
        write(inputs, found, live, {"seed": chosen.seed, "photos_sha256": names})


if __name__ == "__main__":
    main(sys.argv[1:])
