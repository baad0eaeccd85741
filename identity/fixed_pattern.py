"""What stays the same in the fine grain of a recording's pictures: sensor noise, and still scenes.

Each photosite of a sensor is a little more or less sensitive than its neighbours (PRNU). What a
denoiser takes out of a picture holds that pattern, so two recordings of one camera correlate in it.
A room that stays still holds on to the same pixels just as well, and video coding leaves far more
of it than of the sensor: so what is compared here is *same camera and scene*, unmoved to the pixel.
Never *same camera*, and a pattern that is not shared says nothing at all.

Sources: Lukáš, Fridrich, Goljan, "Digital camera identification from sensor pattern noise" (IEEE
TIFS 2006; wavelet denoiser of Mihçak and others 1999); Chen, Fridrich, Goljan, Lukáš, "Determining
image origin and integrity using sensor noise" (IEEE TIFS 2008: estimate, zero means, Wiener filter
in the Fourier domain); Goljan, Fridrich, Filler (SPIE 2009: peak to correlation energy); Bayram,
Sencar, Memon (IEEE TIFS 2012: signs alone are enough).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from audit.detectors import operating_point
from audit.errors import InputError
from audit.facts import MediaFacts
from audit.interview import Floats, Interview
from audit.media import grab
from audit.settings import Limits
from audit.types import Reason

Plane = NDArray[np.float32]
Mask = NDArray[np.bool_]
S = TypeVar("S", bound=np.generic)

ROWS, COLUMNS = 256, 640
"""At most so much is looked at: the top of the picture, and of its width the middle."""
PICTURES = 12
FEW_KEYS_S = 10.0
"""With fewer key frames than that, pictures of the first seconds are taken: others cost more."""
LARGEST_SIDE = 1920
BESIDE = 0.6
NOISE = 3.0
"""Grey levels that the denoiser takes for noise (Lukáš and others: 5 for photographs)."""
LEVELS = 4
WINDOWS = (3, 5, 7, 9)
AROUND_PEAK = 5
TRITS = 15
"""Signs in one number: 3**15 is less than 2**24, which float32 holds exactly."""

# Daubechies' filter of eight taps (Ten Lectures on Wavelets, 1992, table 6.1), and its mirror.
_LOW = np.array(
    [
        0.2303778133088965,
        0.7148465705529157,
        0.6308807679298589,
        -0.0279837694168599,
        -0.1870348117190931,
        0.0308413818355607,
        0.0328830116668852,
        -0.0105974017850690,
    ]
)
_HIGH = _LOW[::-1] * np.array([1, -1] * 4)


@dataclass(frozen=True, slots=True)
class FixedPattern:
    """What the pictures of one recording have in common.

    Attributes:
        signs (rows, columns): -1, 0 or 1, int8; 0 where the person sits, or nothing is left.
        width, height: of the whole pictures, pixels: patterns of other sizes are not compared.
        pictures: how many it is made of.
    """

    signs: NDArray[np.int8]
    width: int
    height: int
    pictures: int


def fixed_pattern_of(interview: Interview, limits: Limits) -> FixedPattern | Reason:
    """The pattern of a recording, from at most `PICTURES` pictures of it, or why there is none.

    The pictures are decoded for it, whatever was decoded before.
    """
    if not interview.source_path or interview.facts.video is None:
        return Reason("no_pictures", "The recording has no pictures that could be read again.")
    times = _times(interview.facts)
    try:
        found = grab(interview.source_path, interview.facts, times, limits, LARGEST_SIDE)
    except InputError as error:
        return Reason("no_pictures", str(error))
    planes = {p.frame: _luma(p.image) for p in found if p.image is not None}
    least = operating_point("identity", "fixed_pattern")
    if len(planes) < least["least_pictures"]:
        return Reason(
            "few_pictures",
            f"{len(planes)} pictures could be read; {least['least_pictures']:.0f} are needed.",
        )
    height, width = next(iter(planes.values())).shape
    seen = top(_beside(interview, height, width))
    if seen.sum() < least["least_pixels"]:
        return Reason("nothing_behind", "The person fills the picture: too little is seen behind.")
    pattern = estimate((top(plane) for plane in planes.values()), seen)
    return FixedPattern(np.sign(pattern).astype(np.int8), width, height, len(planes))


def _times(facts: MediaFacts) -> list[float]:
    """Times of key frames, evenly chosen; of pictures early on where there are few of them."""
    video = facts.video
    keys = video.packets.pts_s[video.packets.keyframe] if video is not None else np.zeros(0)
    keys = np.sort(keys[np.isfinite(keys)])
    if len(keys) >= PICTURES:
        return [float(keys[n]) for n in np.linspace(0, len(keys) - 1, PICTURES).astype(int)]
    return [float(t) for t in np.linspace(0.0, min(FEW_KEYS_S, facts.duration_s), PICTURES)]


def _luma(image: NDArray[np.uint8]) -> Plane:
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), np.float32)


def top(plane: NDArray[S]) -> NDArray[S]:
    """The part of a picture that patterns are made of."""
    left = max(0, (plane.shape[1] - COLUMNS) // 2)
    return plane[:ROWS, left : left + COLUMNS]


def _beside(interview: Interview, height: int, width: int) -> Mask:
    """Where no face was, nor anything below one: 0.6 of its width on either side."""
    seen = np.ones((height, width), np.bool_)
    log, faces = interview.pictures, interview.faces
    for track in faces.tracks if faces is not None and log is not None else ():
        scale = width / max(1, log.width if log is not None else width)
        x0, y0 = track.boxes[:, :2].min(axis=0) * scale
        x1 = float(track.boxes[:, 2].max() * scale)
        wide = (x1 - x0) * BESIDE
        left, right = int(max(0, x0 - wide)), int(max(0, x1 + wide))
        seen[max(0, int(y0 - wide / 2)) :, left : right + 1] = False
    return seen


def estimate(planes: Iterable[Plane], seen: Mask) -> Plane:
    """The multiplicative pattern that pictures (rows, columns) share, 0 where nothing was seen.

    Maximum likelihood over noise that is alike in all pictures (Chen and others 2008), without its
    means of rows and columns, and without peaks in the Fourier domain: both come of the sensor's
    reading and of the coder's blocks, which cameras and files have in common.
    """
    above: Plane = np.zeros(seen.shape, np.float32)
    below = np.zeros(seen.shape, np.float32)
    for plane in planes:
        above += residual(plane) * plane
        below += plane * plane
    pattern = np.where(seen, above / np.maximum(below, 1.0), 0.0)
    for axis in (0, 1):
        count = np.maximum(seen.sum(axis=axis, keepdims=True), 1)
        pattern = np.where(seen, pattern - pattern.sum(axis=axis, keepdims=True) / count, 0.0)
    return np.where(seen, _without_peaks(pattern), 0.0).astype(np.float32)


def residual(plane: Plane) -> Plane:
    """What a denoiser takes out of a picture (rows, columns) of 0..255: noise, in grey levels.

    An undecimated wavelet transform of four levels; each coefficient is shrunk by the least local
    variance of windows of 3 to 9 (Mihçak and others 1999).
    """
    details: list[tuple[Plane, ...]] = []
    rest = plane
    for level in range(LEVELS):
        low, high = _spread(_LOW, level), _spread(_HIGH, level)
        details.append(tuple(_filtered(rest, *pair) for pair in _pairs(low, high)))
        rest = _filtered(rest, low, low)
    noise: Plane = np.zeros_like(plane)
    for level in reversed(range(LEVELS)):
        low, high = _spread(_LOW, level), _spread(_HIGH, level)
        noise = _back(noise, low, low)
        for detail, pair in zip(details[level], _pairs(low, high), strict=True):
            noise += _back(_noise_in(detail, NOISE**2 / 4 ** (level + 1)), *pair)
    return noise


def _pairs(low: Plane, high: Plane) -> tuple[tuple[Plane, Plane], ...]:
    return (low, high), (high, low), (high, high)


def _spread(taps: NDArray[np.float64], level: int) -> Plane:
    """A filter with holes, scaled so that low and high together keep energy."""
    made = np.zeros((len(taps) - 1) * 2**level + 1, np.float32)
    made[:: 2**level] = taps / np.sqrt(2)
    return made


def _filtered(plane: Plane, rows: Plane, columns: Plane) -> Plane:
    n = len(rows)
    held = cv2.copyMakeBorder(plane, n, n, n, n, cv2.BORDER_WRAP)
    done = cv2.sepFilter2D(held, cv2.CV_32F, columns, rows, anchor=(0, 0))
    return np.ascontiguousarray(done[n:-n, n:-n], np.float32)


def _back(plane: Plane, rows: Plane, columns: Plane) -> Plane:
    n = len(rows)
    held = cv2.copyMakeBorder(plane, n, n, n, n, cv2.BORDER_WRAP)
    last = (n - 1, n - 1)
    done = cv2.sepFilter2D(held, cv2.CV_32F, columns[::-1].copy(), rows[::-1].copy(), anchor=last)
    return np.ascontiguousarray(done[n:-n, n:-n], np.float32)


def _noise_in(detail: Plane, variance: float) -> Plane:
    """The part of coefficients that noise of this variance explains."""
    least = np.minimum.reduce([cv2.boxFilter(detail * detail, -1, (w, w)) for w in WINDOWS])
    signal = np.maximum(least - np.float32(variance), 0)
    return np.asarray(detail * (np.float32(variance) / (signal + np.float32(variance))))


def _without_peaks(pattern: NDArray[np.float64]) -> NDArray[np.float64]:
    """Wiener's filter on the magnitudes of the Fourier transform: what stands out there goes."""
    spectrum = np.fft.fft2(pattern)
    power = np.abs(spectrum) ** 2 / pattern.size
    variance = max(float(pattern.var()), 1e-30)
    n = WINDOWS[-1]
    held = cv2.copyMakeBorder(power, n, n, n, n, cv2.BORDER_WRAP)
    inner = slice(n, -n)
    local = [cv2.boxFilter(held, -1, (w, w))[inner, inner] for w in WINDOWS]
    signal = np.maximum(np.minimum.reduce(local) - variance, 0)
    return np.real(np.fft.ifft2(spectrum * (variance / (signal + variance))))


