"""Face and voice comparison over the shared data: rates, intervals, calibration, docs.

python -m benchmarks.verification --out docs/ [--records FILE]

Writes verification.md and its curves. With --records the face rows of identity/calibration.toml
are fitted anew and written to FILE; without it the shipped rows are evaluated.
"""

from __future__ import annotations

import argparse
import resource
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from audit.calibration import (
    Array,
    CalibrationRecord,
    Comparisons,
    clopper_pearson,
    fmr,
    threshold_at_fmr,
)
from audit.detectors import operating_point
from audit.inference import Models
from audit.settings import Settings
from audit.weights import WeightStore
from benchmarks import verification_faces as faces
from benchmarks.verification_fit import Label, as_toml, fit, merged, narrowed
from benchmarks.verification_sequences import sequences
from benchmarks.verification_table import Evaluated, curves, table
from benchmarks.verification_voices import evaluated_voices
from identity.face_scale import FaceScale, scale_for

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
SIZES = (1, 2, 3, 5)
CLEAR_RATE = 0.05
LEAST_QUALITY = 0.15
HYPOTHESES = ("the same person", "another adult of the same perceived race and gender")


@dataclass(frozen=True, slots=True)
class Material:
    """All faces read once."""

    lfw: faces.FaceSet
    orl: faces.FaceSet
    azure: faces.FaceSet
    fairface: faces.FaceSet
    grid: list[faces.Halves]
    other: list[faces.Halves]

    @property
    def within(self) -> float:
        """Mean similarity of two photographs of one person."""
        sets = (self.lfw, self.orl, self.azure)
        return float(np.mean(np.concatenate([faces.singles(one).mated for one in sets])))


def read(data: Path, models: Models, settings: Settings) -> Material:
    """Embeddings of every set."""
    stills = faces.Stills(models, settings)
    video = data / "video"
    grid = sorted((video / "grid").glob("**/*.mpg"))
    other = sorted(p for p in video.glob("*/*.mp4") if p.parent.name != "facenet_pytorch")
    return Material(
        lfw=stills.read("lfw10x10_krasserm", faces.lfw(data)),
        orl=stills.read("orl_att", faces.orl(data)),
        azure=stills.read("azure_family", faces.azure(data)),
        fairface=stills.read("FairFace val", faces.fairface(data)),
        grid=faces.clips(grid, models, settings),
        other=faces.clips(other, models, settings),
    )


# --- fitting ----------------------------------------------------------------------------------


def fitting_set(material: Material, size: int) -> Comparisons:
    """What the record for pools of `size` is fitted on: stills alone, no video."""
    parts = [faces.pools(one, size) for one in (material.lfw, material.orl)]
    if size == 1:
        parts.append(faces.pools(material.azure, 1))
    factor = faces.pooling_factor(size, material.within)
    strangers = material.fairface.of_quality(LEAST_QUALITY)
    return merged([*parts, faces.neighbours(strangers, factor)])


def groups(material: Material, size: int) -> list[Array]:
    """Scores of strangers within each perceived race and gender, as pools of `size`."""
    factor = faces.pooling_factor(size, material.within)
    cells = faces.by_cell(material.fairface.of_quality(LEAST_QUALITY), factor)
    return [pairs.scores for pairs in cells.values()]


def clear_points(material: Material) -> str:
    """For each row the similarity that at most 5 % of strangers of any one group reach, as TOML."""
    lines = [
        f"face_dlib_resnet_{size} = "
        f"{max(threshold_at_fmr(g, CLEAR_RATE) for g in groups(material, size)):.3f}"
        for size in SIZES
    ]
    return "\n".join(["# clear_from", *lines]) + "\n"


def face_records(material: Material, source: str) -> list[CalibrationRecord]:
    """One record per pool size."""
    found: list[CalibrationRecord] = []
    for size in SIZES:
        sets = ["lfw10x10_krasserm", "orl_att", *(["azure_family"] if size == 1 else [])]
        label = Label(
            id=f"face_dlib_resnet_{size}",
            score=f"cosine similarity of pools of at least {size} faces",
            model="dlib_resnet",
            model_version="1",
            hypotheses=HYPOTHESES,
            datasets=(*sets, "FairFace val"),
            conditions=(
                "photographs; non-mated mostly within perceived race and gender, adults, one "
                f"photograph each, scaled by {faces.pooling_factor(size, material.within):.3f} for "
                "pooling; orl_att has faces of 20 pixels"
            ),
            date=datetime.now(UTC).date().isoformat(),
            source=source,
        )
        found.append(fit(fitting_set(material, size), label, groups=groups(material, size)))
    # FairFace stands in for pools it does not have, so no size may claim more than another.
    lower, upper = max(r.lower for r in found), min(r.upper for r in found)
    return [
        narrowed(record, fitting_set(material, size), lower, upper)
        for record, size in zip(found, SIZES, strict=True)
    ]


