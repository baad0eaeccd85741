"""How many answers an attacker needs to come to look like somebody, step by step (hill climbing).

    python -m benchmarks.hill_climb [--runs 20] [--most 20000]

The attacker is stronger than any real one: whatever vector it wants to have is what its picture
gives, it knows how faces spread in the network's space, and answers cost it nothing. It begins as
another person and learns from each answer whether a change brought it nearer. Two kinds of answers
are measured: yes/no (`same_person` or not), and the bands of words that the API gives. Answers come
from the calibration record of single faces of the shipped network.

Faces are made: a direction common to all, and 22 dimensions in which people differ, as the faces of
FairFace val do (participation ratio 22.9, mean cosine of two people 0.845, standard deviation
0.038; measured with dlib_resnet, 691 faces).
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from audit.calibration import band
from audit.detectors import operating_point
from audit.interview import Floats
from identity.embeddings import unit
from identity.face_scale import FaceScale, scale_for

DIM, SPREAD_DIMS = 128, 22
APART = 0.428
"""Length of what is a person's own, beside a common direction of length 1."""
WORDS = ("no", "weak", "moderate", "moderately strong", "strong", "very strong")
Ask = Callable[[Floats], str]
"""An oracle: a vector in, the API's answer out: direction and support."""


def face(rng: np.random.Generator) -> Floats:
    """A made person: a unit vector (128,)."""
    drawn = np.zeros(DIM, np.float32)
    drawn[0] = 1.0
    drawn[1 : SPREAD_DIMS + 1] = APART * unit(rng.standard_normal(SPREAD_DIMS).astype(np.float32))
    return unit(drawn)


def answer_of(score: float, scale: FaceScale) -> str:
    """What the API says of a cosine of single faces: as `api.tasks.compare` puts it."""
    grade = scale.single
    ratio = grade.likelihood_ratio(score)
    if ratio is None:
        raise ValueError("the shipped network is calibrated")
    word = band(ratio.log10)
    if word == "no":
        return "neither/no support either way"
    direction = "same_person" if ratio.log10 > 0 else "different_people"
    return f"{direction}/{word} support"


def rank_of(answer: str) -> int:
    """Answers in the order in which an attacker likes them, from 0 = neither."""
    direction, _, support = answer.partition("/")
    size = WORDS.index(support.removesuffix(" support")) if direction != "neither" else 0
    return size if direction == "same_person" else -size


def accepted(answer: str) -> bool:
    """Whether an attacker has what it wants: the answer a person would be let in on."""
    return answer.startswith("same_person/moderate")


@dataclass(slots=True)
class Climber:
    """A random walk that never goes down: it keeps a change whose answer is no worse.

    Attributes:
        here: where it stands. asked: answers that it got. yes_no: it uses no more than yes/no.
    """

    here: Floats
    rng: np.random.Generator
    yes_no: bool = False
    asked: int = 0
    step: float = 0.15

    def climb(self, ask: Ask, most: int) -> bool:
        """Asks until it is accepted, or has asked so often; whether it is."""
        best = self._rank(ask(self.here))
        while not self._done(best):
            if self.asked >= most:
                return False
            tried = self._changed()
            rank = self._rank(ask(tried))
            if rank >= best:
                self.here, best = tried, rank
        return True

    def _rank(self, answer: str) -> int:
        self.asked += 1
        if self.yes_no:
            return int(accepted(answer))
        return rank_of(answer) + 10 * accepted(answer)

    def _done(self, rank: int) -> bool:
        return rank >= (1 if self.yes_no else 10)

    def _changed(self) -> Floats:
        own = self.here.copy()
        drawn = self.rng.standard_normal(SPREAD_DIMS).astype(np.float32)
        own[1 : SPREAD_DIMS + 1] += np.float32(self.step) * APART * unit(drawn)
        length = np.linalg.norm(own[1 : SPREAD_DIMS + 1])
        own[1 : SPREAD_DIMS + 1] *= own[0] * APART / max(float(length), 1e-6)
        return unit(own)


def queries(seed: int, *, yes_no: bool, most: int) -> int | None:
    """Answers until the attacker is accepted, without any limit; None where `most` do not do."""
    rng = np.random.default_rng(seed)
    target, start = face(rng), face(rng)
    scale = scale_for("dlib_resnet", operating_point("identity", "face_reference"))
    climber = Climber(start, rng, yes_no=yes_no)
    done = climber.climb(lambda tried: answer_of(float(tried @ target), scale), most)
    return climber.asked if done else None


def main() -> None:
    """Runs from the command line."""
    parser = argparse.ArgumentParser(description="answers that hill climbing needs")
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--most", type=int, default=20_000)
    given = parser.parse_args()
    for yes_no in (False, True):
        found = [queries(seed, yes_no=yes_no, most=given.most) for seed in range(given.runs)]
        done = sorted(each for each in found if each is not None)
        kind = "yes/no" if yes_no else "bands"
        shown = f"median {np.median(done):.0f}, least {done[0]}, most {done[-1]}" if done else "-"
        print(f"{kind}: {len(done)} of {len(found)} within {given.most} answers; {shown}")


if __name__ == "__main__":
    main()
