"""PyanNet speaker segmentation: SincNet, four bidirectional LSTM layers, two linear layers.

The member is `whisperx/assets/pytorch_model.bin` of whisperx 3.8.6, a checkpoint of the
segmentation model of Bredin and Laurent (arXiv 2104.04045). The learnt band-pass filters follow
Ravanelli and Bengio (arXiv 1808.00158) with odd and even filters (Pariente et al., arXiv
1910.10400).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from audit.weights.graph import Array, Graph
from audit.weights.unpickle import load_state_dict

SAMPLES = 80_000
FRAMES = 293
SPEAKERS = 3
SINC_STRIDE = 10
LOWEST_HZ = 50.0
NARROWEST_HZ = 50.0
RATE = 16_000.0
LSTM_LAYERS = 4
LSTM_HIDDEN = 128
EPSILON = 1e-5
# The checkpoint also holds settings and the description of its training task; not needed here.
INERT = frozenset(
    {
        "omegaconf.base.ContainerMetadata",
        "omegaconf.base.Metadata",
        "omegaconf.listconfig.ListConfig",
        "omegaconf.nodes.AnyNode",
        "pyannote.audio.core.model.Introspection",
        "pyannote.audio.core.task.Problem",
        "pyannote.audio.core.task.Resolution",
        "pyannote.audio.core.task.Specifications",
        "torch.torch_version.TorchVersion",
        "typing.Any",
    }
)
LSTM_PARTS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")


def convert(member: bytes) -> bytes:
    """ONNX model: `waveform` [N, 1, 80000], 5 s at 16 kHz -> `scores` [N, 293, 3].

    Scores are probabilities 0..1, one per frame (about 17 ms) and local speaker; speakers have
    no fixed order between windows.
    """
    weights = load_state_dict(member, key="state_dict", inert=INERT)
    graph = Graph("pyannet")
    features = _sincnet(graph, "waveform", weights)
    x = graph.node("Transpose", [features], perm=[2, 0, 1])
    for layer in range(LSTM_LAYERS):
        directions = [
            {part: weights[f"lstm.{part}_l{layer}{suffix}"] for part in LSTM_PARTS}
            for suffix in ("", "_reverse")
        ]
        outputs, _ = graph.lstm(x, directions, LSTM_HIDDEN)
        by_frame = graph.node("Transpose", [outputs], perm=[0, 2, 1, 3])
        x = graph.node("Reshape", [by_frame, graph.constant([0, 0, 2 * LSTM_HIDDEN], np.int64)])
    x = graph.node("Transpose", [x], perm=[1, 0, 2])
    for name in ("linear.0", "linear.1"):
        x = graph.linear(x, weights[f"{name}.weight"], weights[f"{name}.bias"])
        x = graph.node("LeakyRelu", [x], alpha=0.01)
    logits = graph.linear(x, weights["classifier.weight"], weights["classifier.bias"])
    graph.node("Sigmoid", [logits], outputs=["scores"])
    return graph.model({"waveform": ["N", 1, SAMPLES]}, {"scores": ["N", FRAMES, SPEAKERS]})


def _sincnet(graph: Graph, waveform: str, weights: Mapping[str, Array]) -> str:
    x = _instance_norm(graph, waveform, weights, "wav_norm1d")
    x = graph.node("Conv", [x, graph.constant(band_pass(weights))], strides=[SINC_STRIDE])
    x = _pooled(graph, graph.node("Abs", [x]), weights, 0)
    for layer in (1, 2):
        kernel, bias = (weights[f"sincnet.conv1d.{layer}.{part}"] for part in ("weight", "bias"))
        x = graph.node("Conv", [x, graph.constant(kernel), graph.constant(bias)])
        x = _pooled(graph, x, weights, layer)
    return x


def _pooled(graph: Graph, x: str, weights: Mapping[str, Array], layer: int) -> str:
    x = graph.node("MaxPool", [x], kernel_shape=[3], strides=[3])
    x = _instance_norm(graph, x, weights, f"norm1d.{layer}")
    return graph.node("LeakyRelu", [x], alpha=0.01)


def _instance_norm(graph: Graph, x: str, weights: Mapping[str, Array], name: str) -> str:
    scale, shift = (weights[f"sincnet.{name}.{part}"] for part in ("weight", "bias"))
    return graph.node(
        "InstanceNormalization",
        [x, graph.constant(scale), graph.constant(shift)],
        epsilon=EPSILON,
    )


def band_pass(weights: Mapping[str, Array]) -> Array:
    """The learnt filters, shape (80, 1, 251): 40 even (cosine), then 40 odd (sine).

    Each is the difference of two windowed low-pass filters between `low` and `high` Hz, divided
    by twice its bandwidth so that the centre tap of the even filter is 1.
    """
    prefix = "sincnet.conv1d.0.filterbank."
    low_hz, band_hz, window, times = (
        weights[prefix + part].astype(np.float64)
        for part in ("low_hz_", "band_hz_", "window_", "n_")
    )
    low = LOWEST_HZ + np.abs(low_hz)
    high = np.clip(low + NARROWEST_HZ + np.abs(band_hz), LOWEST_HZ, RATE / 2)
    band = high - low
    shape = window / (times / 2) / (2 * band)
    even = (np.sin(high @ times) - np.sin(low @ times)) * shape
    odd = (np.cos(low @ times) - np.cos(high @ times)) * shape
    filters: NDArray[np.float64] = np.vstack(
        [
            np.hstack([even, np.ones_like(band), even[:, ::-1]]),
            np.hstack([odd, np.zeros_like(band), -odd[:, ::-1]]),
        ]
    )
    return filters[:, None, :].astype(np.float32)
