"""Stored input/output pairs that a converted weight must reproduce before it is used.

`checks/<id>.json` holds a recipe for the input (numpy's frozen `RandomState` generator: seed, law,
scale, shape) and the output that the published network gives for it in double precision.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib import resources
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from audit.errors import WeightsInstallFailed

Law = Literal["normal", "abs_normal", "uniform"]


@dataclass(frozen=True, slots=True)
class CheckPair:
    """One recipe and its expected output.

    Attributes:
        weight: id in the manifest. reference: what computed `expected`.
        input, output: names in the model.
        law: of the input's values: standard normal, its magnitude, or uniform in 0..1.
        scale: factor on the values. tolerance: largest absolute difference allowed.
    """

    weight: str
    reference: str
    input: str
    output: str
    seed: int
    shape: tuple[int, ...]
    law: Law
    scale: float
    tolerance: float
    expected: NDArray[np.float64]

    def feed(self) -> dict[str, NDArray[np.float32]]:
        """The model's input, by name."""
        source = np.random.RandomState(self.seed)
        draw = source.random_sample if self.law == "uniform" else source.standard_normal
        values = np.asarray(draw(self.shape))
        if self.law == "abs_normal":
            values = np.abs(values)
        return {self.input: (values * self.scale).astype(np.float32)}

    def distance(self, session: Any) -> float:
        """Largest absolute difference between an onnxruntime session's output and the pair."""
        (found,) = session.run([self.output], self.feed())
        if found.shape != self.expected.shape:
            return float("inf")
        worst = np.max(np.abs(np.asarray(found, dtype=np.float64) - self.expected))
        return float(worst) if np.isfinite(worst) else float("inf")

    def verify(self, session: Any) -> None:
        """Raise unless the session reproduces the pair.

        Raises:
            WeightsInstallFailed: the output differs by more than the tolerance.
        """
        found = self.distance(session)
        if found > self.tolerance:
            raise WeightsInstallFailed(
                f"Weight '{self.weight}' gives other outputs than its published network: "
                f"difference {found:.2g}, allowed {self.tolerance:.2g}."
            )


def load(weight_id: str) -> CheckPair | None:
    """The pair of a weight, or None where none is stored."""
    file = resources.files("audit.weights").joinpath("checks", f"{weight_id}.json")
    if not file.is_file():
        return None
    table = json.loads(file.read_text("utf-8"))
    table["shape"] = tuple(table["shape"])
    table["expected"] = np.asarray(table["expected"], dtype=np.float64)
    return CheckPair(**table)
