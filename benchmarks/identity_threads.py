"""Threads of sessions made from photographs and utterances, with and without changes of person.

    python -m benchmarks.identity_threads [--faces FILE --voices FILE] [--half 0|1]
    python -m benchmarks.identity_threads --clips FOLDER [--cache FILE]

A made-up candidate has the face of one person of lfw10x10_krasserm and the voice of one speaker of
half 1 (`benchmarks.identity_voices`). Calibration records were fitted on these and other people;
the operating points of the thread were chosen on half 0. Each session takes two photographs and two
utterances that no other session of the thread has. A planted change puts another person's face,
voice or both in a place.

A thread is *found* when each planted change is asked to be reviewed by a trait that changed, and
*placed right* when, besides, nothing else is. With --clips real clips are cut into parts, encoded
and enrolled as recordings are (`benchmarks.identity_clips`), and their parts are the sessions.
Prints Markdown, worst first.
"""

from __future__ import annotations

import argparse
import pickle
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from audit.calibration import clopper_pearson
from audit.interview import Floats
from audit.types import Reason, Status
from benchmarks.identity_clips import Part, parts_of
from benchmarks.identity_voices import CHANNELS, Heard, half, load
from benchmarks.verification_faces import FaceSet
from identity.embeddings import unit
from identity.enrolment import Segment
from identity.thread import Session, TraitThread, threads

SEED = 20261123
FACE = "face/dlib_resnet/1/benchmark"
VOICE = "voice/ge2e/1/benchmark"
PER_SESSION = 2
ROUNDS = 20
_NOTHING = Reason("", "")

