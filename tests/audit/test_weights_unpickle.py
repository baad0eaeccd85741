"""Reading checkpoints: both formats give the numbers back, and nothing else is ever run."""

from __future__ import annotations

import contextlib
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from audit.errors import WeightsInstallFailed
from audit.weights import unpickle
from tests.audit import tiny_weights as tiny

ARRAYS = {
    "conv.weight": np.arange(12, dtype=np.float32).reshape(2, 3, 2),
    "conv.bias": np.array([-1.5, 0.25], dtype=np.float32),
}


def test_zip_format_gives_the_arrays_back() -> None:
    found = unpickle.load_state_dict(tiny.zip_checkpoint(ARRAYS, prefix="module."))
    assert list(found) == list(ARRAYS)
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(found[name], array)


@pytest.mark.parametrize("wrapper", ["", "state_dict", "model_state"])
def test_stream_format_gives_the_arrays_back(wrapper: str) -> None:
    found = unpickle.load_state_dict(tiny.stream_checkpoint(ARRAYS, wrapper=wrapper))
    assert list(found) == list(ARRAYS)
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(found[name], array)


@given(
    hnp.arrays(np.float32, hnp.array_shapes(max_dims=3, max_side=4), elements=st.floats(width=32))
)
def test_any_array_survives_both_formats(array: np.ndarray) -> None:  # type: ignore[type-arg]
    for data in (tiny.zip_checkpoint({"a": array}), tiny.stream_checkpoint({"a": array})):
        np.testing.assert_array_equal(unpickle.load_state_dict(data)["a"], array)


def test_views_of_a_storage_are_cut_out_of_it() -> None:
    code = tiny.mapping({"t": tiny.tensor(tiny.storage("0", 6), (3, 2), (1, 3))})
    found = unpickle.load_state_dict(
        tiny.zip_file(code, {"0": np.arange(6, dtype="<f4").tobytes()})
    )
    np.testing.assert_array_equal(found["t"], [[0, 3], [1, 4], [2, 5]])


@pytest.mark.parametrize(
    ("kind", "raw", "expected"),
    [
        ("HalfStorage", np.array([0.5], "<f2").tobytes(), 0.5),
        ("DoubleStorage", np.array([0.1], "<f8").tobytes(), 0.1),
        ("LongStorage", np.array([-7], "<i8").tobytes(), -7),
        ("BFloat16Storage", b"\x80\x3f", 1.0),
        ("BoolStorage", b"\x01", True),
    ],
)
def test_other_number_types(kind: str, raw: bytes, expected: float) -> None:
    code = tiny.mapping({"t": tiny.tensor(tiny.storage("0", 1, kind), (1,), (1,))})
    assert unpickle.load_state_dict(tiny.zip_file(code, {"0": raw}))["t"][0] == expected


def hostile(code: bytes) -> list[bytes]:
    """The same hostile pickle code in both formats."""
    stream = tiny.stream_checkpoint({})
    head = stream[: stream.rindex(tiny.program(b"}(u"))]
    return [tiny.zip_file(code, {}), head + tiny.program(code)]


@pytest.mark.parametrize(
    "called",
    [
        "os.system",
        "posix.system",
        "builtins.eval",
        "builtins.getattr",
        "subprocess.Popen",
        "numpy.load",
        "torch.load",
        "torch._utils.os",
        "collections.OrderedDict.fromkeys",
    ],
)
def test_names_outside_the_list_are_refused_unrun(called: str, tmp_path: Path) -> None:
    witness = tmp_path / "witness"
    code = tiny.call(tiny.name(called), tiny.text(f"touch {witness}"))
    for data in hostile(code):
        with pytest.raises(WeightsInstallFailed, match="not on the list"):
            unpickle.load(data)
    assert not witness.exists()


@pytest.mark.parametrize(
    "code",
    [
        tiny.text("collections") + tiny.text("OrderedDict.__class__") + b"\x93",  # nested name
        b"\x96" + (1 << 40).to_bytes(8, "little"),  # a byte buffer of one terabyte
        b"]r" + (1 << 30).to_bytes(4, "little"),  # object number one thousand million
        b"Ppersistent\n",
    ],
)
def test_operations_that_checkpoints_do_not_need_are_refused(code: bytes) -> None:
    for data in hostile(code):
        with pytest.raises(WeightsInstallFailed):
            unpickle.load(data)


