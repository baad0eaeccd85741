"""GE2E speaker encoder: three LSTM layers, projection, ReLU, L2 (Wan et al., arXiv 1710.10467).

The member is `resemblyzer/pretrained.pt` of resemblyzer 0.1.4.
"""

from __future__ import annotations

import numpy as np

from audit.weights.graph import Graph
from audit.weights.unpickle import load_state_dict

HIDDEN = 256
LAYERS = 3
FRAMES = 160
MELS = 40
LSTM_PARTS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")


def convert(member: bytes) -> bytes:
    """ONNX model: `mels` [N, 160, 40] -> `embedding` [N, 256], L2-normalised, components >= 0.

    `mels` are linear (not logarithmic) mel energies of 25 ms windows every 10 ms.
    """
    weights = load_state_dict(member, key="model_state")
    graph = Graph("ge2e")
    x = graph.node("Transpose", ["mels"], perm=[1, 0, 2])
    state = ""
    for layer in range(LAYERS):
        parts = {part: weights[f"lstm.{part}_l{layer}"] for part in LSTM_PARTS}
        outputs, state = graph.lstm(x, [parts], HIDDEN)
        x = graph.squeezed(outputs, 1)
    projected = graph.linear(
        graph.squeezed(state, 0), weights["linear.weight"], weights["linear.bias"]
    )
    raw = graph.node("Relu", [projected])
    length = graph.node("ReduceL2", [raw], axes=[1], keepdims=1)
    # Silence can leave every component at zero; its embedding is then zero, not NaN.
    floor = graph.constant(np.float32(1e-12))
    graph.node("Div", [raw, graph.node("Max", [length, floor])], outputs=["embedding"])
    return graph.model({"mels": ["N", FRAMES, MELS]}, {"embedding": ["N", HIDDEN]})
