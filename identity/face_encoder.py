"""Face comparison back ends: crops in, unit vectors out.

The back end is chosen in settings (`face_backend`): `dlib` (default weights) or `insightface`
(a pack that the user supplies, see identity/insightface_encoder.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from audit.detectors import CropSpec
from audit.errors import SettingsInvalid
from audit.interview import Floats, Interview
from audit.settings import Settings
from audit.types import WeightUse
from identity.embeddings import unit
from identity.insightface_encoder import InsightFaceEncoder

if TYPE_CHECKING:
    from audit.inference import Models

# Five points that dlib's alignment puts faces on, in a 150-pixel crop (docs/detectors pages).
ALIGNED_150 = CropSpec(
    name="aligned_150",
    size=150,
    template=((47.07, 45.98), (102.27, 46.10), (74.41, 78.60), (50.99, 102.02), (99.23, 102.47)),
)
# The template that ArcFace networks are trained with (InsightFace, face_align.py).
ALIGNED_112 = CropSpec(
    name="aligned_112",
    size=112,
    template=(
        (38.2946, 51.6963),
        (73.5318, 51.5014),
        (56.0252, 71.7366),
        (41.5493, 92.3655),
        (70.7299, 92.2041),
    ),
)
CROPS = (ALIGNED_150, ALIGNED_112)

BATCH = 16


class FaceEncoder(Protocol):
    """A face recognition network.

    Attributes:
        id: name of the back end, as calibration records call it.
        version: of its pre-processing.
        crop: the aligned crop that it reads.
    """

    id: str
    version: str
    crop: CropSpec

    def embed(self, crops: NDArray[np.uint8]) -> Floats:
        """Unit vectors (n, d) of crops (n, size, size, 3), BGR."""
        ...

    def uses(self) -> tuple[WeightUse, ...]:
        """The weights, as reports name them."""
        ...


class DlibEncoder:
    """dlib's ResNet-29, 128 dimensions.

    RGB, minus the training set's channel means, over 256 (dlib, dnn_face_recognition_ex).
    """

    id = "dlib_resnet"
    version = "1"
    crop = ALIGNED_150
    means = np.array([122.782, 117.001, 104.298], np.float32)

    def __init__(self, models: Models) -> None:
        self._models = models
        self._session = models.onnx(self.id)

    def embed(self, crops: NDArray[np.uint8]) -> Floats:
        """Unit vectors (n, 128) of crops (n, 150, 150, 3), BGR."""
        found = [np.empty((0, 128), np.float32)]
        for first in range(0, len(crops), BATCH):
            rgb = crops[first : first + BATCH, :, :, ::-1].astype(np.float32)
            batch = np.ascontiguousarray(((rgb - self.means) / 256.0).transpose(0, 3, 1, 2))
            found.append(self._session.run(["embedding"], {"input": batch})[0])
        return unit(np.concatenate(found))

    def uses(self) -> tuple[WeightUse, ...]:
        """The weights, as reports name them."""
        return self._models.uses(self.id)


def encoder_for(interview: Interview) -> FaceEncoder:
    """The back end that the interview's settings choose; dlib where they say nothing.

    Raises:
        SettingsInvalid: an unknown back end, or one whose files are missing.
        WeightsUnavailable: the back end's weights are not installed.
    """
    return encoder_of(interview.models)


def encoder_of(models: Models) -> FaceEncoder:
    """The back end that the settings of these models choose; raises as `encoder_for`."""
    settings: Settings | None = getattr(models, "settings", None)
    backend = "dlib" if settings is None else settings.face_backend
    if backend == "dlib":
        return DlibEncoder(models)
    if settings is not None and backend == "insightface":
        return InsightFaceEncoder.of(settings.insightface_dir, crop=ALIGNED_112)
    raise SettingsInvalid(f"face_backend is '{backend}'; choose dlib or insightface.")