def test_inert_names_become_placeholders_that_hold_nothing() -> None:
    made = (
        tiny.call(tiny.name("lightning.Trainer"), tiny.text("x"))
        + b"}("
        + tiny.text("a")
        + tiny.number(1)
        + b"ub"
    )
    code = tiny.mapping({"trainer": made, "steps": tiny.number(4)})
    found = unpickle.load(tiny.zip_file(code, {}), inert={"lightning.Trainer"})
    assert found["steps"] == 4
    assert isinstance(found["trainer"], unpickle.Inert)
    assert not vars(found["trainer"])


def test_inert_containers_forget_their_items() -> None:
    made = tiny.call(tiny.name("omega.ListConfig"))
    code = made + tiny.number(1) + b"a" + b"(" + tiny.number(2) + b"e" + tiny.text("k") + b"Ns"
    found = unpickle.load(tiny.zip_file(code, {}), inert={"omega.ListConfig"})
    assert not vars(found)


@pytest.mark.parametrize(
    ("shape", "strides", "offset"),
    [
        ((9,), (1,), 0),
        ((2,), (5,), 0),
        ((2,), (1,), 3),
        ((2,), (-1,), 0),
        ((2, 2), (1,), 0),
        ((3, 3), (0, 0), 0),
    ],
)
def test_tensors_outside_their_storage_are_refused(
    shape: tuple[int, ...], strides: tuple[int, ...], offset: int
) -> None:
    code = tiny.tensor(tiny.storage("0", 4), shape, strides, offset)
    with pytest.raises(WeightsInstallFailed):
        unpickle.load(tiny.zip_file(code, {"0": bytes(16)}))


def test_broken_files_give_one_error() -> None:
    whole = tiny.stream_checkpoint(ARRAYS)
    for data in (b"", b"not a checkpoint", whole[:40], whole[:-1], whole[:-9]):
        with pytest.raises(WeightsInstallFailed):
            unpickle.load_state_dict(data)


@given(st.binary(max_size=200))
def test_noise_never_raises_anything_else(noise: bytes) -> None:
    with pytest.raises(WeightsInstallFailed):
        unpickle.load_state_dict(noise)


@given(st.data(), st.booleans())
def test_damaged_checkpoints_raise_one_error_or_load(data: st.DataObject, zipped: bool) -> None:
    whole = bytearray((tiny.zip_checkpoint if zipped else tiny.stream_checkpoint)(ARRAYS))
    position = data.draw(st.integers(0, len(whole) - 1))
    whole[position] ^= data.draw(st.integers(1, 255))
    with contextlib.suppress(WeightsInstallFailed):
        unpickle.load_state_dict(bytes(whole))


@pytest.mark.parametrize(
    ("code", "storages", "order", "message"),
    [
        (
            tiny.mapping({"t": tiny.tensor(tiny.storage("0", 4), (4,), (1,))}),
            {"0": bytes(8)},
            "little",
            "wrong length",
        ),
        (b"}", {}, "big", "byte order"),
        (tiny.text("pid") + b"Q", {}, "little", "other than a storage"),
        (
            tiny.tuple_of(tiny.text("storage"), b"N", b"N", b"N", b"N") + b"Q",
            {},
            "little",
            "cannot be read",
        ),
        (
            tiny.call(tiny.name("torch._utils._rebuild_tensor_v2"), b"N", b"N", b"N"),
            {},
            "little",
            "without a storage",
        ),
        (tiny.number(4), {}, "little", "no table"),
    ],
)
def test_broken_contents_are_named(
    code: bytes, storages: dict[str, bytes], order: str, message: str
) -> None:
    with pytest.raises(WeightsInstallFailed, match=message):
        unpickle.load_state_dict(tiny.zip_file(code, storages, order=order))


def test_an_archive_without_its_pickle_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "empty.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme", "nothing")
    with pytest.raises(WeightsInstallFailed, match=r"data\.pkl"):
        unpickle.load(path.read_bytes())


def test_shared_containers_do_not_multiply() -> None:
    """Thirty lists, each holding the one before it twice, are read in thirty steps, not 2^30."""
    code = b"]" + b"".join(b"q%c](h%ch%ce" % (n, n, n) for n in range(30))
    assert len(unpickle.load(tiny.zip_file(code, {}))) == 2


def test_deep_nesting_is_refused() -> None:
    with pytest.raises(WeightsInstallFailed, match="nested too deeply"):
        unpickle.load(tiny.zip_file(b"]" * 50 + b"a" * 49, {}))


def test_a_named_entry_that_is_absent_is_an_error() -> None:
    with pytest.raises(WeightsInstallFailed, match="no table"):
        unpickle.load_state_dict(tiny.zip_checkpoint(ARRAYS), key="ema")
