"""What was seen of each cue."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from audit.challenges import Cue, CueResult, Kind, Outcome
from audit.interview import Interview
from liveness.challenge.following import Following, following, steps_at
from liveness.challenge.reading import SETTLED_S, Faces
from liveness.challenge.speaking import said

Array = NDArray[np.float64]
Point = Mapping[str, Any]

_HALVES = {"eyes": slice(2, 16), "mouth": slice(18, 31)}
"""Rows of the crop of 32 that hold brows and eyes, and mouth and chin."""
_SKIN = (slice(6, 26), slice(7, 25))
_COLOURS = {"red": (1.0, 0.15, 0.15), "green": (0.15, 1.0, 0.15), "blue": (0.15, 0.15, 1.0)}
"""The screen's colours, linear: those of `capture.css`."""


def look(cue: Cue, faces: Faces, interview: Interview, point: Point) -> CueResult:
    """What was seen of one cue; `point`: the operating point `active_challenge`."""
    if cue.kind is Kind.SAY_DIGITS:
        return _result(cue, *said(cue, faces, interview, point))
    return _result(cue, *_LOOKS[cue.kind](cue, faces, point))


Found = tuple[Outcome, str, str, tuple[float, float, float] | None]
"""Outcome, code, words, and value with its interval."""


def _result(
    cue: Cue, outcome: Outcome, reason: str, text: str, value: tuple[float, float, float] | None
) -> CueResult:
    figures = (None, None, None) if value is None else tuple(round(v, 3) for v in value)
    return CueResult(
        kind=cue.kind,
        steps=cue.steps,
        start_s=cue.start_s,
        end_s=cue.end_s,
        outcome=outcome,
        reason=reason,
        text=text,
        value=figures[0],
        low=figures[1],
        high=figures[2],
    )


def _turned(cue: Cue, faces: Faces, point: Point) -> Found:
    """Degrees towards where the head was to turn: the nine-tenths point of the cue's time."""
    way = cue.steps[0]
    # The picture is not mirrored: the person's left is on the viewer's right: positive yaw.
    series = {"left": faces.yaw, "right": -faces.yaw, "up": faces.pitch}[way]
    need, least = (
        (point["up_deg"], point["up_still_deg"])
        if way == "up"
        else (point["turn_deg"], point["turn_still_deg"])
    )
    here = faces.within(cue.start_s + 0.2, cue.end_s + SETTLED_S)
    if here.sum() < 5:
        return Outcome.NOT_SEEN, "no_face", "No face was measured while the head was to turn.", None
    rest = series[faces.calm]
    middle = float(np.median(rest))
    noise = 1.96 * 1.4826 * float(np.median(np.abs(rest - middle)))
    most = float(np.quantile(series[here], 0.9)) - middle
    value = (most, most - noise, most + noise)
    words = f"towards the person's {way}" if way != "up" else "upwards"
    if most >= need:
        return Outcome.FOLLOWED, "turned", f"The head turned {most:.0f} degrees {words}.", value
    covered = faces.coverage(cue.start_s, cue.end_s + SETTLED_S)
    if most < least and covered >= point["least_coverage"]:
        text = f"The head was to turn {words}; it turned {most:.0f} degrees that way at most."
        return Outcome.NOT_FOLLOWED, "not_turned", text, value
    text = f"The head turned {most:.0f} degrees {words}; that is too little to tell."
    if covered < point["least_coverage"]:
        text = f"The face was seen in {covered:.0%} of the time in which the head was to turn."
    return Outcome.NOT_SEEN, "turn_unclear", text, value


def _covered(cue: Cue, faces: Faces, point: Point) -> Found:
    """How far the covered half of the face differs from itself, or that the face was lost."""
    start, end = cue.start_s + 0.3, cue.end_s + 0.4
    lost = 1.0 - faces.coverage(start, end)
    if lost >= point["cover_lost_share"]:
        text = f"The face could not be found in {lost:.0%} of the time in which a hand covered it."
        return Outcome.FOLLOWED, "face_hidden", text, (lost, lost, lost)
    calm = np.isin(np.round(faces.crop_s, 4), np.round(faces.times_s[faces.calm], 4))
    here = faces.cropped(start, end)
    if calm.sum() < 5 or here.sum() < 5:
        return Outcome.NOT_SEEN, "no_face", "Too little of the face was seen to compare.", None
    unlike = {name: _unlike(faces.crops, calm, rows) for name, rows in _HALVES.items()}
    name = max(unlike, key=lambda each: float(np.quantile(unlike[each][here], 0.75)))
    most = float(np.quantile(unlike[name][here], 0.75))
    usual = float(np.quantile(unlike[name][calm], 0.95))
    value = (most, most - usual, most + usual)
    if most >= point["cover_unlike"] and most >= 2 * usual:
        text = f"The {name} of the face looked {most:.0%} unlike itself while a hand covered it."
        return Outcome.FOLLOWED, "covered", text, value
    if most < point["cover_same"]:
        text = f"The face was to be covered; it stayed as it was, {most:.0%} unlike itself at most."
        return Outcome.NOT_FOLLOWED, "not_covered", text, value
    return (
        Outcome.NOT_SEEN,
        "cover_unclear",
        "The face changed too little or too much to tell.",
        value,
    )


