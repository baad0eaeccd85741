"""Reads the tensors of a PyTorch checkpoint without PyTorch and without running its pickle.

A pickle is a program. This reader knows a closed list of names (tensors and the containers that
hold them); every other name ends the reading. Both checkpoint formats are read: the zip archive
(PyTorch 1.6 and later) and the older stream of pickles.
"""

from __future__ import annotations

import io
import math
import pickle
import pickletools
import struct
import sys
import zipfile
import zlib
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from audit.errors import WeightsInstallFailed

_MAGIC = 0x1950A86A20F9469CFC6C
_PROTOCOL = 1001
_MAX_DEPTH = 32
_WRAPPERS = ("state_dict", "model_state_dict", "model_state")

# What pickle and zipfile raise on broken input, besides their own errors; warnings about escapes in
# names count where the interpreter was told to raise them.
_BROKEN = (
    *(pickle.UnpicklingError, zipfile.BadZipFile, zlib.error, struct.error, EOFError),
    *(AttributeError, ImportError, LookupError, MemoryError, NotImplementedError, OverflowError),
    *(RuntimeError, TypeError, ValueError, Warning),
)

# The operations that checkpoints use. The others (byte buffers, extension codes, named persistent
# ids) can make the interpreter allocate what a few bytes ask for.
_OPERATIONS = {
    *("PROTO", "MARK", "STOP", "REDUCE", "BUILD"),
    *("NEWOBJ", "GLOBAL", "BINPERSID"),
    *("NONE", "NEWTRUE", "NEWFALSE", "INT", "BININT"),
    *("BININT1", "BININT2", "LONG1", "BINFLOAT", "BINUNICODE"),
    *("EMPTY_TUPLE", "TUPLE", "TUPLE1", "TUPLE2", "TUPLE3"),
    *("EMPTY_LIST", "APPEND", "APPENDS"),
    *("EMPTY_DICT", "SETITEM", "SETITEMS", "BINPUT", "LONG_BINPUT"),
    *("BINGET", "LONG_BINGET"),
}

_STORAGES = {
    "DoubleStorage": "<f8",
    "FloatStorage": "<f4",
    "HalfStorage": "<f2",
    "BFloat16Storage": "bfloat16",
    "LongStorage": "<i8",
    "IntStorage": "<i4",
    "ShortStorage": "<i2",
    "CharStorage": "i1",
    "ByteStorage": "u1",
    "BoolStorage": "?",
}


@dataclass(frozen=True, slots=True)
class _StorageType:
    name: str

    @property
    def itemsize(self) -> int:
        kind = _STORAGES[self.name]
        return 2 if kind == "bfloat16" else np.dtype(kind).itemsize

    def array(self, data: bytes) -> NDArray[Any]:
        kind = _STORAGES[self.name]
        if kind != "bfloat16":
            return np.frombuffer(data, dtype=kind)
        widened = np.frombuffer(data, dtype="<u2").astype("<u4") << 16
        return widened.view("<f4")


@dataclass(slots=True)
class _Storage:
    """A flat buffer; in the older format its bytes arrive after the pickle that names it."""

    kind: _StorageType
    count: int
    data: NDArray[Any] | None = None


@dataclass(frozen=True, slots=True)
class _Tensor:
    """A view of a storage, resolved when all bytes are there."""

    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def array(self) -> NDArray[Any]:
        flat = self.storage.data
        if flat is None:
            raise WeightsInstallFailed("A checkpoint names a storage whose bytes it lacks.")
        extents = (self.offset, *self.shape, *self.strides)
        if not all(isinstance(n, int) and n >= 0 for n in extents):
            raise WeightsInstallFailed("A checkpoint holds a tensor with a negative extent.")
        if len(self.shape) != len(self.strides) or math.prod(self.shape) > flat.size:
            raise WeightsInstallFailed("A checkpoint holds a tensor larger than its storage.")
        if 0 in self.shape:
            return np.zeros(self.shape, flat.dtype)
        last = self.offset + sum((n - 1) * s for n, s in zip(self.shape, self.strides, strict=True))
        if last >= flat.size:
            raise WeightsInstallFailed("A checkpoint holds a tensor that leaves its storage.")
        steps = tuple(s * flat.itemsize for s in self.strides)
        view = np.lib.stride_tricks.as_strided(flat[self.offset :], self.shape, steps)
        return np.array(view)


