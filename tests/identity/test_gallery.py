"""Search of galleries: exactness, changes, isolation, bounds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from audit.errors import InputError
from audit.interview import Floats
from identity.embeddings import unit
from identity.gallery import Galleries, Gallery, Rules, bytes_needed

SPACE = "face/toy/1/0"
SMALL = Rules(shard_rows=256, owner_rows=4)


def drawn(count: int, dim: int, *, seed: int, common: float = 0.0) -> Floats:
    """Unit vectors; `common`: how far all of them lie towards one direction, as faces do."""
    rng = np.random.default_rng(seed)
    vectors = rng.standard_normal((count, dim)).astype(np.float32)
    vectors[:, 0] += common * np.sqrt(dim)
    return unit(vectors)


def filled(vectors: Floats, rules: Rules = SMALL, *, each: int = 2) -> Gallery:
    gallery = Gallery(SPACE, vectors.shape[1], rules)
    rows = [f"row{i}" for i in range(len(vectors))]
    gallery.add(SPACE, rows, [f"owner{i // each}" for i in range(len(vectors))], vectors)
    return gallery


def plainly(vectors: Floats, query: Floats, *, each: int = 2) -> list[tuple[str, float]]:
    """Owners by their best row, from float64, the likest first."""
    scores = vectors.astype(np.float64) @ query.astype(np.float64)
    best: dict[str, float] = {}
    for index in np.argsort(-scores):
        best.setdefault(f"owner{index // each}", float(scores[index]))
    return list(best.items())


@pytest.mark.parametrize(("dim", "common"), [(128, 0.0), (512, 0.0), (128, 2.0), (16, 0.5)])
def test_answers_are_those_of_plain_arithmetic(dim: int, common: float) -> None:
    vectors = drawn(1500, dim, seed=1, common=common)
    gallery = filled(vectors)
    for query in drawn(8, dim, seed=2, common=common):
        hits = gallery.search(SPACE, query, 10)
        wanted = plainly(vectors, query)[:10]
        scores = [score for _, score in wanted]
        assert np.allclose([hit.score for hit in hits], scores, atol=2e-5)
        if np.min(-np.diff(scores)) > 1e-4:  # no ties beyond the rounding of fixed point
            assert [hit.owner for hit in hits] == [owner for owner, _ in wanted]
    assert gallery.exact


def test_vectors_that_round_badly_are_still_found() -> None:
    """One large component makes steps coarse: the proof has to widen, not to lose rows."""
    vectors = drawn(2000, 64, seed=3)
    vectors[:, 5] += 3.0
    vectors = unit(vectors)
    gallery = filled(vectors)
    for query in vectors[::200]:
        hits = gallery.search(SPACE, query, 3)
        assert hits[0].owner == plainly(vectors, query)[0][0]
        assert np.isclose(hits[0].score, 1.0, atol=1e-4)


def test_a_removed_row_is_not_found_and_its_place_is_used_again() -> None:
    vectors = drawn(600, 32, seed=4)
    gallery = filled(vectors)
    assert gallery.remove("owner7") == 2
    assert gallery.remove("owner7") == 0
    assert gallery.remove("owner8", {"row16"}) == 1
    assert len(gallery) == 597
    found = {hit.owner for hit in gallery.search(SPACE, vectors[14], 400)}
    assert "owner7" not in found
    assert "owner8" in found
    before = gallery.memory_bytes
    gallery.add(SPACE, ["fresh"], ["owner7"], vectors[14:15])
    assert gallery.memory_bytes == before
    assert gallery.search(SPACE, vectors[14], 1)[0].row == "fresh"


def test_nothing_is_left_of_a_removed_vector() -> None:
    gallery = filled(drawn(10, 32, seed=5), each=10, rules=Rules(shard_rows=64))
    gallery.remove("owner0")
    shard = gallery._shards[0]
    assert not shard.high.any()
    assert not shard.low.any()
    assert not shard.step.any()
    assert gallery.search(SPACE, drawn(1, 32, seed=6)[0], 5) == ()


def test_the_owner_of_the_query_is_left_out() -> None:
    vectors = drawn(400, 32, seed=7)
    gallery = filled(vectors, each=4)
    hits = gallery.search(SPACE, vectors[0], 5, without={"owner0", "not there"})
    wanted = [owner for owner, _ in plainly(vectors, vectors[0], each=4) if owner != "owner0"]
    assert [hit.owner for hit in hits] == wanted[:5]


def test_spaces_never_mix() -> None:
    gallery = filled(drawn(10, 32, seed=8))
    with pytest.raises(InputError, match="never compared"):
        gallery.search("face/toy/2/0", drawn(1, 32, seed=9)[0], 1)
    with pytest.raises(InputError, match="never compared"):
        gallery.add("voice/toy/1/0", ["x"], ["y"], drawn(1, 32, seed=9))
    with pytest.raises(InputError, match="32 numbers"):
        gallery.search(SPACE, drawn(1, 16, seed=9)[0], 1)
    with pytest.raises(InputError, match="length 1"):
        gallery.search(SPACE, 2 * drawn(1, 32, seed=9)[0], 1)


def test_bounds_are_kept() -> None:
    vectors = drawn(600, 32, seed=10)
    with pytest.raises(InputError, match="at most 4 rows"):
        filled(vectors, each=5)
    gallery = filled(vectors[:4])
    with pytest.raises(InputError, match="already"):
        gallery.add(SPACE, ["row0"], ["owner0"], vectors[:1])
    small = Rules(shard_rows=256, most_bytes=bytes_needed(256, 32, SMALL))
    with pytest.raises(InputError, match="Raise the limit"):
        filled(vectors, small)
    assert len(filled(vectors[:256], small)) == 256


def test_a_graph_takes_over_and_scores_exactly() -> None:
    """Beyond `scan_rows` a graph proposes: people with several rows are found, as scored before."""
    rng = np.random.default_rng(11)
    people = drawn(100, 64, seed=12)
    vectors = unit(np.repeat(people, 4, axis=0) + 0.05 * rng.standard_normal((400, 64)))
    rules = Rules(shard_rows=256, scan_rows=250, owner_rows=4)
    gallery = Gallery(SPACE, 64, rules)
    for first in range(0, 400, 100):
        part = range(first, first + 100)
        owners = [f"owner{i // 4}" for i in part]
        gallery.add(SPACE, [f"row{i}" for i in part], owners, vectors[first : first + 100])
    assert not gallery.exact
    queries = unit(people + 0.05 * rng.standard_normal((100, 64)).astype(np.float32))
    found = [gallery.search(SPACE, query, 1)[0] for query in queries]
    assert sum(hit.owner == f"owner{i}" for i, hit in enumerate(found)) >= 99
    best = [plainly(vectors, query, each=4)[0][1] for query in queries]
    assert np.allclose([hit.score for hit in found], best, atol=1e-4)
    gallery.remove("owner3")
    assert "owner3" not in {hit.owner for hit in gallery.search(SPACE, queries[3], 20)}
    gallery.add(SPACE, ["back"], ["owner3"], queries[3:4])
    assert gallery.search(SPACE, queries[3], 1)[0].row == "back"


class Stored:
    """A store of made templates that counts what is read."""

    def __init__(self, vectors: Floats) -> None:
        self.vectors = {f"row{i}": vector for i, vector in enumerate(vectors)}
        self.owners = {row: f"owner{i // 2}" for i, row in enumerate(self.vectors)}
        self.opened: list[str] = []

    def read(self, rows: Sequence[str]) -> Floats:
        self.opened += rows
        return np.stack([self.vectors[row] for row in rows])


def test_a_kept_gallery_follows_the_store_and_reads_only_what_is_new() -> None:
    stored = Stored(drawn(40, 32, seed=13))
    galleries = Galleries(SMALL)
    with galleries.current("first", SPACE, 32, stored.owners, stored.read) as gallery:
        assert len(gallery) == 40
    erased = {row: owner for row, owner in stored.owners.items() if owner != "owner0"}
    with galleries.current("first", SPACE, 32, erased, stored.read) as gallery:
        found = {hit.owner for hit in gallery.search(SPACE, stored.vectors["row0"], 40)}
        assert found == set(erased.values())
    assert len(stored.opened) == 40
    with galleries.current("first", SPACE, 32, stored.owners, stored.read) as gallery:
        assert gallery.search(SPACE, stored.vectors["row0"], 1)[0].owner == "owner0"
    assert stored.opened[40:] == ["row0", "row1"]


def test_tenants_and_spaces_have_galleries_of_their_own() -> None:
    first, second = Stored(drawn(4, 32, seed=14)), Stored(drawn(4, 32, seed=15))
    second.owners = {row: f"other {owner}" for row, owner in second.owners.items()}
    galleries = Galleries(SMALL)
    with galleries.current("first", SPACE, 32, first.owners, first.read):
        pass
    with galleries.current("second", SPACE, 32, second.owners, second.read) as gallery:
        hits = gallery.search(SPACE, first.vectors["row0"], 40)
        assert {hit.owner for hit in hits} == set(second.owners.values())
    with galleries.current("first", "voice/toy/1/0", 32, {}, first.read) as gallery:
        assert gallery.search("voice/toy/1/0", first.vectors["row0"], 40) == ()
    assert len(galleries) == 3
    galleries.drop("first")
    assert len(galleries) == 1


def test_galleries_that_are_not_used_are_forgotten() -> None:
    now = [0.0]
    stored = Stored(drawn(4, 32, seed=16))
    one = bytes_needed(4, 32, SMALL)
    galleries = Galleries(
        Rules(shard_rows=256, most_bytes=2 * one), idle_s=60.0, clock=lambda: now[0]
    )
    for number, tenant in enumerate(("first", "second", "third", "fourth", "fifth", "sixth")):
        now[0] = float(number)
        with galleries.current(tenant, SPACE, 32, stored.owners, stored.read):
            pass
    assert len(galleries) == 2
    now[0] = 100.0
    assert galleries.drop_idle() == 2
    assert len(galleries) == 0