def _unlike(crops: NDArray[np.uint8], calm: NDArray[np.bool_], rows: slice) -> Array:
    """1 - correlation of each crop's part with the same part of the usual face, shape (k,)."""
    grey = np.stack([cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY) for crop in crops]).astype(np.float64)
    part = grey[:, rows, 4:28].reshape(len(grey), -1)
    usual = np.median(part[calm], axis=0)
    usual = usual - usual.mean()
    centred = part - part.mean(axis=1, keepdims=True)
    scale = np.sqrt((centred**2).sum(axis=1) * float((usual**2).sum()))
    alike: Array = (centred @ usual) / np.maximum(scale, 1e-9)
    return 1.0 - alike


def _gazed(cue: Cue, faces: Faces, point: Point) -> Found:
    """How eyes and head together follow the dot across the screen."""
    here = faces.within(cue.start_s + 0.4, cue.end_s + 0.3) & np.isfinite(faces.gaze)
    if here.sum() < 10 * len(cue.steps) / 2:
        return Outcome.NOT_SEEN, "eyes_not_seen", "The eyes were too small or not seen.", None
    looked = faces.gaze[here] * point["gaze_deg"] + faces.yaw[here]
    places = np.array([[float(step)] for step in cue.steps])
    # The dot's right is the person's right, which is the left of the picture.
    shown = steps_at(-places, cue.start_s, cue.step_s)
    found = following(shown, faces.times_s[here], looked[:, None], independent=len(cue.steps) + 3)
    if found is None:
        return Outcome.NOT_SEEN, "eyes_still", "The eyes did not move measurably.", None
    value = (found.value, found.low, found.high)
    words = _words(found)
    if found.low > 0 and found.value >= point["gaze_follows"]:
        return Outcome.FOLLOWED, "gaze_followed", f"The eyes followed the dot ({words}).", value
    text = f"The eyes may have followed the dot, or not ({words})."
    return Outcome.NOT_SEEN, "gaze_unclear", text, value


def _coloured(cue: Cue, faces: Faces, point: Point) -> Found:
    """How the colour of the skin follows the colours of the screen."""
    here = faces.cropped(cue.start_s, cue.end_s + 0.3)
    if here.sum() < 3 * len(cue.steps):
        return Outcome.NOT_SEEN, "no_face", "Too little of the face was seen.", None
    light = float(np.median(faces.light[faces.within(cue.start_s, cue.end_s)]))
    if light < point["dark"]:
        text = f"The picture is too dark (mean luma {light:.0f} of 255)."
        return Outcome.NOT_SEEN, "dark", text, None
    times = faces.crop_s[here]
    seen = _detrended(times, _chroma(faces.crops[here]))
    wanted = np.array([_direction(_COLOURS[step]) for step in cue.steps])
    shown = steps_at(wanted, cue.start_s, cue.step_s)
    found = following(shown, times, seen, independent=2 * len(cue.steps))
    if found is None:
        return Outcome.NOT_SEEN, "hue_not_visible", "The face kept its colour.", None
    value = (found.value, found.low, found.high)
    change = _stepwise(times - found.lag_s, seen, cue)
    words = f"{_words(found)}, change of colour {change:.3f}"
    if found.low > 0 and found.value >= point["hue_follows"]:
        text = f"The colour of the face followed the screen ({words})."
        return Outcome.FOLLOWED, "hue_followed", text, value
    if change >= point["hue_strong"] and found.high < point["hue_other"]:
        text = f"The face changed its colour otherwise than the screen ({words})."
        return Outcome.NOT_FOLLOWED, "hue_of_another", text, value
    text = f"The light of the screen is not visible on the face ({words})."
    return Outcome.NOT_SEEN, "hue_not_visible", text, value


def _chroma(crops: NDArray[np.uint8]) -> Array:
    """log R/G and log B/G of the skin in linear light, shape (k, 2)."""
    part = crops[:, _SKIN[0], _SKIN[1]].reshape(len(crops), -1, 3).astype(np.float64) / 255
    linear = np.median(part, axis=1) ** 2.2 + 1e-4
    return np.log(linear[:, [2, 0]] / linear[:, [1]])


def _direction(colour: tuple[float, float, float]) -> tuple[float, float]:
    red, green, blue = colour
    return red - green, blue - green


def _detrended(times: Array, values: Array) -> Array:
    """Less a straight line: cameras settle their white balance slowly."""
    design = np.stack([np.ones(len(times)), times - times.mean()], axis=1)
    fitted: Array = values - design @ np.linalg.lstsq(design, values, rcond=None)[0]
    return fitted


def _stepwise(times: Array, seen: Array, cue: Cue) -> float:
    """Standard deviation between the means of the steps, beyond what noise within steps gives."""
    place = np.clip(((times - cue.start_s) / cue.step_s).astype(int), 0, len(cue.steps) - 1)
    groups = [seen[place == k] for k in range(len(cue.steps)) if (place == k).sum() >= 3]
    if len(groups) < 3:
        return 0.0
    between = np.var([g.mean(axis=0) for g in groups], axis=0, ddof=1).sum()
    noise = np.mean([g.var(axis=0, ddof=1).sum() / len(g) for g in groups])
    return float(np.sqrt(max(0.0, between - noise)))


def _words(found: Following) -> str:
    return (
        f"correlation {found.value:.2f}, 95 % interval {found.low:.2f} to {found.high:.2f}, "
        f"{found.lag_s:.1f} s late"
    )


_LOOKS: Mapping[Kind, Callable[[Cue, Faces, Point], Found]] = {
    Kind.TURN_HEAD: _turned,
    Kind.COVER_FACE: _covered,
    Kind.FOLLOW_DOT: _gazed,
    Kind.SCREEN_COLOURS: _coloured,
}
