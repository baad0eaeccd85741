"""Responses made of numbers: taken when they fit, refused with their reason when they do not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from audit.challenges import Kind, Outcome, Plan, Telemetry, Verdict, draw
from audit.facts import Packets, Stream
from audit.interview import Audio, FaceLog, FaceSample, FaceTrack, Interview, PictureLog, SpeechLog
from audit.types import Span
from liveness.challenge import Response, verified
from liveness.challenge.movement import likeness, movement_of
from tests.answering import RATE, telemetry
from tests.liveness.face_tracks import interview as made_interview

NONCE, OTHER = "ab" * 32, "cd" * 32
STEP_S = 0.1
FACE = np.random.default_rng(3).integers(70, 180, (32, 32, 1)).repeat(3, axis=2).astype(np.float64)


def doing(plan: Plan, times: np.ndarray, late_s: float = 0.4) -> dict[str, np.ndarray]:
    """What a person does at these times who follows the plan `late_s` late."""
    rows = {name: np.zeros(len(times)) for name in ("yaw", "pitch", "gaze", "cover", "mouth")}
    rows["colour"] = np.zeros((len(times), 3))
    light = {"red": (0, 0, 1), "green": (0, 1, 0), "blue": (1, 0, 0)}
    for cue in plan.cues:
        followed = times - late_s
        here = (followed >= cue.start_s) & (followed < cue.end_s)
        if cue.kind is Kind.TURN_HEAD:
            name, by = {"left": ("yaw", 25.0), "right": ("yaw", -25.0), "up": ("pitch", 15.0)}[
                cue.steps[0]
            ]
            rows[name][here] = by
        elif cue.kind is Kind.COVER_FACE:
            rows["cover"][here] = 1 if cue.steps[0] == "eyes" else 2
        elif cue.kind is Kind.FOLLOW_DOT:
            rows["gaze"][here] = [-0.05 * (float(cue.step_at(t)) - 1.5) for t in followed[here]]
        elif cue.kind is Kind.SAY_DIGITS:
            rows["mouth"][here] = 0.15 * np.abs(np.sin(2 * np.pi * 1.5 * followed[here]))
        else:
            shown = (times >= cue.start_s) & (times < cue.end_s)
            rows["colour"][shown] = [light[cue.step_at(t)] for t in times[shown]]
    return rows


def response(followed: Plan, shown: Plan, **how: Any) -> tuple[Interview, Plan]:
    """The recording of a person who follows one plan, as long as another one asks for."""
    times = np.arange(0, shown.duration_s, 1 / RATE)
    random = np.random.default_rng(1)
    rows = doing(followed, times)
    n = len(times)

    def noisy(values: np.ndarray, spread: float) -> np.ndarray:
        return (values + random.normal(0, spread, values.shape)).astype(np.float32)

    light = how.get("light", 120.0)
    box = np.tile(np.float32([200, 120, 360, 320]), (n, 1))
    track = FaceTrack(
        id=0, times_s=times, frames=np.arange(n), boxes=box,
        points=np.zeros((n, 5, 2), np.float32), confidence=np.ones(n, np.float32),
        pose=noisy(np.stack([rows["yaw"], rows["pitch"], 0 * times], axis=1), 0.6),
        mouth_open=noisy(rows["mouth"], 0.002), eye_open=np.full((n, 2), 0.35, np.float32),
        sharpness=np.full(n, 120, np.float32), brightness=np.full(n, light, np.float32),
        dense=np.ones(n, bool), gaze=noisy(np.stack([rows["gaze"], 0 * times], axis=1), 0.01),
    )  # fmt: skip
    glow = how.get("glow", 0.06)
    samples = []
    for row in range(0, n, round(RATE * STEP_S)):
        face = FACE.copy()
        if rows["cover"][row]:
            part = slice(0, 16) if rows["cover"][row] == 1 else slice(17, 32)
            face[part] = 110 + np.linspace(0, 8, 32)[None, :, None]
        face = face * (1 + glow * rows["colour"][row]) + random.normal(0, 1.5, face.shape)
        crops = {"challenge_face": np.clip(face, 0, 255).astype(np.uint8)}
        samples.append(FaceSample(0, row, float(times[row]), row, 1.0, crops))
    log = FaceLog((track,), tuple(samples), times, np.ones(n, np.int64), 0)
    return _around(times, rows, log, random, sound=how.get("sound", True)), shown


def _around(
    times: np.ndarray, rows: dict[str, np.ndarray], log: FaceLog, random: Any, *, sound: bool
) -> Interview:
    n = len(times)
    moving = np.abs(np.gradient(rows["yaw"])) + np.abs(np.gradient(rows["pitch"])) + rows["cover"]
    lumas = random.normal(100, 1, (n, 24, 32))
    lumas[:, 6:18, 10:22] += 3 * moving[:, None, None] * random.normal(0, 1, (n, 12, 12))
    pictures = PictureLog(
        times, np.arange(n), np.clip(lumas, 0, 255).astype(np.uint8), (), 640, 480
    )
    packets = Packets(
        pts_s=times, dts_s=times, duration_s=np.full(n, 1 / RATE), size=np.full(n, 900),
        keyframe=np.zeros(n, bool), position=np.arange(n) * 900,
    )  # fmt: skip
    video = Stream(
        index=0, kind="video", codec="vp8", profile="", start_s=0.0, duration_s=None,
        time_base=(1, 1000), packets=packets, width=640, height=480, rotation=0,
        pixel_format="yuv420p", declared_rate=None, average_rate=None,
    )  # fmt: skip
    base = made_interview(None)
    facts = replace(base.facts, duration_s=float(times[-1]), streams=(video,))
    at = np.arange(0, times[-1], 1 / 16000)
    loud = np.interp(at, times, rows["mouth"])
    samples = (random.normal(0, 60 + 60000 * loud * (loud > 0.01))).clip(-32000, 32000)
    audio = Audio((samples * sound).astype(np.int16), 16000, 0.0, 48000, 1)
    spoken = np.flatnonzero(rows["mouth"] > 0.01)
    segments = (Span(float(times[spoken[0]]), float(times[spoken[-1]])),) if len(spoken) else ()
    speech = SpeechLog(np.zeros(1, np.float32), 0.1, 0.0, segments)
    return replace(base, facts=facts, audio=audio, pictures=pictures, faces=log, speech=speech)


@pytest.fixture(scope="module")
def plans() -> tuple[Plan, Plan]:
    return draw(NONCE), draw(OTHER)


@pytest.fixture(scope="module")
def bona_fide(plans: tuple[Plan, Plan]) -> Interview:
    return response(plans[0], plans[0])[0]


def looked(interview: Interview, plan: Plan, **changes: Any) -> Any:
    earlier = changes.pop("earlier", ())
    elapsed = changes.pop("elapsed_s", plan.duration_s + 3)
    told = Telemetry.model_validate({**telemetry(plan, NONCE), **changes})
    return verified(
        interview, Response(plan=plan, telemetry=told, elapsed_s=elapsed, earlier=earlier)
    )


def codes(result: Any) -> list[str]:
    return [reason.code for reason in result.reasons]


def test_who_follows_every_cue_is_accepted(bona_fide: Interview, plans: tuple[Plan, Plan]) -> None:
    result = looked(bona_fide, plans[0])
    assert [
        (c.kind, c.outcome, c.text) for c in result.cues if c.outcome is not Outcome.FOLLOWED
    ] == []
    assert result.verdict is Verdict.ACCEPTED
    assert result.bits > 25
    assert any("nothing here understands speech" in each for each in result.not_checked)
    assert any("real-time" in each for each in result.not_checked)


def test_a_recording_of_another_challenge_is_refused(plans: tuple[Plan, Plan]) -> None:
    interview, shown = response(plans[1], plans[0])
    result = looked(interview, shown)
    assert (result.verdict, codes(result)) == (Verdict.REFUSED, ["cues_not_followed"])


def test_a_recording_without_any_cue_is_refused(plans: tuple[Plan, Plan]) -> None:
    still = replace(plans[0], cues=())
    result = looked(response(still, plans[0])[0], plans[0])
    assert (result.verdict, codes(result)) == (Verdict.REFUSED, ["cues_not_followed"])
    seen = {cue.kind: cue.outcome for cue in result.cues}
    assert seen[Kind.SCREEN_COLOURS] is Outcome.NOT_SEEN  # light that is not there proves nothing


def test_an_earlier_response_is_known_again(bona_fide: Interview, plans: tuple[Plan, Plan]) -> None:
    assert bona_fide.pictures is not None
    earlier = movement_of(bona_fide.pictures)
    dimmed = replace(
        bona_fide.pictures,
        signatures=(bona_fide.pictures.signatures[60:] * 0.7).astype(np.uint8),
        times_s=bona_fide.pictures.times_s[60:] - 2.0,
    )
    other = response(plans[1], plans[1])[0].pictures
    assert other is not None
    assert likeness(earlier, movement_of(dimmed)) > 0.85 > likeness(earlier, movement_of(other))
    result = looked(bona_fide, plans[0], earlier=(earlier,))
    assert codes(result) == ["replayed_recording"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"label": "OBS Virtual Camera"}, "software_camera"),
        ({"label": "Dummy video device (0x0000)"}, "software_camera"),
        ({"reported": {"width": 1280, "height": 720, "frame_rate": 30}}, "settings_contradicted"),
        ({"element_width": 480, "element_height": 360}, "settings_contradicted"),
        ({"reported": {"width": 640, "height": 480, "frame_rate": 15}}, "settings_contradicted"),
        ({"frames": []}, "impossible_frame_timing"),
        ({"elapsed_s": 20.0}, "clock_contradicted"),
        ({"clock_stop_ms": 1.7e12 + 1000}, "clock_contradicted"),
        ({"stopped_at": 9_000.0, "clock_stop_ms": 1.7e12 + 4000}, "impossible_frame_timing"),
    ],
)
def test_wrong_telemetry_is_refused_with_its_reason(
    bona_fide: Interview, plans: tuple[Plan, Plan], changes: dict[str, Any], code: str
) -> None:
    result = looked(bona_fide, plans[0], **changes)
    assert result.verdict is Verdict.REFUSED
    assert code in codes(result)


Change = Callable[[list[dict[str, Any]]], list[dict[str, Any]]]


@pytest.mark.parametrize(
    "change",
    [
        lambda frames: frames[::-1],
        lambda frames: [{**f, "at": 5000 + 40.0 * k} for k, f in enumerate(frames)],
        lambda frames: [{**f, "media_s": f["media_s"] * 1.5} for f in frames],
        lambda frames: [{**f, "count": 40} for f in frames],
        lambda frames: frames[: len(frames) // 3],
    ],
    ids=["backwards", "without jitter", "another clock", "one frame", "too few for the file"],
)
def test_frame_times_that_no_camera_gives(
    bona_fide: Interview, plans: tuple[Plan, Plan], change: Change
) -> None:
    frames = change(telemetry(plans[0], NONCE)["frames"])
    assert set(codes(looked(bona_fide, plans[0], frames=frames))) == {"impossible_frame_timing"}


def test_a_phone_held_upright_contradicts_nothing(
    bona_fide: Interview, plans: tuple[Plan, Plan]
) -> None:
    result = looked(bona_fide, plans[0], element_width=480, element_height=640)
    assert result.verdict is Verdict.ACCEPTED


def test_a_browser_that_tells_nothing_of_frames_is_no_reason(
    bona_fide: Interview, plans: tuple[Plan, Plan]
) -> None:
    result = looked(bona_fide, plans[0], frame_callback=False, frames=[])
    assert result.verdict is Verdict.ACCEPTED
    assert any("timing of frames" in each for each in result.not_checked)


def test_a_hidden_page_leaves_it_open(bona_fide: Interview, plans: tuple[Plan, Plan]) -> None:
    hidden = [{"state": "hidden", "at": 9000.0}]
    result = looked(bona_fide, plans[0], visibility=hidden)
    assert (result.verdict, codes(result)) == (Verdict.INCONCLUSIVE, ["page_hidden"])


def test_cues_that_came_late_leave_it_open(bona_fide: Interview, plans: tuple[Plan, Plan]) -> None:
    late = [{**each, "at": each["at"] + 1500} for each in telemetry(plans[0], NONCE)["cues"]]
    result = looked(bona_fide, plans[0], cues=late)
    assert (result.verdict, codes(result)) == (Verdict.INCONCLUSIVE, ["cues_shown_late"])


def test_weak_evidence_says_why() -> None:
    plan = draw(NONCE, [Kind.SCREEN_COLOURS])
    unlit = looked(response(plan, plan, glow=0.0)[0], plan)
    assert (unlit.verdict, codes(unlit)) == (Verdict.INCONCLUSIVE, ["hue_not_visible"])
    dark = looked(response(plan, plan, light=12.0)[0], plan)
    assert (dark.verdict, codes(dark)) == (Verdict.INCONCLUSIVE, ["dark"])


def test_a_microphone_that_is_off_misses_no_cue(plans: tuple[Plan, Plan]) -> None:
    result = looked(response(plans[0], plans[0], sound=False)[0], plans[0])
    digits = next(cue for cue in result.cues if cue.kind is Kind.SAY_DIGITS)
    assert (digits.outcome, digits.reason) == (Outcome.NOT_SEEN, "no_sound")
    assert result.verdict is Verdict.ACCEPTED


def test_one_missed_cue_leaves_it_open(plans: tuple[Plan, Plan]) -> None:
    turns = [cue for cue in plans[0].cues if cue.kind is Kind.TURN_HEAD]
    fewer = replace(plans[0], cues=tuple(cue for cue in plans[0].cues if cue is not turns[1]))
    result = looked(response(fewer, plans[0])[0], plans[0])
    assert (result.verdict, codes(result)) == (Verdict.INCONCLUSIVE, ["cue_missed"])


def test_no_face_leaves_it_open(bona_fide: Interview, plans: tuple[Plan, Plan]) -> None:
    result = looked(replace(bona_fide, faces=None), plans[0])
    assert (result.verdict, codes(result)) == (Verdict.INCONCLUSIVE, ["no_face"])
