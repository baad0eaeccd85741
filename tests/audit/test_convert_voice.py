"""Converted voice networks: known answers for each part, stored pairs for the real weights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnxruntime
import pytest

from audit.errors import WeightsInstallFailed
from audit.inference import Models
from audit.weights import check_pairs, convert_aasist, convert_ge2e, convert_pyannet
from audit.weights.graph import Array, Graph, folded_norm

RATE = 16_000
GAT_PARTS = ("att_proj", "proj_with_att", "proj_without_att")
MIXED_PARTS = (*GAT_PARTS, "att_projM", "proj_with_attM", "proj_without_attM")


def session(model: bytes) -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def random(*shape: int, seed: int = 3, scale: float = 0.3) -> Array:
    values = np.random.default_rng(seed).standard_normal(shape) * scale
    return values.astype(np.float32)


def lstm_parts(hidden: int, width: int, seed: int) -> dict[str, Array]:
    return {
        "weight_ih": random(4 * hidden, width, seed=seed),
        "weight_hh": random(4 * hidden, hidden, seed=seed + 1),
        "bias_ih": random(4 * hidden, seed=seed + 2),
        "bias_hh": random(4 * hidden, seed=seed + 3),
    }


def sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


def lstm_by_hand(x: Array, parts: Mapping[str, Array]) -> Array:
    """Outputs (frames, batch, h) of one direction, from the textbook equations."""
    hidden = parts["weight_hh"].shape[1]
    h = c = np.zeros((x.shape[1], hidden), dtype=np.float32)
    outputs = []
    for frame in x:
        gates = frame @ parts["weight_ih"].T + parts["bias_ih"]
        gates = gates + h @ parts["weight_hh"].T + parts["bias_hh"]
        take, forget, cell, give = np.split(gates, 4, axis=1)
        c = sigmoid(forget) * c + sigmoid(take) * np.tanh(cell)
        h = sigmoid(give) * np.tanh(c)
        outputs.append(h)
    return np.stack(outputs)


def test_lstm_reorders_the_gates_and_runs_both_directions() -> None:
    directions = [lstm_parts(5, 4, seed=10), lstm_parts(5, 4, seed=20)]
    graph = Graph("t")
    outputs, _ = graph.lstm("x", directions, 5)
    graph.node("Identity", [outputs], outputs=["y"])
    model = graph.model({"x": [7, "N", 4]}, {"y": [7, 2, "N", 5]})
    x = random(7, 3, 4, seed=4)
    (found,) = session(model).run(None, {"x": x})
    np.testing.assert_allclose(found[:, 0], lstm_by_hand(x, directions[0]), atol=1e-6)
    backwards = lstm_by_hand(x[::-1], directions[1])[::-1]
    np.testing.assert_allclose(found[:, 1], backwards, atol=1e-6)


def ge2e_state() -> dict[str, Array]:
    state = {"linear.weight": random(256, 256), "linear.bias": random(256)}
    for layer in range(3):
        parts = lstm_parts(256, 40 if layer == 0 else 256, seed=30 + layer)
        state |= {f"lstm.{name}_l{layer}": value * 0.3 for name, value in parts.items()}
    return state


def test_ge2e_equals_the_network_written_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    state = ge2e_state()
    monkeypatch.setattr(convert_ge2e, "load_state_dict", lambda member, **_: state)
    model = convert_ge2e.convert(b"")
    assert model == convert_ge2e.convert(b"")
    mels = np.abs(random(2, 160, 40))
    (found,) = session(model).run(None, {"mels": mels})
    x = mels.transpose(1, 0, 2)
    for layer in range(3):
        parts = {p: state[f"lstm.{p}_l{layer}"] for p in convert_ge2e.LSTM_PARTS}
        x = lstm_by_hand(x, parts)
    raw = np.maximum(x[-1] @ state["linear.weight"].T + state["linear.bias"], 0)
    expected = raw / np.linalg.norm(raw, axis=1, keepdims=True)
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_ge2e_gives_zero_where_no_component_is_positive(monkeypatch: pytest.MonkeyPatch) -> None:
    state = ge2e_state() | {"linear.bias": np.full(256, -1e3, dtype=np.float32)}
    monkeypatch.setattr(convert_ge2e, "load_state_dict", lambda member, **_: state)
    mels = np.zeros((1, 160, 40), dtype=np.float32)
    (found,) = session(convert_ge2e.convert(b"")).run(None, {"mels": mels})
    assert np.array_equal(found, np.zeros((1, 256), dtype=np.float32))


def gain_db(filters: Array, hz: float) -> Array:
    taps = np.arange(filters.shape[-1])
    response = np.abs(filters[:, 0] @ np.exp(-2j * np.pi * hz / RATE * taps))
    return 20 * np.log10(np.maximum(response, 1e-12))


def test_aasist_filters_pass_their_own_mel_band() -> None:
    filters = convert_aasist.band_pass()
    assert filters.shape == (70, 1, 129)
    np.testing.assert_allclose(filters, filters[:, :, ::-1], atol=1e-7)
    edges = 700 * (10 ** (np.linspace(0, 2595 * np.log10(1 + 8000 / 700), 71) / 2595) - 1)
    for band in (45, 60, 68):
        centre = (edges[band] + edges[band + 1]) / 2
        assert int(np.argmax(gain_db(filters, centre))) == band


def sinc_state(low: float, band: float) -> dict[str, Array]:
    prefix = "sincnet.conv1d.0.filterbank."
    times = 2 * np.pi * np.arange(-125, 0)[None, :] / RATE
    return {
        prefix + "low_hz_": np.full((1, 1), low, dtype=np.float32),
        prefix + "band_hz_": np.full((1, 1), band, dtype=np.float32),
        prefix + "window_": np.hamming(251)[:125].astype(np.float32),
        prefix + "n_": times.astype(np.float32),
    }


def test_pyannet_filters_are_an_even_and_an_odd_band_pass() -> None:
    filters = convert_pyannet.band_pass(sinc_state(-950.0, 950.0))
    even, odd = filters[0, 0], filters[1, 0]
    assert even[125] == 1.0
    assert odd[125] == 0.0
    np.testing.assert_allclose(even, even[::-1])
    np.testing.assert_allclose(odd, -odd[::-1])
    inside, outside = gain_db(filters, 1500.0), gain_db(filters, 3500.0)
    assert (inside - outside > 40).all()


def pyannet_state() -> dict[str, Array]:
    state = {"classifier.weight": random(3, 128), "classifier.bias": random(3)}
    for name, value in sinc_state(300.0, 200.0).items():
        rows = 40 if value.shape[0] == 1 and name.endswith("hz_") else 1
        state[name] = np.repeat(value, rows, axis=0) if value.ndim == 2 else value
    for name, count in {"wav_norm1d": 1, "norm1d.0": 80, "norm1d.1": 60, "norm1d.2": 60}.items():
        state[f"sincnet.{name}.weight"] = np.ones(count, dtype=np.float32)
        state[f"sincnet.{name}.bias"] = np.zeros(count, dtype=np.float32)
    for layer, width in ((1, 80), (2, 60)):
        state[f"sincnet.conv1d.{layer}.weight"] = random(60, width, 5)
        state[f"sincnet.conv1d.{layer}.bias"] = random(60)
    for layer in range(4):
        for number, suffix in enumerate(("", "_reverse")):
            parts = lstm_parts(128, 60 if layer == 0 else 256, seed=50 + 2 * layer + number)
            state |= {f"lstm.{n}_l{layer}{suffix}": v * 0.3 for n, v in parts.items()}
    for layer, width in ((0, 256), (1, 128)):
        state[f"linear.{layer}.weight"] = random(128, width)
        state[f"linear.{layer}.bias"] = random(128)
    return state


def test_pyannet_has_its_shape_and_ignores_level(monkeypatch: pytest.MonkeyPatch) -> None:
    state = pyannet_state()
    monkeypatch.setattr(convert_pyannet, "load_state_dict", lambda member, **_: state)
    runner = session(convert_pyannet.convert(b""))
    waveform = random(2, 1, 80_000)
    (found,) = runner.run(None, {"waveform": waveform})
    (louder,) = runner.run(None, {"waveform": waveform * 3})
    assert found.shape == (2, 293, 3)
    assert ((found > 0) & (found < 1)).all()
    assert np.ptp(found) > 1e-3
    np.testing.assert_allclose(found, louder, atol=1e-3)


def test_folded_norm_is_batch_normalisation_in_evaluation_mode() -> None:
    parts = {"weight": 2.0, "bias": 1.0, "running_mean": 3.0, "running_var": 4.0}
    weights = {f"b.{k}": np.array([v], dtype=np.float32) for k, v in parts.items()}
    scale, shift = folded_norm(weights, "b")
    # (7 - 3) / sqrt(4 + 1e-5) * 2 + 1
    assert 7 * scale[0] + shift[0] == pytest.approx(5.0, abs=1e-5)


def test_top_nodes_keep_the_best_first_and_gate_them() -> None:
    weights = {
        "p.proj.weight": np.array([[1.0, 0.0]], dtype=np.float32),
        "p.proj.bias": np.zeros(1, dtype=np.float32),
    }
    graph = Graph("t")
    kept = convert_aasist._top_nodes(graph, "x", 2, weights, "p")
    graph.node("Identity", [kept], outputs=["y"])
    model = graph.model({"x": ["N", 3, 2]}, {"y": ["N", 2, 2]})
    x = np.array([[[0, 5], [2, 6], [1, 7]], [[3, 1], [-3, 2], [0, 3]]], dtype=np.float32)
    (found,) = session(model).run(None, {"x": x})
    gate = sigmoid(np.array([[2.0, 1.0], [3.0, 0.0]], dtype=np.float32))[:, :, None]
    expected = np.array([[[2, 6], [1, 7]], [[3, 1], [0, 3]]], dtype=np.float32) * gate
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_pair_kinds_part_a_matrix_into_four_blocks() -> None:
    kinds = np.argmax(convert_aasist._pair_kinds(2, 3), axis=2)
    assert kinds.tolist() == [[0, 0, 1], [0, 0, 1], [1, 1, 2]]


def test_attention_equals_the_layer_written_by_hand() -> None:
    weights = {f"g.{part}.weight": random(3, 4, seed=i) for i, part in enumerate(GAT_PARTS)}
    weights |= {f"g.{part}.bias": random(3, seed=i + 9) for i, part in enumerate(GAT_PARTS)}
    weights["g.att_weight"] = random(3, 1, seed=20)
    weights |= norm_parts("g.bn", 3)
    graph = Graph("t")
    graph.node("Identity", [convert_aasist._attention(graph, "x", weights, "g")], outputs=["y"])
    x = random(1, 5, 4, seed=30, scale=1.0)
    (found,) = session(graph.model({"x": ["N", 5, 4]}, {"y": ["N", 5, 3]})).run(None, {"x": x})

    def linear(v: Array, part: str) -> Array:
        return v @ weights[f"g.{part}.weight"].T + weights[f"g.{part}.bias"]

    nodes = x[0]
    pairs = nodes[:, None] * nodes[None]
    energy = (np.tanh(linear(pairs, "att_proj")) @ weights["g.att_weight"])[..., 0] / 2.0
    attention = np.exp(energy) / np.exp(energy).sum(axis=1, keepdims=True)
    mixed = linear(attention @ nodes, "proj_with_att") + linear(nodes, "proj_without_att")
    normed = mixed - 0.1 + 0.5
    np.testing.assert_allclose(found[0], selu(normed), atol=1e-5)


def norm_parts(name: str, count: int) -> dict[str, Array]:
    values = {"weight": 1.0, "bias": 0.5, "running_mean": 0.1, "running_var": 1 - 1e-5}
    return {f"{name}.{k}": np.full(count, v, dtype=np.float32) for k, v in values.items()}


def linear_parts(name: str, out: int, width: int, seed: int) -> dict[str, Array]:
    return {
        f"{name}.weight": random(out, width, seed=seed),
        f"{name}.bias": random(out, seed=seed + 500),
    }


def mixed_parts(name: str, out: int, width: int, seed: int = 60) -> dict[str, Array]:
    state = norm_parts(f"{name}.bn", out)
    for i, part in enumerate(MIXED_PARTS):
        state |= linear_parts(f"{name}.{part}", out, width, seed + i)
    for i in (1, 2):
        state |= linear_parts(f"{name}.proj_type{i}", width, width, seed + 10 + i)
    for i, kind in enumerate(("11", "12", "22", "M")):
        state[f"{name}.att_weight{kind}"] = random(out, 1, seed=seed + 20 + i)
    return state


def softmax(x: Array) -> Array:
    return np.exp(x) / np.exp(x).sum(axis=-1, keepdims=True)


def selu(x: Array) -> Array:
    return 1.0507009873554805 * np.where(x > 0, x, 1.6732632423543772 * (np.exp(x) - 1))


def test_mixed_attention_equals_the_layer_written_by_hand() -> None:
    weights = mixed_parts("h", out=3, width=4)
    graph = Graph("t")
    names = convert_aasist._mixed_attention(graph, ("t", "s", "m"), (2, 1), weights, "h")
    for name, result in zip(("t2", "s2", "m2"), names, strict=True):
        graph.node("Identity", [result], outputs=[name])
    model = graph.model(
        {"t": ["N", 2, 4], "s": ["N", 1, 4], "m": ["N", 1, 4]},
        {"t2": ["N", 2, 3], "s2": ["N", 1, 3], "m2": ["N", 1, 3]},
    )
    counts = {"t": 2, "s": 1, "m": 1}
    feed = {n: random(1, k, 4, seed=k + ord(n), scale=2.0) for n, k in counts.items()}
    found = session(model).run(None, feed)

    def linear(v: Array, part: str) -> Array:
        return v @ weights[f"h.{part}.weight"].T + weights[f"h.{part}.bias"]

    x = np.vstack([linear(feed["t"][0], "proj_type1"), linear(feed["s"][0], "proj_type2")])
    master = feed["m"][0]
    pull = np.tanh(linear(x * master, "att_projM")) @ weights["h.att_weightM"] / 100.0
    lifted = linear(softmax(pull.T) @ x, "proj_with_attM") + linear(master, "proj_without_attM")
    energy = np.zeros((3, 3), dtype=np.float32)
    for i in range(3):
        for j in range(3):
            kind = ("11", "12", "22")[(i == 2) + (j == 2)]
            one = np.tanh(linear(x[i] * x[j], "att_proj")) @ weights[f"h.att_weight{kind}"]
            energy[i, j] = one[0] / 100.0
    mixed = linear(softmax(energy) @ x, "proj_with_att") + linear(x, "proj_without_att")
    nodes = selu(mixed - 0.1 + 0.5)
    np.testing.assert_allclose(found[0][0], nodes[:2], atol=1e-5)
    np.testing.assert_allclose(found[1][0], nodes[2:], atol=1e-5)
    np.testing.assert_allclose(found[2][0], lifted, atol=1e-5)


def aasist_state() -> dict[str, Array]:
    state = {"pos_S": random(1, 23, 64), "master1": random(1, 1, 64), "master2": random(1, 1, 64)}
    state |= norm_parts("first_bn", 1) | linear_parts("out_layer", 2, 160, 90)
    for block, (width, out) in enumerate([(1, 32), (32, 32), (32, 64), *[(64, 64)] * 3]):
        name = f"encoder.{block}.0"
        shapes = {"conv1": (out, width, 2, 3), "conv2": (out, out, 2, 3)}
        if width != out:
            shapes["conv_downsample"] = (out, width, 1, 3)
        for part, shape in shapes.items():
            state[f"{name}.{part}.weight"] = random(*shape, scale=0.1)
            state[f"{name}.{part}.bias"] = random(out)
        state |= norm_parts(f"{name}.bn2", out)
    for name in ("GAT_layer_S", "GAT_layer_T"):
        for i, part in enumerate(GAT_PARTS):
            state |= linear_parts(f"{name}.{part}", 64, 64, 70 + i)
        state |= norm_parts(f"{name}.bn", 64) | {f"{name}.att_weight": random(64, 1)}
    for name, width in {"S": 64, "T": 64, "hS1": 32, "hT1": 32, "hS2": 32, "hT2": 32}.items():
        state |= linear_parts(f"pool_{name}.proj", 1, width, 80)
    for name, width in {"ST11": 64, "ST12": 32, "ST21": 64, "ST22": 32}.items():
        state |= mixed_parts(f"HtrgGAT_layer_{name}", 32, width)
    return state


def test_aasist_is_built_the_same_each_time_and_ends_in_its_last_layer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    state = aasist_state()
    monkeypatch.setattr(convert_aasist, "load_state_dict", lambda member, **_: state)
    model = convert_aasist.convert(b"")
    assert model == convert_aasist.convert(b"")
    waveform = random(2, 64_600, scale=0.1)
    (found,) = session(model).run(None, {"waveform": waveform})
    assert found.shape == (2, 2)
    assert np.isfinite(found).all()
    assert not np.allclose(found[0], found[1])
    (mirrored,) = session(model).run(None, {"waveform": -waveform})
    np.testing.assert_allclose(found, mirrored, rtol=1e-4)  # magnitudes follow the first filters
    state["out_layer.weight"] = np.zeros((2, 160), dtype=np.float32)
    (constant,) = session(convert_aasist.convert(b"")).run(None, {"waveform": waveform[:1]})
    np.testing.assert_allclose(constant[0], state["out_layer.bias"], rtol=1e-6)


@pytest.mark.weights
@pytest.mark.parametrize("weight_id", ["ge2e", "pyannet", "aasist"])
def test_real_weights_reproduce_the_published_network(models: Models, weight_id: str) -> None:
    pair = check_pairs.load(weight_id)
    assert pair is not None
    assert pair.distance(models.onnx(weight_id)) < pair.tolerance


@pytest.mark.weights
@pytest.mark.parametrize("weight_id", ["ge2e", "pyannet"])
def test_a_batch_gives_what_its_members_give_alone(models: Models, weight_id: str) -> None:
    pair = check_pairs.load(weight_id)
    assert pair is not None
    runner = models.onnx(weight_id)
    ((name, one),) = pair.feed().items()
    two = np.concatenate([one[:1], one[:1] * 0.5])
    (together,) = runner.run(None, {name: two})
    alone = [runner.run(None, {name: row[None]})[0] for row in two]
    np.testing.assert_allclose(together, np.concatenate(alone), atol=1e-5)


class _Doubling:
    """Stands for a session that returns its input times `factor`."""

    def __init__(self, factor: float) -> None:
        self.factor = factor

    def run(self, names: list[str], feed: dict[str, Array]) -> list[Array]:
        return [feed["x"] * self.factor]


@pytest.mark.parametrize("law", ["normal", "abs_normal", "uniform"])
def test_check_pairs_accept_equal_and_refuse_other_outputs(law: check_pairs.Law) -> None:
    def pair(expected: Any) -> check_pairs.CheckPair:
        return check_pairs.CheckPair(
            "w", "by hand", "x", "y", 5, (2, 3), law, 2.0, 1e-6, np.asarray(expected)
        )

    drawn = pair([]).feed()["x"]
    assert np.array_equal(drawn, pair([]).feed()["x"])
    good = pair(drawn.astype(np.float64))
    good.verify(_Doubling(1.0))
    with pytest.raises(WeightsInstallFailed, match="other outputs"):
        good.verify(_Doubling(1.001))
    assert pair([[0.0]]).distance(_Doubling(1.0)) == float("inf")
    assert good.distance(_Doubling(float("nan"))) == float("inf")


def test_no_pair_is_stored_for_an_unknown_weight() -> None:
    assert check_pairs.load("no_such_weight") is None