def compare_patterns(one: FixedPattern, other: FixedPattern) -> float | Reason:
    """Peak to correlation energy of two patterns, signed, at no shift; or why there is none.

    About 1 either way by chance; in the thousands where both hold the same pattern.
    """
    if (one.width, one.height) != (other.width, other.height):
        return Reason("other_size", "The pictures have different sizes.")
    both = (one.signs != 0) & (other.signs != 0)
    if both.sum() < operating_point("identity", "fixed_pattern")["least_pixels"]:
        return Reason("nothing_behind", "Too little is seen behind the person in both.")
    first, second = (np.where(both, each.signs, 0).astype(np.float64) for each in (one, other))
    spectrum = np.fft.rfft2(first) * np.conj(np.fft.rfft2(second))
    found = np.fft.irfft2(spectrum, s=both.shape)
    peak = float(found[0, 0])
    away = np.ones(found.shape, np.bool_)
    for rows in (slice(AROUND_PEAK + 1), slice(-AROUND_PEAK, None)):
        for columns in (slice(AROUND_PEAK + 1), slice(-AROUND_PEAK, None)):
            away[rows, columns] = False
    energy = float((found[away] ** 2).mean())
    return round(float(np.sign(peak)) * peak**2 / max(energy, 1e-30), 1)


def packed(pattern: FixedPattern) -> Floats:
    """The signs as finite numbers, 15 in each, after rows and columns."""
    flat = (pattern.signs.ravel() + 1).astype(np.int64)
    numbers = np.pad(flat, (0, -len(flat) % TRITS)).reshape(-1, TRITS) @ 3 ** np.arange(TRITS)
    return np.concatenate([pattern.signs.shape, numbers]).astype(np.float32)


def unpacked(vector: Floats, *, width: int, height: int, pictures: int) -> FixedPattern:
    """What `packed` made."""
    rows, columns = (int(each) for each in vector[:2])
    numbers = vector[2:].astype(np.int64)[:, None]
    flat = (numbers // 3 ** np.arange(TRITS)) % 3 - 1
    signs = flat.ravel()[: rows * columns].reshape(rows, columns).astype(np.int8)
    return FixedPattern(signs, width, height, pictures)


def shared(score: float) -> bool:
    """Whether two patterns have so much in common that camera and scene must be the same."""
    return score >= float(operating_point("identity", "fixed_pattern")["shared_from"])