# Sessions by person: A the candidate, others by other letters; face and voice apart.
PLANS: dict[str, tuple[str, str, bool]] = {
    "untouched, 3 sessions": ("AAA", "AAA", False),
    "untouched, 5 sessions": ("AAAAA", "AAAAA", False),
    "untouched, each session through another channel": ("AAAAA", "AAAAA", True),
    "other face and voice from session 4 on": ("AAABB", "AAABB", False),
    "other face and voice from session 2 on": ("ABBB", "ABBB", False),
    "other face and voice in the last session": ("AAAB", "AAAB", False),
    "other face and voice in session 3 alone": ("AABA", "AABA", False),
    "other face and voice at the last, through channels": ("AAAB", "AAAB", True),
    "two others one after the other": ("AABBC", "AABBC", False),
    "other face, voice stays": ("AAABB", "AAAAA", False),
    "other voice, face stays": ("AAAAA", "AAABB", False),
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was planted in one thread and what was said of it."""

    plan: str
    planted: frozenset[tuple[str, int]]
    said: frozenset[tuple[str, int]]
    silent: int
    """Boundaries of which nothing could be said, in either trait."""

    @property
    def found(self) -> bool:
        """Whether a trait that changed said so, at each place of a change."""
        return {n for _, n in self.planted} <= {n for _, n in self.planted & self.said}

    @property
    def right(self) -> bool:
        """Whether, besides, nothing was said that was not planted."""
        return self.found and self.said <= self.planted


class Dealer:
    """Deals photographs and utterances, each once in a thread."""

    def __init__(
        self, faces: dict[str, list[Floats]], voices: dict[str, list[Heard]], seed: int
    ) -> None:
        self._faces = faces
        self._voices = voices
        self._rng = np.random.default_rng(seed)
        self._used: dict[str, list[int]] = {}

    def people(self, pool: Sequence[str], count: int) -> list[str]:
        """Different names."""
        return [str(n) for n in self._rng.choice(sorted(pool), count, replace=False)]

    def clear(self) -> None:
        """A new thread begins."""
        self._used = {}

    def face(self, person: str) -> Segment:
        """The face of a session."""
        rows = self._take(f"face {person}", len(self._faces[person]))
        vectors = np.stack([self._faces[person][i] for i in rows])
        return _segment("face", FACE, len(rows), unit(vectors.mean(axis=0)), {})

    def voice(self, person: str, channel: str) -> Segment:
        """The voice of a session."""
        own = [h for h in self._voices[person] if h.channel == channel]
        rows = self._take(f"voice {person} {channel}", len(own))
        parts = [own[i] for i in rows]
        amounts = np.array([p.speech_s for p in parts], np.float32)
        vector = unit(np.einsum("n,nd->d", amounts, np.stack([unit(p.vector) for p in parts])))
        held = {
            "snr_db": float(np.median([p.snr_db for p in parts])),
            "bandwidth_hz": parts[0].bandwidth_hz,
        }
        return _segment("voice", VOICE, float(amounts.sum()), vector, held)

    def channels(self, count: int, *, vary: bool) -> list[str]:
        """A channel for each session."""
        if not vary:
            return [CHANNELS[0]] * count
        return [str(c) for c in self._rng.permutation(CHANNELS)[:count]]

    def _take(self, what: str, count: int) -> list[int]:
        used = self._used.setdefault(what, [])
        free = [i for i in self._rng.permutation(count) if i not in used][:PER_SESSION]
        used += free
        return [int(i) for i in free]


def _segment(
    trait: str, space: str, amount: float, vector: Floats, conditions: dict[str, float]
) -> Segment:
    return Segment(
        trait="face" if trait == "face" else "voice",
        space=space,
        number=0,
        start_s=0.0,
        end_s=1.0,
        amount=amount,
        quality=1.0,
        conditions=conditions,
        vector=vector,
    )


def thread_of(dealer: Dealer, plan: str, faces: Sequence[str], voices: Sequence[str]) -> Outcome:
    """One thread of a plan with these people, judged."""
    face_plan, voice_plan, vary = PLANS[plan]
    dealer.clear()
    ways = dealer.channels(len(face_plan), vary=vary)
    sessions = [
        Session(
            f"session {n + 1}",
            (
                dealer.face(faces[ord(f) - ord("A")]),
                dealer.voice(voices[ord(v) - ord("A")], way),
            ),
        )
        for n, (f, v, way) in enumerate(zip(face_plan, voice_plan, ways, strict=True))
    ]
    return judged(plan, threads(sessions), (face_plan, voice_plan))


def judged(plan: str, found: Sequence[TraitThread], plans: Sequence[str]) -> Outcome:
    """What was planted against what the traits said."""
    planted = {
        (trait, n)
        for trait, letters in zip(("face", "voice"), plans, strict=False)
        for n, (a, b) in enumerate(pairwise(letters))
        if a != b
    }
    said: set[tuple[str, int]] = set()
    silent = 0
    for thread in found:
        said |= {
            (thread.trait, n)
            for n, boundary in enumerate(thread.boundaries)
            if boundary.status is Status.REVIEW
        }
        silent += sum(b.status is Status.INCONCLUSIVE for b in thread.boundaries)
    return Outcome(plan, frozenset(planted), frozenset(said), silent)


def constructed(faces: FaceSet, voices: dict[str, list[Heard]]) -> Iterator[Outcome]:
    """Every plan for every face, with voices and others drawn."""
    photographs: dict[str, list[Floats]] = defaultdict(list)
    for face in faces.faces:
        photographs[face.person].append(face.embedding)
    speakers = {n: own for n, own in voices.items() if len(own) > 1}
    dealer = Dealer(photographs, speakers, SEED)
    for plan in PLANS:
        for person in sorted(photographs):
            for _ in range(ROUNDS // 2):
                others = dealer.people([p for p in photographs if p != person], 2)
                yield thread_of(dealer, plan, [person, *others], dealer.people(list(speakers), 3))


def of_clips(parts: Sequence[Part]) -> Iterator[Outcome]:
    """Threads of parts of clips as they were enrolled: untouched, and with parts of another clip.

    A pair of clips of one person makes no thread; each other pair makes two, in each order.
    """
    clips: dict[str, list[Part]] = defaultdict(list)
    for part in parts:
        if part.made.segments:
            clips[part.clip].append(part)
    usable = [own for own in clips.values() if len(own) > 1]
    for own in usable:
        yield _told("a clip in parts, untouched", own, "A" * len(own))
        for theirs in usable:
            if theirs[0].person == own[0].person:
                if theirs is not own:
                    same = "two clips of one person, untouched"
                    yield _told(same, [*own[:2], *theirs[:2]], "AAAA")
                continue
            yield _told("another clip from session 3 on", [*own[:2], *theirs[:2]], "AABB")
            yield _told("another clip in the last session", [*own[:2], theirs[0]], "AAB")
            yield _told("another clip in session 2 alone", [own[0], theirs[0], own[1]], "ABA")


def _told(plan: str, parts: Sequence[Part], letters: str) -> Outcome:
    """What the traits that show in these sessions say, against the letters of who they are of."""
    found = threads([Session(str(n), part.made.segments) for n, part in enumerate(parts)])
    planted, said, silent = set(), set(), 0
    for thread in found:
        for boundary in thread.boundaries:
            before, after = int(boundary.before), int(boundary.after)
            if letters[before] != letters[after]:
                planted.add((thread.trait, after))
            if boundary.status is Status.REVIEW:
                said.add((thread.trait, after))
            silent += boundary.status is Status.INCONCLUSIVE
    return Outcome(plan, frozenset(planted), frozenset(said), silent)


def spliced_table(parts: Sequence[Part]) -> str:
    """What became of sessions of which the second half is of another person."""
    refused = sum(part.made.refused.get("face", _NOTHING).code == "several_faces" for part in parts)
    kept = sum(any(s.trait == "face" for s in part.made.segments) for part in parts)
    return (
        f"Spliced sessions whose face was not enrolled because several are seen: {refused}/"
        f"{len(parts)} ({_interval(refused, len(parts))}); enrolled all the same: {kept}."
    )


def table(found: Sequence[Outcome]) -> str:
    """Counts and 95 % intervals by plan, worst first: threads with a change, then untouched."""
    plans: dict[str, list[Outcome]] = defaultdict(list)
    for each in found:
        plans[each.plan].append(each)
    touched = {plan: own for plan, own in plans.items() if own[0].planted}
    untouched = {plan: own for plan, own in plans.items() if not own[0].planted}
    head = (
        "| threads | changes found | found and nothing else | 95 % | boundaries without an answer |"
    )
    lines = [head, "|---|---|---|---|---|"]
    for plan, own in sorted(touched.items(), key=lambda p: _share(p[1], lambda o: o.right)):
        lines.append(_row(plan, own))
    lines.append(_row("all with a change", [o for own in touched.values() for o in own]))
    lines += [
        "",
        "| untouched threads | with a false change | 95 % | boundaries without an answer |",
    ]
    lines.append("|---|---|---|---|")
    for plan, own in sorted(untouched.items(), key=lambda p: _share(p[1], lambda o: not o.said)):
        lines.append(_quiet(plan, own))
    lines.append(_quiet("all untouched", [o for own in untouched.values() for o in own]))
    return "\n".join(lines)


def _share(own: Sequence[Outcome], holds: Callable[[Outcome], bool]) -> float:
    return sum(holds(o) for o in own) / len(own)


def _row(plan: str, own: Sequence[Outcome]) -> str:
    right = sum(o.right for o in own)
    found = sum(o.found for o in own)
    return (
        f"| {plan} | {found}/{len(own)} | {right}/{len(own)} | {_interval(right, len(own))} | "
        f"{sum(o.silent for o in own)} |"
    )


def _quiet(plan: str, own: Sequence[Outcome]) -> str:
    false = sum(bool(o.said) for o in own)
    return (
        f"| {plan} | {false}/{len(own)} | {_interval(false, len(own))} | "
        f"{sum(o.silent for o in own)} |"
    )


def _interval(count: int, trials: int) -> str:
    low, high = clopper_pearson(count, trials)
    return f"{100 * low:.1f}-{100 * high:.1f} %"


def main() -> None:
    """Make the threads and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--faces", type=Path)
    parser.add_argument("--voices", type=Path)
    parser.add_argument("--clips", type=Path, help="a folder of clips")
    parser.add_argument("--cache", type=Path, default=Path("clips.pickle"))
    parser.add_argument("--half", type=int, default=1, choices=(0, 1))
    options = parser.parse_args()
    if options.faces and options.voices:
        with options.faces.open("rb") as file:
            faces = pickle.load(file)["lfw"]  # noqa: S301 - written by our own benchmarks
        print(table(list(constructed(faces, half(load(options.voices), options.half)))))
    if options.clips:
        with tempfile.TemporaryDirectory() as scratch:
            parts, spliced = parts_of(options.clips, Path(scratch), options.cache)
        print(table(list(of_clips(parts))))
        print(f"\n{spliced_table(spliced)}")


if __name__ == "__main__":
    main()
