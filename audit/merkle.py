"""Merkle trees as RFC 6962 and RFC 9162 (section 2.1) define them, over SHA-256.

Hashes are 32 bytes. A *complete node* at (level, index) is the hash of the 2**level leaves from
`index << level` on; it never changes once written, so a store can keep such nodes as rows and give
them back one by one. Roots and proofs are put together from complete nodes in O(log n) reads.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeAlias

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256().digest()  # RFC 9162 section 2.1.1: the hash of an empty list


@dataclass(frozen=True, slots=True)
class Node:
    """A complete node: the hash of the leaves `index << level` to `(index + 1) << level`."""

    level: int
    index: int
    hash: bytes


NodeReader: TypeAlias = Callable[[int, int], bytes]
"""`reader(level, index)` returns the complete node's hash."""


@dataclass(frozen=True, slots=True)
class InclusionProof:
    """That leaf `index` (from 0) is in the tree of `size` leaves; `path` from the leaf upwards."""

    index: int
    size: int
    path: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class ConsistencyProof:
    """That the tree of `first` leaves is the beginning of the tree of `second` leaves."""

    first: int
    second: int
    path: tuple[bytes, ...]


def leaf_hash(data: bytes) -> bytes:
    """SHA-256 of 0x00 and the leaf's bytes (RFC 9162 section 2.1.1)."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256 of 0x01, the left hash and the right hash (RFC 9162 section 2.1.1)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class CompactRange:
    """The right edge of a growing tree: its size and at most log2(size) + 1 hashes."""

    def __init__(self, size: int = 0, peaks: Iterable[bytes] = ()) -> None:
        self._size = size
        self._peaks = list(peaks)
        if len(self._peaks) != size.bit_count():
            raise ValueError(f"a tree of {size} leaves has {size.bit_count()} peaks")

    @classmethod
    def load(cls, size: int, nodes: NodeReader) -> CompactRange:
        """The edge of the tree of the first `size` leaves, read from its complete nodes."""
        return cls(size, (nodes(level, index) for level, index in peaks(size)))

    @property
    def size(self) -> int:
        """Leaves so far."""
        return self._size

    def copy(self) -> CompactRange:
        """An edge that grows apart from this one."""
        return CompactRange(self._size, self._peaks)

    def append(self, leaf: bytes) -> list[Node]:
        """Adds a leaf hash; returns the nodes that it completes, the leaf first. O(log n)."""
        level, index, found = 0, self._size, leaf
        completed = [Node(level, index, found)]
        while index & 1:
            found = node_hash(self._peaks.pop(), found)
            level, index = level + 1, index >> 1
            completed.append(Node(level, index, found))
        self._peaks.append(found)
        self._size += 1
        return completed

    def root(self) -> bytes:
        """The root of the tree of all leaves so far."""
        return _fold(self._peaks)


class MemoryNodes:
    """All complete nodes of a tree, in memory; `reader` serves proofs."""

    def __init__(self, leaves: Iterable[bytes] = ()) -> None:
        self._edge = CompactRange()
        self._nodes: dict[tuple[int, int], bytes] = {}
        for leaf in leaves:
            self.append(leaf)

    @property
    def size(self) -> int:
        """Leaves so far."""
        return self._edge.size

    def append(self, leaf: bytes) -> None:
        """Adds a leaf hash."""
        for node in self._edge.append(leaf):
            self._nodes[node.level, node.index] = node.hash

    def reader(self, level: int, index: int) -> bytes:
        """The complete node's hash."""
        return self._nodes[level, index]


def peaks(size: int) -> list[tuple[int, int]]:
    """(level, index) of the complete nodes that cover `size` leaves, from left to right."""
    levels = range(size.bit_length() - 1, -1, -1)
    return [(level, (size >> level) - 1) for level in levels if size >> level & 1]


def root_hash(nodes: NodeReader, size: int) -> bytes:
    """The root of the tree of the first `size` leaves."""
    return _range_hash(nodes, 0, size)


def inclusion_proof(nodes: NodeReader, index: int, *, size: int) -> InclusionProof:
    """RFC 9162 section 2.1.3.1. Raises ValueError unless 0 <= index < size."""
    if not 0 <= index < size:
        raise ValueError(f"leaf {index} is not in a tree of {size} leaves")
    low, high, path = 0, size, list[bytes]()
    while high - low > 1:
        split = low + _largest_power_below(high - low)
        if index < split:
            path.append(_range_hash(nodes, split, high))
            high = split
        else:
            path.append(_range_hash(nodes, low, split))
            low = split
    return InclusionProof(index, size, tuple(reversed(path)))


