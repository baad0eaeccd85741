"""Back ends: the choice between them, and what they compute."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from audit.errors import SettingsInvalid
from audit.inference import Models
from audit.types import WeightUse
from identity.embeddings import similarity
from identity.face_encoder import ALIGNED_112, ALIGNED_150, DlibEncoder, encoder_for
from identity.insightface_encoder import InsightFaceEncoder, recognition_file


def network(path: Path, size: int, width: int, *, outputs: int = 1, name: str = "input") -> Path:
    """A tiny network: average colour of the crop's quarters times a fixed matrix."""
    weights = np.random.default_rng(1).normal(size=(12, width)).astype(np.float32)
    nodes = [
        helper.make_node(
            "AveragePool", [name], ["cells"], kernel_shape=[size // 2] * 2, strides=[size // 2] * 2
        ),
        helper.make_node("Flatten", ["cells"], ["flat"]),
        helper.make_node("MatMul", ["flat", "weights"], ["embedding"]),
    ]
    outs = [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["N", width])]
    if outputs == 2:
        outs.append(helper.make_tensor_value_info("flat", TensorProto.FLOAT, ["N", 12]))
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", 3, size, size])],
        outs,
        [numpy_helper.from_array(weights, "weights")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 9
    onnx.save(model, str(path))
    return path


class ToyModels:
    """Stands where `Models` stands: one tiny network."""

    def __init__(self, path: Path, settings: Any = None) -> None:
        self._session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        self.settings = settings

    def onnx(self, _weight_id: str) -> Any:
        return self._session

    def uses(self, *ids: str) -> tuple[WeightUse, ...]:
        return tuple(WeightUse(i, "0" * 64, "CC0-1.0", commercial_use=True) for i in ids)


def interview_with(models: Any) -> Any:
    return SimpleNamespace(models=models)


def crops(count: int, size: int) -> np.ndarray:
    return np.random.default_rng(2).integers(0, 256, (count, size, size, 3)).astype(np.uint8)


@pytest.fixture
def pack(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "pack"
    folder.mkdir()
    network(folder / "w600k_toy.onnx", 112, 16)
    network(folder / "2d106det.onnx", 192, 8)
    network(folder / "det_toy.onnx", 112, 8, outputs=2)
    yield folder


def test_dlib_reads_rgb_less_the_channel_means(tmp_path: Path) -> None:
    models = ToyModels(network(tmp_path / "toy.onnx", 150, 128))
    encoder = DlibEncoder(models)  # type: ignore[arg-type]
    given = crops(20, 150)
    found = encoder.embed(given)
    rgb = (given[:, :, :, ::-1] - np.array([122.782, 117.001, 104.298])) / 256.0
    batch = rgb.transpose(0, 3, 1, 2).astype(np.float32)
    raw = models.onnx("")
    wanted = raw.run(None, {"input": batch})[0]
    assert found == pytest.approx(wanted / np.linalg.norm(wanted, axis=1)[:, None], abs=1e-5)
    assert encoder.embed(given[:0]).shape == (0, 128)
    assert encoder.uses()[0].licence == "CC0-1.0"


def test_choice_of_back_end(tmp_path: Path, pack: Path) -> None:
    path = network(tmp_path / "toy.onnx", 150, 128)
    assert encoder_for(interview_with(ToyModels(path))).id == "dlib_resnet"
    chosen = SimpleNamespace(face_backend="insightface", insightface_dir=pack)
    encoder = encoder_for(interview_with(ToyModels(path, chosen)))
    assert (encoder.id, encoder.crop) == ("insightface", ALIGNED_112)
    assert encoder_for(interview_with(ToyModels(path, chosen))) is encoder
    wrong = SimpleNamespace(face_backend="facenet", insightface_dir=None)
    with pytest.raises(SettingsInvalid, match="choose dlib or insightface"):
        encoder_for(interview_with(ToyModels(path, wrong)))


def test_insightface_opens_the_pack_by_its_own_loader(pack: Path) -> None:
    encoder = InsightFaceEncoder.of(pack, crop=ALIGNED_112)
    given = crops(20, 112)
    found = encoder.embed(given)
    batch = (given[:, :, :, ::-1].astype(np.float32) - 127.5) / 127.5
    session = onnxruntime.InferenceSession(
        str(pack / "w600k_toy.onnx"), providers=["CPUExecutionProvider"]
    )
    wanted = session.run(None, {"input": batch.transpose(0, 3, 1, 2)})[0]
    assert found == pytest.approx(wanted / np.linalg.norm(wanted, axis=1)[:, None], abs=1e-4)
    assert len(encoder.embed(given[:0])) == 0
    (use,) = encoder.uses()
    assert use.id == "insightface:w600k_toy.onnx"
    assert use.sha256 == hashlib.sha256((pack / "w600k_toy.onnx").read_bytes()).hexdigest()
    assert "non-commercial" in use.licence
    assert not use.commercial_use


def test_a_missing_pack_says_what_to_do(tmp_path: Path, pack: Path) -> None:
    with pytest.raises(SettingsInvalid, match="FAIRWITNESS_INSIGHTFACE_DIR"):
        InsightFaceEncoder.of(None, crop=ALIGNED_112)
    with pytest.raises(SettingsInvalid, match="not downloaded"):
        InsightFaceEncoder.of(tmp_path / "buffalo_l", crop=ALIGNED_112)
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(SettingsInvalid, match="no ONNX file"):
        recognition_file(empty)
    (empty / "broken.onnx").write_bytes(b"not a model")
    with pytest.raises(SettingsInvalid, match=r"no model .* broken\.onnx"):
        recognition_file(empty)
    network(pack / "second.onnx", 112, 4)
    with pytest.raises(SettingsInvalid, match="several models"):
        recognition_file(pack)


def test_similarity_is_symmetric_and_bounded() -> None:
    a, b = np.eye(2, 4, dtype=np.float32)
    assert similarity(a, a) == 1.0
    assert similarity(a, b) == similarity(b, a) == 0.0


@pytest.mark.weights
def test_real_weights_tell_noise_from_itself(models: Models) -> None:
    encoder = DlibEncoder(models)
    given = crops(2, 150)
    brighter = np.clip(given.astype(int) + 4, 0, 255).astype(np.uint8)
    a, b = encoder.embed(given), encoder.embed(brighter)
    assert a.shape == (2, ALIGNED_150.size - 22)
    assert np.linalg.norm(a, axis=1) == pytest.approx(np.ones(2), abs=1e-5)
    assert float((a * b).sum(axis=1).min()) > 0.95
