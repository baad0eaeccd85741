"""Voice back ends: pre-processing, choice, the user's own encoder."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from audit.errors import SettingsInvalid
from audit.inference import Models
from audit.settings import Settings
from identity.speechbrain_encoder import SpeechBrainEncoder
from identity.voice_encoder import Ge2eEncoder, embed_utterance, encoder_for
from identity.voice_windows import RATE, WINDOW
from tests.audit.test_speech import read_flac
from tests.identity.toy_voices import interview


def chosen(**values: Any) -> Any:
    settings = Settings.model_construct(**values)
    return interview(None, models=SimpleNamespace(settings=settings))


def test_embeddings_are_unit_vectors_and_do_not_depend_on_level(models: Models) -> None:
    windows = np.random.default_rng(1).normal(0, 0.05, (2, WINDOW)).astype(np.float32)
    encoder = Ge2eEncoder(models)
    loud, quiet = encoder.embed(windows), encoder.embed(windows * np.float32(0.01))
    assert loud.shape == (2, 256)
    assert np.allclose(np.linalg.norm(loud, axis=1), 1.0, atol=1e-5)
    assert np.allclose(loud, quiet, atol=1e-4)
    assert encoder.uses()[0].id == "ge2e"
    assert encoder.embed(windows[:0]).shape == (0, 256)


def test_utterances_of_one_speaker_are_nearer_than_those_of_two(
    models: Models, shared_data: Path
) -> None:
    folder = shared_data / "speech" / "real" / "vctk"
    people = [sorted(p.iterdir())[:2] for p in sorted(folder.iterdir())[:2]]
    vectors = [
        [embed_utterance(read_flac(f).cut(0, 60), models) for f in files] for files in people
    ]
    (a, b), (c, d) = vectors
    assert a is not None and b is not None and c is not None and d is not None
    assert min(a @ b, c @ d) > max(a @ c, a @ d, b @ c, b @ d) + 0.05


def test_too_little_speech_gives_no_embedding(models: Models) -> None:
    assert embed_utterance(np.zeros(5 * RATE, np.float32), models) is None


def test_default_back_end_is_ge2e(models: Models) -> None:
    assert encoder_for(interview(None, models=models)).id == "ge2e"


def test_unknown_back_ends_are_refused() -> None:
    with pytest.raises(SettingsInvalid, match="choose 'ge2e' or 'speechbrain'"):
        encoder_for(chosen(voice_backend="xvector"))


def test_speechbrain_needs_a_folder_that_holds_an_encoder(tmp_path: Path) -> None:
    with pytest.raises(SettingsInvalid, match="speechbrain_dir is not set"):
        encoder_for(chosen(voice_backend="speechbrain", speechbrain_dir=None))
    with pytest.raises(SettingsInvalid, match=r"lacks hyperparams.yaml, embedding_model.ckpt"):
        SpeechBrainEncoder.of(tmp_path / "absent")


class Tensor(np.ndarray):
    """As much of a tensor as is used."""

    def cpu(self) -> Tensor:
        return self

    def numpy(self) -> np.ndarray:
        return np.asarray(self)


class NoGrad:
    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None: ...


@pytest.fixture
def speechbrain(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A stand-in for torch and speechbrain that records how the encoder is opened."""
    opened: dict[str, Any] = {}

    class Encoder:
        def encode_batch(self, batch: Any) -> Any:
            rows = np.stack([batch.mean(axis=1), batch.std(axis=1)], axis=1)
            return rows[:, None, :].view(Tensor)

    def from_hparams(**options: Any) -> Encoder:
        opened.update(options)
        if "broken" in options["source"]:
            raise ValueError("no such class")
        return Encoder()

    torch: Any = ModuleType("torch")
    torch.no_grad = NoGrad
    torch.from_numpy = lambda array: array
    speaker: Any = ModuleType("speechbrain.inference.speaker")
    speaker.SpeakerRecognition = SimpleNamespace(from_hparams=from_hparams)
    fetching: Any = ModuleType("speechbrain.utils.fetching")
    fetching.LocalStrategy = SimpleNamespace(NO_LINK="no link")
    fetching.FetchConfig = lambda **options: options
    for module in (torch, speaker, fetching):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    return opened


def folder_of(path: Path) -> Path:
    path.mkdir()
    (path / "hyperparams.yaml").write_text("")
    (path / "embedding_model.ckpt").write_bytes(b"weights")
    return path


def test_speechbrain_opens_without_network_and_says_its_licence(
    speechbrain: dict[str, Any], tmp_path: Path
) -> None:
    folder = folder_of(tmp_path / "ecapa")
    encoder = encoder_for(chosen(voice_backend="speechbrain", speechbrain_dir=folder))
    assert speechbrain["fetch_config"] == {"allow_network": False}
    assert speechbrain["local_strategy"] == "no link"
    assert speechbrain["source"] == speechbrain["overrides"]["pretrained_path"]
    vectors = encoder.embed(np.random.default_rng(2).normal(size=(20, 100)).astype(np.float32))
    assert vectors.shape == (20, 2)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)
    (use,) = encoder.uses()
    assert not use.commercial_use
    assert "supplier" in use.licence
    assert len(use.sha256) == 64


def test_an_encoder_that_does_not_open_is_a_settings_error(
    speechbrain: dict[str, Any], tmp_path: Path
) -> None:
    assert speechbrain == {}
    with pytest.raises(SettingsInvalid, match="no such class"):
        SpeechBrainEncoder.of(folder_of(tmp_path / "broken"))


def test_speechbrain_that_is_not_installed_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(SettingsInvalid, match="extra 'speechbrain'"):
        SpeechBrainEncoder.of(folder_of(tmp_path / "ecapa"))
