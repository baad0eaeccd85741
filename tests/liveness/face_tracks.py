"""Face logs and interviews made of numbers, for the detectors that read faces."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper

from audit.facts import MediaFacts
from audit.interview import (
    FaceLog,
    FaceMotion,
    FaceSample,
    FaceTrack,
    Interview,
    PictureLog,
    SpeechLog,
)
from audit.types import Span, WeightUse

RATE = 25.0


def track(
    seconds: float = 4.0,
    *,
    id: int = 0,
    start_s: float = 0.0,
    size: float = 140.0,
    eyes: np.ndarray | None = None,
    motion: FaceMotion | None = None,
    step_s: float = 1 / RATE,
) -> FaceTrack:
    """A frontal face that stays in its place; dense unless `step_s` is another."""
    times = start_s + np.arange(max(1, round(seconds / step_s))) * step_s
    n = len(times)
    opening = np.full(n, 0.36) if eyes is None else eyes
    box = np.float32([100, 80, 100 + size * 0.8, 80 + size])
    return FaceTrack(
        id=id,
        times_s=times,
        frames=np.round(times * RATE).astype(np.int64),
        boxes=np.tile(box, (n, 1)),
        points=np.zeros((n, 5, 2), np.float32),
        confidence=np.ones(n, np.float32),
        pose=np.zeros((n, 3), np.float32),
        mouth_open=np.zeros(n, np.float32),
        eye_open=np.stack([opening, np.full(n, np.nan)], axis=1).astype(np.float32),
        sharpness=np.full(n, 120, np.float32),
        brightness=np.full(n, 120, np.float32),
        dense=np.full(n, step_s < 0.1),
        motion=motion,
    )


def movement(
    seconds: float = 4.0,
    *,
    start_s: float = 0.0,
    stir: float = 0.0,
    shift: float = 0.05,
    around: float = 0.005,
) -> FaceMotion:
    """The same movement in every comparison, a fifth of a second apart."""
    n = round(seconds / 0.2)

    def all_of(value: float) -> np.ndarray:
        return np.full(n, value, np.float32)

    return FaceMotion(
        times_s=start_s + 0.2 * np.arange(1, n + 1),
        gaps_s=all_of(0.2),
        shift=all_of(shift),
        around=all_of(around),
        mouth=all_of(stir + 0.01),
        eyes=all_of(0.01),
        rest=all_of(0.01),
    )


def samples(
    of: FaceTrack, level: int, *, step_s: float = 1.0, quality: float = 1.0
) -> tuple[FaceSample, ...]:
    """One flat grey sample per step, for the crops of presentation attacks."""
    pixels = np.full((80, 80, 3), level, np.uint8)
    skin = np.full((128, 128, 3), level, np.uint8)
    wanted = np.arange(of.times_s[0], of.times_s[-1] + 1e-6, step_s)
    rows = np.unique(np.searchsorted(of.times_s, wanted).clip(max=len(of.times_s) - 1))
    return tuple(
        FaceSample(
            track=of.id,
            row=int(r),
            time_s=float(of.times_s[r]),
            frame=int(of.frames[r]),
            quality=quality,
            crops={"pad_2.7": pixels, "pad_4.0": pixels, "pad_skin": skin},
        )
        for r in rows
    )


def log(
    tracks: Sequence[FaceTrack],
    kept: Sequence[FaceSample] = (),
    looked: np.ndarray | None = None,
) -> FaceLog:
    """A log over these tracks; searched at `looked` or wherever a track has a row."""
    times = [np.zeros(0), *(t.times_s for t in tracks)]
    looked_s = np.unique(np.concatenate(times)) if looked is None else looked
    counts = np.zeros(len(looked_s), np.int64)
    for t in tracks:
        counts += np.isclose(looked_s[:, None], t.times_s[None]).any(axis=1)
    return FaceLog(
        tracks=tuple(tracks),
        samples=tuple(sorted(kept, key=lambda s: s.time_s)),
        looked_s=looked_s,
        looked_count=counts,
        main=tracks[0].id if tracks else None,
    )


class TinyModels:
    """Stands in for `Models`: every network answers by brightness, bright = bona fide."""

    def __init__(self) -> None:
        self._session = onnxruntime.InferenceSession(
            brightness_net().SerializeToString(), providers=["CPUExecutionProvider"]
        )

    def onnx(self, weight_id: str) -> onnxruntime.InferenceSession:
        assert weight_id.startswith("minifasnet")
        return self._session

    def uses(self, *weight_ids: str) -> tuple[WeightUse, ...]:
        return tuple(WeightUse(w, "0" * 64, "CC0", True) for w in weight_ids)


def brightness_net() -> onnx.ModelProto:
    """logits [N, 3] = (0, (mean - 128) / 8, 0) of an input [N, 3, 80, 80]."""
    weight = np.zeros((3, 3), np.float32)
    weight[:, 1] = 1 / 24
    offset = np.float32([0, -16, 0])
    graph = helper.make_graph(
        [
            helper.make_node("GlobalAveragePool", ["input"], ["mean"]),
            helper.make_node("Flatten", ["mean"], ["flat"]),
            helper.make_node("Gemm", ["flat", "weight", "offset"], ["logits"]),
        ],
        "brightness",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["n", 3, 80, 80])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", 3])],
        [
            helper.make_tensor("weight", TensorProto.FLOAT, (3, 3), weight.ravel()),
            helper.make_tensor("offset", TensorProto.FLOAT, (3,), offset),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 9
    return model


def interview(
    faces: FaceLog | None, speech: Sequence[Span] | None = None, seconds: float = 4.0
) -> Interview:
    """A recording with these faces and this speech (None: no sound)."""
    spoken = None
    if speech is not None:
        spoken = SpeechLog(np.zeros(10, np.float32), 0.032, 0.0, tuple(speech))
    pictures = PictureLog(
        times_s=np.zeros(1),
        frames=np.zeros(1, np.int64),
        signatures=np.zeros((1, 24, 32), np.uint8),
        dense=(),
        width=640,
        height=480,
    )
    facts = MediaFacts("0" * 64, 1, "mp4", seconds, ())
    return Interview(
        label="recording",
        facts=facts,
        models=TinyModels(),  # type: ignore[arg-type]
        source_path=str(Path("recording.mp4")),
        pictures=pictures,
        faces=faces,
        speech=spoken,
    )
