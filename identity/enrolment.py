"""What of a recording is good enough to stand for a person: its segments, and their vectors.

Rules are in operating_points.toml, table `enrolment`. Nothing is kept of a recording in whose seat
more than one person sits, or in which the voice heard most is not heard nearly alone: whose traits
these are would be a guess.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from audit.detectors import operating_point
from audit.inference import Models
from audit.interview import Floats, Interview
from audit.settings import Limits
from audit.types import Reason, WeightUse
from identity.embeddings import unit
from identity.face_consistency import rows_of, stretches_of
from identity.face_encoder import FaceEncoder
from identity.face_encoder import encoder_of as face_encoder_of
from identity.face_line import FaceLine, face_line
from identity.face_reference import best_rows
from identity.face_scale import scale_for
from identity.fixed_pattern import fixed_pattern_of
from identity.fixed_pattern import packed as packed_pattern
from identity.person_changes import Rows
from identity.scene import SPACE as SCENE_SPACE
from identity.scene import packed, scene_of
from identity.voice_encoder import VoiceEncoder
from identity.voice_encoder import encoder_of as voice_encoder_of
from identity.voice_reference import Voice, voice_of

Trait = Literal["face", "voice", "scene"]
ROOM, GRAIN = 0, 1
"""The two segments of a scene: what is seen behind the person, and the pictures' fine grain."""


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment of a recording that stands for what is in it.

    Attributes:
        space: network, pre-processing and weights; only vectors of one space may be compared.
        number: which segment of the recording, from 0. start_s, end_s: where it lies.
        amount: faces pooled (face), seconds of speech (voice), pictures averaged (scene).
        quality: 0..1. conditions: how it was recorded, by name.
        vector (d,): of length 1 for faces and voices.
    """

    trait: Trait
    space: str
    number: int
    start_s: float
    end_s: float
    amount: float
    quality: float
    conditions: Mapping[str, float]
    vector: Floats


@dataclass(frozen=True, slots=True)
class Enrolment:
    """The segments of one recording, and why a trait has none."""

    segments: tuple[Segment, ...]
    refused: Mapping[str, Reason]


def space_of(trait: Trait, encoder: FaceEncoder | VoiceEncoder) -> str:
    """The space of an encoder's vectors: its name, its version, and a digest of its weights."""
    digest = hashlib.sha256("".join(use.sha256 for use in encoder.uses()).encode()).hexdigest()
    return f"{trait}/{encoder.id}/{encoder.version}/{digest[:16]}"


def spaces_of(models: Models) -> dict[Trait, str]:
    """The spaces of the back ends that the settings of these models choose, and of scenes.

    Raises:
        SettingsInvalid, WeightsUnavailable: a back end cannot be opened.
    """
    return {
        "face": space_of("face", face_encoder_of(models)),
        "voice": space_of("voice", voice_encoder_of(models)),
        "scene": SCENE_SPACE,
    }


def weights_of(models: Models) -> dict[str, tuple[WeightUse, ...]]:
    """By space: the weights of the same back ends. Raises as `spaces_of`."""
    face, voice = face_encoder_of(models), voice_encoder_of(models)
    return {space_of("face", face): face.uses(), space_of("voice", voice): voice.uses()}


def enrolment(interview: Interview) -> Enrolment:
    """What of a recording's face and voice may be kept, and of the scene they are in.

    Raises:
        SettingsInvalid, WeightsUnavailable: a back end cannot be opened.
    """
    point = operating_point("identity", "enrolment")
    found: list[Segment] = []
    refused: dict[str, Reason] = {}
    for trait, make in (("face", _faces), ("voice", _voices)):
        made = make(interview, point)
        if isinstance(made, Reason):
            refused[trait] = made
        else:
            found += made
    scene = _scene(interview)
    if isinstance(scene, Reason):
        refused["scene"] = scene
    else:
        found.append(scene)
    return Enrolment(tuple(found), refused)


