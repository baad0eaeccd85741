"""Interviews whose answers are scripted: eyes that read, delays of one length, even pauses.

Nobody is heard or seen: eyes and mouth are numbers, the voice is babble. They test that signs are
measured as they were scripted, and say nothing about people.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audit.facts import MediaFacts
from audit.inference import Models
from audit.interview import Audio, FaceLog, FaceTrack, Floats, Interview, SpeechLog
from audit.types import Question, Span
from datasets.attacks.species import Species
from datasets.voices import LOW, babble

RATE = 16_000
FPS = 25.0
STRENGTHS = ("plain", "mild")
Random = np.random.Generator
Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Script:
    """How answers are given.

    Attributes:
        line_s: seconds per line that the eyes read; 0: they wander.
        delay_s, delay_spread: from question to answer, and its deviation as a share.
        pause_spread: deviation of pauses within answers, as a share.
        fillers: steady vowels per answer.
        turns: questions and answers.
    """

    line_s: float
    delay_s: float
    delay_spread: float
    pause_spread: float
    fillers: float
    turns: int = 8


FREE = Script(line_s=0.0, delay_s=0.5, delay_spread=0.8, pause_spread=0.9, fillers=1.5)
READING = {
    "plain": Script(line_s=2.5, delay_s=3.0, delay_spread=0.08, pause_spread=0.25, fillers=0.0),
    "mild": Script(line_s=4.0, delay_s=1.8, delay_spread=0.4, pause_spread=0.5, fillers=0.3),
}


def scripted(script: Script, models: Models, random: Random) -> Interview:
    """An interview of that script, as it stands after reading: no file, no pictures."""
    questions, answers = _turns(script, random)
    segments = tuple(sorted([*questions, *answers], key=lambda s: s.start_s))
    seconds = segments[-1].end_s + 1.0
    audio = Audio(_voice(segments, answers, script, seconds, random), RATE, 0.0, RATE, 1)
    track = _face(script, answers, seconds, random)
    times = track.times_s
    faces = FaceLog((track,), (), times, np.ones(len(times), np.int64), track.id)
    speech = SpeechLog(np.zeros(1, np.float32), seconds, 0.0, segments)
    facts = MediaFacts("", 0, "wav", seconds, streams=())
    return Interview("trial", facts, models, "", audio=audio, speech=speech, faces=faces)


def _turns(script: Script, random: Random) -> tuple[list[Span], list[Span]]:
    questions, answers, now = [], [], 0.5
    for _ in range(script.turns):
        questions.append(Span(now, now + float(random.uniform(1.5, 4.0))))
        now = questions[-1].end_s + _about(script.delay_s, script.delay_spread, random)
        for _ in range(4):
            answers.append(Span(now, now + float(random.uniform(1.6, 3.0))))
            now = answers[-1].end_s + _about(0.5, script.pause_spread, random)
        now += 1.5
    return questions, answers


def _about(mean: float, spread: float, random: Random) -> float:
    """Log-normal with this mean and deviation over mean, at least .16."""
    width = float(np.sqrt(np.log1p(spread**2)))
    return max(0.16, float(mean * np.exp(random.normal(-(width**2) / 2, width))))


def _voice(
    segments: tuple[Span, ...],
    answers: list[Span],
    script: Script,
    seconds: float,
    random: Random,
) -> NDArray[np.int16]:
    sound = random.standard_normal(round(seconds * RATE)) * 3.0
    own = {span.start_s for span in answers}
    for number, span in enumerate(segments):
        first = round(span.start_s * RATE)
        said = babble(LOW, span.duration_s, number).astype(np.float64)
        if span.start_s in own and random.random() < script.fillers / 4:
            hum = _steady_vowel(0.45)
            said[: len(hum)] = hum
        sound[first : first + len(said)] += said
    return np.clip(sound, -32768, 32767).astype(np.int16)


def _steady_vowel(seconds: float) -> Array:
    """One vowel at one pitch."""
    times = np.arange(round(seconds * RATE)) / RATE
    partials = (
        np.sin(2 * np.pi * 110.0 * k * times) / (1 + (k - 5) ** 2 / 8) for k in range(1, 30)
    )
    sound = np.sum(list(partials), axis=0)
    return np.asarray(sound / np.abs(sound).max() * 9000.0)


def _face(script: Script, answers: list[Span], seconds: float, random: Random) -> FaceTrack:
    times = np.arange(round(seconds * FPS)) / FPS
    n = len(times)
    own = np.zeros(n, bool)
    for span in answers:
        own |= (times >= span.start_s) & (times <= span.end_s)
    mouth = np.where(own, 0.2 + 0.15 * np.sin(2 * np.pi * 4.0 * times), 0.01)
    gaze = np.stack([_eyes(script, own, times, random), np.zeros(n)], axis=1)

    return face_of(times, mouth, gaze)


def face_of(times: Array, mouth: Array, gaze: Array | None = None) -> FaceTrack:
    """A frontal face followed frame by frame, of which only mouth and eyes move.

    Args:
        times: seconds, (n,). mouth: as `FaceTrack.mouth_open`. gaze: as `FaceTrack.gaze`.
    """
    n = len(times)

    def all_of(value: float) -> Floats:
        return np.full(n, value, np.float32)

    return FaceTrack(
        id=0,
        times_s=times,
        frames=np.arange(n),
        boxes=np.tile(np.array([100, 80, 212, 220], np.float32), (n, 1)),
        points=np.zeros((n, 5, 2), np.float32),
        confidence=all_of(1.0),
        pose=np.zeros((n, 3), np.float32),
        mouth_open=mouth.astype(np.float32),
        eye_open=np.stack([all_of(0.36), all_of(np.nan)], axis=1),
        sharpness=all_of(120.0),
        brightness=all_of(120.0),
        dense=np.ones(n, bool),
        gaze=None if gaze is None else gaze.astype(np.float32),
    )


def _eyes(script: Script, own: NDArray[np.bool_], times: Array, random: Random) -> Array:
    """Across, in eye widths: lines while reading, else steps of a wandering glance."""
    noise = random.normal(0.0, 0.006, len(times))
    if script.line_s > 0:
        line = (times / script.line_s) % 1.0
        return np.asarray(np.where(own, 0.09 - 0.18 * np.round(line * 6) / 6, 0.0) + noise)
    steps = np.cumsum(random.random(len(times)) < 1 / (1.2 * FPS))
    places = random.normal(0.0, 0.04, int(steps.max()) + 1)
    return np.asarray(places[steps] + noise)


SPECIES: tuple[Species, ...] = (
    Species(
        id="assistance.reading",
        title="Answers read out (scripted eyes, delays and rhythm)",
        standard="none",
        term="assisted answering",
        media="audiovisual",
        question=Question.ASSISTANCE,
        signals=("assisted_answering",),
        strengths=STRENGTHS,
        generator="answering.scripted",
    ),
)
