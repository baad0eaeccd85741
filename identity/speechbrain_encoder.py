"""Speaker recognition from a SpeechBrain encoder that the user supplies.

The only back end that needs torch; both are imported when it is chosen and never before. Nothing
is downloaded. The folder's hyperparams.yaml creates the classes it names: trust it like code.
"""

from __future__ import annotations

import hashlib
import importlib
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from audit.errors import SettingsInvalid
from audit.interview import Floats
from audit.types import WeightUse
from identity.embeddings import unit

LICENCE = "as the encoder's supplier states; SpeechBrain's own ECAPA: Apache-2.0"
FILES = ("hyperparams.yaml", "embedding_model.ckpt")
BATCH = 16


class SpeechBrainEncoder:
    """The encoder of a SpeechBrain recipe (ECAPA-TDNN family)."""

    id = "speechbrain"
    version = "1"

    def __init__(self, folder: Path) -> None:
        self._sha256 = hashlib.sha256((folder / FILES[1]).read_bytes()).hexdigest()
        self._torch = _module("torch")
        self._model = _open(folder)

    @classmethod
    def of(cls, folder: Path | None) -> SpeechBrainEncoder:
        """The encoder of a folder, made once per file.

        Raises:
            SettingsInvalid: no folder is given, a file is missing, or speechbrain is not installed.
        """
        if folder is None:
            raise SettingsInvalid(
                "voice_backend is 'speechbrain' but speechbrain_dir is not set: "
                "set FAIRWITNESS_SPEECHBRAIN_DIR to the folder of an encoder that you have."
            )
        missing = [name for name in FILES if not (folder / name).is_file()]
        if missing:
            raise SettingsInvalid(
                f"speechbrain_dir '{folder}' lacks {', '.join(missing)}: "
                "give the folder that holds a downloaded SpeechBrain speaker encoder."
            )
        return _made(folder.resolve(), (folder / FILES[1]).stat().st_mtime_ns)

    def embed(self, windows: Floats) -> Floats:
        """Unit vectors (n, d) of windows (n, samples), 16 kHz mono, -1..1."""
        found: list[Floats] = []
        for first in range(0, len(windows), BATCH):
            batch = np.ascontiguousarray(windows[first : first + BATCH], dtype=np.float32)
            with self._torch.no_grad():
                vectors = self._model.encode_batch(self._torch.from_numpy(batch))
            found.append(np.asarray(vectors.cpu().numpy(), dtype=np.float32)[:, 0, :])
        return unit(np.concatenate(found)) if found else np.empty((0, 1), np.float32)

    def uses(self) -> tuple[WeightUse, ...]:
        """The encoder's file, as reports name it."""
        return (
            WeightUse(
                id=f"speechbrain:{FILES[1]}",
                sha256=self._sha256,
                licence=LICENCE,
                commercial_use=False,
                source="supplied by the user",
            ),
        )


@lru_cache(maxsize=2)
def _made(folder: Path, _changed_ns: int) -> SpeechBrainEncoder:
    return SpeechBrainEncoder(folder)


def _module(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except (ImportError, OSError) as error:
        raise SettingsInvalid(
            f"voice_backend is 'speechbrain' but {name} cannot be imported ({error}): "
            "install the extra 'speechbrain', see docs/settings.md."
        ) from error


def _open(folder: Path) -> Any:
    """The encoder with the network forbidden and no links made in the folder."""
    speaker = _module("speechbrain.inference.speaker")
    fetching = _module("speechbrain.utils.fetching")
    try:
        return speaker.SpeakerRecognition.from_hparams(
            source=str(folder),
            overrides={"pretrained_path": str(folder)},
            local_strategy=fetching.LocalStrategy.NO_LINK,
            fetch_config=fetching.FetchConfig(allow_network=False),
            run_opts={"device": "cpu"},
        )
    except (ValueError, OSError, RuntimeError, KeyError) as error:
        raise SettingsInvalid(
            f"speechbrain_dir '{folder}' does not hold an encoder that opens: {error}"
        ) from error
