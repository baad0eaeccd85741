"""Face recognition from an InsightFace pack that the user supplies.

InsightFace's own packs are for non-commercial research; reports say so. Nothing is downloaded:
the pack is a folder that exists, opened through insightface's own loader.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from numpy.typing import NDArray

from audit.detectors import CropSpec
from audit.errors import SettingsInvalid
from audit.interview import Floats
from audit.types import WeightUse
from identity.embeddings import unit

LICENCE = "as the pack states; InsightFace's own packs: non-commercial research only"
BATCH = 16


class InsightFaceEncoder:
    """The recognition network of a pack (ArcFace family, 112 x 112 aligned crops)."""

    id = "insightface"
    version = "1"

    def __init__(self, path: Path, crop: CropSpec) -> None:
        self.crop = crop
        self._path = path
        self._sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        self._model = _open(path)

    @classmethod
    def of(cls, folder: Path | None, *, crop: CropSpec) -> InsightFaceEncoder:
        """The encoder of a pack's folder, made once per file.

        Raises:
            SettingsInvalid: no folder is given, it does not exist, or it has no recognition model.
        """
        if folder is None:
            raise SettingsInvalid(
                "face_backend is 'insightface' but insightface_dir is not set: "
                "set FAIRWITNESS_INSIGHTFACE_DIR to the folder of a pack that you have."
            )
        path = recognition_file(folder)
        return _made(path, path.stat().st_mtime_ns, crop)

    def embed(self, crops: NDArray[np.uint8]) -> Floats:
        """Unit vectors (n, d) of crops (n, 112, 112, 3), BGR."""
        found: list[Floats] = []
        for first in range(0, len(crops), BATCH):
            found.append(self._model.get_feat(list(crops[first : first + BATCH])))
        return unit(np.concatenate(found)) if found else np.empty((0, 1), np.float32)

    def uses(self) -> tuple[WeightUse, ...]:
        """The pack's file, as reports name it."""
        return (
            WeightUse(
                id=f"insightface:{self._path.name}",
                sha256=self._sha256,
                licence=LICENCE,
                commercial_use=False,
                source="supplied by the user",
            ),
        )


@lru_cache(maxsize=2)
def _made(path: Path, _changed_ns: int, crop: CropSpec) -> InsightFaceEncoder:
    return InsightFaceEncoder(path, crop)


def recognition_file(folder: Path) -> Path:
    """The pack's recognition model: the ONNX file with one 3 x 112 x 112 input and one output.

    Raises:
        SettingsInvalid: the folder does not exist, or holds none or several such files.
    """
    if not folder.is_dir():
        raise SettingsInvalid(
            f"insightface_dir '{folder}' is not a folder. Packs are not downloaded: "
            "unpack one that you have and name its folder."
        )
    files = sorted(folder.glob("*.onnx"))
    found = [path for path in files if _is_recognition(path)]
    if len(found) == 1:
        return found[0]
    held = ", ".join(path.name for path in files) or "no ONNX file"
    number = "several models" if found else "no model"
    raise SettingsInvalid(
        f"insightface_dir '{folder}' has {number} with one 112 x 112 input and one output "
        f"(it holds {held}); exactly one recognition model is needed."
    )


def _is_recognition(path: Path) -> bool:
    try:
        graph = onnx.load(str(path), load_external_data=False).graph
    except (OSError, ValueError, RuntimeError, DecodeError):
        return False
    weights = {tensor.name for tensor in graph.initializer}
    inputs = [value for value in graph.input if value.name not in weights]
    if len(inputs) != 1 or len(graph.output) != 1:
        return False
    shape = [dim.dim_value for dim in inputs[0].type.tensor_type.shape.dim]
    return shape[1:] == [3, 112, 112]


def _open(path: Path) -> Any:
    """insightface's wrapper around the file, on the CPU with one thread."""
    from insightface.model_zoo import get_model

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    return get_model(
        str(path), download=False, providers=["CPUExecutionProvider"], sess_options=options
    )