# --- evaluation -------------------------------------------------------------------------------


def evaluated(material: Material, scale: FaceScale) -> list[Evaluated]:
    """Every set under the comparisons that it allows."""
    found: list[Evaluated] = []
    for one in (material.lfw, material.orl, material.azure):
        note = "below the quality gate" if one is material.orl else ""
        found.append(_evaluate(one.name, "1 face with 1", faces.singles(one), scale, 1, note))
        if one is not material.azure:
            for size in SIZES[1:]:
                pairs = faces.pools(one, size)
                found.append(_evaluate(one.name, f"{size} with {size}", pairs, scale, size, note))
    kind = "halves of a clip; clips"
    for name, clips in (("GRID", material.grid), ("other talking heads", material.other)):
        note = "mated within one recording; not in the fit"
        found.append(_evaluate(name, kind, faces.halves(clips), scale, 1, note))
    return found


def _evaluate(
    name: str, kind: str, pairs: Comparisons, scale: FaceScale, size: int, note: str
) -> Evaluated:
    grade = scale.grade(size, size)
    if grade.record is None:
        raise SystemExit("identity/calibration.toml has no rows for dlib_resnet: use --records")
    log10 = grade.record.log10(pairs.scores)
    return Evaluated(name, kind, pairs, log10, grade.review_below, grade.clear_from, note)


def cells(fairface: faces.FaceSet, scale: FaceScale) -> str:
    """False match rates within each perceived race and gender, highest first."""
    grade = scale.grade(1, 1)
    lines: list[tuple[float, str]] = []
    for cell, pairs in faces.by_cell(fairface.of_quality(LEAST_QUALITY)).items():
        total = len(pairs.scores)
        passed = int((pairs.scores >= grade.clear_from).sum())
        unflagged = float(fmr(pairs.scores, grade.review_below))
        low, high = clopper_pearson(passed, total)
        text = (
            f"| {cell} | {len(pairs.persons)} | {total} | {passed} ({passed / total:.1%}; "
            f"{low:.1%} to {high:.1%}) | {unflagged:.1%} |"
        )
        lines.append((unflagged, text))
    head = (
        "| perceived race and gender | people | pairs | passed as alike | not sent to review |\n"
        "|---|---|---|---|---|"
    )
    return "\n".join([head, *(text for _, text in sorted(lines, key=lambda x: -x[0]))])