def _faces(interview: Interview, point: Mapping[str, Any]) -> list[Segment] | Reason:
    encoder = face_encoder_of(interview.models)
    line = face_line(
        interview,
        encoder,
        least_quality=point["face_least_quality"],
        least_size=point["face_least_relative_size"],
    )
    if line is None or not len(line):
        return Reason("no_usable_face", "No face is large, sharp and frontal enough to be kept.")
    scale = scale_for(encoder.id, operating_point("identity", "face_consistency"))
    rows = rows_of(stretches_of(line, scale, most=point["face_least_stretch"]), 0)
    if len(rows) < point["face_least_share"] * len(line):
        return Reason("several_faces", "More than one person is seen in the interview's seat.")
    runs = np.array_split(rows, min(point["most_segments"], max(1, len(rows) // 2)))
    space = space_of("face", encoder)
    return [
        _face(line, best_rows(line, run, point["face_most_samples"]), space, number)
        for number, run in enumerate(runs)
    ]


def _face(line: FaceLine, rows: Rows, space: str, number: int) -> Segment:
    boxes = line.boxes[rows]
    return Segment(
        trait="face",
        space=space,
        number=number,
        start_s=round(float(line.times_s[rows[0]]), 3),
        end_s=round(float(line.times_s[rows[-1]]), 3),
        amount=float(len(rows)),
        quality=round(float(np.median(line.quality[rows])), 3),
        conditions={"relative_height": round(float(np.median(boxes[:, 3] - boxes[:, 1])), 4)},
        vector=line.pool(rows),
    )


def _voices(interview: Interview, point: Mapping[str, Any]) -> list[Segment] | Reason:
    encoder = voice_encoder_of(interview.models)
    voice = voice_of(interview, {"least_speech_s": point["voice_least_speech_s"]})
    if voice is None or voice.speech_s < point["voice_least_speech_s"]:
        return Reason("little_speech", "There is too little speech of one voice to be kept.")
    if voice.other_share > point["voice_most_other_share"]:
        return Reason("several_voices", "Other voices have too much of the speech.")
    if voice.snr_db < point["voice_least_snr_db"]:
        return Reason("noisy", "The speech does not stand far enough above the noise.")
    number = int(voice.speech_s // point["voice_segment_s"])
    runs = np.array_split(voice.rows, min(point["most_segments"], max(1, number)))
    space = space_of("voice", encoder)
    return [_voice(voice, run, space, n, point) for n, run in enumerate(runs)]


def _voice(
    voice: Voice, rows: np.ndarray, space: str, number: int, point: Mapping[str, Any]
) -> Segment:
    times = voice.line.times_s[rows]
    sound = voice.line.sound
    amount = voice.speech_s * len(rows) / len(voice.rows)
    enough = min(1.0, amount / float(point["voice_segment_s"]))
    clean = float(np.clip((voice.snr_db - point["voice_least_snr_db"]) / 15.0, 0.0, 1.0))
    return Segment(
        trait="voice",
        space=space,
        number=number,
        start_s=round(float(times[0]), 3),
        end_s=round(float(times[-1]), 3),
        amount=round(amount, 3),
        quality=round(enough * (0.3 + 0.7 * clean), 3),
        conditions={
            "snr_db": round(voice.snr_db, 1),
            "bandwidth_hz": round(sound.bandwidth_hz if sound else 0.0, 0),
        },
        vector=unit(voice.line.embeddings[rows].mean(axis=0)),
    )


def _scene(interview: Interview) -> Segment | Reason:
    found = scene_of(interview)
    if isinstance(found, Reason):
        return found
    return Segment(
        trait="scene",
        space=SCENE_SPACE,
        number=ROOM,
        start_s=round(found.times_s[0], 3),
        end_s=round(found.times_s[1], 3),
        amount=float(found.pictures),
        quality=round(float(np.isfinite(found.background).mean()), 3),
        conditions={},
        vector=packed(found),
    )


def grain_of(interview: Interview, limits: Limits) -> Segment | Reason:
    """The fine grain of a recording's pictures, which are decoded for it: about 1 to 2 CPU-s."""
    found = fixed_pattern_of(interview, limits)
    if isinstance(found, Reason):
        return found
    return Segment(
        trait="scene",
        space=SCENE_SPACE,
        number=GRAIN,
        start_s=0.0,
        end_s=round(interview.facts.duration_s, 3),
        amount=float(found.pictures),
        quality=round(float((found.signs != 0).mean()), 3),
        conditions={"frame_width": float(found.width), "frame_height": float(found.height)},
        vector=packed_pattern(found),
    )


def pooled_segments(segments: Sequence[Segment]) -> tuple[Floats, float]:
    """Segments of one space as one vector of length 1, each by its amount, and their amount."""
    amounts = np.array([each.amount for each in segments], np.float32)
    vectors = np.stack([each.vector for each in segments])
    return unit(np.einsum("n,nd->d", amounts, vectors)), float(amounts.sum())
