"""Networks and recapture cues of a face joined into one probability, by logistic regression.

Coefficients are data: `presentation_fusion.json`, from `datasets.recipes.presentation_attack`, with
what they were fitted on. Inputs are standardised and cut at `LIMIT` deviations, so that no single
odd number decides; their squares take part, because what a camera adds to an instrument may lie
above or below what it adds to a face.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from liveness.recapture_cues import NAMES

Floats = NDArray[np.float64]

LIMIT = 4.0

INPUTS: tuple[str, ...] = (
    *(f"{net}_{kind}" for net in ("minifasnet_v2", "minifasnet_v1se") for kind in (
        "print", "live", "replay")),
    *NAMES,
)  # fmt: skip
"""Names of the inputs: three logits of each network, then the cues."""


@dataclass(frozen=True, slots=True)
class Fusion:
    """A fitted fusion: mean and scale (k,) of the inputs, weights (2 k,) and offset."""

    mean: Floats
    scale: Floats
    weights: Floats
    offset: float

    def expanded(self, inputs: Floats) -> Floats:
        """Standardised inputs and their squares, shape (n, 2 k)."""
        z = np.clip((inputs - self.mean) / self.scale, -LIMIT, LIMIT)
        return np.concatenate([z, (z**2 - 1.0) / 2.0], axis=1)

    def live(self, inputs: Floats) -> Floats:
        """Probability of a bona fide presentation at even odds, 0..1, for inputs (n, k)."""
        attack = self.expanded(inputs) @ self.weights + self.offset
        probability: Floats = expit(-attack)
        return probability


def fusion_of(stored: dict[str, Any]) -> Fusion:
    """The fusion in a stored table.

    Raises:
        ValueError: it was fitted on other inputs than there are.
    """
    if tuple(stored["inputs"]) != INPUTS:
        raise ValueError("the stored fusion has other inputs; run its recipe again")
    return Fusion(
        mean=np.array(stored["mean"]),
        scale=np.array(stored["scale"]),
        weights=np.array(stored["weights"]),
        offset=float(stored["offset"]),
    )


@cache
def shipped() -> Fusion:
    """The fusion that comes with the package."""
    text = resources.files("liveness").joinpath("presentation_fusion.json").read_text("utf-8")
    return fusion_of(json.loads(text))