def record_table(found: list[CalibrationRecord], scale: FaceScale) -> str:
    """The records and the similarities that their operating points come to."""
    lines = [
        "| row | slope | offset | bounds (log10) | mated | non-mated | people | "
        "cross-validated Cllr | review below | clear from |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for record in found:
        grade = next((g for g in scale.grades if g.record and g.record.id == record.id), None)
        low, high = record.score_at(-1.0), record.score_at(0.3)
        points = f"{low:.3f} | {grade.clear_from if grade else high:.3f}"
        lines.append(
            f"| {record.id} | {record.slope:g} | {record.offset:g} | {record.lower:+.2f} to "
            f"{record.upper:+.2f} | {record.n_mated} | {record.n_nonmated} | {record.n_persons} | "
            f"{record.cllr:.3f} | {points} |"
        )
    return "\n".join(lines)


def missed_table(material: Material) -> str:
    """Failures to acquire and quality per set of photographs."""
    lines = ["| set | photographs | no face found | median quality |", "|---|---|---|---|"]
    for one in (material.lfw, material.orl, material.azure, material.fairface):
        lines.append(f"| {one.name} | {one.pictures} | {one.missed} | {one.quality:.2f} |")
    return "\n".join(lines)


# --- page -------------------------------------------------------------------------------------

FACES = """# Verification: one person or two

Written by `python -m benchmarks.verification --out docs/`; {date}, {seconds:.0f} CPU-seconds.
Rates are of comparisons (FMR, FNMR as in ISO/IEC 19795-1). EER intervals come from {rounds}
resamplings of people, not pairs. Intervals behind counts are Clopper-Pearson and would hold if
pairs were independent; pairs that share a person are not, so read them as the least uncertainty.

## Faces (dlib_resnet)

{faces}

![False match against false non-match, faces](verification-faces.svg)

"At score" is where both errors are equal on that very set. "Mated sent to review" counts pairs of
one person below the review threshold; "passed" are pairs at or above the threshold for no
indication; what lies between is inconclusive. GRID and the other talking heads
are single recordings: their mated pairs are the halves of one clip, the easiest case there is, and
they took no part in the fit. The people of lfw10x10_krasserm are public figures of whom the network
may have seen other pictures in training. orl_att is a copy reduced to 23 x 28 pixels; a check would
call its faces unusable, the figures are given without that gate. FairFace pictures are cropped so
tightly that the detector misses about one in five; only adults are used.

{missed}

### A change of person in a sequence

Photographs as if they were one sample per second, divided and compared as `face_consistency` does.
The clips are GRID and the other talking heads.

{sequences}

### Who is told apart less well

Pairs of two different adults of one perceived race and gender (FairFace val, quality at least
{least}), one photograph each, at the thresholds for single faces. A pair that is "not sent to
review" is inconclusive unless it is also "passed as alike". The passing threshold was chosen on
these very pairs (at most 5 % in the worst group), so expect more elsewhere.

{cells}

The network separates some groups far less well than others at one threshold. Calibration
therefore takes the non-mated scores within such groups, which lowers every likelihood ratio, and
most stranger pairs of the worst groups come out inconclusive rather than passed.

### Calibration

log10 LR = slope x score + offset, by prior-weighted logistic regression with Platt's targets over
independent cases; bounds are ELUB of the cross-validated LRs, no wider than the number of people
supports, no higher than the worst-separated group of FairFace supports, and the narrowest of all
pool sizes. Cross-validation has five folds with no person in two of them. Pools of FairFace people
cannot be formed (one photograph each): their single scores are scaled by the expected effect of
pooling, 1/(length of a mean of k unit vectors) squared, which keeps more spread than pooling would.

{records}
"""

VOICES = """
## Voices (ge2e)

{voices}

![False match against false non-match, voices](verification-voices.svg)

Each comparison is of two utterances of at least one second of speech; libri_clean has one utterance
per speaker and adds strangers only. The scale is fitted on LibriSpeech and tried on VCTK, so no
speaker of VCTK took part in it; review is below LR = 1/10, passed is from LR = 2 on. The encoder
was trained on other speakers of LibriSpeech; read speech over one clean channel is its best case.

{records}
"""


def voice_part(data: Path, models: Models, out: Path) -> str:
    """The voices' half of the page."""
    found, record = evaluated_voices(data, models)
    curves(found, out / "verification-voices.svg", "Voices (ge2e)")
    return VOICES.format(voices=table(found), records=record_table([record], FaceScale(())))


def _cpu_s() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def main() -> None:
    """Read, evaluate, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--records", type=Path, help="fit the face rows and write them here")
    arguments = parser.parse_args()
    settings = Settings()
    models = Models(WeightStore(settings.weights_dir), settings=settings)
    material = read(arguments.data, models, settings)
    if arguments.records:
        found = face_records(material, "python -m benchmarks.verification --records FILE")
        rows = "\n".join(as_toml(one) for one in found)
        arguments.records.write_text(rows + "\n" + clear_points(material), "utf-8")
        return
    point = operating_point("identity", "face_consistency")
    scale = scale_for("dlib_resnet", point)
    results = evaluated(material, scale)
    curves(results, arguments.out / "verification-faces.svg", "Faces (dlib_resnet)")
    used = [grade.record for grade in scale.grades if grade.record]
    voices = voice_part(arguments.data, models, arguments.out)
    page = FACES.format(
        date=datetime.now(UTC).date().isoformat(),
        seconds=_cpu_s(),
        rounds=200,
        faces=table(results),
        missed=missed_table(material),
        least=LEAST_QUALITY,
        cells=cells(material.fairface, scale),
        sequences=sequences([material.lfw, material.orl], material.grid + material.other, scale),
        records=record_table(used, scale),
    )
    (arguments.out / "verification.md").write_text(page + voices, "utf-8")


if __name__ == "__main__":
    main()