def consistency_proof(nodes: NodeReader, first: int, *, second: int) -> ConsistencyProof:
    """RFC 9162 section 2.1.4.1. Raises ValueError unless 0 <= first <= second.

    The path is empty where first is 0 (anything extends the empty tree) or equals second.
    """
    if not 0 <= first <= second:
        raise ValueError(f"a tree of {second} leaves cannot extend one of {first}")
    low, high, path = 0, second, list[bytes]()
    while 0 < first < high:
        split = low + _largest_power_below(high - low)
        if first <= split:
            path.append(_range_hash(nodes, split, high))
            high = split
        else:
            path.append(_range_hash(nodes, low, split))
            low = split
    if low:  # the verifier already knows the node that is the whole first tree
        path.append(_range_hash(nodes, low, high))
    return ConsistencyProof(first, second, tuple(reversed(path)))


def verify_inclusion(leaf: bytes, proof: InclusionProof, *, root: bytes) -> bool:
    """Whether the leaf hash is at `proof.index` under `root` (RFC 9162 section 2.1.3.2)."""
    if not 0 <= proof.index < proof.size or not _hashes(leaf, root, *proof.path):
        return False
    index, last, found = proof.index, proof.size - 1, leaf
    for other in proof.path:
        if last == 0:
            return False
        if index & 1 or index == last:
            found = node_hash(other, found)
            index, last = _next_right(index, last)
        else:
            found = node_hash(found, other)
        index, last = index >> 1, last >> 1
    return last == 0 and hmac.compare_digest(found, root)


def verify_consistency(proof: ConsistencyProof, *, first_root: bytes, second_root: bytes) -> bool:
    """Whether `second_root`'s tree extends `first_root`'s (RFC 9162 section 2.1.4.2)."""
    if not 0 <= proof.first <= proof.second or not _hashes(first_root, second_root, *proof.path):
        return False
    if proof.first in (0, proof.second):
        start = EMPTY_ROOT if proof.first == 0 else second_root
        trivial = not proof.path and hmac.compare_digest(first_root, start)
        return trivial and (proof.second > 0 or hmac.compare_digest(second_root, EMPTY_ROOT))
    whole = proof.first & (proof.first - 1) == 0
    path = (first_root, *proof.path) if whole else proof.path
    return bool(path) and _replay(proof, path, first_root=first_root, second_root=second_root)


def _replay(
    proof: ConsistencyProof, path: tuple[bytes, ...], *, first_root: bytes, second_root: bytes
) -> bool:
    index, last = proof.first - 1, proof.second - 1
    while index & 1:
        index, last = index >> 1, last >> 1
    old = new = path[0]
    for other in path[1:]:
        if last == 0:
            return False
        if index & 1 or index == last:
            old, new = node_hash(other, old), node_hash(other, new)
            index, last = _next_right(index, last)
        else:
            new = node_hash(new, other)
        index, last = index >> 1, last >> 1
    same = hmac.compare_digest(old, first_root) and hmac.compare_digest(new, second_root)
    return last == 0 and same


def _next_right(index: int, last: int) -> tuple[int, int]:
    """Skips the levels at which the node is the last one and has no sibling."""
    while index and not index & 1:
        index, last = index >> 1, last >> 1
    return index, last


def _hashes(*values: bytes) -> bool:
    return all(len(value) == HASH_BYTES for value in values)


def _largest_power_below(count: int) -> int:
    """The largest power of two smaller than `count` (count > 1)."""
    return 1 << (count - 1).bit_length() - 1


def _range_hash(nodes: NodeReader, low: int, high: int) -> bytes:
    """The hash of leaves [low, high), where low is a multiple of a power of two >= high - low."""
    covering = peaks(high - low)
    return _fold([nodes(level, (low >> level) + index) for level, index in covering])


def _fold(hashes: list[bytes]) -> bytes:
    if not hashes:
        return EMPTY_ROOT
    found = hashes[-1]
    for left in reversed(hashes[:-1]):
        found = node_hash(left, found)
    return found