class Inert:
    """Stands for an object whose class is not needed; keeps nothing and runs nothing."""

    def __init__(self, *_args: object, **_more: object) -> None: ...
    def __setstate__(self, _state: object) -> None: ...
    def __setitem__(self, _key: object, _value: object) -> None: ...
    def append(self, _item: object) -> None:
        """Forgets the item."""

    def extend(self, _items: object) -> None:
        """Forgets the items."""


def _rebuild_tensor(storage: _Storage, offset: int, *view: Any) -> _Tensor:
    if not isinstance(storage, _Storage):
        raise WeightsInstallFailed("A checkpoint holds a tensor without a storage.")
    return _Tensor(storage, offset, tuple(view[0]), tuple(view[1]))


def _rebuild_parameter(data: object, *_: object) -> object:
    return data


def _size(dimensions: Any) -> tuple[int, ...]:
    return tuple(dimensions)


_NAMES: dict[tuple[str, str], Callable[..., object] | type] = {
    ("collections", "OrderedDict"): OrderedDict,
    ("collections", "defaultdict"): defaultdict,
    **{
        (module, "long" if kind is int and module == "__builtin__" else kind.__name__): kind
        for module in ("builtins", "__builtin__")
        for kind in (bool, dict, float, frozenset, int, list, set, str, tuple)
    },
    ("torch", "Size"): _size,
    ("torch._utils", "_rebuild_tensor"): _rebuild_tensor,
    ("torch._utils", "_rebuild_tensor_v2"): _rebuild_tensor,
    ("torch._utils", "_rebuild_parameter"): _rebuild_parameter,
}


class _Reader(pickle.Unpickler):
    """Knows `_NAMES`, the storages, and the names that the caller declares inert."""

    def __init__(
        self, file: BinaryIO, load: Callable[[Any], _Storage], inert: Collection[str]
    ) -> None:
        super().__init__(file, encoding="latin1")
        self._load = load
        self._inert = inert

    def find_class(self, module: str, name: str) -> Any:
        """The object for a name on the list; anything else ends the reading."""
        known = _NAMES.get((module, name))
        if known is not None:
            return known
        if module == "torch" and name in _STORAGES:
            return _StorageType(name)
        if f"{module}.{name}" in self._inert:
            return Inert
        raise WeightsInstallFailed(
            f"The checkpoint asks for {module}.{name}, which is not on the list of tensor types. "
            "It was not read further."
        )

    def persistent_load(self, pid: Any) -> _Storage:
        """The storage that a persistent id names."""
        if not isinstance(pid, tuple) or len(pid) < 5 or pid[0] != "storage":
            raise WeightsInstallFailed("The checkpoint refers to something other than a storage.")
        if not isinstance(pid[1], _StorageType) or not isinstance(pid[4], int) or pid[4] < 0:
            raise WeightsInstallFailed("The checkpoint describes a storage that cannot be read.")
        return self._load(pid)


def _scanned(file: BinaryIO) -> BinaryIO:
    """The same file at the same place, once the pickle there was found to be an ordinary one."""
    start = file.tell()
    size = file.seek(0, io.SEEK_END)
    file.seek(start)
    for operation, argument, _ in pickletools.genops(file):
        if operation.name not in _OPERATIONS:
            raise WeightsInstallFailed(
                f"The checkpoint uses the pickle operation {operation.name}."
            )
        if operation.name == "LONG_BINPUT" and not 0 <= int(argument or 0) <= size:
            raise WeightsInstallFailed("The checkpoint numbers more objects than it has bytes.")
    file.seek(start)
    return file


def load(data: bytes, *, inert: Collection[str] = ()) -> Any:
    """The checkpoint's object with every tensor as a numpy array.

    Args:
        data: the file's bytes, already verified against the manifest.
        inert: dotted names of classes to replace by placeholders that hold nothing.

    Raises:
        WeightsInstallFailed: another name is asked for, or the file is broken.
    """
    try:
        if zipfile.is_zipfile(io.BytesIO(data)):
            return _resolve(_load_zip(data, inert), 0, {})
        return _resolve(_load_stream(data, inert), 0, {})
    except _BROKEN as error:
        raise WeightsInstallFailed(f"The checkpoint cannot be read: {error}.") from error


