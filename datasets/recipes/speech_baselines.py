"""What `synthetic_speech` is compared with in the same run: AASIST as published, an LFCC-GMM."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import fft
from sklearn.mixture import GaussianMixture

from audit.inference import Models

Array = NDArray[np.float64]
Whole = NDArray[np.int16]

COEFFICIENTS = 20
BANDS = 40
MIXTURES = 32
FRAMES_MOST = 10_000


def aasist_logits(sound: Whole, rows: Sequence[int], models: Models, store: Path) -> Array:
    """AASIST's logit for captured speech, of windows at -26 dB; kept in `store` between runs."""
    known: dict[int, float] = {}
    if store.exists():
        kept = np.load(store)
        known = dict(zip(kept["rows"].tolist(), kept["logits"].tolist(), strict=True))
    session = models.onnx("aasist")
    for row in rows:
        if row not in known:
            waveform = sound[row][None].astype(np.float32) / np.float32(32768)
            (logits,) = session.run(None, {"waveform": waveform})
            known[row] = float(logits[0, 1])
    np.savez(store, rows=list(known), logits=list(known.values()))
    return np.array([known[row] for row in rows])


@cache
def _bank() -> Array:
    """Triangles on a linear scale, (40, 257)."""
    edges = np.linspace(0, 256, BANDS + 2)
    bank: Array = np.maximum(0.0, 1 - np.abs(np.arange(257)[None] - edges[1:-1, None]) / edges[1])
    return bank


def lfcc(window: Whole) -> Array:
    """20 linear-frequency cepstra with first and second differences per 10 ms, (n, 60).

    As in the ASVspoof 2019 baseline (Sahidullah et al. 2015), with the mean over time kept.
    """
    samples = window.astype(np.float64) / 32768.0
    cut = np.lib.stride_tricks.sliding_window_view(samples, 320)[::160] * np.hanning(320)
    power = np.abs(fft.rfft(cut, 512, axis=1)) ** 2
    cepstra = fft.dct(np.log(power @ _bank().T + 1e-9), norm="ortho", axis=1)[:, :COEFFICIENTS]
    first = np.gradient(cepstra, axis=0)
    return np.hstack([cepstra, first, np.gradient(first, axis=0)])


def _mixture(sound: Whole, rows: Sequence[int], seed: int) -> Any:
    frames = np.concatenate([lfcc(sound[row])[::8] for row in rows])
    chosen = np.random.default_rng(seed).permutation(len(frames))[:FRAMES_MOST]
    model = GaussianMixture(MIXTURES, covariance_type="diag", max_iter=25, random_state=seed)
    return model.fit(frames[chosen])


def lfcc_gmm(
    sound: Whole, captured: Sequence[int], copied: Sequence[int], rows: Sequence[int], *, seed: int
) -> Array:
    """Mean log likelihood ratio per frame of `rows`: copied against captured speech."""
    one, other = _mixture(sound, captured, seed), _mixture(sound, copied, seed)
    found = []
    for row in rows:
        frames = lfcc(sound[row])[::2]
        found.append(float(other.score(frames) - one.score(frames)))
    return np.array(found)
