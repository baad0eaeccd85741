"""Sessions are made from verified bytes, once, and shared."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from audit.errors import WeightsTampered, WeightsUnavailable
from audit.inference import Models
from audit.settings import Settings
from audit.weights import WeightStore
from tests.audit import tiny_weights as tiny

MODEL = tiny.doubling_model()


@pytest.fixture
def tiny_store(tmp_path: Path) -> WeightStore:
    """A store with the ONNX weight `doubling`, and without the .tflite weight `mesh`."""
    rows = tiny.row("doubling", MODEL), tiny.row("mesh", b"mesh", runtime="tflite")
    store = WeightStore(tmp_path, tiny.manifest(*rows))
    store.location("doubling").write_bytes(MODEL)
    return store


def test_a_session_is_made_once_and_computes(tiny_store: WeightStore) -> None:
    models = Models(tiny_store, threads=2)
    session = models.onnx("doubling")
    assert session is models.onnx("doubling")
    assert session.get_session_options().intra_op_num_threads == 2
    (found,) = session.run(["y"], {"x": np.float32([1.5, -2])})
    assert found.tolist() == [3.0, -4.0]


def test_a_changed_file_makes_no_session(tiny_store: WeightStore) -> None:
    tiny_store.location("doubling").write_bytes(MODEL + b"\0")
    models = Models(tiny_store)
    assert not models.available("doubling")
    with pytest.raises(WeightsTampered):
        models.onnx("doubling")


def test_a_weight_of_another_runtime_is_refused(tiny_store: WeightStore) -> None:
    models = Models(tiny_store)
    with pytest.raises(WeightsUnavailable, match="onnx model, not tflite"):
        models.tflite("doubling")
    with pytest.raises(WeightsUnavailable, match="tflite model, not onnx"):
        models.onnx("mesh")


def test_an_absent_weight_is_not_available(tiny_store: WeightStore) -> None:
    models = Models(tiny_store)
    assert models.available("doubling")
    assert not models.available("mesh")
    with pytest.raises(WeightsUnavailable, match="fairwitness models install"):
        models.tflite("mesh")


def test_uses_keep_their_order(tiny_store: WeightStore) -> None:
    uses = Models(tiny_store).uses("mesh", "doubling")
    assert [use.id for use in uses] == ["mesh", "doubling"]


def test_settings_default_without_the_environment(
    tiny_store: WeightStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAIRWITNESS_FACE_BACKEND", "insightface")
    assert Models(tiny_store).settings.face_backend == "dlib"
    assert Models(tiny_store, settings=Settings()).settings.face_backend == "insightface"


def test_real_tflite_models_are_shared(models: Models) -> None:
    detector = models.tflite("blazeface_back")
    assert detector is models.tflite("blazeface_back")
    assert detector.get_input_details()[0]["shape"].tolist() == [1, 256, 256, 3]
