"""From names to files."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.errors import MediaLimitExceeded, MediaUnreadable
from audit.media import sources
from audit.settings import Limits

LIMITS = Limits()


def test_folders_are_in_natural_order(tmp_path: Path) -> None:
    names = ["f10.png", "f2.png", "f1.jpg", "F3.PNG", "readme.txt", "f2b.webp"]
    for name in names:
        (tmp_path / name).write_bytes(b"x")
    found = sources.resolve(tmp_path, LIMITS)
    assert isinstance(found, tuple)
    assert [p.name for p in found] == ["f1.jpg", "f2.png", "f2b.webp", "F3.PNG", "f10.png"]


@given(st.lists(st.text("abc019.", min_size=1, max_size=8), min_size=1))
def test_any_names_can_be_ordered(names: list[str]) -> None:
    ordered = sorted((Path(n) for n in names), key=sources.natural)
    assert sorted(p.name for p in ordered) == sorted(Path(n).name for n in names)


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_numbers_are_ordered_as_numbers(a: int, b: int) -> None:
    first, second = sources.natural(Path(f"img{a}.png")), sources.natural(Path(f"img{b}.png"))
    assert (first < second) == (a < b)


def test_lists_keep_their_order(tmp_path: Path) -> None:
    paths = [tmp_path / "b.png", tmp_path / "a.png"]
    assert sources.resolve([str(p) for p in paths], LIMITS) == tuple(paths)
    with pytest.raises(MediaUnreadable, match="The list holds no image"):
        sources.resolve([], LIMITS)


def test_files_are_hashed_without_moving(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(bytes(3 << 20))
    with sources.opened(path, LIMITS) as fd:
        assert sources.digest(fd) == hashlib.sha256(bytes(3 << 20)).hexdigest()


def test_names_that_cannot_be(tmp_path: Path) -> None:
    for path in (tmp_path / "missing", tmp_path / "nul\0byte"):
        with pytest.raises(MediaUnreadable), sources.opened(path, LIMITS):
            pass


def test_images_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(bytes(3 << 20))
    assert sources.image_bytes(path, LIMITS) == bytes(3 << 20)
    monkeypatch.setattr(sources, "IMAGE_MB", 2)
    with pytest.raises(MediaLimitExceeded, match="larger than 2 MiB"):
        sources.image_bytes(path, LIMITS)
