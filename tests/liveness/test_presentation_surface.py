"""The shipped fusion and its cues on real pictures and on patterns that are known."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from audit.calibration import records
from audit.inference import Models
from audit.media.plan import Picture
from audit.perception.faces import FaceReader
from audit.settings import Sampling
from audit.types import Signal, Status
from liveness.presentation_attack import PresentationAttack, limits_of, log_odds
from liveness.presentation_fusion import INPUTS, Fusion, fusion_of, shipped
from liveness.recapture_cues import NAMES, SKIN, cues
from tests.liveness.face_tracks import interview


def _skin(seed: int = 0) -> np.ndarray:
    """Smooth tones with a little noise."""
    rng = np.random.default_rng(seed)
    tones = cv2.resize(rng.uniform(90, 170, (6, 6, 3)).astype(np.float32), (SKIN, SKIN))
    return np.clip(tones + rng.normal(0, 3, tones.shape), 0, 255).astype(np.uint8)


def _cue(skin: np.ndarray, name: str, around: np.ndarray | None = None) -> float:
    surroundings = np.full((80, 80, 3), 128, np.uint8) if around is None else around
    return float(cues(skin, surroundings)[NAMES.index(name)])


def test_a_grid_of_dots_has_a_peak() -> None:
    skin = _skin()
    x = np.arange(SKIN)
    dots = 8 * (np.sin(2 * np.pi * x / 3.2)[:, None] + np.sin(2 * np.pi * x / 3.2)[None])
    dotted = np.clip(skin + dots[..., None], 0, 255).astype(np.uint8)
    assert _cue(dotted, "luma_peak") > _cue(skin, "luma_peak") + 2


def test_bands_across_the_picture_are_stripes_of_rows() -> None:
    skin = _skin()
    bands = 6 * np.sin(2 * np.pi * np.arange(SKIN) / 12)[:, None, None]
    banded = np.clip(skin + bands, 0, 255).astype(np.uint8)
    assert _cue(banded, "luma_rows") > _cue(skin, "luma_rows") + 1
    assert abs(_cue(banded, "luma_columns") - _cue(skin, "luma_columns")) < 1


def test_a_frame_around_the_face_is_a_long_line() -> None:
    plain = np.full((80, 80, 3), 150, np.uint8)
    framed = cv2.rectangle(plain.copy(), (12, 8), (68, 74), (15, 15, 15), 4)
    assert _cue(_skin(), "line", plain) == 0
    assert _cue(_skin(), "line", framed) > 0.5


@pytest.mark.parametrize("level", [0, 128, 255])
def test_cues_of_flat_pictures_are_finite(level: int) -> None:
    flat = np.full((SKIN, SKIN, 3), level, np.uint8)
    found = cues(flat, flat)
    assert found.shape == (len(NAMES),) and np.isfinite(found).all()


def test_the_fusion_is_logistic_in_inputs_and_squares() -> None:
    weights = np.array([1.0, 0.0, 0.0, 2.0])
    fusion = Fusion(np.array([1.0, 0.0]), np.array([2.0, 1.0]), weights, -0.5)
    # z = ((3 - 1) / 2, 2) = (1, 2); 1 * 1 + 2 * (4 - 1) / 2 - .5 = 3.5
    assert fusion.live(np.array([[3.0, 2.0]]))[0] == pytest.approx(1 / (1 + np.exp(3.5)))
    far = fusion.live(np.array([[1e9, 0.0]]))
    assert far[0] == pytest.approx(1 / (1 + np.exp(4 - 1.0 - 0.5)))


def test_the_shipped_coefficients_fit_the_inputs_there_are() -> None:
    assert len(shipped().mean) == len(INPUTS)
    with pytest.raises(ValueError, match="other inputs"):
        fusion_of({"inputs": ["another"]})


def test_records_are_of_this_version() -> None:
    record = records("liveness")["presentation_attack_pictures"]
    assert record.model_version == limits_of().model_version == PresentationAttack.spec.version
    assert record.log10(log_odds(0.001)) > 0 > record.log10(log_odds(0.999))


@pytest.mark.shared_data
@pytest.mark.weights
@pytest.mark.parametrize(
    ("name", "never"),
    [
        ("image_T1.jpg", Status.REVIEW),
        ("image_F1.jpg", Status.NO_INDICATION),
        ("image_F2.jpg", Status.NO_INDICATION),
    ],
)
def test_the_reference_pictures_never_come_out_as_the_other_kind(
    shared_data: Path, models: Models, name: str, never: Status
) -> None:
    image = cv2.imread(str(shared_data / "pad_silent_face" / name))
    reader = FaceReader(models, PresentationAttack.spec.crops, Sampling())
    small = cv2.resize(image[:, :, 1], (32, 24), interpolation=cv2.INTER_AREA)
    reader.add(Picture(0.0, 0, False, small, image))
    seen = interview(reader.finish())
    object.__setattr__(seen, "models", models)
    signal: Signal = PresentationAttack().inspect(seen)
    assert signal.status is not never and signal.score is not None