def load_state_dict(
    data: bytes, *, key: str | None = None, inert: Collection[str] = ()
) -> dict[str, NDArray[Any]]:
    """The named tensors of a checkpoint.

    They are the whole file, or its entry `key`; without `key`, one of the entries that training
    programs use (`_WRAPPERS`) is taken where there is one. Entries that are not tensors are left
    out; a `module.` prefix (data-parallel training) is removed. `inert` as in `load`.

    Raises:
        WeightsInstallFailed: the file is not a state dict, or cannot be read.
    """
    found = load(data, inert=inert)
    if isinstance(found, Mapping):
        keys = _WRAPPERS if key is None else (key,)
        inner = [found[name] for name in keys if isinstance(found.get(name), Mapping)]
        found = inner[0] if inner else (found if key is None else None)
    if not isinstance(found, Mapping):
        raise WeightsInstallFailed("The checkpoint holds no table of named tensors.")
    return {
        str(name).removeprefix("module."): value
        for name, value in found.items()
        if isinstance(value, np.ndarray)
    }


def _load_zip(data: bytes, inert: Collection[str]) -> Any:
    archive = zipfile.ZipFile(io.BytesIO(data))
    names = [name for name in archive.namelist() if name.endswith("/data.pkl")]
    if len(names) != 1:
        raise WeightsInstallFailed("The checkpoint archive does not hold exactly one data.pkl.")
    folder = names[0].removesuffix("data.pkl")
    if f"{folder}byteorder" in archive.namelist():
        order = archive.read(f"{folder}byteorder").decode("ascii", "replace")
        if order != "little":
            raise WeightsInstallFailed(f"The checkpoint's byte order '{order}' is not supported.")
    storages: dict[str, _Storage] = {}

    def storage(pid: Any) -> _Storage:
        key = str(pid[2])
        if key not in storages:
            info = archive.getinfo(f"{folder}data/{key}")
            if info.file_size != pid[4] * pid[1].itemsize or info.file_size > len(data):
                raise WeightsInstallFailed(f"Storage {key} of the checkpoint has a wrong length.")
            storages[key] = _Storage(pid[1], pid[4], pid[1].array(archive.read(info)))
        return storages[key]

    if archive.getinfo(names[0]).file_size > len(data):
        raise WeightsInstallFailed("The checkpoint's data.pkl is compressed.")
    return _Reader(_scanned(io.BytesIO(archive.read(names[0]))), storage, inert).load()


def _load_stream(data: bytes, inert: Collection[str]) -> Any:
    file = io.BytesIO(data)
    storages: dict[str, _Storage] = {}

    def none(_pid: Any) -> _Storage:
        raise WeightsInstallFailed("The checkpoint has a storage where none belongs.")

    def storage(pid: Any) -> _Storage:
        if len(pid) > 5 and pid[5] is not None:
            raise WeightsInstallFailed("Views between storages are not supported.")
        return storages.setdefault(str(pid[2]), _Storage(pid[1], pid[4]))

    head = [_Reader(_scanned(file), none, ()).load() for _ in range(3)]
    if head[0] != _MAGIC or head[1] != _PROTOCOL or not isinstance(head[2], dict):
        raise WeightsInstallFailed("The file is not a PyTorch checkpoint.")
    if not head[2].get("little_endian", sys.byteorder == "little"):
        raise WeightsInstallFailed("The checkpoint's byte order 'big' is not supported.")
    found = _Reader(_scanned(file), storage, inert).load()
    for key in _Reader(_scanned(file), none, ()).load():
        _fill(storages[str(key)], file)
    return found


def _fill(storage: _Storage, file: BinaryIO) -> None:
    count = int.from_bytes(file.read(8), "little", signed=True)
    if count != storage.count:
        raise WeightsInstallFailed("A storage of the checkpoint has a wrong length.")
    raw = file.read(count * storage.kind.itemsize)
    if len(raw) != count * storage.kind.itemsize:
        raise WeightsInstallFailed("The checkpoint ends in the middle of a storage.")
    storage.data = storage.kind.array(raw)


def _resolve(value: Any, depth: int, done: dict[int, Any]) -> Any:
    """Tensors become arrays; containers are copied once each, at most `_MAX_DEPTH` deep."""
    if depth > _MAX_DEPTH:
        raise WeightsInstallFailed("The checkpoint is nested too deeply.")
    if id(value) in done:
        return done[id(value)]
    result = value
    if isinstance(value, _Tensor):
        result = value.array()
    elif isinstance(value, Mapping):
        result = {key: _resolve(item, depth + 1, done) for key, item in value.items()}
    elif isinstance(value, (list, tuple)):
        result = type(value)(_resolve(item, depth + 1, done) for item in value)
    done[id(value)] = result
    return result
