"""Certificate Transparency's known answers, and every proof against a naive recursion."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.merkle import (
    EMPTY_ROOT,
    CompactRange,
    ConsistencyProof,
    InclusionProof,
    MemoryNodes,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    peaks,
    root_hash,
    verify_consistency,
    verify_inclusion,
)

# The leaves and roots that Certificate Transparency implementations share as test vectors.
CT_LEAVES = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
CT_ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
CT_INCLUSION = {
    (0, 1): [],
    (0, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (5, 8): [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
}
CT_CONSISTENCY = {
    (1, 1): [],
    (2, 5): [
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
    (6, 8): [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
}

LEAVES = [leaf_hash(index.to_bytes(2, "big")) for index in range(130)]
NODES = MemoryNodes(LEAVES)


def naive_root(leaves: list[bytes]) -> bytes:
    """RFC 9162 section 2.1.1, word for word."""
    if not leaves:
        return hashlib.sha256().digest()
    if len(leaves) == 1:
        return leaves[0]
    k = split(len(leaves))
    return node_hash(naive_root(leaves[:k]), naive_root(leaves[k:]))


def naive_path(m: int, leaves: list[bytes]) -> list[bytes]:
    """RFC 9162 section 2.1.3.1, word for word."""
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if m < k:
        return [*naive_path(m, leaves[:k]), naive_root(leaves[k:])]
    return [*naive_path(m - k, leaves[k:]), naive_root(leaves[:k])]


def naive_subproof(m: int, leaves: list[bytes], *, known: bool) -> list[bytes]:
    """RFC 9162 section 2.1.4.1, word for word."""
    if m == len(leaves):
        return [] if known else [naive_root(leaves)]
    k = split(len(leaves))
    if m <= k:
        return [*naive_subproof(m, leaves[:k], known=known), naive_root(leaves[k:])]
    return [*naive_subproof(m - k, leaves[k:], known=False), naive_root(leaves[:k])]


def split(count: int) -> int:
    k = 1
    while k * 2 < count:
        k *= 2
    return k


def ct_nodes() -> MemoryNodes:
    return MemoryNodes(leaf_hash(data) for data in CT_LEAVES)


@pytest.mark.parametrize("size", range(9))
def test_the_known_roots(size: int) -> None:
    assert root_hash(ct_nodes().reader, size).hex() == CT_ROOTS[size]


@pytest.mark.parametrize(("index", "size"), CT_INCLUSION)
def test_the_known_inclusion_proofs(index: int, size: int) -> None:
    proof = inclusion_proof(ct_nodes().reader, index, size=size)
    assert [part.hex() for part in proof.path] == CT_INCLUSION[index, size]
    root = bytes.fromhex(CT_ROOTS[size])
    assert verify_inclusion(leaf_hash(CT_LEAVES[index]), proof, root=root)


@pytest.mark.parametrize(("first", "second"), CT_CONSISTENCY)
def test_the_known_consistency_proofs(first: int, second: int) -> None:
    proof = consistency_proof(ct_nodes().reader, first, second=second)
    assert [part.hex() for part in proof.path] == CT_CONSISTENCY[first, second]
    first_root, second_root = (bytes.fromhex(CT_ROOTS[size]) for size in (first, second))
    assert verify_consistency(proof, first_root=first_root, second_root=second_root)


def test_leaves_and_nodes_cannot_be_taken_for_one_another() -> None:
    left, right = LEAVES[:2]
    assert leaf_hash(left + right) != node_hash(left, right)
    assert leaf_hash(b"x") == hashlib.sha256(b"\x00x").digest()


@pytest.mark.parametrize("size", [*range(0, 70), 127, 128, 129, 130])
def test_roots_are_those_of_the_naive_recursion(size: int) -> None:
    edge = CompactRange()
    for leaf in LEAVES[:size]:
        edge.append(leaf)
    expected = naive_root(LEAVES[:size])
    assert edge.root() == expected
    assert root_hash(NODES.reader, size) == expected
    assert CompactRange.load(size, NODES.reader).root() == expected
    assert edge.copy().size == size


def test_every_inclusion_proof_of_small_trees() -> None:
    for size in range(1, 34):
        root = naive_root(LEAVES[:size])
        for index in range(size):
            proof = inclusion_proof(NODES.reader, index, size=size)
            assert list(proof.path) == naive_path(index, LEAVES[:size])
            for other in range(size):
                holds = verify_inclusion(LEAVES[other], proof, root=root)
                assert holds == (other == index)


def test_every_consistency_proof_of_small_trees() -> None:
    for second in range(0, 34):
        for first in range(second + 1):
            proof = consistency_proof(NODES.reader, first, second=second)
            if first:
                assert list(proof.path) == naive_subproof(first, LEAVES[:second], known=True)
            roots = naive_root(LEAVES[:first]), naive_root(LEAVES[:second])
            assert verify_consistency(proof, first_root=roots[0], second_root=roots[1])


sizes = st.integers(1, 130)


@given(sizes, st.data())
def test_larger_proofs_hold_and_are_short(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    proof = inclusion_proof(NODES.reader, index, size=size)
    assert list(proof.path) == naive_path(index, LEAVES[:size])
    assert len(proof.path) <= (size - 1).bit_length()
    assert verify_inclusion(LEAVES[index], proof, root=naive_root(LEAVES[:size]))
    extension = consistency_proof(NODES.reader, index + 1, second=size)
    assert list(extension.path) == naive_subproof(index + 1, LEAVES[:size], known=True)
    assert len(extension.path) <= size.bit_length() + 1


@given(sizes, st.data())
def test_an_altered_inclusion_proof_is_refused(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    proof = inclusion_proof(NODES.reader, index, size=size)
    root = naive_root(LEAVES[:size])
    for path in data.draw(st.sampled_from(altered_paths(proof.path, data))):
        assert not verify_inclusion(LEAVES[index], InclusionProof(index, size, path), root=root)
    for wrong in (index - 1, index + 1, size, -1):
        moved = InclusionProof(wrong, size, proof.path)
        assert not verify_inclusion(LEAVES[index], moved, root=root)
    assert not verify_inclusion(LEAVES[index][:-1], proof, root=root)
    assert not verify_inclusion(LEAVES[index], proof, root=flipped(root, 3))


@given(sizes, st.data())
def test_an_altered_consistency_proof_is_refused(size: int, data: st.DataObject) -> None:
    first = data.draw(st.integers(1, size))
    proof = consistency_proof(NODES.reader, first, second=size)
    roots = {"first_root": naive_root(LEAVES[:first]), "second_root": naive_root(LEAVES[:size])}
    for path in data.draw(st.sampled_from(altered_paths(proof.path, data))):
        assert not verify_consistency(ConsistencyProof(first, size, path), **roots)
    for name, root in roots.items():
        assert not verify_consistency(proof, **{**roots, name: flipped(root, 9)})


def altered_paths(path: tuple[bytes, ...], data: st.DataObject) -> list[list[tuple[bytes, ...]]]:
    """Paths that prove nothing: longer, shorter, with a bit turned, with a short hash."""
    ways = [[(*path, LEAVES[0])], [(LEAVES[0], *path)]]
    if path:
        at = data.draw(st.integers(0, len(path) - 1))
        bit = data.draw(st.integers(0, 255))
        turned = (*path[:at], flipped(path[at], bit), *path[at + 1 :])
        short = (*path[:at], path[at][:-1], *path[at + 1 :])
        ways += [[turned], [short], [path[:at] + path[at + 1 :]]]
    return ways


def flipped(value: bytes, bit: int) -> bytes:
    return (int.from_bytes(value, "big") ^ 1 << bit).to_bytes(len(value), "big")


def test_the_empty_tree_is_the_beginning_of_every_tree_and_of_nothing_else() -> None:
    root = naive_root(LEAVES[:5])
    empty = ConsistencyProof(0, 5, ())
    assert verify_consistency(empty, first_root=EMPTY_ROOT, second_root=root)
    assert not verify_consistency(empty, first_root=root, second_root=root)
    same = ConsistencyProof(0, 0, ())
    assert not verify_consistency(same, first_root=EMPTY_ROOT, second_root=root)
    back = ConsistencyProof(5, 4, ())
    assert not verify_consistency(back, first_root=root, second_root=root)
    bare = ConsistencyProof(3, 5, ())
    assert not verify_consistency(bare, first_root=root, second_root=root)


def test_what_is_not_in_the_tree_has_no_proof() -> None:
    with pytest.raises(ValueError, match="not in a tree"):
        inclusion_proof(NODES.reader, 5, size=5)
    with pytest.raises(ValueError, match="cannot extend"):
        consistency_proof(NODES.reader, 6, second=5)
    with pytest.raises(ValueError, match="peaks"):
        CompactRange(3, [EMPTY_ROOT])


@given(st.integers(1, 2**40))
def test_peaks_cover_the_leaves_from_left_to_right(size: int) -> None:
    at = 0
    for level, index in peaks(size):
        assert index << level == at
        at += 1 << level
    assert at == size


def test_appending_writes_two_nodes_a_leaf_on_average() -> None:
    edge = CompactRange()
    written = sum(len(edge.append(leaf)) for leaf in LEAVES[:128])
    assert written == 255
